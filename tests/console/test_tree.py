"""The tree of the left pane, where a group has more hosts than anybody scrolls through."""

from __future__ import annotations

from django.test import Client

from console.tree import MOST_HOSTS, build_tree
from hosts.models import Host
from tests.hosts.fleet import group, host


def test_a_large_group_shows_its_first_hosts_and_leaves_the_rest_to_the_list(signed_in: Client) -> None:
    made = [host(f"HV{number:03}") for number in range(MOST_HOSTS + 5)]

    text = signed_in.get("/vms/").content.decode()

    assert "5 more hosts" in text
    assert f'id="tree-host-{made[0].pk}"' in text
    assert f'id="tree-host-{made[-1].pk}"' not in text


def test_the_host_that_the_page_is_about_is_always_there(signed_in: Client) -> None:
    made = [host(f"HV{number:03}") for number in range(MOST_HOSTS + 5)]

    text = signed_in.get(f"/hosts/{made[-1].pk}/").content.decode()

    assert f'id="tree-host-{made[-1].pk}"' in text
    assert "4 more hosts" in text


def test_a_small_group_shows_all_of_them(db: None) -> None:
    host("HV01")

    assert (len(build_tree()[0].hosts), build_tree()[0].more) == (1, 0)


def test_a_closed_group_tells_how_many_of_its_hosts_need_somebody(db: None) -> None:
    inner = group("Rack 1", group("Berlin"))
    for number, state in enumerate(Host.State):
        host(f"HV{number}", group=inner, state=state)

    root = build_tree()[0]

    assert [branch.troubled for branch in (root, root.branches[0], root.branches[0].branches[0])] == [3, 3, 3]


def test_every_page_leads_to_the_hosts_that_need_somebody(signed_in: Client) -> None:
    host("HV01")
    host("HV02", state=Host.State.ACCESS_DENIED)

    assert "1 host needs somebody" in signed_in.get("/jobs/").content.decode()
    assert [row.host.name for row in signed_in.get("/hosts/?state=trouble").context["page"]] == ["HV02"]


def test_where_all_hosts_respond_nobody_is_called(signed_in: Client) -> None:
    host("HV01")

    assert "tree-trouble" not in signed_in.get("/jobs/").content.decode()
