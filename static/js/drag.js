// A VM dropped on a host or a group opens the wizard with that target chosen; one of several that are checked, a plan for
// all of them. A host dropped on a group goes into it.
let dragged;

const DRAGS = "[data-migrate], [data-regroups]";
const GROUPS = "[data-drop-group]";
const PLACES = `[data-drop-host], ${GROUPS}`;

/** Where what is dragged may be dropped; null elsewhere. */
const placeOf = (event) => dragged && event.target.closest?.(dragged.dataset.regroups ? GROUPS : PLACES);

/** How many go: all that are checked, if what is dragged is one of them. */
const countOf = (row) => (row?.querySelector("[data-pick]:checked") ? document.querySelectorAll("[data-pick]:checked").length : 1);

function showCount(event, count) {
  const image = Object.assign(document.createElement("span"), { className: "btn btn-primary", textContent: `${count} virtual machines` });
  Object.assign(image.style, { position: "fixed", top: "-99px" });
  document.body.append(image);
  event.dataTransfer?.setDragImage(image, 0, 0);
  setTimeout(() => image.remove());
}

/** As the button "Migrate selected" does it, with the place. */
function plan(name, value) {
  const form = document.getElementById("selected-vms");
  const button = Object.assign(document.createElement("button"), { name, value, hidden: true });
  form.append(button);
  form.requestSubmit(button);
  button.remove();
}

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
  if (countOf(dragged) > 1) showCount(event, countOf(dragged));
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
  else if (countOf(dragged) > 1) plan(dropHost ? "target" : "group", dropHost ?? dropGroup);
  else location.href = migrate + (dropHost ? `?target=${dropHost}` : `?group=${dropGroup}`);
});
