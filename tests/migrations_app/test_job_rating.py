"""A job keeps how its target was rated when it was ordered, with the options it was chosen by."""

from __future__ import annotations

from django.contrib.auth.models import User

from hosts.placement_defaults import save_placement_defaults
from hosts.rating_record import recompute
from hosts.rating_types import Options
from hosts.rules import Rule, Severity
from migrations_app.checks import check_target, errors
from migrations_app.jobs import start_job
from tests.fakes.moves import Move


def test_a_job_can_be_audited_when_everything_else_has_changed(move: Move) -> None:
    job = move.order()
    move.rows[1].delete()

    job.refresh_from_db()
    assert job.rating is not None
    assert (job.rating["host"]["name"], job.rating["vm"]["name"]) == ("HV02", "WEB01")
    assert recompute(job.rating).stars == job.rating["rating"]["stars"] > 0
    assert [factor["name"] for factor in job.rating["source"]] == ["CPU", "Memory", "Disk I/O", "Network"]


def test_the_options_of_one_placement_are_kept_with_its_job(move: Move) -> None:
    job = start_job(move.plan(), None, Options(cpu_weight=1, memory_weight=0))

    assert job.rating is not None
    assert (job.rating["options"]["cpu_weight"], job.rating["options"]["memory_weight"]) == (1, 0)


def test_without_options_those_of_every_placement_count(move: Move, admin: User) -> None:
    save_placement_defaults(Options(cpu_weight=7), admin)

    job = move.order()

    assert job.rating is not None
    assert job.rating["options"]["cpu_weight"] == 7


def test_a_rule_that_administrators_made_a_must_stops_a_job(move: Move, admin: User) -> None:
    vm = move.rows[0].vms.get()
    move.rows[1].networks.all().delete()
    assert errors(check_target(vm, move.rows[1])) == []

    save_placement_defaults(Options(severities={Rule.NETWORK: Severity.MUST_MEET}), admin)

    assert "no virtual network" in errors(check_target(vm, move.rows[1]))[0].text
