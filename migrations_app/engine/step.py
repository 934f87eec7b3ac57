"""What a step is, and what it is given. A step knows providers and types, and nothing else of Ferry."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from hosts.providers.base import QuickMigrates
from hosts.providers.errors import NotFound
from hosts.providers.types import Vm
from migrations_app.engine.holding import CutOver
from migrations_app.engine.plan import Plan
from migrations_app.engine.rounds import StepRecord


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found, as a sentence; `action` says what to do about it."""

    level: Level
    text: str
    action: str = ""


class StepRefused(Exception):
    """The step cannot be done, for a reason an operator can mend."""

    def __init__(self, message: str, action: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.action = action


class PastReturn(Exception):
    """It cannot be undone any more: the target has the VM."""


class Waiting(Exception):
    """The step has to wait for long: the job is given back, with its slots, and taken up again at `until`.

    `phase` is shown as the job's, `text` says the same in a sentence.
    """

    def __init__(self, until: datetime, phase: str, text: str) -> None:
        super().__init__(text)
        self.until = until
        self.phase = phase
        self.text = text


class Progress(Protocol):
    """How a step tells where it is, and learns that it shall stop."""

    def report(self, bytes_done: int, bytes_total: int) -> None:
        """Bytes of this step. Cheap: written at most twice a second."""

    def say(self, text: str) -> None:
        """Add an event to the job's log."""

    def keep(self, result: Copied) -> None:
        """Write down what the step has reached so far: a crash does not take it away."""

    def limit_bytes_per_s(self) -> int:
        """How fast all files of the job together may travel now; 0: no limit. It may change at any time."""

    def wait(self, at_most_s: float) -> None:
        """Pause between two polls of a host. Raises what ends the step: a cancel, a deadline, a lost lease."""


@dataclass(frozen=True, slots=True)
class FileProof:
    """A file that was copied and proved equal: both ends gave the same SHA-256 `digest` (lower-case hex).

    `stamp`: the source's stamp before it was hashed: nobody may write to the file until the target has it.
    `sent_bytes`: what travelled; less than its size where the file is sparse, more where a part was sent again.
    """

    source_path: str
    target_path: str
    size_bytes: int
    digest: str
    stamp: str = ""
    sent_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Copied:
    """The result of a copying step; `note` is shown beside it."""

    files: tuple[FileProof, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Synced(Copied):
    """The result of the step that holds: see StepRecord. Times are seconds since 1970."""

    frozen_at: float | None = None
    looks: tuple[float, ...] = ()


def _at_once() -> CutOver:
    return CutOver()


def _clock() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """One job's world while a step runs.

    `tag` marks everything the job makes; `proofs` are the files that earlier steps copied; `recheck` looks at
    both hosts anew and runs the wizard's checks again; `start_was_ordered`: the target may have been told to start.
    `past` are the steps before this one, and this one as it was left, with the `own_files` it kept; `cut_over` asks
    what people want by now.
    """

    tag: str
    plan: Plan
    source: QuickMigrates
    target: QuickMigrates
    progress: Progress
    proofs: tuple[FileProof, ...]
    recheck: Callable[[], Sequence[Finding]]
    start_was_ordered: bool = False
    past: tuple[StepRecord, ...] = ()
    own_files: tuple[FileProof, ...] = ()
    cut_over: Callable[[], CutOver] = _at_once
    now: Callable[[], datetime] = _clock

    def source_vm(self) -> Vm:
        """The VM on its source. Raises NotFound when it is not there any more."""
        found = self.source.find_vm(self.plan.vm_uid)
        if found is None:
            raise NotFound(self.plan.source_name, f"{self.plan.vm_name} is not on {self.plan.source_name} any more.")
        return found

    def wait(self) -> None:
        """As Progress.wait, as long as both hosts want to be left alone."""
        self.progress.wait(max(self.source.look_again_s, self.target.look_again_s))


def bears(vm: Vm, tag: str) -> bool:
    """Whether the VM is marked with exactly this tag: a line of its notes begins with it."""
    return any(line.split()[:1] == [tag] for line in vm.notes.splitlines())


class Step(ABC):
    """One entry of a recipe.

    `run` looks before it makes, so that it can run again after a crash; `undo` succeeds on nothing.
    `begins_outage`/`ends_outage`: the VM stops answering when `run` begins / answers again when it returns.
    `commits`: once it has run the target has the VM, and the job only goes forward.
    `undo_can_wait`: undoing it may be put off while a host does not answer (it may not be put off when a host
    refuses); the VM does not depend on it.
    `is_gate`: what it found holds only at that moment. Until the step after it has begun, a worker that takes up the
    job runs it again.
    """

    key: str
    title: str
    phase: str
    begins_outage: bool = False
    ends_outage: bool = False
    commits: bool = False
    undo_can_wait: bool = False
    is_gate: bool = False

    def weigh(self, ctx: Context) -> str:
        """Asked before the step is begun: why it is skipped, as a sentence, or "" to run it. Changes nothing.
        Raises what `run` may raise."""
        del ctx
        return ""

    @abstractmethod
    def run(self, ctx: Context) -> Copied | None:
        """Do it. Raises ProviderError, StepRefused or Waiting."""

    def undo(self, ctx: Context) -> None:
        """Take it back. Raises ProviderError, or PastReturn when the target has the VM by now."""
        del ctx
