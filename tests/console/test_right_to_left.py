"""Names from right to left, and names that hide what turns text: nothing around them is turned, and files keep them."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from console.right_to_left import set_apart
from hosts.models import Host, VirtualMachine
from migrations_app.models import MigrationJob
from tests.journeys.rows import moved_vm
from tests.migrations_app.wizard import said

HEBREW = "שרת הדואר"
TURNED = "\u202egnp.exe"


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        (f"<p>{HEBREW} to HV02</p>", f"<p><bdi>{HEBREW}</bdi> to HV02</p>"),
        ("<p>שרת-01, דואר 12 s</p>", "<p><bdi>שרת-01</bdi>, <bdi>דואר</bdi> 12 s</p>"),
        (f"<p>{TURNED} to HV02</p>", "<p>\ufffdgnp.exe to HV02</p>"),
        (f'<a title="{HEBREW}: 12 s">x</a>', f'<a title="\u2068{HEBREW}\u2069: 12 s">x</a>'),
        (f"<title>{HEBREW} · Ferry</title>", f"<title>\u2068{HEBREW}\u2069 · Ferry</title>"),
        (f'<option value="{HEBREW}">{HEBREW} 2', f'<option value="{HEBREW}">\u2068{HEBREW}\u2069 2'),
        (f"<bdi>{HEBREW}: 1</bdi>", f"<bdi>{HEBREW}: 1</bdi>"),
        (f'<dd dir="auto">{HEBREW}. {TURNED}</dd>', f'<dd dir="auto">{HEBREW}. \ufffdgnp.exe</dd>'),
    ],
)
def test_what_turns_text_is_set_apart_or_shown(html: str, shown: str) -> None:
    assert set_apart(html) == shown
    assert set_apart(shown) == shown


@pytest.mark.parametrize(
    "html",
    [
        "<p>WEB01 … 😀 Größe 虚拟</p>",
        f'<input value="{HEBREW}{TURNED}">',
        f'<a data-uses-folder="D:\\{HEBREW}{TURNED}">x</a>',
        f"<pre>{HEBREW}{TURNED}</pre>",
        f"<textarea>{HEBREW}{TURNED}</textarea>",
    ],
)
def test_what_is_read_by_programs_or_sent_back_stays_as_it_is(html: str) -> None:
    assert set_apart(html) == html


@pytest.fixture
def job(db: None) -> MigrationJob:
    """Both hosts and the virtual machine have names that turn text."""
    job = moved_vm()
    Host.objects.filter(name="HV01").update(name=f"{TURNED}1")
    VirtualMachine.objects.update(name=HEBREW)
    MigrationJob.objects.update(vm_name=HEBREW, source_name=f"{TURNED}1", plan={**job.plan, "vm_name": HEBREW})
    job.refresh_from_db()
    return job


@pytest.mark.parametrize(
    "page", ["/vms/", "/hosts/", "/jobs/", "/vms/{vm}/", "/jobs/{job}/", "/vms/{vm}/migrate/host/"]
)
def test_every_page_sets_names_apart(page: str, job: MigrationJob, signed_in: Client) -> None:
    html = said(signed_in.get(page.format(vm=job.vm_id, job=job.pk)))

    assert set_apart(html) == html
    assert f"<bdi>{HEBREW}</bdi>" in html or "\ufffdgnp.exe1" in html


def test_files_have_the_exact_name(job: MigrationJob, signed_in: Client) -> None:
    listed = signed_in.get(reverse("host-list-csv")).content.decode()
    script = signed_in.get(reverse("job-script-file", args=[job.pk])).content.decode()

    assert f"{TURNED}1" in listed
    assert "\ufffd" not in script
    assert "\u2068" not in script
    assert HEBREW in script
