"""The worker and beat as threads: they work, and they end when they are told to."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from celery import shared_task

from console.celery import app
from console.embedded import EmbeddedWorker
from migrations_app.journal import stop_event

DEADLINE_S = 10
_done = threading.Event()
_begun = threading.Event()


@shared_task(name="tests.finish")  # type: ignore[untyped-decorator]
def finish() -> None:
    _done.set()


@shared_task(name="tests.poll")  # type: ignore[untyped-decorator]
def poll() -> None:
    """Like a job: goes on until the process wants to end."""
    _begun.set()
    if stop_event.wait(60):
        _done.set()


@shared_task(name="tests.hang")  # type: ignore[untyped-decorator]
def hang(release: str) -> None:
    """Unlike a job: does not look whether the process wants to end."""
    _begun.set()
    _releases[release].wait(60)


_releases: dict[str, threading.Event] = {}


@pytest.fixture
def worker(transactional_db: None) -> Iterator[EmbeddedWorker]:
    _done.clear()
    _begun.clear()
    running = EmbeddedWorker()
    running.start()
    yield running
    running.stop()
    stop_event.clear()


def test_a_task_sent_from_this_process_is_done_by_its_worker(worker: EmbeddedWorker) -> None:
    app.send_task("tests.finish")

    assert _done.wait(DEADLINE_S)


def test_stopping_tells_running_jobs_to_give_their_leases_back(worker: EmbeddedWorker) -> None:
    app.send_task("tests.poll")
    assert _begun.wait(DEADLINE_S)

    assert worker.stop()
    assert _done.is_set()


def test_stopping_twice_does_no_harm(worker: EmbeddedWorker) -> None:
    assert worker.stop()
    assert worker.stop()


def test_a_task_that_does_not_end_is_left_behind_in_time(worker: EmbeddedWorker) -> None:
    _releases["now"] = threading.Event()
    app.send_task("tests.hang", args=["now"])
    assert _begun.wait(DEADLINE_S)

    assert not worker.stop(within_s=0.2)

    _releases["now"].set()


def test_another_worker_can_start_in_the_same_process(worker: EmbeddedWorker) -> None:
    worker.stop()
    second = EmbeddedWorker()
    second.start()

    app.send_task("tests.finish")

    assert _done.wait(DEADLINE_S)
    assert second.stop()
