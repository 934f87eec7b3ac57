"""One of everything a host may answer, as JSON, and a shell that answers with it and remembers what it was asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from hosts.providers.claims import Claim
from hosts.providers.types import (
    Adapter,
    AdapterPlacement,
    Checkpoint,
    Disk,
    DiskLayer,
    DiskPlacement,
    Endpoint,
    HostFacts,
    HostLoad,
    Network,
    Registration,
    Secret,
    StateFile,
    Transport,
    Vm,
    VmLoad,
    VmState,
    Volume,
    Work,
    WorkState,
)

UID = "6f1c2d34-5b6a-4c7d-8e9f-0a1b2c3d4e5f"
TAG = "ferry-7"
CLAIM = Claim("7-1767225600", fence=1)
ENDPOINT = Endpoint("HV01", "10.0.0.1", 5985, Transport.NTLM_HTTP, "LAB\\svc", Secret("pw-secret"))
BASE = "D:\\VMs\\WEB01\\Virtual Hard Disks\\web01.vhdx"
TOP = "D:\\VMs\\WEB01\\Virtual Hard Disks\\web01_1.avhdx"
LAYERS = (DiskLayer(BASE, None, 4096, "638-4096"), DiskLayer(TOP, BASE, 4096, "639-4096"))

VM = Vm(
    uid=UID,
    name="WEB01",
    state=VmState.RUNNING,
    generation=2,
    version="10.0",
    cpu_count=2,
    cpu_percent=3.0,
    memory_mb=1024,
    memory_demand_mb=800,
    memory_startup_mb=1024,
    has_dynamic_memory=False,
    uptime_s=60,
    notes="",
    folder="D:\\VMs\\WEB01",
    config_path=f"D:\\VMs\\WEB01\\Virtual Machines\\{UID.upper()}.vmcx",
    start_action="Start",
    start_ordered_by=None,
    is_merging=False,
    is_clustered=False,
    is_replicated=False,
    has_assigned_device=False,
    is_emulated=False,
    has_processor_compatibility=False,
    dvd_paths=(),
    disks=(Disk("SCSI 0:0", 1 << 30, True, LAYERS),),
    adapters=(Adapter("a1", "Network Adapter", "00:15:5D:01:02:03", "LAN", 12, ("10.0.0.9",)),),
    checkpoints=(Checkpoint("c1", "ferry-7-1", None),),
    state_files=(StateFile("D:\\VMs\\WEB01\\Virtual Machines\\x.vmrs", 512, "638-512"),),
)
HOST = HostFacts(
    computer_name="HV01",
    os_name="Windows Server 2022",
    os_version="10.0.20348",
    cpu_vendor="GenuineIntel",
    cpu_model="Xeon",
    cpu_count=16,
    memory_mb=65536,
    memory_available_mb=32768,
    supported_vm_versions=("9.0", "10.0"),
    default_vm_path="D:\\VMs",
    default_disk_path="D:\\VMs",
    is_clustered=False,
    max_migrations=2,
    volumes=(Volume("D:\\", "Data", 1 << 40, 1 << 39),),
    networks=(Network("n1", "LAN", "external"),),
    vms=(VM,),
)
LOAD = HostLoad(12.5, 32768, 40.0, 1.5, (VmLoad(UID, 3.0, 800),))
WORK = Work("disk-0-0", WorkState.RUNNING, 10, 100, None, None, None)

REGISTRATION = Registration(
    uid=UID,
    tag=TAG,
    folder="E:\\VMs\\WEB01",
    config_path=f"E:\\VMs\\WEB01\\Virtual Machines\\{UID.upper()}.vmcx",
    disks=(DiskPlacement("SCSI 0:0", ((BASE, BASE.replace("D:", "E:")), (TOP, TOP.replace("D:", "E:")))),),
    adapters=(AdapterPlacement("a1", "LAN"), AdapterPlacement("a2", None)),
)


def as_json(value: object) -> Any:
    """A dataclass as a host would send it."""
    return json.loads(json.dumps(asdict(value)))  # type: ignore[call-overload]


def answers() -> dict[str, Any]:
    """What each verb answers; one that is not here answers {"vm": …}."""
    return {
        "inspect-host": as_json(HOST),
        "sample-host": as_json(LOAD),
        "list-folders": {"folders": ["WEB01"]},
        "unmark-vm": {},
        "remove-vm": {},
        "delete-files": {"in_use": [TOP]},
        "start-works": {"works": [as_json(WORK)]},
        "list-works": {"works": [as_json(WORK)]},
        "clear-traces": {},
    }


class RecordingShell:
    """Answers from `answers()` and keeps (verb, parameters, deadline) of every run."""

    def __init__(self, changed: Mapping[str, Any] | None = None) -> None:
        self.runs: list[tuple[str, dict[str, object], float]] = []
        self.is_closed = False
        self._answers = answers() | dict(changed or {})

    def run(self, verb: str, parameters: Mapping[str, object], *, deadline_s: float) -> dict[str, Any]:
        self.runs.append((verb, dict(parameters), deadline_s))
        answer: dict[str, Any] = self._answers.get(verb, {"vm": as_json(VM)})
        return answer

    def close(self) -> None:
        self.is_closed = True
