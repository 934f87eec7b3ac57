"""The calls of one job act one after the other on an emulated host, and none that comes too late."""

from __future__ import annotations

import threading

import pytest

from lab.hyperv.fences import FENCES, Fences
from lab.hyperv.refusal import Refused
from tests.lab.support import JOB, TAG, HostInside, ScriptFailed, claim_of

WAIT_S = 10.0


def test_a_call_waits_for_the_one_before_and_acts_then(host: HostInside) -> None:
    guarded, order = Fences(host.folder), list[str]()
    with guarded.entered("9-1", 1, WAIT_S):
        later = threading.Thread(target=_act, args=(guarded, 2, order))
        later.start()
        order.append("first")

    later.join()

    assert order == ["first", "second"]


def test_a_call_that_waits_for_too_long_is_refused_and_may_come_again(host: HostInside) -> None:
    guarded = Fences(host.folder)

    with (
        guarded.entered("9-1", 1, WAIT_S),
        pytest.raises(Refused, match="still under way"),
        guarded.entered("9-1", 2, 0.01),
    ):
        pass

    with guarded.entered("9-1", 2, WAIT_S):
        pass


def test_jobs_do_not_wait_for_each_other(host: HostInside) -> None:
    guarded = Fences(host.folder)

    with guarded.entered("9-1", 5, WAIT_S), guarded.entered("10-1", 1, WAIT_S), guarded.entered("9-2", 1, WAIT_S):
        pass


@pytest.mark.parametrize("content", ["", "\0" * 19, "12"])
def test_a_number_that_was_cut_off_counts_as_none(host: HostInside, content: str) -> None:
    path = host.folder.drives.real(f"{FENCES}\\9-1")
    path.parent.mkdir(parents=True)
    path.write_text(content)

    with Fences(host.folder).entered("9-1", 1, WAIT_S):
        assert path.read_text() == f"{1:019d}"


def test_a_call_that_failed_was_there_all_the_same(host: HostInside) -> None:
    with pytest.raises(ScriptFailed, match="does not bear the tag"):
        host.run("save-vm", VmId=host.uid("WEB01"), Tag=TAG, Claim=claim_of(10**9))

    with pytest.raises(ScriptFailed) as late:
        host.run("mark-vm", VmId=host.uid("WEB01"), Tag=TAG, Hold=False, Claim=claim_of(10**9))

    assert late.value.kind == "Overtaken"
    assert host.vm("WEB01")["notes"] == ""


def test_a_fence_is_no_trace_and_no_stray_file(host: HostInside) -> None:
    uid = host.mark("WEB01")
    host.run("unmark-vm", VmId=uid, Tag=TAG)

    assert host.folder.drives.real(f"{FENCES}\\{JOB}").exists()
    assert host.control.traces(TAG) == []
    assert host.control.stray_files() == []


def _act(guarded: Fences, call: int, order: list[str]) -> None:
    with guarded.entered("9-1", call, WAIT_S):
        order.append("second")
