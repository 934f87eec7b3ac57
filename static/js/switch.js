// The colour switch: as the system, light, dark; kept in this browser.
const CHOICES = ["system", "light", "dark"];
const WORDS = { system: "Colours: as the system", light: "Colours: light", dark: "Colours: dark" };
const button = document.querySelector("[data-switches-theme]");

function show(choice) {
  const root = document.documentElement;
  if (choice === "system") delete root.dataset.theme;
  else root.dataset.theme = choice;
  button.title = WORDS[choice];
  button.querySelector(".hidden-text").textContent = WORDS[choice];
}

if (button) {
  let choice = localStorage.getItem("ferry-theme") ?? "system";
  if (!CHOICES.includes(choice)) choice = "system";
  button.hidden = false;
  show(choice);
  button.addEventListener("click", () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    localStorage.setItem("ferry-theme", choice);
    show(choice);
  });
}
