"""An emulated Hyper-V host as a process: `python -m lab.hyperv.host ROOT NAME`. SIGTERM shuts it down in good order."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from lab.hyperv.checkpoints import settle_merges
from lab.hyperv.keeper import Keeper
from lab.hyperv.layout import HostEntry, LabFolder
from lab.hyperv.lifecycle import power_off, power_on
from lab.hyperv.machine import Machine
from lab.hyperv.merger import Merger
from lab.hyperv.powershell import PowerShell
from lab.hyperv.verbs import EmulatedHost
from lab.hyperv.works import Works
from lab.hyperv.wsman import Certificate, Login, WsmanServer
from lab.process_start import process_start

_LOOK_S = 1.0

_log = logging.getLogger(__name__)


def main() -> None:
    lab, name = LabFolder(Path(sys.argv[1])), sys.argv[2]
    folder = lab.host(name)
    logging.basicConfig(
        filename=folder.log_file, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    facts = lab.facts()
    entry = next(host for host in facts.hosts if host.name == name)
    _run(lab, entry, Keeper(lab.root, facts.keeper_grace_s), stop)


def _run(lab: LabFolder, entry: HostEntry, keeper: Keeper, stop: threading.Event) -> None:
    machine = Machine(lab.host(entry.name))
    merger = Merger(machine)
    host = EmulatedHost(machine, merger, Works(machine))
    server = _server(lab, entry, PowerShell(host))
    server.start()  # first: a second process of this host ends here, the port is taken
    for vm in machine.vms():
        settle_merges(vm)
    power_on(machine)
    merger.start()
    machine.folder.pid_file.write_text(f"{os.getpid()} {process_start(os.getpid())}")
    _log.info("%s is up", entry.name)
    while not stop.wait(_LOOK_S) and not keeper.is_gone():
        pass
    server.stop()
    merger.stop()
    power_off(machine)
    machine.folder.pid_file.unlink(missing_ok=True)
    _log.info("%s is down", entry.name)


def _server(lab: LabFolder, entry: HostEntry, shell: PowerShell) -> WsmanServer:
    credentials = lab.credentials()
    # Windows takes the account with or without its domain.
    names = {credentials.username, credentials.username.rpartition("\\")[2]}
    logins = [Login(name, credentials.password) for name in sorted(names)]
    certificate = Certificate(lab.root / f"{entry.address}.pem", lab.root / f"{entry.address}-key.pem")
    return WsmanServer(entry.address, entry.http_port, entry.https_port, logins, certificate, shell.execute)


if __name__ == "__main__":
    main()
