"""Safety: what cannot be done now is tried again, said once for each reason, and leaves nothing behind."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.fernet import Fernet
from pytest_django.fixtures import Settings

from hosts.providers.errors import HostUnreachable, NotEnoughMemory, Refused
from hosts.providers.types import VmState
from migrations_app.models import HostSlot, MigrationJob
from tests.fakes.moves import Move

Status = MigrationJob.Status
Direction = MigrationJob.Direction


def test_a_registration_that_completes_after_its_undo_is_cleared(move: Move) -> None:
    job = move.order()
    move.target.fail("register")
    move.target.on_call["clear_traces"] = lambda: _register_late(move)

    move.run(job)
    assert (job.status, job.direction) == (Status.RUNNING, Direction.UNDO)
    assert move.running_on() == ["HV01"]
    move.go_on(job)

    assert (job.status, job.failure_text) == (Status.FAILED, "HV02: The connection dropped.")
    move.assert_untouched(job)


def test_a_host_whose_password_cannot_be_opened_is_waited_for_with_a_sentence(move: Move, settings: Settings) -> None:
    job, keys = move.order(), settings.CREDENTIAL_KEYS
    settings.CREDENTIAL_KEYS = [Fernet.generate_key().decode()]

    move.run(job)
    move.go_on(job)
    assert (job.status, job.direction) == (Status.RUNNING, Direction.FORWARD)
    assert job.phase == "Waiting for HV01: No key in the keys file opens this credential."
    assert len([text for text in move.said(job) if "opens this credential" in text]) == 1
    settings.CREDENTIAL_KEYS = keys
    move.go_on(job)

    assert job.status == Status.DONE, job.failure_text
    move.assert_moved(job)


def test_every_other_reason_why_undoing_waits_is_said(move: Move) -> None:
    job = move.order()
    move.target.fail("start", Refused("HV02", "It is refused."))
    move.source.fail("start", HostUnreachable("HV01", "Nothing answers."))
    move.source.fail("start", NotEnoughMemory("HV01", "HV01 has not enough memory."), times=2)

    move.run(job)
    assert job.phase == "Undoing waits for HV01: Nothing answers."
    move.go_on(job, attempts=1)
    assert job.phase == "Undoing waits for HV01: HV01 has not enough memory."
    move.go_on(job)

    said = [text for text in move.said(job) if text.startswith("Undoing waits")]
    assert said == ["Undoing waits: HV01: Nothing answers.", "Undoing waits: HV01: HV01 has not enough memory."]
    assert (job.status, job.failure_text) == (Status.FAILED, "HV02: It is refused.")
    move.assert_untouched(job)


def test_undoing_that_waits_for_long_does_not_flood_the_log(move: Move) -> None:
    job = move.order()
    move.target.fail("register", Refused("HV02", "It is refused."))
    move.target.fail("clear_traces", times=20)

    move.run(job)
    lines = len(move.said(job))
    move.go_on(job, attempts=7)

    assert (job.status, job.direction, job.undo_attempts) == (Status.RUNNING, Direction.UNDO, 8)
    assert len(move.said(job)) == lines
    assert move.running_on() == ["HV01"]
    assert HostSlot.objects.count() == 2


@pytest.mark.parametrize("verb", ["clear_traces", "remove_vm"])
def test_undoing_that_waited_ends_as_soon_as_the_host_answers(move: Move, verb: str) -> None:
    job = move.order()
    move.target.fail("register", Refused("HV02", "It is refused."))
    move.target.fail(verb, times=3)

    move.run(job)
    move.go_on(job, attempts=6)

    assert (job.status, job.failure_text) == (Status.FAILED, "HV02: It is refused.")
    assert not HostSlot.objects.exists()
    move.assert_untouched(job)


def test_undoing_that_waited_leaves_no_mark_on_a_vm_that_stands_still(move: Move) -> None:
    move = move.anew(VmState.OFF)
    job = move.order()
    move.source.fail("remove_vm", Refused("HV01", "It is refused."))
    move.target.fail("remove_vm")

    move.run(job)
    move.go_on(job)

    assert (job.status, job.failure_text) == (Status.FAILED, "HV01: It is refused.")
    move.assert_untouched(job)


def _register_late(move: Move) -> None:
    """The script that was given up goes on, and registers the VM when its undo has looked already."""
    vm = replace(move.source.vms[move.before.uid], state=VmState.SAVED)
    move.target.vms[vm.uid] = vm
