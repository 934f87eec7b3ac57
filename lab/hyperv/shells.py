"""Remote shells and their commands, as WinRM keeps them: quotas, stdin in, output in pieces, an end by signal."""

from __future__ import annotations

import base64
import binascii
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from lab.hyperv import soap
from lab.hyperv.soap import Fault, Request

# Defaults of Windows Server 2016 and later: Microsoft's pages "Quotas" and "Installation and configuration for WinRM".
MAX_SHELLS_PER_USER = 30
MAX_PROCESSES_PER_SHELL = 25
MAX_OPERATIONS_PER_USER = 1_500  # counts every command of a living shell, ended or not: [MS-WSMV] note 118
IDLE_TIMEOUT_S = 7_200.0
MAX_COMMAND_LINE = 8_191  # cmd.exe: Microsoft's page "Command prompt line string limitation"

_ENVELOPE_RESERVE = 4_096  # room for the header around the output
_TERMINATED = -1073741510  # STATUS_CONTROL_C_EXIT of ntstatus.h


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command left behind."""

    stdout: bytes
    stderr: bytes
    exit_code: int


class DropConnection(Exception):
    """Raised by `execute`: the client's connection is reset instead of answered."""


class Garbage(Exception):
    """Raised by `execute`: the client gets these bytes with HTTP status 200, in clear."""

    def __init__(self, content: bytes, content_type: str = "text/html") -> None:
        super().__init__(content, content_type)
        self.content = content
        self.content_type = content_type


Execute = Callable[[str, bytes, threading.Event], Answer]
"""(command line, all of stdin, set when the client gave up) -> what the command left."""


