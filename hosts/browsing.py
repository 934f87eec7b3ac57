"""Which folders a host has: a page asks by a row, a worker asks the host, the page polls the row."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from hosts import paths, tasks
from hosts.browsing_models import GIVEN_UP_AFTER, FolderListing
from hosts.models import Host
from hosts.path_parts import why_not_part

FRESH = timedelta(seconds=10)
LONGEST = 400

State = FolderListing.State


def ask_folders(host: Host, path: str, by: User | None) -> FolderListing:
    """The question that is under way, or one answered within the last ten seconds, or a new one. Returns at once."""
    now = timezone.now()
    is_open = Q(state__in=FolderListing.OPEN, asked_at__gt=now - GIVEN_UP_AFTER)
    is_fresh = Q(state=State.DONE, done_at__gt=now - FRESH)
    if known := FolderListing.objects.filter(host=host, path=path).filter(is_open | is_fresh).first():
        return known
    with transaction.atomic():
        listing = FolderListing.objects.create(host=host, path=path, asked_by=by, asked_at=now)
        transaction.on_commit(lambda: tasks.list_folders.apply_async((listing.pk,), expires=GIVEN_UP_AFTER.seconds))
    return listing


def why_not_browse(host: Host, path: str) -> str:
    """Why the host is not asked about this path, as a sentence; empty when it is. Only its volumes are looked at."""
    parts = path.replace("\\", "/").split("/")
    is_clever = ".." in parts or (paths.is_posix(path) and path != "/" and not {"", "."}.isdisjoint(parts[1:]))
    if not path or len(path) > LONGEST or is_clever or any(ord(letter) < 32 for letter in path):
        return "Give the whole path of a folder, without .. in it."
    if paths.volume_of(path, [volume.path for volume in host.volumes.all()]) is None:
        return f"{path} is on no volume of {host.name} that Ferry knows."
    below_drive = [] if paths.is_posix(path) or not path[3:] else path[3:].split("\\")
    return next(filter(None, map(why_not_part, below_drive)), "")
