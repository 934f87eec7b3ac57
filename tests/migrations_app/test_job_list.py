"""The list of jobs answers what its address asks for, in words, and with as many queries for many rows as for one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from hosts.models import VirtualMachine
from migrations_app.engine.steps.hold import Hold
from migrations_app.models import JobStep, MigrationJob
from tests.migrations_app.past_jobs import host, latest_forecast, past_job

pytestmark = pytest.mark.django_db


def job(vm: str = "WEB01", source: str = "HV01", target: str = "HV02", **fields: Any) -> MigrationJob:
    return past_job(host(source), host(target), vm_name=vm, vm_uid=f"id-{vm}-{source}-{target}", **fields)


def text_of(client: Client, **query: str) -> str:
    return client.get(reverse("job-list"), query).content.decode()


def found(client: Client, **query: str) -> set[int]:
    page = client.get(reverse("job-list"), query).context["page"]
    return {each.pk for each in page}


def test_jobs_are_narrowed_by_virtual_machine_and_by_either_host(signed_in: Client) -> None:
    there, back, other = job(), job(source="HV02", target="HV01"), job(vm="SQL01", target="HV03")

    assert found(signed_in, vm="web01") == {there.pk, back.pk}
    assert found(signed_in, host="HV02") == {there.pk, back.pk}
    assert found(signed_in, vm="SQL01", host="hv01") == {other.pk}


def test_a_whole_name_finds_only_that_and_a_part_of_names_all_of_them(signed_in: Client) -> None:
    short, long = job(vm="WEB1"), job(vm="WEB12")

    assert found(signed_in, vm="WEB1") == {short.pk}
    assert found(signed_in, vm="WEB") == {short.pk, long.pk}


def test_the_history_of_a_renamed_vm_has_the_jobs_under_its_old_name(signed_in: Client) -> None:
    old = job(vm="OLD01")
    vm = VirtualMachine.objects.create(host=host("HV02"), uid="x", name="NEW01", state="off", folder="D:\\")
    MigrationJob.objects.filter(pk=old.pk).update(vm=vm)

    assert found(signed_in, vm="NEW01") == {old.pk}


def test_days_are_those_of_the_zone_in_the_address(signed_in: Client) -> None:
    late = job(started_at=datetime(2026, 3, 9, 23, 30, tzinfo=UTC))

    assert found(signed_in, **{"from": "2026-03-09", "to": "2026-03-09"}) == {late.pk}
    assert found(signed_in, **{"from": "2026-03-10", "zone": "Europe/Berlin"}) == {late.pk}
    assert found(signed_in, to="2026-03-09", zone="Europe/Berlin") == set()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"from": "yesterday"}, "“yesterday” is not a day, so it narrows nothing. Write a day like 2026-01-31."),
        ({"to": "0001-01-01"}, "“0001-01-01” is not a day"),
        ({"from": "2026-02-02", "to": "2026-02-01"}, "The last day, 2026-02-01, is before the first, 2026-02-02"),
        ({"from": "2026-02-02", "zone": "../etc"}, "“../etc” is not a time zone: the days are the server&#x27;s."),
    ],
)
def test_nonsense_in_the_address_gets_a_sentence(signed_in: Client, query: dict[str, str], sentence: str) -> None:
    job()

    assert sentence in text_of(signed_in, **query)


def test_an_empty_list_says_what_was_looked_for_and_offers_to_clear_it(signed_in: Client) -> None:
    job()

    text = text_of(signed_in, show="failed", host="HV09", **{"from": "2026-01-01"})

    assert "Looked for: Failed, host HV09, started from 2026-01-01." in text
    assert f'<a class="btn" href="{reverse("job-list")}">Clear the filters</a>' in text


def test_the_tabs_keep_the_filters_and_the_filters_keep_the_tab(signed_in: Client) -> None:
    text = text_of(signed_in, show="failed", vm="WEB01")

    assert "?show=running&amp;vm=WEB01" in text
    assert '<input type="hidden" name="show" value="failed">' in text


def test_a_row_says_in_words_what_happens(signed_in: Client) -> None:
    running: dict[str, Any] = {"status": "running", "outage_began_at": None, "outage_ended_at": None, "ended_at": None}
    job(**running, forecast=latest_forecast(timezone.now()))
    job(vm="SQL01", status="failed", vm_now="SQL01 is running on HV01.", failure_text="HV02: the volume D: is full.")

    text = text_of(signed_in)

    assert "WEB01 is being moved from HV01 to HV02. It keeps running. Expect a pause of 12 to 21 s at about" in text
    assert "The move of SQL01 failed. SQL01 is running on HV01." in text
    assert "HV02: the volume D: is full." in text


def test_many_rows_take_as_many_queries_as_one(signed_in: Client) -> None:
    def hold(name: str) -> None:
        held = job(vm=name, status="running", holds=True, outage_began_at=None, ended_at=None)
        JobStep.objects.create(job=held, position=9, key=Hold.key, status="running", note=f"{name} is held.")

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert "is held." in text_of(signed_in)
        return len(asked)

    hold("WEB00")
    queries()
    few = queries()
    for number in range(1, 6):
        hold(f"WEB0{number}")

    assert queries() == few


def test_the_pages_of_a_vm_and_of_a_host_lead_to_their_jobs(signed_in: Client) -> None:
    place = host("HV02")
    vm = VirtualMachine.objects.create(host=place, uid="x", name="WEB 01", state="off", folder="D:\\")

    assert 'href="/jobs/?vm=WEB%2001"' in signed_in.get(reverse("vm-page", args=[vm.pk])).content.decode()
    assert 'href="/jobs/?vm=WEB%2001"' in signed_in.get(reverse("vm-list"), {"selected": vm.pk}).content.decode()
    assert 'href="/jobs/?host=HV02"' in signed_in.get(reverse("host-page", args=[place.pk])).content.decode()


def test_a_job_that_has_not_started_has_no_day(signed_in: Client) -> None:
    job(status="queued", started_at=None)

    assert found(signed_in, to=str(timezone.now().date() + timedelta(days=1))) == set()
