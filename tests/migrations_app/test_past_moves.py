"""Figures from earlier moves: the nearest kind that tells something, by one query."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hosts.models import Host
from migrations_app.events import add_event
from migrations_app.figures import Origin, Pace, assumed_pace
from migrations_app.past_moves import past
from tests.migrations_app.past_jobs import MB, Course, host, past_job, past_live_job

GB = 1 << 30


@pytest.fixture
def hosts(db: None) -> list[Host]:
    return [host(f"HV0{n}") for n in range(1, 6)]


def pace(source: Host | None, target: Host | None, vm_uid: str = "id-WEB01", memory_bytes: int = GB) -> Pace:
    return past().pace(source.pk if source else None, target.pk if target else None, vm_uid, memory_bytes)


def test_nothing_is_measured_before_the_first_move(hosts: list[Host]) -> None:
    assert pace(hosts[0], hosts[1]) == assumed_pace(GB)


def test_a_move_tells_every_figure_of_the_next_one_between_its_hosts(hosts: list[Host]) -> None:
    past_job(hosts[0], hosts[1])

    found = pace(hosts[0], hosts[1])

    assert found.rate.likely == pytest.approx(100 * MB)
    assert found.standstill_s.likely == pytest.approx(18 - 1000 / 100)
    assert (found.begin_s.likely, found.end_s.likely) == pytest.approx((4, 6))
    assert found.round_s.likely == pytest.approx(3 - 105 / 100)
    assert found.rate.source == "measured on 1 earlier move between these hosts"


def test_how_fast_a_vm_writes_is_known_from_its_own_moves_only(hosts: list[Host]) -> None:
    past_job(hosts[0], hosts[1])

    its_own, of_another = (pace(hosts[3], hosts[4], uid).write_rate for uid in ("id-WEB01", "id-DB01"))

    assert its_own.likely == pytest.approx(105 * MB / 100)
    assert its_own.origin is Origin.OF_THE_VM
    assert of_another.origin is Origin.ASSUMED


def test_the_nearest_kind_of_moves_counts(hosts: list[Host]) -> None:
    first, second, third, fourth, fifth = hosts
    past_job(first, second, Course(copy_s=100))
    past_job(first, third, Course(copy_s=200))
    past_job(fourth, third, Course(copy_s=400))

    assert pace(first, second).rate.likely == pytest.approx(100 * MB)
    assert pace(second, third).rate.likely == pytest.approx(37.5 * MB)
    assert pace(second, third).rate.origin is Origin.OF_ONE
    assert pace(second, fifth).rate.likely == pytest.approx(50 * MB)
    assert pace(second, fifth).rate.origin is Origin.ELSEWHERE
    assert pace(first, None).rate.origin is Origin.OF_ONE


def test_a_live_move_tells_the_rate_of_live_moves_and_of_others_only_where_none_is_known(hosts: list[Host]) -> None:
    first, second, third, _, _ = hosts
    past_live_job(first, second, sent_mb=4_000, sent_s=20)
    known = past()
    assert known.pace(first.pk, second.pk, "id-WEB01", GB).rate.likely == pytest.approx(200 * MB)

    past_job(first, third)
    known = past()

    assert known.pace(first.pk, second.pk, "id-WEB01", GB).rate.likely == pytest.approx(100 * MB)
    assert known.pace(first.pk, second.pk, "id-WEB01", GB, is_live=True).rate.likely == pytest.approx(200 * MB)


@pytest.mark.parametrize("limit", [{"plan_limit_bytes_per_s": 1 << 20}, {"limit_bytes_per_s": 1 << 20}])
def test_a_small_copy_and_a_limited_one_do_not_tell_the_rate(hosts: list[Host], limit: dict[str, Any]) -> None:
    past_job(hosts[0], hosts[1], **limit)
    past_job(hosts[0], hosts[1], Course(copied_mb=1, rest_mb=1))

    assert pace(hosts[0], hosts[1]).rate.origin is Origin.ASSUMED


def test_the_memory_of_a_vm_with_small_disks_tells_the_rate(hosts: list[Host]) -> None:
    past_job(hosts[0], hosts[1], Course(copied_mb=1, rest_mb=1800, outage_s=18))

    assert pace(hosts[0], hosts[1]).rate.likely == pytest.approx(100 * MB)


def test_failed_and_cancelled_moves_tell_nothing(hosts: list[Host]) -> None:
    for status in ("failed", "cancelled", "running"):
        past_job(hosts[0], hosts[1], status=status, vm_uid=status)

    assert pace(hosts[0], hosts[1]) == assumed_pace(GB)


def test_a_job_that_was_tried_again_does_not_tell_how_long_its_end_takes(hosts: list[Host]) -> None:
    job = past_job(hosts[0], hosts[1])
    add_event(job.pk, "Step 5.2 failed.", is_failure=True)

    found = pace(hosts[0], hosts[1])

    assert found.end_s.origin is Origin.ASSUMED
    assert found.begin_s.origin is Origin.BETWEEN


def test_another_size_of_memory_widens_the_range_of_the_standstill(hosts: list[Host]) -> None:
    past_job(hosts[0], hosts[1])

    same, larger, smaller = (pace(hosts[0], hosts[1], memory_bytes=size).standstill_s for size in (GB, 4 * GB, GB // 4))

    assert larger.low == same.low
    assert larger.high == pytest.approx(4 * same.high)
    assert smaller.high == same.high
    assert smaller.low == pytest.approx(same.low / 4)


def test_two_queries_tell_everything(hosts: list[Host]) -> None:
    for _ in range(3):
        past_job(hosts[0], hosts[1])

    with CaptureQueriesContext(connection) as context:
        known = past()
        for target in hosts:
            known.pace(hosts[0].pk, target.pk, "id-WEB01", GB)

    assert len(context) == 2
