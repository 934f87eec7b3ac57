"""One look at the rows for all who watch: each topic is rendered once per change and shared in this process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import DatabaseError

from hosts.access import EVERYWHERE, Rights
from migrations_app.frames import Snapshot, job_snapshot, list_snapshot
from migrations_app.notices import JOBS_GROUP, job_group

log = logging.getLogger(__name__)

FRAME_S = 0.25
POLL_S = 2.0

Look = Callable[[Snapshot | None], Snapshot | None]


class Topic:
    """What a group of watchers looks at, while there is at least one.

    A notice wakes it; a lost notice is made good by the poll. Never more than one look in FRAME_S.
    """

    def __init__(self, group: str, look: Look) -> None:
        self._group = group
        self._look = database_sync_to_async(look)
        self._notice = asyncio.Event()
        self._watchers: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None
        self.snapshot: Snapshot | None = None
        self.is_gone = False
        self.has_failed = False

    def join(self) -> asyncio.Event:
        """An event that is set whenever there is something new; and now, if there is a snapshot."""
        fresh = asyncio.Event()
        self._watchers.add(fresh)
        if self.snapshot is not None:
            fresh.set()
            self._notice.set()
        if self._task is None or self._task.done():
            self.has_failed = False
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(self._ended)
        return fresh

    def leave(self, fresh: asyncio.Event) -> bool:
        """True when nobody is left: the topic has ended."""
        self._watchers.discard(fresh)
        if self._watchers:
            return False
        if self._task is not None:
            self._task.cancel()
            self._task = None
        return True

    async def _run(self) -> None:
        listener = asyncio.create_task(self._listen())
        try:
            while not self.is_gone:
                self._notice.clear()
                await self._refresh()
                await asyncio.sleep(FRAME_S)
                await self._wait()
        finally:
            listener.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A bug of ours must not look like a job that stands still: the watchers are told, and come again."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        log.error("The watch over %s failed.", self._group, exc_info=error)
        self.has_failed = True
        for fresh in self._watchers:
            fresh.set()

    async def _refresh(self) -> None:
        try:
            snapshot = await self._look(self.snapshot)
        except DatabaseError as error:
            log.warning("%s could not be read: %s", self._group, error)
            return
        if snapshot is not None and snapshot is self.snapshot:
            return
        self.snapshot, self.is_gone = snapshot, snapshot is None
        for fresh in self._watchers:
            fresh.set()

    async def _wait(self) -> None:
        try:
            await asyncio.wait_for(self._notice.wait(), POLL_S)
        except TimeoutError:
            return

    async def _listen(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(self._group, channel)
        try:
            while True:
                await layer.receive(channel)
                self._notice.set()
        finally:
            await layer.group_discard(self._group, channel)


_topics: dict[tuple[asyncio.AbstractEventLoop, str, str], Topic] = {}


def watch_job(job_pk: int) -> Topic:
    return _topic(job_group(job_pk), lambda before: job_snapshot(job_pk, before))


def watch_list(rights: Rights = EVERYWHERE) -> Topic:
    """What these rights let one see; who sees the same shares the look."""
    seen = "" if rights.groups is None else repr(sorted(rights.groups))
    return _topic(JOBS_GROUP, lambda before: list_snapshot(before, rights), seen)


def end(topic: Topic, fresh: asyncio.Event) -> None:
    """A watcher goes; the last one takes the topic with it."""
    if topic.leave(fresh):
        for key in [key for key, other in _topics.items() if other is topic]:
            del _topics[key]


def _topic(group: str, look: Look, seen: str = "") -> Topic:
    key = (asyncio.get_running_loop(), group, seen)
    if key not in _topics:
        _topics[key] = Topic(group, look)
    return _topics[key]
