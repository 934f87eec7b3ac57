"""What Hyper-V enforces is enforced: states, memory, marks, checkpoints, ids, switches."""

from __future__ import annotations

import pytest

from lab.hyperv.checker import ask, read_disks
from tests.lab.support import TAG, HostInside, ScriptFailed, eventually, layer_paths, order

Hosts = dict[str, HostInside]
CLEAR: dict[str, object] = {"KeepFiles": False, "Destinations": []}


def test_a_host_tells_what_it_has(host: HostInside) -> None:
    facts = host.run("inspect-host")

    assert facts["computer_name"] == "HV01"
    assert [vm["name"] for vm in facts["vms"]] == ["IDLE01", "WEB01"]
    assert [network["name"] for network in facts["networks"]] == ["DMZ", "LAN"]
    assert facts["memory_available_mb"] == 2048 - 128 - 8


def test_a_save_ends_the_guest_and_a_start_restores_it(host: HostInside) -> None:
    uid = host.mark("WEB01")

    saved = host.run("save-vm", VmId=uid, Tag=TAG)["vm"]
    again = host.run("save-vm", VmId=uid, Tag=TAG)["vm"]
    started = host.run("start-vm", VmId=uid.upper(), Tag=TAG)["vm"]

    assert (saved["state"], again["state"], started["state"]) == ("saved", "saved", "running")
    state_bytes = {file["size_bytes"] for file in saved["state_files"] if file["path"].endswith(".vmrs")}
    assert state_bytes == {4096 + (8 << 20)}


def test_a_save_without_room_leaves_the_vm_running(host: HostInside) -> None:
    uid = host.mark("WEB01")
    host.control.fill("D:")

    with pytest.raises(ScriptFailed) as failed:
        host.run("save-vm", VmId=uid, Tag=TAG)

    assert failed.value.kind == "NotEnoughSpace"
    assert host.control.vm("WEB01").state == "running"


def test_a_start_without_memory_is_refused(host: HostInside) -> None:
    uid = host.mark("IDLE01")
    host.machine.get(uid).config.memory_mb = 4000

    with pytest.raises(ScriptFailed) as failed:
        host.run("start-vm", VmId=uid, Tag=TAG)

    assert failed.value.kind == "NotEnoughMemory"
    assert (host.vm("IDLE01")["state"], host.vm("IDLE01")["start_ordered_by"]) == ("off", None)


def test_a_mark_keeps_the_start_action_and_gives_it_back(host: HostInside) -> None:
    uid = host.uid("WEB01")

    marked = host.run("mark-vm", VmId=uid, Tag=TAG, Hold=True)["vm"]
    host.run("mark-vm", VmId=uid, Tag=TAG, Hold=True)
    with pytest.raises(ScriptFailed) as failed:
        host.run("mark-vm", VmId=uid, Tag="ferry-8", Hold=True)
    host.run("unmark-vm", VmId=uid, Tag=TAG)
    host.run("unmark-vm", VmId=uid, Tag=TAG)

    assert (marked["notes"], marked["start_action"]) == ("ferry-7 start-action=StartIfRunning", "Nothing")
    assert failed.value.kind == "AlreadyExists"
    assert (host.vm("WEB01")["notes"], host.vm("WEB01")["start_action"]) == ("", "StartIfRunning")


def test_checkpoints_add_layers_and_merging_takes_them_away(host: HostInside) -> None:
    uid = host.uid("WEB01")
    base = layer_paths(host.vm("WEB01"))

    host.run("checkpoint-vm", VmId=uid, Name=f"{TAG}-1")
    host.run("checkpoint-vm", VmId=uid, Name=f"{TAG}-2")
    layered = host.run("checkpoint-vm", VmId=uid, Name=f"{TAG}-2")["vm"]
    merging = host.run("merge-checkpoints", VmId=uid, Tag=TAG)["vm"]

    assert [len(disk["layers"]) for disk in layered["disks"]] == [3, 3]
    assert (merging["is_merging"], merging["checkpoints"]) == (True, [])
    assert layer_paths(host.await_merged("WEB01")) == base
    assert host.control.stray_files() == []


def test_no_record_is_lost_through_checkpoint_and_merge(host: HostInside) -> None:
    vm = host.control.vm("WEB01")
    config = host.machine.get(vm.uid).config
    address = (config.guest_address, config.guest_port)

    host.run("checkpoint-vm", VmId=vm.uid, Name=f"{TAG}-1")
    first = ask(address).last_record
    eventually(lambda: ask(address).last_record > first + 5)
    host.run("merge-checkpoints", VmId=vm.uid, Tag=TAG)
    host.await_merged("WEB01")

    assert read_disks(host.folder, vm.config_path, ask(address).last_record) == []


def test_a_vm_that_is_off_is_checkpointed_and_merged_as_well(host: HostInside) -> None:
    uid = host.uid("IDLE01")
    base = layer_paths(host.vm("IDLE01"))

    layered = host.run("checkpoint-vm", VmId=uid, Name=TAG)["vm"]
    host.run("merge-checkpoints", VmId=uid, Tag=TAG)

    assert len(layer_paths(layered)) == 2
    assert layer_paths(host.await_merged("IDLE01")) == base


