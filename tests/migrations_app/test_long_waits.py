"""A step that waits for a host asks it again and again, for as long as it takes."""

from __future__ import annotations

import math

from pytest_django.fixtures import Settings

from migrations_app.journal import Journal
from migrations_app.leases import Heartbeat, Lease
from migrations_app.models import MigrationJob

POLLS_OF_THREE_HOURS = 10_800


def test_a_copy_may_take_hours(settings: Settings) -> None:
    settings.POLL_MS = 0
    lease = Lease(job_pk=1, fence=1)
    journal = Journal(MigrationJob(), lease, Heartbeat(lease))

    for _ in range(POLLS_OF_THREE_HOURS):
        journal.wait(math.inf)
