"""The KVM lab itself: its hosts and guests are what they claim, its checker notices what it must."""

from __future__ import annotations

import errno
import shutil
import time
from collections.abc import Iterator

import pytest

from lab.kvm.checker import prove, prove_off, stray_files, traces
from lab.kvm.commands import CommandFailed, run, wait_until
from lab.kvm.control import Lab
from lab.kvm.create import LabRefused
from lab.kvm.disks import BLOCK, record_offset
from lab.kvm.domain import domain_xml
from lab.kvm.faults import accept_cpu_models, empty, fill, refuse_cpu_model, remove_bridge, restore_bridge
from lab.kvm.guest import GuestSilent, ask, await_answer
from lab.kvm.host import Host
from lab.kvm.layout import VmEntry
from lab.kvm.prober import Prober
from lab.kvm.spec import DMZ, IMAGES, LAN, SMALL, DiskSpec, VmSpec
from tests.kvm.moves import assert_whole

pytestmark = pytest.mark.kvm

TINY = DiskSpec(size_mb=16, payload_mb=4, ring_mb=4)
TAG = "ferry-7"


@pytest.fixture(scope="module")
def tiny(kvm_lab: Lab) -> Iterator[VmEntry]:
    """TINY01 on KVM01; a test may stop it, none may move it."""
    vm = kvm_lab.add_vm("KVM01", VmSpec("TINY01", disks=(TINY,), memory_mb=96, checked_mb=8, write_mb_per_s=0.1))
    yield vm
    kvm_lab.remove_vm("TINY01")


@pytest.fixture
def running(kvm_lab: Lab, tiny: VmEntry) -> VmEntry:
    """TINY01, answering."""
    if not kvm_lab.running(tiny.uuid):
        kvm_lab.host("KVM01").start_vm(tiny.name)
    await_answer(tiny)
    return tiny


@pytest.fixture
def stopped(kvm_lab: Lab, running: VmEntry) -> tuple[VmEntry, tuple[int, ...]]:
    """TINY01, off, and the number of a record that somebody was told is durable."""
    wait_until(lambda: ask(running).records[0] > 8, "TINY01 writes nothing.", 20.0)
    records = ask(running).records
    kvm_lab.host("KVM01").stop_vm(running.name)
    return running, records


def test_running_guests_answer_on_their_own_addresses_and_the_one_that_is_off_does_not(kvm_lab: Lab) -> None:
    answers = {name: await_answer(kvm_lab.guest(name)) for name in ("MAIL01", "SHOP01")}

    assert {name: (answer.vm, len(answer.records)) for name, answer in answers.items()} == {
        "MAIL01": ("MAIL01", 1),
        "SHOP01": ("SHOP01", 2),
    }
    with pytest.raises(GuestSilent):
        ask(kvm_lab.guest("OLD01"), timeout_s=0.5)


def test_a_vm_that_nobody_touched_is_proved_whole(kvm_lab: Lab) -> None:
    before = await_answer(kvm_lab.guest("SHOP01"))

    assert prove(kvm_lab, "SHOP01", before).failures == ()
    assert prove_off(kvm_lab, "OLD01", (0,)).failures == ()
    assert stray_files(kvm_lab) == []


def test_records_survive_a_power_failure_of_the_host(kvm_lab: Lab, running: VmEntry) -> None:
    host, before = kvm_lab.host("KVM01"), ask(running)

    host.kill()
    with pytest.raises(GuestSilent):
        ask(running, timeout_s=0.5)
    host.start()
    after = await_answer(running)

    assert after.boot_id != before.boot_id
    assert after.records >= before.records
    assert "has booted" in " ".join(prove(kvm_lab, "TINY01", before).failures)


def test_a_vm_comes_whole_through_live_moves_of_libvirts_own_there_and_back(kvm_lab: Lab, running: VmEntry) -> None:
    before, seen = ask(running), []

    with Prober(running) as prober:
        for home, away in (("KVM01", "KVM02"), ("KVM02", "KVM01")):
            flags = ("--live", "--persistent", "--undefinesource", "--copy-storage-all")
            kvm_lab.host(home).virsh("migrate", *flags, running.name, f"qemu+tcp://{away.lower()}/system")
            kvm_lab.host(home).delete_file(running.disks[0])
            seen += kvm_lab.running(running.uuid)

    assert_whole(prove(kvm_lab, running.name, before), is_live=True)
    report = prober.report()
    assert report.is_whole, report
    assert seen == ["KVM02", "KVM01"]


def test_the_prober_times_an_outage_and_tcp_lives_through_it(kvm_lab: Lab, running: VmEntry) -> None:
    host = kvm_lab.host("KVM01")

    with Prober(running) as prober:
        _more_answers(prober)
        host.unplug()
        began = time.time()
        wait_until(lambda: time.time() > began + 1.0, "Time stands still.", 5.0)
        host.plug()
        ended = time.time()
        _more_answers(prober)

    report = prober.report()
    assert report.is_whole, report
    assert abs(report.outage.began - began) < 0.5
    assert abs(report.outage.ended - ended) < 1.5


