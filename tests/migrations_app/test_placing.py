"""Several VMs are placed one after the other, and what each takes of its target is not there for the next."""

from __future__ import annotations

from dataclasses import replace

from hosts.models import Host, HostVolume, VirtualAdapter, VirtualDisk, VirtualMachine, VirtualNetwork
from hosts.providers.types import VmState
from hosts.rating_types import Options
from migrations_app.jobs import start_job
from migrations_app.placing import Placement, Placer, place_all
from tests.fakes.estate import Estate
from tests.fakes.world import WORLD


def place(*names: str, only: Host | None = None) -> dict[str, Placement]:
    vms = VirtualMachine.objects.filter(name__in=names).select_related("host__group")
    return {it.vm.name: it for it in place_all(Placer(Options()), vms, only)}


def targets(placed: dict[str, Placement]) -> dict[str, str]:
    return {name: it.target.name if it.target else "" for name, it in placed.items()}


def test_equal_hosts_are_filled_evenly(estate: Estate) -> None:
    assert sorted(targets(place("VM1", "VM2")).values()) == ["HV02", "HV03"]


def test_what_the_plan_puts_on_a_host_is_not_free_any_more(estate: Estate) -> None:
    """HV03 is closed, and HV02 has room for two: 256 MB are its reserve."""
    Host.objects.filter(name="HV03").update(is_in_maintenance=True)
    Host.objects.filter(name="HV02").update(memory_available_mb=256 + 2 * 512 + 100)

    placed = place("VM1", "VM2", "VM3")

    assert targets(placed) == {"VM1": "HV02", "VM2": "HV02", "VM3": ""}
    assert "VM3 needs 512 MB of memory; HV02 has 100 MB above its reserve" in placed["VM3"].reason
    assert "HV03 is in maintenance mode" in placed["VM3"].reason


def test_room_on_volumes_is_counted_too(estate: Estate) -> None:
    Host.objects.filter(name="HV03").update(is_in_maintenance=True)
    VirtualDisk.objects.update(layers=[{"path": "D:\\1.vhdx", "parent_path": None, "file_size_bytes": 20 << 30}])
    for number, disk in enumerate(VirtualDisk.objects.all()):
        VirtualDisk.objects.filter(pk=disk.pk).update(layers=[{**disk.layers[0], "path": f"D:\\{number}.vhdx"}])

    assert targets(place("VM1", "VM2", "VM3")) == {"VM1": "HV02", "VM2": "HV02", "VM3": ""}


def test_moves_that_are_under_way_are_counted(estate: Estate) -> None:
    Host.objects.filter(name="HV03").update(is_in_maintenance=True)
    plan = place("VM1")["VM1"].plan
    assert plan is not None
    start_job(plan, None)
    Host.objects.filter(name="HV02").update(memory_available_mb=256 + 2 * 512 + 1)

    assert targets(place("VM2")) == {"VM2": "HV02"}
    assert targets(place("VM2", "VM3")) == {"VM2": "HV02", "VM3": ""}


def test_the_largest_is_placed_first(estate: Estate) -> None:
    Host.objects.filter(name="HV03").update(is_in_maintenance=True)
    Host.objects.filter(name="HV02").update(memory_available_mb=256 + 900)
    VirtualMachine.objects.filter(name="VM3").update(memory_mb=800)

    assert targets(place("VM1", "VM2", "VM3")) == {"VM3": "HV02", "VM1": "", "VM2": ""}


def test_a_vm_that_cannot_move_has_its_reason_and_no_target(estate: Estate) -> None:
    VirtualDisk.objects.filter(vm__name="VM2").update(is_pass_through=True)

    placed = place("VM1", "VM2")

    assert placed["VM1"].plan is not None
    assert placed["VM2"].plan is None
    assert "pass-through disk" in placed["VM2"].reason


def test_nobody_is_disconnected_by_a_plan(estate: Estate) -> None:
    VirtualNetwork.objects.filter(host__name="HV02").delete()
    VirtualAdapter.objects.filter(vm__name="VM2").update(network_name="DMZ")

    placed = place("VM1", "VM2")

    assert targets(placed) == {"VM1": "HV03", "VM2": ""}
    assert "has no virtual network named DMZ" in placed["VM2"].reason


def test_everything_goes_to_the_host_that_was_chosen_even_against_advice(estate: Estate) -> None:
    Host.objects.filter(name="HV02").update(cpu_percent=99.0, load_count=0)

    placed = place("VM1", "VM2", only=estate.host("HV02"))

    assert targets(placed) == {"VM1": "HV02", "VM2": "HV02"}
    assert placed["VM1"].stars == 0
    assert any("its reserve leaves" in text for text in placed["VM1"].warnings)


def test_two_vms_of_one_name_do_not_get_one_folder(estate: Estate) -> None:
    """VM1 of HV02 has the folder that VM1 of HV01 would have, too."""
    estate.add_vm("VM1", VmState.OFF, host="HV02")
    twin = WORLD["HV02"].vms.pop("id-VM1")
    WORLD["HV02"].vms["id-twin"] = replace(twin, uid="id-twin")
    estate.refresh()

    placed = place_all(
        Placer(Options()), VirtualMachine.objects.filter(name="VM1").select_related("host__group"), estate.host("HV03")
    )

    assert [it.plan is not None for it in placed] == [True, False]
    assert "has the folder D:\\VMs\\VM1" in placed[1].reason


def test_a_host_with_no_other_host_says_so(estate: Estate) -> None:
    Host.objects.exclude(name="HV01").delete()

    assert place("VM1")["VM1"].reason == "There is no other host for VM1."


def test_hosts_without_room_on_the_volume_of_the_vm_are_passed_over(estate: Estate) -> None:
    HostVolume.objects.filter(host__name="HV02").update(path="E:\\")

    placed = place("VM1", "VM2")

    assert targets(placed) == {"VM1": "HV03", "VM2": "HV03"}
