"""A job keeps how its target was rated and from what, and today's code comes to the same stars."""

from __future__ import annotations

import json

import pytest
from django.utils import timezone
from hypothesis import given

from hosts.placement import Rated
from hosts.rating_record import RecordUnreadable, rating_record, recompute
from hosts.rating_types import HostSituation, Options, VmNeed
from hosts.ratings import factors_of, rate
from tests.hosts.needs import need, situation
from tests.hosts.test_ratings import hosts, options, vms


def rated(vm: VmNeed, host: HostSituation, wanted: Options) -> Rated:
    source = factors_of(vm, host, wanted, sign=-1)
    return Rated(rate(vm, host, wanted), vm, host, source)


@given(vms, hosts, options)
def test_a_record_gives_the_same_rating_again(vm: VmNeed, host: HostSituation, wanted: Options) -> None:
    told = rated(vm, host, wanted)

    assert recompute(json.loads(json.dumps(rating_record(told, wanted)))) == told.rating


def test_a_record_can_be_read_without_code() -> None:
    record = rating_record(rated(need(), situation(), Options()), Options())

    assert record["rating"]["stars"] == 2.5
    assert record["rating"]["factors"][0] | {"stars": 0} == {
        "name": "CPU", "unit": "%", "now": 35.0, "after": 45.0, "capacity": 90, "weight": 5, "share": 0.5, "stars": 0
    }  # fmt: skip
    assert [factor["after"] for factor in record["source"]] == [25.0, 2000, 5000.0, 45.0]
    assert record["at"] <= timezone.now().isoformat()


def test_a_record_of_another_format_is_not_computed() -> None:
    record = rating_record(rated(need(), situation(), Options()), Options())

    with pytest.raises(RecordUnreadable, match="format 99"):
        recompute(record | {"format": 99})


def test_facts_that_this_code_does_not_know_are_left_aside() -> None:
    record = rating_record(rated(need(), situation(), Options()), Options())

    assert recompute(record | {"host": record["host"] | {"colour": "red"}}).stars == 2.5
