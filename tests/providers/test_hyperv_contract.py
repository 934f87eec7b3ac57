"""The Hyper-V provider against the emulated hosts, over real WinRM."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hosts.providers.claims import Claim
from hosts.providers.errors import AccessDenied, HostUnreachable, Overtaken, WrongState
from hosts.providers.hyperv.provider import HyperVProvider
from hosts.providers.types import Endpoint, Secret, Transport, VmState, Work, WorkState
from lab.hyperv.control import Lab
from lab.hyperv.hostcontrol import HostControl
from lab.hyperv.spec import DiskSpec, HostSpec, LabSpec, VmSpec
from tests.providers.contract import ProviderContract
from tests.providers.contract_fence import JOB, FenceContract
from tests.providers.contract_marks import MarkContract
from tests.providers.contract_moves import MoveContract
from tests.providers.contract_power import PowerContract, powers
from tests.providers.pair import TAG, Pair

pytestmark = pytest.mark.lab

DISK = DiskSpec(size_mb=8, fill_mb=2)
SPEC = LabSpec(
    hosts=(
        HostSpec("HV01", vms=(VmSpec("WEB01", memory_mb=8, disks=(DISK, DISK), records_per_s=40.0),)),
        HostSpec("HV02"),
    )
)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with Lab.create(tmp_path / "lab", SPEC) as made:
        yield made


@pytest.fixture
def pair(lab: Lab) -> Iterator[Pair]:
    source, target = lab.host("HV01"), lab.host("HV02")
    with mover(lab, "HV01") as here, mover(lab, "HV02") as there:
        yield Pair(
            source=here,
            target=there,
            uid=lab.guest("WEB01").uid,
            network="LAN",
            target_path=lambda path: path.replace("D:\\VMs", "D:\\Moved"),
            write_target=lambda path, content: write(target, path, content),
            has_target=lambda path: target.real(path).exists(),
            has_source=lambda path: source.real(path).exists(),
            kill_works=lambda: target.kill_works(TAG),
        )


def mover(lab: Lab, name: str, fence: int = 1) -> HyperVProvider:
    made = HyperVProvider(endpoint(lab, name))
    made.claim(Claim(JOB, fence))
    return made


def endpoint(lab: Lab, name: str, password: str | None = None) -> Endpoint:
    host, known = lab.host(name), lab.credentials()
    secret = Secret(password or known.password)
    return Endpoint(name, host.address, host.http_port, Transport.NTLM_HTTP, known.username, secret)


def write(host: HostControl, path: str, content: bytes) -> None:
    file = host.real(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)


class TestHyperV(ProviderContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestHyperVMoves(MoveContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestHyperVFence(FenceContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestHyperVMarks(MarkContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestHyperVPower(PowerContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


def test_a_guest_without_integration_services_is_not_shut_down(tmp_path: Path) -> None:
    vm = VmSpec("OLD01", memory_mb=8, disks=(DISK,), shutdown_s=None)
    with Lab.create(tmp_path / "old", LabSpec((HostSpec("HV01", vms=(vm,)),))) as lab, mover(lab, "HV01") as host:
        with pytest.raises(WrongState, match="integration services do not answer"):
            host.shut_down(lab.guest("OLD01").uid)

        assert lab.running("OLD01") == ["HV01"]


def test_a_late_start_of_a_person_does_nothing_once_a_job_has_the_vm(lab: Lab, pair: Pair) -> None:
    powers(pair).turn_off(pair.uid)
    lab.host("HV01").late("power-start")
    with pytest.raises(HostUnreachable):
        powers(pair, call=2).start_vm(pair.uid)
    pair.source.claim(Claim(JOB, fence=1))
    pair.source.mark(pair.uid, TAG, hold=False)

    assert lab.host("HV01").let_late_calls_act() == ["WrongState"]
    assert lab.running("WEB01") == []


def test_an_order_to_start_stays_when_the_answer_is_lost(lab: Lab, pair: Pair) -> None:
    pair.saved()
    lab.host("HV01").drop_after("start-vm")

    with pytest.raises(HostUnreachable):
        pair.source.start(pair.uid, TAG)

    assert (pair.vm().state, pair.vm().start_ordered_by) == (VmState.RUNNING, TAG)


def test_a_host_that_reboots_starts_a_marked_vm_but_not_one_that_was_saved_for_the_job(lab: Lab, pair: Pair) -> None:
    host = lab.host("HV01")
    pair.source.mark(pair.uid, TAG, hold=False)
    reboot(host)
    marked = host.vm("WEB01").state
    with mover(lab, "HV01", fence=2) as again:
        again.save(pair.uid, TAG)
        reboot(host)
        saved = host.vm("WEB01").state
    with mover(lab, "HV01", fence=3) as again:
        again.start(pair.uid, TAG)
        reboot(host)

    assert (marked, saved, host.vm("WEB01").state) == ("running", "saved", "running")


def test_a_host_that_lost_power_still_knows_who_was_overtaken(lab: Lab, pair: Pair) -> None:
    pair.source.claim(Claim(JOB, fence=2))
    pair.source.mark(pair.uid, TAG, hold=False)
    reboot(lab.host("HV01"))

    with mover(lab, "HV01", fence=1) as late, pytest.raises(Overtaken):
        late.save(pair.uid, TAG)

    assert lab.host("HV01").vm("WEB01").state == "running"
    assert [path for path in lab.host("HV01").traces(TAG) if "fences" in path] == []


def reboot(host: HostControl) -> None:
    """After a power loss."""
    host.kill()
    host.start()


def test_a_record_that_cannot_be_read_is_a_lost_work_and_its_unfinished_file_is_cleared(pair: Pair) -> None:
    path = pair.vm().disks[0].layers[0].path
    destination = pair.target_path(path)
    pair.write_target(f"C:\\ProgramData\\Ferry\\{TAG}\\disk-0-0.json", bytes(200))
    pair.write_target(f"{destination}.{TAG}", b"half a file")

    (lost,) = pair.target.works(TAG)
    pair.target.clear_traces(TAG, destinations=[destination])

    assert lost == Work("disk-0-0", WorkState.LOST, 0, 0, None, None, None)
    assert pair.target.works(TAG) == ()
    assert not pair.has_target(f"{destination}.{TAG}")


def test_a_moved_vm_ran_in_one_place_at_a_time_and_left_nothing_behind(lab: Lab, pair: Pair) -> None:
    pair.freeze_and_copy()
    left = [layer.path for disk in pair.vm().disks for layer in disk.layers]
    pair.target.register(pair.registration())
    pair.target.start(pair.uid, TAG)
    pair.merged(pair.target)
    pair.source.remove_vm(pair.uid, TAG)
    pair.deleted(pair.source, left)
    for host in (pair.source, pair.target):
        host.clear_traces(TAG, destinations=None)
    pair.target.unmark(pair.uid, TAG)

    assert lab.twice("WEB01") == []
    assert lab.running("WEB01") == ["HV02"]
    assert lab.host("HV01").traces(TAG) == lab.host("HV02").traces(TAG) == []
    assert lab.host("HV01").stray_files() == []


def test_a_wrong_password_is_access_denied(lab: Lab) -> None:
    with HyperVProvider(endpoint(lab, "HV01", "wrong")) as host, pytest.raises(AccessDenied):
        host.inspect()


def test_a_host_without_power_is_unreachable(lab: Lab) -> None:
    lab.host("HV02").kill()

    with HyperVProvider(endpoint(lab, "HV02")) as host, pytest.raises(HostUnreachable):
        host.inspect()