class Command:
    """One command of a shell. It begins when its stdin has ended; its output goes out in pieces."""

    def __init__(self, line: str, execute: Execute) -> None:
        self.command_id = str(uuid.uuid4()).upper()
        self.cancelled = threading.Event()
        self._line = line
        self._execute = execute
        self._stdin = bytearray()
        self._changed = threading.Condition()
        self._streams = {"stdout": b"", "stderr": b""}
        self._exit_code: int | None = None
        self._failure: DropConnection | Garbage | None = None
        if len(line) > MAX_COMMAND_LINE:
            self._end(Answer(b"", b"The command line is too long.\r\n", 1))

    def is_running(self) -> bool:
        return self._exit_code is None

    def feed(self, piece: bytes, *, is_last: bool) -> None:
        self._stdin += piece
        if is_last and self.is_running():
            threading.Thread(target=self._run, name=f"command {self.command_id}", daemon=True).start()

    def terminate(self) -> None:
        self.cancelled.set()
        self._end(Answer(b"", b"", _TERMINATED))

    def output(self, timeout_s: float, size_bytes: int) -> tuple[list[tuple[str, str]], int | None]:
        """The next pieces (name, base64) and, with the last of them, the exit code.

        Waits for the command to end; raises Fault when it goes on past `timeout_s`, or what `execute` raised.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._exit_code is not None, timeout_s):
                raise Fault(soap.OPERATION_TIMED_OUT, "w:TimedOut", "The operation timed out before it had output.")
            if self._failure is not None:
                raise self._failure
            pieces = list(self._take(size_bytes))
            return pieces, None if any(self._streams.values()) else self._exit_code

    def _take(self, size_bytes: int) -> list[tuple[str, str]]:
        pieces = []
        for name, content in self._streams.items():
            piece, self._streams[name] = content[:size_bytes], content[size_bytes:]
            size_bytes -= len(piece)
            if piece:
                pieces.append((name, base64.b64encode(piece).decode("ascii")))
        return pieces

    def _run(self) -> None:
        answer = Answer(b"", b"The emulated host failed; its log says why.\r\n", 1)
        try:
            answer = self._execute(self._line, bytes(self._stdin), self.cancelled)
        except (DropConnection, Garbage) as failure:
            self._failure = failure
        finally:
            self._end(answer)

    def _end(self, answer: Answer) -> None:
        with self._changed:
            if self._exit_code is None:
                self._streams = {"stdout": answer.stdout, "stderr": answer.stderr}
                self._exit_code = answer.exit_code
            self._changed.notify_all()


class Shell:
    """A shell of one user, with the commands that were not yet signalled away."""

    def __init__(self, user: str, idle_timeout_s: float) -> None:
        self.shell_id = str(uuid.uuid4()).upper()
        self.user = user
        self.commands: dict[str, Command] = {}
        self.begun = 0
        self._idle_timeout_s = idle_timeout_s
        self.touch()

    def touch(self) -> None:
        self._idle_until = time.monotonic() + self._idle_timeout_s

    def is_idle(self) -> bool:
        return time.monotonic() > self._idle_until and not any(c.is_running() for c in self.commands.values())

    def close(self) -> None:
        for command in self.commands.values():
            command.terminate()


class Shells:
    """All shells of a host. `handle` takes a request of a logged-on user and gives the envelope that answers it."""

    def __init__(self, execute: Execute) -> None:
        self._execute = execute
        self._lock = threading.Lock()
        self._shells: dict[str, Shell] = {}

    def handle(self, request: Request, user: str) -> bytes:
        """Raises Fault, and DropConnection or Garbage when `execute` did."""
        verbs: dict[str, Callable[[Request, str], str]] = {
            "Create": self._create,
            "Command": self._command,
            "Send": self._send,
            "Receive": self._receive,
            "Signal": self._signal,
            "Delete": self._delete,
        }
        if request.verb not in verbs:
            raise Fault(soap.INVALID_ACTION, "a:ActionNotSupported", "The action is not supported by the service.")
        return soap.answer(request, verbs[request.verb](request, user))

    def close_all(self) -> None:
        with self._lock:
            shells, self._shells = list(self._shells.values()), {}
        for shell in shells:
            shell.close()

    def count(self) -> int:
        """How many shells are open."""
        with self._lock:
            return len(self._shells)

    def _create(self, request: Request, user: str) -> str:
        idle_s = min(soap.seconds(request.text("rsp:Shell/rsp:IdleTimeOut"), IDLE_TIMEOUT_S), IDLE_TIMEOUT_S)
        with self._lock:
            self._shells = {key: shell for key, shell in self._shells.items() if not shell.is_idle()}
            if sum(shell.user == user for shell in self._shells.values()) >= MAX_SHELLS_PER_USER:
                raise _quota(soap.QUOTA_MAX_SHELLS, f"{MAX_SHELLS_PER_USER} concurrent shells")
            shell = Shell(user, idle_s)
            self._shells[shell.shell_id] = shell
        return soap.shell_created(shell.shell_id)

    def _command(self, request: Request, user: str) -> str:
        line = " ".join(
            part for part in (request.text("rsp:CommandLine/rsp:Command"), request.text(".//rsp:Arguments")) if part
        )
        if not line:
            raise Fault(soap.INVALID_PARAMETER, "w:InvalidParameter", "The parameter is incorrect.")
        shell = self._shell(request, user)
        with self._lock:
            if sum(c.is_running() for c in shell.commands.values()) >= MAX_PROCESSES_PER_SHELL:
                raise _quota(soap.QUOTA_LIMIT, f"{MAX_PROCESSES_PER_SHELL} processes in a shell")
            if sum(s.begun for s in self._shells.values() if s.user == user) >= MAX_OPERATIONS_PER_USER:
                raise _quota(soap.QUOTA_MAX_OPERATIONS, f"{MAX_OPERATIONS_PER_USER} concurrent operations")
            command = Command(line, self._execute)
            shell.commands[command.command_id] = command
            shell.begun += 1
        return soap.command_begun(command.command_id)

    def _send(self, request: Request, user: str) -> str:
        shell = self._shell(request, user)
        for stream in request.body.iterfind("{*}Send/{*}Stream"):
            command = self._find_command(shell, stream.get("CommandId", ""))
            try:
                piece = base64.b64decode(stream.text or "", validate=True)
            except binascii.Error:
                raise Fault(soap.INVALID_PARAMETER, "w:InvalidParameter", "The input is not base64.") from None
            command.feed(piece, is_last=stream.get("End") == "true")
        return "<rsp:SendResponse/>"

    def _receive(self, request: Request, user: str) -> str:
        shell = self._shell(request, user)
        desired = request.find("rsp:Receive/rsp:DesiredStream")
        command = self._find_command(shell, desired.get("CommandId", "") if desired is not None else "")
        size_bytes = max(1, (request.envelope_bytes - _ENVELOPE_RESERVE) * 3 // 4)
        streams, exit_code = command.output(request.timeout_s, size_bytes)
        shell.touch()
        return soap.output(command.command_id, streams, exit_code)

    def _signal(self, request: Request, user: str) -> str:
        shell = self._shell(request, user)
        signal = request.find("rsp:Signal")
        command = self._find_command(shell, signal.get("CommandId", "") if signal is not None else "")
        command.terminate()
        with self._lock:
            shell.commands.pop(command.command_id, None)
        return "<rsp:SignalResponse/>"

    def _delete(self, request: Request, user: str) -> str:
        shell = self._shell(request, user)
        with self._lock:
            self._shells.pop(shell.shell_id, None)
        shell.close()
        return ""

    def _shell(self, request: Request, user: str) -> Shell:
        with self._lock:
            shell = self._shells.get(request.shell_id)
            if shell is None or shell.user != user or shell.is_idle():
                raise Fault(
                    soap.SHELL_NOT_FOUND,
                    "w:InvalidSelectors",
                    f"The request for the Windows Remote Shell with ShellId {request.shell_id} failed because the "
                    "shell was not found on the server.",
                )
            shell.touch()
            return shell

    def _find_command(self, shell: Shell, command_id: str) -> Command:
        command = shell.commands.get(command_id)
        if command is None:
            raise Fault(soap.INVALID_PARAMETER, "w:InvalidParameter", "The command does not exist in this shell.")
        return command


def _quota(code: int, what: str) -> Fault:
    return Fault(
        code,
        "w:QuotaLimit",
        f"The WS-Management service cannot process the request. This user is allowed a maximum number of {what}, "
        "which has been exceeded.",
    )
