"""How often signing in may be tried, counted in the database so that all processes share it.

After some tries for a name, or from an address, each further one has to wait: twice as long every time, but never
longer than a minute. So a password cannot be guessed, and its owner is not kept out for long. From an address from
which he has signed in of late he waits for the tries from there only: nobody elsewhere can be in his way.
"""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from console.models import SignInTries
from hosts.models import AuditRecord

FREE_TRIES_OF_A_NAME = 5
FREE_TRIES_FROM_AN_ADDRESS = 20
LONGEST_WAIT_S = 60
FORGOTTEN_AFTER = timedelta(minutes=15)
_KNOWN_FOR = timedelta(days=90)


def take_try(name: str, address: str) -> int:
    """Count a try before the password is looked at, so that many at once are many. Returns 0, or for how many seconds
    to wait instead; then it is not counted."""
    now = timezone.now()
    free_tries = {
        _key_of_name(name, address, now): FREE_TRIES_OF_A_NAME,
        _key_of_address(address): FREE_TRIES_FROM_AN_ADDRESS,
    }
    with transaction.atomic():
        SignInTries.objects.filter(last_at__lt=now - FORGOTTEN_AFTER).delete()
        for key in sorted(free_tries):
            SignInTries.objects.get_or_create(key=key, defaults={"last_at": now})
        counted = list(SignInTries.objects.select_for_update().filter(key__in=free_tries).order_by("key"))
        if wait_s := max(_wait_s(it, free_tries[it.key], now) for it in counted):
            return wait_s
        SignInTries.objects.filter(key__in=free_tries).update(tries=F("tries") + 1, last_at=now)
    return 0


def forget_tries(name: str, address: str) -> None:
    """The password was right: its try counts no more from this address, and none for this name."""
    SignInTries.objects.filter(key=_key_of_name(name, address, timezone.now())).delete()
    SignInTries.objects.filter(key=_key_of_address(address), tries__gt=0).update(tries=F("tries") - 1)


def _wait_s(counted: SignInTries, free_tries: int, now: datetime) -> int:
    over = counted.tries - free_tries
    if over < 0:
        return 0
    wait = timedelta(seconds=min(LONGEST_WAIT_S, 2 ** min(over, 10)))
    left_s = (counted.last_at + wait - now).total_seconds()
    return max(0, int(left_s + 0.999))


def _key_of_name(name: str, address: str, now: datetime) -> str:
    """The same for every spelling of the name."""
    signed_in = AuditRecord.objects.filter(who=name, deed=AuditRecord.Deed.SIGN_IN, address=address)
    where = address if signed_in.filter(at__gte=now - _KNOWN_FOR).exists() else ""
    return _digest("name", unicodedata.normalize("NFKC", name).casefold(), where)


def _key_of_address(address: str) -> str:
    return _digest("address", address)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()
