"""Random sequences of orders, cancels, retries, kills, faults and power cuts in the in-memory world: the VM is never
lost and never doubled, keeps every byte it wrote, and whatever happened, the job ends and leaves nothing."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.test.utils import override_settings
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from hosts.models import Host, HostGroup
from hosts.providers import PROVIDERS
from hosts.providers.types import VmState
from migrations_app.engine.runner import run_job
from migrations_app.jobs import JobRefused, cancel_job, retry_job
from migrations_app.models import MigrationJob
from tests.fakes.host import FakeHost
from tests.fakes.moves import Move
from tests.faults.matrix.eager import a_silent_host_is_given_up_after, every_round_is_worth_it
from tests.faults.matrix.mortal import FATE, Blow, Killed

Status = MigrationJob.Status
EXAMPLES, EXAMPLES_OF_THE_WHOLE, STEPS, ATTEMPTS = 30, 300, 12, 12
VERBS = (
    "find_vm", "mark", "unmark", "checkpoint", "save", "start", "start_works", "works", "register", "merge",
    "remove_vm", "delete_files", "clear_traces", "inspect",
)  # fmt: skip
DEEDS = ("save", "start", "register", "remove_vm", "clear_traces")
SIDES = st.sampled_from(["source", "target"])


class RandomMove(RuleBasedStateMachine):
    """One VM, one job that is tried again and again, and everything that can come between."""

    def __init__(self) -> None:
        super().__init__()
        MigrationJob.objects.all().delete()
        Host.objects.all().delete()
        HostGroup.objects.all().delete()
        FATE.doubles.clear()
        self.written = 0

    @initialize(state=st.sampled_from([VmState.RUNNING] * 4 + [VmState.SAVED]))
    def begin(self, state: VmState) -> None:
        """Most VMs run."""
        self.move = Move(state)
        PROVIDERS["fake"] = "tests.faults.matrix.mortal.MortalProvider"
        self.ran = state is VmState.RUNNING
        self.job = self.move.order()

    @rule(
        verb=st.sampled_from(VERBS),
        nth=st.sampled_from([1, 1, 1, 2, 3]),
        blow=st.sampled_from(Blow),
        is_tried_again=st.booleans(),
    )
    def a_worker_works(self, verb: str, nth: int, blow: Blow, is_tried_again: bool) -> None:
        """Something happens to it at one of its calls. Before, somebody may have asked for another try."""
        if self.job.status == Status.DONE:
            self._move_it_back()
        if is_tried_again:
            self.somebody_tries_again()
        FATE.verb, FATE.nth, FATE.blow, FATE.cancel = verb, nth, blow, self.somebody_cancels
        self._work()

    @rule(verb=st.sampled_from(DEEDS), blow=st.sampled_from(Blow))
    def a_worker_comes_to_a_deed(self, verb: str, blow: Blow) -> None:
        """What matters most happens more often: the verbs that move the VM's life."""
        self.a_worker_works(verb, 1, blow, is_tried_again=True)

    @rule(blow=st.sampled_from(Blow))
    def a_worker_starts_it_on_the_target(self, blow: Blow) -> None:
        self.a_worker_works("start", 1, blow, is_tried_again=True)

    @rule(what=st.sampled_from(["cut off", "back", "no power", "spoilt bytes", "cancel", "deadline"]), side=SIDES)
    def the_world_goes_on(self, what: str, side: str) -> None:
        """While nobody works on the job."""
        host = self._host(side)
        if what in ("cut off", "back"):
            host.is_down = what == "cut off"
        elif what == "no power" and self.move.before.uid in host.vms:
            host.reboot(self.move.before.uid)
        elif what == "spoilt bytes":
            self.move.target.corrupts = not self.move.target.corrupts
        elif what == "cancel":
            self.somebody_cancels()
        elif what == "deadline":
            self.the_deadline_of_the_outage_passes()

    def somebody_cancels(self) -> None:
        with suppress(JobRefused):
            cancel_job(self.job, None)

    def somebody_tries_again(self) -> None:
        """When nothing is in the way any more."""
        self._heal()
        with suppress(JobRefused):
            retry_job(self.job, None)

    def the_deadline_of_the_outage_passes(self) -> None:
        self.job.refresh_from_db()
        if self.job.resume_by is not None:
            MigrationJob.objects.filter(pk=self.job.pk).update(resume_by=self.job.outage_began_at)

    @rule()
    def late_calls_are_carried_out(self) -> None:
        self.move.source.let_late_calls_act()
        self.move.target.let_late_calls_act()

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
        self.late_calls_are_carried_out()
        assert not self.job.is_open, self.job.phase
        self.never_two()
        self.an_ended_job_leaves_the_vm_as_it_was()
        self._nothing_is_left()

    def _move_it_back(self) -> None:
        """The next move is that from where it is now to where it was."""
        self._heal()
        self.late_calls_are_carried_out()
        self._nothing_is_left()
        move = self.move
        move.source, move.target = move.target, move.source
        move.rows.reverse()
        self.job = move.order()

    def _nothing_is_left(self) -> None:
        """The job has ended: the VM is where it says, with every byte, and nothing else is anywhere."""
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
            FATE.verb = ""
        self.job.refresh_from_db()

    def _host(self, side: str) -> FakeHost:
        return self.move.source if side == "source" else self.move.target


@pytest.mark.django_db(transaction=True)
def test_whatever_happens_in_whatever_order_the_vm_is_neither_lost_nor_doubled(request: pytest.FixtureRequest) -> None:
    is_whole = request.config.getoption("--matrix", default=False)
    chosen = settings(
        max_examples=EXAMPLES_OF_THE_WHOLE if is_whole else EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],  # to make an example shorter would take many times as long as to find it
        suppress_health_check=list(HealthCheck),
    )

    with override_settings(POLL_MS=1), every_round_is_worth_it(), a_silent_host_is_given_up_after(0.05):
        run_state_machine_as_test(RandomMove, settings=chosen)

    PROVIDERS.pop("fake", None)
