"""Whether guests can run on /dev/kvm here: a trial boot decides, since the device's being there proves nothing."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from lab.json_files import read_json, write_json
from lab.kvm.image import GuestImage
from lab.kvm.packages import Say

KVM = "kvm"
TCG = "qemu"
_TRIAL_S = 8.0
_READY = b"READY"


@dataclass(frozen=True, slots=True)
class Acceleration:
    """`domain_type` is libvirt's: "kvm", or "qemu" for QEMU's own translation (TCG)."""

    domain_type: str
    reason: str


def acceleration(image: GuestImage, folder: Path, say: Say) -> Acceleration:
    """Found out once for each folder and kept there."""
    kept = folder / "acceleration.json"
    if not kept.exists():
        say("Trying whether guests run on /dev/kvm.")
        write_json(kept, _try_kvm(image))
    return Acceleration(**read_json(kept))


def _try_kvm(image: GuestImage) -> Acceleration:
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return Acceleration(TCG, "There is no /dev/kvm that could be used.")
    began = time.monotonic()
    words = _boot(image)
    if _READY in words:
        return Acceleration(KVM, f"A guest on /dev/kvm was ready after {time.monotonic() - began:.1f} s.")
    last = words.decode(errors="replace").strip().splitlines()[-1:] or ["none"]
    return Acceleration(TCG, f"A guest on /dev/kvm was not ready within {_TRIAL_S:.0f} s; last words: {last[0][:160]}")


def _boot(image: GuestImage) -> bytes:
    """What QEMU and the guest said, up to READY."""
    command = ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "qemu64", "-m", "128", "-nodefaults", "-display", "none"]
    command += ["-serial", "stdio", "-no-reboot", "-kernel", str(image.kernel), "-initrd", str(image.ramdisk)]
    command += ["-append", "console=ttyS0 quiet lab.name=trial"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT) as trial:
        assert trial.stdout is not None
        words = _read_until_ready(trial.stdout.fileno())
        trial.kill()
    return words


def _read_until_ready(output: int) -> bytes:
    words, deadline = b"", time.monotonic() + _TRIAL_S
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while _READY not in words and selector.select(max(0.0, deadline - time.monotonic())):
            part = os.read(output, 4096)
            if not part:
                break
            words += part
    return words
