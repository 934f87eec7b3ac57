"""Which icon and which tone go with a state; the word for it stands beside them."""

from __future__ import annotations

from django import template

from hosts.models import Host, VirtualMachine
from hosts.providers.types import VmState
from migrations_app.engine.step import Level
from migrations_app.models import JobStep, MigrationJob
from migrations_app.power_words import ACTIVITIES

register = template.Library()

Shown = VirtualMachine | MigrationJob | JobStep | Level

_VM_STATES = {
    VmState.RUNNING: ("play", "ok"),
    VmState.OFF: ("square", "off"),
    VmState.SAVED: ("save", "busy"),
    VmState.PAUSED: ("pause", "warn"),
}
_JOBS = {
    MigrationJob.Status.QUEUED: ("clock", "off"),
    MigrationJob.Status.RUNNING: ("arrow-right-left", "busy"),
    MigrationJob.Status.DONE: ("circle-check", "ok"),
    MigrationJob.Status.FAILED: ("circle-x", "bad"),
    MigrationJob.Status.CANCELLED: ("circle-slash", "off"),
}
_STEPS = {
    JobStep.Status.PENDING: ("circle", "off"),
    JobStep.Status.RUNNING: ("loader-circle", "busy"),
    JobStep.Status.DONE: ("circle-check", "ok"),
    JobStep.Status.FAILED: ("circle-x", "bad"),
    JobStep.Status.UNDONE: ("undo-2", "warn"),
    JobStep.Status.SKIPPED: ("skip-forward", "off"),
}
_LEVELS = {
    Level.OK: ("circle-check", "ok"),
    Level.WARNING: ("triangle-alert", "warn"),
    Level.ERROR: ("octagon-x", "bad"),
}


@register.filter
def icon_of(shown: Shown) -> str:
    return _look(shown)[0]


@register.filter
def tone_of(shown: Shown) -> str:
    """ok, warn, bad, busy or off."""
    return _look(shown)[1]


def _look(shown: Shown) -> tuple[str, str]:
    if isinstance(shown, VirtualMachine):
        return _look_of_vm(shown)
    if isinstance(shown, MigrationJob):
        return _JOBS[MigrationJob.Status(shown.status)]
    if isinstance(shown, JobStep):
        return _STEPS[JobStep.Status(shown.status)]
    return _LEVELS[shown]


def _look_of_vm(vm: VirtualMachine) -> tuple[str, str]:
    if vm.activity == VirtualMachine.Activity.UNDER_MIGRATION:
        return "arrow-right-left", "busy"
    if vm.activity == VirtualMachine.Activity.MIGRATION_FAILED:
        return "circle-x", "bad"
    if vm.activity in ACTIVITIES:
        return "loader-circle", "busy"
    if vm.is_missing:
        return "circle-question-mark", "warn"
    if vm.host.state == Host.State.NOT_RESPONDING:
        return "unplug", "warn"
    return _VM_STATES.get(VmState(vm.state), ("loader-circle", "busy"))
