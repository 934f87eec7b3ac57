"""From the plan and the VM's files to the order that registers it on the target."""

from __future__ import annotations

from hosts.providers.types import DiskPlacement, Registration, Vm
from migrations_app.engine.plan import Plan


def registration(plan: Plan, tag: str, vm: Vm) -> Registration:
    """`vm` as it stands still on the source: its chains and configuration path as they are now."""
    disks = tuple(
        DiskPlacement(
            disk.location, tuple((layer.path, plan.place_layer(disk.location, layer.path)) for layer in disk.layers)
        )
        for disk in vm.disks
    )
    return Registration(
        uid=plan.vm_uid,
        tag=tag,
        folder=plan.folder,
        config_path=plan.place(vm.config_path),
        disks=disks,
        adapters=plan.adapters,
    )
