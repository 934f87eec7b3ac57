"""`manage.py move`: one move from end to end without a browser, in the lab, with the proof that nothing was lost."""

from __future__ import annotations

import getpass
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from console.bring_up import everything
from console.embedded import EmbeddedWorker
from console.ending import ending_by_interrupt, leave
from console.move_lines import HEADING, JobLines
from console.move_proof import answer_before, prove_move
from console.one_move import CannotMove, best_target, follow, open_job, order_move, user_named, wait_for_vm
from hosts.audit import Actor, acting
from hosts.models import VirtualMachine
from lab.hyperv.checker import Observer
from lab.hyperv.control import Lab
from lab.hyperv.processes import LabDidNotAnswer
from migrations_app.models import MigrationJob
from migrations_app.words import expected_outage

VM = "WEB01"


class Command(BaseCommand):
    help = "Move a running virtual machine of the lab, print the steps, prove that nothing was lost; exit 0 or 1."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("vm", nargs="?", default=VM, help=f"name of the virtual machine ({VM})")
        parser.add_argument("target", nargs="?", help="name of the target host (the best rated)")
        parser.add_argument("--as", dest="user", metavar="USER", help="as this user, with what he may do")

    def handle(self, *_args: Any, **options: Any) -> None:
        worker: EmbeddedWorker | None = None
        try:
            who = acting(Actor(f"{getpass.getuser()} at the terminal"))
            with who, ending_by_interrupt(), everything(self._say, with_lab=True, with_worker=True) as worker:
                is_proved = self._move(options["vm"], options["target"], options["user"])
        except (CannotMove, LabDidNotAnswer) as reason:
            self.stderr.write(str(reason))
            is_proved = False
        except KeyboardInterrupt:
            self.stderr.write("Interrupted. A move that was begun goes on at the next start.")
            is_proved = False
        leave(0 if is_proved else 1, is_waiting_allowed=worker is None or worker.has_ended)

    def _move(self, vm_name: str, target_name: str | None, user_name: str | None) -> bool:
        """True when the move is done and proved."""
        lab = Lab.open(settings.VAR_DIR / "lab")
        vm = wait_for_vm(vm_name)
        job = open_job(vm) or self._order(vm, target_name, user_name)
        self._say(f"{job.name}, job {job.pk}. Expected outage: {expected_outage(job) or 'none'}.\n{HEADING}")
        before = answer_before(lab, job)
        lines = JobLines(self._write, is_terminal=self.stdout.isatty())
        with Observer(lab.guest_address(job.vm_uid)) as observer:
            job = follow(job.pk, lambda now: lines.show(now, now.steps.all()))
        if job.status != MigrationJob.Status.DONE:
            ended = f"The move ended as {job.get_status_display()}."
            self._say(" ".join(filter(None, (ended, job.failure_text, job.failure_action, job.vm_now))))
            return False
        self._tell_outage(job, observer)
        proof = prove_move(lab, job, before)
        self._say(f"{proof}\n{'Proved.' if proof.holds else 'NOT PROVED.'}")
        return proof.holds

    def _order(self, vm: VirtualMachine, target_name: str | None, user_name: str | None) -> MigrationJob:
        user = user_named(user_name) if user_name else None
        rated = best_target(vm, target_name)
        self._say(f"{vm.name} runs on {vm.host.name}; {rated.host.name} is rated {rated.rating.stars:g} of 5 stars.")
        return order_move(vm, rated.host, user)

    def _tell_outage(self, job: MigrationJob, observer: Observer) -> None:
        outside_s = observer.longest_outage().seconds
        job_s = job.outage.total_seconds() if job.outage else 0.0
        self._say(
            f"Outage: {job_s:.2f} s by the job, {outside_s:.2f} s seen from outside; expected {expected_outage(job)}."
        )

    def _say(self, text: str) -> None:
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()
