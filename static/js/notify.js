// Notifications of the browser: a job began its outage, or ended, while nobody looks at this page. The strip brings the
// news of the jobs one may see; what the page came with is not news. Asked for by a click only; "off" is kept.
const CHOICE = "ferry-notifications";
const button = document.querySelector("[data-notifies]");
const strip = () => [...document.querySelectorAll("#jobs-strip [data-news]")];
const told = new Set(strip().map((news) => news.dataset.news));

const isWanted = () => localStorage.getItem(CHOICE) === "on";
const isAllowed = () => "Notification" in window && Notification.permission === "granted";

/** Why the browser shows none; "" when it would, or can be asked. */
function obstacle() {
  if (!("Notification" in window)) return "This browser has no notifications.";
  if (!isSecureContext) return "The browser allows notifications over HTTPS only.";
  if (Notification.permission !== "denied") return "";
  return "The browser blocks notifications of this site; its settings for this site can allow them.";
}

function show() {
  const blocked = obstacle();
  const isOn = isWanted() && isAllowed();
  button.setAttribute("aria-pressed", String(isOn));
  button.setAttribute("aria-disabled", String(Boolean(blocked)));
  button.querySelector("span").textContent = blocked ? "Notifications are blocked" : isOn ? "Notifications are on" : "Notify me";
  button.title = blocked || (isOn ? "Notifications of jobs are shown while this page is in the background. Press for none." : "Show a notification when a job begins its outage or ends while this page is in the background");
}

async function press() {
  const blocked = obstacle();
  if (!blocked && isWanted() && isAllowed()) localStorage.setItem(CHOICE, "off");
  else if (!blocked && (await Notification.requestPermission()) === "granted") localStorage.setItem(CHOICE, "on");
  show();
  document.getElementById("announcer").textContent = obstacle() || button.textContent.trim();
}

/** One for each piece of news, however many pages of Ferry are open: they share its tag. */
function tell(news) {
  try {
    const notification = new Notification(news.dataset.title, { body: news.textContent, tag: `ferry-${news.dataset.news}` });
    const { href } = news.dataset;
    notification.addEventListener("click", () => {
      window.focus();
      location.href = href;
    });
  } catch {
    button.title = "This browser shows no notifications of a page.";
  }
}

function look() {
  const fresh = strip().filter((news) => !told.has(news.dataset.news));
  for (const news of fresh) told.add(news.dataset.news);
  if (document.hidden && isWanted() && isAllowed()) fresh.forEach(tell);
}

if (button) {
  button.hidden = false;
  show();
  button.addEventListener("click", press);
  document.body.addEventListener("htmx:wsAfterMessage", look);
  addEventListener("storage", (event) => event.key === CHOICE && show());
}
