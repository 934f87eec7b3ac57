"""Workers of the in-memory world to whom something happens at a chosen call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from hosts.providers.errors import HostUnreachable, Refused
from hosts.providers.types import Vm
from tests.fakes.world import FakeProvider


class Blow(StrEnum):
    """What happens at the call: to the worker, to the connection, to the host, or somebody cancels.

    LATE: the worker gives the call up, and the host carries it out when the test says so.
    """

    NONE = "none"
    KILLED_BEFORE = "killed before"
    KILLED_AFTER = "killed after"
    LATE = "late"
    DROPS_BEFORE = "drops before"
    DROPS_AFTER = "drops after"
    REFUSED = "refused"
    CUT_OFF_BEFORE = "cut off before"
    CUT_OFF_AFTER = "cut off after"
    POWER_FAILS = "power fails after"
    CANCELLED = "cancelled"


class Killed(BaseException):
    """The worker is gone: nobody catches this."""


@dataclass
class Fate:
    """`blow` falls at the `nth` call of `verb`. `doubles`: VMs that were started while they ran. `cancel`: what
    somebody does who cancels."""

    verb: str = ""
    nth: int = 1
    blow: Blow = Blow.NONE
    doubles: list[str] = field(default_factory=list)
    cancel: Callable[[], None] = lambda: None

    def falls(self, verb: str, *blows: Blow) -> bool:
        """One of these blows falls now; it falls once."""
        is_now = verb == self.verb and self.nth == 0 and self.blow in blows
        if is_now:
            self.blow = Blow.NONE
        return is_now


FATE = Fate()


class MortalProvider(FakeProvider):
    """What stands for a worker's connection to a host."""

    def start(self, uid: str, tag: str) -> Vm:
        try:
            return super().start(uid, tag)
        except AssertionError as double:
            FATE.doubles.append(str(double))
            raise

    def _enter(self, verb: str) -> None:
        if verb == FATE.verb:
            FATE.nth -= 1
        if FATE.falls(verb, Blow.CANCELLED):
            FATE.cancel()
        if FATE.falls(verb, Blow.CUT_OFF_BEFORE):
            self._host.is_down = True
        if FATE.falls(verb, Blow.KILLED_BEFORE):
            raise Killed
        if FATE.falls(verb, Blow.LATE):
            self._host.late(verb)
        if FATE.falls(verb, Blow.DROPS_BEFORE):
            raise HostUnreachable(self._host.name, "The connection dropped.")
        if FATE.falls(verb, Blow.REFUSED):
            raise Refused(self._host.name, "No.")
        super()._enter(verb)

    def _after(self, verb: str) -> None:
        super()._after(verb)
        if FATE.falls(verb, Blow.POWER_FAILS):
            for uid in list(self._host.vms):
                self._host.reboot(uid)
        if FATE.falls(verb, Blow.KILLED_AFTER):
            raise Killed
        if FATE.falls(verb, Blow.CUT_OFF_AFTER):
            self._host.is_down = True
            raise HostUnreachable(self._host.name, "Nothing answers.")
        if FATE.falls(verb, Blow.DROPS_AFTER):
            raise HostUnreachable(self._host.name, "The connection dropped.")
