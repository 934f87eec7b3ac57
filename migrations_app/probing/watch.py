"""Watches the VM of a job from outside while a worker has the job, and keeps what was seen as rows.

It must never harm or delay the move: it has threads and a database connection of its own, writes nothing that the
move reads, and a fault of its own ends the watch alone.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import timedelta
from itertools import dropwhile, takewhile
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.utils import timezone

from hosts.models import VirtualAdapter
from migrations_app.engine.plan import Plan
from migrations_app.engine.recipes import recipe_for
from migrations_app.engine.steps.copy_files import CopyFrozenLayers
from migrations_app.events import add_event
from migrations_app.journal import Journal
from migrations_app.leases import Lease, LeaseLost
from migrations_app.models import AvailabilitySpan, MigrationJob
from migrations_app.notices import job_changed
from migrations_app.probing.asking import ask_all, is_own_address
from migrations_app.probing.prober import Prober
from migrations_app.probing.runs import Run
from migrations_app.probing.targets import Target, candidates, choose, read_target, usable_addresses

logger = logging.getLogger(__name__)

WRITE_EVERY_S = 1.0
LOOK_AGAIN_S = 10.0
AHEAD_AT_MOST = timedelta(minutes=1)
AFTERWARDS = timedelta(seconds=10)


class Watch:
    """A context around the work on a job. Only a VM that runs is watched, and only if the settings name a probe."""

    def __init__(self, journal: Journal, lease: Lease) -> None:
        self._journal = journal
        self._lease = lease
        self._plan = Plan.from_json(journal.job.plan)
        self._steps_ahead = _keys_before_outage(journal.job, self._plan)
        self._is_copied = False
        self._why_not = journal.job.unobserved
        self._rows: list[AvailabilitySpan] = []
        self._written: list[Run] = []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"watch-{lease.job_pk}", daemon=True)

    def __enter__(self) -> Self:
        if settings.PROBES and self._plan.was_running:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The thread may go on for a moment: until a VM that was just restored answers."""
        self._end.set()

    def _run(self) -> None:
        try:
            target = self._find_target()
            while target is None and not self._end.wait(LOOK_AGAIN_S):
                target = self._find_target()
            if target is not None:
                self._watch(target)
        except LeaseLost:
            return
        finally:
            connection.close()

    def _watch(self, target: Target) -> None:
        with Prober(target, self.is_near) as prober:
            while not self._end.wait(WRITE_EVERY_S):
                self._keep(prober.runs(), target)
            until = timezone.now() + AFTERWARDS
            while self._awaits_answer(prober.runs()) and timezone.now() < until:
                self._keep(prober.runs(), target)
                threading.Event().wait(WRITE_EVERY_S)
        self._keep(prober.runs(), target)

    def is_near(self) -> bool:
        """Around the outage: in the first minute of each of the steps before it and between them, in it, and for a
        while after it."""
        job, step = self._journal.job, self._journal.step
        self._is_copied |= step is not None and step.key == CopyFrozenLayers.key
        if job.outage_began_at is not None:
            return job.outage_ended_at is None or timezone.now() - job.outage_ended_at < AFTERWARDS
        if step is None:
            return self._is_copied
        if step.started_at is None or step.key not in self._steps_ahead:
            return False
        return timezone.now() - step.started_at < AHEAD_AT_MOST

    def _awaits_answer(self, runs: list[Run]) -> bool:
        """The job has ended, and the VM that runs again has not been heard yet."""
        job = self._journal.job
        return not job.is_open and job.outage_ended_at is not None and not (runs and runs[-1].is_up)

    def _find_target(self) -> Target | None:
        """What an earlier worker asked, as nothing answers in the outage; otherwise the first that answers."""
        try:
            last = AvailabilitySpan.objects.filter(job_id=self._lease.job_pk).last()
            if last is not None and (known := read_target(last.method)):
                return known
            target, why_not = self._look_for_target()
            self._tell(why_not)
        except (DatabaseError, InterfaceError, OSError) as error:
            logger.warning("Job %s is not watched yet: %s", self._lease.job_pk, error)
            connection.close()
            return None
        return target

    def _look_for_target(self) -> tuple[Target | None, str]:
        """What can be asked, or why nothing can."""
        name, host = self._plan.vm_name, self._plan.source_name
        rows = VirtualAdapter.objects.filter(vm_id=self._journal.job.vm_id).values_list("addresses", flat=True)
        addresses = usable_addresses(address for reported in rows for address in reported)
        if not addresses:
            return None, f"{host} reports no address of {name} that could be asked."
        answers = asyncio.run(ask_all(candidates(addresses, settings.PROBES, is_own_address)))
        target = choose(answers, is_own_address)
        asked = ", ".join(map(str, answers)) or f"{', '.join(addresses)}, which this machine has itself"
        return target, "" if target else f"Nothing answered although {name} runs. Asked: {asked}."

    def _tell(self, why_not: str) -> None:
        """On the page, and in the log when it is news."""
        if why_not == self._why_not:
            return
        with transaction.atomic():
            self._lease.write(unobserved=why_not)
            if why_not:
                add_event(self._lease.job_pk, f"{self._plan.vm_name} is not observed from outside. {why_not}")
            transaction.on_commit(lambda: job_changed(self._lease.job_pk))
        self._why_not = why_not

    def _keep(self, runs: list[Run], target: Target) -> None:
        """Bring the rows up to date, and the pages. What the database refuses now is written with the next."""
        if runs == self._written:
            return
        try:
            with transaction.atomic():
                self._lease.write()
                self._write(runs, target)
                transaction.on_commit(lambda: job_changed(self._lease.job_pk))
        except (DatabaseError, InterfaceError) as error:
            logger.warning("What was seen of job %s is not written yet: %s", self._lease.job_pk, error)
            connection.close()
            return
        self._written = runs

    def _write(self, runs: list[Run], target: Target) -> None:
        """Only the last run that was written can have grown since."""
        first = max(0, len(self._written) - 1)
        for place, run in enumerate(runs[first:], first):
            row = AvailabilitySpan(
                pk=self._rows[place].pk if place < len(self._rows) else None,
                job_id=self._lease.job_pk,
                began_at=run.began_at,
                ended_at=run.ended_at,
                is_up=run.is_up,
                probes=run.probes,
                method=str(target),
            )
            row.save()
            self._rows[place:] = [row]


def _keys_before_outage(job: MigrationJob, plan: Plan) -> set[str]:
    """Of the steps between the long copy of the disks and the outage."""
    ahead = takewhile(lambda step: not step.begins_outage, (step for _, step in recipe_for(plan, holds=job.holds)))
    after_copy = dropwhile(lambda step: step.key != CopyFrozenLayers.key, ahead)
    return {step.key for step in after_copy} - {CopyFrozenLayers.key}
