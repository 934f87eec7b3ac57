"""After a failure was ignored: the hosts forget the job, and Ferry sees the virtual machine as they have it."""

from __future__ import annotations

from django.db.models import F

from hosts.connect import connect_mover
from hosts.inventory import refresh_anew
from hosts.models import Host
from hosts.providers.errors import ProviderError
from hosts.secrets import KeyMissing
from migrations_app.claims import claim_hosts
from migrations_app.events import add_event
from migrations_app.leases import Lease
from migrations_app.models import MigrationJob


def take_marks_away(job_pk: int) -> None:
    """Take the job's marks off the VM, end its works, keep every file; then look at both hosts anew.

    Does nothing for a job whose failure is not ignored (any more). A host that cannot be asked keeps its marks; so does
    a source that still has the VM which runs on the target: the mark is what keeps it from starting there.
    """
    ignored = MigrationJob.objects.filter(pk=job_pk, status=MigrationJob.Status.FAILED).exclude(dismissed_at=None)
    if not ignored.update(fence=F("fence") + 1):
        return
    job = MigrationJob.objects.select_related("source", "target").get(pk=job_pk)
    for host in (job.source, job.target):
        if host is not None:
            _forget(job, host)
            refresh_anew(host)


def _forget(job: MigrationJob, host: Host) -> None:
    try:
        with connect_mover(host) as provider:
            claim_hosts(job, Lease(job.pk, job.fence), [provider])
            stays_held = job.is_committed and host == job.source and provider.find_vm(job.vm_uid) is not None
            if not stays_held:
                provider.unmark(job.vm_uid, job.tag)
            provider.clear_traces(job.tag, destinations=None)
    except (ProviderError, KeyMissing) as error:
        add_event(job.pk, f"The marks of the move stay on {host.name}: {error}", is_failure=True)
    else:
        add_event(job.pk, _held(job, host) if stays_held else f"The marks of the move were taken away on {host.name}.")


def _held(job: MigrationJob, host: Host) -> str:
    return (
        f"{job.vm_name} is still registered on {host.name}, and kept from starting there because it runs on "
        f"{job.target_name}. Remove it on {host.name} by hand."
    )