def test_merging_takes_only_the_tags_own_checkpoints(host: HostInside) -> None:
    uid = host.uid("WEB01")
    for name in ("by hand", f"{TAG}-1", "ferry-77-1"):
        host.run("checkpoint-vm", VmId=uid, Name=name)

    host.run("merge-checkpoints", VmId=uid, Tag=TAG)
    merged = host.await_merged("WEB01")

    assert [checkpoint["name"] for checkpoint in merged["checkpoints"]] == ["by hand", "ferry-77-1"]
    assert [len(disk["layers"]) for disk in merged["disks"]] == [3, 3]


def test_no_checkpoint_is_made_while_disks_merge(host: HostInside) -> None:
    uid = host.uid("WEB01")
    host.run("checkpoint-vm", VmId=uid, Name=f"{TAG}-1")
    host.run("merge-checkpoints", VmId=uid, Tag=TAG)

    with pytest.raises(ScriptFailed) as failed:
        host.run("checkpoint-vm", VmId=uid, Name=f"{TAG}-2")

    assert failed.value.kind == "WrongState"


def test_a_merge_goes_on_after_a_save_in_its_middle(host: HostInside) -> None:
    uid = host.mark("WEB01")
    host.run("checkpoint-vm", VmId=uid, Name=f"{TAG}-1")
    host.run("merge-checkpoints", VmId=uid, Tag=TAG)

    host.run("save-vm", VmId=uid, Tag=TAG)
    host.run("start-vm", VmId=uid, Tag=TAG)

    assert [len(disk["layers"]) for disk in host.await_merged("WEB01")["disks"]] == [1, 1]


def test_a_vm_without_the_tag_or_running_is_not_removed(host: HostInside) -> None:
    uid = host.uid("WEB01")

    with pytest.raises(ScriptFailed, match="does not bear the tag"):
        host.run("remove-vm", VmId=uid, Tag=TAG)
    host.mark("WEB01")
    with pytest.raises(ScriptFailed, match="is running"):
        host.run("remove-vm", VmId=uid, Tag=TAG)


@pytest.mark.parametrize("phase", ["starting", "saving"])
def test_what_is_under_way_with_a_vm_is_not_interrupted(host: HostInside, phase: str) -> None:
    host.machine.get(host.mark("IDLE01")).phase = phase

    for verb, given in (("remove-vm", {"VmId": host.uid("IDLE01")}), ("clear-traces", CLEAR)):
        with pytest.raises(ScriptFailed, match=f"is {phase}") as failed:
            host.run(verb, Tag=TAG, **given)
        assert failed.value.kind == "WrongState"

    host.machine.get(host.uid("IDLE01")).phase = None
    host.clear()


def test_a_removed_vm_leaves_its_disks_and_its_layers_are_folded(host: HostInside) -> None:
    uid, base = host.mark("IDLE01"), layer_paths(host.vm("IDLE01"))
    host.run("checkpoint-vm", VmId=uid, Name=f"{TAG}-1")

    host.run("remove-vm", VmId=uid, Tag=TAG)
    host.run("remove-vm", VmId=uid, Tag=TAG)

    assert host.run("get-vm", VmId=uid) == {"vm": None}
    eventually(lambda: host.control.stray_files() == list(base))


def test_files_of_a_registered_vm_are_not_deleted(host: HostInside) -> None:
    path = layer_paths(host.vm("IDLE01"))[0]

    with pytest.raises(ScriptFailed) as failed:
        host.run("delete-files", Paths=[path], Tag=TAG)

    assert failed.value.kind == "WrongState"
    assert host.control.real(path).exists()


def test_deleting_a_removed_vms_files_takes_its_folders_along(host: HostInside) -> None:
    vm = host.vm("IDLE01")
    host.mark("IDLE01")
    host.run("remove-vm", VmId=vm["uid"], Tag=TAG)

    answer = host.run("delete-files", Paths=list(layer_paths(vm)), Tag=TAG)

    assert answer == {"in_use": []}
    assert not host.control.real(vm["folder"]).exists()
    assert host.control.real("D:\\VMs").exists()


def test_only_the_scripts_of_the_console_run(host: HostInside) -> None:
    with pytest.raises(ScriptFailed) as failed:
        host.run(
            "start-works",
            Tag=TAG,
            Scripts={"copy-file": "rm C:"},
            Orders=[order("a", "copy-file", {})],
            LimitBytesPerS=0,
        )

    assert failed.value.kind == "ScriptNotKnown"


@pytest.mark.parametrize(
    ("parameters", "kind"),
    [
        ({"VmId": "x", "Tag": TAG, "Colour": "red"}, "NamedParameterNotFound"),
        ({"VmId": "0"}, "MissingMandatoryParameter"),
        ({"VmId": "0", "Tag": TAG}, "NotFound"),
    ],
)
def test_wrong_parameters_are_refused_as_powershell_does(
    host: HostInside, parameters: dict[str, str], kind: str
) -> None:
    with pytest.raises(ScriptFailed) as failed:
        host.run("save-vm", **parameters)

    assert failed.value.kind == kind
