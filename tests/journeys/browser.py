"""A real browser before a real server process, on the database of the test."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from asgiref.sync import SyncToAsync
from channels.testing.live import make_application, set_database_connection
from daphne.testing import DaphneProcess
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, sync_playwright
from pytest_django.plugin import DjangoDbBlocker

from tests.journeys.barriers import barriers

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DESK = ViewportSize(width=1366, height=768)
PHONE = ViewportSize(width=390, height=844)


@contextmanager
def console_server(blocker: DjangoDbBlocker) -> Iterator[str]:
    """The address of a console that serves the tests' database from a process of its own."""
    server = DaphneProcess("127.0.0.1", partial(make_application, static_wrapper=None), setup=partial(_begin, blocker))
    server.start()
    try:
        assert server.ready.wait(timeout=30)
        yield f"http://127.0.0.1:{server.port.value}"
    finally:
        server.terminate()
        server.join()


@contextmanager
def chromium_browser(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


def _begin(blocker: DjangoDbBlocker) -> None:
    """In the forked server: the tests' database, open although no test runs yet; a thread for queries of websockets.

    The one that is inherited has no thread any more where an earlier test used it, and would wait for ever.
    """
    blocker.unblock()
    set_database_connection()
    SyncToAsync.single_thread_executor = ThreadPoolExecutor(max_workers=1)


class Desk:
    """Somebody at a screen (None: not signed in): opens pages, and remembers what the browser complained about."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        user: User | None,
        theme: Any,
        size: ViewportSize,
        *,
        has_scripts: bool = True,
        has_touch: bool = False,
    ) -> None:
        context = browser.new_context(
            viewport=size,
            color_scheme=theme,
            base_url=address,
            java_script_enabled=has_scripts,
            has_touch=has_touch,
            is_mobile=has_touch,
        )
        if user is not None:
            client = Client()
            client.force_login(user)
            context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": address}])
        self.complaints: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> Page:
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == 200
        self.page.wait_for_load_state("networkidle")
        return self.page

    def barriers(self) -> str:
        """What axe finds that keeps people out; "" for nothing."""
        return "\n".join(barriers(self.page))

    def overhang_px(self) -> int:
        """By how much the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)
