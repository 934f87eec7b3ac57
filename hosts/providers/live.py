"""What a host can do that moves a VM while it runs: the hypervisor itself sends disks and memory, and switches over."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from hosts.providers.base import QuickMigrates
from hosts.providers.types import Registration, WorkState


@dataclass(frozen=True, slots=True)
class LiveMove:
    """How far a live move is. LOST: nothing of it goes on, and the VM is where it was.

    Bytes are those of disks and memory together; the total grows while the VM writes. `pause_ms`: how long the VM stood
    still at the switch-over, once that is known. `error_kind` and `error` as in Work, when FAILED.
    """

    state: WorkState
    bytes_done: int = 0
    bytes_total: int = 0
    pause_ms: int | None = None
    error_kind: str | None = None
    error: str | None = None


class LiveMigrates(QuickMigrates):
    """Can move a running VM to a host of the same kind, with its storage, paused for a moment only."""

    @abstractmethod
    def start_live_move(
        self, registration: Registration, target: LiveMigrates, *, limit_bytes_per_s: int = 0, max_pause_ms: int = 300
    ) -> None:
        """Begin to move the VM that bears the tag, and return. It goes on for as long as both connections last; ended
        before its switch-over it is undone by the hypervisor: the VM runs here, and nothing of it is on the target.

        Every disk becomes one file at the place ordered for its last layer. Afterwards the VM runs on the target with
        the tag; here it is off, still registered, tagged and held, with its files. Nothing when it runs there already.
        Raises WrongState when the VM does not run here or bears no tag, AlreadyExists for a file in the way,
        Incompatible, NotEnoughMemory, NotEnoughSpace.
        """

    @abstractmethod
    def live_move(self, uid: str, tag: str) -> LiveMove:
        """How far it is. May be called from another connection to the source than the one that began it."""

    @abstractmethod
    def limit_live_move(self, uid: str, tag: str, limit_bytes_per_s: int) -> None:
        """How fast it may go from now on; 0: no limit."""

    @abstractmethod
    def cancel_live_move(self, uid: str, tag: str) -> None:
        """End it before its switch-over, and wait until the VM is as before; nothing when none is under way. Raises
        WrongState when it is past its switch-over."""
