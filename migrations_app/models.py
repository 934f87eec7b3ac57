"""Jobs and their journal: the truth about every move, which outlives any worker."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from hosts.models import Host, VirtualMachine
from migrations_app.batch_models import BatchEntry, MoveBatch

__all__ = [
    "AvailabilitySpan",
    "BatchEntry",
    "HostSlot",
    "JobEvent",
    "JobStep",
    "MigrationJob",
    "MoveBatch",
    "RateCurve",
]


class MigrationJob(models.Model):
    """One VM on its way from one host to another.

    One worker at a time holds the lease (`owner`, `lease_until`); `fence` grows with every claim, and
    every write of a worker is conditional on the fence it was given.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Completed"
        FAILED = "failed", "Failed"
        CANCELLED = "cancelled", "Cancelled"

    class Direction(models.TextChoices):
        FORWARD = "forward"
        UNDO = "undo"

    class Priority(models.IntegerChoices):
        LOW = -1, "Low"
        NORMAL = 0, "Normal"
        HIGH = 1, "High"

    OPEN = (Status.QUEUED, Status.RUNNING)
    IN_OUTAGE = Q(outage_began_at__isnull=False, outage_ended_at=None)

    vm = models.ForeignKey(VirtualMachine, on_delete=models.SET_NULL, null=True, related_name="jobs")
    source = models.ForeignKey(Host, on_delete=models.SET_NULL, null=True, related_name="jobs_out")
    target = models.ForeignKey(Host, on_delete=models.SET_NULL, null=True, related_name="jobs_in")
    vm_uid = models.CharField(max_length=100)
    vm_name = models.CharField(max_length=255)
    source_name = models.CharField(max_length=255)
    target_name = models.CharField(max_length=255)
    plan = models.JSONField()
    vm_before = models.JSONField(null=True, blank=True, help_text="The VM when the move was ordered; see changes.py.")
    vm_after = models.JSONField(null=True, blank=True, help_text="The VM as it was found when the job had ended.")
    rating = models.JSONField(
        null=True, blank=True, help_text="How the target was rated when the move was ordered, and from what."
    )

    priority = models.SmallIntegerField(choices=Priority, default=Priority.NORMAL)
    start_at = models.DateTimeField(null=True, blank=True, help_text="Not begun before this.")
    holds = models.BooleanField(default=False, help_text="Cuts over only in its window, or when a person says so.")
    cut_over_from = models.DateTimeField(null=True, blank=True)
    cut_over_until = models.DateTimeField(null=True, blank=True)
    cut_over_ordered = models.BooleanField(default=False, help_text="A person said: cut over now.")
    limit_bytes_per_s = models.BigIntegerField(default=0, help_text="May be changed while it runs; 0: no limit.")
    forecast = models.JSONField(null=True, blank=True, help_text="The latest forecast while it ran; see forecast.py.")

    status = models.CharField(max_length=12, choices=Status, default=Status.QUEUED)
    direction = models.CharField(max_length=8, choices=Direction, default=Direction.FORWARD)
    is_committed = models.BooleanField(default=False, help_text="The target has it: the job only goes forward.")
    is_committing = models.BooleanField(default=False, help_text="The step of no return runs: no cancel any more.")
    cancel_requested = models.BooleanField(default=False)
    is_without_source = models.BooleanField(default=False, help_text="A person said: the source is gone for good.")
    is_target_given_up = models.BooleanField(default=False, help_text="A person said: the target is gone for good.")
    dismissed_at = models.DateTimeField(null=True, blank=True, help_text="A person chose to ignore the failure.")
    phase = models.CharField(max_length=200, default="Waiting for a worker")
    percent = models.PositiveSmallIntegerField(default=0)
    bytes_done = models.BigIntegerField(default=0)
    bytes_total = models.BigIntegerField(default=0)
    rate_bytes_per_s = models.BigIntegerField(default=0)

    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    outage_began_at = models.DateTimeField(null=True, blank=True)
    outage_ended_at = models.DateTimeField(null=True, blank=True)
    resume_by = models.DateTimeField(null=True, blank=True, help_text="Past this the source is resumed.")

    failure_text = models.TextField(blank=True)
    failure_action = models.TextField(blank=True)
    vm_now = models.TextField(blank=True, help_text="In one sentence: where the VM is and how it is.")

    unobserved = models.TextField(blank=True, help_text="Why no probe from outside watches the VM.")

    owner = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    undo_attempts = models.PositiveIntegerField(default=0)
    last_event = models.PositiveIntegerField(default=0)
    version = models.PositiveIntegerField(default=0, help_text="Grows with every change that a page shows.")

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["vm_uid"], condition=Q(status__in=["queued", "running"]), name="one_open_job_per_vm"
            )
        ]
        indexes = [models.Index(fields=["status", "lease_until"])]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"Move {self.vm_name} from {self.source_name} to {self.target_name}"

    @property
    def tag(self) -> str:
        return f"ferry-{self.pk}"

    def places(self) -> list[Host | None]:
        """For hosts.access: where it begins and where it ends."""
        return [self.source, self.target]

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def is_in_outage(self) -> bool:
        return self.outage_began_at is not None and self.outage_ended_at is None

    @property
    def outage(self) -> timedelta | None:
        """The measured outage, or how long it lasts already; None before it begins."""
        if self.outage_began_at is None:
            return None
        return (self.outage_ended_at or timezone.now()) - self.outage_began_at

    @property
    def eta(self) -> datetime | None:
        """When it ends, by the latest forecast; None where that says nothing, or a moment that has passed."""
        text = (self.forecast or {}).get("ends_at") if self.status == self.Status.RUNNING else None
        at = datetime.fromisoformat(text) if text else None
        return at if at is not None and at > timezone.now() else None


