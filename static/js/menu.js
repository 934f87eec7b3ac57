// The context menu of a row: right click, Shift+F10, the menu key, or its "⋯" button. Arrow keys inside, Escape closes.
const menu = document.getElementById("row-menu");
let opener;

const entries = () => [...menu.querySelectorAll("[role=menuitem]")];

async function open(row, x, y) {
  opener = row.contains(document.activeElement) ? document.activeElement : row.querySelector("[data-opens-menu]");
  const answer = await fetch(row.dataset.menu, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return location.reload();
  menu.innerHTML = await answer.text();
  menu.setAttribute("aria-label", `Actions of ${row.dataset.name}`);
  menu.showPopover();
  place(x, y);
  entries()[0]?.focus();
}

/** Beside the pointer, and inside the window. Positions by CSSOM are no inline styles for the policy. */
function place(x, y) {
  const { offsetWidth: width, offsetHeight: height } = menu;
  menu.style.left = `${Math.max(4, Math.min(x, innerWidth - width - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(y, innerHeight - height - 4))}px`;
}

function openBelow(row, element) {
  const box = element.getBoundingClientRect();
  open(row, box.left, box.bottom + 2);
}

function onKey(event) {
  if (menu.matches(":popover-open")) return onMenuKey(event);
  const row = event.target.closest?.("[data-menu]");
  if (!row || !(event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey))) return;
  event.preventDefault();
  openBelow(row, event.target);
}

function onMenuKey(event) {
  const all = entries();
  const at = all.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (event.key === "Tab") menu.hidePopover();
  if (next === undefined) return;
  event.preventDefault();
  all.at(next % all.length)?.focus();
}

document.addEventListener("contextmenu", (event) => {
  const row = event.target.closest("[data-menu]");
  if (!row || event.shiftKey) return;
  event.preventDefault();
  if (!menu.matches(":popover-open")) open(row, event.clientX, event.clientY);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-opens-menu]");
  if (button) openBelow(button.closest("[data-menu]"), button);
});
document.addEventListener("keydown", onKey);
menu?.addEventListener("toggle", (event) => {
  if (event.newState === "closed" && menu.contains(document.activeElement)) opener?.focus();
  if (event.newState === "closed" && document.activeElement === document.body) opener?.focus();
});