def test_the_checker_notices_a_copy_that_was_started_as_well(kvm_lab: Lab, running: VmEntry) -> None:
    first, second = kvm_lab.host("KVM01"), kvm_lab.host("KVM02")
    before = ask(running)
    shutil.copy(first.real(running.disks[0]), second.real(running.disks[0]))
    second.define(domain_xml(running, kvm_lab.facts().domain_type))
    second.start_vm(running.name)

    failures = " ".join(prove(kvm_lab, running.name, before).failures)

    second.forget_vm(running.name)
    second.delete_file(running.disks[0])
    assert "runs on 2 hosts: KVM01, KVM02" in failures
    assert "is known to 2 hosts" in failures


def test_traces_are_found_whatever_bears_the_tag(kvm_lab: Lab, running: VmEntry) -> None:
    host = kvm_lab.host("KVM01")
    assert traces(kvm_lab, TAG) == []
    record, overlay = host.real("/var/lib/ferry") / TAG, f"{IMAGES}/TINY01.{TAG}-1.qcow2"
    record.mkdir(parents=True)
    host.virsh(
        "snapshot-create-as", "TINY01", f"{TAG}-1", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={overlay}"
    )

    found = traces(kvm_lab, TAG)

    host.virsh("blockcommit", "TINY01", "vda", "--active", "--pivot", "--wait")
    host.delete_file(overlay)
    record.rmdir()
    assert {line.split(" (")[0] for line in found if "process" not in line} >= {
        f"KVM01: file /var/lib/ferry/{TAG}",
        f"KVM01: file {overlay}",
        "KVM01: definition of TINY01",
    }
    assert traces(kvm_lab, TAG) == []


def test_damage_on_a_stopped_vms_disk_is_noticed_from_outside_and_by_its_guest(
    kvm_lab: Lab, stopped: tuple[VmEntry, tuple[int, ...]]
) -> None:
    vm, (last,) = stopped
    host = kvm_lab.host("KVM01")
    disk, lost = host.real(vm.disks[0]), record_offset(TINY, last - 3)
    assert prove_off(kvm_lab, vm.name, (last,)).failures == ()

    run(["qemu-io", "-c", f"write -P 0 {lost} 512", "-c", f"write -P 0 {5 * BLOCK} 512", disk])
    from_outside = " ".join(prove_off(kvm_lab, vm.name, (last,)).failures)
    host.start_vm(vm.name)
    by_guest = " ".join(prove(kvm_lab, vm.name, await_answer(vm)).failures)

    assert f"Disk 0 lacks 1 of {min(last, 1024)} records, the first is number {last - 3}." in from_outside
    assert "1 damaged, 0 stale" in by_guest
    for failures in (from_outside, by_guest):
        assert "The payload of disk 0 is not what it was made of." in failures


def test_a_vm_on_a_network_that_the_host_lacks_does_not_start(kvm_lab: Lab) -> None:
    host = kvm_lab.host("KVM03")
    remove_bridge(host, LAN)

    with pytest.raises(CommandFailed, match=LAN):
        host.start_vm("OLD01")

    restore_bridge(host, LAN)
    assert kvm_lab.running("OLD01") == []


def test_only_two_hosts_have_the_second_network(kvm_lab: Lab) -> None:
    assert {network.name: network.hosts for network in kvm_lab.facts().networks} == {
        DMZ: ("KVM01", "KVM02"),
        LAN: ("KVM01", "KVM02", "KVM03"),
    }


def test_the_small_disk_fills_up_and_the_machines_own_is_never_filled(kvm_lab: Lab) -> None:
    host = kvm_lab.host("KVM03")
    fill(host, SMALL, leave_mb=8)

    with pytest.raises(OSError, match="No space left") as refusal:
        host.real(f"{SMALL}/more").write_bytes(b"x" * 16 * 1024 * 1024)
    host.real(f"{SMALL}/more").unlink()
    empty(host, SMALL)

    assert refusal.value.errno == errno.ENOSPC
    with pytest.raises(LabRefused):
        fill(host, IMAGES, leave_mb=8)


def test_a_host_with_another_emulator_knows_not_the_cpu_model(kvm_lab: Lab) -> None:
    host = kvm_lab.host("KVM03")
    assert "qemu64" in _models(host)
    refuse_cpu_model(host, "qemu64")

    with pytest.raises(CommandFailed) as refusal:
        host.start_vm("OLD01")
    known = _models(host)
    accept_cpu_models(host)

    assert "qemu64" in str(refusal.value)
    assert "qemu64" not in known
    assert "qemu64" in _models(host)


def _models(host: Host) -> list[str]:
    """The CPU models that libvirt says it can give to a VM on this host."""
    kinds = host.virsh("domcapabilities", "--virttype", "qemu", "--machine", "pc-i440fx-7.2")
    return [line.partition(">")[2].partition("<")[0] for line in kinds.splitlines() if "<model usable=" in line]


def _more_answers(prober: Prober) -> None:
    enough = prober.answers() + 20
    wait_until(lambda: prober.answers() > enough, "The VM does not answer.", 20.0)
