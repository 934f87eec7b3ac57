"""A whole lab of real processes: it comes up, goes down in good order, loses power, and is given up."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from hosts.providers.claims import Claim
from hosts.providers.errors import HostUnreachable
from hosts.providers.hyperv.provider import HyperVProvider
from hosts.providers.types import CopyOrder, Endpoint, Secret, Transport, VmState, WorkState
from lab.hyperv.checker import GuestSilent, Observer, ask, await_answer, prove
from lab.hyperv.control import Lab
from lab.hyperv.processes import guests
from tests.lab.support import JOB, TAG, eventually

pytestmark = pytest.mark.lab
_fences = count(1)


def connect(lab: Lab, name: str) -> HyperVProvider:
    """The product's own provider, over HTTPS, for a worker that comes after all before."""
    host, login = lab.host(name), lab.credentials()
    password, ca_file = Secret(login.password), str(lab.ca_file)
    provider = HyperVProvider(
        Endpoint(name, host.address, host.https_port, Transport.NTLM_HTTPS, login.username, password, ca_file)
    )
    provider.claim(Claim(JOB, next(_fences)))
    return provider


@pytest.fixture
def provider(lab: Lab) -> Iterator[HyperVProvider]:
    with connect(lab, "HV01") as connected:
        yield connected


@pytest.fixture
def idle_disk(lab: Lab, provider: HyperVProvider) -> CopyOrder:
    """An order for HV02 to pull the disk of IDLE01."""
    path = lab.host("HV01").vm("IDLE01").layers[0][0]
    return CopyOrder("disk-0", provider.share(path), "D:\\In\\idle.vhdx")


@pytest.fixture(autouse=True)
def _as_it_was(lab: Lab) -> Iterator[None]:
    yield
    for host in lab.hosts():
        host.clear_faults()
    lab.up()
    await_answer(lab.guest_address("WEB01"))


def test_the_real_provider_talks_to_an_emulated_host(lab: Lab, provider: HyperVProvider) -> None:
    facts = provider.inspect()

    assert [(vm.name, vm.state) for vm in facts.vms] == [("IDLE01", VmState.OFF), ("WEB01", VmState.RUNNING)]
    assert lab.running("WEB01") == ["HV01"]


def test_coming_up_again_leaves_living_hosts_alone(lab: Lab) -> None:
    before = ask(lab.guest_address("WEB01"))

    lab.up()

    assert ask(lab.guest_address("WEB01")).boot_id == before.boot_id


def test_a_shutdown_saves_the_vms_and_a_start_brings_them_back(lab: Lab) -> None:
    before = ask(lab.guest_address("WEB01"))

    lab.down()
    assert lab.host("HV01").vm("WEB01").state == "saved"
    assert list(guests(lab.root)) == []
    lab.up()

    assert await_answer(lab.guest_address("WEB01")).origin == "restored"
    assert prove(lab, "WEB01", before).failures == ()
    assert lab.host("HV01").vm("IDLE01").state == "off"


def test_a_power_loss_takes_the_guests_and_they_boot_anew(lab: Lab) -> None:
    before = ask(lab.guest_address("WEB01"))

    lab.host("HV01").kill()
    eventually(lambda: lab.running("WEB01") == [])
    lab.host("HV01").start()
    after = await_answer(lab.guest_address("WEB01"))
    proof = prove(lab, "WEB01", before)

    assert after.boot_id != before.boot_id
    assert after.last_record >= before.last_record
    assert [failure for failure in proof.failures if "has booted" not in failure and "counter" not in failure] == []
    assert not proof.holds


def test_a_held_vm_stays_off_after_a_power_loss(lab: Lab, provider: HyperVProvider) -> None:
    uid = lab.guest("WEB01").uid
    provider.mark(uid, TAG, hold=True)

    lab.host("HV01").kill()
    lab.host("HV01").start()

    assert provider.find_vm(uid).state is VmState.OFF  # type: ignore[union-attr]
    provider.start(uid, TAG)
    provider.unmark(uid, TAG)


