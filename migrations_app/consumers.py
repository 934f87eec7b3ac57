"""Websockets of pages that show jobs: fragments that changed, and every event of a log once, in order."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from abc import abstractmethod
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs

from channels.auth import get_user
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings

from hosts.access import Action, Rights, Somebody, can, rights_of
from migrations_app.frames import Snapshot, chosen
from migrations_app.models import MigrationJob
from migrations_app.notices import PEOPLE_GROUP, listen_here
from migrations_app.watching import Topic, end, watch_job, watch_list

log = logging.getLogger(__name__)

SIGNED_OUT = 4403
JOB_IS_GONE = 4404
FAILED = 1011
CHECK_EVERY_S = 5.0
VERBS = ("job-actions",)
PREFIXES = {"vms": ("vm-", "jobs-strip"), "jobs": ("job-", "jobs-strip")}


class _Watcher(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Sends what is new of a topic. Who may watch is asked at the door, at once when the user's rights change, and
    before it sends when the last answer is some seconds old: sessions end by themselves, and a notice may be lost."""

    groups = [PEOPLE_GROUP]

    async def connect(self) -> None:
        self._task: asyncio.Task[None] | None = None
        self._checked_at = time.monotonic()
        self.rights = await self._rights_now()
        if self.rights is None:
            await self.close()
            return
        listen_here()
        await self.accept()
        await self.welcome()

    async def welcome(self) -> None:
        """The socket is open."""

    async def disconnect(self, code: int) -> None:
        del code
        if self._task is not None:
            self._task.cancel()

    async def people_changed(self, notice: dict[str, Any]) -> None:
        if notice["user"] == self._user_pk and not await self._is_allowed():
            await self.disconnect(SIGNED_OUT)
            await self.close(SIGNED_OUT)

    def start(self, topic: Topic) -> None:
        """Begin to send, once: a second call is ignored."""
        if self._task is None:
            self._task = asyncio.create_task(self._serve(topic))
            self._task.add_done_callback(self._served)

    @abstractmethod
    def may_watch(self, user: Somebody) -> bool:
        """By hosts.access.can; may ask the database."""

    @abstractmethod
    def frame(self, snapshot: Snapshot) -> str:
        """What this watcher has not been sent yet, as HTML; may be empty."""

    async def _serve(self, topic: Topic) -> None:
        fresh = topic.join()
        try:
            while True:
                await _wait(fresh)
                if time.monotonic() - self._checked_at > CHECK_EVERY_S and not await self._is_allowed():
                    await self.close(SIGNED_OUT)
                    return
                if topic.is_gone or topic.has_failed:
                    await self.close(JOB_IS_GONE if topic.is_gone else FAILED)
                    return
                await self._send_news(topic, fresh)
        finally:
            end(topic, fresh)

    def _served(self, task: asyncio.Task[None]) -> None:
        """What went wrong must not leave a socket open that says nothing: the page connects anew."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("A watcher failed.", exc_info=error)
            self._task = asyncio.create_task(self.close(FAILED))

    async def _send_news(self, topic: Topic, fresh: asyncio.Event) -> None:
        if not fresh.is_set() or topic.snapshot is None:
            return
        fresh.clear()
        if html := self.frame(topic.snapshot):
            await self.send(text_data=html)

    async def _is_allowed(self) -> bool:
        """With other rights than those it was opened with the page has to be loaded anew, too."""
        self._checked_at = time.monotonic()
        return self.rights is not None and await self._rights_now() == self.rights

    async def _rights_now(self) -> Rights | None:
        """Those of the user whose session it is; None when they are not enough."""
        sessions = import_module(settings.SESSION_ENGINE)
        session = sessions.SessionStore(self.scope["session"].session_key)
        user = await get_user({"session": session})
        self._user_pk = user.pk
        rights: Rights | None = await database_sync_to_async(self._rights_to_watch)(user)
        return rights

    def _rights_to_watch(self, user: Somebody) -> Rights | None:
        return rights_of(user) if self.may_watch(user) else None


class JobConsumer(_Watcher):
    """One job's page. The page says which event it has seen last, {"since": n}; what follows is sent from there."""

    async def connect(self) -> None:
        self._job_pk = int(self.scope["url_route"]["kwargs"]["pk"])
        self._since = 0
        self._sent: dict[str, str] = {}
        await super().connect()

    def may_watch(self, user: Somebody) -> bool:
        about = self._job_for(user)
        self._may_change = bool(can(user, Action.CHANGE_JOB, *about))
        return bool(can(user, Action.SEE_JOBS, *about))

    def _job_for(self, user: Somebody) -> list[MigrationJob]:
        """Where the job is matters to operators alone; this is asked often."""
        if rights_of(user).groups is None:
            return []
        jobs = MigrationJob.objects.select_related("source", "target").defer("plan", "rating")
        return list(jobs.filter(pk=self._job_pk))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        del bytes_data
        since = _since(text_data)
        if since is None or self._task is not None:
            return
        if not await database_sync_to_async(MigrationJob.objects.filter(pk=self._job_pk).exists)():
            await self.close(JOB_IS_GONE)
            return
        self._since = since
        self.start(watch_job(self._job_pk))

    def frame(self, snapshot: Snapshot) -> str:
        lines = snapshot.events[self._since :]
        self._since = max(self._since, len(snapshot.events))
        log = f'<ol id="job-log" hx-swap-oob="beforeend:#job-log">{"".join(lines)}</ol>' if lines else ""
        parts = {key: html for key, html in snapshot.parts.items() if self._may_change or key not in VERBS}
        return _news(parts, self._sent) + log


class ListConsumer(_Watcher):
    """The lists of VMs and jobs, and the strip: ?show=vms or ?show=jobs; otherwise the strip alone."""

    async def connect(self) -> None:
        self._shown = parse_qs(self.scope["query_string"].decode("ascii", "ignore")).get("show", [""])[0]
        self._prefixes = PREFIXES.get(self._shown, ("jobs-strip",))
        self._sent: dict[str, str] = {}
        await super().connect()

    def may_watch(self, user: Somebody) -> bool:
        sees_list = self._shown != "vms" or can(user, Action.SEE_VMS)
        return bool(sees_list and can(user, Action.SEE_JOBS))

    async def welcome(self) -> None:
        if self.rights is not None:
            self.start(watch_list(self.rights))

    def frame(self, snapshot: Snapshot) -> str:
        return _news(chosen(snapshot.parts, self._prefixes), self._sent)


def _news(parts: Mapping[str, str], sent: dict[str, str]) -> str:
    """The fragments that differ from what was sent before; `sent` is brought up to date."""
    news = [html for key, html in parts.items() if sent.get(key) != html]
    sent.update(parts)
    return "".join(news)


def _since(text: str | None) -> int | None:
    """The number in {"since": n}; None for anything else."""
    try:
        since = json.loads(text or "")["since"]
    except (ValueError, TypeError, KeyError):
        return None
    return since if isinstance(since, int) and since >= 0 else None


async def _wait(fresh: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(fresh.wait(), CHECK_EVERY_S)
    except TimeoutError:
        return
