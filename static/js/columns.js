// Columns of a list: hidden and made wider or narrower, by pointer at the edge of a head, by keyboard in the panel "Columns".
// What was chosen is kept in this browser, one set for each list. A style sheet of its own carries it, so that rows and
// cells that come later have it as well.
const LEAST = 40;
const MOST = 600;
const STEP = 10;
const sheet = new CSSStyleSheet();
const panel = Object.assign(document.createElement("div"), { id: "columns-panel", popover: "auto", className: "columns" });
panel.setAttribute("role", "dialog");
panel.setAttribute("aria-label", "Columns");

const table = () => document.querySelector("table[data-columns]");
const opener = () => document.querySelector("[data-opens-columns]");
const heads = () => [...table().tHead.rows[0].cells].filter((head) => head.dataset.column);
const placeOf = () => `ferry-columns-${table().dataset.columns}`;
const titleOf = (head) => head.textContent.trim();
const within = (width) => Math.round(Math.min(MOST, Math.max(LEAST, width)));

/** What is kept: names of hidden columns, widths in px by name. Whatever else stands there counts as nothing. */
function kept() {
  try {
    const { hidden, widths } = JSON.parse(localStorage.getItem(placeOf()));
    return { hidden: Array.isArray(hidden) ? hidden : [], widths: Object(widths) };
  } catch {
    return { hidden: [], widths: {} };
  }
}

function keep(choice) {
  localStorage.setItem(placeOf(), JSON.stringify(choice));
  apply();
}

function setWidth(name, width) {
  const choice = kept();
  if (width === undefined) delete choice.widths[name];
  else choice.widths[name] = within(width);
  keep(choice);
}

function setShown(name, isShown) {
  const choice = kept();
  choice.hidden = choice.hidden.filter((other) => other !== name);
  if (!isShown) choice.hidden.push(name);
  keep(choice);
}

function apply() {
  const { hidden, widths } = kept();
  const rules = heads().flatMap((head) => {
    const cells = `table[data-columns] :is(th, td):nth-child(${head.cellIndex + 1})`;
    const name = head.dataset.column;
    if (hidden.includes(name) && !("stays" in head.dataset)) return `${cells} { display: none; }`;
    const width = within(Number(widths[name]));
    return width ? `${cells} { width: ${width}px; min-width: ${width}px; max-width: ${width}px; overflow: hidden; text-overflow: ellipsis; }` : [];
  });
  sheet.replaceSync(rules.join("\n"));
}

/** The edge is for pointers only; who uses the keyboard has the panel. */
function addEdges() {
  for (const head of heads()) {
    if (head.querySelector(".column-edge")) continue;
    head.append(Object.assign(document.createElement("span"), { className: "column-edge", ariaHidden: "true" }));
  }
}

function drag(event) {
  const edge = event.target.closest?.(".column-edge");
  if (!edge || event.button) return;
  event.preventDefault();
  const head = edge.parentElement;
  const [from, width] = [event.clientX, head.offsetWidth];
  const move = (moved) => setWidth(head.dataset.column, width + moved.clientX - from);
  edge.setPointerCapture(event.pointerId);
  edge.addEventListener("pointermove", move);
  edge.addEventListener("lostpointercapture", () => edge.removeEventListener("pointermove", move), { once: true });
}

function rowOf(head) {
  const row = document.createElement("li");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: head.checkVisibility(), disabled: "stays" in head.dataset });
  const label = document.createElement("label");
  label.append(box, ` ${titleOf(head)}`);
  const width = Object.assign(document.createElement("input"), { type: "range", min: LEAST, max: MOST, step: STEP, ariaLabel: `Width of ${titleOf(head)}` });
  width.value = String(head.offsetWidth || 120);
  width.disabled = !box.checked;
  box.addEventListener("change", () => {
    setShown(head.dataset.column, box.checked);
    width.disabled = !box.checked;
  });
  width.addEventListener("input", () => setWidth(head.dataset.column, Number(width.value)));
  row.append(label, width);
  return row;
}

function fill() {
  const list = document.createElement("ul");
  list.append(...heads().map(rowOf));
  const reset = Object.assign(document.createElement("button"), { type: "button", className: "btn", textContent: "As they were" });
  reset.addEventListener("click", () => {
    localStorage.removeItem(placeOf());
    apply();
    fill();
    panel.querySelector("button").focus();
  });
  panel.replaceChildren(list, reset);
}

/** Below its button, inside of the window. */
function place() {
  const box = opener().getBoundingClientRect();
  panel.style.left = `${Math.max(8, Math.min(box.left, innerWidth - panel.offsetWidth - 8))}px`;
  panel.style.top = `${Math.max(8, Math.min(box.bottom + 4, innerHeight - panel.offsetHeight - 8))}px`;
}

/** The list may have come anew, by a filter or because it grew. */
function begin() {
  if (!table()) return;
  opener().hidden = false;
  addEdges();
  apply();
}

document.adoptedStyleSheets.push(sheet);
document.body.append(panel);
panel.addEventListener("beforetoggle", (event) => event.newState === "open" && fill());
panel.addEventListener("toggle", (event) => event.newState === "open" && place());
document.addEventListener("pointerdown", drag);
document.addEventListener("dblclick", (event) => {
  const head = event.target.closest?.(".column-edge")?.parentElement;
  if (head) setWidth(head.dataset.column, undefined);
});
document.addEventListener("htmx:afterSettle", begin);
begin();
