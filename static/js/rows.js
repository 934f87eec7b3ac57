// Rows of the list: a click selects (details below, actions at the right, an address that can be sent);
// arrow keys go up and down; the filter answers while typing.
/* global htmx */
function addressOf(pk) {
  const url = new URL(location.href);
  if (pk) url.searchParams.set("selected", pk);
  else url.searchParams.delete("selected");
  return url.pathname + url.search;
}

/** `row`: undefined for none. */
async function select(row) {
  const address = addressOf(row?.dataset.row);
  document.querySelector("[data-row].is-picked")?.classList.remove("is-picked");
  row?.classList.add("is-picked");
  history.replaceState(null, "", address);
  await htmx.ajax("GET", row?.dataset.details ?? address, { target: "#vm-details", select: "#vm-details", swap: "outerHTML", selectOOB: "#vm-actions" });
}

function onClick(event) {
  const row = event.target.closest("[data-row]");
  if (!row || event.target.closest("a, button, .pick") || event.ctrlKey || event.metaKey || event.shiftKey) return;
  select(row);
}

/** Up and down from row to row, whatever cell has the focus. */
function onKey(event) {
  const row = event.target.closest("[data-row]");
  if (!row || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  const other = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
  const link = other?.querySelector("th a");
  if (!link) return;
  event.preventDefault();
  link.focus();
  select(other);
}

/** The filter: as typed, after a short rest; the field keeps its focus and its cursor. */
function filter(form) {
  const url = new URL(location.pathname, location.href);
  for (const [name, value] of new FormData(form)) if (value) url.searchParams.set(name, value);
  history.replaceState(null, "", url);
  const list = ".page-list";
  htmx.ajax("GET", url.pathname + url.search, { target: list, select: list, swap: "outerHTML" });
}

document.querySelector("[data-row].is-picked")?.scrollIntoView({ block: "nearest" });

let resting;
document.addEventListener("click", onClick);
document.addEventListener("keydown", onKey);
document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-filter]");
  if (!form) return;
  clearTimeout(resting);
  resting = setTimeout(() => filter(form), 250);
});
document.addEventListener("click", (event) => {
  if (!event.target.closest("[data-closes-details]")) return;
  event.preventDefault();
  select();
});
