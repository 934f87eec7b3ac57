"""The lab of real KVM hosts beside the console: libvirt and QEMU in namespaces of this machine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hosts.inventory import NewHost, add_host, change_host
from hosts.models import Host
from hosts.providers.types import Secret, Transport
from lab.kvm.commands import CommandFailed
from lab.kvm.commands import LabDidNotAnswer as HostDidNotAnswer
from lab.kvm.control import Lab
from lab.kvm.create import LabRefused
from lab.kvm.image import GuestImage
from lab.kvm.packages import install_missing
from lab.kvm.spec import default_spec

Say = Callable[[str], None]


class KvmLabFailed(Exception):
    """The lab could not be brought up; the text says why."""


@contextmanager
def kept_kvm_lab(folder: Path, name: str, say: Say) -> Iterator[Lab]:
    """The lab of this name in `folder`, made on the first start.

    One that runs already is used, and left as it is at the end; otherwise its hosts end with us, as in a power failure.
    Raises KvmLabFailed.
    """
    try:
        lab = _open_or_create(folder, name, say)
        was_up = any(host.is_up() for host in lab.hosts())
        lab.up()
    except (CommandFailed, HostDidNotAnswer, LabRefused) as error:
        raise KvmLabFailed(str(error)) from error
    say(f"The KVM lab has the hosts {', '.join(host.name for host in lab.facts().hosts)}.")
    try:
        yield lab
    finally:
        if not was_up:
            say("Ending the hosts of the KVM lab and their virtual machines.")
            lab.down()


def add_kvm_hosts(lab: Lab) -> list[str]:
    """Put the lab's hosts into the inventory, as a user does; the names of those that were not there. A host whose lab
    was made anew has other keys under the same name, and is changed."""
    added = []
    for entry in lab.facts().hosts:
        new = NewHost(
            name=entry.name,
            address=entry.address,
            username=entry.user,
            password=Secret(Path(entry.private_key).read_text()),
            port=entry.ssh_port,
            transport=Transport.LIBVIRT_SSH,
            host_key=entry.host_key,
            kind=Host.Kind.LIBVIRT,
        )
        known = Host.objects.filter(name=entry.name).first()
        if known is None:
            add_host(new, by=None)
            added.append(entry.name)
        elif (known.address, known.host_key, known.password) != (new.address, new.host_key, new.password):
            change_host(known, new)
    return added


def _open_or_create(folder: Path, name: str, say: Say) -> Lab:
    if os.geteuid() != 0:
        raise KvmLabFailed("The KVM lab needs root: it makes network namespaces, mounts and virtual machines.")
    root = folder / name
    if (root / "lab.json").exists():
        return Lab.open(root)
    install_missing(say)
    image = GuestImage(folder / "image")
    image.ensure(say)
    return Lab.create(root, default_spec(3), image, name=name, say=say)
