// The tree: one tab stop, arrow keys, Home, End, type-ahead; what is folded is kept for the session. A group that comes
// folded is asked for its hosts when it is opened, and a cookie tells the next page to bring them.
const tree = document.querySelector("[data-tree]");
const FOLDED = "ferry-folded";
const OPENED = "ferry-opened";
const OPENS_AFTER_MS = 600;

const items = () => [...tree.querySelectorAll("[role=treeitem]")];
const visible = () => items().filter((item) => item.checkVisibility());
const folded = () => new Set(JSON.parse(sessionStorage.getItem(FOLDED) ?? "[]"));

const opened = () => new Set(document.cookie.match(`${OPENED}=([\\d.]*)`)?.[1].split(".").filter(Boolean));

async function expand(item, isOpen) {
  item.setAttribute("aria-expanded", String(isOpen));
  const set = folded();
  if (isOpen) set.delete(item.id);
  else set.add(item.id);
  sessionStorage.setItem(FOLDED, JSON.stringify([...set]));
  remember(item.dataset.dropGroup, isOpen);
  if (isOpen) await addHosts(item.nextElementSibling);
}

function remember(group, isOpen) {
  const set = opened();
  if (isOpen) set.add(group);
  else set.delete(group);
  document.cookie = `${OPENED}=${[...set].join(".")}; path=/; samesite=lax`;
}

/** The hosts of a group that came without them, once. */
async function addHosts(list) {
  const { hostsAt } = list.dataset;
  if (!hostsAt) return;
  delete list.dataset.hostsAt;
  const answer = await fetch(hostsAt, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) return location.reload();
  list.insertAdjacentHTML("beforeend", await answer.text());
  for (const item of list.querySelectorAll("[role=treeitem]")) item.tabIndex = -1;
}

function focus(item) {
  if (!item) return;
  for (const other of items()) other.tabIndex = -1;
  item.tabIndex = 0;
  item.focus();
}

function parentOf(item) {
  return item.closest("[role=group]")?.previousElementSibling;
}

function right(item) {
  if (item.getAttribute("aria-expanded") === "false") expand(item, true);
  else if (item.ariaExpanded) focus(item.nextElementSibling.querySelector("[role=treeitem]"));
}

function left(item) {
  if (item.getAttribute("aria-expanded") === "true") expand(item, false);
  else focus(parentOf(item));
}

function typeAhead(item, letter) {
  const shown = visible();
  const at = shown.indexOf(item);
  const turned = [...shown.slice(at + 1), ...shown.slice(0, at + 1)];
  focus(turned.find((one) => one.querySelector(".name").textContent.toLowerCase().startsWith(letter)));
}

const KEYS = {
  ArrowDown: (item) => focus(visible()[visible().indexOf(item) + 1]),
  ArrowUp: (item) => focus(visible()[visible().indexOf(item) - 1]),
  ArrowRight: right,
  ArrowLeft: left,
  Home: () => focus(visible()[0]),
  End: () => focus(visible().at(-1)),
  " ": (item) => item.click(),
};

function onKey(event) {
  const item = event.target.closest("[role=treeitem]");
  if (!item || event.ctrlKey || event.altKey || event.metaKey) return;
  if (KEYS[event.key]) KEYS[event.key](item);
  else if (/^\S$/.test(event.key)) typeAhead(item, event.key.toLowerCase());
  else return;
  event.preventDefault();
}

if (tree) {
  for (const id of folded()) document.getElementById(id)?.setAttribute("aria-expanded", "false");
  for (const item of items()) item.tabIndex = -1;
  const first = tree.querySelector('[aria-selected="true"]') ?? items()[0];
  if (first) first.tabIndex = 0;
  tree.addEventListener("keydown", onKey);
  tree.addEventListener("click", (event) => {
    if (!event.target.closest("[data-twist]")) return;
    const item = event.target.closest("[aria-expanded]");
    if (!item) return;
    event.preventDefault();
    expand(item, item.getAttribute("aria-expanded") === "false");
  });
  let resting;
  document.addEventListener("dragover", (event) => {
    const item = event.target.closest?.('.tree-item[aria-expanded="false"]');
    if (item === resting?.item) return;
    clearTimeout(resting?.timer);
    resting = item && { item, timer: setTimeout(() => expand(item, true), OPENS_AFTER_MS) };
  });
  for (const end of ["dragend", "drop"]) document.addEventListener(end, () => clearTimeout(resting?.timer));
}
