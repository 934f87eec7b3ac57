// What comes by websocket: fragments are put where their ids are, events of a log once and in order, focus stays.
/* global htmx */
import { addNewest, areRowsComing } from "./more.js";

const SIGNED_OUT = 4403;
const GONE = 4404;
const REOPENS_BY_ITSELF = [1006, 1011, 1012, 1013];
const WHY_NO_ANSWER = {
  403: "You may not do this any more. Reload the page.",
  404: "This is not there any more. Reload the page.",
};
const live = document.getElementById("live");
const announcer = document.getElementById("announcer");
const late = new Map();
const said = new Map();
let focused = "";

const log = () => document.getElementById("job-log");
const seen = () => Number(log()?.lastElementChild?.dataset.seq ?? 0);

/** Leaves out what this page does not show, and events it has. */
function onlyPresent(text) {
  const template = document.createElement("template");
  template.innerHTML = text;
  tell(template.content);
  for (const element of [...template.content.children]) {
    if (!document.getElementById(element.id)) leaveOut(element);
    else if (element.id === "job-log") element.querySelectorAll("[data-seq]").forEach(dropSeen);
  }
  return template.innerHTML;
}

/** What became of something that the reader ordered is said once; not what was so when the page came. */
function tell(content) {
  const isFirst = !said.size;
  const fresh = [];
  for (const one of content.querySelectorAll(`[data-by="${document.body.dataset.user}"]`)) {
    const { news, says = one.textContent, href } = one.dataset;
    if (said.get(news) !== says && href !== location.pathname) fresh.push(says);
    said.set(news, says);
  }
  said.set("", "");
  if (fresh.length && !isFirst) announcer.textContent = fresh.join(" ");
}

function dropSeen(line) {
  if (Number(line.dataset.seq) <= seen()) line.remove();
}

function leaveOut(element) {
  element.remove();
  if (areRowsComing()) late.set(element.id, element);
  const list = document.querySelector("[data-grows]");
  if (list && /^job-\d+-state$/.test(element.id) && isFirstPage()) grow(list);
}

const isFirstPage = () => !new URLSearchParams(location.search).has("page");

/** A job the list does not have: it is fetched, at most once in a while. An empty list is fetched anew. */
function grow(list) {
  if (list.dataset.growing) return;
  list.dataset.growing = "yes";
  setTimeout(async () => {
    if (list.tBodies) await addNewest(list);
    else await htmx.ajax("GET", location.href, { target: "#job-rows", select: "#job-rows", swap: "outerHTML", selectOOB: "#job-count" });
    delete list.dataset.growing;
  }, 300);
}

/** What came for rows that were under way, and is newer than they are. */
function catchUp() {
  for (const [id, element] of late) document.getElementById(id)?.replaceWith(element);
  late.clear();
}

function show(state, text) {
  if (!live) return;
  live.hidden = !text;
  live.dataset.state = state;
  live.textContent = text;
}

/** A part of the page could not be fetched: it stays as it was, and that is said. */
function refused(sentence) {
  show("lost", sentence);
  announcer.textContent = sentence;
}

function afterMessage() {
  if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus({ preventScroll: true });
  const said = document.querySelector("[data-announces]")?.dataset.announces;
  if (said && announcer.dataset.said && announcer.dataset.said !== said) announcer.textContent = said;
  if (said) announcer.dataset.said = said;
}

function closed(event) {
  const { code } = event.detail.event;
  if (code === SIGNED_OUT) return show("lost", "You are signed out, or your role has changed. Reload the page.");
  if (code === GONE) return show("lost", "This job is gone.");
  show("lost", "Not connected; trying again.");
  if (!REOPENS_BY_ITSELF.includes(code)) setTimeout(() => event.detail.socketWrapper.reconnect(), 2000);
}

htmx.config.wsReconnectDelay = (retries) => Math.min(10_000, 500 * 2 ** Math.min(retries, 5)) * (0.5 + Math.random() / 2);
htmx.defineExtension("present", { transformResponse: onlyPresent });

document.body.addEventListener("htmx:wsOpen", (event) => {
  show("live", "");
  if (event.target.dataset.job) event.detail.socketWrapper.send(JSON.stringify({ since: seen() }), event.target);
});
document.body.addEventListener("htmx:wsClose", closed);
document.addEventListener("rows", catchUp, true);
document.body.addEventListener("htmx:responseError", (event) => refused(WHY_NO_ANSWER[event.detail.xhr.status] ?? "Ferry could not answer. Reload the page."));
document.body.addEventListener("htmx:sendError", () => refused("Ferry does not answer. What you entered is still here."));
document.body.addEventListener("htmx:wsBeforeMessage", () => {
  focused = document.activeElement?.id ?? "";
  const box = log();
  if (box) box.dataset.follows = box.scrollTop + box.clientHeight >= box.scrollHeight - 8 ? "yes" : "";
});
document.body.addEventListener("htmx:wsAfterMessage", () => {
  afterMessage();
  const box = log();
  if (box?.dataset.follows) box.scrollTop = box.scrollHeight;
});
if (log()) log().scrollTop = log().scrollHeight;
window.addEventListener("beforeunload", () => show("live", ""));
