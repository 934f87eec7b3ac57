"""A VM moves between two emulated hosts with every byte, and what a host cannot take it refuses with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from lab.hyperv.checker import await_answer, prove
from lab.hyperv.control import Lab
from tests.lab.support import TAG, HostInside, ScriptFailed, copy_vm, registration

Hosts = dict[str, HostInside]
FOLDER = "D:\\Moved\\WEB01"


@pytest.fixture
def saved(host: HostInside) -> dict[str, Any]:
    """WEB01 on HV01: marked, with a checkpoint, saved."""
    uid = host.uid("WEB01")
    host.mark("WEB01")
    host.run("checkpoint-vm", VmId=uid, Name=f"{TAG}-1")
    vm: dict[str, Any] = host.run("save-vm", VmId=uid, Tag=TAG)["vm"]
    return vm


def test_a_moved_vm_goes_on_with_every_byte(hosts: Hosts) -> None:
    source, target = hosts["HV01"], hosts["HV02"]
    lab, uid = Lab.open(source.folder.lab_root), source.uid("WEB01")
    before = await_answer(lab.guest_address("WEB01"))
    source.mark("WEB01")
    source.run("checkpoint-vm", VmId=uid, Name=f"{TAG}-1")
    vm = source.run("save-vm", VmId=uid, Tag=TAG)["vm"]

    copy_vm(source, target, vm, FOLDER)
    target.run("register-vm", **registration(vm, FOLDER))
    target.run("start-vm", VmId=uid, Tag=TAG)
    target.run("merge-checkpoints", VmId=uid, Tag=TAG)
    merged = target.await_merged("WEB01")

    await_answer(lab.guest_address("WEB01"))
    assert prove(lab, "WEB01", before).failures == ()
    assert [disk["layers"][0]["path"] for disk in merged["disks"]] == [
        f"{FOLDER}\\Virtual Hard Disks\\web01-{number}.vhdx" for number in range(2)
    ]


def test_a_registered_vm_is_saved_and_keeps_its_id_and_mark(hosts: Hosts, saved: dict[str, Any]) -> None:
    target = hosts["HV02"]
    copy_vm(hosts["HV01"], target, saved, FOLDER)

    first = target.run("register-vm", **registration(saved, FOLDER))["vm"]
    again = target.run("register-vm", **registration(saved, FOLDER))["vm"]

    assert first == again
    assert (first["uid"], first["state"], first["folder"]) == (saved["uid"], "saved", FOLDER)
    assert (first["notes"], first["start_action"]) == (saved["notes"], "Nothing")
    assert [checkpoint["name"] for checkpoint in first["checkpoints"]] == [f"{TAG}-1"]


def test_a_missing_switch_is_reported_by_hyper_vs_own_number(hosts: Hosts, saved: dict[str, Any]) -> None:
    target = hosts["HV02"]
    copy_vm(hosts["HV01"], target, saved, FOLDER)
    config = target.control.real(registration(saved, FOLDER)["ConfigPath"])
    config.write_text(config.read_text().replace('"LAN"', '"DMZ"'))

    with pytest.raises(ScriptFailed, match=r"Could not find Ethernet switch 'DMZ'\. \(33012\)") as failed:
        target.run("register-vm", **registration(saved, FOLDER) | {"Adapters": []})

    assert failed.value.kind == "Incompatible"
    assert not target.control.has_vm("WEB01")
    assert target.run("register-vm", **registration(saved, FOLDER))["vm"]["adapters"][0]["network_name"] == "LAN"


def test_a_switch_that_the_order_names_must_exist(hosts: Hosts, saved: dict[str, Any]) -> None:
    target = hosts["HV02"]
    copy_vm(hosts["HV01"], target, saved, FOLDER)

    with pytest.raises(ScriptFailed) as failed:
        target.run("register-vm", **registration(saved, FOLDER, {"Network Adapter": "DMZ"}))

    assert failed.value.kind == "NotFound"
    assert not target.control.has_vm("WEB01")


def test_a_saved_state_does_not_go_to_another_make_of_processor(hosts: Hosts, saved: dict[str, Any]) -> None:
    target = hosts["HV03"]
    copy_vm(hosts["HV01"], target, saved, FOLDER)

    with pytest.raises(ScriptFailed, match="another make of processor") as failed:
        target.run("register-vm", **registration(saved, FOLDER))

    assert failed.value.kind == "Incompatible"


def test_a_host_without_the_memory_says_so_before_it_takes_the_vm(hosts: Hosts, saved: dict[str, Any]) -> None:
    target = hosts["HV02"]
    copy_vm(hosts["HV01"], target, saved, FOLDER)
    config = target.control.real(registration(saved, FOLDER)["ConfigPath"])
    config.write_text(config.read_text().replace('"memory_mb": 8', '"memory_mb": 1024'))

    with pytest.raises(
        ScriptFailed, match=r"HV02 has not the 1024 MB of memory to restore the VM\. \(24002\)"
    ) as failed:
        target.run("register-vm", **registration(saved, FOLDER))

    assert failed.value.kind == "Incompatible"


def test_every_missing_file_is_named(hosts: Hosts, saved: dict[str, Any]) -> None:
    target = hosts["HV02"]
    copy_vm(hosts["HV01"], target, saved, FOLDER)
    states = list((target.folder.root / "D" / "Moved").rglob("*.vmrs"))
    for state in states:
        state.unlink()

    with pytest.raises(ScriptFailed) as failed:
        target.run("register-vm", **registration(saved, FOLDER))

    assert len(states) == 2
    assert [state for state in states if f"{state.name}' was not found. (40010)" not in str(failed.value)] == []


def test_an_id_is_registered_only_once_on_a_host(host: HostInside) -> None:
    vm = host.vm("IDLE01")

    with pytest.raises(ScriptFailed) as failed:
        host.run("register-vm", **registration(vm, vm["folder"]))

    assert failed.value.kind == "AlreadyExists"


def test_a_vm_whose_state_belongs_to_another_save_is_refused(hosts: Hosts, saved: dict[str, Any]) -> None:
    source, target = hosts["HV01"], hosts["HV02"]
    copy_vm(source, target, saved, FOLDER)
    source.run("start-vm", VmId=saved["uid"], Tag=TAG)
    again = source.run("save-vm", VmId=saved["uid"], Tag=TAG)["vm"]
    vmrs = next(file["path"] for file in again["state_files"] if file["path"].endswith(".vmrs"))
    copied = target.control.real(vmrs.replace(saved["folder"], FOLDER))
    copied.write_bytes(source.control.real(vmrs).read_bytes())

    with pytest.raises(ScriptFailed, match="does not belong"):
        target.run("register-vm", **registration(saved, FOLDER))


def test_without_its_configuration_nothing_is_registered(hosts: Hosts, saved: dict[str, Any]) -> None:
    with pytest.raises(ScriptFailed) as failed:
        hosts["HV02"].run("register-vm", **registration(saved, FOLDER))

    assert failed.value.kind == "NotFound"
