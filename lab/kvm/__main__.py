"""`python -m lab.kvm up|down|status|destroy [--name NAME] [--hosts N] [--state FOLDER]`: the lab at a command line."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from lab.kvm.commands import CommandFailed, LabDidNotAnswer
from lab.kvm.control import Lab
from lab.kvm.create import LabRefused
from lab.kvm.host import Host
from lab.kvm.image import GuestImage
from lab.kvm.packages import install_missing
from lab.kvm.spec import default_spec


def main() -> int:
    arguments = _parser().parse_args()
    if os.geteuid() != 0:
        sys.stderr.write("The KVM lab needs root: it makes network namespaces, mounts and virtual machines.\n")
        return 1
    try:
        _VERBS[arguments.verb](arguments.state / arguments.name, arguments)
    except (CommandFailed, LabDidNotAnswer, LabRefused) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _up(root: Path, arguments: argparse.Namespace) -> None:
    install_missing(_say)
    image = GuestImage(arguments.state / "image")
    image.ensure(_say)
    if not (root / "lab.json").exists():
        Lab.create(root, default_spec(arguments.hosts or 3), image, name=arguments.name, say=_say)
    lab = Lab.open(root)
    if arguments.hosts not in (None, len(lab.hosts())):
        raise LabRefused(f"The lab {root.name} has {len(lab.hosts())} hosts. `destroy` it first to change that.")
    if lab.is_whole():
        _say(f"The lab {root.name} runs already.")
    else:
        _say(f"Starting the hosts of lab {root.name}.")
        lab.up()
    _show(lab)


def _down(root: Path, _: argparse.Namespace) -> None:
    _opened(root).down()
    _say(f"The lab {root.name} is down. Its disks are in {root}.")


def _destroy(root: Path, _: argparse.Namespace) -> None:
    _opened(root).destroy()
    _say(f"The lab {root.name} is gone.")


def _status(root: Path, _: argparse.Namespace) -> None:
    _show(_opened(root))


def _opened(root: Path) -> Lab:
    try:
        return Lab.open(root)
    except FileNotFoundError:
        raise LabRefused(f"There is no lab in {root}.") from None


def _show(lab: Lab) -> None:
    facts = lab.facts()
    _say(f"Lab {facts.name}, described in {lab.folder.facts_file}, network {facts.subnet}")
    _say(f"Guests run with domain type {facts.domain_type}. {facts.acceleration}")
    for host in lab.hosts():
        _say(f"{host.name} {host.address} {'up' if host.is_up() else 'down'}: {_vms(host)}")
    for vm in facts.vms:
        _say(f"{vm.name} answers on http://{vm.address}/ while it runs")


def _vms(host: Host) -> str:
    vms = host.vms() if host.is_up() else []
    return ", ".join(f"{vm.name} {vm.state}" for vm in vms) or "no virtual machines"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab kvm", description="Real libvirt hosts in namespaces of this machine.")
    parser.add_argument("verb", choices=sorted(_VERBS))
    parser.add_argument("--state", type=Path, default=Path("var/lab-kvm"), help="the folder of all labs")
    parser.add_argument("--name", default="ferry", help="of the lab: up to eight small letters and digits")
    parser.add_argument("--hosts", type=int, choices=(2, 3), help="how many a new lab has; 3 unless said")
    return parser


_VERBS = {"up": _up, "down": _down, "status": _status, "destroy": _destroy}

if __name__ == "__main__":
    sys.exit(main())
