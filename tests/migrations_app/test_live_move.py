"""A live move: one step of the hypervisors' own, and what a job leaves behind whatever fails."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hosts.models import VirtualMachine
from hosts.move_defaults import move_defaults
from hosts.providers import PROVIDERS
from hosts.providers.errors import Incompatible
from hosts.providers.types import VmState
from migrations_app.checks import check_choices
from migrations_app.engine.step import Level
from migrations_app.jobs import cancel_job
from migrations_app.models import MigrationJob
from migrations_app.plans import Choices, fingerprint, match_networks
from migrations_app.presets import with_defaults
from migrations_app.transfer_types import TransferType, emulation_risk, preference, transfer_of
from migrations_app.words import describe
from tests.fakes.moves import Move
from tests.fakes.streaming import switch_over
from tests.fakes.world import WORLD

Status = MigrationJob.Status
LIVE = "tests.fakes.streaming.LiveFakeProvider"


@pytest.fixture
def live(move: Move) -> Move:
    """The same hosts, which move live now."""
    PROVIDERS["fake"] = LIVE
    return move


def test_a_running_vm_goes_live_where_both_hosts_can(live: Move) -> None:
    job = live.run(live.order())

    assert job.status == Status.DONE, job.failure_text
    assert (job.outage, describe(job).text) == (None, "WEB01 was moved live and runs on HV02.")
    assert job.vm_now == "WEB01 runs on HV02."
    assert "checkpoint" not in live.source.calls
    assert live.running_on() == ["HV02"]
    assert live.source.vms == {}
    assert live.source.files.keys() <= {live.before.config_path}
    assert live.source.traces(job.tag) + live.target.traces(job.tag) == []


def test_how_long_it_was_paused_is_said_beside_the_step(live: Move) -> None:
    job = live.run(live.order())

    assert job.steps.get(key="live-move").note == "The hypervisor paused it for 0.1 s to switch over."


def test_quick_migration_can_be_asked_for(live: Move) -> None:
    plan = live.plan(wants_quick=True)

    assert (plan.is_live, plan.streams_state) == (False, True)
    assert live.plan().is_live


def test_the_reason_why_not_live_names_the_host_or_the_vm(move: Move) -> None:
    vm = move.order().vm
    assert vm is not None
    assert "HV01 is in no failover cluster" in transfer_of(vm, move.rows[1]).why
    PROVIDERS["fake"] = LIVE

    assert transfer_of(vm, move.rows[1]).type is TransferType.LIVE
    vm.state = VmState.OFF
    assert transfer_of(vm, move.rows[1]).why == "WEB01 does not run."


@pytest.mark.parametrize("verb", ["start_live_move", "live_move"])
def test_a_failure_on_the_way_leaves_the_vm_running_on_its_source(live: Move, verb: str) -> None:
    job = live.order()
    live.source.fail(verb, Incompatible("HV02", "Its processor lacks something."))

    live.run(job)

    assert job.status == Status.FAILED
    live.assert_untouched(job)


def test_a_cancel_on_the_way_leaves_nothing(live: Move) -> None:
    job = live.order()
    live.source.live_speed = 0
    live.source.on_call["live_move"] = lambda: cancel_job(job, None)

    live.run(job)

    assert job.status == Status.CANCELLED
    live.assert_untouched(job)


def test_a_move_that_was_lost_with_its_worker_is_begun_again(live: Move) -> None:
    job = live.order()
    live.source.on_call["live_move"] = live.source.live_moves.clear

    live.run(job)

    assert job.status == Status.DONE, job.failure_text
    assert live.source.calls.count("start_live_move") == 2


def test_a_switch_over_whose_answer_was_lost_is_looked_up_and_the_move_goes_on(live: Move) -> None:
    job = live.order()
    live.source.fail("live_move", when="before")
    live.source.on_call["live_move"] = lambda: _switch_over(live)

    live.run(job)

    assert job.status == Status.DONE, job.failure_text
    assert live.running_on() == ["HV02"]


def _switch_over(move: Move, and_cancel: MigrationJob | None = None) -> None:
    """What the hypervisors do by themselves while nobody looks, or while somebody cancels."""
    if and_cancel is not None:
        cancel_job(and_cancel, None)
    order, target, _ = move.source.live_moves.pop(move.before.uid)
    switch_over(move.source, WORLD[target], order)


def test_a_cancel_that_comes_after_the_switch_over_goes_forward(live: Move) -> None:
    job = live.order()
    live.source.on_call["live_move"] = lambda: _switch_over(live, and_cancel=job)

    live.run(job)

    assert job.status == Status.DONE, job.failure_text
    assert live.running_on() == ["HV02"]


def test_an_emulated_vm_goes_quick_unless_somebody_chooses_live_and_is_warned(live: Move) -> None:
    vm = VirtualMachine.objects.get()
    vm.is_emulated = True
    choices = Choices(vm, live.rows[1], "D:\\VMs", match_networks(vm, live.rows[1]), fingerprint(vm))

    assert preference(vm, move_defaults()) == (True, emulation_risk(vm))
    assert with_defaults(replace(choices, vm=vm)).wants_quick
    warned = [each.text for each in check_choices(replace(choices, vm=vm)) if each.level is Level.WARNING]
    assert emulation_risk(vm) in warned
    quick = check_choices(replace(choices, vm=vm, wants_quick=True))
    assert emulation_risk(vm) not in [each.text for each in quick]
