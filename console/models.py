"""What the door keeps: how often signing in was tried of late."""

from __future__ import annotations

from django.db import models


class SignInTries(models.Model):
    """Tries for one user name or from one address. `key` is a digest: passwords get typed into the wrong field."""

    key = models.CharField(max_length=64, primary_key=True)
    tries = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField(db_index=True)
