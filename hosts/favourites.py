"""Folders of a host that people had Ferry remember. Nothing is asked of the host."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.db import transaction

from hosts import paths
from hosts.audit import Deed, record
from hosts.browsing_models import FavouritePath
from hosts.models import Host


def remember_path(host: Host, path: str, by: User | None) -> None:
    """Once: a path that is remembered already stays as it is."""
    known = {paths.key(favourite.path) for favourite in host.favourite_paths.all()}
    if paths.key(path) in known:
        return
    with transaction.atomic():
        FavouritePath.objects.create(host=host, path=path, added_by=by)
        record(Deed.PATH_REMEMBERED, f"Host {host.name}", after={"path": path}, by=by)


def forget_path(favourite: FavouritePath) -> None:
    with transaction.atomic():
        favourite.delete()
        record(Deed.PATH_FORGOTTEN, f"Host {favourite.host.name}", before={"path": favourite.path})
