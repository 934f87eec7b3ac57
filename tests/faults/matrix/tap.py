"""Sees each call of a worker to a host with the step that makes it, so that a fault strikes in that step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hosts.providers.hyperv.provider import HyperVProvider
from hosts.providers.hyperv.winrm_shell import WinRmShell
from hosts.providers.types import Endpoint
from migrations_app.models import JobStep, MigrationJob

READING = ("get-vm", "inspect-host", "sample-host", "list-works")


@dataclass(frozen=True, slots=True)
class Call:
    """A verb that goes to a host; `position` is that of the step in its recipe, None between steps and on the way
    back."""

    position: int | None
    host: str
    verb: str


def _nothing(_: Call) -> float | None:
    return None


class Tap:
    """One for each process. `on_call` may strike just before the call goes out; what it returns is the call's
    deadline in seconds, None for the usual one."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.on_call: Callable[[Call], float | None] = _nothing

    def close(self) -> None:
        """Nothing strikes any more; what was seen is forgotten."""
        self.calls, self.on_call = [], _nothing

    def pass_on(self, call: Call) -> float | None:
        self.calls.append(call)
        return self.on_call(call)


TAP = Tap()


class TappedShell:
    """A WinRM shell whose calls go by the tap."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._host = endpoint.name
        self._shell = WinRmShell(endpoint)

    def run(self, verb: str, parameters: Mapping[str, object], *, deadline_s: float) -> dict[str, Any]:
        own_deadline_s = TAP.pass_on(Call(running_step(), self._host, verb))
        return self._shell.run(verb, parameters, deadline_s=own_deadline_s or deadline_s)

    def close(self) -> None:
        self._shell.close()


def open_tapped(endpoint: Endpoint) -> HyperVProvider:
    """What takes the place of the Hyper-V provider in `hosts.providers.PROVIDERS`."""
    return HyperVProvider(endpoint, TappedShell(endpoint))


def running_step() -> int | None:
    """The journal says it: one job at a time runs here."""
    forward = {"job__status": MigrationJob.Status.RUNNING, "job__direction": MigrationJob.Direction.FORWARD}
    rows = JobStep.objects.filter(status=JobStep.Status.RUNNING, **forward)
    return rows.order_by("-position").values_list("position", flat=True).first()
