"""The faults that strike a copy from within: refused, hanging, slow, spoilt, or its host dies in the middle."""

from __future__ import annotations

import os
import signal
import time

from lab.hyperv.faults import COPY, Fault, FaultBook, FaultKind
from lab.hyperv.layout import HostFolder
from lab.hyperv.refusal import Refused


class CopyFaults:
    """Takes its orders when it is made: they strike this run of this copy."""

    def __init__(self, host: HostFolder, host_pid: int) -> None:
        self._host_pid = host_pid
        self._faults = FaultBook(host.faults_file).take(COPY)
        slow = [fault.bytes_per_s for fault in self._faults if fault.kind == FaultKind.SLOW]
        self.bytes_per_s = min(slow, default=0)

    def strike_at(self, done: int) -> None:
        """Refuse, hang or kill the host as soon as `done` bytes have reached the order's offset. Raises Refused."""
        for fault in list(self._faults):
            if fault.offset <= done and fault.kind in _STRIKES:
                self._faults.remove(fault)
                self._strike(fault)

    def strike_after(self) -> None:
        if any(fault.kind == FaultKind.KILL_HOST_AFTER for fault in self._faults):
            self._kill_host()

    def spoil(self, chunk: memoryview, offset: int) -> None:
        """Turn over the bits of the ordered byte in the chunk that arrived."""
        for fault in self._faults:
            if fault.kind == FaultKind.CORRUPT and offset <= fault.offset < offset + len(chunk):
                chunk[fault.offset - offset] ^= 0xFF

    def _strike(self, fault: Fault) -> None:
        if fault.kind == FaultKind.HANG:
            time.sleep(fault.seconds)
        elif fault.kind == FaultKind.REFUSE:
            raise Refused(fault.error_kind, fault.message)
        else:
            self._kill_host()

    def _kill_host(self) -> None:
        os.kill(self._host_pid, signal.SIGKILL)
        time.sleep(60)  # the kernel ends us with our host


_STRIKES = (FaultKind.REFUSE, FaultKind.HANG, FaultKind.KILL_HOST_BEFORE)
