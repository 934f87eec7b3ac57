"""Orders to start, shut down, save and turn off a VM: given by a person, carried out by a worker, told truthfully."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.fixtures import Settings

from hosts.audit import Deed
from hosts.models import AuditRecord, PowerOrder, VirtualMachine
from hosts.providers import PROVIDERS
from hosts.providers.errors import NotEnoughMemory
from hosts.providers.types import VmState
from migrations_app.jobs import JobRefused
from migrations_app.power import PowerRefused, order_power
from migrations_app.power_work import carry_out, due_orders, follow_shut_downs, settle
from tests.fakes.moves import Move
from tests.fakes.vms import running_vm
from tests.lab_moves import wait_until

Verb = PowerOrder.Verb
State = PowerOrder.State
LONG_AGO = timedelta(hours=1)


@pytest.fixture
def powered(move: Move) -> Move:
    """WEB01 runs on HV01, and a person may start and end it."""
    PROVIDERS["fake"] = "tests.fakes.powering.PoweredFakeProvider"
    return move


def web01() -> VirtualMachine:
    return VirtualMachine.objects.select_related("host").get(name="WEB01")


def ordered(verb: Verb, user: User | None = None) -> PowerOrder:
    return order_power(web01(), verb, user)


def done(verb: Verb, user: User | None = None) -> PowerOrder:
    order = ordered(verb, user)
    carry_out(order.pk)
    return PowerOrder.objects.get(pk=order.pk)


def aged(order: PowerOrder, **fields: object) -> PowerOrder:
    PowerOrder.objects.filter(pk=order.pk).update(**fields)
    return PowerOrder.objects.get(pk=order.pk)


@pytest.mark.parametrize(
    ("verb", "meanwhile", "afterwards"),
    [
        (Verb.SHUT_DOWN, "Shutting Down…", "Stopped"),
        (Verb.SAVE, "Saving…", "Saved State"),
        (Verb.TURN_OFF, "Turning Off…", "Stopped"),
    ],
)
def test_an_order_shows_at_once_and_ends_with_the_new_state(
    powered: Move, verb: Verb, meanwhile: str, afterwards: str
) -> None:
    order = ordered(verb)
    assert web01().status == meanwhile

    carry_out(order.pk)
    carry_out(order.pk)

    order.refresh_from_db()
    assert (order.state, web01().status) == (State.DONE, afterwards)
    assert done(Verb.START).state == State.DONE
    assert web01().status == "Running"


def test_an_order_and_its_end_are_in_the_audit_log(powered: Move, admin: User) -> None:
    done(Verb.SHUT_DOWN, admin)

    end, begin = AuditRecord.objects.all()
    assert {(row.deed, row.who, row.about) for row in (begin, end)} == {(Deed.VM_SHUT_DOWN, "admin", "WEB01 on HV01")}
    assert (begin.before, begin.after) == ({"status": "Running"}, {"status": "Shutting Down…"})
    assert end.after == {"status": "Stopped"}


def test_an_order_given_twice_is_one_and_another_one_has_to_wait(powered: Move) -> None:
    first = ordered(Verb.SAVE)

    assert ordered(Verb.SAVE) == first
    with pytest.raises(PowerRefused, match="WEB01 has an order already: Saving…"):
        ordered(Verb.TURN_OFF)
    carry_out(first.pk)

    assert powered.source.calls.count("save_vm") == 1
    assert PowerOrder.objects.count() == 1


def test_what_the_host_refuses_is_told_in_its_words(powered: Move) -> None:
    done(Verb.TURN_OFF)
    powered.source.fail("start_vm", NotEnoughMemory("HV01", "HV01 has 64 MB of memory left."))

    order = done(Verb.START)

    assert (order.state, order.failure) == (State.FAILED, "HV01 has 64 MB of memory left.")
    assert order.action == NotEnoughMemory.recommended
    assert web01().status == "Stopped"


def test_a_lost_answer_is_looked_up_on_the_host(powered: Move) -> None:
    powered.source.fail("turn_off", when="after")
    assert done(Verb.TURN_OFF).state == State.DONE

    powered.source.fail("start_vm", when="before")
    order = done(Verb.START)

    assert order.state == State.UNKNOWN
    assert order.failure.endswith("Whether WEB01 was started is not known. HV01 was asked again: WEB01 is Stopped.")


def test_a_host_that_dies_leaves_the_end_unknown(powered: Move) -> None:
    powered.source.dies_after("save_vm")

    order = done(Verb.SAVE)

    assert order.state == State.UNKNOWN
    assert "HV01 could not be asked again." in order.failure
    assert web01().activity == ""


def test_an_order_whose_worker_was_killed_ends_as_the_host_says(powered: Move) -> None:
    killed = aged(ordered(Verb.SAVE), state=State.RUNNING, began_at=timezone.now(), lease_until=timezone.now())
    assert due_orders(timezone.now()) == ([], [], [killed.pk])

    settle(killed.pk)

    killed.refresh_from_db()
    assert killed.state == State.UNKNOWN
    assert "has not said how it ended" in killed.failure
    assert "HV01 was asked again: WEB01 is Running." in killed.failure
    assert web01().status == "Running"


def test_an_order_whose_worker_was_killed_after_the_host_had_done_it_is_done(powered: Move) -> None:
    soon = timezone.now() + LONG_AGO
    order = aged(ordered(Verb.TURN_OFF), state=State.RUNNING, began_at=timezone.now(), lease_until=soon)
    assert due_orders(timezone.now()) == ([], [], [])
    powered.source.change(powered.before.uid, state=VmState.OFF)
    settle(order.pk)

    order.refresh_from_db()
    assert (order.state, web01().status) == (State.DONE, "Stopped")


def test_an_order_that_no_worker_takes_up_does_nothing_later(powered: Move) -> None:
    order = aged(ordered(Verb.TURN_OFF), asked_at=timezone.now() - LONG_AGO)

    settle(order.pk)
    carry_out(order.pk)

    order.refresh_from_db()
    assert (order.state, "No worker took the order up" in order.failure) == (State.FAILED, True)
    assert powered.source.vms[powered.before.uid].state is VmState.RUNNING


def test_a_guest_that_does_not_hear_is_looked_at_until_its_time_is_over(powered: Move) -> None:
    powered.source.files["deaf"] = b""
    order = done(Verb.SHUT_DOWN)
    follow_shut_downs(web01().host_id)
    assert web01().status == "Shutting Down…"
    assert due_orders(timezone.now()) == ([], [web01().host_id], [])

    aged(order, told_at=timezone.now() - LONG_AGO)
    follow_shut_downs(web01().host_id)

    order.refresh_from_db()
    assert (order.state, web01().status) == (State.FAILED, "Running")
    assert order.failure.startswith("WEB01 did not shut down within 5 minutes")


def test_a_guest_that_takes_its_time_ends_stopped(powered: Move) -> None:
    powered.source.files["deaf"] = b""
    order = done(Verb.SHUT_DOWN)
    powered.source.change(powered.before.uid, state=VmState.OFF)

    follow_shut_downs(web01().host_id)

    order.refresh_from_db()
    assert (order.state, web01().status) == (State.DONE, "Stopped")


def test_an_order_that_comes_after_a_later_one_does_nothing(powered: Move) -> None:
    powered.source.late("turn_off")
    assert done(Verb.TURN_OFF).state == State.UNKNOWN
    done(Verb.SAVE)
    done(Verb.START)

    assert powered.source.let_late_calls_act() == ["Overtaken"]
    assert powered.running_on() == ["HV01"]


def test_a_vm_with_an_order_under_way_is_not_moved(powered: Move) -> None:
    plan = powered.plan()
    ordered(Verb.SAVE)

    with pytest.raises(JobRefused, match="WEB01 has an order under way: Saving…"):
        powered.order_plan(plan)


@pytest.mark.parametrize("verb", [Verb.START, Verb.SHUT_DOWN, Verb.SAVE, Verb.TURN_OFF])
def test_a_state_that_does_not_allow_it_is_a_sentence(powered: Move, verb: Verb) -> None:
    if verb != Verb.START:
        done(Verb.TURN_OFF)

    with pytest.raises(PowerRefused, match=r"WEB01 (runs already|does not run)\."):
        ordered(verb)


def test_a_vm_of_the_same_id_that_runs_elsewhere_is_not_started(powered: Move) -> None:
    done(Verb.TURN_OFF)
    twin = running_vm(powered.target, "WEB01")
    row = web01()
    VirtualMachine.objects.create(host=powered.rows[1], uid=twin.uid, name="WEB01 copy", state="running", folder="D:\\")

    with pytest.raises(PowerRefused, match="WEB01 runs on HV02, with the same id"):
        order_power(row, Verb.START, None)


def test_a_worker_that_lives_keeps_its_order(powered: Move, settings: Settings) -> None:
    settings.LEASE_S = 0.2
    order = ordered(Verb.SAVE)
    ends: list[datetime | None] = []

    def work_for_long() -> None:
        began = PowerOrder.objects.get(pk=order.pk).lease_until
        wait_until(lambda: PowerOrder.objects.get(pk=order.pk).lease_until != began, "the lease is renewed")
        ends.append(began)

    powered.source.on_call["save_vm"] = work_for_long
    carry_out(order.pk)

    order.refresh_from_db()
    assert (order.state, len(ends)) == (State.DONE, 1)


def test_an_order_whose_vm_was_removed_meanwhile_is_gone(powered: Move) -> None:
    order = ordered(Verb.SAVE)
    powered.rows[0].delete()

    carry_out(order.pk)
    settle(order.pk)

    assert "save_vm" not in powered.source.calls
