"""What people who look for a folder asked of a host, and the folders that they chose to see again."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

GIVEN_UP_AFTER = timedelta(minutes=1)


class FolderListing(models.Model):
    """The folders in one folder of a host: asked by a page, answered by a worker, polled by the page."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        FAILED = "failed", "Failed"

    OPEN = (State.QUEUED, State.RUNNING)

    host = models.ForeignKey("hosts.Host", on_delete=models.CASCADE, related_name="folder_listings")
    path = models.CharField(max_length=400)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    asked_at = models.DateTimeField(default=timezone.now, db_index=True)
    done_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    folders = models.JSONField(default=list, help_text="Their names.")
    failure_text = models.TextField(blank=True)
    failure_action = models.TextField(blank=True)

    @property
    def is_given_up(self) -> bool:
        """Nobody has answered for so long that nobody will."""
        return self.state in self.OPEN and timezone.now() - self.asked_at > GIVEN_UP_AFTER

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN and not self.is_given_up

    @property
    def has_failed(self) -> bool:
        return self.state == self.State.FAILED or self.is_given_up


class FavouritePath(models.Model):
    """A folder of a host that somebody had Ferry remember, to be proposed to everybody who moves a VM there."""

    host = models.ForeignKey("hosts.Host", on_delete=models.CASCADE, related_name="favourite_paths")
    path = models.CharField(max_length=400)
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["path"]
        constraints = [models.UniqueConstraint(fields=["host", "path"], name="one_favourite_of_a_path_on_a_host")]
