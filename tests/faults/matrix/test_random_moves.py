"""Random sequences of orders, cancels, retries, kills, faults and power cuts in the in-memory world: the VM is never
lost and never doubled, keeps every byte it wrote, and whatever happened, the job ends and leaves nothing."""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings
from django.test.utils import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hosts.models import Host, HostGroup
from hosts.providers import PROVIDERS
from hosts.providers.errors import HostUnreachable, Refused
from hosts.providers.types import VmState
from migrations_app.engine.runner import run_job
from migrations_app.jobs import JobRefused, cancel_job, retry_job
from migrations_app.models import MigrationJob
from tests.fakes.host import FakeHost
from tests.fakes.moves import Move
from tests.faults.matrix.mortal import FATE, NEVER, Killed, land

Status = MigrationJob.Status
EXAMPLES, STEPS, ATTEMPTS = 40, 14, 12
VERBS = (
    "find_vm", "mark", "unmark", "checkpoint", "save", "start", "start_works", "works", "register", "merge",
    "remove_vm", "delete_files", "clear_traces", "inspect",
)  # fmt: skip
SIDES = st.sampled_from(["source", "target"])


class RandomMove(RuleBasedStateMachine):
    """One VM, one job that is tried again and again, and everything that can come between."""

    def __init__(self) -> None:
        super().__init__()
        MigrationJob.objects.all().delete()
        Host.objects.all().delete()
        HostGroup.objects.all().delete()
        FATE.reset()
        self.written = 0

    @initialize(state=st.sampled_from([VmState.RUNNING, VmState.RUNNING, VmState.SAVED]))
    def begin(self, state: VmState) -> None:
        """Most VMs run."""
        self.move = Move(state)
        PROVIDERS["fake"] = "tests.faults.matrix.mortal.MortalProvider"
        self.job = self.move.order()
        self.ran = state is VmState.RUNNING

    def _works_and_is_killed(self, calls: int, acts: bool) -> None:
        FATE.calls_left, FATE.acts = calls, acts
        self._work()

    a_worker_works_and_is_killed = rule(calls=st.integers(1, 70), acts=st.booleans())(_works_and_is_killed)

    a_second_one_as_well = rule(calls=st.integers(1, 30), acts=st.booleans())(_works_and_is_killed)
    and_a_third = rule(calls=st.integers(30, 70), acts=st.booleans())(_works_and_is_killed)

    @rule(verb=st.sampled_from(VERBS), side=SIDES, when=st.sampled_from(["before", "after"]), drops=st.booleans())
    def a_verb_will_fail(self, verb: str, side: str, when: str, drops: bool) -> None:
        host = self._host(side)
        error = HostUnreachable(host.name, "The connection dropped.") if drops else Refused(host.name, "No.")
        host.fail(verb, error, when=when)

    @rule(side=SIDES)
    def a_host_is_cut_off(self, side: str) -> None:
        self._host(side).is_down = True

    @rule(side=SIDES)
    def a_host_is_back(self, side: str) -> None:
        self._host(side).is_down = False

    @rule(side=SIDES)
    def a_host_loses_power(self, side: str) -> None:
        host = self._host(side)
        if self.move.before.uid in host.vms:
            host.reboot(self.move.before.uid)

    @rule()
    def the_network_spoils_a_byte(self) -> None:
        self.move.target.corrupts = not self.move.target.corrupts

    @rule()
    def somebody_cancels(self) -> None:
        try:
            cancel_job(self.job, None)
        except JobRefused:
            return

    @rule()
    def somebody_tries_again(self) -> None:
        try:
            retry_job(self.job, None)
        except JobRefused:
            return

    @rule()
    def the_deadline_of_the_outage_passes(self) -> None:
        self.job.refresh_from_db()
        if self.job.resume_by is not None:
            MigrationJob.objects.filter(pk=self.job.pk).update(resume_by=self.job.outage_began_at)

    @precondition(lambda self: bool(FATE.late))
    @rule()
    def a_late_call_lands(self) -> None:
        land(FATE.late.pop())

    @rule()
    def the_guest_writes(self) -> None:
        for host in (self.move.source, self.move.target):
            vm = host.vms.get(self.move.before.uid)
            if vm is not None and vm.state is VmState.RUNNING:
                self.written += 1
                host.files[vm.disks[0].layers[-1].path] += b"[%d]" % self.written

    @invariant()
    def never_two(self) -> None:
        assert FATE.doubles == []
        assert len(self.move.running_on()) <= 1

    @invariant()
    def an_ended_job_leaves_the_vm_as_it_was(self) -> None:
        self.job.refresh_from_db()
        if self.job.is_open:
            return
        place = self.move.target if self.job.is_committed else self.move.source
        assert self.move.running_on() == ([place.name] if self.ran else [])

    def teardown(self) -> None:
        """Everything heals, workers go on, a person presses Retry: the job ends, and nothing but the VM is left."""
        self._heal()
        for _ in range(ATTEMPTS):
            self._work()
            if self.job.status == Status.FAILED and self.job.is_committed:
                retry_job(self.job, None)
            elif not self.job.is_open:
                break
        while FATE.late:
            land(FATE.late.pop())
        assert not self.job.is_open, self.job.phase
        self.never_two()
        self.an_ended_job_leaves_the_vm_as_it_was()
        if self.job.status == Status.DONE:
            self.move.assert_moved(self.job)
        else:
            assert not self.job.is_committed
            self.move.assert_untouched(self.job)
        self._every_byte_is_there()

    def _every_byte_is_there(self) -> None:
        host = self.move.target if self.job.status == Status.DONE else self.move.source
        content = host.files[host.vms[self.move.before.uid].disks[0].layers[0].path]
        lost = [number for number in range(1, self.written + 1) if b"[%d]" % number not in content]
        assert lost == [], content

    def _heal(self) -> None:
        for host in (self.move.source, self.move.target):
            host.is_down = host.corrupts = False
            host.faults.clear()

    def _work(self) -> None:
        """A worker takes the job up, whoever had it before, and lives as long as FATE lets it."""
        self.job.refresh_from_db()
        Host.objects.update(refresh_until=None)
        if not self.job.is_open:
            return
        if self.job.lease_until is not None:
            self.move.end_lease(self.job)
        self.move.let_time_pass(self.job)
        try:
            run_job(self.job.pk, "test")
        except Killed:
            pass
        finally:
            FATE.calls_left = NEVER
        self.job.refresh_from_db()

    def _host(self, side: str) -> FakeHost:
        return self.move.source if side == "source" else self.move.target


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_in_whatever_order_the_vm_is_neither_lost_nor_doubled() -> None:
    few = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )

    with override_settings(POLL_MS=1, LEASE_S=django_settings.LEASE_S):
        run_state_machine_as_test(RandomMove, settings=few)

    PROVIDERS.pop("fake", None)
