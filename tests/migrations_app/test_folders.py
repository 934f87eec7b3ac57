"""Looking for a folder on the target: a worker asks the host, the page polls a row, and typing by hand always works."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from hosts.browsing_answers import answer_folders
from hosts.browsing_models import GIVEN_UP_AFTER, FavouritePath, FolderListing
from hosts.models import AuditRecord
from hosts.providers import PROVIDERS
from hosts.providers.browsing import BrowsesFolders
from hosts.providers.errors import HostUnreachable
from hosts.providers.types import Endpoint, HostFacts, HostLoad
from migrations_app.models import MigrationJob
from tests.fakes.moves import Move
from tests.migrations_app.wizard import Wizard, page_of, said


class Shelf(BrowsesFolders):
    """A host with two folders in D:\\VMs; whatever else it is asked about does not answer."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._name = endpoint.name

    def folders(self, path: str) -> Sequence[str]:
        if path != "D:\\VMs":
            raise HostUnreachable(self._name, "Nothing answered at hv02:5985.")
        return ["SQL", "Web & <more>"]

    def inspect(self) -> HostFacts:
        raise NotImplementedError

    def sample(self) -> HostLoad:
        raise NotImplementedError

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def wizard(wizard: Wizard) -> Iterator[Wizard]:
    """Its target is a Shelf."""
    kind = wizard.vm.host.kind
    before, PROVIDERS[kind] = PROVIDERS[kind], f"{__name__}.Shelf"
    yield wizard
    PROVIDERS[kind] = before


def browse(wizard: Wizard, path: str, **more: Any) -> Any:
    address = reverse("migrate-path-browse", args=[wizard.vm.pk])
    return wizard.client.post(address, {**wizard.state, "browse": path, **more}, follow=True)


def opened(wizard: Wizard, path: str) -> str:
    """The fragment when the worker has answered."""
    browse(wizard, path)
    listing = FolderListing.objects.get(path=path)
    answer_folders(listing.pk)
    return said(wizard.get("migrate-path-folders", browse=path, listing=listing.pk, poll="yes"))


def test_a_folder_is_asked_for_by_a_row_and_shown_when_the_host_has_answered(wizard: Wizard) -> None:
    answer = browse(wizard, "D:\\VMs", then="fragment")
    listing = FolderListing.objects.get()

    assert page_of(answer) == "migrate-path-folders"
    assert "HV02 is being asked which folders are in D:\\VMs." in said(answer)
    assert 'hx-trigger="every 500ms"' in said(answer)
    assert wizard.get("migrate-path-folders", browse="D:\\VMs", listing=listing.pk, poll="yes").status_code == 204


def test_the_folders_of_the_host_can_be_opened_and_used(wizard: Wizard) -> None:
    text = opened(wizard, "D:\\VMs")

    assert 'value="D:\\VMs\\SQL"' in text
    assert "Web &amp; &lt;more&gt;" in text
    assert "2 folders in it" in text
    assert 'data-uses-folder="D:\\VMs"' in text
    assert "folder=D%3A%5CVMs" in text


def test_the_root_of_a_drive_can_be_opened_but_not_used(wizard: Wizard, move: Move) -> None:
    listing = FolderListing.objects.create(host=move.rows[1], path="D:\\", state="done", folders=["VMs"])

    text = said(wizard.get("migrate-path-folders", browse="D:\\", listing=listing.pk))

    assert "1 folder in it" in text
    assert "data-uses-folder" not in text


def test_a_host_that_does_not_answer_is_said_clearly(wizard: Wizard) -> None:
    text = opened(wizard, "D:\\")

    assert "HV02 did not list D:\\: Nothing answered at hv02:5985." in text
    assert "The path can always be typed by hand." in text


def test_without_scripts_the_page_comes_back_with_its_answers(wizard: Wizard) -> None:
    answer = browse(wizard, "D:\\VMs", folder="D:\\Mine")

    assert page_of(answer) == "migrate-path"
    assert 'value="D:\\Mine"' in said(answer)
    assert "Look again" in said(answer)


def test_two_clicks_ask_once_and_what_nobody_answers_is_given_up(wizard: Wizard) -> None:
    browse(wizard, "D:\\VMs")
    browse(wizard, "D:\\VMs")
    listing = FolderListing.objects.get()

    FolderListing.objects.update(asked_at=timezone.now() - GIVEN_UP_AFTER - timedelta(seconds=1))

    text = said(wizard.get("migrate-path-folders", browse="D:\\VMs", listing=listing.pk, poll="yes"))
    assert "HV02 has not told which folders are in D:\\VMs." in text


@pytest.mark.parametrize("path", ["", "..", "D:\\..\\Windows", "Z:\\", "\\\\other\\share", "/etc", "x" * 500])
def test_nothing_is_asked_about_a_path_that_is_on_no_volume(wizard: Wizard, path: str) -> None:
    assert browse(wizard, path).status_code == 200
    assert not FolderListing.objects.exists()


@pytest.mark.parametrize("listing", ["x", "999", "-1", "9" * 30])
def test_a_forged_listing_is_no_listing(wizard: Wizard, listing: str) -> None:
    assert "Open it again." in said(wizard.get("migrate-path-folders", browse="D:\\VMs", listing=listing))


def test_what_was_asked_of_another_host_is_not_shown(wizard: Wizard, move: Move) -> None:
    other = FolderListing.objects.create(host=move.rows[0], path="D:\\VMs", state="done", folders=["Secret"])

    assert "Secret" not in said(wizard.get("migrate-path", browse="D:\\VMs", listing=other.pk))


def test_a_folder_is_remembered_when_the_move_is_ordered_and_not_before(wizard: Wizard) -> None:
    wizard.get("migrate-summary", folder="D:\\Web", remember="on")
    assert not FavouritePath.objects.exists()

    wizard.move(folder="D:\\Web", remember="on")

    assert MigrationJob.objects.exists()
    assert FavouritePath.objects.get().path == "D:\\Web"
    assert AuditRecord.objects.filter(deed="path-remembered").count() == 1
    assert '<option value="D:\\Web">' in said(wizard.get("migrate-path"))


def test_the_answer_travels_with_the_address_and_a_known_path_is_remembered_once(wizard: Wizard, move: Move) -> None:
    FavouritePath.objects.create(host=move.rows[1], path="D:\\WEB")

    assert 'name="remember" value="on"' in said(wizard.get("migrate-networks", folder="D:\\Web", remember="on"))
    wizard.move(folder="D:\\Web", remember="on")

    assert FavouritePath.objects.count() == 1


def test_an_administrator_has_a_path_forgotten(wizard: Wizard, move: Move, admin_client: Any) -> None:
    FavouritePath.objects.create(host=move.rows[1], path="D:\\Web")
    address = reverse("host-path-forget", args=[move.rows[1].pk])

    html = admin_client.post(address, {"path": "D:\\Web"}, follow=True).content.decode()

    assert "D:\\Web is not proposed for HV02 any more." in html
    assert not FavouritePath.objects.exists()
