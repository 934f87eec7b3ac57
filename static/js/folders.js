// The path page of the wizard: a folder that was found on the target goes into the field it was looked for.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-uses-folder]");
  const wanted = document.getElementById("browse-for")?.value ?? "folder";
  const field = link && document.getElementById(wanted);
  if (!field) return;
  event.preventDefault();
  field.closest("details")?.setAttribute("open", "");
  field.value = link.dataset.usesFolder;
  field.dispatchEvent(new Event("change", { bubbles: true }));
  field.focus();
});

for (const label of document.querySelectorAll("[data-scripted]")) label.hidden = false;

/** Every answer replaces the buttons: who was among them stays there, at the folder that is open. */
let isAmong = false;
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.id === "browser") isAmong = event.target.contains(document.activeElement);
});
document.body.addEventListener("htmx:afterSettle", () => {
  const browser = document.getElementById("browser");
  if (!isAmong || !browser || document.activeElement !== document.body) return;
  (browser.querySelector("[aria-current]") ?? browser.querySelector("button"))?.focus();
});
