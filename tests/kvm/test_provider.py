"""The libvirt provider against real KVM hosts, over real SSH: the promises of every provider, and its own."""

from __future__ import annotations

import posixpath
import shutil
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing import get_context

import pytest

from hosts.providers.claims import Claim
from hosts.providers.errors import Incompatible, NotFound, WrongState
from hosts.providers.libvirt.marks import NAMESPACE, Mark
from hosts.providers.libvirt.provider import LibvirtProvider
from hosts.providers.types import VmState, WorkState
from lab.kvm.checker import prove, prove_off
from lab.kvm.control import Lab
from lab.kvm.guest import await_answer
from lab.kvm.layout import VmEntry
from lab.kvm.spec import IMAGES, SMALL
from tests.kvm.movers import (
    MOVED,
    SAVED,
    Pristine,
    carry_over,
    copied,
    flattened,
    live,
    mover,
    overlays,
    pair_of,
    send,
    send_anew,
)
from tests.providers.contract import ProviderContract
from tests.providers.contract_fence import JOB, FenceContract
from tests.providers.contract_marks import MarkContract
from tests.providers.contract_moves import MoveContract
from tests.providers.contract_power import PowerContract
from tests.providers.pair import OTHER_TAG, TAG, Pair, until

pytestmark = pytest.mark.kvm

NAME = "PAIR01"


@pytest.fixture(scope="module")
def pristine(kvm_lab: Lab) -> Iterator[Pristine]:
    made = Pristine(kvm_lab, NAME)
    yield made
    made.forget()
    kvm_lab.remove_vm(NAME)


@pytest.fixture(scope="module")
def movers(kvm_lab: Lab) -> Iterator[tuple[LibvirtProvider, LibvirtProvider]]:
    with mover(kvm_lab, "KVM01") as here, mover(kvm_lab, "KVM02") as there:
        yield here, there


@pytest.fixture
def pair(kvm_lab: Lab, pristine: Pristine, movers: tuple[LibvirtProvider, LibvirtProvider]) -> Iterator[Pair]:
    pristine.start()
    for host in movers:
        host.claim(Claim(JOB, fence=1))
    yield pair_of(kvm_lab, *movers, pristine.vm.uuid)
    for host in movers:
        host.claim(Claim(JOB, fence=99))
        for tag in (TAG, OTHER_TAG):
            host.clear_traces(tag, destinations=None)
    pristine.clear()


def pair_vm(lab: Lab) -> VmEntry:
    return lab.guest(NAME)


