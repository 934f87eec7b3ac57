"""Hosts are asked and their rows written; whatever goes wrong becomes a state with a sentence."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone

from hosts.inventory import (
    NewHost,
    add_host,
    refresh_anew,
    refresh_host,
    root_group,
    sample_host,
    set_maintenance,
)
from hosts.models import Host, HostGroup, VirtualMachine
from hosts.providers import errors
from hosts.providers.types import Volume
from tests.hosts.memory import GB, PASSWORD, Neighbourhood, make_load, make_vm

State = Host.State


def test_an_added_host_is_asked_at_once_and_told_with_all_it_has(network: Neighbourhood, admin: User) -> None:
    network.add("hv01", make_vm("WEB01"))

    host = add_host(NewHost(" HV01 ", "hv01", "LAB\\svc-ferry", PASSWORD), admin)

    host.refresh_from_db()
    assert (host.name, host.state, host.added_by, host.group.name) == ("HV01", State.RESPONDING, admin, "All Hosts")
    assert (host.os_name, host.cpu_count, host.memory_mb) == ("Windows Server 2022 Datacenter", 8, 16_384)
    assert list(host.volumes.values_list("path", flat=True)) == ["C:\\", "D:\\"]
    assert list(host.networks.values_list("name", flat=True)) == ["LAN"]
    assert host.vms.get().disk_bytes == 12 * GB
    assert host.vms.get().adapters.get().vlan_id == 20
    assert host.samples.get().memory_used_mb == 16_384 - 12_000


def test_the_root_group_is_made_once(hv01: Host, hv02: Host) -> None:
    assert HostGroup.objects.get() == root_group() == hv01.group == hv02.group


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (errors.HostUnreachable("HV01", "Nothing answers."), State.NOT_RESPONDING),
        (errors.DeadlineExceeded("HV01", "No answer in 30 s."), State.NOT_RESPONDING),
        (errors.AccessDenied("HV01", "The login was refused."), State.ACCESS_DENIED),
        (errors.CertificateUntrusted("HV01", "The certificate is self-signed."), State.NEEDS_ATTENTION),
        (errors.NotAHypervisor("HV01", "There is no Hyper-V."), State.NEEDS_ATTENTION),
        (errors.ProtocolError("HV01", "It answered HTML."), State.NEEDS_ATTENTION),
        (errors.WrongState("HV01", "The service is stopping."), State.NEEDS_ATTENTION),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_error_becomes_a_state_with_its_sentence(
    hv01: Host, network: Neighbourhood, error: errors.ProviderError, state: State
) -> None:
    seen_last = hv01.last_contact_at
    network.hosts["hv01"].inspect_error = error

    assert refresh_host(hv01) is True

    hv01.refresh_from_db()
    assert (hv01.state, hv01.state_reason, hv01.state_action) == (state, error.message, error.action)
    assert hv01.last_contact_at == seen_last
    assert hv01.last_attempt_at is not None
    assert hv01.last_attempt_at > (seen_last or timezone.now())


def test_a_host_that_answers_again_is_responding_without_a_reason(hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].inspect_error = errors.AccessDenied("HV01", "No.")
    refresh_host(hv01)
    network.hosts["hv01"].inspect_error = None

    refresh_host(hv01)

    hv01.refresh_from_db()
    assert (hv01.state, hv01.state_reason, hv01.state_action) == (State.RESPONDING, "", "")


def test_a_lost_key_is_a_reason_and_no_crash(hv01: Host) -> None:
    _spoil_passwords()

    refresh_host(Host.objects.get())

    host = Host.objects.get()
    assert host.state == State.NEEDS_ATTENTION
    assert "key" in host.state_reason
    assert "enter the password again" in host.state_action


def test_a_host_whose_load_cannot_be_read_is_responding_and_says_so(hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].sample_error = errors.Refused("HV01", "No such counter.")

    refresh_host(hv01)

    hv01.refresh_from_db()
    assert hv01.state == State.RESPONDING
    assert hv01.state_reason == "The load of the host could not be read: No such counter."
    assert hv01.samples.count() == 1


def test_impossible_figures_put_the_host_in_need_of_attention_and_change_nothing_else(
    hv01: Host, network: Neighbourhood
) -> None:
    facts = network.hosts["hv01"].facts
    network.hosts["hv01"].facts = replace(facts, memory_mb=-1, os_name="Nonsense")

    refresh_host(hv01)

    hv01 = Host.objects.get()
    assert (hv01.state, hv01.memory_mb, hv01.os_name) == (
        State.NEEDS_ATTENTION,
        16_384,
        "Windows Server 2022 Datacenter",
    )
    assert hv01.refresh_until is None


def test_one_connection_is_used_and_closed_whatever_happens(hv01: Host, network: Neighbourhood) -> None:
    memory = network.hosts["hv01"]
    memory.questions.clear()
    refresh_host(hv01)
    memory.inspect_error = errors.ProtocolError("HV01", "No.")
    refresh_host(hv01)

    assert memory.questions == ["inspect", "sample", "inspect"]
    assert memory.open_connections == 0


def test_a_host_that_is_asked_anew_tells_its_load_only_where_it_is_wanted(hv01: Host, network: Neighbourhood) -> None:
    memory = network.hosts["hv01"]
    memory.questions.clear()
    assert not refresh_anew(hv01)
    assert not refresh_anew(hv01, wants_load=True)

    assert memory.questions == ["inspect", "inspect", "sample"]


def test_a_refresh_under_way_is_not_begun_twice(hv01: Host, network: Neighbourhood) -> None:
    results: list[bool] = []
    network.hosts["hv01"].meanwhile = lambda: results.append(refresh_host(Host.objects.get(pk=hv01.pk)))

    assert refresh_host(hv01) is True

    assert results == [False]
    assert Host.objects.get().refresh_until is None


def test_the_lease_of_a_dead_worker_runs_out(hv01: Host) -> None:
    Host.objects.update(refresh_until=timezone.now() + timedelta(seconds=5))
    assert refresh_host(hv01) is False

    Host.objects.update(refresh_until=timezone.now() - timedelta(seconds=1))
    assert refresh_host(hv01) is True


def test_a_refresh_that_was_overtaken_writes_nothing(hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].has(make_vm("WEB01"))
    network.hosts["hv01"].meanwhile = lambda: Host.objects.update(refresh_until=timezone.now() + timedelta(hours=1))

    assert refresh_host(hv01) is False

    assert not VirtualMachine.objects.exists()


def test_a_host_removed_while_it_is_asked_is_no_error(hv01: Host, network: Neighbourhood) -> None:
    network.hosts["hv01"].meanwhile = lambda: Host.objects.get().delete()

    assert refresh_host(hv01) is False


def test_maintenance_mode_is_kept_over_a_refresh(hv01: Host) -> None:
    set_maintenance(hv01, is_on=True)
    refresh_host(Host.objects.get())

    assert Host.objects.get().is_in_maintenance


def test_a_sample_is_a_row_and_the_latest_of_host_and_vms(hv01: Host, network: Neighbourhood) -> None:
    vm = make_vm("WEB01")
    network.hosts["hv01"].has(vm)
    refresh_host(hv01)
    network.hosts["hv01"].load = make_load(vm, cpu_percent=77.0)

    sample = sample_host(hv01)

    assert sample is not None
    assert (sample.cpu_percent, Host.objects.get().cpu_percent) == (77.0, 77.0)
    assert VirtualMachine.objects.get().cpu_percent == 33.0


def test_a_sample_of_a_dead_host_is_a_state(hv01: Host, network: Neighbourhood) -> None:
    network.hosts.clear()

    assert sample_host(hv01) is None

    assert Host.objects.get().state == State.NOT_RESPONDING


def test_volumes_and_networks_that_are_gone_are_gone(hv01: Host, network: Neighbourhood) -> None:
    facts = network.hosts["hv01"].facts
    network.hosts["hv01"].facts = replace(facts, volumes=(Volume("E:\\", "New", GB, GB),), networks=())

    refresh_host(hv01)

    assert hv01.volumes.get().path == "E:\\"
    assert not hv01.networks.exists()


def _spoil_passwords() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE hosts_host SET password = 'written with a key that is lost'")
