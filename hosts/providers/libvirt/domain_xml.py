"""What a domain's XML says. Pure: trees in, values out. Source: libvirt.org/formatdomain.html."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

IMAGES_FOLDER = "/var/lib/libvirt/images"
CHECKPOINT_FILE = re.compile(r"\.(?P<name>ferry-[0-9]+-[0-9]+)\.qcow2$")
# The rest of ElementTree would write ns0, ns1, ...: legal, but hard to read on the host.
_PREFIXES = {
    "qemu": "http://libvirt.org/schemas/domain/qemu/1.0",
    "libosinfo": "http://libosinfo.org/xmlns/libvirt/domain/1.0",
}


def tree(text: str) -> ET.Element:
    """It comes from libvirt of hosts that are trusted with VMs; Python's expat bounds what entities may grow to."""
    return ET.fromstring(text)  # noqa: S314


def text_of(domain: ET.Element) -> str:
    return ET.tostring(domain, encoding="unicode")


@dataclass(frozen=True, slots=True)
class DiskXml:
    """A disk that a guest writes. `path` is the file that is written, None for one that is no file of the host."""

    device: str
    bus: str
    format: str
    path: str | None
    is_shared: bool

    @property
    def location(self) -> str:
        return f"{self.bus} {self.device}"


@dataclass(frozen=True, slots=True)
class AdapterXml:
    """`network`: the name of a libvirt network or of a bridge of the host."""

    mac: str
    model: str
    network: str | None
    vlan: int | None


def disk_elements(domain: ET.Element) -> Iterator[ET.Element]:
    """The disks that are no CD drive and no floppy drive."""
    for element in domain.iterfind("devices/disk"):
        if element.get("device", "disk") in ("disk", "lun"):
            yield element


def set_file(disk: ET.Element, layers: Sequence[tuple[str, str]]) -> None:
    """Make the disk consist of these layers, (path, format), the written one first. The chain is given whole and ended
    explicitly: libvirt then never opens a file to guess what lies below."""
    for name in ("backingStore", "source", "mirror"):
        for element in disk.findall(name):
            disk.remove(element)
    (path, layer_format), *below = layers
    disk.set("type", "file")
    driver = disk.find("driver")
    if driver is None:
        driver = ET.SubElement(disk, "driver", name="qemu")
    driver.set("type", layer_format)
    ET.SubElement(disk, "source", file=path)
    store = ET.SubElement(disk, "backingStore")
    for path, layer_format in below:
        store.set("type", "file")
        ET.SubElement(store, "format", type=layer_format)
        ET.SubElement(store, "source", file=path)
        store = ET.SubElement(store, "backingStore")


def location_of(disk: ET.Element) -> str:
    return _disk(disk).location


def disks_of(domain: ET.Element) -> tuple[DiskXml, ...]:
    return tuple(_disk(element) for element in disk_elements(domain))


def adapters_of(domain: ET.Element) -> tuple[AdapterXml, ...]:
    return tuple(_adapter(element) for element in domain.iterfind("devices/interface"))


def dvd_paths_of(domain: ET.Element) -> tuple[str, ...]:
    """What is in the CD and floppy drives."""
    drives = [each for each in domain.iterfind("devices/disk") if each.get("device") in ("cdrom", "floppy")]
    sources = [drive.find("source") for drive in drives]
    paths = [source.get("file") or source.get("dev") for source in sources if source is not None]
    return tuple(path for path in paths if path)


def has_device_of_host(domain: ET.Element) -> bool:
    """Whether something of the host is given to the VM that can be neither saved nor moved: a device, a folder."""
    adapters = [each.get("type") for each in domain.iterfind("devices/interface")]
    given = (domain.find("devices/hostdev"), domain.find("devices/filesystem"))
    return "hostdev" in adapters or any(each is not None for each in given)


def folder_of(domain: ET.Element) -> str:
    """The folder of the first disk that is a file."""
    paths = [disk.path for disk in disks_of(domain) if disk.path]
    return posixpath.dirname(paths[0]) if paths else IMAGES_FOLDER


def nvram_of(domain: ET.Element) -> str | None:
    """The file with the variables of an UEFI firmware."""
    return domain.findtext("os/nvram") or None


def is_uefi(domain: ET.Element) -> bool:
    loader = domain.find("os/loader")
    return domain.find("os[@firmware='efi']") is not None or (loader is not None and loader.get("type") == "pflash")


def machine_of(domain: ET.Element) -> str:
    """The machine type, such as "pc-q35-7.2"."""
    kind = domain.find("os/type")
    return "" if kind is None else kind.get("machine", "")


def is_emulated(domain: ET.Element) -> bool:
    """Whether QEMU translates the guest's code itself (TCG)."""
    return domain.get("type") == "qemu"


def has_named_processor(domain: ET.Element) -> bool:
    """Whether the guest sees a processor that is the same on every host that has it: a named model, or QEMU's own."""
    processor = domain.find("cpu")
    return processor is None or processor.get("mode", "custom") == "custom"


def memory_mb_of(domain: ET.Element) -> int:
    """What it is configured with. The unit is always KiB in what libvirt writes."""
    return int(domain.findtext("memory") or 0) // 1024


def cpu_count_of(domain: ET.Element) -> int:
    element = domain.find("vcpu")
    return 1 if element is None else int(element.get("current") or element.text or 1)


def has_agent(domain: ET.Element) -> bool:
    """Whether the guest's agent is connected."""
    target = domain.find("devices/channel/target[@name='org.qemu.guest_agent.0']")
    return target is not None and target.get("state") == "connected"


def has_block_job(domain: ET.Element) -> bool:
    """Whether a disk is being merged or mirrored, as the live XML tells."""
    return any(disk.find("mirror") is not None for disk in disk_elements(domain))


def checkpoint_of(path: str) -> str | None:
    """The checkpoint that was made with this layer, which is written since."""
    found = CHECKPOINT_FILE.search(path)
    return found["name"] if found else None


def overlay_path(written: str, name: str) -> str:
    """Where the layer of a checkpoint lies: beside the layer that was written until then, named like the disk."""
    stem = CHECKPOINT_FILE.sub("", written) if checkpoint_of(written) else posixpath.splitext(written)[0]
    return f"{stem}.{name}.qcow2"


def _disk(element: ET.Element) -> DiskXml:
    target, driver, source = element.find("target"), element.find("driver"), element.find("source")
    return DiskXml(
        device="" if target is None else target.get("dev", ""),
        bus="" if target is None else target.get("bus", ""),
        format="raw" if driver is None else driver.get("type", "raw"),
        path=None if source is None or element.get("type") not in ("file", "volume") else source.get("file"),
        is_shared=element.find("shareable") is not None,
    )


def _adapter(element: ET.Element) -> AdapterXml:
    mac, model, tag = element.find("mac"), element.find("model"), element.find("vlan/tag")
    return AdapterXml(
        mac="" if mac is None else mac.get("address", "").lower(),
        model="" if model is None else model.get("type", ""),
        network=_network(element),
        vlan=None if tag is None else int(tag.get("id", "0")),
    )


def _network(element: ET.Element) -> str | None:
    source = element.find("source")
    if source is None:
        return None
    return source.get({"network": "network", "bridge": "bridge"}.get(element.get("type", ""), "")) or None


for _prefix, _uri in _PREFIXES.items():
    ET.register_namespace(_prefix, _uri)
