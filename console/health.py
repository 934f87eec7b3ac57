"""How Ferry itself is: what the page About shows, and whether /health/ says ok.

It reads rows and this machine. That worker and beat are alive shows in the rows that the schedule's tasks leave when
they have run (hosts/pulses.py); nobody is asked.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.util import find_spec
from typing import cast

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q
from django.utils import timezone

from hosts import units
from hosts.host_orders import NEEDS_SOMEBODY
from hosts.models import Host, Pulse
from migrations_app.models import MigrationJob

SWEEP = "sweep"
LATE_AFTER_S = 60
LATE_AFTER_TURNS = 5
_BAD_BYTES, _WARN_BYTES = 200 << 20, 2 << 30
_NAMED = 3
_ONLY_HERE = {"127.0.0.1", "localhost", "[::1]"}


@dataclass(frozen=True, slots=True)
class Condition:
    """`level`: ok, warn, bad, or off for what is not in use. `action`: what to do about it."""

    title: str
    level: str
    text: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A task of the schedule. `pulse` None: it has not run yet."""

    task: str
    every: timedelta
    pulse: Pulse | None
    is_late: bool


def is_well() -> bool:
    """What /health/ tells: the database answers, the schedule runs, and there is room to write."""
    try:
        return all(condition.level != "bad" for condition in (_schedule(turns()), _room()))
    except DatabaseError:
        return False


def conditions() -> list[Condition]:
    return [_schedule(turns()), _queue(), _hosts(), _room(), _notices(), *_libvirt(), *_exposure()]


def turns() -> list[Turn]:
    """Every task of the schedule, with its last run."""
    pulses, now = Pulse.objects.in_bulk(), timezone.now()
    entries = [(task, cast("timedelta", entry["schedule"])) for task, entry in settings.CELERY_BEAT_SCHEDULE.items()]
    return [Turn(task, every, pulses.get(task), _is_late(pulses.get(task), every, now)) for task, every in entries]


def _is_late(pulse: Pulse | None, every: timedelta, now: datetime) -> bool:
    patience = max(every * LATE_AFTER_TURNS, timedelta(seconds=LATE_AFTER_S))
    return pulse is not None and now - pulse.at > patience


def _schedule(found: list[Turn]) -> Condition:
    title, late = "Worker and beat", [turn.task for turn in found if turn.is_late]
    sweep = next(turn for turn in found if turn.task == SWEEP)
    if sweep.pulse is None:
        text = "The sweep, which hands out jobs, has not run yet: no job begins."
        return Condition(title, "bad", text, _start_them())
    ago = units.duration((timezone.now() - sweep.pulse.at).total_seconds())
    if sweep.is_late:
        text = f"The sweep, which hands out jobs, ran last {ago} ago: no job begins or goes on after a failure."
        return Condition(title, "bad", text, _start_them())
    if late:
        text = f"Behind their time: {', '.join(late)}. All threads of the worker may be busy."
        return Condition(title, "warn", text, "Look at its log, or give it more threads (FERRY_WORKER_THREADS).")
    return Condition(title, "ok", f"The sweep, which hands out jobs, ran {ago} ago on {sweep.pulse.worker}.")


def _start_them() -> str:
    if MigrationJob.objects.filter(lease_until__gt=timezone.now()).exists():
        return "A worker is at a job now, so beat is missing: start it with celery -A console beat."
    if settings.BROKER_URL.startswith("memory:"):
        return (
            "Worker and beat are threads of manage.py serve: start it again, without --no-worker, and look at its log."
        )
    return "Start celery -A console worker -P threads, and celery -A console beat; see that both reach the broker."


