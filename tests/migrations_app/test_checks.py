"""The checks that the wizard and the job share."""

from __future__ import annotations

import pytest

from hosts.models import Host, VirtualDisk, VirtualMachine
from hosts.providers.types import VmState
from hosts.vm_folders import default_folder
from migrations_app.checks import check_choices, check_networks, check_path, check_target, check_vm, errors
from migrations_app.engine.step import Level
from migrations_app.plans import Choices, choices_of, fingerprint, make_plan, match_networks
from tests.fakes.moves import Move


@pytest.fixture
def vm(move: Move) -> VirtualMachine:
    return VirtualMachine.objects.get(name="WEB01")


@pytest.fixture
def target(move: Move) -> Host:
    return Host.objects.get(name="HV02")


def test_nothing_speaks_against_a_sound_move(vm: VirtualMachine, target: Host) -> None:
    chosen = Choices(vm, target, default_folder(vm, target), match_networks(vm, target), fingerprint(vm))

    assert errors(check_choices(chosen)) == []


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("state", VmState.PAUSED, "is Paused"),
        ("is_missing", True, "was not found"),
        ("is_merging", True, "being merged"),
        ("is_clustered", True, "highly available"),
        ("is_replicated", True, "replicated"),
        ("has_assigned_device", True, "device"),
        ("dvd_paths", ["D:\\iso\\setup.iso"], "DVD drive"),
        ("activity", VirtualMachine.Activity.MIGRATION_FAILED, "failed half-way"),
    ],
)
def test_what_cannot_be_moved_is_named(vm: VirtualMachine, field: str, value: object, words: str) -> None:
    setattr(vm, field, value)

    assert words in " ".join(finding.text for finding in errors(check_vm(vm)))


@pytest.mark.parametrize("field", ["is_pass_through", "is_shared"])
def test_a_disk_that_cannot_be_copied_is_an_error(vm: VirtualMachine, field: str) -> None:
    VirtualDisk.objects.update(**{field: True})

    assert errors(check_vm(vm))


def test_a_target_without_room_is_an_error_now_not_an_hour_later(vm: VirtualMachine, target: Host) -> None:
    target.volumes.update(free_bytes=1 << 20)

    assert "free" in errors(check_path(vm, target, "D:\\VMs"))[0].text


def test_a_volume_that_the_target_does_not_have_is_an_error(vm: VirtualMachine, target: Host) -> None:
    assert "no volume F:\\" in errors(check_path(vm, target, "F:\\VMs"))[0].text


def test_a_network_that_the_target_does_not_have_is_an_error(vm: VirtualMachine, target: Host) -> None:
    assert "no virtual network DMZ" in errors(check_networks(vm, target, {"nic-1": "DMZ"}))[0].text


def test_an_adapter_left_unconnected_is_a_warning(vm: VirtualMachine, target: Host) -> None:
    (finding,) = check_networks(vm, target, {"nic-1": None})

    assert finding.level is Level.WARNING


def test_an_adapter_nobody_decided_on_is_an_error(vm: VirtualMachine, target: Host) -> None:
    assert errors(check_networks(vm, target, {}))


def test_a_running_vm_that_does_not_fit_into_memory_is_an_error(vm: VirtualMachine, target: Host) -> None:
    target.memory_available_mb = vm.memory_mb - 1

    assert any("memory free" in finding.text for finding in errors(check_target(vm, target)))


def test_the_folder_of_another_vm_is_refused(vm: VirtualMachine, target: Host) -> None:
    VirtualMachine.objects.create(host=target, uid="other", name="OTHER", state=VmState.OFF, folder="d:\\vms\\web01")
    chosen = Choices(vm, target, "D:\\VMs", match_networks(vm, target), fingerprint(vm))

    assert any("folder of OTHER" in finding.text for finding in errors(check_choices(chosen)))


def test_a_plan_gives_its_choices_back(vm: VirtualMachine, target: Host) -> None:
    chosen = Choices(
        vm, target, "D:\\VMs", match_networks(vm, target), fingerprint(vm), disk_folders={"SCSI 0:0": "D:\\Fast"}
    )

    plan = make_plan(chosen)

    assert plan.disks[0].folder == "D:\\Fast\\WEB01\\Virtual Hard Disks"
    assert choices_of(plan, vm, target) == chosen
    assert type(plan).from_json(plan.to_json()) == plan


def test_disks_with_the_same_file_name_get_folders_of_their_own(vm: VirtualMachine, target: Host) -> None:
    path = vm.disks.get().layers[0]["path"]
    other = path.replace("Virtual Hard Disks", "Other")
    layer = {"path": other, "parent_path": None, "file_size_bytes": 1}
    VirtualDisk.objects.create(vm=vm, location="SCSI 0:1", size_bytes=1, layers=[layer])

    plan = make_plan(Choices(vm, target, "D:\\VMs", {}, ""))

    assert plan.place_layer("SCSI 0:0", path) != plan.place_layer("SCSI 0:1", other)
