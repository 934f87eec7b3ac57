"""Answers the console's requests, one JSON line each, until its channel ends or falls silent."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from . import clearing, disks, files, layers, serve, works
from .failures import Failure, failure_of
from .fence import enter_fence

_VERBS: dict[str, Callable[[str, dict[str, Any]], dict[str, Any]]] = {
    "chain": disks.chain,
    "clear-traces": clearing.clear_traces,
    "create-disk": disks.create_disk,
    "delete-files": clearing.delete_files,
    "file-systems": files.file_systems,
    "hello": files.hello,
    "list-folder": files.list_folder,
    "list-works": works.list_works,
    "move-file": layers.move_file,
    "read-files": files.read_files,
    "rebase-chain": layers.rebase_chain,
    "serve": serve.serve,
    "start-works": works.start_works,
    "stat": files.stat_files,
    "write-file": files.write_file,
}


def answer_all(root: str, silence_s: int) -> None:
    """A console that says nothing for `silence_s`, not even an empty line, is gone: the alarm ends this process then,
    and with it the fence that it may hold. A verb that is under way is never cut off."""
    desk = _Desk(root)
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    answers.write(b"ferry-host-side 1\n")
    answers.flush()
    signal.alarm(silence_s)
    for line in iter(requests.readline, b""):
        signal.alarm(0)
        if line.strip():
            answers.write(json.dumps(desk.answer(line)).encode("ascii") + b"\n")
            answers.flush()
        signal.alarm(silence_s)


class _Desk:
    """Requests: {"verb", "parameters", "claim"}. A claim's fence is entered for the verb alone, or by "enter-fence"
    for all that follow until "leave-fence"."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._fence = -1

    def answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            return {"result": self._result(request["verb"], request["parameters"], request["claim"])}
        except Exception as error:  # noqa: BLE001 - top of this process: the console is told whatever it was
            failure = failure_of(error)
            return {"error": {"kind": failure.kind, "message": failure.message}}

    def _result(self, verb: str, parameters: dict[str, Any], claim: dict[str, Any] | None) -> dict[str, Any]:
        if verb == "leave-fence":
            self._leave()
            return {}
        if verb != "enter-fence" and verb not in _VERBS:
            raise Failure("ProtocolError", f"There is no verb {verb!r}.")
        if claim is not None:
            self._leave()
            self._fence = enter_fence(self._root, claim)
        if verb == "enter-fence":
            return {}
        try:
            return _VERBS[verb](self._root, parameters)
        finally:
            if claim is not None:
                self._leave()

    def _leave(self) -> None:
        if self._fence >= 0:
            os.close(self._fence)
            self._fence = -1
