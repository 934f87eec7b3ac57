"""What administrators set for every move, and when each scheduled task ran last."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone


class MoveDefaults(models.Model):
    """The one row of what the wizard presets, and of how many moves a host that is added takes at a time."""

    SINGLETON = 1

    prefers_live = models.BooleanField(default=True, help_text="Live Migration wherever it is possible.")
    max_rounds = models.PositiveSmallIntegerField(default=3)
    limit_bytes_per_s = models.BigIntegerField(default=0, validators=[MinValueValidator(0)], help_text="0: no limit.")
    keeps_source_files = models.BooleanField(default=False)
    saves_state = models.BooleanField(default=False, help_text="To a file, also where memory could be sent straight.")
    max_moves_in = models.PositiveSmallIntegerField(default=2)
    max_moves_out = models.PositiveSmallIntegerField(default=2)
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_row_of_move_defaults")]


class Retention(models.Model):
    """The one row of how long what was is kept. Without it the settings say so."""

    SINGLETON = 1

    jobs_keep_d = models.PositiveIntegerField(help_text="Days a job that has ended is kept with its log; 0: for ever.")
    samples_keep_h = models.PositiveIntegerField(help_text="Hours each sample of loads is kept.")
    averages_keep_d = models.PositiveIntegerField(help_text="Days the hourly averages of loads are kept.")
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True)
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="one_row_of_retention")]


class Pulse(models.Model):
    """A task of the schedule, and when a worker ran it last: what a page can know of worker and beat."""

    task = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()
    worker = models.CharField(max_length=255, help_text="The machine and the process.")
