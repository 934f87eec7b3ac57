"""What a worker does with a live check that a page asked for."""

from __future__ import annotations

from django.utils import timezone

from hosts.models import Host, ThoroughCheck, VirtualMachine
from hosts.rating_options import options_from
from hosts.thorough import check_thoroughly
from hosts.thorough_types import thorough_record

State = ThoroughCheck.State


def answer_check(check_id: int) -> None:
    """Nothing if it is gone, or another worker has it. It fails when the VM or the host was removed meanwhile."""
    if not _move(check_id, State.QUEUED, State.RUNNING):
        return
    check = ThoroughCheck.objects.select_related("vm", "host").get(pk=check_id)
    try:
        thorough = check_thoroughly(check.vm, check.host, options_from(check.options))
    except (Host.DoesNotExist, VirtualMachine.DoesNotExist):
        _move(check_id, State.RUNNING, State.FAILED)
        return
    rows = ThoroughCheck.objects.filter(pk=check_id, state=State.RUNNING)
    rows.update(state=State.DONE, done_at=timezone.now(), result=thorough_record(thorough))


def _move(check_id: int, before: State, after: State) -> bool:
    return ThoroughCheck.objects.filter(pk=check_id, state=before).update(state=after) == 1