class JobStep(models.Model):
    """A step of a job: journal, resume point and page content at once."""

    class Status(models.TextChoices):
        PENDING = "pending", "Not started"
        RUNNING = "running", "Running"
        DONE = "done", "Completed"
        FAILED = "failed", "Failed"
        UNDONE = "undone", "Undone"
        SKIPPED = "skipped", "Skipped"

    job = models.ForeignKey(MigrationJob, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    number = models.CharField(max_length=10)
    key = models.CharField(max_length=50)
    title = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    bytes_done = models.BigIntegerField(default=0)
    bytes_total = models.BigIntegerField(default=0)
    result = models.JSONField(default=dict)
    note = models.CharField(max_length=300, blank=True, help_text="Why it was skipped, or what it brought.")

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="one_step_at_a_position")]

    @property
    def percent(self) -> int:
        if self.status == self.Status.DONE:
            return 100
        return 100 * self.bytes_done // self.bytes_total if self.bytes_total else 0


class JobEvent(models.Model):
    """What happened, in the order it happened: `number` counts from 1 within the job, without gaps."""

    job = models.ForeignKey(MigrationJob, on_delete=models.CASCADE, related_name="events")
    number = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField()
    is_failure = models.BooleanField(default=False)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="one_event_of_a_number")]


class HostSlot(models.Model):
    """A place of a host that a running job takes: so many moves in, so many out."""

    class Direction(models.TextChoices):
        IN = "in"
        OUT = "out"

    job = models.ForeignKey(MigrationJob, on_delete=models.CASCADE, related_name="slots")
    host = models.ForeignKey(Host, on_delete=models.PROTECT, related_name="slots")
    direction = models.CharField(max_length=3, choices=Direction)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "host", "direction"], name="one_slot_of_a_kind")]


class AvailabilitySpan(models.Model):
    """A stretch of time in which a probe from outside found the VM of a job answering, or not answering.

    `probes` were sent from `began_at` to `ended_at`, all with the same outcome.
    """

    job = models.ForeignKey(MigrationJob, on_delete=models.CASCADE, related_name="availability_spans")
    began_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    is_up = models.BooleanField()
    probes = models.PositiveIntegerField(default=1)
    method = models.CharField(max_length=100, help_text="What was asked, such as TCP 10.0.0.7:22.")

    class Meta:
        ordering = ["began_at"]


class RateCurve(models.Model):
    """How far a job had copied when: [seconds since 1970, bytes], about `every_s` apart; see rate_curve.py."""

    job = models.OneToOneField(MigrationJob, on_delete=models.CASCADE, primary_key=True, related_name="rate_curve")
    every_s = models.FloatField()
    points = models.JSONField(default=list)
