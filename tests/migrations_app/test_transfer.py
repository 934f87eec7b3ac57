"""How files travel: begun in batches, one call a host, with the limit shared and what is lost begun again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from hosts.providers.errors import DigestMismatch, HostUnreachable, ProviderError, Refused
from hosts.providers.types import WorkState
from migrations_app.engine.transfer import STARTS_OF_A_WORK, FileMove, transfer
from tests.fakes.contexts import TAG, Waits, context
from tests.fakes.moves import Move
from tests.fakes.world import FakeHost


def files(move: Move, count: int) -> list[FileMove]:
    """Files of 90 bytes on the source: a copy in the world takes three polls."""
    paths = [f"D:\\VMs\\WEB01\\{number}.vhdx" for number in range(count)]
    move.source.files |= dict.fromkeys(paths, b"x" * 90)
    return [FileMove(path, path, 90) for path in paths]


def lose(host: FakeHost) -> None:
    """What runs on the host ends without a result."""
    for work in host.works[TAG].values():
        if work.state is WorkState.RUNNING:
            host.works[TAG][work.work_id] = replace(work, state=WorkState.LOST)


def test_five_files_are_begun_by_one_call_to_each_host(move: Move) -> None:
    waits = Waits()

    proofs = transfer(context(move, waits), files(move, 5))

    assert [proof.source_path[-6:] for proof in proofs] == [f"{number}.vhdx" for number in range(5)]
    assert [(proof.size_bytes, proof.sent_bytes) for proof in proofs] == [(90, 90)] * 5
    assert (move.source.calls.count("start_works"), move.target.calls.count("start_works")) == (1, 1)
    assert (move.source.calls.count("works"), move.target.calls.count("works")) == (0, 3)
    assert (waits.count, waits.reported) == (3, (450, 450))


def test_both_hosts_are_told_at_the_same_time(move: Move) -> None:
    meeting = threading.Barrier(2, timeout=10)

    def meet() -> None:
        meeting.wait()

    move.source.on_call["start_works"] = move.target.on_call["start_works"] = meet

    assert len(transfer(context(move, Waits()), files(move, 1))) == 1


def test_a_file_that_is_named_twice_travels_once(move: Move) -> None:
    (file,) = files(move, 1)

    proofs = transfer(context(move, Waits()), [file, file])

    assert len(proofs) == 2
    assert len(move.target.orders) == 1


def test_the_limit_is_ordered_with_the_copies_and_again_only_when_it_changes(move: Move) -> None:
    waits = Waits(lambda: setattr(waits, "limit", 50))
    waits.limit = 800

    transfer(context(move, waits), files(move, 2))

    assert move.target.limits == [800, 50]
    assert move.source.limits == [0]


def test_a_limit_that_a_silent_host_did_not_hear_is_ordered_again(move: Move) -> None:
    def slow_down() -> None:
        waits.limit = 50
        move.target.fail("start_works")

    waits = Waits(slow_down, is_once=True)

    transfer(context(move, waits), files(move, 1))

    assert move.target.limits == [0, 50]


def test_lost_copies_are_begun_again_by_one_call_to_the_target_alone(move: Move) -> None:
    waits = Waits(lambda: lose(move.target), is_once=True)

    transfer(context(move, waits), files(move, 3))

    assert (move.source.calls.count("start_works"), move.target.calls.count("start_works")) == (1, 2)


def test_a_record_that_is_gone_counts_as_lost(move: Move) -> None:
    waits = Waits(move.target.works[TAG].clear, is_once=True)

    transfer(context(move, waits), files(move, 1))

    assert move.target.calls.count("start_works") == 2


def test_a_copy_that_is_lost_again_and_again_is_given_up(move: Move) -> None:
    with pytest.raises(ProviderError, match="ended again and again"):
        transfer(context(move, Waits(lambda: lose(move.target))), files(move, 2))

    assert move.target.calls.count("start_works") == STARTS_OF_A_WORK


def test_a_host_that_is_silent_for_a_moment_is_waited_for(move: Move) -> None:
    move.target.fail("works", HostUnreachable("HV02", "Nothing answers."), times=3)

    assert len(transfer(context(move, Waits()), files(move, 2))) == 2


def test_a_restart_that_a_silent_host_did_not_hear_is_tried_again_and_not_counted(move: Move) -> None:
    def hit() -> None:
        lose(move.target)
        move.target.fail("start_works", times=STARTS_OF_A_WORK + 1)

    assert len(transfer(context(move, Waits(hit, is_once=True)), files(move, 1))) == 1


def failing(host: FakeHost, kind: str) -> Callable[[], None]:
    """Whatever runs on the host at a wait fails like this."""

    def fail() -> None:
        for work in host.works[TAG].values():
            if work.state is WorkState.RUNNING:
                failed = replace(work, state=WorkState.FAILED, error_kind=kind, error="The cable is out.")
                host.works[TAG][work.work_id] = failed

    return fail


def test_a_failed_copy_is_the_refusal_of_its_host(move: Move) -> None:
    with pytest.raises(Refused, match="HV02: The cable is out"):
        transfer(context(move, Waits(failing(move.target, "Refused"))), files(move, 2))


def test_a_copy_that_its_source_did_not_answer_goes_on(move: Move) -> None:
    waits = Waits(failing(move.target, "HostUnreachable"), is_once=True)

    assert len(transfer(context(move, waits), files(move, 2))) == 2
    assert (move.source.calls.count("start_works"), move.target.calls.count("start_works")) == (1, 2)


def test_a_source_that_stays_silent_to_its_target_is_given_up(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("migrations_app.engine.transfer.PATIENCE_S", 0.2)

    with pytest.raises(HostUnreachable, match="HV02: The cable is out"):
        transfer(context(move, Waits(failing(move.target, "HostUnreachable"))), files(move, 1))

    assert move.target.calls.count("start_works") > STARTS_OF_A_WORK


def test_bytes_that_arrive_changed_are_a_mismatch(move: Move) -> None:
    move.target.corrupts = True

    with pytest.raises(DigestMismatch):
        transfer(context(move, Waits()), files(move, 1))
