"""The libvirt definition of a lab's VM."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from lab.kvm.layout import VmEntry

_BOOT = "/var/lib/libvirt/boot"
_MACHINE = "pc-i440fx-7.2"
# What a kernel need not do at its start in a guest whose processor is translated.
_QUICK = "console=ttyS0 quiet nokaslr mitigations=off no_timer_check tsc=reliable lpj=4000000 cryptomgr.notests"


def domain_xml(vm: VmEntry, domain_type: str) -> str:
    """A plain VM with what Linux guests have: virtio disks and network card, serial port, VNC."""
    spec = vm.spec
    words = f"{_QUICK} lab.name={vm.name} lab.ip={vm.address}/24 lab.mem={spec.checked_mb}"
    words += f" lab.mbps={spec.write_mb_per_s} lab.dirty={spec.dirty_mb_per_s}"
    parts = [_disk(path, index) for index, path in enumerate(vm.disks)]
    parts += [_interface(vm.mac, bridge, index) for index, bridge in enumerate(spec.networks)]
    return f"""<domain type={quoteattr(domain_type)}>
<name>{vm.name}</name><uuid>{vm.uuid}</uuid>
<description>Made by Ferry's lab.</description>
<memory unit="MiB">{spec.memory_mb}</memory><vcpu>1</vcpu>
<os><type arch="x86_64" machine="{_MACHINE}">hvm</type>
<kernel>{_BOOT}/vmlinuz</kernel><initrd>{_BOOT}/initrd.img</initrd><cmdline>{words}</cmdline></os>
<features><acpi/><apic/></features>
<cpu mode="custom" match="exact"><model fallback="forbid">{spec.cpu_model}</model></cpu>
<clock offset="utc"/>
<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>
{"".join(parts)}
<serial type="pty"/><graphics type="vnc" autoport="yes"/><video><model type="vga"/></video>
<memballoon model="none"/></devices></domain>"""


def _disk(path: str, index: int) -> str:
    return f"""<disk type="file" device="disk">
<driver name="qemu" type="qcow2" cache="none" io="threads" discard="unmap"/>
<source file={quoteattr(path)}/><target dev="vd{chr(ord("a") + index)}" bus="virtio"/></disk>"""


def _interface(mac: str, bridge: str, index: int) -> str:
    """The address is on the first card; more cards count the first byte up."""
    first = f"{int(mac[:2], 16) + 4 * index:02x}"
    return f"""<interface type="bridge"><mac address="{first}{mac[2:]}"/>
<source bridge={quoteattr(bridge)}/><model type="virtio"/></interface>"""
