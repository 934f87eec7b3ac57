"""The columns of the matrix: what is done to a move, and where in a step."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from typing import ClassVar

import pytest
from django.db import connection

from lab.hyperv.faults import COPY, FaultKind
from lab.hyperv.faults import Fault as Order
from migrations_app.jobs import JobRefused, cancel_job
from migrations_app.models import JobStep, MigrationJob
from tests.faults.matrix.bench import Worker, expire_lease, forget_refreshes
from tests.faults.matrix.deaths import HELD_S
from tests.faults.matrix.points import Moment, Stage, StepCall, StepCalls
from tests.faults.matrix.scene import Column, Once, Scene
from tests.faults.matrix.tap import READING, TAP, Call

REFUSAL = "Refused by the test."
LOCKED_S = 5.0
_DEADLINE_S = 1.0
_FOR_EVER_S = 120.0
_IN_WORDS = {Moment.BEFORE: "before", Moment.MIDDLE: "in the middle of", Moment.AFTER: "after"}


class IsRefused(Column):
    key, title, each_call = "refused", "the verb is refused", True

    def act(self, scene: Scene, call: Call) -> float | None:
        scene.bench.lab.host(call.host).fail(call.verb, "WrongState", REFUSAL)
        return None


class Hangs(Column):
    key, title, each_call = "hangs", "the verb hangs past its deadline", True

    def act(self, scene: Scene, call: Call) -> float | None:
        scene.bench.lab.host(call.host).hang(call.verb, _FOR_EVER_S)
        return _DEADLINE_S


class DropsBefore(Column):
    key, title, each_call = "drops-before", "the connection drops before the host has acted", True

    def act(self, scene: Scene, call: Call) -> float | None:
        scene.bench.lab.host(call.host).drop_before(call.verb)
        return None


class DropsAfter(Column):
    key, title, each_call = "drops-after", "the connection drops after the host has acted", True

    def act(self, scene: Scene, call: Call) -> float | None:
        scene.bench.lab.host(call.host).drop_after(call.verb)
        return None


class ComesLate(Column):
    """The call reaches its host, its worker loses it at once, and the host carries it out when the job has ended."""

    key, title, each_call = "late", "the call is given up, and acts when the job has ended", True

    def where(self, step: StepCalls) -> Sequence[StepCall]:
        return [call for call in super().where(step) if call.verb not in READING]

    def strike(self, scene: Scene) -> str:
        said = super().strike(scene)
        for host in scene.bench.lab.hosts():
            host.let_late_calls_act()
        return said

    def act(self, scene: Scene, call: Call) -> float | None:
        scene.bench.lab.host(call.host).late(call.verb)
        return None


class HostDies(Column):
    """Its power fails: the host's process, its guests and its works end by SIGKILL."""

    def __init__(self, side: str, moment: Moment) -> None:
        self._side = side
        self.moment = moment
        self.key = f"{side}-dies-{moment}"  # type: ignore[misc]
        self.title = f"the {side} dies {_IN_WORDS[moment]} the step"  # type: ignore[misc]

    def strike(self, scene: Scene) -> str:
        matches = {Moment.BEFORE: scene.is_first, Moment.MIDDLE: self._is_middle(scene), Moment.AFTER: scene.is_over}
        once = Once(matches[self.moment], lambda call: self.act(scene, call))
        TAP.on_call = once
        said = scene.bench.run_to_the_end(scene.job)
        assert once.is_done, "The fault never struck."
        return said

    def act(self, scene: Scene, call: Call) -> float | None:
        """In the middle: when it has acted and not answered; of a copy: while the bytes go over."""
        host = scene.host(self._side)
        is_asked = call.host == host.name
        if self.moment is Moment.MIDDLE and is_asked and not scene.step.copies:
            host.kill_after(call.verb)
        elif self.moment is Moment.BEFORE and is_asked:
            host.kill_before(call.verb)
        else:
            host.kill()
        return None

    def _is_middle(self, scene: Scene) -> Callable[[Call], bool]:
        middle, of = scene.step.middle, scene.step.position

        def matches(call: Call) -> bool:
            if call.position == of and call.verb == "start-works" and call.host == scene.job.target_name:
                scene.host("target").order(Order(COPY, FaultKind.HANG, seconds=HELD_S))
            return (call.position, call.host, call.verb) == (of, scene.host(middle.side).name, middle.verb)

        return matches


class WorkerDies(Column):
    """A real worker process ends by SIGKILL; another worker goes on when its lease has run out."""

    def __init__(self, moment: Moment) -> None:
        self._moment = moment
        self.key = f"worker-dies-{moment}"  # type: ignore[misc]
        self.title = f"the worker dies {_IN_WORDS[moment]} the step"  # type: ignore[misc]

    def strike(self, scene: Scene) -> str:
        verb = scene.step.middle.verb
        scene.killed.die(scene.job.pk, scene.step.position, self._moment, verb)
        forget_refreshes()
        return scene.bench.run_to_the_end(scene.job)

    def act(self, scene: Scene, call: Call) -> float | None:
        raise NotImplementedError


