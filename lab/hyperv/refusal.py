"""The one error of the emulation: what PowerShell would report as FullyQualifiedErrorId and message."""

from __future__ import annotations


class Refused(Exception):
    """The emulated host says no. `kind` is the error id that travels to the console, `message` one sentence."""

    def __init__(self, kind: str, message: str, category: str = "InvalidOperation") -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message
        self.category = category

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"
