"""Loaded before Django's settings are: every test run has a var directory of its own, gone when it ends."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("FERRY_PROBES", "")  # nothing of a test asks addresses of invented VMs


def _remove(folder: str, owner: int) -> None:
    """At exit; a process forked by a test exits as well, and must leave it alone."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


if "FERRY_VAR" not in os.environ:
    os.environ["FERRY_VAR"] = tempfile.mkdtemp(prefix="ferry-test-")
    atexit.register(_remove, os.environ["FERRY_VAR"], os.getpid())
