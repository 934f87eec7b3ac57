"""How a host is reached, as the audit log keeps it: everything but the password."""

from __future__ import annotations

import hashlib

from hosts import units
from hosts.models import Host


def facts_of(host: Host) -> dict[str, str | int]:
    digest = hashlib.sha256(host.ca_pem.encode()).hexdigest()[:16]
    return {
        "name": host.name,
        "group": host.group.name,
        "address": host.address,
        "port": host.port,
        "transport": host.get_transport_display(),
        "user": host.username,
        "certificates": f"SHA-256 {digest}" if host.ca_pem else "",
        "moves in": host.max_moves_in,
        "moves out": host.max_moves_out,
        "limit": units.rate(host.move_limit_bytes_per_s) if host.move_limit_bytes_per_s else "none",
    }
