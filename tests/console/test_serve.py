"""The process as a whole: what it refuses, and that it ends when it is told to, whatever hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from console.server import take_endpoint

ROOT = Path(__file__).resolve().parents[2]

HANGING = """
import django, threading
django.setup()
from celery import shared_task
from console.embedded import EmbeddedWorker
from console.ending import leave

begun = threading.Event()

@shared_task(name="hang")
def hang():
    begun.set()
    threading.Event().wait(60)

worker = EmbeddedWorker()
worker.start()
hang.delay()
assert begun.wait(20)
worker.stop(within_s=0.2)
print("leaving")
leave(3, is_waiting_allowed=worker.has_ended)
"""


def python(var: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"FERRY_VAR": str(var), "DJANGO_SETTINGS_MODULE": "console.settings"}
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True
    )


def test_a_busy_port_is_refused_in_a_sentence_before_anything_is_made(tmp_path: Path) -> None:
    with take_endpoint("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        served = python(tmp_path, "manage.py", "serve", "--lab", "--port", port)
        _, said = served.communicate(timeout=30)

    assert served.returncode == 1
    assert said == f"127.0.0.1:{port} is in use by another process. End it, or choose another port with --port.\n"
    assert not (tmp_path / "lab").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_server_ends_when_it_is_told_to(migrated_var: Path, number: signal.Signals) -> None:
    served = python(migrated_var, "manage.py", "serve", "--port", "0")
    assert served.stdout is not None
    said = [served.stdout.readline()]
    while "Ferry is at" not in said[-1]:
        said.append(served.stdout.readline())

    served.send_signal(number)
    _, errors = served.communicate(timeout=20)

    assert served.returncode == 0, errors
    assert "Traceback" not in errors


def test_a_signal_before_the_server_is_up_ends_it_without_a_traceback(tmp_path: Path) -> None:
    served = python(tmp_path, "manage.py", "serve", "--port", "0")
    assert served.stdout is not None
    served.stdout.readline()

    served.send_signal(signal.SIGTERM)
    _, errors = served.communicate(timeout=20)

    assert served.returncode == 0
    assert "Traceback" not in errors


def test_a_task_that_hangs_does_not_keep_the_process_alive(migrated_var: Path) -> None:
    hanging = python(migrated_var, "-c", HANGING)

    said, errors = hanging.communicate(timeout=40)

    assert said == "leaving\n", errors
    assert hanging.returncode == 3
