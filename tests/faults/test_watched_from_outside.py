"""What the probe from outside sees of real moves in the lab, beside what the lab's own observer sees."""

from __future__ import annotations

from lab.hyperv.checker import PROBE_S, Observer
from migrations_app.models import MigrationJob
from migrations_app.probing.prober import NEAR_S
from migrations_app.probing.runs import Outage, outages
from tests.lab_moves import LabMove, wait_until

Status = MigrationJob.Status


def seen(job: MigrationJob) -> list[Outage]:
    """Once the watch, which may go on for a moment, has heard the VM again."""
    wait_until(lambda: job.availability_spans.filter(is_up=True).count() > 1, "answers before and after the outage")
    return outages(list(job.availability_spans.all()))


def test_a_move_shows_as_one_outage_as_long_as_the_observer_of_the_lab_sees_it(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()

    with Observer(lab_move.lab.guest_address("WEB01")) as observer:
        lab_move.run(job)

    (outage,) = seen(job)
    observed_s = observer.longest_outage().seconds
    assert outage.least_s - 2 * PROBE_S <= observed_s <= outage.length_s + 2 * PROBE_S
    assert outage.resolution_s < 4 * NEAR_S
    lab_move.assert_moved(job, before)
