"""What a host can do for somebody who looks for a folder on it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from hosts.providers.base import Provider

MOST_FOLDERS = 500


class BrowsesFolders(Provider):
    """Can tell which folders there are; reads only."""

    @abstractmethod
    def folders(self, path: str) -> Sequence[str]:
        """The names of the folders in the folder `path`, sorted, without hidden ones; MOST_FOLDERS at most.
        Raises NotFound, AccessDenied."""
