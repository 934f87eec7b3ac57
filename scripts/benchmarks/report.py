"""Runs every measurement and prints their tables, with what machine it was."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime

import psutil

from hosts import units
from scripts.benchmarks.apart import run_module_apart
from scripts.benchmarks.moving import measure_moving
from scripts.benchmarks.table import as_markdown
from scripts.benchmarks.watching import measure_watching

QUEUE_THREADS = 28


def main() -> None:
    memory = units.size(psutil.virtual_memory().total)
    print(f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} cores, {memory}, Python {platform.python_version()}")
    print("Moving a virtual machine ...", flush=True)
    rows = measure_moving()
    print("Watching a job ...", flush=True)
    rows += measure_watching()
    print(as_markdown(rows))
    for name in ("rounds", "recovery"):
        print(f"Measuring {name} ...", flush=True)
        run_module_apart(name)
    print("Measuring fifty moves in the queue ...", flush=True)
    run_module_apart("queueing", {"FERRY_WORKER_THREADS": str(QUEUE_THREADS)})
    print("Rating a fleet ...", flush=True)
    run_module_apart("fleet")
    print("Lists of a large estate ...", flush=True)
    run_module_apart("lists")
