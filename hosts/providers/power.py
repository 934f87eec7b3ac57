"""What a host can do that starts and ends virtual machines for a person, outside of any move."""

from __future__ import annotations

from abc import abstractmethod

from hosts.providers.base import Provider
from hosts.providers.claims import Claim
from hosts.providers.types import Vm


class Powers(Provider):
    """Can start, shut down, save and turn off a VM that no job has.

    A VM that bears the mark of a job may run on another host, with what it wrote since: every method looks for a mark
    on the host itself, in the call that would act, and raises WrongState when there is one. Each raises NotFound for a
    VM that is not here, WrongState when the VM's state does not allow it, and Overtaken and Refused as QuickMigrates
    does: the claim of such an order is its VM's, so that an older order that comes late does nothing. A VM that is
    already as ordered is left as it is.
    """

    @abstractmethod
    def claim(self, claim: Claim) -> None:
        """As QuickMigrates.claim."""

    @abstractmethod
    def find_vm(self, uid: str) -> Vm | None:
        """The VM with this id, or None."""

    @abstractmethod
    def start_vm(self, uid: str) -> Vm:
        """Start a VM that is off, restore one that is saved, resume one that is paused.
        Raises NotEnoughMemory, Incompatible."""

    @abstractmethod
    def shut_down(self, uid: str) -> Vm:
        """Ask the guest to shut down, and return within half a minute, whatever the guest makes of it: `find_vm` tells
        when the VM is off. Raises WrongState also when the guest has nothing that would hear it."""

    @abstractmethod
    def save_vm(self, uid: str) -> Vm:
        """Save the state of a VM that runs or is paused, and end it. Returns when it is saved. Raises NotEnoughSpace;
        then the VM goes on running."""

    @abstractmethod
    def turn_off(self, uid: str) -> Vm:
        """End a VM as if its plug were pulled; its guest loses what it has not written. Also while it shuts down."""
