"""docs/ratings.md tells the truth: its worked example is recomputed, its defaults are ours."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hosts.rating_types import Factor, Options, Reserves
from hosts.ratings import factors_of, rate
from hosts.rules import RULES
from tests.hosts.needs import need, situation

PAGE = Path(__file__).resolve().parents[2] / "docs" / "ratings.md"


def rows(section: str) -> list[list[float | str]]:
    """The cells of the table in a section, numbers without unit and thousands separator."""
    text = PAGE.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [[_value(cell) for cell in line] for line in lines[2:]]


def _value(cell: str) -> float | str:
    found = re.match(r"[\d,.]+", cell)
    return float(found.group().replace(",", "")) if found else cell


def _example() -> tuple[Factor, ...]:
    vm = need(busy_processors=0.8, memory_mb=4096, memory_demand_mb=0)
    host = situation(
        cpu_count=16,
        cpu_percent=25,
        memory_mb=32_768,
        memory_available_mb=20_480,
        disk_iops=1_000,
        network_percent=18,
    )
    rating = rate(vm, host)
    assert (rating.stars, rating.memory_after_mb) == (3.0, 16_384)
    return rating.factors


def test_the_worked_example_is_what_the_code_computes() -> None:
    for factor, row in zip(_example(), rows("Worked example"), strict=True):
        told = (factor.now, factor.after, factor.capacity, factor.weight, factor.share, factor.stars)
        assert row[0] == factor.name
        assert row[1:] == [pytest.approx(value, abs=0.0006) for value in told]


def test_the_worked_example_on_the_source_is_what_the_code_computes() -> None:
    vm = need(busy_processors=0.8, memory_mb=4096, memory_demand_mb=0)
    host = situation(
        cpu_count=8,
        cpu_percent=40,
        memory_mb=16_384,
        memory_available_mb=6_144,
        disk_iops=500,
        network_percent=9,
    )

    for factor, row in zip(factors_of(vm, host, Options(), sign=-1), rows("Worked example on the source"), strict=True):
        assert row == [factor.name, *(pytest.approx(value, abs=0.0006) for value in factor[2:])]


def test_the_rules_of_the_page_are_ours() -> None:
    text = PAGE.read_text()

    for rule, facts in RULES.items():
        locked = "yes" if facts.is_locked else "no"
        assert f"| `{rule.value}` | {facts.title} | {facts.default.words} | {locked} |" in text


def test_the_weights_of_the_page_are_the_defaults() -> None:
    by_default = Options()

    assert [row[2] for row in rows("Formula")] == [
        by_default.cpu_weight,
        by_default.memory_weight,
        by_default.disk_weight,
        by_default.network_weight,
    ]


def test_the_reserves_of_the_page_are_the_defaults() -> None:
    reserves = Reserves()
    sentence = " ".join(PAGE.read_text().split("Reserves of a host group")[1].split("\n\n")[0].split())

    assert f"CPU {reserves.cpu_percent} %, memory {reserves.memory_mb} MB, disk space {reserves.disk_mb} MB" in sentence
    assert f"network {reserves.network_percent} %, and {reserves.max_disk_iops:,} IOPS" in sentence
