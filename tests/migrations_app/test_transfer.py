"""How files travel: begun in batches, one call a host, with the limit shared and what is lost begun again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hosts.providers.errors import DigestMismatch, HostUnreachable, ProviderError, Refused
from hosts.providers.types import CopyOrder, WorkState
from migrations_app.engine.transfer import PARALLEL_FILES, STARTS_OF_A_FILE, FileMove, transfer
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
    assert (move.source.calls.count("start_works"), move.target.calls.count("start_works")) == (1, 1)
    assert (move.source.calls.count("works"), move.target.calls.count("works")) == (1, 3)
    assert (waits.count, waits.reported) == (2, (450, 450))


def test_files_beyond_the_limit_follow_as_soon_as_places_are_free(move: Move) -> None:
    waits = Waits()

    transfer(context(move, waits), files(move, PARALLEL_FILES + 3))

    assert (move.source.calls.count("start_works"), move.target.calls.count("start_works")) == (2, 2)
    assert waits.count == 4


def test_a_file_that_is_named_twice_travels_once(move: Move) -> None:
    (file,) = files(move, 1)

    proofs = transfer(context(move, Waits()), [file, file])

    assert len(proofs) == 2
    assert len(move.target.orders) == 1


@pytest.mark.parametrize(("limit", "count", "share"), [(800, 2, 400), (800, 20, 100), (3, 8, 1), (0, 5, 0)])
def test_the_limit_is_shared_by_the_files_that_may_run_at_once(move: Move, limit: int, count: int, share: int) -> None:
    transfer(context(move, Waits(), limit), files(move, count))

    orders = [order for order in move.target.orders.values() if isinstance(order, CopyOrder)]
    assert [order.limit_bytes_per_s for order in orders] == [share] * count


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

    assert move.target.calls.count("start_works") == STARTS_OF_A_FILE


def test_a_host_that_is_silent_for_a_moment_is_waited_for(move: Move) -> None:
    move.target.fail("works", HostUnreachable("HV02", "Nothing answers."), times=3)

    assert len(transfer(context(move, Waits()), files(move, 2))) == 2


def test_a_restart_that_a_silent_host_did_not_hear_is_tried_again_and_not_counted(move: Move) -> None:
    def hit() -> None:
        lose(move.target)
        move.target.fail("start_works", times=STARTS_OF_A_FILE + 1)

    assert len(transfer(context(move, Waits(hit, is_once=True)), files(move, 1))) == 1


def test_a_failed_copy_is_the_refusal_of_its_host(move: Move) -> None:
    def fail() -> None:
        for work_id, work in move.target.works[TAG].items():
            failed = replace(work, state=WorkState.FAILED, error_kind="Refused", error="The cable is out.")
            move.target.works[TAG][work_id] = failed

    with pytest.raises(Refused, match="HV02: The cable is out"):
        transfer(context(move, Waits(fail)), files(move, 2))


def test_bytes_that_arrive_changed_are_a_mismatch(move: Move) -> None:
    move.target.corrupts = True

    with pytest.raises(DigestMismatch):
        transfer(context(move, Waits()), files(move, 1))
