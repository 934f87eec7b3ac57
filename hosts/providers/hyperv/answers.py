"""What goes to bootstrap.ps1 and what comes back from it, as bytes and JSON; no network here."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from hosts.providers import errors
from hosts.providers.errors import ProtocolError, ProviderError, Refused
from hosts.providers.types import Secret

_HERE = Path(__file__).parent
_EXCERPT_CHARACTERS = 160

# The kinds that a script may name; the others say something about the connection, which a script cannot know.
_KINDS: dict[str, type[ProviderError]] = {
    kind.__name__: kind
    for kind in (
        errors.AccessDenied,
        errors.AlreadyExists,
        errors.DigestMismatch,
        errors.HostUnreachable,
        errors.Incompatible,
        errors.NotAHypervisor,
        errors.NotEnoughMemory,
        errors.NotEnoughSpace,
        errors.NotFound,
        errors.Overtaken,
        errors.WrongState,
    )
}


def command_line() -> str:
    """The command that runs bootstrap.ps1; cmd.exe on the host takes 8,191 characters."""
    script = (_HERE / "bootstrap.ps1").read_bytes().decode("utf-8")
    encoded = base64.b64encode(script.encode("utf-16-le")).decode("ascii")
    return f"powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -EncodedCommand {encoded}"


@dataclass(frozen=True, slots=True)
class Output:
    """All that a command printed, and how it ended."""

    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)
    exit_code: int


class Call:
    """A script with its parameters. Shows neither: they may hold a password (also see `secrets`)."""

    def __init__(self, script: str, parameters: Mapping[str, object]) -> None:
        self._script = script
        self._parameters = dict(parameters)

    def __repr__(self) -> str:
        return "Call(*****)"

    def stdin(self) -> bytes:
        """One JSON document in ASCII, so that no code page on the way can spoil it."""
        return json.dumps({"script": self._script, "parameters": self._parameters}, default=_reveal).encode("ascii")

    def secrets(self) -> Iterator[str]:
        """Every value that must not be shown: those of type Secret, and strings under a key with "password" in it."""
        return _secrets_in(self._parameters, is_secret=False)


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"{type(value).__name__} cannot travel to a script")


def _secrets_in(value: object, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, Secret):
        yield value.reveal()
    elif isinstance(value, str):
        if is_secret:
            yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _secrets_in(item, is_secret=is_secret or "password" in str(key).lower())
    elif isinstance(value, Sequence):
        for item in value:
            yield from _secrets_in(item, is_secret=is_secret)


class Redactor:
    """Knows the secrets of a run, to keep them out of what is shown; shows none itself."""

    def __init__(self, secrets: Iterable[str]) -> None:
        texts = sorted({secret for secret in secrets if secret}, key=len, reverse=True)
        self._forms = [form for text in texts for form in (text, json.dumps(text)[1:-1], escape(text))]

    def __repr__(self) -> str:
        return "Redactor(*****)"

    def redact(self, text: str) -> str:
        """`text` with stars for every secret, also as it looks inside JSON or XML."""
        for form in self._forms:
            text = text.replace(form, "*****")
        return text

    def excerpt(self, content: bytes | str) -> str:
        """The beginning of what a host sent, on one line and without secrets."""
        text = content.decode("utf-8", "replace") if isinstance(content, bytes) else content
        line = re.sub(r"[\s\x00-\x1f\x7f]+", " ", self.redact(text)).strip()
        return line if len(line) <= _EXCERPT_CHARACTERS else line[:_EXCERPT_CHARACTERS] + "…"


def read_answer(host: str, output: Output, redactor: Redactor) -> dict[str, Any] | ProviderError:
    """The object under "result", or the error that the script named, or a ProtocolError.

    Errors are returned, for the caller to raise: a traceback from here would hold the output as it came.
    """
    try:
        answer = json.loads(output.stdout.decode("utf-8-sig"))
    except ValueError:
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("error"), dict):
        return _named(host, answer["error"], redactor)
    if isinstance(answer, dict) and output.exit_code == 0 and "result" in answer:
        result = {} if answer["result"] is None else answer["result"]
        if isinstance(result, dict):
            return result
    shown = redactor.excerpt(output.stdout or output.stderr)
    return ProtocolError(
        host,
        f"The script ended with exit code {output.exit_code} and no answer that could be read"
        + (f": {shown}" if shown else "; it printed nothing."),
    )


def _named(host: str, error: Mapping[str, object], redactor: Redactor) -> ProviderError:
    kind = redactor.redact(str(error.get("kind") or "Unknown"))
    message = redactor.redact(str(error.get("message") or "The host gave no reason.")).strip()
    if kind in _KINDS:
        return _KINDS[kind](host, message)
    return Refused(host, message, kind=kind)
