"""Measures how fast an event reaches 500 watchers of one job."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from scripts.benchmarks.process import running_server
from scripts.benchmarks.table import Row

WATCHERS = 500
SECONDS = 20


def measure_watching() -> list[Row]:
    """p50 and p99 of the delivery, and how many deliveries there were."""
    with running_server(["-m", "scripts.benchmarks", "ticking_server"]) as server:
        client = ["-m", "scripts.benchmarks.watchers", server.address, *server.words, str(WATCHERS), str(SECONDS)]
        run = subprocess.run([sys.executable, *client], capture_output=True, text=True, check=True, timeout=300)
    tally = json.loads(run.stdout)
    delays_ms = [1000 * delay for delay in tally["delays_s"]]
    hundredths = statistics.quantiles(delays_ms, n=100)
    what = f"{WATCHERS} watchers of one job, one event a second"
    return [
        Row(f"{what}: delivered", f"{len(delays_ms)} in {SECONDS} s", f"{WATCHERS * SECONDS}"),
        Row(f"{what}: p50", f"{hundredths[49]:.0f} ms"),
        Row(f"{what}: p99", f"{hundredths[98]:.0f} ms"),
    ]
