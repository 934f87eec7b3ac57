"""The live check of one host for one VM: both hosts are asked again, and what has changed is told.

Runs in a worker, never in a web request. Nothing is written on a host: what `Compare-VM` would say needs the VM's files
on the target, so that part waits for the move itself (docs/ratings.md).
"""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone

from hosts.differences import differences
from hosts.inventory import refresh_anew
from hosts.models import Host, VirtualMachine
from hosts.placement import Rated, rate_host
from hosts.rating_types import Options
from hosts.thorough_findings import findings_of
from hosts.thorough_types import FindingLevel, Thorough, ThoroughFinding

_BY_DEFAULT = Options()


def check_thoroughly(vm: VirtualMachine, host: Host, options: Options = _BY_DEFAULT) -> Thorough:
    """What both hosts say now, rated again, beside what the rows said before."""
    asked_at = timezone.now()
    vm, host = _row(vm), Host.objects.select_related("group").get(pk=host.pk)
    before, told_at = rate_host(vm, host, options), host.last_contact_at
    silent = list(_refresh(vm.host, host))
    fresh = Host.objects.select_related("group").get(pk=host.pk)
    vm_now = _row(vm)
    after = rate_host(vm_now, fresh, options)
    age_s = (asked_at - told_at).total_seconds() if told_at else None
    return Thorough(
        asked_at=asked_at,
        cheap_stars=before.rating.stars,
        stars=None if silent else after.rating.stars,
        findings=tuple(silent or _findings(vm_now, fresh, after)),
        differences=tuple(differences(before, after, age_s)),
    )


def _row(vm: VirtualMachine) -> VirtualMachine:
    return VirtualMachine.objects.select_related("host__group").prefetch_related("disks", "adapters").get(pk=vm.pk)


def _refresh(*hosts: Host) -> Iterator[ThoroughFinding]:
    """Fresh rows, also when another refresh is under way: that one began before we asked. Tells what went wrong."""
    late = refresh_anew(*hosts, wants_load=True)
    for host in hosts:
        if host.state != Host.State.RESPONDING:
            yield ThoroughFinding(FindingLevel.ERROR, f"{host.name}: {host.state_reason}", host.state_action)
        elif host in late:
            text = f"{host.name} is still answering an earlier question; it could not be asked again."
            yield ThoroughFinding(FindingLevel.ERROR, text, "Check again in a minute.")


def _findings(vm: VirtualMachine, host: Host, rated: Rated) -> Iterator[ThoroughFinding]:
    """The rating's reasons first, then the path and the networks that the next pages begin with."""
    if vm.is_missing:
        yield ThoroughFinding(FindingLevel.ERROR, f"{vm.name} is not on {vm.host.name} any more.", "Refresh the list.")
    for reason in rated.rating.zero_reasons:
        level = FindingLevel.ERROR if reason.is_blocking else FindingLevel.WARNING
        yield ThoroughFinding(level, reason.text, reason.action)
    yield from findings_of(rated, vm, host)
