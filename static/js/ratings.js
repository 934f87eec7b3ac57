// Ratings: the dialog "Customize ratings", the figures beside its sliders, and what a thorough check says to a screen reader.
// Everything works without this: the dialog is a page of its own, the panel of a host comes with the page.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.opensDialog);
  if (dialog) {
    event.preventDefault();
    return dialog.showModal();
  }
  const closer = event.target.closest("dialog [data-closes-dialog]");
  if (closer) {
    event.preventDefault();
    closer.closest("dialog").close();
  }
});

/** The filter and the dialog hand on the host that is chosen now, not the one of when the page came. */
document.addEventListener("change", (event) => {
  if (!event.target.matches("#wizard-form input[name=target]")) return;
  for (const form of document.querySelectorAll("[data-carries-target]")) {
    const field = form.elements.target ?? form.appendChild(Object.assign(document.createElement("input"), { type: "hidden", name: "target" }));
    field.value = event.target.value;
  }
});

document.addEventListener("input", (event) => {
  if (!event.target.matches("input[type=range]")) return;
  const output = event.target.parentElement.querySelector("output");
  if (output) output.value = event.target.value;
});

/** A host that cannot be chosen can be looked at; Next says why it goes no further. */
function holdNext() {
  const next = document.querySelector("button[type=submit][form=wizard-form]");
  const about = document.getElementById("about");
  if (!next || !about) return;
  next.disabled = "blocked" in about.dataset;
  next.title = about.dataset.blocked ?? "";
}

/** What the panel shows is of another host than the one that is chosen. */
function panelFailed(event) {
  const about = document.getElementById("about");
  if (event.detail.elt.id !== "wizard-form" || !about) return;
  delete about.dataset.blocked;
  about.replaceChildren(document.getElementById("about-failed").content.cloneNode(true));
  holdNext();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-asks-again]")) document.getElementById("wizard-form").dispatchEvent(new Event("change"));
});
for (const failure of ["htmx:responseError", "htmx:sendError"]) document.body.addEventListener(failure, panelFailed);
holdNext();
document.body.addEventListener("htmx:afterSettle", () => {
  holdNext();
  const said = document.querySelector("[data-announced]");
  if (!said) return;
  document.getElementById("announcer").textContent = said.dataset.announced;
  delete said.dataset.announced;
});
