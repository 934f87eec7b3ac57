"""Turns what a host said into rows. Called by inventory.py only, inside its transactions."""

from __future__ import annotations

from collections.abc import Sequence

from hosts.asking import Answer, Trouble
from hosts.averages import count_in, count_in_vms, forget, recall
from hosts.models import Host, HostVolume, LoadSample, VirtualNetwork
from hosts.providers.types import HostFacts, HostLoad
from hosts.row_sync import sync
from hosts.vm_records import record_vms

_STATE_FIELDS = ("state", "state_reason", "state_action", "last_contact_at", "last_attempt_at")
_FACT_FIELDS = (
    "computer_name",
    "os_name",
    "os_version",
    "cpu_vendor",
    "cpu_model",
    "cpu_count",
    "memory_mb",
    "memory_available_mb",
    "default_vm_path",
    "is_clustered",
)
_LOAD_FIELDS = ("cpu_percent", "memory_available_mb", "disk_iops", "network_percent")


def record(host: Host, answer: Answer) -> None:
    """Write the whole answer. With N hosts and M VMs the number of statements does not grow with either,
    but for the batches into which a database cuts long ones."""
    recall(host)
    fields = list(record_state(host, answer))
    if answer.facts is not None:
        fields += _take_facts(host, answer.facts)
        _record_parts(host, answer.facts)
        if record_vms(host, answer.facts.vms, answer.asked_at):
            fields += forget(host, answer.asked_at)
    if answer.load is not None:
        fields += _take_load(host, answer, answer.load)
        count_in_vms(host, answer.load.vms, answer.asked_at)
        record_sample(host, answer, answer.load)
    host.save(update_fields=sorted(set(fields)))


def record_state(host: Host, answer: Answer) -> Sequence[str]:
    """Set the host's state from the answer; returns the fields that are set, unsaved."""
    trouble = answer.trouble
    host.state = trouble.state if trouble else Host.State.RESPONDING
    host.state_reason, host.state_action = (trouble.reason, trouble.action) if trouble else ("", "")
    host.last_attempt_at = answer.asked_at
    if host.state == Host.State.RESPONDING:
        host.last_contact_at = answer.asked_at
    return _STATE_FIELDS


def record_load(host: Host, answer: Answer, load: HostLoad) -> LoadSample:
    """A sample row, the host's latest load, and the CPU of its VMs."""
    recall(host)
    fields = [*record_state(host, answer), *_take_load(host, answer, load)]
    host.save(update_fields=fields)
    count_in_vms(host, load.vms, answer.asked_at)
    return record_sample(host, answer, load)


def record_sample(host: Host, answer: Answer, load: HostLoad) -> LoadSample:
    return LoadSample.objects.create(
        host=host,
        at=answer.asked_at,
        cpu_percent=load.cpu_percent,
        memory_used_mb=max(0, host.memory_mb - load.memory_available_mb),
        disk_iops=load.disk_iops,
        network_percent=load.network_percent,
    )


def record_nonsense(host: Host, answer: Answer) -> None:
    """The rows refused the figures: nothing of them is kept but that the host needs attention."""
    trouble = Trouble(
        Host.State.NEEDS_ATTENTION,
        "ProtocolError",
        "The host answered figures that cannot be right, such as a negative amount of memory.",
        "Look at the host's log, and at the log of this console for the figure.",
    )
    host.save(update_fields=record_state(host, Answer(answer.asked_at, trouble=trouble)))


def _take_facts(host: Host, facts: HostFacts) -> list[str]:
    for name in _FACT_FIELDS:
        setattr(host, name, getattr(facts, name))
    host.supported_vm_versions = list(facts.supported_vm_versions)
    return [*_FACT_FIELDS, "supported_vm_versions"]


def _take_load(host: Host, answer: Answer, load: HostLoad) -> Sequence[str]:
    for name in _LOAD_FIELDS:
        setattr(host, name, getattr(load, name))
    return [*_LOAD_FIELDS, *count_in(host, answer.asked_at)]


def _record_parts(host: Host, facts: HostFacts) -> None:
    volumes = [
        HostVolume(host=host, path=it.path, label=it.label, size_bytes=it.size_bytes, free_bytes=it.free_bytes)
        for it in facts.volumes
    ]
    networks = [
        VirtualNetwork(host=host, network_id=it.network_id, name=it.name, kind=it.kind, vlan_id=it.vlan_id)
        for it in facts.networks
    ]
    sync(HostVolume, host.volumes.all(), volumes, ("host_id", "path"), ("label", "size_bytes", "free_bytes"))
    sync(VirtualNetwork, host.networks.all(), networks, ("host_id", "network_id"), ("name", "kind", "vlan_id"))
