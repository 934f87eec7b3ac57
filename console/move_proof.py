"""What the lab itself says after a move: the VM is whole, in one place, and nothing of the job is left behind."""

from __future__ import annotations

from collections.abc import Iterator

from lab.hyperv.checker import GuestAnswer, GuestSilent, await_answer, prove
from lab.hyperv.control import Lab
from lab.proof import Proof
from migrations_app.models import MigrationJob

ANSWER_WITHIN_S = 5.0


def answer_before(lab: Lab, job: MigrationJob) -> GuestAnswer | None:
    """What the VM says of itself before the move; None when it does not answer (it may be amid an earlier outage)."""
    try:
        return await_answer(lab.guest_address(job.vm_uid), ANSWER_WITHIN_S)
    except GuestSilent:
        return None


def prove_move(lab: Lab, job: MigrationJob, before: GuestAnswer | None) -> Proof:
    """The checker's proof, and that the source has given up the VM with all its files."""
    if before is None:
        missing = f"{job.vm_name} did not answer when this began, so there is nothing to compare it with."
        proof = Proof(job.vm_name, (), (missing,))
    else:
        proof = prove(lab, job.vm_name, before)
    failures = list(_left_behind(lab, job))
    sentences = () if failures else (f"Nothing of {job.vm_name} or of the job is left on {job.source_name}.",)
    return Proof(proof.vm, proof.sentences + sentences, proof.failures + tuple(failures))


def _left_behind(lab: Lab, job: MigrationJob) -> Iterator[str]:
    source, target = lab.host(job.source_name), lab.host(job.target_name)
    if source.has_vm(job.vm_uid):
        yield f"{job.vm_name} is still registered on {source.name}."
    if not target.has_vm(job.vm_uid):
        yield f"{job.vm_name} is not registered on {target.name}."
    for host in (source, target):
        yield from (f"Left on {host.name}: {trace}." for trace in host.traces(job.tag))
    if not job.plan["keeps_source_files"]:
        yield from (f"Left on {source.name}: file {path}." for path in source.stray_files())
