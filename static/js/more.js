// Lists that go on: the rows of the next page come when the end of the list comes near. Without this the links of the
// pager do the same. What came is told by the event "rows" on the table; nothing here moves the focus or scrolls.
const AHEAD_PX = 400;
let coming = null;

const pager = () => document.getElementById("pager");
const next = () => pager()?.querySelector("[data-next]");
const table = () => pager()?.previousElementSibling?.querySelector("table[id]");

/** Whether rows are under way: what comes live for a row in the meantime has to wait for it. */
export const areRowsComing = () => coming !== null;

async function pageAt(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok || answer.redirected) throw new Error(`${address} answered ${answer.status}`);
  return new DOMParser().parseFromString(await answer.text(), "text/html");
}

/** The rows of the page that the list does not have: it may have moved on by some since. */
function freshRows(list, page) {
  return [...page.querySelectorAll(`#${list.id} > tbody > tr`)].filter((row) => !document.getElementById(row.id));
}

function tell(list, page) {
  const count = page.querySelector("h1 .count");
  if (count) document.querySelector("h1 .count")?.replaceWith(count);
  list.dispatchEvent(new CustomEvent("rows", { bubbles: true }));
}

async function add(list, link) {
  const page = await pageAt(link.href);
  if (!list.isConnected) return;
  const [here, there] = [pager(), page.getElementById("pager")];
  list.tBodies[0].append(...freshRows(list, page));
  here.querySelector("[data-last]").replaceWith(there.querySelector("[data-last]"));
  const after = there.querySelector("[data-next]");
  if (after) link.replaceWith(after);
  else link.remove();
  tell(list, page);
}

/** Rows that were not there when the list was made, before its first. Resolves when they are there. */
export async function addNewest(list) {
  const page = await pageAt(location.href);
  const box = list.parentElement;
  const height = box.scrollHeight;
  list.tBodies[0].prepend(...freshRows(list, page));
  if (box.scrollTop && !CSS.supports("overflow-anchor: auto")) box.scrollTop += box.scrollHeight - height;
  tell(list, page);
}

function isNear(list) {
  const last = list.tBodies[0]?.lastElementChild;
  return Boolean(last) && last.getBoundingClientRect().bottom < innerHeight + AHEAD_PX;
}

/** After a failure the link stays, and the next scroll tries again. */
function look() {
  const [list, link] = [table(), next()];
  if (coming || !list || !link || !isNear(list)) return;
  coming = add(list, link).then(
    () => (coming = null) ?? requestAnimationFrame(look),
    () => (coming = null),
  );
}

document.addEventListener("scroll", look, { capture: true, passive: true });
document.addEventListener("htmx:afterSettle", look);
addEventListener("resize", look);
look();
