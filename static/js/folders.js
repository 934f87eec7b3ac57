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
