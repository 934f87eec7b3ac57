"""The machine the console runs on, as a host to watch: what it has and how loaded it is. It has no VMs to move."""

from __future__ import annotations

import platform
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from hosts.providers.base import Provider
from hosts.providers.types import Endpoint, HostFacts, HostLoad, Volume

MB = 1024**2
_PAUSE_S = 0.2
_NO_LINK_MBPS = 1000.0


class LocalProvider(Provider):
    """Reads the counters of this machine's own system. The endpoint only gives it its name."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._name = endpoint.name

    def inspect(self) -> HostFacts:
        memory = psutil.virtual_memory()
        vendor, model = _processor()
        return HostFacts(
            computer_name=platform.node(),
            os_name=_system_name(),
            os_version=platform.release(),
            cpu_vendor=vendor,
            cpu_model=model,
            cpu_count=psutil.cpu_count() or 1,
            memory_mb=memory.total // MB,
            memory_available_mb=memory.available // MB,
            supported_vm_versions=(),
            default_vm_path="",
            default_disk_path="",
            is_clustered=False,
            max_migrations=0,
            volumes=_volumes(),
            networks=(),
            vms=(),
        )

    def sample(self) -> HostLoad:
        """Since the sample before; the first one watches for a moment."""
        before, now = _clock.turn()
        seconds = max(1e-3, now.at - before.at)
        return HostLoad(
            cpu_percent=_percent(now.busy_s - before.busy_s, now.total_s - before.total_s),
            memory_available_mb=psutil.virtual_memory().available // MB,
            disk_iops=max(0, now.transfers - before.transfers) / seconds,
            network_percent=_percent(8e-6 * (now.sent_bytes - before.sent_bytes) / seconds, _link_mbps()),
            vms=(),
        )

    def close(self) -> None:
        """Nothing was opened."""


@dataclass(frozen=True, slots=True)
class _Counters:
    """Ever growing counters of the system at the monotonic time `at`."""

    at: float
    busy_s: float
    total_s: float
    transfers: int
    sent_bytes: int


class _Clock:
    """The counters of the last sample, whichever connection took it: rates need two readings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: _Counters | None = None

    def turn(self) -> tuple[_Counters, _Counters]:
        """The reading before and one taken now, apart by a moment at least."""
        with self._lock:
            if self._last is None:
                self._last = _read_counters()
            if (left_s := self._last.at + _PAUSE_S - time.monotonic()) > 0:
                time.sleep(left_s)
            before, self._last = self._last, _read_counters()
            return before, self._last


_clock = _Clock()


def _read_counters() -> _Counters:
    times = psutil.cpu_times()
    idle_s = times.idle + getattr(times, "iowait", 0.0)
    total_s = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    disk, net = psutil.disk_io_counters(), psutil.net_io_counters()
    return _Counters(
        at=time.monotonic(),
        busy_s=total_s - idle_s,
        total_s=total_s,
        transfers=disk.read_count + disk.write_count if disk else 0,
        sent_bytes=net.bytes_sent + net.bytes_recv if net else 0,
    )


def _percent(part: float, whole: float) -> float:
    return min(100.0, max(0.0, 100 * part / whole)) if whole > 0 else 0.0


def _link_mbps() -> float:
    """What the links that are up carry together; a virtual machine's link often tells 0."""
    speeds = [max(0, stats.speed) for name, stats in psutil.net_if_stats().items() if stats.isup and name != "lo"]
    return float(sum(speeds)) or _NO_LINK_MBPS


def _volumes() -> tuple[Volume, ...]:
    """One for each device, at the shortest path it is mounted at."""
    places: dict[str, str] = {}
    for part in sorted(psutil.disk_partitions(), key=lambda it: len(it.mountpoint)):
        places.setdefault(part.device, part.mountpoint)
    places = places or {"": "/"}
    usages = [(path, device, psutil.disk_usage(path)) for device, path in places.items() if Path(path).is_dir()]
    return tuple(Volume(path, device, usage.total, usage.free) for path, device, usage in usages)


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        return platform.system()


def _processor() -> tuple[str, str]:
    """Vendor and model; empty where the system does not tell them as Linux does."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "", platform.processor()
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines) if value}
    return told.get("vendor_id", ""), told.get("model name", "")
