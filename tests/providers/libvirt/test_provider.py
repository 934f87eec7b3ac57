"""The provider on libvirt's test driver, with the host's own side as a local process: no root and no QEMU."""

from __future__ import annotations

from pathlib import Path

import pytest

from hosts.providers.claims import Claim
from hosts.providers.errors import AlreadyExists, NotFound, Overtaken, Refused, WrongState
from hosts.providers.libvirt.provider import LibvirtProvider
from hosts.providers.types import VmState
from tests.providers.libvirt.samples import ENDPOINT, UID

TAG, OTHER_TAG = "ferry-71", "ferry-72"
NOBODY = "00000000-0000-4000-8000-000000000000"


def test_the_folders_of_a_folder_are_told_without_hidden_ones(host: LibvirtProvider, tmp_path: Path) -> None:
    for name in ("images", "archive", ".snapshots"):
        (tmp_path / "srv" / name).mkdir(parents=True)
    (tmp_path / "srv" / "disk.qcow2").touch()

    assert host.folders(str(tmp_path / "srv")) == ["archive", "images"]
    with pytest.raises(NotFound):
        host.folders(str(tmp_path / "nothing"))


def test_a_vm_is_read_with_its_disks_and_its_adapter(host: LibvirtProvider, tmp_path: Path) -> None:
    vm = host.find_vm(UID)

    assert vm is not None
    assert (vm.name, vm.state, vm.version, vm.folder) == ("DB01", VmState.RUNNING, "pc-i440fx-7.2", str(tmp_path))
    assert [disk.size_bytes for disk in vm.disks] == [1 << 20] * 2
    assert [adapter.network_name for adapter in vm.adapters] == ["br0"]
    assert vm.notes == "Made by Ferry's lab."
    assert host.find_vm(NOBODY) is None


def test_a_mark_travels_in_the_notes_and_holds_the_vm_and_goes_away_without_a_trace(host: LibvirtProvider) -> None:
    before = host.find_vm(UID)
    marked = host.mark(UID, TAG, hold=False)
    held = host.mark(UID, TAG, hold=True)
    host.unmark(UID, TAG)
    host.unmark(UID, TAG)

    assert marked.notes.splitlines()[1:] == [f"{TAG} start-action=Nothing"]
    assert held.start_action == "Nothing"
    assert host.find_vm(UID) == before


def test_a_vm_is_saved_with_the_xml_of_what_ran(host: LibvirtProvider, tmp_path: Path) -> None:
    host.mark(UID, TAG, hold=False)

    saved, again = host.save(UID, TAG), host.save(UID, TAG)
    kept = tmp_path / f"DB01.{TAG}.xml"

    assert (saved.state, saved.start_action, again) == (VmState.SAVED, "Nothing", saved)
    assert [file.path for file in saved.state_files] == [str(kept)]
    assert UID in kept.read_text()


def test_a_paused_vm_goes_on_and_that_it_was_ordered_is_noted(host: LibvirtProvider) -> None:
    host.mark(UID, TAG, hold=False)

    paused, again, started = host.pause(UID, TAG), host.pause(UID, TAG), host.start(UID, TAG)

    assert (paused.state, again.state, started.state) == (VmState.PAUSED, VmState.PAUSED, VmState.RUNNING)
    assert (again.start_ordered_by, started.start_ordered_by) == (None, TAG)
    assert f"{TAG} start-ordered" in started.notes


def test_what_bears_another_tag_is_left_alone(host: LibvirtProvider) -> None:
    host.mark(UID, OTHER_TAG, hold=False)

    with pytest.raises(AlreadyExists):
        host.mark(UID, TAG, hold=False)
    for change in (host.save, host.start, host.pause, host.remove_vm):
        with pytest.raises(WrongState):
            change(UID, TAG)
    host.unmark(UID, TAG)
    assert OTHER_TAG in host.mark(UID, OTHER_TAG, hold=False).notes


def test_only_a_vm_that_stands_still_is_removed(host: LibvirtProvider) -> None:
    host.mark(UID, TAG, hold=False)

    with pytest.raises(WrongState, match="only a virtual machine that is off or saved"):
        host.remove_vm(UID, TAG)

    host.remove_vm(NOBODY, TAG)
    with pytest.raises(NotFound):
        host.start(NOBODY, TAG)
    assert host.find_vm(UID) is not None


def test_a_call_that_comes_too_late_does_nothing_and_one_without_a_claim_is_refused(host: LibvirtProvider) -> None:
    host.claim(Claim("71-1767225600", fence=2))
    host.mark(UID, TAG, hold=False)
    host.claim(Claim("71-1767225600", fence=1))

    with pytest.raises(Overtaken):
        host.save(UID, TAG)

    with LibvirtProvider(ENDPOINT) as unclaimed, pytest.raises(Refused, match="nobody has claimed"):
        unclaimed.save(UID, TAG)


def test_files_of_a_vm_that_is_here_are_not_deleted(host: LibvirtProvider, tmp_path: Path) -> None:
    used, mine = tmp_path / "DB01-0.qcow2", tmp_path / "other.qcow2"
    mine.write_bytes(b"x")

    with pytest.raises(WrongState):
        host.delete_files([str(used), str(mine)], TAG)

    assert used.exists()
    assert host.delete_files([str(mine)], TAG) == ()
    assert not mine.exists()
