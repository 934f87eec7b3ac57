"""Asks for a live check of a host and answers it: the row is what the page polls and what the worker writes."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from hosts import tasks
from hosts.models import Host, ThoroughCheck, VirtualMachine
from hosts.rating_models import GIVEN_UP_AFTER
from hosts.rating_options import options_dict
from hosts.rating_types import Options

FRESH = timedelta(seconds=10)


def ask_thoroughly(vm: VirtualMachine, host: Host, by: User | None, options: Options | None = None) -> ThoroughCheck:
    """The check that is under way, or one answered within the last ten seconds, or a new one. Returns at once."""
    wanted = options_dict(options or Options())
    now = timezone.now()
    is_open = Q(state__in=ThoroughCheck.OPEN, asked_at__gt=now - GIVEN_UP_AFTER)
    is_fresh = Q(state=ThoroughCheck.State.DONE, done_at__gt=now - FRESH)
    with transaction.atomic():
        # Two clicks at once make one check: the second waits for the row of its VM.
        VirtualMachine.objects.select_for_update().get(pk=vm.pk)
        known = ThoroughCheck.objects.filter(vm=vm, host=host).filter(is_open | is_fresh)
        if found := next((it for it in known if it.options == wanted), None):
            return found
        check = ThoroughCheck.objects.create(vm=vm, host=host, asked_by=by, options=wanted, asked_at=now)
        transaction.on_commit(lambda: tasks.check_thoroughly.apply_async((check.pk,), expires=GIVEN_UP_AFTER.seconds))
    return check
