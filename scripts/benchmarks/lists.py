"""Measures the lists with 1,000 hosts, 20,000 virtual machines and 5,000 jobs, in a database of its own.

Run by hand: FERRY_VAR=$(mktemp -d) .venv/bin/python -m scripts.benchmarks lists
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.first_run import migrate_database
from hosts.models import Host, HostGroup, VirtualMachine
from migrations_app.models import MigrationJob
from scripts.benchmarks.in_browser import measure_in_browser
from scripts.benchmarks.make_fleet import make_fleet
from scripts.benchmarks.make_jobs import make_jobs
from scripts.benchmarks.process import running_server
from scripts.benchmarks.served_pages import measure_page
from scripts.benchmarks.table import Row, as_markdown

PAGE_MS = 150


def main() -> None:
    """Prints its own table."""
    if (settings.VAR_DIR / "ferry.sqlite3").exists():
        sys.exit(f"{settings.VAR_DIR} has a database already; take an empty FERRY_VAR.")
    migrate_database()
    make_fleet()
    pages = _pages(make_jobs())
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser("bench", password=None))
    with running_server(["manage.py", "serve", "--no-worker", "--port", "0"]) as server:
        rows = [
            Row(name, measure_page(server.address, server.pid, path, client).figure, f"below {PAGE_MS} ms")
            for name, path in pages.items()
        ]
        key = client.cookies[settings.SESSION_COOKIE_NAME].value
        rows += measure_in_browser(server.url, reverse("vm-list"), key)
    print(f"Load average {os.getloadavg()[0]:.0f}")
    print(as_markdown(rows))


def _pages(job: MigrationJob) -> Mapping[str, str]:
    vm = VirtualMachine.objects.filter(state="running")[777]
    group = HostGroup.objects.get(name="Site 07")
    host = Host.objects.get(name="HV0500")
    vms, hosts = reverse("vm-list"), reverse("host-list")
    return {
        "VM list": vms,
        "VM list, the 300th page": f"{vms}?page=300",
        "VM list, a word": f"{vms}?q=VM05",
        "VM list, a network": f"{vms}?q=LAN",
        "VM list, one status": f"{vms}?status=Stopped",
        "VM list, a host": f"{vms}?host={host.pk}",
        "VM list, a group": f"{vms}?group={group.pk}",
        "VM list, by host": f"{vms}?sort=host",
        "VM list, by disk": f"{vms}?sort=-disk",
        "VM list, by job": f"{vms}?sort=-job",
        "details and verbs of a VM in the list": reverse("vm-list-picked", args=[vm.pk]),
        "page of a VM": reverse("vm-page", args=[vm.pk]),
        "hosts of a group in the tree": reverse("tree-hosts", args=[group.pk]),
        "hosts list": hosts,
        "hosts list, by stars (rates all)": f"{hosts}?sort=-stars",
        "hosts list, a word": f"{hosts}?q=HV05",
        "hosts list, by disk": f"{hosts}?sort=-disk",
        "page of a host": reverse("host-page", args=[host.pk]),
        "select-host page (rates all)": reverse("migrate-host", args=[vm.pk]),
        "jobs list": reverse("job-list"),
        "jobs list, a word": f"{reverse('job-list')}?q=VM0001",
        "page of a job with 300 lines": reverse("job-page", args=[job.pk]),
        "load and ratings of groups (rates all)": reverse("report-groups"),
    }
