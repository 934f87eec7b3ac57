"""What placement is asked to do by default, and the live checks of hosts that somebody clicked."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from hosts.thorough_types import Thorough, thorough_from

# A worker that has not answered by then has died, or the hosts were slower than their deadlines allow.
GIVEN_UP_AFTER = timedelta(seconds=90)


class PlacementDefaults(models.Model):
    """The one row of options with which every placement begins; hosts/rating_options.py has its shape."""

    SINGLETON = 1

    options = models.JSONField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_row_of_placement_defaults")]


class ThoroughCheck(models.Model):
    """A live check of one host for one VM: asked by a page, answered by a worker, polled by the page."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    OPEN = (State.QUEUED, State.RUNNING)

    vm = models.ForeignKey("hosts.VirtualMachine", on_delete=models.CASCADE, related_name="thorough_checks")
    host = models.ForeignKey("hosts.Host", on_delete=models.CASCADE, related_name="thorough_checks")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    options = models.JSONField()
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    asked_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        indexes = [models.Index(fields=["vm", "host", "-asked_at"]), models.Index(fields=["asked_at"])]

    @property
    def is_given_up(self) -> bool:
        """Nobody has answered for so long that nobody will."""
        return self.state in self.OPEN and timezone.now() - self.asked_at > GIVEN_UP_AFTER

    @property
    def is_open(self) -> bool:
        """Worth asking again in a moment."""
        return self.state in self.OPEN and not self.is_given_up

    @property
    def has_failed(self) -> bool:
        return self.state == self.State.FAILED or self.is_given_up

    @property
    def outcome(self) -> Thorough | None:
        return thorough_from(self.result) if self.result is not None else None
