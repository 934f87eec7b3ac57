"""XML of a domain with two disks of two layers each, as libvirt 9.0 gave it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from hosts.providers.libvirt.domain_xml import tree
from hosts.providers.types import Endpoint, Secret, Transport

ENDPOINT = Endpoint("KVM01", "127.0.0.1", 22, Transport.LIBVIRT_SSH, "root", Secret(""))
UID = "225dd75e-374d-5c8c-ba9e-1f12cc2966e5"
MAC = "52:54:00:4d:0c:34"
IMAGES = "/var/lib/libvirt/images"
_FOLDER = Path(__file__).parent


def sample(name: str) -> ET.Element:
    """ "running", "kept" (what the next start runs) or "migratable" (what a saved state holds)."""
    return tree((_FOLDER / f"{name}.xml").read_text(encoding="utf-8"))
