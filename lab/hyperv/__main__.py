"""`python -m lab.hyperv up|down|status|destroy ROOT [--keeper-pid N]`: the lab from a command line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from lab.hyperv.control import Lab
from lab.hyperv.hostcontrol import HostControl
from lab.hyperv.processes import LabDidNotAnswer


def main() -> int:
    arguments = _parser().parse_args()
    try:
        _run(arguments)
    except (LabDidNotAnswer, FileNotFoundError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _run(arguments: argparse.Namespace) -> None:
    root: Path = arguments.root
    if arguments.verb == "up":
        lab = Lab.open(root) if (root / "lab.json").exists() else Lab.create(root)
        lab.up(keeper_pid=arguments.keeper_pid)
    else:
        lab = Lab.open(root)
    if arguments.verb == "down":
        lab.down()
    elif arguments.verb == "destroy":
        lab.destroy()
        return
    for host in lab.hosts():
        sys.stdout.write(_line(host) + "\n")


def _line(host: HostControl) -> str:
    vms = ", ".join(f"{vm.name} {vm.state}" for vm in host.vms())
    state = "up" if host.is_up() else "down"
    return f"{host.name} {host.address}:{host.http_port}/{host.https_port} {state}: {vms or 'no virtual machines'}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.hyperv", description="Emulated Hyper-V hosts on loopback.")
    parser.add_argument("verb", choices=("up", "down", "status", "destroy"))
    parser.add_argument("root", type=Path)
    parser.add_argument("--keeper-pid", type=int, help="with up: shut down some time after this process has died")
    return parser


if __name__ == "__main__":
    sys.exit(main())
