"""What a person has ordered of a virtual machine outside of any move: to start, shut down, save or turn it off."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

TOLD_FOR = timedelta(days=1)


class PowerOrder(models.Model):
    """The latest order for a VM: written by a page, carried out by a worker. A VM has one open order at most, and none
    while a job has it."""

    class Verb(models.TextChoices):
        START = "start", "Start"
        SHUT_DOWN = "shut-down", "Shut down"
        SAVE = "save", "Save state"
        TURN_OFF = "turn-off", "Turn off"

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"
        UNKNOWN = "unknown", "Not known"

    OPEN = (State.QUEUED, State.RUNNING)

    vm = models.ForeignKey("hosts.VirtualMachine", on_delete=models.CASCADE, related_name="power_orders")
    verb = models.CharField(max_length=10, choices=Verb)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    asked_at = models.DateTimeField(default=timezone.now)
    began_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="Past this its worker has died.")
    told_at = models.DateTimeField(null=True, blank=True, help_text="When the guest was asked to shut down.")
    ended_at = models.DateTimeField(null=True, blank=True)
    failure = models.TextField(blank=True)
    action = models.TextField(blank=True, help_text="What to do about the failure.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vm"], condition=Q(state__in=["queued", "running"]), name="one_open_power_order_per_vm"
            )
        ]
        indexes = [models.Index(fields=["state", "ended_at"], name="power_order_news")]

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def is_worth_telling(self) -> bool:
        """It failed, or nobody knows, and not long ago."""
        has_news = self.state in (self.State.FAILED, self.State.UNKNOWN) and self.ended_at is not None
        return has_news and self.ended_at is not None and self.ended_at > timezone.now() - TOLD_FOR
