"""A live check asks both hosts again and tells in sentences what has changed; the page only polls its row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from console.celery import app
from hosts.differences import differences
from hosts.inventory import refresh_host
from hosts.models import Host, ThoroughCheck, VirtualMachine
from hosts.placement import rate_host
from hosts.providers import errors
from hosts.providers.types import VmState
from hosts.rating_types import Options
from hosts.thorough import check_thoroughly
from hosts.thorough_answers import answer_check
from hosts.thorough_asking import ask_thoroughly
from hosts.thorough_types import FindingLevel, Thorough, thorough_from, thorough_record
from tests.hosts.memory import GB, Neighbourhood, make_load, make_vm


@pytest.fixture
def vm(hv01: Host, hv02: Host, network: Neighbourhood) -> VirtualMachine:
    """WEB01, running on HV01; HV02 was asked 40 s ago."""
    network.hosts["hv01"].has(make_vm("WEB01"))
    refresh_host(hv01)
    Host.objects.update(last_contact_at=timezone.now() - timedelta(seconds=40))
    return VirtualMachine.objects.select_related("host").get()


@pytest.fixture
def _no_worker() -> Iterator[None]:
    """Tasks are sent to nobody."""
    before = app.conf.task_always_eager, app.conf.broker_url
    app.conf.broker_url = "memory://thorough/"
    yield
    app.conf.task_always_eager, app.conf.broker_url = before


def checked(vm: VirtualMachine) -> Thorough:
    return check_thoroughly(vm, Host.objects.get(name="HV02"))


def test_what_has_changed_is_told_in_sentences(vm: VirtualMachine, network: Neighbourhood) -> None:
    network.hosts["hv02"].load = replace(make_load(), memory_available_mb=11_488)

    assert checked(vm).differences == ("HV02 has 512 MB less memory free than 40 s ago.",)


def test_when_nothing_has_changed_nothing_is_told(vm: VirtualMachine) -> None:
    thorough = checked(vm)

    assert thorough.differences == ()
    assert thorough.stars == thorough.cheap_stars


def test_path_and_networks_are_looked_at_on_the_fresh_facts(vm: VirtualMachine, network: Neighbourhood) -> None:
    facts = network.hosts["hv02"].facts
    full = tuple(replace(volume, free_bytes=GB) for volume in facts.volumes)
    network.hosts["hv02"].facts = replace(facts, volumes=full, networks=())

    thorough = checked(vm)

    told = {finding.text: finding.level for finding in thorough.findings}
    assert told["D:\\ of HV02 has 1.0 GB free; WEB01 needs 17.3 GB there."] is FindingLevel.WARNING
    assert told["Network Adapter is on LAN, which HV02 does not have."] is FindingLevel.WARNING
    assert "HV02 has no virtual network LAN any more." in thorough.differences
    assert "There is a reason against HV02 now." in thorough.differences
    assert (thorough.cheap_stars > 0, thorough.stars) == (True, 0)


def test_a_suitable_host_is_told_where_things_go(vm: VirtualMachine) -> None:
    assert [(it.level, it.text) for it in checked(vm).findings] == [
        (FindingLevel.OK, "D:\\VMs on HV02 has 300 GB free for 17.3 GB."),
        (FindingLevel.OK, "Network Adapter finds LAN on HV02."),
    ]


@pytest.mark.parametrize("address", ["hv01", "hv02"])
def test_a_host_that_does_not_answer_is_an_error_and_no_stars(
    vm: VirtualMachine, network: Neighbourhood, address: str
) -> None:
    network.hosts[address].inspect_error = errors.DeadlineExceeded(address.upper(), "No answer in 30 s.")

    thorough = checked(vm)

    assert thorough.stars is None
    assert [it.text for it in thorough.findings] == [f"{address.upper()}: No answer in 30 s."]
    assert thorough.has_errors


def test_a_vm_that_changed_meanwhile_is_told(vm: VirtualMachine, network: Neighbourhood) -> None:
    network.hosts["hv01"].has(make_vm("WEB01", VmState.OFF))

    assert "WEB01 is off now; it was running." in checked(vm).differences


def test_a_result_survives_the_database(vm: VirtualMachine) -> None:
    thorough = checked(vm)

    assert thorough_from(thorough_record(thorough)) == thorough


def test_a_host_without_facts_before_is_compared_to_nothing(vm: VirtualMachine, hv02: Host) -> None:
    after = rate_host(vm, hv02)
    before = replace(after, situation=replace(after.situation, memory_available_mb=0))

    assert list(differences(before, after, None)) == ["HV02 has 11.7 GB more memory free than was known."]


@pytest.mark.usefixtures("_no_worker")
def test_a_page_asks_a_worker_answers_and_the_page_polls(
    vm: VirtualMachine,
    hv02: Host,
    admin: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks() as sent:
        check = ask_thoroughly(vm, hv02, admin)
    assert (check.is_open, check.outcome, len(sent)) == (True, None, 1)

    answer_check(check.pk)

    check.refresh_from_db()
    assert (check.state, check.is_open, check.asked_by) == (ThoroughCheck.State.DONE, False, admin)
    assert check.outcome is not None
    assert check.outcome.stars


def test_a_second_click_finds_the_first(vm: VirtualMachine, hv02: Host) -> None:
    first = ask_thoroughly(vm, hv02, None)
    assert ask_thoroughly(vm, hv02, None) == first
    answer_check(first.pk)
    assert ask_thoroughly(vm, hv02, None) == first

    assert ask_thoroughly(vm, hv02, None, Options(cpu_weight=9)) != first
    ThoroughCheck.objects.update(done_at=timezone.now() - timedelta(seconds=11))
    assert ask_thoroughly(vm, hv02, None) != first


def test_a_check_that_no_worker_answers_is_given_up(vm: VirtualMachine, hv02: Host) -> None:
    check = ask_thoroughly(vm, hv02, None)
    check.asked_at -= timedelta(seconds=91)
    check.save()

    assert (check.is_open, check.has_failed) == (False, True)
    assert ask_thoroughly(vm, hv02, None) != check


@pytest.mark.django_db(transaction=True)
def test_two_workers_answer_once_and_a_removed_vm_is_no_crash(
    vm: VirtualMachine, hv02: Host, network: Neighbourhood
) -> None:
    check = ask_thoroughly(vm, hv02, None)

    def answer_beside() -> None:
        answer_check(check.pk)
        connection.close()  # of the thread that asks this host

    network.hosts["hv02"].questions.clear()
    network.hosts["hv02"].meanwhile = answer_beside

    answer_check(check.pk)
    answer_check(4711)

    assert network.hosts["hv02"].questions.count("inspect") == 1
