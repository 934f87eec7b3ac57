"""Where the script of a move is read and downloaded: from the wizard's summary, and from the page of its job."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from hosts.models import Host, VirtualMachine
from hosts.providers.types import Secret
from migrations_app.engine.plan import Plan
from migrations_app.models import MigrationJob
from migrations_app.schedule import Schedule
from migrations_app.script import as_file, script_for, surroundings
from tests.fakes.moves import Move
from tests.migrations_app.wizard import Wizard, page_of, said


@pytest.fixture
def job(move: Move) -> MigrationJob:
    """A move between two hosts that have a script."""
    return of_hyper_v(move.order())


def of_hyper_v(job: MigrationJob) -> MigrationJob:
    Host.objects.update(kind=Host.Kind.HYPERV, password=Secret("pw-of-the-hosts"))
    job.refresh_from_db()
    return job


def shown(page: str) -> str:
    """The text that is shown as the script."""
    found = re.search(r'<pre class="script-text".*?>(.*?)</pre>', page, re.DOTALL)
    assert found is not None
    return html.unescape(re.sub(r"</?span.*?>", "", found.group(1)))


def script_of(job: MigrationJob) -> str:
    assert job.source is not None
    assert job.target is not None
    return script_for(Plan.from_json(job.plan), surroundings(job.source, job.target, Schedule.of(job)))


def test_the_page_of_a_job_shows_the_script_of_its_plan(job: MigrationJob, signed_in: Client) -> None:
    page = signed_in.get(reverse("job-script", args=[job.pk])).content.decode()

    assert shown(page) == script_of(job)
    assert 'aria-current="page">Script<' in page
    assert "pw-of-the-hosts" not in page
    assert job.tag not in shown(page)


def test_the_file_is_what_the_page_shows(job: MigrationJob, signed_in: Client) -> None:
    answer = signed_in.get(reverse("job-script-file", args=[job.pk]))

    assert answer.content == as_file(script_of(job))
    assert answer["Content-Disposition"] == 'attachment; filename="move-WEB01-to-HV02.ps1"'


def test_the_wizard_and_the_job_that_it_orders_have_the_same_script(wizard: Wizard, move: Move) -> None:
    Host.objects.update(kind=Host.Kind.HYPERV)
    before = shown(said(wizard.get("migrate-script", limit="7", rounds="2")))
    file = wizard.client.get(
        reverse("migrate-script-file", args=[wizard.vm.pk]), wizard.state | {"limit": 7, "rounds": 2}
    )
    Host.objects.update(kind="fake")
    wizard.move(limit="7", rounds="2")

    assert f"$LimitBytesPerS = {7 << 20}," in before
    assert before == script_of(of_hyper_v(MigrationJob.objects.get()))
    assert file.content == as_file(before)


def test_the_summary_leads_to_the_script_with_the_options_as_they_were_entered(wizard: Wizard) -> None:
    state = {**wizard.state, "limit": "9", "script": "yes"}
    answer = wizard.client.post(reverse("migrate-move", args=[wizard.vm.pk]), state, follow=True)

    assert page_of(answer) == "migrate-script"
    assert 'name="script"' in said(wizard.get("migrate-summary"))
    assert MigrationJob.objects.count() == 0
    assert "limit=9" in answer.redirect_chain[0][0]


def test_the_script_of_a_window_waits_for_it(wizard: Wizard) -> None:
    Host.objects.update(kind=Host.Kind.HYPERV)
    year = timezone.now().year + 1

    text = shown(said(wizard.get("migrate-script", cut="window", until=f"{year}-03-01T02:00")))

    assert f"$CutOverUntil = ([datetime]'{year}-03-01T02:00:00Z')" in text
    assert "-Step 'Hold'" in text


def test_a_wrong_answer_leads_back_to_where_it_was_given(wizard: Wizard) -> None:
    assert page_of(wizard.get("migrate-script", folder="relative")) == "migrate-path"
    assert page_of(wizard.get("migrate-script", target=None, on=None)) == "migrate-host"
    assert page_of(wizard.get("migrate-script", rounds="many")) == "migrate-summary"
    assert page_of(wizard.get("migrate-script-file", rounds="many")) == "migrate-summary"


def test_hosts_of_another_kind_have_no_script_and_the_page_says_why(wizard: Wizard, move: Move) -> None:
    page = said(wizard.get("migrate-script"))

    assert "There is a script for moves between Hyper-V hosts only" in page
    assert "script-text" not in page
    assert wizard.get("migrate-script-file").status_code == 404


def test_a_name_cannot_break_out_of_the_page(wizard: Wizard) -> None:
    Host.objects.update(kind=Host.Kind.HYPERV)
    VirtualMachine.objects.update(name="</pre><script>alert('x')</script>")

    page = said(wizard.get("migrate-script"))

    assert "<script>alert" not in page
    assert "$VmName = '</pre><script>alert(''x'')</script>'" in shown(page)


def test_a_job_whose_host_was_removed_keeps_its_script(job: MigrationJob, signed_in: Client) -> None:
    MigrationJob.objects.update(source=None)

    text = shown(signed_in.get(reverse("job-script", args=[job.pk])).content.decode())

    assert "$SourceHost = 'HV01'" in text


def test_a_host_known_by_its_address_is_called_by_its_name(job: MigrationJob) -> None:
    Host.objects.filter(name="HV01").update(address="10.0.0.1", computer_name="SRV-HV01")
    Host.objects.filter(name="HV02").update(address="hv02.lab.example", computer_name="SRV-HV02")
    job.refresh_from_db()

    assert "$SourceHost = 'SRV-HV01'" in script_of(job)
    assert "$TargetHost = 'hv02.lab.example'" in script_of(job)


def test_nobody_reads_a_script_without_signing_in(job: MigrationJob, client: Client) -> None:
    for name in ("job-script", "job-script-file", "job-changes", "job-log"):
        assert client.get(reverse(name, args=[job.pk])).status_code == 302
