"""Hyper-V hosts: every method is one verb, scripts/<verb>.ps1, run over WinRM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from hosts.providers.answers import Answer
from hosts.providers.base import QuickMigrates
from hosts.providers.browsing import MOST_FOLDERS, BrowsesFolders
from hosts.providers.claims import Claim
from hosts.providers.errors import (
    AccessDenied,
    DeadlineExceeded,
    HostUnreachable,
    NotAHypervisor,
    ProtocolError,
    ProviderError,
    Refused,
    advise,
)
from hosts.providers.hyperv.paths import admin_share_path
from hosts.providers.hyperv.script_text import script_text
from hosts.providers.hyperv.winrm_shell import WinRmShell
from hosts.providers.lanes import lanes
from hosts.providers.power import Powers
from hosts.providers.types import (
    CopyOrder,
    Endpoint,
    HashOrder,
    HostFacts,
    HostLoad,
    Registration,
    RemoteFile,
    Vm,
    Work,
)

# How long each verb may take. Copies and merges are not among them: they go on by themselves. What waits for Hyper-V
# is long enough for a large VM on a slow disk: a save writes its whole memory, a checkpoint waits for the guest's VSS.
DEADLINES_S: dict[str, float] = {
    "inspect-host": 180,
    "sample-host": 60,
    "list-folders": 30,
    "get-vm": 60,
    "mark-vm": 60,
    "unmark-vm": 60,
    "checkpoint-vm": 900,
    "save-vm": 3600,
    "start-vm": 1800,
    "merge-checkpoints": 300,
    "register-vm": 300,
    "remove-vm": 120,
    "delete-files": 300,
    "start-works": 120,
    "list-works": 60,
    "clear-traces": 300,
    "power-start": 600,
    "power-shut-down": 60,
    "power-save": 1800,
    "power-turn-off": 120,
}

# What to do about what goes wrong with a Hyper-V host, where the error does not say it itself.
ACTIONS: dict[type[ProviderError], str] = {
    HostUnreachable: "Check that the host is on, its name resolves, and WinRM listens on the port.",
    AccessDenied: "Check the user name, the password and that the user is an administrator of the host.",
    NotAHypervisor: "Install the Hyper-V role and its PowerShell module on the host.",
    ProtocolError: "Check that the port belongs to WinRM and that no proxy answers in its place.",
    Refused: "Look at the host's event log and retry the job.",
}

# For an earlier call that is still under way: a save or a checkpoint is worth waiting for, the reason worth telling.
FENCE_WAIT_S = 300


class Shell(Protocol):
    """What the provider needs of WinRmShell."""

    def run(self, verb: str, parameters: Mapping[str, object], *, deadline_s: float) -> dict[str, Any]: ...

    def close(self) -> None: ...


class HyperVProvider(QuickMigrates, Powers, BrowsesFolders):
    """One Hyper-V host over one WinRM shell, for one thread."""

    def __init__(self, endpoint: Endpoint, shell: Shell | None = None) -> None:
        self._endpoint = endpoint
        self._shell: Shell = shell or WinRmShell(endpoint)
        self._claim: Claim | None = None

    def claim(self, claim: Claim) -> None:
        self._claim = claim

    def close(self) -> None:
        self._shell.close()

    def inspect(self) -> HostFacts:
        return self._run("inspect-host").whole(HostFacts)

    def sample(self) -> HostLoad:
        return self._run("sample-host").whole(HostLoad)

    def folders(self, path: str) -> Sequence[str]:
        return self._run("list-folders", Path=path, Most=MOST_FOLDERS).several("folders", str)

    def find_vm(self, uid: str) -> Vm | None:
        return self._run("get-vm", VmId=uid).optional("vm", Vm)

    def mark(self, uid: str, tag: str, *, hold: bool) -> Vm:
        return self._change("mark-vm", VmId=uid, Tag=tag, Hold=hold).one("vm", Vm)

    def unmark(self, uid: str, tag: str) -> None:
        self._change("unmark-vm", VmId=uid, Tag=tag)

    def checkpoint(self, uid: str, name: str) -> Vm:
        return self._change("checkpoint-vm", VmId=uid, Name=name).one("vm", Vm)

    def save(self, uid: str, tag: str) -> Vm:
        return self._change("save-vm", VmId=uid, Tag=tag).one("vm", Vm)

    def start(self, uid: str, tag: str) -> Vm:
        return self._change("start-vm", VmId=uid, Tag=tag).one("vm", Vm)

    def start_vm(self, uid: str) -> Vm:
        return self._change("power-start", VmId=uid).one("vm", Vm)

    def shut_down(self, uid: str) -> Vm:
        return self._change("power-shut-down", VmId=uid).one("vm", Vm)

    def save_vm(self, uid: str) -> Vm:
        return self._change("power-save", VmId=uid).one("vm", Vm)

    def turn_off(self, uid: str) -> Vm:
        return self._change("power-turn-off", VmId=uid).one("vm", Vm)

    def share(self, path: str) -> RemoteFile:
        """The file in the administrative share of its drive, for whoever signs in as we do."""
        endpoint = self._endpoint
        try:
            location = admin_share_path(endpoint.address, path)
        except ValueError:
            raise Refused(endpoint.name, f"{path} lies on no drive that another host could read.") from None
        return RemoteFile(location, endpoint.username, endpoint.password)

    def start_works(
        self, tag: str, orders: Sequence[CopyOrder | HashOrder], *, limit_bytes_per_s: int = 0
    ) -> Sequence[Work]:
        sent = [_work_order(tag, order, lane) for order, lane in zip(orders, lanes(orders), strict=True)]
        bodies = {kind: script_text(kind) for kind in sorted({str(order["kind"]) for order in sent})}
        begun = self._change("start-works", Tag=tag, Scripts=bodies, Orders=sent, LimitBytesPerS=limit_bytes_per_s)
        return begun.several("works", Work)

    def works(self, tag: str) -> Sequence[Work]:
        return self._run("list-works", Tag=tag).several("works", Work)

    def register(self, registration: Registration) -> Vm:
        return self._change("register-vm", **_registration(registration)).one("vm", Vm)

    def merge_checkpoints(self, uid: str, tag: str) -> Vm:
        return self._change("merge-checkpoints", VmId=uid, Tag=tag).one("vm", Vm)

    def remove_vm(self, uid: str, tag: str) -> None:
        self._change("remove-vm", VmId=uid, Tag=tag)

    def delete_files(self, paths: Sequence[str], tag: str) -> Sequence[str]:
        return self._change("delete-files", Paths=list(paths), Tag=tag).several("in_use", str)

    def clear_traces(self, tag: str, *, destinations: Sequence[str] | None) -> None:
        self._change("clear-traces", Tag=tag, KeepFiles=destinations is None, Destinations=list(destinations or ()))

    def _change(self, verb: str, **parameters: object) -> Answer:
        """Run a verb that enters its job's fence first (shared/fence.ps1), and waits there for an earlier call."""
        if self._claim is None:
            raise Refused(self._endpoint.name, f"{verb} was not run: nobody has claimed the job.", kind="NoClaim")
        wait_s = int(min(FENCE_WAIT_S, 0.75 * self._claim.bounded_s(DEADLINES_S[verb])))
        claim = {"job": self._claim.job, "call": self._claim.next_call(), "wait_s": wait_s}
        return self._run(verb, Claim=claim, **parameters)

    def _run(self, verb: str, **parameters: object) -> Answer:
        host, longest_s = self._endpoint.name, DEADLINES_S[verb]
        deadline_s = self._claim.bounded_s(longest_s) if self._claim else longest_s
        try:
            result = self._shell.run(verb, parameters, deadline_s=deadline_s)
        except DeadlineExceeded as late:
            if deadline_s == longest_s:
                raise
            text = f"{verb} was given up after {deadline_s:.0f} seconds, at the deadline of the outage."
            raise DeadlineExceeded(host, text) from late
        except ProviderError as error:
            advise(error, ACTIONS)
            raise
        return Answer(host, verb, result)


def _work_order(tag: str, order: CopyOrder | HashOrder, lane: int) -> dict[str, object]:
    """Orders of a lane share a process. `parameters` are what scripts/<kind>.ps1 reads of each of its works;
    start-works itself adds the ProgressPath."""
    if isinstance(order, HashOrder):
        return {"work_id": order.work_id, "kind": "hash-file", "lane": lane, "parameters": {"Path": order.path}}
    parameters = {
        "Source": order.source.location,
        "Destination": order.destination,
        "Username": order.source.username,
        "Password": order.source.password,
        "Tag": tag,
    }
    return {"work_id": order.work_id, "kind": "copy-file", "lane": lane, "parameters": parameters}


def _registration(registration: Registration) -> dict[str, object]:
    """The parameters of register-vm."""
    return {
        "Uid": registration.uid,
        "Tag": registration.tag,
        "Folder": registration.folder,
        "ConfigPath": registration.config_path,
        "Disks": [
            {"location": disk.location, "layers": [list(pair) for pair in disk.layers]} for disk in registration.disks
        ],
        "Adapters": [
            {"adapter_id": adapter.adapter_id, "network_name": adapter.network_name}
            for adapter in registration.adapters
        ],
    }
