// A row dropped on a host or a group of the tree opens the wizard with that target chosen.
let dragged;

const placeOf = (event) => event.target.closest?.("[data-drop-host], [data-drop-group]");

document.addEventListener("dragstart", (event) => {
  dragged = event.target.closest?.("[data-migrate]");
  event.dataTransfer?.setData("text/plain", dragged?.dataset.name ?? "");
});
document.addEventListener("dragend", () => (dragged = undefined));
document.addEventListener("dragover", (event) => {
  if (dragged && placeOf(event)) event.preventDefault();
});
document.addEventListener("dragenter", (event) => dragged && placeOf(event)?.classList.add("drop-target"));
document.addEventListener("dragleave", (event) => {
  const place = placeOf(event);
  if (place && !place.contains(event.relatedTarget)) place.classList.remove("drop-target");
});
document.addEventListener("drop", (event) => {
  const place = placeOf(event);
  if (!dragged || !place) return;
  event.preventDefault();
  const { dropHost, dropGroup } = place.dataset;
  location.href = dragged.dataset.migrate + (dropHost ? `?target=${dropHost}` : `?group=${dropGroup}`);
});
