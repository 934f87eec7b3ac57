"""The audit log: who changed what, when, from where, and how it was before. Rows are only ever added."""

from __future__ import annotations

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone


class AuditLogIsAppendOnly(Exception):
    """Nothing of the audit log is changed or removed; the database refuses it, too (hosts/audit_guard.py)."""


class _OnlyGrowing(models.QuerySet["AuditRecord"]):
    def update(self, **_fields: Any) -> NoReturn:
        raise AuditLogIsAppendOnly

    def delete(self) -> NoReturn:
        raise AuditLogIsAppendOnly


class AuditRecord(models.Model):
    """One change. `who` and `about` are names, so that it can be read when user and object are gone.

    `before` and `after` have the properties that differ, as text or numbers; never a secret.
    """

    class Deed(models.TextChoices):
        SIGN_IN = "sign-in", "Signed in"
        SIGN_IN_FAILED = "sign-in-failed", "Failed to sign in"
        SIGN_OUT = "sign-out", "Signed out"
        USER_ADDED = "user-added", "Added the user"
        USER_CHANGED = "user-changed", "Changed the role"
        USER_DISABLED = "user-disabled", "Disabled the user"
        USER_ENABLED = "user-enabled", "Enabled the user"
        PASSWORD_RESET = "password-reset", "Reset the password"
        PASSWORD_CHANGED = "password-changed", "Changed the own password"
        HOST_ADDED = "host-added", "Added the host"
        HOST_CHANGED = "host-changed", "Changed the connection"
        HOST_REMOVED = "host-removed", "Removed the host"
        HOST_REFRESHED = "host-refreshed", "Refreshed the host"
        HOST_MAINTENANCE = "host-maintenance", "Changed the maintenance mode"
        HOST_RESERVES = "host-reserves", "Changed the host's reserves"
        HOST_GROUP = "host-group", "Moved the host to another group"
        PATH_REMEMBERED = "path-remembered", "Remembered a path of the host"
        PATH_FORGOTTEN = "path-forgotten", "Forgot a path of the host"
        GROUP_ADDED = "group-added", "Added the host group"
        GROUP_CHANGED = "group-changed", "Changed the host group"
        GROUP_REMOVED = "group-removed", "Removed the host group"
        GROUP_RESERVES = "group-reserves", "Changed the group's reserves"
        PLACEMENT = "placement", "Changed the placement defaults"
        MOVE_DEFAULTS = "move-defaults", "Changed the migration defaults"
        RETENTION = "retention", "Changed how long history is kept"
        JOB_STARTED = "job-started", "Ordered the move"
        JOB_CANCELLED = "job-cancelled", "Cancelled the job"
        JOB_RETRIED = "job-retried", "Retried the job"
        JOB_IGNORED = "job-ignored", "Ignored the failure"
        JOB_WITHOUT_SOURCE = "job-without-source", "Finished without the source"
        JOB_WITHOUT_TARGET = "job-without-target", "Gave up the target"
        JOB_PRIORITY = "job-priority", "Changed the priority"
        JOB_LIMIT = "job-limit", "Changed the bandwidth limit"
        JOB_CUT_OVER = "job-cut-over", "Ordered the cut-over"
        JOB_WINDOW = "job-window", "Changed the cut-over window"
        VM_CHANGED = "vm-changed", "Changed the properties"
        VM_STARTED = "vm-start", "Started the virtual machine"
        VM_SHUT_DOWN = "vm-shut-down", "Shut the virtual machine down"
        VM_SAVED = "vm-save", "Saved the virtual machine's state"
        VM_TURNED_OFF = "vm-turn-off", "Turned the virtual machine off"
        PLAN_MADE = "plan-made", "Made the plan"
        PLAN_CHANGED = "plan-changed", "Changed the plan"
        PLAN_APPROVED = "plan-approved", "Approved the plan"
        PLAN_DISCARDED = "plan-discarded", "Discarded the plan"

    at = models.DateTimeField(default=timezone.now, db_index=True)
    who = models.CharField(max_length=255)
    address = models.CharField(max_length=100, blank=True, help_text="From where; empty: not over the network.")
    deed = models.CharField(max_length=30, choices=Deed)
    about = models.TextField(blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)

    objects = _OnlyGrowing.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["who", "deed"], name="audit_who_did_what")]

    def save(self, *args: Any, **options: Any) -> None:
        if not self._state.adding:
            raise AuditLogIsAppendOnly
        super().save(*args, **options)

    def delete(self, *_args: Any, **_options: Any) -> NoReturn:
        raise AuditLogIsAppendOnly
