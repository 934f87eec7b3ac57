"""A process that forks a worker for each job it is told, so that a test can have a real one killed at a chosen call.

Its orders come as JSON lines on stdin: {"job": number, "position": of the step, "moment": see `points.Moment`,
"verb": the call of the step in the moment "middle"}. Its answers go to stdout, a line each: the signal that ended the
worker, 0 when none did. Django is set up once and the fork costs nothing: a worker lives in some milliseconds.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import django
from django.db import connection, connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")
django.setup()

from hosts.providers import PROVIDERS  # noqa: E402
from lab.hyperv.control import Lab  # noqa: E402
from migrations_app.engine.runner import run_job  # noqa: E402
from tests.faults.matrix.deaths import die_at  # noqa: E402
from tests.faults.matrix.eager import every_round_is_worth_it  # noqa: E402
from tests.faults.matrix.tap import TAP  # noqa: E402


def main(database: str, lab_root: str) -> None:
    connection.settings_dict["NAME"] = database
    PROVIDERS["hyperv"] = "tests.faults.matrix.tap.open_tapped"
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            TAP.on_call = die_at(Lab.open(Path(lab_root)), order["position"], order["moment"], order["verb"])
            with every_round_is_worth_it():
                run_job(order["job"], f"worker {os.getpid()}")
            connections.close_all()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
