"""What moves that are planned, or under way, will add to a host that does not know of it yet. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from hosts.rating_types import HostSituation, VmNeed
from hosts.ratings import NETWORK_MBPS


@dataclass(slots=True)
class PlannedLoad:
    """Of one host. `bytes_on`: by the path of the volume, as in plans.needs_by_volume."""

    busy_processors: float = 0.0
    memory_mb: int = 0
    disk_iops: float = 0.0
    network_mbps: float = 0.0
    bytes_on: Counter[str] = field(default_factory=Counter)

    def add(self, need: VmNeed, bytes_on: Mapping[str, int]) -> None:
        self.busy_processors += need.busy_processors
        self.memory_mb += need.needed_memory_mb
        self.disk_iops += need.disk_iops
        self.network_mbps += need.network_mbps
        self.bytes_on.update(bytes_on)

    def on(self, host: HostSituation) -> HostSituation:
        """The host as it will be."""
        free = {path: room - self.bytes_on[path] for path, room in host.free_bytes.items()}
        return replace(
            host,
            cpu_percent=host.cpu_percent + (100 * self.busy_processors / host.cpu_count if host.cpu_count else 0.0),
            memory_available_mb=host.memory_available_mb - self.memory_mb,
            disk_iops=host.disk_iops + self.disk_iops,
            network_percent=host.network_percent + 100 * self.network_mbps / (host.network_mbps or NETWORK_MBPS),
            free_bytes=free,
        )
