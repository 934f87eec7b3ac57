"""Each verb about jobs and plans leaves its row in the audit log, and a verb that is refused leaves none."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from django.db import transaction

from hosts.models import AuditRecord
from migrations_app.batches import (
    approve,
    cancel_moves,
    choose_target,
    discard,
    leave_out,
    plan_anew,
    plan_evacuation,
    plan_moves,
)
from migrations_app.holds import change_window, cut_over_now
from migrations_app.jobs import JobRefused, cancel_job, change_limit, retry_job, set_priority
from migrations_app.models import MigrationJob
from migrations_app.repairs import Repair, repair_job
from tests.fakes.estate import Estate
from tests.fakes.moves import Move

NIGHT = datetime(2099, 1, 2, 3, tzinfo=UTC)


def deeds() -> list[str]:
    return list(AuditRecord.objects.order_by("pk").values_list("deed", flat=True))


def test_ordering_changing_and_cancelling_a_job_is_recorded(move: Move, operator: User) -> None:
    job = move.order()
    set_priority(job, 1, operator)
    change_limit(job, 10_000_000, operator)
    cancel_job(job, operator)

    assert deeds() == ["job-started", "job-priority", "job-limit", "job-cancelled"]
    priority, limit = AuditRecord.objects.order_by("pk")[1:3]
    assert (priority.who, priority.before, priority.after) == ("operator", {"priority": "Normal"}, {"priority": "High"})
    assert limit.before == {"limit": "none"}
    assert limit.about == f"Job {job.pk}: Move WEB01 from HV01 to HV02"


def test_holding_is_recorded(move: Move, operator: User) -> None:
    job = move.order()
    MigrationJob.objects.update(holds=True)
    change_window(job, NIGHT, None, operator)
    cut_over_now(job, operator)

    assert deeds()[1:] == ["job-window", "job-cut-over"]
    assert AuditRecord.objects.get(deed="job-window").after == {"opens": "2099-01-02T03:00+00:00"}


@pytest.mark.parametrize(
    ("repair", "deed", "is_committed"),
    [
        (Repair.RETRY, "job-retried", False),
        (Repair.IGNORE, "job-ignored", False),
        (Repair.WITHOUT_SOURCE, "job-without-source", True),
    ],
)
def test_each_repair_is_recorded(move: Move, operator: User, repair: Repair, deed: str, *, is_committed: bool) -> None:
    job = move.order()
    MigrationJob.objects.update(status="failed", is_committed=is_committed, failure_text="The cable was cut.")

    repair_job(job, repair, operator)

    assert deed in deeds()


def test_a_target_that_is_given_up_is_recorded(move: Move, operator: User) -> None:
    job = move.order()
    MigrationJob.objects.update(status="running", direction="undo")

    repair_job(job, Repair.WITHOUT_TARGET, operator)

    assert deeds()[1:] == ["job-without-target"]


def test_what_is_refused_is_not_recorded(move: Move, operator: User) -> None:
    job = move.run(move.order())
    before = deeds()

    for verb in (cancel_job, retry_job, cut_over_now):
        with pytest.raises(JobRefused):
            verb(job, operator)

    assert deeds() == before


def test_a_verb_that_is_taken_back_takes_its_record_along(move: Move, operator: User) -> None:
    with transaction.atomic():
        cancel_job(move.order(), operator)
        transaction.set_rollback(True)

    assert deeds() == []


def test_every_verb_about_plans_is_recorded(estate: Estate, operator: User) -> None:
    plan = plan_moves(estate.keys("VM1", "VM2"), operator)
    plan_anew(plan, estate.host("HV03"))
    choose_target(plan, plan.entries.get(vm_name="VM1"), estate.host("HV02"))
    leave_out(plan, plan.entries.get(vm_name="VM2"), operator)
    approve(plan, operator)
    cancel_moves(plan, operator, only_waiting=True)

    assert deeds() == ["plan-made", *["plan-changed"] * 3, "plan-approved", "job-started", "job-cancelled"]
    chosen = AuditRecord.objects.order_by("pk")[2]
    assert list(chosen.before.values()) == ["to HV03"]
    assert list(chosen.after.values()) == ["to HV02"]


def test_a_maintenance_that_begins_with_a_plan_is_recorded(estate: Estate, operator: User) -> None:
    approve(plan_evacuation(estate.host("HV03"), operator, with_stopped=False), operator)
    discard(plan_moves(estate.keys("VM1"), operator))

    assert deeds() == ["plan-made", "plan-approved", "host-maintenance", "plan-made", "plan-discarded"]
