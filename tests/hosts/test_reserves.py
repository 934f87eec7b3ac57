"""A host's reserves are its own where it has some, and its group's otherwise; this machine is watched only."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from hosts.inventory import add_this_machine, refresh_host
from hosts.models import Host, HostGroup
from hosts.placement import rate_host
from hosts.rating_types import Reserves
from hosts.reserves import FIELDS, effective_reserves, group_reserves
from hosts.rules import Rule
from tests.hosts.memory import Neighbourhood, make_vm

IN_ORDER = ("cpu_percent", "memory_mb", "disk_mb", "max_disk_iops", "network_percent")


def test_without_its_own_a_host_has_those_of_its_group(hv01: Host) -> None:
    HostGroup.objects.update(memory_reserve_mb=512)

    hv01 = Host.objects.get()
    assert effective_reserves(hv01) == group_reserves(hv01.group) == Reserves(memory_mb=512)


@pytest.mark.parametrize(("field", "reserve"), list(zip(FIELDS, IN_ORDER, strict=True)))
def test_each_can_be_overridden_alone_and_by_nothing_at_all(hv01: Host, field: str, reserve: str) -> None:
    setattr(hv01, field, 0)

    assert effective_reserves(hv01) == Reserves(**{reserve: 0})


def test_a_rating_goes_by_the_hosts_own(hv01: Host, hv02: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].has(make_vm("WEB01"))
    refresh_host(hv01)
    Host.objects.filter(pk=hv02.pk).update(memory_reserve_mb=12_000, max_disk_iops=600)

    rating = rate_host(hv01.vms.get(), hv02).rating

    assert [factor.capacity for factor in rating.factors] == [90, 4_384, 600, 90]
    assert [reason.rule for reason in rating.zero_reasons] == [Rule.MEMORY]


def test_this_machine_is_a_host_that_is_watched_and_never_chosen(
    hv01: Host, network: Neighbourhood, admin: User
) -> None:
    network.hosts["hv01"].has(make_vm("WEB01"))
    refresh_host(hv01)

    here = add_this_machine(admin, "Console")

    assert (here.state, here.vms.count(), here.samples.count()) == (Host.State.RESPONDING, 0, 1)
    assert here.memory_mb > here.samples.get().memory_used_mb > 0
    rating = rate_host(hv01.vms.get(), here).rating
    assert (rating.zero_reasons[0].rule, rating.is_blocked) == (Rule.SOFTWARE, True)
