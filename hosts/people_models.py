"""What Ferry keeps of people beside Django's users: where operators may act, and whose password is not his own."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


class OperatorGroup(models.Model):
    """A host group, with all groups in it, in which an operator may act."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="operator_groups")
    group = models.ForeignKey("hosts.HostGroup", on_delete=models.CASCADE, related_name="operator_groups")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "group"], name="an_operator_has_a_group_once")]


class TemporaryPassword(models.Model):
    """Somebody else made the user's password: until he has chosen his own he may do nothing else."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="temporary_password"
    )
    made_at = models.DateTimeField(default=timezone.now)
