"""The lab's network: a switch in a namespace of its own, a namespace for each host, and one leg on this machine."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable

from lab.kvm.commands import CommandFailed, run, succeeds
from lab.kvm.processes import kill_all

SWITCH_BRIDGE = "switch"
MANAGEMENT = "mgmt0"
_FIRST_SUBNET, _SUBNETS = 1, 254


def subnet_number(lab: str) -> int:
    """The X of 10.77.X.0/24: always the same for the lab's name unless somebody has it already."""
    first = zlib.crc32(lab.encode())
    for step in range(_SUBNETS):
        number = _FIRST_SUBNET + (first + step) % _SUBNETS
        if not is_taken(number):
            return number
    raise CommandFailed("No network 10.77.X.0/24 is free on this machine.")


def is_taken(number: int) -> bool:
    """Whether this machine has a route there that is more than its default route."""
    routes = json.loads(run(["ip", "-j", "-4", "route", "show", "match", f"10.77.{number}.0/24"]) or "[]")
    return any(route["dst"] != "default" for route in routes)


def host_namespace(lab: str, host: str) -> str:
    return f"{lab}-{host.lower()}"


def switch_namespace(lab: str) -> str:
    return f"{lab}-switch"


def port_name(host: str, leg: str) -> str:
    """The switch's end of a host's leg."""
    return f"{host.lower()}-{leg}"


def make_network(lab: str, number: int, hosts: Iterable[tuple[str, str, tuple[str, ...]]]) -> None:
    """`hosts`: name, address, bridges of each. Each bridge has a leg of its own to the switch, as the host has."""
    if is_taken(number):
        raise CommandFailed(f"The network 10.77.{number}.0/24 of lab {lab} is in use on this machine.")
    switch = switch_namespace(lab)
    _make_namespace(switch)
    make_bridge(switch, SWITCH_BRIDGE)
    run(["ip", "link", "add", _leg(lab), "type", "veth", "peer", "name", "machine", "netns", switch])
    run(["ip", "addr", "add", f"10.77.{number}.1/24", "dev", _leg(lab)])
    run(["ip", "link", "set", _leg(lab), "up"])
    run(["ip", "-n", switch, "link", "set", "machine", "master", SWITCH_BRIDGE, "up"])
    for name, address, bridges in hosts:
        _make_host(lab, name, address, bridges)


def remove_network(lab: str) -> None:
    """End every process in the lab's namespaces, by its number, and remove them and the leg; whatever there is."""
    names = namespaces(lab)
    for name in names:
        kill_all(name)
    if succeeds(["ip", "link", "show", _leg(lab)]):
        run(["ip", "link", "del", _leg(lab)])  # before its namespace, which would take it along some time later
    for name in names:
        run(["ip", "netns", "del", name])


def remains(lab: str) -> list[str]:
    """Namespaces and interfaces of the lab that are there."""
    found = [f"namespace {name}" for name in namespaces(lab)]
    return found + ([f"interface {_leg(lab)}"] if succeeds(["ip", "link", "show", _leg(lab)]) else [])


def namespaces(lab: str) -> list[str]:
    names = [entry["name"] for entry in json.loads(run(["ip", "-j", "netns", "list"]) or "[]")]
    return [name for name in names if re.fullmatch(rf"{lab}-(switch|kvm\d+)", name)]


def make_bridge(namespace: str, bridge: str) -> None:
    run(["ip", "-n", namespace, "link", "add", "name", bridge, "type", "bridge", "forward_delay", "0"])
    run(["ip", "-n", namespace, "link", "set", bridge, "up"])


def join_bridge(namespace: str, interface: str, bridge: str) -> None:
    run(["ip", "-n", namespace, "link", "set", interface, "master", bridge, "up"])


def uplink(bridge: str) -> str:
    """The host's end of the bridge's leg."""
    return f"up-{bridge}"


def _make_host(lab: str, name: str, address: str, bridges: tuple[str, ...]) -> None:
    namespace = host_namespace(lab, name)
    _make_namespace(namespace)
    _plug(lab, name, MANAGEMENT)
    run(["ip", "-n", namespace, "addr", "add", f"{address}/24", "dev", MANAGEMENT])
    run(["ip", "-n", namespace, "link", "set", MANAGEMENT, "up"])
    for bridge in bridges:
        make_bridge(namespace, bridge)
        _plug(lab, name, uplink(bridge))
        join_bridge(namespace, uplink(bridge), bridge)


def _plug(lab: str, host: str, leg: str) -> None:
    switch, port = switch_namespace(lab), port_name(host, leg)
    peer = ["peer", "name", leg, "netns", host_namespace(lab, host)]
    run(["ip", "link", "add", port, "netns", switch, "type", "veth", *peer])
    join_bridge(switch, port, SWITCH_BRIDGE)


def _make_namespace(name: str) -> None:
    run(["ip", "netns", "add", name])
    run(["ip", "-n", name, "link", "set", "lo", "up"])


def _leg(lab: str) -> str:
    return f"{lab}-lab"
