"""What a person waits for in Chromium: the first load of a list, a click until its details are painted, more rows."""

from __future__ import annotations

import shutil
import statistics
from urllib.parse import urlsplit

from django.conf import settings
from playwright.sync_api import Page, Response, sync_playwright

from hosts.units import size
from scripts.benchmarks.table import Row

MOST_BYTES = 250_000
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
CLICKS = 15
PAGES = 10

# Milliseconds from the click until the frame after the one that has the details of this row.
_CLICK = """async (number) => {
  const row = document.querySelectorAll("#vm-rows tbody tr")[number];
  const details = () => document.querySelector("#vm-details h2")?.textContent;
  const frame = () => new Promise(requestAnimationFrame);
  const began = performance.now();
  row.cells[2].click();
  while (details() !== row.dataset.name) await frame();
  await frame();
  return performance.now() - began;
}"""
# Milliseconds from reaching the end of the list until it is longer.
_MORE = """async () => {
  const box = document.querySelector(".grid-box");
  const rows = document.querySelector("#vm-rows").tBodies[0].rows;
  const [began, before] = [performance.now(), rows.length];
  box.scrollTo(0, box.scrollHeight);
  while (rows.length === before) await new Promise(requestAnimationFrame);
  return performance.now() - began;
}"""


def measure_in_browser(url: str, path: str, session_key: str) -> list[Row]:
    """None where there is no Chromium."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return [Row("in Chromium", "not measured: there is no chromium here")]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        page = browser.new_context(viewport={"width": 1366, "height": 768}).new_page()
        page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_key, "url": url}])
        rows = [*_first_load(page, url, path), *_waits(page)]
        browser.close()
    return rows


def _first_load(page: Page, url: str, path: str) -> list[Row]:
    """Bodies as they are unpacked, all of them, whatever the cache would have had."""
    answers: list[Response] = []

    def note(answer: Response) -> None:
        answers.append(answer)

    page.on("response", note)
    page.goto(url.rstrip("/") + path, wait_until="networkidle")
    page.remove_listener("response", note)
    total = sum(len(answer.body()) for answer in answers)
    foreign = sum(1 for answer in answers if urlsplit(answer.url).netloc != urlsplit(url).netloc)
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
    return [
        Row(
            "VM list, first load of everything, not compressed",
            f"{total / 1000:.0f} kB in {len(answers)} requests, {foreign} to others",
            f"below {MOST_BYTES // 1000} kB",
        ),
        Row("VM list, first contentful paint with an empty cache", f"{painted:.0f} ms"),
    ]


def _waits(page: Page) -> list[Row]:
    clicks = [float(page.evaluate(_CLICK, number)) for number in range(1, CLICKS + 1)]
    more = [float(page.evaluate(_MORE)) for _ in range(PAGES)]
    memory = page.evaluate("performance.memory?.usedJSHeapSize ?? 0")
    return [
        Row("click on a row until its details are painted", _figure(clicks)),
        Row(
            "end of the list until the next rows are there", f"{_figure(more)}; then {size(memory)} of scripts' memory"
        ),
    ]


def _figure(times_ms: list[float]) -> str:
    return f"{statistics.median(times_ms):.0f} ms ({min(times_ms):.0f} to {max(times_ms):.0f})"
