"""The verbs of plans of several moves: make, change, approve, discard, cancel. Nothing moves before the approval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser, User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from hosts.audit import Deed, record
from hosts.inventory import set_maintenance
from hosts.models import Host, VirtualMachine
from hosts.placement_defaults import placement_defaults
from hosts.providers.types import VmState
from migrations_app.engine.plan import Plan
from migrations_app.jobs import JobRefused, cancel_job, start_job
from migrations_app.models import BatchEntry, MigrationJob, MoveBatch
from migrations_app.placing import Placement, Placer, place_all
from migrations_app.schedule import Schedule

MOST_VMS = 200
_SENT_AGAIN_WITHIN = timedelta(minutes=10)
_AT_ONCE = Schedule()


class BatchRefused(Exception):
    """It cannot be done with this plan now; the message is a sentence for the person who asked."""


def plan_moves(
    vm_pks: Iterable[int],
    user: AbstractBaseUser | None,
    target: Host | None = None,
    groups: frozenset[int] | None = None,
) -> MoveBatch:
    """A plan for these VMs, each to the best rated host, or all to `target`. Raises BatchRefused for none, or too many.

    `groups`: keys of the host groups to which moves may go; None: all.
    """
    vms = list(_whole_vms().filter(pk__in=list(vm_pks)))
    check_number(len(vms))
    placements = place_all(Placer(placement_defaults(), groups), vms, target)
    return _draft(MoveBatch(kind=MoveBatch.Kind.SELECTED), placements, user)


def check_number(number: int) -> None:
    """Raises BatchRefused when a plan is not made for so many VMs."""
    if not number:
        raise BatchRefused("Select the virtual machines to migrate first.")
    if number > MOST_VMS:
        raise BatchRefused(f"{number:,} virtual machines are selected; a plan takes {MOST_VMS} at most.")


def plan_evacuation(host: Host, user: AbstractBaseUser | None, *, with_stopped: bool) -> MoveBatch:
    """A plan that empties the host; what does not run stays unless `with_stopped`."""
    batch = MoveBatch(kind=MoveBatch.Kind.EVACUATE, host=host, host_name=host.name, with_stopped=with_stopped)
    return _draft(batch, _evacuation(host, with_stopped=with_stopped), user)


def plan_anew(batch: MoveBatch, target: Host | None, groups: frozenset[int] | None = None) -> None:
    """Place everything again, on the hosts as they are now; on `target` alone if it is given. Raises BatchRefused.

    `groups`: keys of the host groups to which moves may go; None: all.
    """
    if batch.host is not None:
        placements = _evacuation(batch.host, with_stopped=batch.with_stopped, only=target)
    else:
        vms = _whole_vms().filter(pk__in=batch.entries.exclude(vm=None).values("vm"))
        placements = place_all(Placer(placement_defaults(), groups), vms, target)
    with transaction.atomic():
        _lock_draft(batch)
        before = _targets(batch)
        batch.entries.all().delete()
        _write(batch, placements)
        record(Deed.PLAN_CHANGED, _name(batch), before, _targets(batch))


def choose_target(batch: MoveBatch, entry: BatchEntry, target: Host) -> None:
    """Another target for one VM; the others stay where they are planned. Raises BatchRefused with the reason."""
    vm = _whole_vms().filter(pk=entry.vm_id).first() if entry.vm_id else None
    if vm is None:
        raise BatchRefused(f"{entry.vm_name} was removed from Ferry.")
    placement = placer_without(batch, entry).place(vm, target)
    if placement.plan is None:
        raise BatchRefused(placement.reason)
    _replace(batch, entry, placement)


def leave_out(batch: MoveBatch, entry: BatchEntry, user: AbstractBaseUser | None) -> None:
    """The VM stays where it is. Raises BatchRefused when it is too late."""
    name = user.get_username() if user else "somebody"
    if entry.vm is not None:
        _replace(batch, entry, Placement(entry.vm, reason=f"Left out of the plan by {name}."))


def placer_without(batch: MoveBatch, entry: BatchEntry, groups: frozenset[int] | None = None) -> Placer:
    """Knows what the other moves of the plan take of their targets."""
    placer = Placer(placement_defaults(), groups)
    others = batch.entries.exclude(pk=entry.pk).exclude(target=None).select_related("vm__host")
    for other in others.prefetch_related("vm__disks", "vm__adapters"):
        if other.vm is not None and other.target_id is not None and other.plan is not None:
            placer.reserve(other.vm, other.target_id, Plan.from_json(other.plan))
    return placer


def approve(batch: MoveBatch, user: AbstractBaseUser | None, schedule: Schedule = _AT_ONCE) -> None:
    """Order every move of the plan, in its order; a host that is evacuated takes in nothing from now on.

    Once: whoever comes second is refused. Raises BatchRefused. A move that is refused keeps its reason, and the others
    go on.
    """
    with transaction.atomic():
        batch.approved_at = timezone.now()
        _close_draft(batch, approved_at=batch.approved_at)
        record(Deed.PLAN_APPROVED, _name(batch), by=user)
        if batch.kind == MoveBatch.Kind.EVACUATE:
            if batch.host is None:
                raise BatchRefused(f"{batch.host_name} was removed from Ferry.")
            set_maintenance(batch.host, is_on=True)
    order_moves(batch, user, schedule)


def order_moves(batch: MoveBatch, user: AbstractBaseUser | None, schedule: Schedule = _AT_ONCE) -> None:
    """Order those moves of an approved plan that were not ordered or refused yet: after an interruption, the rest.

    Raises BatchRefused for a draft.
    """
    if batch.approved_at is None:
        raise BatchRefused("The plan was not approved yet.")
    for entry in batch.entries.filter(job=None, reason="").exclude(plan=None):
        try:
            job = start_job(Plan.from_json(entry.plan or {}), user, schedule=schedule)
        except JobRefused as refused:
            BatchEntry.objects.filter(pk=entry.pk, job=None).update(reason=str(refused))
        else:
            BatchEntry.objects.filter(pk=entry.pk).update(job=job, reason="")


def discard(batch: MoveBatch) -> None:
    """The plan is shown nowhere any more. Raises BatchRefused once it was approved."""
    with transaction.atomic():
        _close_draft(batch, discarded_at=timezone.now())
        record(Deed.PLAN_DISCARDED, _name(batch))


def cancel_moves(batch: MoveBatch, user: AbstractBaseUser | None, *, only_waiting: bool) -> list[str]:
    """Cancel the moves that have not begun, or all that are not over; the reasons of those that cannot be cancelled."""
    statuses = [MigrationJob.Status.QUEUED] if only_waiting else list(MigrationJob.OPEN)
    refusals = []
    for job in MigrationJob.objects.filter(batch_entry__batch=batch, status__in=statuses, cancel_requested=False):
        try:
            cancel_job(job, user)
        except JobRefused as refused:
            refusals.append(f"{job.vm_name}: {refused}")
    return refusals


def _evacuation(host: Host, *, with_stopped: bool, only: Host | None = None) -> list[Placement]:
    vms = list(_whole_vms().filter(host=host))
    staying = [vm for vm in vms if not with_stopped and vm.state in (VmState.OFF, VmState.SAVED)]
    going = [vm for vm in vms if vm not in staying]
    reason = "It does not run, and only what runs was to leave {}."
    placed = place_all(Placer(placement_defaults()), going, only)
    return [*placed, *(Placement(vm, reason=reason.format(host.name)) for vm in staying)]


def _draft(batch: MoveBatch, placements: Sequence[Placement], user: AbstractBaseUser | None) -> MoveBatch:
    """Written; or the draft of the very same moves that the person has just made: a form that was sent twice, by two
    clicks or by going back, makes one plan."""
    with transaction.atomic():
        if user is not None:  # of two at once the second one waits, and finds what the first one made
            list(User.objects.select_for_update().filter(pk=user.pk))
            made, moves = _latest_like(batch, user), {(it.vm.pk, it.target and it.target.pk) for it in placements}
            if made is not None and moves == set(made.entries.values_list("vm_id", "target_id")):
                return made
            batch.created_by_id = user.pk
        batch.save()
        _write(batch, placements)
        record(Deed.PLAN_MADE, _name(batch), {}, _targets(batch), by=user)
    return batch


def _latest_like(batch: MoveBatch, user: AbstractBaseUser) -> MoveBatch | None:
    drafts = MoveBatch.objects.filter(created_by_id=user.pk, approved_at=None, discarded_at=None)
    drafts = drafts.filter(created_at__gt=timezone.now() - _SENT_AGAIN_WITHIN)
    return drafts.filter(kind=batch.kind, host=batch.host, with_stopped=batch.with_stopped).first()


def _write(batch: MoveBatch, placements: Iterable[Placement]) -> None:
    BatchEntry.objects.bulk_create(
        BatchEntry(batch=batch, position=number, vm=it.vm, vm_name=it.vm.name, **_fields(it))
        for number, it in enumerate(placements, start=1)
    )


def _replace(batch: MoveBatch, entry: BatchEntry, placement: Placement) -> None:
    with transaction.atomic():
        _lock_draft(batch)
        before = _targets(batch)
        BatchEntry.objects.filter(pk=entry.pk).update(**_fields(placement))
        record(Deed.PLAN_CHANGED, _name(batch), before, _targets(batch))


def _fields(placement: Placement) -> dict[str, object]:
    return {
        "target": placement.target,
        "target_name": placement.target.name if placement.target else "",
        "stars": placement.stars,
        "plan": placement.plan.to_json() if placement.plan else None,
        "warnings": list(placement.warnings),
        "reason": placement.reason,
    }


def _name(batch: MoveBatch) -> str:
    return f"Plan {batch.pk}: {batch}"


def _targets(batch: MoveBatch) -> dict[str, str]:
    """Where each VM goes, for the audit log."""
    rows = batch.entries.values_list("position", "vm_name", "target_name")
    return {f"{position}. {vm_name}": f"to {target}" if target else "stays" for position, vm_name, target in rows}


def _close_draft(batch: MoveBatch, **fields: datetime) -> None:
    """Raises BatchRefused when somebody else was faster."""
    if not _drafts(batch).update(**fields):
        raise BatchRefused("The plan was approved or discarded already.")


def _lock_draft(batch: MoveBatch) -> None:
    """Nobody approves or changes the plan while the transaction lasts. Raises BatchRefused when it is no draft."""
    if not list(_drafts(batch).select_for_update().values_list("pk")):
        raise BatchRefused("The plan was approved or discarded already.")


def _drafts(batch: MoveBatch) -> QuerySet[MoveBatch]:
    return MoveBatch.objects.filter(pk=batch.pk, approved_at=None, discarded_at=None)


def _whole_vms() -> QuerySet[VirtualMachine]:
    return VirtualMachine.objects.select_related("host__group").prefetch_related("disks", "adapters")
