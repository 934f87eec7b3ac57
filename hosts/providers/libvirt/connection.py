"""libvirt's own protocol: the one module that knows libvirt-python. Opens a connection and gives it up in time."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, TypeVar

from hosts.providers.errors import DeadlineExceeded, NotAHypervisor
from hosts.providers.libvirt.constants import ErrorCode
from hosts.providers.libvirt.domains import Domain, Hypervisor
from hosts.providers.libvirt.refusals import LibvirtFailure, refusal_of

try:
    import libvirt
except ImportError:
    libvirt = None

OPEN_S = 20.0
# A host that answers none of KEEPALIVE_COUNT questions, one every KEEPALIVE_S, is gone.
KEEPALIVE_S = 5
KEEPALIVE_COUNT = 3
INSTALL = (
    "On the console's machine run 'apt-get install libvirt-dev pkg-config gcc python3-dev', "
    "then 'pip install -r requirements-kvm.txt', and start Ferry again."
)

_T = TypeVar("_T")


class Connection:
    """A connection to one host's libvirt, opened by the first use; for one thread at a time.

    `target` gives the URI, and may have to make what it names (a tunnel, a folder of certificates); `cut` ends what it
    made, so that a call that hangs in it returns.
    """

    def __init__(self, host: str, target: Callable[[], str], cut: Callable[[], None] = lambda: None) -> None:
        self.host = host
        self._target = target
        self._cut = cut
        self._opened: Hypervisor | None = None
        self._is_given_up = False
        self._thread = ThreadPoolExecutor(1, f"libvirt {host}")

    def hypervisor(self) -> Hypervisor:
        """Raises ProviderError; libvirt's own errors come out of its methods, see `refusals`."""
        self.confirm_open()
        if self._opened is None:
            with self.refusals(is_opening=True):
                self._opened = self._open()
        return self._opened

    def domain(self, uid: str) -> Domain | None:
        """The VM with this id, or None."""
        hypervisor = self.hypervisor()
        try:
            return hypervisor.lookupByUUIDString(uid)
        except _libvirt_error() as error:
            if error.get_error_code() == ErrorCode.NO_DOMAIN:
                return None
            raise refusal_of(self.host, _failure(error)) from None

    @contextlib.contextmanager
    def refusals(self, *, is_opening: bool = False) -> Iterator[None]:
        """What libvirt raises inside comes out as ProviderError."""
        self.confirm_open()
        try:
            yield
        except _libvirt_error() as error:
            raise refusal_of(self.host, _failure(error), is_opening=is_opening) from None

    def within(self, deadline_s: float, act: Callable[[], _T]) -> _T:
        """What `act` returns or raises. It may block in libvirt, which cannot be interrupted: past the deadline the
        connection is given up and DeadlineExceeded raised; whatever `act` would still have done fails."""
        self.confirm_open()
        try:
            return self._thread.submit(act).result(timeout=deadline_s)
        except FutureTimeout:
            self.give_up()
            text = f"The host did not do it within {deadline_s:.0f} seconds."
            raise DeadlineExceeded(self.host, text) from None

    def confirm_open(self) -> None:
        """Raises DeadlineExceeded when the connection was given up: what comes now comes too late."""
        if self._is_given_up:
            raise DeadlineExceeded(self.host, "The connection was given up, because an earlier call did not return.")

    def give_up(self) -> None:
        """No call goes through from now on; one that hangs returns as soon as what it hangs in is cut."""
        self._is_given_up = True
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._cut()

    def close(self) -> None:
        """Raises nothing."""
        opened, self._opened = self._opened, None
        if opened is not None and not self._is_given_up:
            with contextlib.suppress(_libvirt_error()):
                opened.close()
        self._thread.shutdown(wait=False)
        self._cut()

    def _open(self) -> Hypervisor:
        if libvirt is None:
            raise NotAHypervisor(self.host, "KVM hosts need libvirt-python, which is not installed.", action=INSTALL)
        _events.ensure()
        opened: Hypervisor = libvirt.open(self._target())
        with contextlib.suppress(_libvirt_error()):  # the test driver and old hosts have none
            opened.setKeepAlive(KEEPALIVE_S, KEEPALIVE_COUNT)
        return opened


class _Events:
    """libvirt's event loop, which keepalive needs: one thread a process, begun at the first use in that process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pid = 0

    def ensure(self) -> None:
        with self._lock:
            if self._pid == os.getpid():
                return
            self._pid = os.getpid()
            libvirt.registerErrorHandler(lambda _context, _error: None, None)  # it would print every error
            libvirt.virEventRegisterDefaultImpl()
            threading.Thread(target=self._run, name="libvirt events", daemon=True).start()

    def _run(self) -> None:
        while True:
            with contextlib.suppress(_libvirt_error()):
                libvirt.virEventRunDefaultImpl()


_events = _Events()


def _libvirt_error() -> Any:
    return libvirt.libvirtError if libvirt is not None else OSError


def _failure(error: Any) -> LibvirtFailure:
    number = error.get_int1() if error.get_error_code() == ErrorCode.SYSTEM_ERROR else 0
    return LibvirtFailure(error.get_error_code() or 0, error.get_error_domain() or 0, str(error), number or 0)
