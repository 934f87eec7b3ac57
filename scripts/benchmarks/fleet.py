"""Measures rating and the pages that show it with 1,000 hosts and 20,000 virtual machines, in a database of its own.

Run by hand: FERRY_VAR=$(mktemp -d) .venv/bin/python -m scripts.benchmarks fleet
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from console.first_run import migrate_database
from hosts.models import Host, VirtualMachine
from hosts.placement import rate_host, rate_hosts, stream_ratings
from hosts.rollup import roll_up
from hosts.series import host_series
from scripts.benchmarks.make_fleet import make_fleet
from scripts.benchmarks.process import running_server
from scripts.benchmarks.served_pages import TIMES, WARM_UPS, Timed, count_queries, measure_page
from scripts.benchmarks.table import Row, as_markdown

RATE_ALL_MS = 100


def main() -> None:
    """Prints its own table."""
    if (settings.VAR_DIR / "ferry.sqlite3").exists():
        sys.exit(f"{settings.VAR_DIR} has a database already; take an empty FERRY_VAR.")
    migrate_database()
    began = time.monotonic()
    make_fleet()
    made_s = time.monotonic() - began
    rows = [_fleet_row(made_s), *_rating_rows(), *_load_rows(), *_page_rows()]
    print(as_markdown(rows))


def _fleet_row(made_s: float) -> Row:
    counts = f"{Host.objects.count():,} hosts, {VirtualMachine.objects.count():,} virtual machines"
    return Row("the fleet", f"{counts}; made in {made_s:.0f} s")


def _rating_rows() -> list[Row]:
    pk = VirtualMachine.objects.filter(state="running").values_list("pk", flat=True)[777]

    def vm() -> VirtualMachine:
        return VirtualMachine.objects.select_related("host__group").get(pk=pk)

    one = Host.objects.get(name="HV0500")
    return [
        Row("rate_hosts: all hosts for one VM", _time(lambda: rate_hosts(vm())).figure, f"below {RATE_ALL_MS} ms"),
        Row("stream_ratings: until the first 100", _time(lambda: next(stream_ratings(vm()))).figure),
        Row("rate_host: one host for one VM", _time(lambda: rate_host(vm(), one)).figure),
    ]


def _load_rows() -> list[Row]:
    page = list(Host.objects.values_list("pk", flat=True)[:50])
    everybody = list(Host.objects.values_list("pk", flat=True))
    return [
        Row("sparklines of 50 hosts, 24 h", _time(lambda: host_series(page)).figure),
        Row("sparklines of all hosts, 24 h", _time(lambda: host_series(everybody)).figure),
        Row("roll_up when nothing is due", _time(roll_up).figure),
    ]


def _page_rows() -> list[Row]:
    """Times from a served process over HTTP, queries from the same view in this one."""
    vm_pk = VirtualMachine.objects.filter(state="running").values_list("pk", flat=True)[777]
    pages = {
        "select-host page": reverse("migrate-host", args=[vm_pk]),
        "Hosts list page": reverse("host-list"),
    }
    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.create_superuser("bench", password=None))
    rows = []
    with running_server(["manage.py", "serve", "--no-worker", "--port", "0"]) as server:
        for name, path in pages.items():
            served = measure_page(server.address, server.pid, path, client)
            rows.append(Row(f"{name}: first byte", served.first.figure.partition(", ")[0]))
            rows.append(Row(f"{name}: whole", served.figure))
    return rows


def _time(what: Callable[[], object]) -> Timed:
    for _ in range(WARM_UPS):
        what()
    seconds, cpu_s = [], []
    for _ in range(TIMES):
        began, began_cpu = time.perf_counter(), time.thread_time()
        what()
        seconds.append(time.perf_counter() - began)
        cpu_s.append(time.thread_time() - began_cpu)
    return Timed(seconds, count_queries(what), min(cpu_s))
