"""The part of the wizard's path page in which one looks for a folder on the target."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from hosts import paths
from hosts.addresses import is_key
from hosts.browsing import why_not_browse
from hosts.browsing_models import FolderListing
from hosts.models import Host
from migrations_app.answers import Answers
from migrations_app.paths import why_not_folder


@dataclass(frozen=True, slots=True)
class Place:
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Browser:
    """`at`: the folder that is open; "" when none is. Whether a VM may go into it, `can_use` says. `above`: the folders
    it is in, its volume first. `query`: of the page's address with this folder open; `use_query`: with it chosen."""

    volumes: list[Place]
    at: str
    why_not: str
    can_use: bool
    listing: FolderListing | None
    above: list[Place]
    folders: list[Place]
    query: str
    use_query: str


def browser_of(answers: Answers, target: Host) -> Browser:
    """By `browse` (a path) and `listing` (the key of what was asked) of the address."""
    at = paths.trimmed(answers.query.get("browse", "").strip())
    why_not = why_not_browse(target, at) if at else ""
    listing = None if why_not or not at else _listing(answers.query.get("listing", ""), target, at)
    state = [*answers.carried("folder", "on"), ("on", str(target.pk))]
    folder = [("folder", answers.folder)] if answers.has_folder else []
    told = [("browse", at), *([("listing", str(listing.pk))] if listing else [])]
    return Browser(
        volumes=[Place(volume.path, volume.path) for volume in target.volumes.all()],
        at=at,
        why_not=why_not,
        can_use=not why_not_folder(at, is_posix=paths.is_posix(at)),
        listing=listing,
        above=_above(at, target) if at and not why_not else [],
        folders=[Place(name, paths.join(at, name)) for name in listing.folders] if listing else [],
        query=urlencode([*state, *folder, *told]),
        use_query=urlencode([*state, ("folder", at), *told]),
    )


def _listing(pk: str, target: Host, path: str) -> FolderListing | None:
    """The one with this key, if it was asked of this host about this folder."""
    if not is_key(pk):
        return None
    return FolderListing.objects.filter(pk=pk, host=target, path=path).first()


def _above(path: str, target: Host) -> list[Place]:
    volume = paths.volume_of(path, [volume.path for volume in target.volumes.all()]) or path
    found: list[Place] = []
    while paths.key(path) != paths.key(volume):
        found.insert(0, Place(paths.name(path), path))
        path = paths.parent(path)
    return [Place(volume, volume), *found]
