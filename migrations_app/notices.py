"""Tells the pages that a job, or somebody's rights, changed. A notice says "look again": the truth is in the rows."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

log = logging.getLogger(__name__)

JOBS_GROUP = "jobs"
PEOPLE_GROUP = "people"


class _Carrier:
    """The event loop that carries notices.

    An in-process layer delivers at once only from the loop its listeners wait on (from another loop half a
    second goes by), so the consumers lend theirs. A worker in a process of its own gets a loop in a thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lent: asyncio.AbstractEventLoop | None = None
        self._own: asyncio.AbstractEventLoop | None = None

    def lend(self, loop: asyncio.AbstractEventLoop) -> None:
        self._lent = loop

    def loop(self) -> asyncio.AbstractEventLoop | None:
        """None: nobody can be listening."""
        if self._lent is not None and self._lent.is_running():
            return self._lent
        if isinstance(get_channel_layer(), InMemoryChannelLayer):
            return None
        with self._lock:
            if self._own is None:
                self._own = asyncio.new_event_loop()
                threading.Thread(target=self._own.run_forever, name="notices", daemon=True).start()
            return self._own


_carrier = _Carrier()


def listen_here() -> None:
    """Called by a consumer on the server's loop: notices of this process go by this loop from now on."""
    _carrier.lend(asyncio.get_running_loop())


def job_group(job_id: int) -> str:
    return f"job-{job_id}"


def job_changed(job_id: int) -> None:
    """From any thread, after the commit. Returns at once, and never fails: a lost notice is made good by the poll."""
    _send_soon({"type": "job.changed", "job": job_id}, job_group(job_id), JOBS_GROUP)


def people_changed(user_pk: int) -> None:
    """The rights or sessions of this user; otherwise as job_changed."""
    _send_soon({"type": "people.changed", "user": user_pk}, PEOPLE_GROUP)


def _send_soon(message: dict[str, Any], *groups: str) -> None:
    loop = _carrier.loop()
    if loop is None:
        return
    notice = _send(message, groups)
    try:
        sent = asyncio.run_coroutine_threadsafe(notice, loop)
    except RuntimeError:  # the loop closed between the question and the call: the server ends
        notice.close()
        return
    sent.add_done_callback(_log_failure)


async def _send(message: dict[str, Any], groups: Iterable[str]) -> None:
    layer = get_channel_layer()
    for group in groups:
        await layer.group_send(group, message)


def _log_failure(sent: Future[None]) -> None:
    if not sent.cancelled() and (error := sent.exception()):
        log.warning("A notice was not sent: %s", error)
