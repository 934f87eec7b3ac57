// Times in the reader's zone, and counters that go on between two frames from the server.
const DAY = { day: "numeric", month: "short" };
const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };
const zone = new Intl.DateTimeFormat(undefined, { timeZoneName: "short" })
  .formatToParts(new Date())
  .find((part) => part.type === "timeZoneName").value;
const started = new WeakMap();

function localize(root) {
  for (const element of root.querySelectorAll("time[data-local]")) {
    const at = new Date(element.dateTime);
    const time = at.toLocaleTimeString("en-GB", TIME);
    const day = at.toLocaleDateString("en-GB", DAY);
    const shapes = { time, minute: `${day} ${time.slice(0, 5)}`, clock: time.slice(0, 5) };
    element.textContent = shapes[element.dataset.local] ?? `${day} ${time}`;
    element.title = `${at.toLocaleDateString("en-GB", { dateStyle: "long" })} ${time} ${zone}`;
    delete element.dataset.local;
  }
  for (const element of root.querySelectorAll("[data-zone]")) element.textContent = zone;
}

function words(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

function count() {
  for (const element of document.querySelectorAll("[data-counts-from]")) {
    if (!started.has(element)) started.set(element, performance.now());
    const since = (performance.now() - started.get(element)) / 1000;
    element.textContent = words(Number(element.dataset.countsFrom) + since);
  }
}

localize(document);
document.body.addEventListener("htmx:wsAfterMessage", () => localize(document));
document.body.addEventListener("htmx:afterSwap", () => localize(document));
document.body.addEventListener("rows", () => localize(document));
setInterval(count, 500);
