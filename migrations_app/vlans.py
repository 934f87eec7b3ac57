"""Whether an adapter stays in its VLAN on the way: what networks at both ends tag, and what other VMs there show."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from hosts.models import Host, VirtualAdapter, VirtualMachine


@dataclass(frozen=True, slots=True)
class Vlans:
    """Of the networks of both hosts, by name, the VLAN they put traffic into that is in none; with Hyper-V that is
    up to the adapter alone. `in_use`: VLANs of other VMs on the target's networks."""

    source: Mapping[str, int | None]
    target: Mapping[str, int | None]
    in_use: Mapping[str, frozenset[int]]
    target_name: str

    def words(self, network: str | None) -> str:
        """What is known of the VLAN of one of the target's networks; "" for nothing."""
        if network is None:
            return ""
        if tag := self.target.get(network):
            return f"VLAN {tag}"
        used = ", ".join(map(str, sorted(self.in_use.get(network, ()))))
        return f"Others use {used}" if used else ""

    def difference(self, adapter: VirtualAdapter, network: str | None) -> str:
        """A sentence when the adapter would be in another VLAN on this network of the target; otherwise ""."""
        if network is None or not adapter.network_name:
            return ""
        before = adapter.vlan_id or self.source.get(adapter.network_name)
        own = self.target.get(network)
        after = adapter.vlan_id or own
        if before != after:
            return f"{adapter.name} is {_in(before)} now; on {network} of {self.target_name} it would be {_in(after)}."
        if own and own != after:
            there = f"{network} of {self.target_name} belongs to VLAN {own}"
            return f"{there}; {adapter.name} is in VLAN {after} and stays in it."
        return ""

    def doubt(self, adapter: VirtualAdapter, network: str | None) -> str:
        """A sentence when nothing shows that the adapter's VLAN reaches this network of the target; otherwise ""."""
        tag = adapter.vlan_id
        if not network or not tag or self.target.get(network) or tag in self.in_use.get(network, ()):
            return ""
        where = f"{network} of {self.target_name}"
        return f"{adapter.name} is in VLAN {tag}; none on {where} is, so nobody knows whether it gets there."


def vlans_between(vm: VirtualMachine, target: Host) -> Vlans:
    return Vlans(_tags(vm.host), _tags(target), _in_use(vm, target), target.name)


def _tags(host: Host) -> dict[str, int | None]:
    return {network.name: network.vlan_id for network in host.networks.all()}


def _in_use(vm: VirtualMachine, target: Host) -> dict[str, frozenset[int]]:
    others = VirtualAdapter.objects.filter(vm__host=target).exclude(vm__uid=vm.uid).exclude(vlan_id=None)
    found: dict[str, set[int]] = defaultdict(set)
    for network, tag in others.values_list("network_name", "vlan_id").distinct():
        if tag:
            found[network].add(tag)
    return {network: frozenset(tags) for network, tags in found.items()}


def _in(tag: int | None) -> str:
    return f"in VLAN {tag}" if tag else "in no VLAN"