def _queue() -> Condition:
    now, title = timezone.now(), "Queue"
    is_time = Q(start_at=None) | Q(start_at__lte=now)
    waiting = MigrationJob.objects.filter(is_time, status=MigrationJob.Status.QUEUED).order_by("created_at")
    oldest = waiting.first()
    if oldest is None:
        return Condition(title, "ok", "No job waits.")
    waited_s = (now - max(oldest.created_at, oldest.start_at or oldest.created_at)).total_seconds()
    count = waiting.count()
    text = f"{count} job{' waits' if count == 1 else 's wait'}. The oldest, {oldest.name}, has waited "
    text += f"{units.duration(waited_s)}: {oldest.phase}."
    if waited_s <= settings.QUEUE_PATIENCE_S:
        return Condition(title, "ok", text)
    return Condition(
        title, "warn", text, "Look at what its hosts are busy with, or let them take more moves at a time."
    )


def _hosts() -> Condition:
    title, count = "Hosts", Host.objects.count()
    silent = list(Host.objects.filter(NEEDS_SOMEBODY).values_list("name", flat=True))
    if not silent:
        return Condition(title, "ok", "All hosts respond." if count else "There are no hosts yet.")
    more = f" and {len(silent) - _NAMED} more" if len(silent) > _NAMED else ""
    of_all = f"{units.number(len(silent))} of {units.number(count)} hosts"
    text = f"{of_all} {'needs' if len(silent) == 1 else 'need'} somebody: "
    action = "Their pages say what is wrong and what to do."
    return Condition(title, "warn", f"{text}{', '.join(silent[:_NAMED])}{more}.", action)


def _room() -> Condition:
    title, usage = "Room to write", shutil.disk_usage(settings.VAR_DIR)
    text = f"{units.size(usage.free)} of {units.size(usage.total)} are free where {settings.VAR_DIR} is."
    action = "Free space there: when it is full, no job can note what it does. FERRY_VAR says where Ferry writes."
    if usage.free < _BAD_BYTES:
        return Condition(title, "bad", text, action)
    return Condition(title, "warn", text, action) if usage.free < _WARN_BYTES else Condition(title, "ok", text)


def _notices() -> Condition:
    """Only the kind of each: their addresses may hold passwords."""
    title, broker = "Broker and notices", settings.BROKER_URL.partition(":")[0]
    layer = "Redis" if settings.CHANNEL_REDIS_URL else "this process"
    if broker == "memory":
        return Condition(
            title, "ok", f"Worker and beat are threads of the server; notices to pages go through {layer}."
        )
    text = f"The broker is {broker}; notices to pages go through {layer}."
    if settings.CHANNEL_REDIS_URL:
        return Condition(title, "ok", text)
    action = "Set FERRY_CHANNEL_REDIS_URL, so that pages follow what workers in other processes do."
    return Condition(title, "warn", text, action)


def _libvirt() -> Iterator[Condition]:
    title, hosts = "KVM hosts", Host.objects.filter(kind=Host.Kind.LIBVIRT).count()
    if find_spec("libvirt") is not None:
        yield Condition(title, "ok", "libvirt-python is there: KVM hosts can be asked.")
    elif hosts:
        text = f"libvirt-python is missing, so {hosts} KVM host{'s' if hosts > 1 else ''} cannot be asked."
        yield Condition(title, "bad", text, "Install it: pip install -r requirements-kvm.txt, then start Ferry again.")
    else:
        yield Condition(title, "off", "libvirt-python is not installed. It is needed for KVM hosts only.")


def _exposure() -> Iterator[Condition]:
    if settings.DEBUG:
        text = "FERRY_DEBUG is on: an error shows the inside of Ferry to whoever meets it."
        yield Condition("Debugging", "bad", text, "Unset FERRY_DEBUG where others can reach the console.")
    if not settings.HTTPS_ONLY and set(settings.ALLOWED_HOSTS) - _ONLY_HERE:
        text = "Others reach the console, and cookies are sent over plain HTTP, too."
        action = "Put a proxy with HTTPS in front and set FERRY_HTTPS_ONLY=yes."
        yield Condition("Sign-in", "warn", text, action)
