"""What the lab's tests share: a host inside the test's process, its console commands, and patience with a deadline."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path, PureWindowsPath
from typing import Any

from hosts.providers.hyperv import script_text as scripts
from lab.hyperv.checkpoints import settle_merges
from lab.hyperv.hostcontrol import HostControl
from lab.hyperv.layout import HostFolder, LabFolder
from lab.hyperv.lifecycle import power_off, power_on
from lab.hyperv.machine import Machine
from lab.hyperv.merger import Merger
from lab.hyperv.powershell import PowerShell
from lab.hyperv.verbs import EmulatedHost
from lab.hyperv.works import Works
from lab.process_start import process_start

TAG = "ferry-7"
JOB = "7-1767225600"
_calls = count(1)


class ScriptFailed(Exception):
    """The script named an error; `kind` is what the console would see."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind


class HostInside:
    """An emulated host without its network: `run` is what WinRM would carry."""

    def __init__(self, folder: HostFolder) -> None:
        self.folder = folder
        self.machine = Machine(folder)
        self.merger = Merger(self.machine)
        self.works = Works(self.machine)
        self.shell = PowerShell(EmulatedHost(self.machine, self.merger, self.works))
        entry = next(entry for entry in LabFolder(folder.lab_root).facts().hosts if entry.name == folder.name)
        self.control = HostControl(folder, entry)
        self.address = entry.address

    def power_on(self) -> None:
        for vm in self.machine.vms():
            settle_merges(vm)
        power_on(self.machine)
        self.merger.start()
        self.folder.pid_file.write_text(f"{os.getpid()} {process_start(os.getpid())}")

    def power_off(self) -> None:
        self.merger.stop()
        power_off(self.machine)
        self.folder.pid_file.unlink()

    def run(self, verb: str, **parameters: object) -> dict[str, Any]:
        """The result of a script, called as the console calls it. Raises ScriptFailed."""
        answer = json.loads(self.shell.execute(command_line(), stdin_of(verb, **parameters), threading.Event()).stdout)
        if "error" in answer:
            raise ScriptFailed(answer["error"]["kind"], answer["error"]["message"])
        result: dict[str, Any] = answer["result"]
        return result

    def uid(self, name: str) -> str:
        return self.control.vm(name).uid

    def mark(self, name: str) -> str:
        """Tag the VM; its id."""
        uid = self.uid(name)
        self.run("mark-vm", VmId=uid, Tag=TAG, Hold=False)
        return uid

    def clear(self, *destinations: str) -> None:
        """Delete what the tag made, of which these were all the destinations."""
        self.run("clear-traces", Tag=TAG, KeepFiles=False, Destinations=list(destinations))

    def vm(self, name: str) -> dict[str, Any]:
        """The VM as get-vm tells it."""
        vm: dict[str, Any] = self.run("get-vm", VmId=self.uid(name))["vm"]
        return vm

    def copy(self, work_id: str, source: HostInside, path: str, destination: str, limit: int = 0) -> dict[str, Any]:
        """Begin to pull a file from another host."""
        return self.begin(self.copy_order(work_id, source, path, destination), limit=limit)[0]

    def copy_order(
        self, work_id: str, source: HostInside, path: str, destination: str, lane: int = 0
    ) -> dict[str, Any]:
        credentials = LabFolder(self.folder.lab_root).credentials()
        parameters = {
            "Source": f"\\\\{source.address}\\{path[0]}${path[2:]}",
            "Destination": destination,
            "Username": credentials.username,
            "Password": credentials.password,
            "Tag": TAG,
        }
        return order(work_id, "copy-file", parameters, lane)

    def begin(self, *orders: dict[str, Any], limit: int = 0) -> list[dict[str, Any]]:
        """Begin works in one call, with the scripts that they need."""
        bodies = {each["kind"]: scripts.script_text(each["kind"]) for each in orders}
        works: list[dict[str, Any]] = self.run(
            "start-works", Tag=TAG, Scripts=bodies, Orders=list(orders), LimitBytesPerS=limit
        )["works"]
        return works

    def work(self, work_id: str) -> dict[str, Any]:
        works: list[dict[str, Any]] = self.run("list-works", Tag=TAG)["works"]
        return next(work for work in works if work["work_id"] == work_id)

    def end_of(self, work_id: str) -> dict[str, Any]:
        """The work when it runs no more."""
        eventually(lambda: self.work(work_id)["state"] != "running")
        return self.work(work_id)

    def await_merged(self, name: str) -> dict[str, Any]:
        eventually(lambda: not self.vm(name)["is_merging"])
        return self.vm(name)


def order(work_id: str, kind: str, parameters: dict[str, Any], lane: int = 0) -> dict[str, Any]:
    """One of the orders of start-works."""
    return {"work_id": work_id, "kind": kind, "lane": lane, "parameters": parameters}


def command_line() -> str:
    bootstrap = (Path(scripts.__file__).parent / "bootstrap.ps1").read_text(encoding="utf-8")
    encoded = base64.b64encode(bootstrap.encode("utf-16-le")).decode()
    return f"powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand {encoded}"


def stdin_of(verb: str, **parameters: object) -> bytes:
    """With a claim and the job's next number, unless another one is given, where the script asks for one."""
    script = scripts.script_text(verb)
    claim = {"Claim": claim_of(next(_calls))} if "$Claim," in script else {}
    return json.dumps({"script": script, "parameters": claim | parameters}).encode()


def claim_of(call: int) -> dict[str, object]:
    return {"job": JOB, "call": call, "wait_s": 30}


def eventually(claim: Callable[[], bool], timeout_s: float = 15.0) -> None:
    """Wait until the claim holds; an assertion fails when it does not in time."""
    deadline = time.monotonic() + timeout_s
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def registration(vm: dict[str, Any], folder: str, networks: dict[str, str | None] | None = None) -> dict[str, Any]:
    """The parameters of register-vm for a VM whose files were copied to `folder`."""
    disks = [
        {
            "location": disk["location"],
            "layers": [[layer["path"], moved(vm, layer["path"], folder)] for layer in disk["layers"]],
        }
        for disk in vm["disks"]
    ]
    chosen = networks or {}
    adapters = [
        {"adapter_id": a["adapter_id"], "network_name": chosen.get(a["name"], a["network_name"])}
        for a in vm["adapters"]
    ]
    config_path = moved(vm, vm["config_path"], folder)
    return {
        "Uid": vm["uid"],
        "Tag": TAG,
        "Folder": folder,
        "ConfigPath": config_path,
        "Disks": disks,
        "Adapters": adapters,
    }


def moved(vm: dict[str, Any], path: str, folder: str) -> str:
    """The same place below another folder."""
    return str(PureWindowsPath(folder) / PureWindowsPath(path).relative_to(vm["folder"]))


def copy_vm(source: HostInside, target: HostInside, vm: dict[str, Any], folder: str) -> None:
    """Pull every file of a VM that does not run; returns when all are there."""
    paths = [layer["path"] for disk in vm["disks"] for layer in disk["layers"]]
    paths += [file["path"] for file in vm["state_files"]]
    for number, path in enumerate(paths):
        target.copy(f"file-{number}", source, path, moved(vm, path, folder))
    ends = [target.end_of(f"file-{number}") for number in range(len(paths))]
    assert [end["state"] for end in ends] == ["done"] * len(paths), ends


def layer_paths(vm: dict[str, Any]) -> Sequence[str]:
    return [layer["path"] for disk in vm["disks"] for layer in disk["layers"]]
