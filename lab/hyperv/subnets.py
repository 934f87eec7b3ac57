"""Gives every lab of this machine loopback addresses of its own, also among labs that do not run now.

A lab has a /23: its hosts are in the even /24 (127.<n>.<even>.<host>), its guests in the odd one beside it.
"""

from __future__ import annotations

import os
import random
import socket
import tempfile
import time
from ipaddress import IPv4Network
from pathlib import Path

from lab.hyperv.layout import HTTP_PORT, HTTPS_PORT, LabFolder

_BEING_MADE_S = 300.0
_FIRST, _LAST = 10, 199  # second bytes given away: 24,320 networks, so that many kept labs leave room
_TRIES = 1000


def claim_subnet(lab: LabFolder, host_count: int) -> str:
    """A network like "127.12.34.0/23" that no other lab has and on whose host addresses nobody listens."""
    for _ in range(_TRIES):
        subnet = f"127.{random.randint(_FIRST, _LAST)}.{random.randrange(0, 256, 2)}.0/23"
        addresses = [host_address(subnet, host) for host in range(1, host_count + 1)]
        is_quiet = all(_can_bind(address, port) for address in addresses for port in (HTTP_PORT, HTTPS_PORT))
        if is_quiet and _claim(subnet, lab):
            return subnet
    raise RuntimeError("no loopback subnet is free")


def host_address(subnet: str, number: int) -> str:
    """The address of the lab's host `number`, counted from 1."""
    return str(IPv4Network(subnet)[number])


def guest_address(subnet: str, number: int) -> str:
    """The address of the lab's guest `number`, counted from 1."""
    return str(IPv4Network(subnet)[256 + number])


def _claim(subnet: str, lab: LabFolder) -> bool:
    """A file for each subnet names the lab that has it; it counts as long as that lab exists or is being made."""
    folder = Path(tempfile.gettempdir()) / "ferry-lab-subnets"
    folder.mkdir(mode=0o1777, exist_ok=True)
    path = folder / subnet.partition("/")[0]
    if path.exists() and not _is_taken(path, subnet):
        path.unlink(missing_ok=True)
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(fd, "w") as file:
        file.write(str(lab.root))
    return True


def _is_taken(path: Path, subnet: str) -> bool:
    if time.time() - path.stat().st_mtime < _BEING_MADE_S:
        return Path(path.read_text()).exists()
    try:
        return LabFolder(Path(path.read_text())).facts().subnet == subnet
    except (OSError, ValueError, TypeError):
        return False


def _can_bind(address: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
