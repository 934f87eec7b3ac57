"""The fence of a job on a host: one call at a time, and none after a later one."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from hosts.providers.claims import Claim
from hosts.providers.errors import AccessDenied, HostUnreachable, Overtaken, Refused, WrongState
from hosts.providers.libvirt.host_calls import HostCalls
from tests.providers.libvirt.sides import JOB, Sides


def claimed(calls: HostCalls, fence: int, job: str = JOB) -> HostCalls:
    calls.claim(Claim(job, fence))
    return calls


@pytest.fixture
def other(both_ways: Sides) -> Iterator[HostCalls]:
    """Another worker's calls to the source."""
    calls = HostCalls(both_ways.open_channel(str(both_ways.folder / "source-root")))
    yield calls
    calls.close()


def note(calls: HostCalls, path: Path) -> None:
    calls.write_file(str(path), "a change")


def test_a_call_waits_until_the_fence_is_left(both_ways: Sides, other: HostCalls) -> None:
    path = both_ways.folder / "note"

    with both_ways.source.fence(60), both_ways.source.fence(60):
        note(both_ways.source, path)
        path.unlink()
    note(claimed(other, 2), path)

    assert path.read_text() == "a change"


def test_a_call_that_finds_the_fence_held_is_refused_after_its_wait(both_ways: Sides) -> None:
    other = both_ways.open_channel(str(both_ways.folder / "source-root"))
    claim = {"job": JOB, "call": 2 * 10**9, "wait_s": 1}
    began = time.monotonic()

    with both_ways.source.fence(60), pytest.raises(WrongState, match="still under way"):
        other.enter_fence(claim, deadline_s=60)
    waited_s = time.monotonic() - began

    assert waited_s >= 1
    other.enter_fence(claim, deadline_s=60)
    other.close()


def test_a_fence_is_free_when_its_channel_has_died(both_ways: Sides, other: HostCalls) -> None:
    with ExitStack() as fence:
        fence.enter_context(both_ways.source.fence(60))
        both_ways.source.close()

        note(claimed(other, 2), both_ways.folder / "note")

    assert (both_ways.folder / "note").exists()


def test_a_fence_that_died_is_not_gone_on_with(sides: Sides) -> None:
    with sides.source.fence(60):
        sides.source._channel._drop()
        with pytest.raises(HostUnreachable, match="ended during a change"):
            note(sides.source, sides.folder / "note")

    note(sides.source, sides.folder / "note")


def test_an_overtaken_worker_changes_nothing(both_ways: Sides, other: HostCalls) -> None:
    note(claimed(other, 9), both_ways.folder / "first")

    with pytest.raises(Overtaken):
        note(both_ways.source, both_ways.folder / "late")
    with pytest.raises(Overtaken), both_ways.source.fence(9):
        (both_ways.folder / "late").touch()

    assert not (both_ways.folder / "late").exists()


def test_another_job_has_another_fence(sides: Sides) -> None:
    other = claimed(HostCalls(sides.open_channel(str(sides.folder / "source-root"))), 1, job="71-1798761600")

    with sides.source.fence(60), other.fence(60):
        other.close()


def test_nothing_is_changed_without_a_claim_or_for_a_job_that_is_no_name(sides: Sides) -> None:
    calls = HostCalls(sides.open_channel(str(sides.folder / "source-root")))

    for claim in (None, "../71-1"):
        if claim is not None:
            claimed(calls, 1, job=claim)
        with pytest.raises(Refused):
            note(calls, sides.folder / "note")

    calls.close()
    assert not (sides.folder / "note").exists()


def test_fences_of_a_month_ago_are_removed_but_for_one_that_is_held(sides: Sides) -> None:
    folder = sides.folder / "source-root" / "fences"
    note(sides.source, sides.folder / "a")
    for name in ("1-1", "2-2"):
        (folder / name).touch()
        os.utime(folder / name, (0, 0))
    other = claimed(HostCalls(sides.open_channel(str(sides.folder / "source-root"))), 1, job="2-2")

    with other.fence(60):
        os.utime(folder / "2-2", (0, 0))
        note(claimed(sides.source, 1, job="3-3"), sides.folder / "b")

    other.close()
    assert sorted(path.name for path in folder.iterdir()) == ["2-2", "3-3", JOB]


def test_a_root_that_belongs_to_somebody_else_is_refused(sides: Sides) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root gives folders away")
    root = sides.folder / "source-root"
    root.mkdir()
    os.chown(root, 12345, 12345)

    with pytest.raises(AccessDenied, match="belongs to the user 12345"):
        note(sides.source, sides.folder / "note")
