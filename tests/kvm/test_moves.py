"""Real VMs between real hypervisors by the real engine: what comes through, and what a failure leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from lab.kvm import faults
from lab.kvm.checker import prove_off, traces
from lab.kvm.control import Lab
from lab.kvm.host import Host as LabHost
from lab.kvm.prober import Prober
from lab.kvm.spec import LAN, SMALL, DiskSpec, VmSpec
from migrations_app.holds import cut_over_now
from migrations_app.models import MigrationJob
from tests.kvm.moves import KvmMove

pytestmark = [pytest.mark.kvm, pytest.mark.django_db(transaction=True)]
Status = MigrationJob.Status


@pytest.mark.parametrize("streams_state", [True, False], ids=["memory-sent-straight", "state-through-a-file"])
def test_a_running_vm_is_quick_migrated(kvm_lab: Lab, streams_state: bool) -> None:
    move = KvmMove(kvm_lab, "MAIL01")
    before = move.before()
    with Prober(kvm_lab.guest("MAIL01")) as prober:
        job = move.run(move.order(streams_state=streams_state))

    move.assert_moved(job, before)
    assert job.steps.filter(key="pause").exists() is streams_state
    assert prober.report().is_whole, prober.report()
    assert job.outage is not None
    assert prober.report().outage.seconds < job.outage.total_seconds() + 1


@pytest.fixture
def live_vm(kvm_lab: Lab) -> Iterator[str]:
    """A VM of its own, so that one that does not survive is no other test's."""
    kvm_lab.add_vm("KVM01", VmSpec("LIVE01", disks=(DiskSpec(), DiskSpec())))
    yield "LIVE01"
    kvm_lab.remove_vm("LIVE01")


def test_a_running_vm_is_migrated_live_with_its_disks(kvm_lab: Lab, live_vm: str) -> None:
    move = KvmMove(kvm_lab, live_vm)
    before = move.before()
    with Prober(kvm_lab.guest(live_vm)) as prober:
        job = move.run(move.order(wants_quick=False))

    move.assert_moved(job, before)
    assert job.steps.filter(key="live-move").exists()
    assert prober.report().is_whole, prober.report()


def test_a_vm_with_two_disks_takes_both_along(kvm_lab: Lab) -> None:
    move = KvmMove(kvm_lab, "SHOP01")
    before = move.before()

    job = move.run(move.order())

    move.assert_moved(job, before)


@pytest.fixture
def off_vm(kvm_lab: Lab) -> Iterator[str]:
    """A VM of its own: tests of the lab want OLD01 where it is."""
    kvm_lab.add_vm("KVM02", VmSpec("OFF01", is_running=False, is_autostarted=False))
    yield "OFF01"
    kvm_lab.remove_vm("OFF01")


def test_a_vm_that_is_off_moves_as_it_is(kvm_lab: Lab, off_vm: str) -> None:
    move = KvmMove(kvm_lab, off_vm)

    job = move.run(move.order())

    assert job.status == Status.DONE, job.failure_text
    proof = prove_off(kvm_lab, off_vm, (0,))
    assert proof.holds, str(proof)
    assert kvm_lab.registered(off_vm) == [move.target.name]
    assert traces(kvm_lab, job.tag) == []


@contextmanager
def _without_the_cpu_model(target: LabHost) -> Iterator[None]:
    faults.refuse_cpu_model(target, "qemu64")
    try:
        yield
    finally:
        faults.accept_cpu_models(target)


@contextmanager
def _without_the_bridge(target: LabHost) -> Iterator[None]:
    faults.remove_bridge(target, LAN)
    try:
        yield
    finally:
        faults.restore_bridge(target, LAN)


@pytest.mark.parametrize("streams_state", [True, False], ids=["memory-sent-straight", "state-through-a-file"])
@pytest.mark.parametrize("lacking", [_without_the_cpu_model, _without_the_bridge], ids=["cpu-model", "network"])
def test_a_target_that_cannot_restore_leaves_the_vm_running_on_its_source(
    kvm_lab: Lab, lacking: Callable[[LabHost], AbstractContextManager[None]], streams_state: bool
) -> None:
    move = KvmMove(kvm_lab, "MAIL01", target="KVM03")
    before = move.before()
    job = move.run_once(move.order(holds=True, streams_state=streams_state))
    assert job.phase.startswith("Holding"), move.said(job)

    with lacking(move.target):
        cut_over_now(job, None)
        move.run(job)

    move.assert_at_home(job, before)


def test_a_disk_that_fills_leaves_the_vm_running_on_its_source(kvm_lab: Lab) -> None:
    move = KvmMove(kvm_lab, "MAIL01", target="KVM03")
    before = move.before()
    job = move.run_once(move.order(folder=SMALL, holds=True, streams_state=False))
    assert job.phase.startswith("Holding"), move.said(job)

    faults.fill(move.target, SMALL, leave_mb=2)
    cut_over_now(job, None)
    move.run(job)
    faults.empty(move.target, SMALL)

    move.assert_at_home(job, before)
