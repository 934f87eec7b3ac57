"""One console and one Chromium for this folder, and what stands before them: rows of a move, or a lab of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pytest_django.fixtures import Settings
from pytest_django.plugin import DjangoDbBlocker

from migrations_app.models import MigrationJob
from tests.journeys.browser import chromium_browser, console_server
from tests.journeys.rows import moved_vm
from tests.lab_moves import LabMove


@pytest.fixture(scope="package")
def address(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Of the console: its database is emptied after each test, its process is the same."""
    with console_server(django_db_blocker) as started:
        yield started


@pytest.fixture(scope="package")
def chromium_window(chromium: str, address: str) -> Iterator[Browser]:
    """Opened after the server was forked: Playwright keeps an event loop in this thread, for as long as it is open."""
    with pytest.MonkeyPatch.context() as environment, chromium_browser(chromium) as opened:
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield opened


@pytest.fixture
def browser(chromium_window: Browser) -> Iterator[Browser]:
    """Without pages; those of the test are closed before its rows go, so that no websocket asks for them."""
    yield chromium_window
    for context in chromium_window.contexts:
        context.close()


@pytest.fixture
def job(transactional_db: None) -> MigrationJob:
    """WEB01 was moved from HV01 to HV02; the job is done."""
    return moved_vm()


@pytest.fixture
def lab_move(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[LabMove]:
    settings.POLL_MS = 20
    move = LabMove(tmp_path / "lab")
    yield move
    move.lab.destroy()
