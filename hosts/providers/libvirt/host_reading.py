"""Reads a host as types.HostFacts: what libvirt says of it, and over SSH what its own side says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from xml.etree import ElementTree as ET

from hosts.providers.errors import NotFound
from hosts.providers.libvirt import domain_xml
from hosts.providers.libvirt.constants import MEMORY_STATS_ALL, POOLS_ACTIVE
from hosts.providers.libvirt.files import pool_folder
from hosts.providers.libvirt.networks import networks
from hosts.providers.libvirt.reading import read_vm
from hosts.providers.libvirt.session import Session
from hosts.providers.types import HostFacts, Vm, Volume

# libvirt bounds neither how many VMs a host moves at once nor says so: what its networks usually bear.
MAX_MIGRATIONS = 2
_RELEASE = "/etc/os-release"
_PROCESSOR = "/proc/cpuinfo"
_UPTIME = "/proc/uptime"
_RUNNING = "/run/libvirt/qemu"
# The same on every Linux that KVM runs on.
_TICKS_PER_S = 100
_VENDORS = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD"}


def inspect(session: Session) -> HostFacts:
    """As Provider.inspect."""
    with session.connection.refusals():
        hypervisor = session.hypervisor
        capabilities = domain_xml.tree(hypervisor.getCapabilities())
        name, info = hypervisor.getHostname(), hypervisor.getInfo()
        versions = (hypervisor.getLibVersion(), hypervisor.getVersion())
        folders = _pool_folders(session)
    memory = memory_stats(session)
    texts = session.calls.read_files([_RELEASE, _PROCESSOR]) if session.calls else {}
    vendor, model = _processor(capabilities, texts.get(_PROCESSOR) or "")
    default = folders.get("default", domain_xml.IMAGES_FOLDER)
    return HostFacts(
        computer_name=name,
        os_name=_os_name(texts.get(_RELEASE) or ""),
        os_version=f"libvirt {_version(versions[0])}, QEMU {_version(versions[1])}",
        cpu_vendor=vendor,
        cpu_model=model,
        cpu_count=int(info[2]),
        memory_mb=memory.get("total", 0) // 1024,
        memory_available_mb=available_mb(memory),
        supported_vm_versions=_machines(capabilities),
        default_vm_path=default,
        default_disk_path=default,
        is_clustered=False,
        max_migrations=MAX_MIGRATIONS,
        volumes=_volumes(session, folders),
        networks=networks(session),
        vms=tuple(_vms(session)),
    )


def memory_stats(session: Session) -> Mapping[str, int]:
    """In KiB, by libvirt's names."""
    return session.refusals(lambda: session.hypervisor.getMemoryStats(MEMORY_STATS_ALL))


def available_mb(memory: Mapping[str, int]) -> int:
    """What the host could give to another VM: free, or given back by its caches."""
    return sum(memory.get(name, 0) for name in ("free", "buffers", "cached")) // 1024


def _vms(session: Session) -> Iterator[Vm]:
    """By name; one that goes away while the host is read is left out."""
    domains = session.refusals(session.hypervisor.listAllDomains)
    uptimes = _uptimes(session, [domain.name() for domain in domains])
    for domain in sorted(domains, key=lambda each: each.name()):
        try:
            yield replace(read_vm(session, domain, is_survey=True), uptime_s=uptimes.get(domain.name(), 0))
        except NotFound:
            continue


def _uptimes(session: Session, names: Sequence[str]) -> dict[str, int]:
    """How long the QEMU of each VM runs, in seconds: since it was started or restored. Without the host's own side
    nobody knows."""
    if session.calls is None:
        return {}
    files = {name: f"{_RUNNING}/{name}.pid" for name in names}
    texts = session.calls.read_files(list(files.values()))
    pids = {name: text.strip() for name, path in files.items() if (text := texts[path])}
    told = session.calls.read_files([_UPTIME, *(f"/proc/{pid}/stat" for pid in pids.values())])
    now_s = float((told[_UPTIME] or "0").split()[0])
    return {name: int(now_s - began) for name, pid in pids.items() if (began := _began_s(told[f"/proc/{pid}/stat"]))}


def _began_s(stat: str | None) -> float:
    """When a process began, in seconds since the host did (proc(5), field 22); 0 when it is gone."""
    fields = (stat or "").rpartition(")")[2].split()
    return int(fields[19]) / _TICKS_PER_S if len(fields) > 19 else 0.0


def _pool_folders(session: Session) -> dict[str, str]:
    """By the name of the pool; those whose volumes are files."""
    pools = session.hypervisor.listAllStoragePools(POOLS_ACTIVE)
    found = {pool.name(): pool_folder(pool.XMLDesc()) for pool in pools}
    return {name: folder for name, folder in found.items() if folder}


def _volumes(session: Session, folders: Mapping[str, str]) -> tuple[Volume, ...]:
    """One for each file system that pools lie on or images usually do, with the names of the pools."""
    if session.calls is None:
        return _volumes_by_libvirt(session)
    places = {**folders, "": domain_xml.IMAGES_FOLDER}
    systems = session.calls.file_systems(list(places.values()))
    labels: dict[str, list[str]] = defaultdict(list)
    for name, system in zip(places, systems, strict=True):
        labels[system.mount_point] += [name] if name else []
    found = {each.mount_point: each for each in systems}
    return tuple(
        Volume(place, ", ".join(sorted(labels[place])), system.size_bytes, system.free_bytes)
        for place, system in sorted(found.items())
    )


def _volumes_by_libvirt(session: Session) -> tuple[Volume, ...]:
    """A pool's folder stands for its file system."""
    with session.connection.refusals():
        pools = session.hypervisor.listAllStoragePools(POOLS_ACTIVE)
        rooms = [(pool_folder(pool.XMLDesc()), pool.name(), pool.info()) for pool in pools]
    return tuple(Volume(folder, name, room[1], room[3]) for folder, name, room in rooms if folder)


def _processor(capabilities: ET.Element, cpuinfo: str) -> tuple[str, str]:
    """Vendor and model as libvirt names them: the model stands for what guests can be given. Where it names none, as
    the kernel does."""
    told = dict(re.findall(r"^(vendor_id|model name)\s*: (.+)$", cpuinfo, re.MULTILINE))
    vendor = capabilities.findtext("host/cpu/vendor") or told.get("vendor_id", "")
    model = capabilities.findtext("host/cpu/model") or told.get("model name", "")
    arch = capabilities.findtext("host/cpu/arch") or ""
    return _VENDORS.get(vendor, vendor) or arch, model or arch


def _machines(capabilities: ET.Element) -> tuple[str, ...]:
    """The machine types that the host's QEMU can be, aliases as well."""
    found = [machine.text or "" for machine in capabilities.iterfind("guest/arch/machine")]
    found += [machine.get("canonical", "") for machine in capabilities.iterfind("guest/arch/machine")]
    found += [machine.text or "" for machine in capabilities.iterfind("guest/arch/domain/machine")]
    return tuple(sorted({machine for machine in found if machine}))


def _os_name(release: str) -> str:
    """os-release(5)."""
    told = dict(re.findall(r'^(\w+)="?(.*?)"?$', release, re.MULTILINE))
    return told.get("PRETTY_NAME") or told.get("NAME") or "Linux"


def _version(number: int) -> str:
    """libvirt's 1000000 * major + 1000 * minor + release."""
    return f"{number // 1_000_000}.{number // 1000 % 1000}.{number % 1000}"
