// The wizard works without this: here a row of the list of hosts is chosen by a click anywhere in it,
// and Move cannot be pressed twice.
document.addEventListener("click", (event) => {
  const row = event.target.closest("[data-chooses]");
  if (!row || event.target.closest("a, input, summary")) return;
  const radio = row.querySelector("input[type=radio]:not(:disabled)");
  if (!radio) return;
  radio.checked = true;
  radio.dispatchEvent(new Event("change", { bubbles: true }));
  radio.focus();
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-once]") || event.submitter?.name !== "move") return;
  setTimeout(() => (event.submitter.disabled = true));
});

addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-once] button:disabled")) button.disabled = false;
});