class TestLibvirt(ProviderContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestLibvirtMoves(MoveContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestLibvirtFence(FenceContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestLibvirtMarks(MarkContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestLibvirtPowers(PowerContract):
    @pytest.fixture
    def pair(self, kvm_lab: Lab, pair: Pair) -> Pair:
        await_answer(pair_vm(kvm_lab))  # a guest that does not run yet hears no power button
        return pair


def test_the_folders_of_a_host_are_told_without_files_and_hidden_ones(
    kvm_lab: Lab, movers: tuple[LibvirtProvider, LibvirtProvider]
) -> None:
    beneath = kvm_lab.host("KVM02").real(IMAGES) / "browsed"
    for name in ("b with space", "a", ".hidden"):
        (beneath / name).mkdir(parents=True)
    (beneath / "file.qcow2").touch()

    found = movers[1].folders(f"{IMAGES}/browsed")

    shutil.rmtree(beneath)
    assert list(found) == ["a", "b with space"]
    with pytest.raises(NotFound):
        movers[1].folders(f"{IMAGES}/nowhere")


def test_checkpoints_of_a_vm_that_was_turned_off_are_merged_all_the_same(kvm_lab: Lab, pair: Pair) -> None:
    before = pair.source.mark(pair.uid, TAG, hold=False)
    answer = await_answer(pair_vm(kvm_lab))
    pair.source.checkpoint(pair.uid, f"{TAG}-1")
    made = pair.source.checkpoint(pair.uid, f"{TAG}-2")
    kvm_lab.host("KVM01").stop_vm(NAME)

    merged = pair.merged(pair.source)

    assert [len(disk.layers) for disk in made.disks] == [3, 3]
    assert [disk.layers[0].path for disk in merged.disks] == [disk.layers[0].path for disk in before.disks]
    assert not [path for path in overlays(made) if pair.has_source(path)]
    proof = prove_off(kvm_lab, NAME, answer.records)
    assert proof.holds, str(proof)


def test_a_layer_that_somebody_made_upon_the_jobs_stays(kvm_lab: Lab, pair: Pair) -> None:
    pair.source.mark(pair.uid, TAG, hold=False)
    made = pair.source.checkpoint(pair.uid, f"{TAG}-1")
    theirs = f"{IMAGES}/{NAME}.theirs"
    host = kvm_lab.host("KVM01")
    host.virsh("snapshot-create-as", NAME, "x", "--disk-only", "--no-metadata", "--diskspec", f"vda,file={theirs}")

    merged = pair.merged(pair.source)

    base = made.disks[0].layers[0].path
    assert [layer.path for layer in merged.disks[0].layers] == [base, theirs]
    assert not pair.has_source(overlays(made)[0])


def test_a_vm_that_somebody_saved_goes_on_on_the_target_as_if_nothing_had_been(kvm_lab: Lab, pair: Pair) -> None:
    before = await_answer(pair_vm(kvm_lab))
    kvm_lab.host("KVM01").virsh("managedsave", NAME)
    moved = carry_over(pair)
    pair.source.remove_vm(pair.uid, TAG)
    assert pair.deleted(pair.source, [layer.path for disk in moved.disks for layer in disk.layers])
    pair.target.unmark(pair.uid, TAG)

    kvm_lab.host("KVM02").start_vm(NAME)

    proof = prove(kvm_lab, NAME, before)
    assert proof.holds, str(proof)
    assert not pair.has_target(posixpath.join(MOVED, f"{NAME}.save"))


def test_a_state_on_another_file_system_is_restored_from_where_it_is(kvm_lab: Lab, pair: Pair) -> None:
    before = await_answer(pair_vm(kvm_lab))
    with mover(kvm_lab, "KVM03") as there:
        small = replace(pair, target=there, target_path=lambda path: posixpath.join(SMALL, posixpath.basename(path)))
        small.source.mark(pair.uid, TAG, hold=False)
        small.source.save(pair.uid, TAG)
        carry_over(small)
        lies = kvm_lab.host("KVM03").real(f"{SAVED}/{NAME}.save").is_symlink()
        there.start(pair.uid, TAG)
        pair.source.remove_vm(pair.uid, TAG)

        proof = prove(kvm_lab, NAME, before)
        assert proof.holds, str(proof)
        assert lies
        assert not kvm_lab.host("KVM03").real(f"{SMALL}/{NAME}.save").exists()


def test_memory_is_sent_straight_to_the_target_and_goes_on_there(kvm_lab: Lab, pair: Pair) -> None:
    before = await_answer(pair_vm(kvm_lab))
    pair.source.mark(pair.uid, TAG, hold=False)
    live(pair).pause(pair.uid, TAG)
    order = copied(pair)

    sent = send(pair, order)
    left = pair.vm()
    pair.target.start(pair.uid, TAG)

    assert (sent.state, sent.start_ordered_by, sent.start_action) == (VmState.PAUSED, TAG, "Nothing")
    assert (left.state, left.start_action, left.start_ordered_by) == (VmState.OFF, "Nothing", None)
    pair.source.remove_vm(pair.uid, TAG)
    proof = prove(kvm_lab, NAME, before)
    assert proof.holds, str(proof)


def test_memory_that_the_target_cannot_take_stays_on_the_source(kvm_lab: Lab, pair: Pair) -> None:
    pair.source.mark(pair.uid, TAG, hold=False)
    with pytest.raises(WrongState, match="only a paused virtual machine is sent"):
        send(pair, pair.registration())
    live(pair).pause(pair.uid, TAG)
    order = copied(pair)

    with pytest.raises(Incompatible, match="no network nowhere"):
        send(pair, replace(order, adapters=pair.registration("nowhere").adapters))

    assert (pair.vm().state, pair.target.find_vm(pair.uid)) == (VmState.PAUSED, None)
    assert pair.source.start(pair.uid, TAG).state is VmState.RUNNING


def test_a_console_that_is_killed_while_it_sends_leaves_the_vm_paused_on_its_source(kvm_lab: Lab, pair: Pair) -> None:
    before = await_answer(pair_vm(kvm_lab))
    kvm_lab.host("KVM01").virsh("migrate-setspeed", NAME, "5")
    pair.source.mark(pair.uid, TAG, hold=False)
    live(pair).pause(pair.uid, TAG)
    order = copied(pair)
    # A fork would share the sockets of this process's connections, and libvirt's loop would read from them.
    console = get_context("spawn").Process(target=send_anew, args=(kvm_lab.root, order))
    console.start()
    arriving = until(lambda: pair.target.find_vm(pair.uid), lambda vm: vm is not None)

    console.kill()
    console.join()

    assert arriving is not None
    assert arriving.state is VmState.STARTING
    until(lambda: pair.target.find_vm(pair.uid), lambda vm: vm is None)
    for host in (pair.source, pair.target):
        host.claim(Claim(JOB, fence=3))
    assert pair.source.start(pair.uid, TAG).state is VmState.RUNNING
    proof = prove(kvm_lab, NAME, before)
    assert proof.holds, str(proof)


def test_what_is_paused_since_its_memory_was_sent_is_taken_away(kvm_lab: Lab, pair: Pair) -> None:
    pair.source.mark(pair.uid, TAG, hold=False)
    live(pair).pause(pair.uid, TAG)
    with pytest.raises(WrongState):
        pair.source.remove_vm(pair.uid, TAG)

    mark = Mark(TAG, "Start", memory_sent_to="KVM02").to_xml()
    kvm_lab.host("KVM01").virsh("metadata", NAME, NAMESPACE, "--key", "ferry", "--config", "--set", mark)
    pair.source.remove_vm(pair.uid, TAG)

    assert pair.source.find_vm(pair.uid) is None
    assert kvm_lab.running(NAME) == []


def test_a_live_move_that_is_cancelled_leaves_the_vm_as_it_was(kvm_lab: Lab, pair: Pair) -> None:
    before = await_answer(pair_vm(kvm_lab))
    marked = pair.source.mark(pair.uid, TAG, hold=False)
    live(pair).start_live_move(flattened(pair), live(pair, "target"), limit_bytes_per_s=1 << 20)
    with mover(kvm_lab, "KVM01", fence=2) as other:
        seen = other.live_move(pair.uid, TAG)
        other.cancel_live_move(pair.uid, TAG)

    assert seen.state is WorkState.RUNNING
    until(lambda: live(pair).live_move(pair.uid, TAG).state, lambda state: state is not WorkState.RUNNING)
    assert (pair.vm().state, pair.vm().start_action) == (VmState.RUNNING, marked.start_action)
    assert pair.target.find_vm(pair.uid) is None
    pair.target.clear_traces(TAG, destinations=[])
    assert not pair.has_target(f"{MOVED}/{NAME}.qcow2")
    proof = prove(kvm_lab, NAME, before)
    assert proof.holds, str(proof)


def test_a_live_move_ends_with_the_vm_on_the_target_and_its_pause_measured(kvm_lab: Lab, pair: Pair) -> None:
    before = await_answer(pair_vm(kvm_lab))
    pair.source.mark(pair.uid, TAG, hold=False)
    live(pair).start_live_move(flattened(pair), live(pair, "target"))

    moved = until(lambda: live(pair).live_move(pair.uid, TAG), lambda now: now.state is not WorkState.RUNNING)

    assert (moved.state, moved.error) == (WorkState.DONE, None)
    assert 0 < (moved.pause_ms or 0) < 30_000
    assert moved.bytes_done > 0
    assert (pair.vm().state, pair.vm(pair.target).start_ordered_by) == (VmState.OFF, TAG)
    live(pair).start_live_move(flattened(pair), live(pair, "target"))
    pair.source.remove_vm(pair.uid, TAG)
    proof = prove(kvm_lab, NAME, before)
    assert proof.holds, str(proof)
