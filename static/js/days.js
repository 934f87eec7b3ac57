// Days that a reader chooses are days in the reader's zone: its name goes into the address with them.
function name(event) {
  const form = event.target.closest?.("form");
  const zone = form?.querySelector("[data-reader-zone]");
  if (!zone || event.target.type !== "date") return;
  zone.value = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  zone.disabled = ![...form.querySelectorAll("[type=date]")].some((day) => day.value);
}

document.addEventListener("input", name, true);
