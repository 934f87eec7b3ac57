"""Real worker processes that are killed: the test's hold on worker.py."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from django.db import connection

from tests.faults.matrix.points import Moment

_LEASE_S = 5
_REPOSITORY = Path(__file__).resolve().parents[3]


class KilledWorkers:
    """Started when the first worker is wanted."""

    def __init__(self, lab_root: Path) -> None:
        self._lab_root = str(lab_root)
        self._process: subprocess.Popen[str] | None = None

    def die(self, job_pk: int, position: int, moment: Moment, verb: str) -> None:
        """A worker takes the job up and is killed at that moment of that step. Returns when it is dead."""
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        order = {"job": job_pk, "position": position, "moment": moment, "verb": verb}
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline().strip()
        assert answer == str(int(signal.SIGKILL)), f"The worker was not killed: {answer!r}."

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _start(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "FERRY_LEASE_S": str(_LEASE_S), "FERRY_POLL_MS": "20", "FERRY_PROBES": ""}
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.matrix.worker", str(connection.settings_dict["NAME"]), self._lab_root],
            cwd=_REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
