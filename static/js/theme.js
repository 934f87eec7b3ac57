// Before the first paint: the colours this browser chose, and the mark that scripts run. Not a module: it must not wait.
(() => {
  const root = document.documentElement;
  root.classList.add("scripted");
  const theme = localStorage.getItem("ferry-theme");
  if (theme === "light" || theme === "dark") root.dataset.theme = theme;
})();
