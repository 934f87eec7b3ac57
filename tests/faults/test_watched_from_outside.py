"""What the probe from outside sees of real moves in the lab, beside what the lab's own observer sees."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from pytest_django.fixtures import Settings

from hosts.models import VirtualAdapter
from lab.hyperv.checker import Observer
from migrations_app.availability import availability
from migrations_app.models import AvailabilitySpan, MigrationJob
from migrations_app.probing.prober import FAR_S, NEAR_S
from migrations_app.probing.runs import Outage, outages
from tests.lab_moves import LabMove, wait_until

Status = MigrationJob.Status
OBSERVER_WAITS_S = 0.2


def seen(job: MigrationJob) -> Outage:
    """The one outage; the watch may go on for a moment after the job, until it has heard the VM again."""
    wait_until(lambda: job.availability_spans.filter(is_up=True).count() > 1, "answers before and after the outage")
    (outage,) = outages(list(job.availability_spans.all()))
    return outage


def test_a_move_shows_as_one_outage_as_long_as_the_observer_of_the_lab_sees_it(lab_move: LabMove) -> None:
    before, job = lab_move.before(), lab_move.order()

    with Observer(lab_move.lab.guest_address("WEB01")) as observer:
        lab_move.run(job)

    outage, observed_s = seen(job), observer.longest_outage().seconds
    assert abs(observed_s - outage.length_s) <= outage.resolution_s + OBSERVER_WAITS_S
    assert outage.resolution_s <= FAR_S + 5 * NEAR_S
    assert job.availability_spans.count() <= 5
    lab_move.assert_moved(job, before)


def test_an_undone_move_shows_the_outage_it_cost(lab_move: LabMove) -> None:
    job = lab_move.order()
    lab_move.target.fail("register-vm", "WrongState", "Refused by the test.")

    lab_move.run(job)

    assert job.status == Status.FAILED
    assert seen(job).ended_at is not None


def test_a_vm_without_an_address_is_moved_unobserved_and_that_is_said(lab_move: LabMove) -> None:
    VirtualAdapter.objects.update(addresses=["fe80::1", "169.254.1.2"])
    job = lab_move.order()

    lab_move.run(job)

    assert job.status == Status.DONE
    assert job.unobserved == "HV01 reports no address of WEB01 that could be asked."
    assert job.events.filter(text=f"WEB01 is not observed from outside. {job.unobserved}").count() == 1
    assert not job.availability_spans.exists()


def test_a_vm_of_which_nothing_answers_is_moved_unobserved_and_what_was_asked_is_said(
    lab_move: LabMove, settings: Settings
) -> None:
    settings.PROBES = ["ping", "1"]
    address, _ = lab_move.lab.guest_address("WEB01")
    job = lab_move.order()

    lab_move.run(job)

    assert job.status == Status.DONE
    assert job.unobserved == f"Nothing answered although WEB01 runs. Asked: TCP {address}:1."


def test_a_worker_that_takes_over_in_the_outage_goes_on_with_what_the_last_one_asked(lab_move: LabMove) -> None:
    job, ago = lab_move.order(), timezone.now() - timedelta(seconds=20)
    address, port = lab_move.lab.guest_address("WEB01")
    AvailabilitySpan.objects.create(
        job=job, began_at=ago, ended_at=ago, is_up=True, method=f"TCP {address}:{port}", probes=7
    )

    lab_move.run(job)

    seen(job)
    shown = availability(job)
    assert shown is not None
    assert shown.seen is not None
    assert [stretch.state for stretch in shown.seen.strip][:2] == ["up", "unseen"]
    assert AvailabilitySpan.objects.get(began_at=ago).probes == 7
