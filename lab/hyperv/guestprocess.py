"""A host's hold on one of its guest processes: start it, give it commands, know whether it lives."""

from __future__ import annotations

import json
import subprocess
import threading
from dataclasses import asdict
from typing import Any

from lab.hyperv.children import Children
from lab.hyperv.guest import GuestOrder
from lab.hyperv.refusal import Refused

GUEST_MODULE = "lab.hyperv.guest"


class GuestProcess:
    """Commands are answered one after the other. All calls raise Refused, also when the guest has died."""

    def __init__(self, children: Children, order: GuestOrder) -> None:
        """Returns when the guest runs."""
        self._lock = threading.Lock()
        # The arguments only tell an onlooker who this is; the order itself goes through stdin.
        self._process: subprocess.Popen[str] = children.start(GUEST_MODULE, [order.lab_root, order.host, order.uid])
        try:
            self._exchange(asdict(order))
        except Refused:
            self._process.wait()
            raise

    def is_alive(self) -> bool:
        return self._process.poll() is None

    def checkpoint(self, children: list[str]) -> None:
        self._command("checkpoint", children=children)

    def begin_merge(self, disk: int, parent: str) -> None:
        self._command("merge", disk=disk, parent=parent)

    def merge_state(self) -> str:
        """ "idle", "merging", "merged" or "failed"."""
        return str(self._command("merge_state")["state"])

    def save(self, state_file: str, save_id: str, cpu_vendor: str) -> None:
        """Returns when the state is on disk and the process is gone."""
        self._command("save", state_file=state_file, save_id=save_id, cpu_vendor=cpu_vendor)
        self._process.wait()

    def stop(self) -> None:
        self._command("stop")
        self._process.wait()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def _command(self, verb: str, **parameters: object) -> dict[str, Any]:
        with self._lock:
            return self._exchange({"do": verb, "with": parameters})

    def _exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(message) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        except (BrokenPipeError, ValueError):
            raise Refused("OperationFailed", "The virtual machine's worker process has ended.") from None
        if "error" in answer:
            raise Refused(answer["error"]["kind"], answer["error"]["message"])
        result: dict[str, Any] = answer["result"]
        return result
