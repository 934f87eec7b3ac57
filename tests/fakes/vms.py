"""Virtual machines for the hosts in memory."""

from __future__ import annotations

from hosts.providers.types import Adapter, Disk, DiskLayer, StateFile, Vm, VmState
from tests.fakes.world import FakeHost


def running_vm(host: FakeHost, name: str = "WEB01", state: VmState = VmState.RUNNING) -> Vm:
    """Put a VM with one disk and one adapter on the host."""
    folder, uid = f"D:\\VMs\\{name}", f"id-{name}"
    disk, config = f"{folder}\\Virtual Hard Disks\\{name}.vhdx", f"{folder}\\Virtual Machines\\{uid}.vmcx"
    host.files |= {disk: b"the disk of " + name.encode() * 4, config: b"configuration"}
    base = DiskLayer(disk, None, len(host.files[disk]), "")
    vm = Vm(
        uid=uid,
        name=name,
        state=state,
        generation=2,
        version="12.0",
        cpu_count=2,
        cpu_percent=5.0,
        memory_mb=512,
        memory_demand_mb=400,
        memory_startup_mb=512,
        has_dynamic_memory=False,
        uptime_s=100,
        notes="",
        start_ordered_by=None,
        folder=folder,
        config_path=config,
        start_action="StartIfRunning",
        is_merging=False,
        is_clustered=False,
        is_replicated=False,
        has_assigned_device=False,
        is_emulated=False,
        has_processor_compatibility=False,
        dvd_paths=(),
        disks=(Disk("SCSI 0:0", 10 << 30, is_dynamic=True, layers=(base,)),),
        adapters=(Adapter("nic-1", "Network Adapter", "00155D010203", "LAN", None, ("10.0.0.5",)),),
        checkpoints=(),
        state_files=(StateFile(config, 13, ""),),
    )
    host.vms[uid] = vm
    return vm
