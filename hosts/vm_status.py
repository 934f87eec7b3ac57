"""How a virtual machine is, in the words of its Status column, where the database filters and sorts by them."""

from __future__ import annotations

from django.db.models import Case, CharField, Value, When

from hosts.models import STATUS_WORDS, Host, VirtualMachine

_UNDER_WAY = [activity for activity in VirtualMachine.Activity if activity]

STATUSES = [
    *STATUS_WORDS.values(),
    *(activity.label for activity in _UNDER_WAY),
    "Missing",
    "Host Not Responding",
    "Merging Checkpoint",
]


def status_word() -> Case:
    """What VirtualMachine.status says, of a query of virtual machines."""
    return Case(
        *(When(activity=activity, then=Value(str(activity.label))) for activity in _UNDER_WAY),
        When(is_missing=True, then=Value("Missing")),
        When(host__state=Host.State.NOT_RESPONDING, then=Value("Host Not Responding")),
        When(is_merging=True, then=Value("Merging Checkpoint")),
        *(When(state=state, then=Value(word)) for state, word in STATUS_WORDS.items()),
        default=Value("Unknown"),
        output_field=CharField(),
    )
