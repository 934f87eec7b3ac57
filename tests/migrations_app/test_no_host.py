"""The wizard's list of hosts when there is none to choose: it says why, and what to do."""

from __future__ import annotations

import pytest

from hosts.models import Host, VirtualMachine
from tests.migrations_app.test_select_host import more_hosts
from tests.migrations_app.wizard import Wizard, said


def shown(wizard: Wizard, **query: str) -> str:
    return " ".join(said(wizard.get("migrate-host", target=None, on=None, **query)).split())


def test_a_filter_that_no_host_fits_offers_all_hosts(wizard: Wizard) -> None:
    text = shown(wizard, q="nowhere")

    assert "No host fits the filter." in text
    assert f'href="?seen={wizard.state["seen"]}&amp;folder=D%3A%5CVMs&amp;net-0=to%3ALAN">Show all hosts</a>' in text
    assert "1 of 2 hosts can take" in text


@pytest.mark.parametrize("query", [{}, {"suitable": "yes"}])
def test_when_every_host_is_blocked_the_commonest_reasons_are_told(wizard: Wizard, query: dict[str, str]) -> None:
    more_hosts(2, is_in_maintenance=True)
    Host.objects.filter(name="HV02").update(state="not-responding")

    text = shown(wizard, **query)

    assert "None of the hosts can take WEB01." in text
    assert ("No host fits the filter." in text) == bool(query)
    assert "2 hosts, one of them: X0" in text
    assert "The state of HV02 is Not Responding." in text


def test_somebody_without_any_host_is_told_who_can_help(wizard: Wizard) -> None:
    Host.objects.exclude(pk=wizard.vm.host_id).delete()
    VirtualMachine.objects.filter(pk=wizard.vm.pk).update(memory_mb=1)

    text = shown(wizard)

    assert "None of the hosts can take WEB01." in text
    assert "There is no other host" in text


def test_nothing_of_it_is_told_where_a_host_fits(wizard: Wizard) -> None:
    assert "note-warn" not in shown(wizard)
