"""No order of a person touches a VM that a job has, or had when it failed: by the rows, and by the host itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from hosts.inventory import refresh_host
from hosts.models import PowerOrder, VirtualMachine
from hosts.providers import PROVIDERS
from hosts.providers.errors import HostUnreachable, WrongState
from hosts.providers.types import VmState
from migrations_app.jobs import JobRefused, retry_job
from migrations_app.models import MigrationJob
from migrations_app.power import PowerRefused, order_power, why_not_power
from migrations_app.power_work import carry_out
from tests.fakes.moves import Move

Verb = PowerOrder.Verb
State = PowerOrder.State


@pytest.fixture
def powered(move: Move) -> Move:
    PROVIDERS["fake"] = "tests.fakes.powering.PoweredFakeProvider"
    return move


def web01() -> VirtualMachine:
    return VirtualMachine.objects.select_related("host").get(name="WEB01")


def order_past_the_rows(verb: Verb) -> PowerOrder:
    """An order that the rows let through: as if they knew of no job."""
    row = web01()
    MigrationJob.objects.update(status=MigrationJob.Status.CANCELLED)
    VirtualMachine.objects.update(activity="", notes="")
    order = PowerOrder.objects.create(vm=row, verb=verb)
    carry_out(order.pk)
    order.refresh_from_db()
    return order


@pytest.mark.parametrize("verb", list(Verb))
def test_a_vm_whose_job_has_not_begun_yet_is_left_to_it(powered: Move, verb: Verb) -> None:
    job = powered.order()

    with pytest.raises(PowerRefused, match=f"Job {job.pk} moves WEB01"):
        order_power(web01(), verb, None)

    MigrationJob.objects.update(start_at=timezone.now() + timedelta(days=1))
    VirtualMachine.objects.update(activity="")
    assert "Wait for its end, or cancel it" in why_not_power(web01(), verb)


def test_a_vm_in_its_outage_is_not_started_on_the_source_even_when_the_rows_forget_the_job(powered: Move) -> None:
    job = powered.order()
    told: list[PowerOrder] = []
    powered.target.on_call["register"] = lambda: told.append(order_past_the_rows(Verb.START))

    powered.run(job)

    assert (told[0].state, told[0].failure) == (State.FAILED, "WEB01 bears the tag of a move.")


def test_a_source_that_waits_for_its_removal_is_never_started(powered: Move) -> None:
    """It is off here because it runs on the target."""
    powered.source.fail("remove_vm", WrongState("HV01", "Something holds it."), times=50)
    powered.run(powered.order())
    assert powered.running_on() == ["HV02"]
    assert powered.source.vms[powered.before.uid].state is not VmState.RUNNING

    with pytest.raises(PowerRefused):
        order_power(web01(), Verb.START, None)
    MigrationJob.objects.update(status=MigrationJob.Status.FAILED, dismissed_at=timezone.now())
    VirtualMachine.objects.update(activity="", host=powered.rows[0])
    refresh_host(powered.rows[0])

    source = VirtualMachine.objects.select_related("host").get(host=powered.rows[0])
    assert "it may run on another host" in why_not_power(source, Verb.START)
    order = PowerOrder.objects.create(vm=source, verb=Verb.START)
    carry_out(order.pk)
    order.refresh_from_db()
    assert (order.state, powered.running_on()) == (State.FAILED, ["HV02"])


@pytest.mark.parametrize("verb", list(Verb))
def test_a_vm_whose_move_failed_waits_for_its_repair(powered: Move, verb: Verb) -> None:
    powered.target.fail("start", HostUnreachable("HV02", "The connection dropped."), when="after", times=50)
    powered.run(powered.order())
    MigrationJob.objects.update(status=MigrationJob.Status.FAILED)
    VirtualMachine.objects.update(activity=VirtualMachine.Activity.MIGRATION_FAILED, state=VmState.OFF)

    assert "Repair it first" in why_not_power(web01(), verb)
    assert order_past_the_rows(verb).state == State.FAILED


def test_a_failed_move_is_not_tried_again_while_an_order_is_under_way(powered: Move) -> None:
    powered.source.fail("checkpoint", WrongState("HV01", "No."), times=5)
    job = powered.run(powered.order())
    assert (job.status, web01().activity) == (MigrationJob.Status.FAILED, "")
    order_power(web01(), Verb.SAVE, None)

    with pytest.raises(JobRefused, match="WEB01 cannot be moved now: Save state is under way"):
        retry_job(job, None)


def test_a_job_and_an_order_at_the_same_moment_are_not_both_taken(powered: Move) -> None:
    """The order is written between the job's checks and its row."""
    plan = powered.plan()
    row = web01()
    PowerOrder.objects.create(vm=row, verb=Verb.SAVE)

    with pytest.raises(JobRefused, match="Save state is under way"):
        powered.order_plan(plan)
    assert not MigrationJob.objects.exists()


def test_of_an_order_and_a_job_that_race_one_is_refused(powered: Move) -> None:
    plan = powered.plan()
    row = web01()
    start = threading.Barrier(2)

    def together(give: Callable[[], object]) -> bool:
        start.wait()
        try:
            give()
        except (JobRefused, PowerRefused):
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        order = pool.submit(together, lambda: order_power(row, Verb.SAVE, None))
        job = pool.submit(together, lambda: powered.order_plan(plan))

    assert sorted([order.result(), job.result()]) == [False, True]
