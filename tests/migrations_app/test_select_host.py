"""The wizard's page of hosts: streamed, narrowed, rated with what was asked for, and checked thoroughly on demand."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from hosts.inventory import root_group
from hosts.models import Host, HostGroup, ThoroughCheck
from hosts.providers.types import Secret
from migrations_app.candidates import PAGE_SIZE
from migrations_app.models import MigrationJob
from tests.fakes.moves import Move
from tests.migrations_app.past_jobs import Course, past_job
from tests.migrations_app.wizard import Wizard, page_of, said


def host_names(wizard: Wizard, **query: str) -> list[str]:
    text = said(wizard.get("migrate-host", target=None, on=None, **query))
    return re.findall(r'name="target" id="host-\d+" value="\d+" aria-label="([^"]+)"', text)


def more_hosts(count: int, **changes: object) -> None:
    fields = {"kind": "fake", "state": "responding", "cpu_count": 8, "memory_mb": 8192, "memory_available_mb": 8000}
    Host.objects.bulk_create(
        Host(name=f"X{n:03}", group=root_group(), password=Secret("x"), **fields | changes) for n in range(count)
    )


def test_the_head_of_the_page_goes_out_before_any_host_is_rated(wizard: Wizard) -> None:
    answer: Any = wizard.client.get(reverse("migrate-host", args=[wizard.vm.pk]))
    pieces = iter(answer.streaming_content)

    with CaptureQueriesContext(connection) as context:
        head = next(pieces).decode()

    assert len(context) == 0
    assert "Select the host for WEB01" in head
    assert "HV02" not in head
    assert "HV02" in b"".join(pieces).decode()


def test_the_page_is_whole_and_closes_what_it_opens(wizard: Wizard) -> None:
    text = said(wizard.get("migrate-host"))

    assert text.count("<tbody>") == text.count("</tbody>") == 1 + text.count("factors")
    assert text.rstrip().endswith("</html>")
    assert "<!-- the hosts -->" not in text


def test_words_a_group_and_suitability_narrow_the_list(wizard: Wizard, move: Move) -> None:
    berlin = HostGroup.objects.create(name="Berlin", parent=root_group())
    Host.objects.filter(name="HV02").update(group=berlin)

    assert host_names(wizard) == ["HV02", "HV01"]
    assert host_names(wizard, q="berlin") == ["HV02"]
    assert host_names(wizard, group=str(berlin.pk)) == ["HV02"]
    assert host_names(wizard, suitable="yes") == ["HV02"]
    assert host_names(wizard, q="nowhere") == []


@pytest.mark.parametrize("query", [{"group": "x"}, {"group": "999"}, {"q": "<script>alert(1)</script>"}])
def test_nonsense_in_the_filter_makes_no_error(wizard: Wizard, query: dict[str, str]) -> None:
    text = said(wizard.get("migrate-host", target=None, on=None, **query))

    assert "<script>alert" not in text
    assert "can take the virtual machine." in text


def test_a_page_has_a_hundred_hosts_and_the_chosen_one_from_another_page(wizard: Wizard, move: Move) -> None:
    more_hosts(PAGE_SIZE + 20)

    first = host_names(wizard)
    chosen = said(wizard.get("migrate-host", target=move.rows[0].pk, on=None))

    assert len(first) == PAGE_SIZE
    assert "HV01" not in first
    assert f'value="{move.rows[0].pk}" aria-label="HV01" checked' in chosen


def test_a_hundred_hosts_take_as_many_queries_as_two(wizard: Wizard) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as context:
            said(wizard.get("migrate-host", target=None, on=None))
        return len(context)

    few = queries()
    more_hosts(PAGE_SIZE)

    assert queries() <= few + 1  # SQLite fetches the parts of many hosts in two batches


@pytest.mark.parametrize("tab", ["details", "rating", "transfer", "nonsense", "<script>"])
def test_every_tab_tells_of_the_chosen_host(wizard: Wizard, move: Move, tab: str) -> None:
    answer = wizard.get("migrate-host-about", tab=tab)

    assert answer.status_code == 200
    assert "About HV02" in said(answer)
    assert "<script>" not in said(answer)
    assert answer["HX-Replace-Url"].startswith(reverse("migrate-host", args=[wizard.vm.pk]))


def test_a_factor_is_told_with_its_part_of_the_stars_and_the_load_on_both_hosts(wizard: Wizard) -> None:
    text = said(wizard.get("migrate-host-about", tab="rating"))

    for words in ("HV02, with WEB01", "HV01, without it", "Weight", "Share", "Nothing speaks against HV02."):
        assert words in text


def test_a_blocked_host_says_why_and_what_to_do(wizard: Wizard, move: Move) -> None:
    text = said(wizard.get("migrate-host-about", target=move.rows[0].pk))

    assert "data-blocked=" in text
    assert "WEB01 is on HV01 already." in text
    assert "Choose another host." in text


@pytest.mark.parametrize("page", ["migrate-host-about", "migrate-host-checked"])
@pytest.mark.parametrize("target", ["", "999", "x", "-1"])
def test_the_panel_of_no_host_is_not_found(wizard: Wizard, page: str, target: str) -> None:
    assert wizard.get(page, target=target).status_code == 404


def test_a_click_asks_for_the_thorough_check_and_polls_until_it_is_done(wizard: Wizard, move: Move) -> None:
    address = reverse("migrate-host-check", args=[wizard.vm.pk])
    answer = wizard.client.post(address, {**wizard.state, "then": "about"}, follow=True)
    check = ThoroughCheck.objects.get()

    assert page_of(answer) == "migrate-host-about"
    assert 'hx-trigger="every 500ms"' in said(answer)
    assert wizard.get("migrate-host-checked", check=check.pk).status_code == 204
    finish(check, differences=["HV02 has less memory available than it told before."])
    text = said(wizard.get("migrate-host-checked", check=check.pk))
    assert "HV02 has less memory available than it told before." in text
    assert f'id="stars-{move.rows[1].pk}" hx-swap-oob="true"' in text
    assert "every 500ms" not in text


def test_without_scripts_the_check_leads_back_to_the_page(wizard: Wizard) -> None:
    answer = wizard.client.post(reverse("migrate-host-check", args=[wizard.vm.pk]), wizard.state, follow=True)

    assert page_of(answer) == "migrate-host"
    assert "are being asked now." in said(answer)
    assert "Look again" in said(answer)


@pytest.mark.parametrize("check", ["x", "999", "-1", "9" * 30])
def test_a_forged_check_is_no_check(wizard: Wizard, check: str) -> None:
    text = said(wizard.get("migrate-host-about", check=check))

    assert "The stars are preliminary" in text


def test_a_check_of_another_host_is_not_shown(wizard: Wizard, move: Move) -> None:
    check = ThoroughCheck.objects.create(vm=wizard.vm, host=move.rows[0], options={})

    assert "are being asked now" not in said(wizard.get("migrate-host-about", check=check.pk))


def test_a_check_that_nobody_answers_is_given_up(wizard: Wizard, move: Move) -> None:
    check = ThoroughCheck.objects.create(vm=wizard.vm, host=move.rows[1], options={}, state="failed")

    assert "The thorough check got no answer." in said(wizard.get("migrate-host-checked", check=check.pk))


def test_importances_change_the_stars_and_stay_in_the_address(wizard: Wizard) -> None:
    Host.objects.filter(name="HV02").update(cpu_percent=60, mean_cpu_percent=60, load_count=5)
    weights = {"w_memory": "0", "w_disk": "0", "w_network": "0", "w_cpu": "10"}

    by_cpu = stars_of(said(wizard.get("migrate-host", **weights)))
    by_default = stars_of(said(wizard.get("migrate-host")))

    assert by_cpu < by_default
    assert "w_cpu=10" in said(wizard.get("migrate-summary", **weights))


def test_the_job_keeps_what_it_was_rated_with(wizard: Wizard) -> None:
    page = said(wizard.move(goal="consolidate", w_cpu="9", load_cpu="50"))

    assert "when the move was ordered" in page
    assert "Goal: resource maximization." in page
    rating = MigrationJob.objects.get().rating
    assert rating is not None
    assert (rating["options"]["goal"], rating["options"]["cpu_weight"]) == ("consolidate", 9)
    assert rating["options"]["expected"]["cpu_percent"] == 50


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"w_cpu": "11"}, "CPU: give the importance as a whole number from 0 to 10."),
        ({"w_cpu": "<script>alert(1)</script>"}, "CPU: give the importance as a whole number from 0 to 10."),
        ({"goal": "best"}, "Goal: choose one of the two."),
        ({"load_cpu": "-1"}, "Processors: give a number from 0 to 100."),
    ],
)
def test_weights_that_are_none_are_told_and_the_defaults_hold(
    wizard: Wizard, query: dict[str, str], sentence: str
) -> None:
    text = said(wizard.get("migrate-host", **query))

    assert sentence in text
    assert "The hosts are rated with the defaults." in text
    assert "<script>alert" not in text


def test_the_dialog_is_a_page_as_well(wizard: Wizard) -> None:
    text = said(wizard.get("migrate-host-ratings", w_cpu="7"))

    assert 'id="id_w_cpu" value="7"' in text
    assert "Rate anew" in text
    assert "Save as default" not in text


def stars_of(text: str) -> float:
    """Those of the first host of the list."""
    return float(re.findall(r'aria-label="([\d.]+) of 5 stars"', text)[0])


def finish(check: ThoroughCheck, differences: list[str]) -> None:
    result = {
        "asked_at": check.asked_at.isoformat(),
        "cheap_stars": 4.5,
        "stars": 3.0,
        "findings": [{"level": "ok", "text": "HV02 answered.", "action": ""}],
        "differences": differences,
    }
    ThoroughCheck.objects.filter(pk=check.pk).update(state="done", result=result, done_at=check.asked_at)


def test_the_limit_that_was_entered_makes_the_outages_of_the_list_longer(wizard: Wizard) -> None:
    free, limited, nonsense = (
        re.findall(r"<td>([^<]* s)</td>", said(wizard.get("migrate-host", limit=limit))) for limit in ("", "5", "-3")
    )

    assert free == nonsense == ["5 to 32 s"]
    assert limited == ["1 min 43 s to 1 min 56 s"]


def test_earlier_moves_between_the_hosts_narrow_the_forecast(wizard: Wizard, move: Move) -> None:
    for _ in range(10):
        past_job(move.rows[0], move.rows[1], Course(outage_s=12), plan_memory_mb=512)

    text = said(wizard.get("migrate-host", tab="transfer"))

    assert "the rate is measured on 10 earlier moves between these hosts" in text
    assert "<td>6 to 9 s</td>" in text
