"""The migration defaults: stored by administrators, preset in the wizard and in plans, overridden by what is chosen."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from hosts.inventory import add_this_machine
from hosts.models import AuditRecord, Host, MoveDefaults
from hosts.move_defaults import move_defaults
from hosts.providers import PROVIDERS
from migrations_app.engine.plan import DEFAULT_ROUNDS
from migrations_app.models import MigrationJob
from migrations_app.plans import Choices
from migrations_app.presets import with_defaults
from tests.migrations_app.test_live_move import LIVE
from tests.migrations_app.wizard import Wizard, said

ENTERED = {"prefers": "live", "max_rounds": "3", "limit": "", "max_moves_in": "2", "max_moves_out": "2"}


@pytest.fixture
def administrator(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def store(client: Client, **changes: str) -> str:
    return client.post(reverse("move-defaults"), ENTERED | changes, follow=True).content.decode()


def kept(**changes: Any) -> None:
    MoveDefaults.objects.create(pk=1, **changes)


def test_without_a_row_a_move_is_made_as_the_engine_would_make_it() -> None:
    assert MoveDefaults().max_rounds == DEFAULT_ROUNDS


def test_the_defaults_are_stored_shown_and_recorded(administrator: Client) -> None:
    html = store(administrator, prefers="quick", limit="50", keeps_source_files="on", max_moves_in="4")

    found, record = move_defaults(), AuditRecord.objects.all()[0]
    assert "The migration defaults were stored." in html
    assert (found.prefers_live, found.limit_bytes_per_s, found.keeps_source_files) == (False, 50 << 20, True)
    assert (record.who, record.deed, record.before["preferred"]) == ("admin", "move-defaults", "Live Migration")
    assert record.after["moves into a new host"] == 4
    assert 'value="quick" checked' in administrator.get(reverse("move-defaults")).content.decode()


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"prefers": "both"}, "Choose one of the two."),
        ({"prefers": ""}, "Choose one of the two."),
        ({"max_rounds": "9"}, "Delta rounds at most: give a whole number from 0 to 8."),
        ({"max_rounds": ""}, "Delta rounds at most: give a whole number from 0 to 8."),
        ({"limit": "0"}, "Give the limit as a whole number of MB/s"),
        ({"limit": "<script>alert(1)</script>"}, "Give the limit as a whole number of MB/s"),
        ({"max_moves_in": "-1"}, "Moves in at a time: give a whole number from 0 to 100."),
        ({"max_moves_out": "9" * 40}, "Moves out at a time: give a whole number from 0 to 100."),
    ],
)
def test_nonsense_is_refused_with_a_sentence(administrator: Client, changes: dict[str, str], sentence: str) -> None:
    html = administrator.post(reverse("move-defaults"), ENTERED | changes).content.decode()

    assert sentence in html
    assert "Nothing was stored." in html
    assert not MoveDefaults.objects.exists()


def test_the_wizard_begins_with_the_defaults(wizard: Wizard) -> None:
    kept(keeps_source_files=True, limit_bytes_per_s=50 << 20, max_rounds=1)

    html = said(wizard.get("migrate-summary"))
    wizard.move()

    assert 'id="id_keep" value="on" checked' in html
    assert 'class="short" value="50"' in html
    plan = MigrationJob.objects.get().plan
    assert (plan["keeps_source_files"], plan["limit_bytes_per_s"], plan["max_rounds"]) == (True, 50 << 20, 1)


def test_what_is_chosen_in_the_wizard_overrides_the_defaults(wizard: Wizard) -> None:
    kept(keeps_source_files=True, limit_bytes_per_s=50 << 20, max_rounds=1)

    wizard.move(keep="false", limit="", rounds="2")

    plan = MigrationJob.objects.get().plan
    assert (plan["keeps_source_files"], plan["limit_bytes_per_s"], plan["max_rounds"]) == (False, 0, 2)


def test_a_box_that_is_taken_away_stays_away_on_the_next_page(wizard: Wizard) -> None:
    kept(keeps_source_files=True)
    address = reverse("migrate-move", args=[wizard.vm.pk])

    answer = wizard.client.post(address, {**wizard.state, "keep": "false", "check": "yes"}, follow=True)

    assert 'id="id_keep" value="on" aria' in said(answer)


def test_plans_and_the_command_go_by_the_defaults(wizard: Wizard) -> None:
    chosen = Choices(wizard.vm, Host.objects.get(name="HV02"), "D:\\VMs", {}, "")
    from_start = with_defaults(chosen)
    kept(prefers_live=False, saves_state=True, max_rounds=0)
    changed = with_defaults(chosen)

    assert (from_start.wants_quick, from_start.streams_state, from_start.max_rounds) == (False, True, 3)
    assert (changed.wants_quick, changed.streams_state, changed.max_rounds) == (True, False, 0)


def test_a_host_that_is_added_takes_as_many_moves_as_the_defaults_say(admin: User) -> None:
    kept(max_moves_in=5, max_moves_out=0)

    here = add_this_machine(admin, "Console")

    assert (here.max_moves_in, here.max_moves_out) == (5, 0)


@pytest.mark.parametrize(
    ("prefers_live", "chosen", "is_live", "reason"),
    [
        (True, None, True, "the migration defaults prefer Live Migration."),
        (False, None, False, "the migration defaults prefer Quick Migration."),
        (True, "quick", False, "Quick Migration was chosen."),
        (False, "live", True, "Live Migration was chosen."),
    ],
)
def test_the_wizard_says_which_way_it_goes_and_by_which_setting_or_choice(
    wizard: Wizard, prefers_live: bool, chosen: str | None, is_live: bool, reason: str
) -> None:
    PROVIDERS["fake"] = LIVE
    kept(prefers_live=prefers_live)

    page, summary = said(wizard.get("migrate", transfer=chosen)), said(wizard.get("migrate-summary", transfer=chosen))
    wizard.move(transfer=chosen)

    assert reason in page
    assert reason in summary
    assert MigrationJob.objects.get().plan["is_live"] is is_live
