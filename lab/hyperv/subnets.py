"""Gives every lab of this machine loopback addresses of its own: 127.<n>, also among labs that do not run now."""

from __future__ import annotations

import os
import random
import socket
import tempfile
import time
from pathlib import Path

from lab.hyperv.layout import HTTP_PORT, HTTPS_PORT, LabFolder

_BEING_MADE_S = 300.0


def claim_subnet(lab: LabFolder, host_count: int) -> str:
    """A "127.<n>" that no other lab has and on whose host addresses nobody listens."""
    for number in random.sample(range(10, 250), 240):
        subnet = f"127.{number}"
        addresses = [f"{subnet}.0.{host}" for host in range(1, host_count + 1)]
        is_quiet = all(_can_bind(address, port) for address in addresses for port in (HTTP_PORT, HTTPS_PORT))
        if is_quiet and _claim(subnet, lab):
            return subnet
    raise RuntimeError("no loopback subnet is free")


def _claim(subnet: str, lab: LabFolder) -> bool:
    """A file for each subnet names the lab that has it; it counts as long as that lab exists or is being made."""
    folder = Path(tempfile.gettempdir()) / "ferry-lab-subnets"
    folder.mkdir(mode=0o1777, exist_ok=True)
    path = folder / subnet
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
