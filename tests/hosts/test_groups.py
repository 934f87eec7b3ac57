"""Host groups: a tree without cycles, with one group of a name in each, and hosts that go from one to another."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from hosts.groups import MOST_LEVELS, GroupRefused, add_group, change_group, regroup_hosts, remove_group
from hosts.inventory import root_group
from hosts.models import AuditRecord, Host, HostGroup
from tests.hosts.fleet import group, host

pytestmark = pytest.mark.django_db


def latest() -> AuditRecord:
    return AuditRecord.objects.all()[0]


def refused(call: object, *given: object) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as found:
        call(*given)  # type: ignore[operator]
    return found.value.message_dict


def test_a_group_begins_with_the_reserves_of_the_group_it_is_in() -> None:
    HostGroup.objects.filter(pk=root_group().pk).update(memory_reserve_mb=512)

    made = add_group("Berlin", root_group().pk)

    assert (made.memory_reserve_mb, made.parent) == (512, root_group())
    assert (latest().deed, latest().about, latest().after) == (
        "group-added",
        "Host group Berlin",
        {"name": "Berlin", "in": "All Hosts"},
    )


def test_a_group_moves_with_all_that_is_in_it_and_gets_another_name() -> None:
    berlin, hamburg = group("Berlin"), group("Hamburg")
    rack = group("Rack 1", berlin)

    change_group(berlin.pk, "Potsdam", hamburg.pk)

    rack.refresh_from_db()
    assert [rack.parent and rack.parent.name, rack.parent and rack.parent.parent] == ["Potsdam", hamburg]
    assert latest().before == {"name": "Berlin", "in": "All Hosts"}
    assert latest().after == {"name": "Potsdam", "in": "Hamburg"}


@pytest.mark.parametrize("levels_down", [0, 1, 2])
def test_a_group_is_never_inside_itself(levels_down: int) -> None:
    chain = [group("A")]
    for name in "BC":
        chain.append(group(name, chain[-1]))

    found = refused(change_group, chain[0].pk, "A", chain[levels_down].pk)

    assert found == {"parent": ["A cannot be inside itself. Choose a group outside of it."]}
    assert HostGroup.objects.get(name="A").parent == root_group()


def test_a_group_has_one_group_of_a_name_whatever_its_case() -> None:
    berlin, hamburg = group("Berlin"), group("Hamburg")

    assert refused(add_group, "BERLIN", root_group().pk) == {"name": ["All Hosts has a group named BERLIN already."]}
    assert refused(change_group, hamburg.pk, "berlin", root_group().pk)
    assert add_group("Berlin", berlin.pk).parent == berlin
    assert change_group(berlin.pk, "BERLIN", root_group().pk).name == "BERLIN"


def test_groups_do_not_get_deeper_than_the_pages_can_show() -> None:
    last = root_group()
    for level in range(2, MOST_LEVELS + 1):
        last = add_group(f"Level {level}", last.pk)
    beside = group("Beside")
    group("In it", beside)

    assert "parent" in refused(add_group, "One more", last.pk)
    assert "parent" in refused(change_group, beside.pk, "Beside", last.parent_id)


def test_the_root_keeps_its_name_and_its_place_and_is_never_removed() -> None:
    root, berlin = root_group(), group("Berlin")

    with pytest.raises(GroupRefused, match="keeps its name and its place"):
        change_group(root.pk, "Everything", berlin.pk)
    with pytest.raises(GroupRefused, match="never removed"):
        remove_group(root.pk)


def test_only_an_empty_group_is_removed() -> None:
    berlin = group("Berlin")
    rack = group("Rack 1", berlin)
    made = host("HV01", group=rack)

    with pytest.raises(GroupRefused, match="Berlin has groups in it: Rack 1"):
        remove_group(berlin.pk)
    with pytest.raises(GroupRefused, match="Rack 1 has hosts in it: HV01"):
        remove_group(rack.pk)
    made.delete()

    assert (remove_group(rack.pk), remove_group(berlin.pk)) == ("Rack 1", "Berlin")
    assert latest().deed == "group-removed"


def test_hosts_go_into_another_group_and_each_is_recorded() -> None:
    berlin = group("Berlin")
    hosts = [host(f"HV0{n}") for n in range(1, 6)]

    said = regroup_hosts([each.pk for each in hosts], berlin.pk)

    assert said == "HV01, HV02, HV03 and 2 more are in Berlin now."
    assert set(Host.objects.values_list("group__name", flat=True)) == {"Berlin"}
    assert AuditRecord.objects.filter(deed="host-group").count() == 5
    assert (latest().before, latest().after) == ({"group": "All Hosts"}, {"group": "All Hosts / Berlin"})


def test_a_host_that_is_there_already_is_not_recorded() -> None:
    made = host("HV01")

    assert regroup_hosts([made.pk], made.group_id) == "HV01 is in All Hosts already."
    assert not AuditRecord.objects.exists()


def test_what_was_removed_meanwhile_is_said() -> None:
    berlin, made = group("Berlin"), host("HV01")
    gone = berlin.pk + 1000

    assert refused(add_group, "Rack 1", gone) == {"parent": ["The group was removed meanwhile. Choose another one."]}
    for late in (lambda: change_group(gone, "X", berlin.pk), lambda: remove_group(gone)):
        with pytest.raises(GroupRefused, match="The group was removed meanwhile"):
            late()
    with pytest.raises(GroupRefused, match="No host was moved"):
        regroup_hosts([made.pk], gone)
    assert "1 of the selected hosts was removed" in regroup_hosts([made.pk, made.pk + 1], berlin.pk)
