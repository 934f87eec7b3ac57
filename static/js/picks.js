// Boxes of the list of virtual machines: the button says how many are checked, one box checks all, Shift a range.
// Without this the boxes and the button work as any form does.
const boxes = () => [...document.querySelectorAll("[data-pick]")];
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

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-pick]");
  if (!box) return;
  if (event.shiftKey && last) checkRange(box);
  last = box;
  count();
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-picks-all]")) for (const box of boxes()) box.checked = event.target.checked;
  if (event.target.matches("[data-picks-all], [data-pick]")) count();
});
document.addEventListener("htmx:afterSettle", count);
addEventListener("pageshow", count);
