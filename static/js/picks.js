// Boxes of the list of virtual machines: the button says how many are checked, one box checks all that are shown, Shift a
// range, Ctrl on a row its box.
// Without this the boxes and the button work as any form does.
const boxes = () => [...document.querySelectorAll("[data-pick]")];
const hasModifier = (event) => event.ctrlKey || event.metaKey || event.shiftKey;
let last;

function count() {
  const all = boxes();
  const checked = all.filter((box) => box.checked).length;
  const button = document.querySelector("[data-counts-picks]");
  if (!button) return;
  button.querySelector("span").textContent = checked ? `Migrate ${checked} selected…` : button.dataset.countsPicks;
  button.classList.toggle("btn-primary", checked > 0);
  const head = document.querySelector("[data-picks-all]");
  head.hidden = false;
  head.checked = checked > 0 && checked === all.length;
  head.indeterminate = checked > 0 && checked < all.length;
}

function checkRange(box) {
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
  if (from >= 0) for (const between of all.slice(from, to)) between.checked = box.checked;
}

/** A click on the box; or with Ctrl or Shift anywhere in the row, as in lists of files. */
function boxOf(event) {
  const box = event.target.closest?.("[data-row]")?.querySelector("[data-pick]");
  if (!box || event.target === box) return box;
  if (!hasModifier(event) || event.target.closest("a, button")) return null;
  box.checked = event.shiftKey || !box.checked;
  return box;
}

document.addEventListener("click", (event) => {
  const box = boxOf(event);
  if (!box) return;
  if (event.shiftKey && last) checkRange(box);
  last = box;
  count();
});
document.addEventListener("mousedown", (event) => {
  if (event.shiftKey && event.target.closest("[data-row]:has([data-pick])")) event.preventDefault(); // selects no text
});
document.addEventListener("rows", count);
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-picks-all]")) for (const box of boxes()) box.checked = event.target.checked;
  if (event.target.matches("[data-picks-all], [data-pick]")) count();
});
document.addEventListener("htmx:afterSettle", count);
addEventListener("pageshow", count);
