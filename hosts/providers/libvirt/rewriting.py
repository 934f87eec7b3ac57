"""A domain's XML as the target host takes it: its own paths, chains and networks, nothing else changed.

Whatever the guest can see stays as it was (addresses, models, MACs): libvirt refuses a saved state otherwise.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from xml.etree import ElementTree as ET

from hosts.providers.libvirt.domain_xml import disk_elements, location_of, nvram_of, set_file
from hosts.providers.types import Registration

# Addresses that every host has.
_ANYWHERE = ("0.0.0.0", "127.0.0.1", "::", "::1")  # noqa: S104 -- compared only


class Unfit(Exception):
    """Why the target cannot take the domain: one sentence a reason."""

    def __init__(self, reasons: Iterable[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(" ".join(self.reasons))


def rewrite(domain: ET.Element, order: Registration, formats: Mapping[str, str], networks: Mapping[str, str]) -> None:
    """Change the tree as ordered.

    `formats`: of each layer, by its path on the target ("qcow2"); `networks`: "network" or "bridge" by name, what the
    target has. Raises Unfit with every reason.
    """
    reasons: list[str] = []
    _rewrite_disks(domain, order, formats, reasons.append)
    _rewrite_adapters(domain, order, networks, reasons.append)
    _rewrite_nvram(domain, order)
    _listen_here(domain)
    _remove(domain, "devices/emulator")  # the target's own, wherever its distribution keeps it
    if reasons:
        raise Unfit(reasons)


def _rewrite_disks(
    domain: ET.Element, order: Registration, formats: Mapping[str, str], refuse: Callable[[str], None]
) -> None:
    places = {disk.location: [target for _, target in disk.layers] for disk in order.disks}
    for element in disk_elements(domain):
        layers = places.get(location_of(element))
        if not layers:
            refuse(f"The disk at {location_of(element)} was not copied.")
            continue
        set_file(element, [(path, formats.get(path, "qcow2")) for path in reversed(layers)])


def _rewrite_adapters(
    domain: ET.Element, order: Registration, networks: Mapping[str, str], refuse: Callable[[str], None]
) -> None:
    wanted = {adapter.adapter_id: adapter.network_name for adapter in order.adapters}
    for element in domain.iterfind("devices/interface"):
        mac = element.find("mac")
        key = "" if mac is None else mac.get("address", "").lower()
        if key not in wanted:
            refuse(f"The network adapter {key} has no place.")
        elif (name := wanted[key]) is None:
            _connect(element, "ethernet", None)
        elif name not in networks:
            refuse(f"There is no network {name}.")
        else:
            _connect(element, networks[name], name)


def _connect(interface: ET.Element, kind: str, name: str | None) -> None:
    """ "ethernet" is a device of the host that is in no bridge: connected to nothing."""
    _remove(interface, "source")
    _remove(interface, "virtualport")
    interface.set("type", kind)
    if name is not None:
        ET.SubElement(interface, "source", {kind: name})


def _rewrite_nvram(domain: ET.Element, order: Registration) -> None:
    path, element = nvram_of(domain), domain.find("os/nvram")
    if path and element is not None:
        element.text = posixpath.join(posixpath.dirname(order.config_path), posixpath.basename(path))


def _listen_here(domain: ET.Element) -> None:
    """An address of the source is none of the target's: the console of the VM listens on loopback there."""
    for graphics in domain.iterfind("devices/graphics"):
        for name, element in (("listen", graphics), *(("address", each) for each in graphics.iterfind("listen"))):
            if element.get(name) not in (None, *_ANYWHERE):
                element.set(name, "127.0.0.1")


def _remove(parent: ET.Element, path: str) -> None:
    """Every element at the path, from whichever element it is a child of."""
    folder, _, name = path.rpartition("/")
    for holder in parent.findall(folder) if folder else [parent]:
        for element in holder.findall(name):
            holder.remove(element)
