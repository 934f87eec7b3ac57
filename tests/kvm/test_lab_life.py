"""The KVM lab comes up and goes down: beside another, twice, after its death, and without leaving anything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.kvm.checker import stray_files
from lab.kvm.commands import run, wait_until
from lab.kvm.control import Lab
from lab.kvm.create import LabRefused, new_vm
from lab.kvm.faults import free_link, limit_link
from lab.kvm.host import Host
from lab.kvm.image import GuestImage
from lab.kvm.network import host_namespace
from lab.kvm.processes import command_line, kill, kill_all, processes
from lab.kvm.spec import LAN, DiskSpec, HostSpec, LabSpec, VmSpec
from tests.kvm.conftest import lab_name

pytestmark = pytest.mark.kvm

_TWO = LabSpec((HostSpec("KVM01"), HostSpec("KVM02", small_mb=16)))
_SENT_MB = 24
# Connects to the other host and sends; the other counts and says how many seconds it took.
_RECEIVE = """import socket, time
server = socket.create_server(("", 5001)); print("ready", flush=True)
peer = server.accept()[0]; began = time.monotonic()
while peer.recv(1 << 20): pass
print(time.monotonic() - began)"""
_SEND = "import socket, sys; socket.create_connection((sys.argv[1], 5001)).sendall(bytes(int(sys.argv[2]) << 20))"


@pytest.fixture(scope="module")
def made(guest_image: GuestImage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab = Lab.create(tmp_path_factory.mktemp("life") / "lab", _TWO, guest_image, name=lab_name(2), say=print)
    yield lab
    lab.destroy()


@pytest.fixture
def two(made: Lab) -> Lab:
    """Two hosts without VMs, up, whatever the test before has done to them."""
    made.up()
    return made


def test_a_second_up_leaves_running_hosts_alone_and_starts_the_one_that_is_down(two: Lab) -> None:
    before = {host.name: processes(host.namespace)[0] for host in two.hosts()}
    two.host("KVM02").kill()

    two.up()

    assert processes(two.host("KVM01").namespace)[0] == before["KVM01"]
    assert processes(two.host("KVM02").namespace)[0] != before["KVM02"]


def test_down_leaves_nothing_behind_and_another_lab_alone(two: Lab, kvm_lab: Lab) -> None:
    namespaces = [host.namespace for host in two.hosts()]
    assert two.facts().subnet != kvm_lab.facts().subnet

    two.down()

    assert two.remains() == []
    assert [processes(namespace) for namespace in namespaces] == [[], []]
    assert str(two.root) not in Path("/proc/self/mounts").read_text()
    wait_until(lambda: str(two.root) not in run(["losetup", "--list"]), "A loop device is left.", 5.0)
    assert all(host.is_up() for host in kvm_lab.hosts())


def test_up_works_after_everything_was_killed(two: Lab) -> None:
    for host in two.hosts():
        kill_all(host.namespace)

    two.up()

    assert [host.run(["hostname"]).strip() for host in two.hosts()] == ["kvm01", "kvm02"]


def test_up_removes_what_a_half_done_up_has_left(two: Lab) -> None:
    two.down()
    namespace = host_namespace(two.facts().name, "KVM02")
    run(["ip", "netns", "add", namespace])
    with subprocess.Popen(["ip", "netns", "exec", namespace, "sleep", "600"]) as stale:
        wait_until(lambda: stale.pid in processes(namespace), "The sleeper does not start.", 5.0)

        two.up()

        assert stale.wait(5) < 0
    assert all("sleep" not in command_line(pid) for pid in processes(namespace) if command_line(pid)[1:] == ["600"])


def test_up_makes_the_vm_that_an_interrupted_up_has_not_made(two: Lab) -> None:
    spec = VmSpec("LATE01", disks=(DiskSpec(size_mb=4, payload_mb=1, ring_mb=1),), is_running=False)
    two.folder.write_facts(two.facts().with_vm(new_vm(two.facts(), "KVM01", spec)))
    assert not two.is_whole()

    two.up()

    assert two.is_whole()
    assert two.registered("LATE01") == ["KVM01"]
    two.remove_vm("LATE01")
    assert stray_files(two) == []


def test_a_daemon_that_dies_is_started_again(two: Lab) -> None:
    host = two.host("KVM01")

    assert len(kill(host.namespace, "/usr/sbin/libvirtd")) == 1

    wait_until(host.has_libvirt, "libvirtd does not come back.", 20.0)


def test_a_limited_link_is_really_slow_in_both_directions(two: Lab) -> None:
    first, second = two.hosts()
    assert _mbit_per_s(first, second) > 600

    limit_link(first, 100)
    limited = [_mbit_per_s(first, second), _mbit_per_s(second, first)]
    free_link(first)

    assert all(70 < rate < 115 for rate in limited), limited
    assert _mbit_per_s(first, second) > 600


def test_only_the_labs_key_opens_a_host(two: Lab, tmp_path: Path) -> None:
    host = two.host("KVM01")
    known = tmp_path / "known"
    known.write_text(f"{host.address} {host.entry.host_key}\n")
    options = ["-o", f"UserKnownHostsFile={known}", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"]

    answer = run(["ssh", *options, "-i", host.entry.private_key, f"root@{host.address}", "hostname"])

    assert answer.strip() == "kvm01"
    refused = subprocess.run(["ssh", *options, f"root@{host.address}", "true"], capture_output=True, check=False)
    assert b"Permission denied (publickey)" in refused.stderr


def test_a_host_cannot_write_to_this_machine(two: Lab) -> None:
    host = two.host("KVM01")
    mark = f"mark-{os.getpid()}"

    host.run(["touch", f"/var/{mark}", f"/tmp/{mark}", f"/root/{mark}"])

    assert not any(Path(place, mark).exists() for place in ("/var", "/tmp", "/root"))
    with pytest.raises(Exception, match="Read-only file system"):
        host.run(["touch", f"/usr/{mark}"])


def test_a_lab_with_a_name_that_no_interface_could_bear_is_refused(guest_image: GuestImage, tmp_path: Path) -> None:
    with pytest.raises(LabRefused, match="up to eight"):
        Lab.create(tmp_path, LabSpec((HostSpec("KVM01", bridges=(LAN,)),)), guest_image, name="Lab of mine", say=print)


def test_a_lab_of_the_same_name_in_another_folder_is_refused_and_harms_nobody(two: Lab, tmp_path: Path) -> None:
    before = [processes(host.namespace)[0] for host in two.hosts()]
    image = GuestImage(Path(two.facts().image))

    with pytest.raises(LabRefused, match=f"runs from {two.root}"):
        Lab.create(tmp_path / "other", _TWO, image, name=two.facts().name, say=print)

    assert [processes(host.namespace)[0] for host in two.hosts()] == before


def test_the_command_line_shows_a_running_lab_and_says_where_there_is_none(two: Lab) -> None:
    command = [sys.executable, "-m", "lab.kvm", "--state", str(two.root.parent), "--name"]

    shown = subprocess.run([*command, "lab", "status"], capture_output=True, text=True, check=False)
    missing = subprocess.run([*command, "none", "down"], capture_output=True, text=True, check=False)

    assert f"KVM02 {two.host('KVM02').address} up: no virtual machines" in shown.stdout
    assert (missing.returncode, "There is no lab in" in missing.stderr) == (1, True)


def _mbit_per_s(source: Host, target: Host) -> float:
    command = ["nsenter", f"--net=/run/netns/{target.namespace}", sys.executable, "-c", _RECEIVE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as receiver:
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == "ready\n"
        source.run(["python3", "-c", _SEND, target.address, str(_SENT_MB)])
        return _SENT_MB * 8.4 / float(receiver.stdout.readline())
