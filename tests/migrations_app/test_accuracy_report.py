"""Forecast beside measurement: on the page of a job, and for all moves of a period."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from hosts.models import Host
from migrations_app.accuracy import Compared, accuracy, job_accuracy, span_of
from migrations_app.accuracy_report import CHART_HEIGHT, all_together, by_pair, chart, ended_moves
from migrations_app.events import add_event
from migrations_app.forecast import Span
from tests.migrations_app.past_jobs import Course, host, latest_forecast, past_job


@pytest.fixture
def hosts(db: None) -> list[Host]:
    return [host(f"HV0{n}") for n in range(1, 4)]


def text_of(client: Client, period: str = "30") -> str:
    return client.get(reverse("report-accuracy"), {"period": period}).content.decode()


def test_an_error_has_a_sign_and_a_range_has_an_inside() -> None:
    longer = Compared(Span(8, 10, 12), 15)
    inside = Compared(Span(8, 10, 12), 9)

    assert (longer.error_s, longer.ratio, longer.percent, longer.is_inside) == (5, 1.5, 50, False)
    assert (inside.error_s, inside.is_inside) == (-1, True)
    assert inside.percent == pytest.approx(10)


def test_many_errors_have_a_middle_a_worst_and_a_bias() -> None:
    found = accuracy([Compared(Span(8, 10, 12), measured) for measured in (9, 11, 12, 20)])

    assert found is not None
    assert (found.count, found.inside, found.median_s, found.worst_s, found.bias_s) == (4, 3, 1.5, 10, 1.5)
    assert found.median_percent == pytest.approx(15)
    assert accuracy([]) is None


def test_an_older_plan_without_a_likely_value_is_judged_by_the_middle_of_its_range() -> None:
    assert span_of(4, 0, 16).likely_s == 8


def test_a_move_is_judged_by_what_was_forecast_when_ordered_and_before_the_save(hosts: list[Host]) -> None:
    job = past_job(hosts[0], hosts[1], forecast=latest_forecast(timezone.now()))

    found = job_accuracy(job)

    assert found is not None
    assert found.outage_before is not None
    assert found.outage_last is not None
    assert found.outage_before.error_s == pytest.approx(18 - 15)
    assert found.outage_last.error_s == pytest.approx(18 - 16)
    assert found.total is not None
    assert found.total.measured_s == pytest.approx(4 + 100 + 3 + 18 + 6)


def test_the_time_in_all_is_not_judged_where_a_person_took_part(hosts: list[Host]) -> None:
    waited, failed = past_job(hosts[0], hosts[1], holds=True), past_job(hosts[0], hosts[1])
    add_event(failed.pk, "Step 5.2 failed.", is_failure=True)

    for job in (waited, failed):
        found = job_accuracy(job)
        assert found is not None
        assert found.outage_before is not None
        assert found.total is None
    assert [move.total for move in ended_moves(30)] == [None, None]


def test_a_move_that_did_not_succeed_is_counted_and_not_judged(hosts: list[Host]) -> None:
    job = past_job(hosts[0], hosts[1], status="failed")
    past_job(hosts[0], hosts[1], status="cancelled")
    past_job(hosts[0], hosts[1])

    together = all_together(ended_moves(30))

    assert job_accuracy(job) is None
    assert (together.done, together.failed, together.cancelled) == (1, 1, 1)
    assert together.success_percent == 50
    assert together.before is not None
    assert together.before.count == 1


def test_each_pair_of_hosts_stands_for_itself_the_most_moves_first(hosts: list[Host]) -> None:
    past_job(hosts[1], hosts[2], Course(outage_s=30))
    for outage_s in (15, 16, 21):
        past_job(hosts[0], hosts[1], Course(outage_s=outage_s))

    first, second = by_pair(ended_moves(30))

    assert (first.name, second.name) == ("HV01 to HV02", "HV02 to HV03")
    assert first.before is not None
    assert (first.before.inside, first.before.count) == (2, 3)
    assert first.before.bias_s == pytest.approx(1)
    assert second.before is not None
    assert second.before.worst_s == pytest.approx(15)


def test_the_period_decides_which_moves_count(hosts: list[Host], signed_in: Client) -> None:
    past_job(hosts[0], hosts[1], ended_at=timezone.now() - timedelta(days=20))

    assert "HV01 to HV02" in text_of(signed_in, "30")
    assert "No move has ended in this period." in text_of(signed_in, "7")
    assert "HV01 to HV02" in text_of(signed_in, "nonsense")


def test_the_report_before_the_first_move_says_so(db: None, signed_in: Client) -> None:
    text = text_of(signed_in)

    assert "No move has ended in this period." in text
    assert "<svg width=" not in text.split("<main", maxsplit=1)[1].split("empty", maxsplit=1)[0].split("CSV")[1]


def test_the_chart_has_the_oldest_first_and_what_was_likely_in_the_middle(hosts: list[Host]) -> None:
    for number, outage_s in enumerate((15, 60, 2)):
        past_job(hosts[0], hosts[1], Course(outage_s=outage_s), ended_at=timezone.now() - timedelta(hours=9 - number))

    dots = chart(ended_moves(30))

    assert [dot.y for dot in dots] == [CHART_HEIGHT / 2, 0, CHART_HEIGHT]
    assert [dot.x for dot in dots] == pytest.approx([16.67, 50, 83.33])
    assert all(dot.high_y < CHART_HEIGHT / 2 < dot.low_y for dot in dots)


def test_the_csv_has_a_line_for_every_move(hosts: list[Host], signed_in: Client) -> None:
    past_job(hosts[0], hosts[1], forecast=latest_forecast(timezone.now()))
    past_job(hosts[1], hosts[2], status="failed", vm_name="=1+1")

    answer = signed_in.get(reverse("report-accuracy-csv"))

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert "10,15,20,3,yes,12,16,21,2,yes,131,90,120,180,11,yes" in "".join(lines)
    assert ",'=1+1,HV02,HV03,failed," in "".join(lines)


def test_a_hundred_moves_take_as_many_queries_as_one(hosts: list[Host], signed_in: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as context:
            assert "HV01 to HV02" in text_of(signed_in)
        return len(context)

    past_job(hosts[0], hosts[1])
    queries()
    one = queries()
    for _ in range(100):
        past_job(hosts[0], hosts[1])

    assert queries() == one


def test_the_page_of_a_completed_move_shows_both_beside_each_other(hosts: list[Host], signed_in: Client) -> None:
    told = past_job(hosts[0], hosts[1], forecast=latest_forecast(timezone.now()))

    text = signed_in.get(reverse("job-page", args=[told.pk])).content.decode()

    assert "Forecast and measurement" in text
    assert "Outage, forecast just before the save" in text
    assert "Inside the range" in text
