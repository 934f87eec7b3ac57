// A VM dropped on a host or a group opens the wizard with that target chosen; a host dropped on a group goes into it.
let dragged;

const DRAGS = "[data-migrate], [data-regroups]";
const GROUPS = "[data-drop-group]";
const PLACES = `[data-drop-host], ${GROUPS}`;

/** Where what is dragged may be dropped; null elsewhere. */
const placeOf = (event) => dragged && event.target.closest?.(dragged.dataset.regroups ? GROUPS : PLACES);

/** A form, so that a drop is answered as its button is: with a page and a sentence. */
function regroup(host, group) {
  const form = document.getElementById("regroup");
  form.elements.hosts.value = host;
  form.elements.group.value = group;
  form.elements.back.value = location.pathname + location.search;
  form.requestSubmit();
}

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.(DRAGS);
  event.dataTransfer?.setData("text/plain", dragged?.dataset.name ?? "");
});
document.addEventListener("dragend", () => (dragged = undefined));
document.addEventListener("dragover", (event) => placeOf(event) && event.preventDefault());
document.addEventListener("dragenter", (event) => placeOf(event)?.classList.add("drop-target"));
document.addEventListener("dragleave", (event) => {
  const place = placeOf(event);
  if (place && !place.contains(event.relatedTarget)) place.classList.remove("drop-target");
});
document.addEventListener("drop", (event) => {
  const place = placeOf(event);
  if (!place) return;
  event.preventDefault();
  place.classList.remove("drop-target");
  const { migrate, regroups } = dragged.dataset;
  const { dropHost, dropGroup } = place.dataset;
  if (regroups) regroup(regroups, dropGroup);
  else location.href = migrate + (dropHost ? `?target=${dropHost}` : `?group=${dropGroup}`);
});
