"""One measurement in a process and a folder of its own, so that none finds the rows or the lab of another."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping

from django.conf import settings


def run_module_apart(name: str, more_environment: Mapping[str, str] | None = None) -> None:
    """It prints its own table."""
    with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=settings.VAR_DIR) as folder:
        command = [sys.executable, "-m", "scripts.benchmarks", name]
        subprocess.run(command, env={**os.environ, "FERRY_VAR": folder, **(more_environment or {})}, check=True)
