"""Notes that a task of the schedule ran. The page About and /health/ judge by it whether worker and beat are alive."""

from __future__ import annotations

import os
import socket

from django.utils import timezone

from hosts.models import Pulse


def note_pulse(task: str) -> None:
    """Called by the task itself, so that a row means: beat sent it and a worker took it up."""
    pulse = Pulse(task=task, at=timezone.now(), worker=f"{socket.gethostname()}:{os.getpid()}")
    Pulse.objects.bulk_create([pulse], update_conflicts=True, unique_fields=["task"], update_fields=["at", "worker"])
