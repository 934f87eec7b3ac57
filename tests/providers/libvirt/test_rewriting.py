"""A domain's XML as the target takes it, on samples of a real libvirt."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from hosts.providers.libvirt import domain_xml
from hosts.providers.libvirt.marks import Mark, mark_of, notes_of, with_mark
from hosts.providers.libvirt.rewriting import Unfit, rewrite
from hosts.providers.types import AdapterPlacement, DiskPlacement, Registration
from tests.providers.libvirt.samples import IMAGES, MAC, UID, sample

VMS = "/srv/vms"
FORMATS = {f"{VMS}/DB01.qcow2": "raw"}
NETWORKS = {"default": "network", "br1": "bridge"}


def order(network: str | None = "br1", mac: str = MAC) -> Registration:
    names = [("virtio vda", "DB01"), ("virtio vdb", "DB01-1")]
    disks = tuple(DiskPlacement(location, tuple(layers(stem))) for location, stem in names)
    return Registration(UID, "ferry-71", VMS, f"{VMS}/DB01.xml", disks, (AdapterPlacement(mac, network),))


def layers(stem: str) -> list[tuple[str, str]]:
    return [(f"{IMAGES}/{stem}{end}", f"{VMS}/{stem}{end}") for end in (".qcow2", ".ferry-71-1.qcow2")]


def fitted(name: str = "migratable", network: str | None = "br1") -> ET.Element:
    domain = sample(name)
    rewrite(domain, order(network), FORMATS, NETWORKS)
    return domain


@pytest.mark.parametrize("name", ["running", "kept", "migratable"])
def test_every_disk_gets_its_chain_on_the_target_down_to_an_explicit_end(name: str) -> None:
    first, second = domain_xml.disk_elements(fitted(name))

    def file(path: str) -> tuple[str | None, str | None]:
        source, form = first.find(f"{path}source"), first.find(f"{path}format")
        return (None if source is None else source.get("file")), (None if form is None else form.get("type"))

    assert [file(""), file("backingStore/"), file("backingStore/backingStore/")] == [
        (f"{VMS}/DB01.ferry-71-1.qcow2", None),
        (f"{VMS}/DB01.qcow2", "raw"),
        (None, None),
    ]
    assert first.find("backingStore/backingStore") is not None
    assert IMAGES not in ET.tostring(second, encoding="unicode")


def test_what_the_guest_sees_stays() -> None:
    before, after = sample("migratable"), fitted()

    for path in ("devices/*/address", "devices/interface/mac", "devices/*/target", "cpu", "os", "memory", "uuid"):
        shown = [[ET.tostring(each) for each in domain.iterfind(path)] for domain in (before, after)]
        assert shown[0] == shown[1]
    assert after.find("devices/emulator") is None


@pytest.mark.parametrize(
    ("network", "kind", "source"),
    [("br1", "bridge", {"bridge": "br1"}), ("default", "network", {"network": "default"}), (None, "ethernet", None)],
)
def test_an_adapter_is_connected_as_the_target_can(
    network: str | None, kind: str, source: dict[str, str] | None
) -> None:
    interface = fitted(network=network).find("devices/interface")

    assert interface is not None
    place = interface.find("source")
    assert interface.get("type") == kind
    assert (None if place is None else place.attrib) == source


def test_every_reason_why_it_does_not_fit_is_told() -> None:
    domain = sample("kept")
    target = next(domain_xml.disk_elements(domain)).find("target")
    assert target is not None
    target.set("dev", "vdz")

    with pytest.raises(Unfit) as unfit:
        rewrite(domain, order("no such network"), FORMATS, NETWORKS)

    assert unfit.value.reasons == (
        "The disk at virtio vdz was not copied.",
        "There is no network no such network.",
    )


def test_an_adapter_without_an_order_is_a_reason() -> None:
    with pytest.raises(Unfit, match=f"The network adapter {MAC} has no place"):
        rewrite(sample("kept"), order(mac="52:54:00:00:00:00"), FORMATS, NETWORKS)


def test_firmware_variables_lie_beside_the_configuration_and_consoles_listen_on_loopback() -> None:
    domain = sample("kept")
    system, graphics = domain.find("os"), domain.find("devices/graphics")
    assert system is not None
    assert graphics is not None
    ET.SubElement(system, "nvram", template="/usr/share/OVMF/VARS.fd").text = "/var/lib/libvirt/qemu/nvram/DB01_VARS.fd"
    for address in ("10.1.2.3", "0.0.0.0"):
        ET.SubElement(graphics, "listen", type="address", address=address)

    rewrite(domain, order(), FORMATS, NETWORKS)

    assert domain_xml.nvram_of(domain) == f"{VMS}/DB01_VARS.fd"
    assert [each.get("address") for each in graphics.iterfind("listen")] == [None, "127.0.0.1", "0.0.0.0"]


def test_a_mark_is_read_as_it_was_written_and_there_is_one_only() -> None:
    domain = sample("kept")
    mark = Mark("ferry-71", "Start", "ferry-71", live_path="/a b/<c>&.xml", memory_sent_to="KVM 02")

    with_mark(domain, Mark("ferry-70", "Nothing"))
    with_mark(domain, mark)
    again = domain_xml.tree(domain_xml.text_of(domain))

    assert mark_of(again) == mark
    assert notes_of(again).splitlines() == [
        "Made by Ferry's lab.",
        "ferry-71 start-action=Start",
        "ferry-71 start-ordered",
    ]


def test_an_unmarked_domain_has_its_description_for_notes() -> None:
    assert mark_of(sample("kept")) is None
    assert notes_of(sample("kept")) == "Made by Ferry's lab."
