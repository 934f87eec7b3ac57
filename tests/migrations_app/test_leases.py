"""Leases and slots: one worker a job, so many moves a host, whatever the workers do."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hosts.inventory import root_group
from hosts.models import Host, HostGroup
from hosts.providers.types import Secret
from migrations_app.leases import Lease, LeaseLost, give_back, take_lease
from migrations_app.models import HostSlot, MigrationJob
from tests.fakes.moves import Move


def _fleet(hosts: int, jobs: int) -> list[int]:
    group = root_group()
    rows = [
        Host.objects.create(name=f"H{n}", group=group, address=f"h{n}", username="u", password=Secret("p"))
        for n in range(hosts)
    ]
    return [
        MigrationJob.objects.create(
            source=rows[n % hosts], target=rows[(n + 1) % hosts], vm_uid=str(n), vm_name=f"VM{n}", plan={}
        ).pk
        for n in range(jobs)
    ]


@pytest.mark.django_db(transaction=True)
def test_workers_racing_for_slots_never_take_more_than_the_host_has() -> None:
    jobs = _fleet(hosts=2, jobs=12)
    threads = [threading.Thread(target=_take_and_close, args=(pk,)) for pk in jobs]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for host in Host.objects.all():
        assert HostSlot.objects.filter(host=host, direction="in").count() <= host.max_moves_in
        assert HostSlot.objects.filter(host=host, direction="out").count() <= host.max_moves_out
    assert HostSlot.objects.count() == 8


@pytest.mark.django_db(transaction=True)
def test_one_of_many_workers_gets_the_lease() -> None:
    (job,) = _fleet(hosts=2, jobs=1)
    got: list[Lease | None] = []
    threads = [threading.Thread(target=lambda: got.append(_take_and_close(job))) for _ in range(6)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len([lease for lease in got if lease]) == 1


def test_a_worker_whose_lease_was_taken_over_writes_nothing(move: Move) -> None:
    job = move.order()
    old = take_lease(job.pk, "old")
    MigrationJob.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    take_lease(job.pk, "new")

    assert old is not None
    with pytest.raises(LeaseLost):
        old.write(phase="from the grave")


def test_a_job_is_not_taken_before_its_time(move: Move) -> None:
    job = move.order()
    lease = take_lease(job.pk, "worker")
    assert lease is not None

    give_back(lease, not_before=timezone.now() + timedelta(hours=1))

    assert take_lease(job.pk, "worker") is None


class SlotMachine(RuleBasedStateMachine):
    """Jobs taken, given back and closed in any order."""

    def __init__(self) -> None:
        super().__init__()
        MigrationJob.objects.all().delete()
        Host.objects.all().delete()
        HostGroup.objects.all().delete()
        self.jobs = _fleet(hosts=3, jobs=9)
        self.held: dict[int, Lease] = {}

    @rule()
    def take(self) -> None:
        for pk in self.jobs:
            if pk not in self.held and (lease := take_lease(pk, "w")):
                self.held[pk] = lease
                return

    @rule()
    def give_back_one(self) -> None:
        if self.held:
            give_back(self.held.pop(min(self.held)))

    @rule()
    def close_one(self) -> None:
        if self.held:
            pk, lease = self.held.popitem()
            lease.write(status=MigrationJob.Status.DONE)
            HostSlot.objects.filter(job_id=pk).delete()

    @invariant()
    def no_host_is_over_its_limit(self) -> None:
        for host in Host.objects.all():
            for direction in HostSlot.Direction.values:
                assert HostSlot.objects.filter(host=host, direction=direction).count() <= 2

    @invariant()
    def whoever_works_has_both_slots(self) -> None:
        for pk in self.held:
            assert HostSlot.objects.filter(job_id=pk).count() == 2


@pytest.mark.django_db
def test_slots_hold_in_any_order_of_events() -> None:
    SlotMachine.TestCase.settings = hypothesis_settings(max_examples=12, stateful_step_count=25, deadline=None)
    SlotMachine.TestCase("runTest").runTest()


def _take_and_close(pk: int) -> Lease | None:
    try:
        return take_lease(pk, threading.current_thread().name)
    finally:
        connection.close()
