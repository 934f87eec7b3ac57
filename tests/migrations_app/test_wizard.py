"""The Migrate wizard, page by page, for somebody who enters what makes sense."""

from __future__ import annotations

from django.test import Client
from django.urls import reverse

from hosts.models import HostGroup, VirtualMachine
from migrations_app.models import MigrationJob
from tests.fakes.moves import Move
from tests.migrations_app.wizard import Wizard, page_of, said


def test_the_first_page_says_how_long_the_outage_will_be_and_why(wizard: Wizard) -> None:
    text = said(wizard.get("migrate"))

    assert "will not be available for a short time" in text
    assert "expected outage" in text
    assert "the rate is assumed, as nothing is measured yet" in text


def test_a_stopped_vm_is_said_to_have_no_outage(wizard: Wizard) -> None:
    VirtualMachine.objects.update(state="off")

    assert "so there is no outage" in said(wizard.get("migrate"))


def test_the_best_host_is_chosen_beforehand_and_a_blocked_one_can_only_be_looked_at(wizard: Wizard, move: Move) -> None:
    text = said(wizard.get("migrate-host", target=None, on=None))

    assert f'value="{move.rows[1].pk}" aria-label="HV02" checked' in text
    assert f'<tr id="host-row-{move.rows[0].pk}" data-chooses class="is-blocked">' in text
    assert "WEB01 is on HV01 already." in text


def test_a_group_as_target_means_its_best_rated_host(wizard: Wizard, move: Move) -> None:
    group = HostGroup.objects.create(name="Elsewhere", parent=HostGroup.objects.get())

    inside = said(wizard.get("migrate-host", target=None, group=HostGroup.objects.get(name="All Hosts").pk))
    empty = said(wizard.get("migrate-host", target=None, group=group.pk))

    assert 'aria-label="HV02" checked' in inside
    assert 'name="target"' not in empty


def test_the_path_of_the_source_is_preset_where_the_target_has_its_volume(wizard: Wizard) -> None:
    answer = wizard.get("migrate-path", folder=None, on=None)

    assert page_of(answer) == "migrate-path"
    assert 'value="D:\\VMs"' in said(answer)


def test_the_network_of_the_same_name_is_preset(wizard: Wizard) -> None:
    answer = wizard.get("migrate-networks", net_0=None)

    assert '<option value="to:LAN" selected>LAN</option>' in said(answer)


def test_the_summary_shows_every_choice_and_every_check(wizard: Wizard) -> None:
    text = said(wizard.get("migrate-summary", keep="on", limit="50"))

    assert "D:\\VMs\\WEB01" in text
    assert "D:\\ of HV02 has room for" in text
    assert "Network Adapter stays on LAN." in text
    assert 'id="id_keep" value="on" checked' in text
    assert 'name="move" value="yes">' in text


def test_move_makes_the_job_and_shows_it(wizard: Wizard) -> None:
    answer = wizard.move(keep="on", limit="50")

    job = MigrationJob.objects.get()
    assert page_of(answer) == "job-page"
    assert job.created_by is not None
    assert (job.created_by.username, job.target_name) == ("operator", "HV02")
    assert (job.plan["keeps_source_files"], job.plan["limit_bytes_per_s"]) == (True, 50 << 20)


def test_back_keeps_what_was_entered(wizard: Wizard) -> None:
    text = said(wizard.get("migrate-summary", folder="D:\\Elsewhere"))

    assert "migrate/networks/?" in text
    assert "folder=D%3A%5CElsewhere" in text


def test_another_host_begins_with_its_own_paths(wizard: Wizard) -> None:
    answer = wizard.get("migrate-path", on=999, folder="E:\\Of another host")

    assert "E:\\Of another host" not in said(answer)
    assert 'value="D:\\VMs"' in said(answer)


def test_looking_at_every_page_leaves_no_trace(wizard: Wizard) -> None:
    for page in ("migrate", "migrate-host", "migrate-path", "migrate-networks", "migrate-summary"):
        assert wizard.get(page).status_code == 200

    assert not MigrationJob.objects.exists()
    assert VirtualMachine.objects.get(name="WEB01").activity == ""


def test_new_options_are_checked_without_ordering_the_move(wizard: Wizard) -> None:
    address = reverse("migrate-move", args=[wizard.vm.pk])

    answer = wizard.client.post(address, {**wizard.state, "limit": "20", "check": "yes"}, follow=True)

    assert page_of(answer) == "migrate-summary"
    assert 'value="20"' in said(answer)
    assert not MigrationJob.objects.exists()


def test_the_wizard_needs_somebody_who_is_signed_in(move: Move, client: Client) -> None:
    vm = VirtualMachine.objects.get(name="WEB01")

    for page in ("migrate", "migrate-host", "migrate-path", "migrate-networks", "migrate-summary", "migrate-move"):
        answer = client.post(reverse(page, args=[vm.pk]))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/sign-in/")


def test_the_summary_tells_the_parts_of_the_forecast_and_where_its_figures_come_from(wizard: Wizard) -> None:
    text = said(wizard.get("migrate-summary"))

    assert "How this was worked out" in text
    assert "Save, register, restore <span" in text
    assert "57 MB/s (29 MB/s to 114 MB/s)" in text
    assert "assumed, as nothing is measured yet" in text
