"""Pictures of a running console: a VM of the lab is moved as a person does it, from its context menu to the end."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Literal

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from hosts.models import VirtualMachine
from lab.hyperv.control import Lab
from scripts.benchmarks.process import running_server

SIZE = ViewportSize(width=1366, height=768)
MOST_BYTES = 200_000
COPY_BYTES_PER_S = 6_000_000
MOVED_WITHIN_MS = 180_000
PAUSED_FOR_MS = 4_000
SETTLES_MS = 800

Theme = Literal["light", "dark"]


def main(chromium: str, folder: Path) -> None:
    """Ends with an error when a picture is larger than MOST_BYTES."""
    folder.mkdir(parents=True, exist_ok=True)
    with running_server(["manage.py", "serve", "--lab", "--port", "0"]) as server:
        vm = VirtualMachine.objects.get(name="WEB01").pk
        client = Client()
        client.force_login(User.objects.get(username="admin"))
        session = client.cookies["sessionid"].value
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            _take_all(_Album(browser, server.url, session, folder), vm)
            browser.close()
    large = [path.name for path in folder.glob("*.png") if path.stat().st_size > MOST_BYTES]
    if large:
        sys.exit(f"Larger than {MOST_BYTES} bytes: {', '.join(large)}")


class _Album:
    """A signed-in browser, and where its pictures go."""

    def __init__(self, browser: Browser, url: str, session: str, folder: Path) -> None:
        self._browser = browser
        self._url = url
        self._session = session
        self._folder = folder

    def page(self, path: str, theme: Theme = "light") -> Page:
        context = self._browser.new_context(viewport=SIZE, color_scheme=theme, base_url=self._url)
        context.add_cookies([{"name": "sessionid", "value": self._session, "url": self._url}])
        page = context.new_page()
        page.goto(path)
        return page

    def take(self, page: Page, name: str) -> None:
        page.wait_for_timeout(SETTLES_MS)
        page.screenshot(path=self._folder / f"{name}.png")
        print(f"{name}.png")


def _take_all(album: _Album, vm: int) -> None:
    names: dict[Theme, str] = {"light": "virtual-machines", "dark": "virtual-machines-dark"}
    for theme, name in names.items():
        _take_menu(album.page(f"/vms/?selected={vm}", theme), album, name)
    page = album.page(f"/vms/{vm}/migrate/host/")
    page.get_by_role("row", name=re.compile("HV02")).get_by_role("radio").check()
    album.take(page, "select-host")
    for _ in range(3):
        page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Summary")
    album.take(page, "summary")
    _take_move(page, album)
    album.take(album.page("/hosts/?like=WEB01"), "hosts")
    album.take(album.page("/reports/accuracy/"), "report")


def _take_menu(page: Page, album: _Album, name: str) -> None:
    page.get_by_role("link", name="WEB01", exact=True).first.click(button="right")
    expect(page.get_by_role("menuitem").first).to_be_visible()
    album.take(page, name)


def _take_move(page: Page, album: _Album) -> None:
    """Slowly enough to be seen."""
    Lab.open(settings.VAR_DIR / "lab").host("HV02").slow_copy(COPY_BYTES_PER_S, times=9)
    page.get_by_role("button", name="Move", exact=True).click()
    sentence = page.locator("#job-sentence")
    expect(sentence).to_contain_text("is paused", timeout=MOVED_WITHIN_MS)
    page.wait_for_timeout(PAUSED_FOR_MS)
    album.take(page, "job-running")
    expect(sentence).to_contain_text("was moved and runs on HV02", timeout=MOVED_WITHIN_MS)
    album.take(page, "job-done")
    album.take(album.page(page.url, "dark"), "job-done-dark")
