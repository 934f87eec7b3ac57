"""What a host can do for Ferry: one small abstract class a capability.

Every method blocks, raises only ProviderError, logs no secret and never retries by itself.
Every method that changes something looks before it makes: called twice it does no harm.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from hosts.providers.claims import Claim
from hosts.providers.types import (
    CopyOrder,
    HashOrder,
    HostFacts,
    HostLoad,
    Registration,
    RemoteFile,
    Vm,
    Work,
)


class Provider(ABC):
    """A connection to one host, for one thread. Close it, or use it in a with statement."""

    @abstractmethod
    def inspect(self) -> HostFacts:
        """The host, its volumes, networks and VMs in one round trip."""

    @abstractmethod
    def sample(self) -> HostLoad:
        """The load of the host and of its VMs at this moment."""

    @abstractmethod
    def close(self) -> None:
        """End the connection; harmless when already ended, raises nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class QuickMigrates(Provider):
    """Can give and take a VM by checkpoint, copy, save, restore and merge.

    `tag` is "ferry-<job id>". Whatever a job makes bears it, and only what bears it is ever removed.

    Changes are fenced on the host: those of one job are made one after the other, and never one that was ordered before
    another that has begun. So whatever was given up (a deadline, a dropped connection, a worker that lost its lease) is
    not made any more once a later one was. Every method that changes something raises Overtaken when it comes too late,
    WrongState while an earlier one is still under way on the host, and Refused without a claim.

    `look_again_s`: how long whoever follows a work may leave it alone, at most. On Hyper-V each look starts a process.
    """

    look_again_s: float = math.inf

    @abstractmethod
    def claim(self, claim: Claim) -> None:
        """Change things under this claim from now on; asks the host nothing."""

    @abstractmethod
    def find_vm(self, uid: str) -> Vm | None:
        """The VM with this id, or None."""

    @abstractmethod
    def mark(self, uid: str, tag: str, *, hold: bool) -> Vm:
        """Tag the VM; its automatic start action is noted with the tag. With `hold` its host also no longer starts
        it by itself, which a VM that runs still needs while its disks are copied. A VM marked without can be held
        later. Raises NotFound, or AlreadyExists when it bears another job's tag."""

    @abstractmethod
    def unmark(self, uid: str, tag: str) -> None:
        """Take every line of the tag away and give the automatic start action back; nothing if the VM or the tag
        is gone."""

    @abstractmethod
    def checkpoint(self, uid: str, name: str) -> Vm:
        """Make the checkpoint `name` unless there is one: the layers written until now are frozen."""

    @abstractmethod
    def save(self, uid: str, tag: str) -> Vm:
        """Keep the host from starting the VM by itself, then save the running VM's state and end it; a saved or off
        VM is only held. Returns it with its state files. Raises WrongState when it does not bear the tag."""

    @abstractmethod
    def start(self, uid: str, tag: str) -> Vm:
        """Start or restore the VM and give its automatic start action back; a running one only gets the latter.

        That it was ordered is written into the VM before (`start_ordered_by`) and taken away again only when this
        very call wrote it, the host refused and the VM stands as it stood: a VM without it was never started here
        by the tag. A VM that is between two states is waited for, a minute at most.
        Raises NotEnoughMemory, Incompatible, WrongState (also when the VM does not bear the tag).
        """

    @abstractmethod
    def share(self, path: str) -> RemoteFile:
        """How another host reads the file at `path` of this one, until the tag's traces are cleared here. May be called
        while another thread uses the connection."""

    @abstractmethod
    def start_works(
        self, tag: str, orders: Sequence[CopyOrder | HashOrder], *, limit_bytes_per_s: int = 0
    ) -> Sequence[Work]:
        """Begin every order in one round trip, in processes detached from the connection: a copy pulls a file here, a
        hash reads one of this host. Returns the works in the order given.

        A work that runs or is done is found as it is; one that is lost or failed goes on where it stopped (a hash:
        from its beginning). Orders may share a process: when it dies, all that it has not done are lost.
        Within two seconds all copies of the tag here together, also those that run already, go no faster than the
        limit (0: none), shared by those that run. Without orders only the limit changes.
        Raises AlreadyExists, before any is begun, when a destination exists that is not its work's.
        """

    @abstractmethod
    def works(self, tag: str) -> Sequence[Work]:
        """All detached work of this tag on this host, in the order it was begun."""

    @abstractmethod
    def register(self, registration: Registration) -> Vm:
        """Register the VM with its own id, disks and networks as ordered, saved as it came: it bears the tag, its
        host does not start it by itself, and no start of it was ordered. Raises AlreadyExists when a VM with this id
        is here and does not bear the tag, Incompatible with every reason of the host."""

    @abstractmethod
    def merge_checkpoints(self, uid: str, tag: str) -> Vm:
        """Begin to merge away the checkpoints whose name begins with the tag; `is_merging` of the VM says if it
        goes on. A later call tells how far it is."""

    @abstractmethod
    def remove_vm(self, uid: str, tag: str) -> None:
        """Remove the registration of a VM that bears the tag, never its files; nothing if it is gone.
        Raises WrongState when it runs or something is under way with it."""

    @abstractmethod
    def delete_files(self, paths: Sequence[str], tag: str) -> Sequence[str]:
        """Delete these files and folders left empty; returns those still in use. Refuses (WrongState) a file
        that a VM registered here still uses."""

    @abstractmethod
    def clear_traces(self, tag: str, *, destinations: Sequence[str] | None) -> None:
        """End the tag's works and remove their records. None keeps the files they made; a sequence, of all that the
        tag was ordered to copy here, also has the files deleted: every partial, and each destination of which a
        record that can be read says that its work made it. A file of somebody else at a destination stays.
        Raises WrongState while a work cannot be ended, or a VM that uses one of the files is starting or saving."""


class StreamsState(QuickMigrates):
    """Can send a paused VM's memory straight into the other host's hypervisor, without files between them."""

    @abstractmethod
    def pause(self, uid: str, tag: str) -> Vm:
        """Keep the host from starting the VM by itself, then pause it; a paused VM is only held. `start` goes on with
        it. Raises WrongState when it does not bear the tag, or is neither running nor paused."""

    @abstractmethod
    def send_state(self, registration: Registration, target: StreamsState) -> Vm:
        """Send the memory of the VM that is paused here to `target`, where its files are in place as ordered.

        Returns the VM as the target has it: paused, with the tag and the note that its start was ordered; here it is
        off then, still registered, tagged and held. `start` on the target goes on with it. Until the memory is there
        whole, a failure leaves the VM paused here and nothing of it on the target.
        Raises Incompatible, NotEnoughMemory, AlreadyExists, and WrongState when the VM is not paused here.
        """
