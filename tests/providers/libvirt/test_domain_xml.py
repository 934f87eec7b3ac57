"""What is read out of a domain's XML, on samples of a real libvirt."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from hosts.providers.libvirt import domain_xml
from tests.providers.libvirt.samples import IMAGES, MAC, sample


def test_a_disk_is_known_by_its_bus_and_target_and_by_the_file_that_is_written() -> None:
    disks = domain_xml.disks_of(sample("running"))

    assert [(disk.location, disk.format, disk.path) for disk in disks] == [
        ("virtio vda", "qcow2", f"{IMAGES}/DB01.ferry-71-1.qcow2"),
        ("virtio vdb", "qcow2", f"{IMAGES}/DB01-1.ferry-71-1.qcow2"),
    ]


def test_drives_for_discs_are_no_disks_and_what_is_in_them_is_told() -> None:
    domain = sample("running")
    disk = next(domain_xml.disk_elements(domain))
    disk.set("device", "cdrom")

    assert [each.location for each in domain_xml.disks_of(domain)] == ["virtio vdb"]
    assert domain_xml.dvd_paths_of(domain) == (f"{IMAGES}/DB01.ferry-71-1.qcow2",)


def test_a_disk_that_is_no_file_has_no_path() -> None:
    domain = sample("running")
    disk = next(domain_xml.disk_elements(domain))
    disk.set("type", "block")
    ET.SubElement(disk, "shareable")

    first = domain_xml.disks_of(domain)[0]

    assert (first.path, first.is_shared) == (None, True)


@pytest.mark.parametrize(
    ("kind", "source", "network"),
    [
        ("bridge", {"bridge": "br0"}, "br0"),
        ("network", {"network": "default", "bridge": "virbr0"}, "default"),
        ("ethernet", {}, None),
        ("direct", {"dev": "eth0"}, None),
    ],
)
def test_an_adapter_is_connected_to_a_network_or_a_bridge_by_name(
    kind: str, source: dict[str, str], network: str | None
) -> None:
    domain = sample("running")
    element = domain.find("devices/interface")
    assert element is not None
    element.set("type", kind)
    place = element.find("source")
    assert place is not None
    place.attrib = source

    (adapter,) = domain_xml.adapters_of(domain)

    assert (adapter.mac, adapter.network, adapter.vlan) == (MAC, network, None)


@pytest.mark.parametrize(
    ("written", "name", "path"),
    [
        ("/a/db.qcow2", "ferry-7-1", "/a/db.ferry-7-1.qcow2"),
        ("/a/db.img", "ferry-7-1", "/a/db.ferry-7-1.qcow2"),
        ("/a/db.ferry-7-1.qcow2", "ferry-7-2", "/a/db.ferry-7-2.qcow2"),
        ("/a/db.ferry-7-9.qcow2", "ferry-7-10", "/a/db.ferry-7-10.qcow2"),
        ("/a/db.mine.qcow2", "ferry-7-1", "/a/db.mine.ferry-7-1.qcow2"),
    ],
)
def test_a_checkpoints_layer_lies_beside_the_disk_and_tells_its_name(written: str, name: str, path: str) -> None:
    assert domain_xml.overlay_path(written, name) == path
    assert domain_xml.checkpoint_of(path) == name
    assert domain_xml.checkpoint_of("/a/db.mine.qcow2") is None


def test_what_a_guest_sees_of_its_machine() -> None:
    domain = sample("running")

    assert domain_xml.machine_of(domain) == "pc-i440fx-7.2"
    assert (domain_xml.cpu_count_of(domain), domain_xml.memory_mb_of(domain)) == (1, 128)
    assert (domain_xml.is_uefi(domain), domain_xml.nvram_of(domain)) == (False, None)
    assert domain_xml.has_named_processor(domain)
    assert not domain_xml.has_device_of_host(domain)
    assert domain_xml.folder_of(domain) == IMAGES


def test_a_processor_of_the_host_and_its_devices_are_told() -> None:
    domain = sample("kept")
    processor, devices = domain.find("cpu"), domain.find("devices")
    assert processor is not None
    assert devices is not None
    processor.set("mode", "host-passthrough")
    ET.SubElement(devices, "hostdev", mode="subsystem", type="pci")

    assert not domain_xml.has_named_processor(domain)
    assert domain_xml.has_device_of_host(domain)


def test_a_mirror_is_a_merge_under_way() -> None:
    domain = sample("running")
    before = domain_xml.has_block_job(domain)
    ET.SubElement(next(domain_xml.disk_elements(domain)), "mirror", job="active-commit")

    assert (before, domain_xml.has_block_job(domain)) == (False, True)
