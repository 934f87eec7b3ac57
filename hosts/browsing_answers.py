"""What a worker does with a question for the folders of a host."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from hosts.asking import trouble_of
from hosts.browsing_models import FolderListing
from hosts.connect import connect
from hosts.models import Host
from hosts.providers.browsing import BrowsesFolders
from hosts.providers.errors import NotAHypervisor, ProviderError
from hosts.secrets import KeyMissing

State = FolderListing.State


def answer_folders(listing_id: int) -> None:
    """Nothing if it is gone, or another worker has it."""
    if not FolderListing.objects.filter(pk=listing_id, state=State.QUEUED).update(state=State.RUNNING):
        return
    listing = FolderListing.objects.select_related("host").get(pk=listing_id)
    try:
        answer: dict[str, object] = {"state": State.DONE, "folders": list(_folders(listing.host, listing.path))}
    except (ProviderError, KeyMissing) as error:
        trouble = trouble_of(error)
        answer = {"state": State.FAILED, "failure_text": trouble.reason, "failure_action": trouble.action}
    FolderListing.objects.filter(pk=listing_id).update(done_at=timezone.now(), **answer)


def _folders(host: Host, path: str) -> Sequence[str]:
    with connect(host) as provider:
        if not isinstance(provider, BrowsesFolders):
            text = f"Ferry cannot look for folders on {host.name}."
            raise NotAHypervisor(host.name, text, action="Type the path by hand.")
        return provider.folders(path)