def test_a_host_that_dies_in_the_middle_of_a_verb_is_unreachable(lab: Lab, provider: HyperVProvider) -> None:
    lab.host("HV01").kill_before("sample-host")

    with pytest.raises(HostUnreachable):
        provider.sample()

    assert not lab.host("HV01").is_up()


def test_a_power_loss_in_the_middle_of_a_merge_loses_nothing(lab: Lab, provider: HyperVProvider) -> None:
    guest, last = lab.guest("WEB01"), ask(lab.guest_address("WEB01")).last_record
    provider.checkpoint(guest.uid, f"{TAG}-1")
    eventually(lambda: ask(lab.guest_address("WEB01")).last_record > last + 3)
    provider.merge_checkpoints(guest.uid, TAG)
    before = ask(lab.guest_address("WEB01"))

    lab.host("HV01").kill()
    lab.host("HV01").start()
    eventually(lambda: not lab.host("HV01").vm("WEB01").is_merging)

    assert await_answer(lab.guest_address("WEB01")).last_record >= before.last_record
    assert [failure for failure in prove(lab, "WEB01", before).failures if "record" in failure] == []
    assert lab.host("HV01").stray_files() == []


def test_a_copy_whose_own_host_lost_power_is_taken_up_again(lab: Lab, idle_disk: CopyOrder) -> None:
    lab.host("HV02").kill_in_copy(at_bytes=1 << 20)
    with connect(lab, "HV02") as target:
        target.start_works(TAG, [idle_disk])
        eventually(lambda: not lab.host("HV02").is_up())
        lab.host("HV02").start()
    with connect(lab, "HV02") as target:
        assert target.works(TAG)[0].state is WorkState.LOST

        target.start_works(TAG, [idle_disk])
        eventually(lambda: target.works(TAG)[0].state is WorkState.DONE)
        target.clear_traces(TAG, destinations=[idle_disk.destination])

    assert lab.host("HV02").stray_files() == []


def test_a_copy_from_a_host_that_lost_power_fails(lab: Lab, idle_disk: CopyOrder) -> None:
    with connect(lab, "HV02") as target:
        target.start_works(TAG, [idle_disk], limit_bytes_per_s=1 << 20)
        eventually(lambda: target.works(TAG)[0].bytes_done > 0)

        lab.host("HV01").kill()
        eventually(lambda: target.works(TAG)[0].state is WorkState.FAILED)

        assert target.works(TAG)[0].error_kind == "HostUnreachable"
        target.clear_traces(TAG, destinations=[idle_disk.destination])


def test_an_observer_measures_the_outage_of_a_save(lab: Lab, provider: HyperVProvider) -> None:
    uid, address = lab.guest("WEB01").uid, lab.guest_address("WEB01")

    provider.mark(uid, TAG, hold=False)
    with Observer(address) as observer:
        await_answer(address)
        provider.save(uid, TAG)
        with pytest.raises(GuestSilent):
            ask(address)
        provider.start(uid, TAG)
        count = len(observer.answers())
        eventually(lambda: len(observer.answers()) > count + 3)

    provider.unmark(uid, TAG)
    assert 0.02 < observer.longest_outage().seconds < 10
    assert lab.twice("WEB01") == []


def test_a_lab_whose_keeper_died_shuts_down(lab: Lab) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as keeper:
        lab.up(keeper_pid=keeper.pid)
        assert lab.host("HV01").is_up()
        keeper.kill()

    eventually(lambda: not any(host.is_up() for host in lab.hosts()))

    assert lab.host("HV01").vm("WEB01").state == "saved"


def test_the_command_line_tells_what_runs(lab: Lab) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lab.hyperv", "status", str(lab.root)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )

    assert "HV01" in done.stdout
    assert "WEB01 running" in done.stdout
