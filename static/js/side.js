// On narrow screens the left pane opens by a button.
const opener = document.querySelector("[data-opens-side]");

opener?.addEventListener("click", () => {
  const isOpen = document.getElementById("side").classList.toggle("is-open");
  opener.setAttribute("aria-expanded", String(isOpen));
});
