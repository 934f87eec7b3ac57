"""What delta rounds buy: the outage of a guest that writes, with 0 to 3 rounds, beside what its last bytes need.

Run by hand: FERRY_VAR=$(mktemp -d) .venv/bin/python -m scripts.benchmarks rounds
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings

from console.first_run import migrate_database
from console.lab_hosts import add_lab_hosts
from console.one_move import wait_for_vm
from hosts.models import Host
from hosts.vm_folders import default_folder
from lab.hyperv.checker import Observer, await_answer, prove
from lab.hyperv.control import Lab
from lab.hyperv.spec import DiskSpec, HostSpec, LabSpec, VmSpec
from migrations_app.accuracy import Compared, accuracy, job_accuracy
from migrations_app.engine.runner import run_job
from migrations_app.jobs import start_job
from migrations_app.models import JobStep, MigrationJob
from migrations_app.plans import Choices, fingerprint, make_plan, match_networks
from scripts.benchmarks.table import Row, as_markdown

LIMIT_BYTES_PER_S = 8 << 20
RECORD_BYTES = 32 << 10
WRITTEN_MB_PER_S = (1, 2, 4)
ROUNDS = (0, 1, 2, 3)


@dataclass(frozen=True, slots=True)
class Measured:
    """One move. `rest_bytes` travelled in the outage; `done`: how many of its rounds were worth it."""

    written_mb_per_s: float
    rounds: int
    done: int
    outage_s: float
    rest_bytes: int
    errors: tuple[Compared | None, Compared | None]

    @property
    def bound_s(self) -> float:
        """The bytes of the outage at the rate of the link."""
        return self.rest_bytes / LIMIT_BYTES_PER_S


def main() -> None:
    print(as_markdown(measure_rounds()))


def measure_rounds() -> list[Row]:
    """Each write rate in a lab of its own, the VM going there and back."""
    migrate_database()
    moves = [move for written in WRITTEN_MB_PER_S for move in _moves(written)]
    return [*map(_row, moves), *_forecast_rows(moves)]


def _moves(written_mb_per_s: float) -> Iterator[Measured]:
    name = f"BUSY{WRITTEN_MB_PER_S.index(written_mb_per_s)}"
    disk = DiskSpec(size_mb=96, fill_mb=48, record_bytes=RECORD_BYTES)
    vm = VmSpec(name, memory_mb=16, disks=(disk,), records_per_s=written_mb_per_s * (1 << 20) / RECORD_BYTES)
    lab = Lab.create(settings.VAR_DIR / f"lab-{name}", LabSpec(hosts=(HostSpec("HV01", vms=(vm,)), HostSpec("HV02"))))
    lab.up(keeper_pid=os.getpid())
    try:
        add_lab_hosts(lab)
        for rounds in ROUNDS:
            yield _move(lab, name, rounds, written_mb_per_s)
    finally:
        lab.destroy()
        Host.objects.all().delete()


def _move(lab: Lab, name: str, rounds: int, written_mb_per_s: float) -> Measured:
    vm, address = wait_for_vm(name), lab.guest_address(name)
    target = Host.objects.exclude(pk=vm.host_id).get()
    chosen = Choices(
        vm=vm,
        target=target,
        folder=default_folder(vm, target),
        networks=match_networks(vm, target),
        fingerprint=fingerprint(vm),
        limit_bytes_per_s=LIMIT_BYTES_PER_S,
        max_rounds=rounds,
    )
    before = await_answer(address)
    with Observer(address) as observer:
        job = start_job(make_plan(chosen), None)
        while job.is_open:
            run_job(job.pk, "bench")
            job.refresh_from_db()
    proof = prove(lab, name, before)
    if job.status != MigrationJob.Status.DONE or not proof.holds:
        raise RuntimeError(f"the measured move failed: {job.failure_text} {proof}")
    done = job.steps.filter(key="copy-delta", status=JobStep.Status.DONE).count()
    judged = job_accuracy(job)
    errors = (judged.outage_before, judged.outage_last) if judged else (None, None)
    rest = job.steps.get(key="copy-rest").bytes_done
    return Measured(written_mb_per_s, rounds, done, observer.longest_outage().seconds, rest, errors)


def _row(move: Measured) -> Row:
    what = f"{move.written_mb_per_s} MB/s written, at most {move.rounds} rounds ({move.done} done)"
    sent = move.rest_bytes / (1 << 20)
    figure = f"outage {move.outage_s:.1f} s, {sent:.0f} MB in it, bound {move.bound_s:.1f} s"
    return Row(what, f"{figure}, ratio {move.outage_s / move.bound_s:.2f}")


def _forecast_rows(moves: list[Measured]) -> Iterator[Row]:
    for place, when in enumerate(("when ordered", "just before the save")):
        judged = accuracy([error for move in moves if (error := move.errors[place]) is not None])
        if judged is not None:
            yield Row(
                f"forecast of the outage {when}: median and worst error, share inside the range",
                f"{judged.median_s:.1f} s, {judged.worst_s:.1f} s, {judged.inside_percent:.0f} % of {judged.count}",
            )
