"""The PowerShell of an emulated host: runs the console's own scripts, and nothing else, as Python functions."""

from __future__ import annotations

import base64
import binascii
import json
import logging
import os
import re
import signal
import threading
from functools import cache
from pathlib import Path
from typing import Any

from hosts.providers.hyperv import script_text as scripts
from lab.hyperv.faults import Fault, FaultBook, FaultKind
from lab.hyperv.fences import Fences
from lab.hyperv.latecalls import LateCalls
from lab.hyperv.refusal import Refused
from lab.hyperv.shells import Answer, DropConnection, Garbage
from lab.hyperv.verbs import VERBS, EmulatedHost
from lab.hyperv.workrecord import shown_kind

_COMMAND = re.compile(
    r"powershell(?:\.exe)? -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand (\S+)", re.IGNORECASE
)
_BOOTSTRAP = Path(scripts.__file__).parent / "bootstrap.ps1"
_PARAMETER = re.compile(r"\[Parameter\(Mandatory\)\].*?\$([A-Za-z]+)")
_GARBAGE = b"<html><body>The proxy could not reach the host.</body></html>"

_log = logging.getLogger(__name__)


class PowerShell:
    """`execute` is what the WS-Man server calls for each command."""

    def __init__(self, host: EmulatedHost) -> None:
        self._host = host
        self._faults = FaultBook(host.machine.folder.faults_file)
        self._fences = Fences(host.machine.folder)
        self._late = LateCalls(host.machine.folder)

    def execute(self, command_line: str, stdin: bytes, cancelled: threading.Event) -> Answer:
        """The one JSON document of bootstrap.ps1. Raises DropConnection and Garbage when ordered."""
        try:
            verb, parameters = _read_call(command_line, stdin)
            faults = self._faults.take(verb)
            if any(fault.kind == FaultKind.LATE for fault in faults):
                self._late.keep(verb, lambda: self._perform(verb, parameters))
                raise DropConnection
            self._strike_before(faults, cancelled)
            result = self._perform(verb, parameters)
            self._strike_after(faults)
        except Refused as refused:
            _log.info("refused: %s", refused)
            return _answer({"error": _shown(refused)}, exit_code=1)
        except OSError as error:
            _log.exception("the real file system said no")
            return _answer({"error": _shown(Refused("OperationFailed", str(error)))}, exit_code=1)
        return _answer({"result": result}, exit_code=0)

    def _perform(self, verb: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """The verb itself; what changes something enters the fence of its job first, as its script does."""
        _log.info("%s %s", verb, _loggable(parameters))
        if "Claim" not in parameters:
            return VERBS[verb](self._host, parameters)
        with self._fences.entered(**parameters["Claim"]):
            return VERBS[verb](self._host, parameters)

    def _strike_before(self, faults: list[Fault], cancelled: threading.Event) -> None:
        for fault in faults:
            _log.info("fault ordered: %s", fault)
            if fault.kind == FaultKind.HANG:
                if cancelled.wait(fault.seconds):
                    raise Refused("PipelineStopped", "The pipeline has been stopped.", "OperationStopped")
            elif fault.kind == FaultKind.REFUSE:
                raise Refused(fault.error_kind, fault.message)
            elif fault.kind == FaultKind.DROP_BEFORE:
                raise DropConnection
            elif fault.kind == FaultKind.GARBAGE:
                raise Garbage(_GARBAGE)
            elif fault.kind == FaultKind.KILL_HOST_BEFORE:
                os.kill(os.getpid(), signal.SIGKILL)

    def _strike_after(self, faults: list[Fault]) -> None:
        kinds = {fault.kind for fault in faults}
        if FaultKind.KILL_HOST_AFTER in kinds:
            os.kill(os.getpid(), signal.SIGKILL)
        if FaultKind.DROP_AFTER in kinds:
            raise DropConnection


def _read_call(command_line: str, stdin: bytes) -> tuple[str, dict[str, Any]]:
    """The verb and its parameters. Raises Refused for any other command or script."""
    match = _COMMAND.fullmatch(command_line.strip())
    try:
        text = base64.b64decode(match[1], validate=True).decode("utf-16-le") if match else None
    except (binascii.Error, UnicodeDecodeError):
        text = None
    if text is None or text.encode() != _BOOTSTRAP.read_bytes():
        raise Refused("CommandNotKnown", "This emulated host runs bootstrap.ps1 only.", "SecurityError")
    try:
        request = json.loads(stdin)
        script, parameters = request["script"], request["parameters"]
    except (ValueError, TypeError, KeyError):
        raise Refused("ConvertFromJsonCommand", "The input is not the JSON of a call.", "InvalidData") from None
    verb = next((name for name in VERBS if script == scripts.script_text(name)), None)
    if verb is None:
        raise Refused("ScriptNotKnown", "This emulated host runs the files of scripts/ only.", "SecurityError")
    _check_parameters(verb, parameters)
    return verb, parameters


def _check_parameters(verb: str, parameters: dict[str, Any]) -> None:
    """Raises Refused as PowerShell does when splatting what param() does not take, or too little."""
    declared = _declared(verb)
    for name in sorted(parameters.keys() - declared):
        raise Refused("NamedParameterNotFound", f"A parameter cannot be found that matches parameter name '{name}'.")
    for name in sorted(declared - parameters.keys()):
        raise Refused("MissingMandatoryParameter", f"{verb}.ps1 got no value for the mandatory parameter '{name}'.")


@cache
def _declared(verb: str) -> frozenset[str]:
    """The names in the param() block at the head of the script; all are mandatory there."""
    head = scripts.script_text(verb).partition("$ErrorActionPreference")[0]
    return frozenset(_PARAMETER.findall(head))


def _loggable(parameters: dict[str, Any]) -> dict[str, Any]:
    """What may be written to a log: neither scripts nor the orders of works, which hold a password."""
    shown = {name: value for name, value in parameters.items() if name not in ("Scripts", "Orders")}
    return shown | {"works": [order["work_id"] for order in parameters["Orders"]]} if "Orders" in parameters else shown


def _shown(refused: Refused) -> dict[str, str]:
    return {"kind": shown_kind(refused), "category": refused.category, "message": refused.message}


def _answer(document: dict[str, Any], exit_code: int) -> Answer:
    return Answer(json.dumps(document, separators=(",", ":")).encode(), b"", exit_code)
