"""The lab of emulated Hyper-V hosts beside the console, for whoever has no hosts at hand to try it on."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hosts.inventory import NewHost, add_host, change_host
from hosts.models import Host
from hosts.providers.types import Secret
from lab.hyperv.control import Lab

Say = Callable[[str], None]


@contextmanager
def kept_lab(root: Path, say: Say) -> Iterator[Lab]:
    """The lab in the folder `root`, made on the first start. At the end its hosts shut down and their VMs are saved.

    A lab outlives a killed console as real hosts would, and the next start finds it. A lab that another living
    process keeps is used and left alone.
    """
    with _lock(root.with_name(f"{root.name}.lock")) as is_ours:
        if not is_ours:
            say(f"The lab in {place_of(root)} is kept by another process; it stays when this one ends.")
            yield Lab.open(root)
            return
        lab = _open_or_create(root, say)
        try:
            lab.up(keeper_pid=os.getpid())
            say(f"The lab has the hosts {', '.join(entry.name for entry in lab.folder.facts().hosts)}.")
            yield lab
        finally:
            say("Shutting the lab's hosts down; their virtual machines are saved.")
            lab.down()


def place_of(path: Path) -> str:
    """As it is told: from where Ferry runs, or whole when it is elsewhere."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def add_lab_hosts(lab: Lab) -> list[str]:
    """Put the lab's hosts into the inventory, as a user does; the names of those that were not there.

    A host whose lab was made anew has another address and password under the same name, and is changed.
    """
    login, added = lab.credentials(), []
    for entry in lab.folder.facts().hosts:
        new = NewHost(entry.name, entry.address, login.username, Secret(login.password), port=entry.http_port)
        known = Host.objects.filter(name=entry.name).first()
        if known is None:
            add_host(new, by=None)
            added.append(entry.name)
        elif (known.address, known.password) != (new.address, new.password):
            change_host(known, new)
    return added


def _open_or_create(root: Path, say: Say) -> Lab:
    if (root / "lab.json").exists():
        return Lab.open(root)
    say(f"Making a lab of emulated Hyper-V hosts in {place_of(root)}.")
    shutil.rmtree(root, ignore_errors=True)
    return Lab.create(root)


@contextmanager
def _lock(path: Path) -> Iterator[bool]:
    """True when the lock is ours until the end; the kernel takes it from a process that is killed."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
