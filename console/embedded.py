"""Celery's worker and beat as threads of this process, so that one command is a whole installation."""

from __future__ import annotations

import logging
import threading
import time

from celery.beat import EmbeddedService
from django.conf import settings

from console.celery import app
from migrations_app.jobs import is_an_outage_open
from migrations_app.journal import stop_event

STOP_WITHIN_S = 10.0
OUTAGE_WITHIN_S = 120.0

_log = logging.getLogger(__name__)


class EmbeddedWorker:
    """A worker with a pool of threads, and beat with its schedule in memory.

    Celery carries only "look at job N", so losing what its queue holds costs nothing: beat's sweep asks again.
    """

    def __init__(self) -> None:
        self._worker = app.WorkController(
            hostname="embedded",
            pool="threads",
            concurrency=settings.WORKER_THREADS,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        self._beat = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
        self._thread = threading.Thread(target=self._worker.start, name="worker", daemon=True)
        self._is_started = False
        self._ended = threading.Event()

    def start(self) -> None:
        """Begin to work; jobs that a former process left are looked at now, not after beat's first interval."""
        stop_event.clear()
        self._is_started = True
        self._thread.start()
        self._beat.start()
        for entry in settings.CELERY_BEAT_SCHEDULE.values():
            app.send_task(entry["task"])

    def stop(self, within_s: float = STOP_WITHIN_S) -> bool:
        """Ask running jobs to give their leases back, then end beat and worker. False: something still runs.

        Called twice it does no harm.
        """
        stop_event.set()
        ending = threading.Thread(target=self._end, name="worker-end", daemon=True)
        ending.start()
        ending.join(within_s)
        self._finish_outages(ending)
        if ending.is_alive():
            _log.warning("A task did not end within %.0f s; its lease runs out and the next start goes on.", within_s)
        return self.has_ended

    def _finish_outages(self, ending: threading.Thread) -> None:
        """A VM that stands still between two hosts is not left so: its job goes on to the restore, or to the undo."""
        until = time.monotonic() + OUTAGE_WITHIN_S
        while ending.is_alive() and time.monotonic() < until and is_an_outage_open():
            ending.join(1.0)

    @property
    def has_ended(self) -> bool:
        """Nothing runs any more, or nothing ever did."""
        return not self._is_started or self._ended.is_set()

    def _end(self) -> None:
        self._beat.stop()
        self._worker.stop()
        self._thread.join()
        self._ended.set()
