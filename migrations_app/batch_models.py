"""Several moves ordered together: shown as a plan, approved, then run as a queue."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from hosts.models import Host, VirtualMachine


class MoveBatch(models.Model):
    """A plan of several moves. Nothing moves before `approved_at`; afterwards each entry has its job."""

    class Kind(models.TextChoices):
        SELECTED = "selected", "Move selected virtual machines"
        EVACUATE = "evacuate", "Evacuate a host"

    kind = models.CharField(max_length=10, choices=Kind)
    host = models.ForeignKey(Host, on_delete=models.SET_NULL, null=True, blank=True, related_name="evacuations")
    host_name = models.CharField(max_length=255, blank=True)
    with_stopped = models.BooleanField(default=False, help_text="What does not run leaves the host, too.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True)
    created_at = models.DateTimeField(default=timezone.now)
    approved_at = models.DateTimeField(null=True, blank=True)
    discarded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        if self.kind == self.Kind.EVACUATE:
            return f"Evacuate {self.host_name}"
        return "Move selected virtual machines"

    def places(self) -> list[Host | None]:
        """For hosts.access: every host that something leaves or goes to."""
        entries = self.entries.exclude(vm=None).select_related("vm__host", "target").defer("plan", "warnings")
        ends = [host for it in entries if it.vm is not None for host in (it.vm.host, it.target) if host is not None]
        return [*ends, self.host] if self.kind == self.Kind.EVACUATE else [*ends]

    @property
    def is_draft(self) -> bool:
        return self.approved_at is None and self.discarded_at is None


class BatchEntry(models.Model):
    """One VM of a plan of moves: where it would go, or why it cannot."""

    batch = models.ForeignKey(MoveBatch, on_delete=models.CASCADE, related_name="entries")
    position = models.PositiveIntegerField()
    vm = models.ForeignKey(VirtualMachine, on_delete=models.SET_NULL, null=True)
    vm_name = models.CharField(max_length=255)
    target = models.ForeignKey(Host, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    target_name = models.CharField(max_length=255, blank=True)
    stars = models.FloatField(null=True, blank=True)
    plan = models.JSONField(null=True, blank=True)
    warnings = models.JSONField(default=list, help_text="Sentences about the move as it is planned.")
    reason = models.TextField(blank=True, help_text="Why it cannot move; empty when it can.")
    job = models.OneToOneField(
        "migrations_app.MigrationJob", on_delete=models.SET_NULL, null=True, blank=True, related_name="batch_entry"
    )

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["batch", "position"], name="one_entry_at_a_position")]
