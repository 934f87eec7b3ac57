"""The networks of a host that a VM can be connected to: libvirt's own by name, and the host's bridges."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from hosts.providers.libvirt import domain_xml
from hosts.providers.libvirt.constants import INTERFACES_ACTIVE, NETWORKS_ACTIVE
from hosts.providers.libvirt.session import Session
from hosts.providers.types import Network

_DEVICES = "/sys/class/net"
NETWORK, BRIDGE = "network", "bridge"


def networks(session: Session) -> tuple[Network, ...]:
    """By name. A bridge that libvirt has made for one of its own networks is not named twice."""
    with session.connection.refusals():
        found = session.hypervisor.listAllNetworks(NETWORKS_ACTIVE)
        texts = [each.XMLDesc() for each in found]
        own = [
            Network(each.UUIDString(), each.name(), NETWORK, vlan_of(text))
            for each, text in zip(found, texts, strict=True)
        ]
        behind = {_own_bridge(text) for text in texts}
    taken = behind | {network.name for network in own}
    bridges = [Network(name, name, BRIDGE) for name in _bridges(session) if name not in taken]
    return tuple(sorted([*own, *bridges], key=lambda network: network.name))


def network_kinds(session: Session) -> Mapping[str, str]:
    """How an adapter is connected to a network, by the network's name."""
    return {network.name: network.kind for network in networks(session)}


def vlan_of(network_xml: str) -> int | None:
    """The VLAN of adapters that say none: the network's, or that of its default port group; None for a trunk.
    Source: libvirt.org/formatnetwork.html."""
    network = domain_xml.tree(network_xml)
    place = network.find("vlan")
    if place is None:
        place = network.find("portgroup[@default='yes']/vlan")
    tags = [] if place is None or place.get("trunk") == "yes" else place.findall("tag")
    return int(tags[0].get("id", "0")) or None if len(tags) == 1 else None


def _own_bridge(network_xml: str) -> str | None:
    """The bridge of a network that libvirt keeps; None when it only uses one of the host."""
    network = domain_xml.tree(network_xml)
    forward, bridge = network.find("forward"), network.find("bridge")
    if bridge is None or (forward is not None and forward.get("mode") == BRIDGE):
        return None
    return bridge.get("name")


def _bridges(session: Session) -> list[str]:
    """Without the host's own side libvirt is asked, which knows them only where it was built with udev or netcf."""
    if session.calls is None:
        with session.connection.refusals():
            found = [
                domain_xml.tree(each.XMLDesc()) for each in session.hypervisor.listAllInterfaces(INTERFACES_ACTIVE)
            ]
        return [each.get("name", "") for each in found if each.get("type") == BRIDGE]
    listing = session.calls.list_folder(_DEVICES)
    paths = [posixpath.join(_DEVICES, name, "bridge") for name in (*listing.folders, *listing.files)]
    return [posixpath.basename(posixpath.dirname(path)) for path in session.calls.stat(paths)]
