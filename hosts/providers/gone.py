"""A host that a person declared gone for good: it has nothing, keeps nothing, and can be asked for nothing more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from hosts.providers.base import QuickMigrates
from hosts.providers.claims import Claim
from hosts.providers.errors import NotFound
from hosts.providers.types import CopyOrder, HashOrder, HostFacts, HostLoad, Registration, RemoteFile, Vm, Work


class GoneHost(QuickMigrates):
    """Whatever removes something succeeds; whatever needs the host raises NotFound."""

    def __init__(self, name: str) -> None:
        self._name = name

    def close(self) -> None:
        """There is no connection."""

    def claim(self, claim: Claim) -> None:
        del claim

    def find_vm(self, uid: str) -> Vm | None:
        del uid
        return None

    def works(self, tag: str) -> Sequence[Work]:
        del tag
        return ()

    def unmark(self, uid: str, tag: str) -> None:
        del uid, tag

    def remove_vm(self, uid: str, tag: str) -> None:
        del uid, tag

    def delete_files(self, paths: Sequence[str], tag: str) -> Sequence[str]:
        del paths, tag
        return ()

    def clear_traces(self, tag: str, *, destinations: Sequence[str] | None) -> None:
        del tag, destinations

    def inspect(self) -> HostFacts:
        self._refuse()

    def sample(self) -> HostLoad:
        self._refuse()

    def mark(self, uid: str, tag: str, *, hold: bool) -> Vm:
        del uid, tag, hold
        self._refuse()

    def checkpoint(self, uid: str, name: str) -> Vm:
        del uid, name
        self._refuse()

    def save(self, uid: str, tag: str) -> Vm:
        del uid, tag
        self._refuse()

    def start(self, uid: str, tag: str) -> Vm:
        del uid, tag
        self._refuse()

    def share(self, path: str) -> RemoteFile:
        del path
        self._refuse()

    def start_works(
        self, tag: str, orders: Sequence[CopyOrder | HashOrder], *, limit_bytes_per_s: int = 0
    ) -> Sequence[Work]:
        del tag, orders, limit_bytes_per_s
        self._refuse()

    def register(self, registration: Registration) -> Vm:
        del registration
        self._refuse()

    def merge_checkpoints(self, uid: str, tag: str) -> Vm:
        del uid, tag
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise NotFound(self._name, f"{self._name} was declared gone for good.")