class DiskFills(Column):
    """From the step on; there is room again when the job has ended or waits."""

    def __init__(self, side: str) -> None:
        self._side = side
        self.key = f"{side}-fills"  # type: ignore[misc]
        self.title = f"the {side}'s disk fills"  # type: ignore[misc]

    def act(self, scene: Scene, call: Call) -> float | None:
        scene.host(self._side).fill("D:")
        return None


class ByteIsWrong(Column):
    key, title = "corrupt", "a byte is corrupted in flight"

    def where(self, step: StepCalls) -> Sequence[StepCall]:
        return [step.main] if step.copies else []

    def act(self, scene: Scene, call: Call) -> float | None:
        scene.host("target").corrupt_copy(offset=100)
        return None


class LeaseIsLost(Column):
    """The worker stands still before the step's main call until another one has ended the job; then its call lands."""

    key, title = "lease-lost", "the lease is lost to another worker, which ends the move"
    cancels: ClassVar[bool] = False

    def strike(self, scene: Scene) -> str:
        held, release = threading.Event(), threading.Event()

        def hold(_: Call) -> None:
            connection.close()
            held.set()
            release.wait(_FOR_EVER_S)

        TAP.on_call = Once(scene.is_struck, hold)
        late = Worker(scene.job.pk, "late")
        late.start()
        try:
            assert held.wait(30), "The fault never struck."
            said = self._end_by_another(scene)
            rows = _rows(scene.job)
        finally:
            release.set()
            late.join(30)
        assert late.error is None, late.error
        assert _rows(scene.job) == rows, "The worker without a lease wrote to the job."
        return said

    def act(self, scene: Scene, call: Call) -> float | None:
        raise NotImplementedError

    def _end_by_another(self, scene: Scene) -> str:
        if self.cancels:
            cancel_job(scene.job, None)
        while MigrationJob.objects.get(pk=scene.job.pk).owner == "late":
            expire_lease(scene.job)
            scene.bench.work(scene.job)
        return scene.bench.run_to_the_end(scene.job)


class LeaseIsLostAndCancelled(LeaseIsLost):
    key, title = "lease-lost-undone", "the lease is lost to another worker, which undoes the move"
    cancels = True

    def where(self, step: StepCalls) -> Sequence[StepCall]:
        return [step.main] if step.stage is Stage.BEFORE else []


class DatabaseIsLocked(Column):
    key, title = "locked", "the database is locked for five seconds"

    def act(self, scene: Scene, call: Call) -> float | None:
        locked = threading.Event()
        threading.Thread(target=_lock, args=(str(connection.settings_dict["NAME"]), locked), daemon=True).start()
        locked.wait(30)
        return None


class Abandoned(BaseException):
    """The worker ends here, and nobody catches it."""


class RunsAgain(Column):
    """The worker is gone when the step is done, and its row is as if it had never run."""

    key, title = "again", "the step runs a second time"

    def strike(self, scene: Scene) -> str:
        once = Once(scene.is_over, lambda call: self.act(scene, call))
        TAP.on_call = once
        worker = Worker(scene.job.pk, "first")
        worker.start()
        worker.join()
        assert isinstance(worker.error, Abandoned), "The fault never struck."
        row = JobStep.objects.filter(job=scene.job, position=scene.step.position)
        row.update(status=JobStep.Status.PENDING, result={}, bytes_done=0, started_at=None, ended_at=None)
        expire_lease(scene.job)
        return scene.bench.run_to_the_end(scene.job)

    def act(self, scene: Scene, call: Call) -> float | None:
        raise Abandoned


class IsCancelled(Column):
    key, title = "cancelled", "somebody cancels"

    def act(self, scene: Scene, call: Call) -> float | None:
        if scene.step.stage is Stage.BEFORE:
            cancel_job(scene.job, None)
        else:
            with pytest.raises(JobRefused):
                cancel_job(scene.job, None)
        return None


COLUMNS: tuple[Column, ...] = (
    IsRefused(),
    Hangs(),
    DropsBefore(),
    DropsAfter(),
    ComesLate(),
    *(HostDies(side, moment) for side in ("source", "target") for moment in Moment),
    *(WorkerDies(moment) for moment in Moment),
    DiskFills("source"),
    DiskFills("target"),
    ByteIsWrong(),
    LeaseIsLost(),
    LeaseIsLostAndCancelled(),
    DatabaseIsLocked(),
    RunsAgain(),
    IsCancelled(),
)


def _lock(database: str, locked: threading.Event) -> None:
    """As a backup or a second console does it that writes for a long time."""
    with sqlite3.connect(database, timeout=30, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        locked.set()
        time.sleep(LOCKED_S)
        other.execute("ROLLBACK")
    other.close()


def _rows(job: MigrationJob) -> tuple[object, ...]:
    row = MigrationJob.objects.values_list("status", "fence", "version", "last_event", "phase").get(pk=job.pk)
    return (*row, *job.steps.values_list("status", "ended_at"), job.events.count())
