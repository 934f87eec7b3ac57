"""How long a served page takes: over HTTP from a process of its own, one connection for each request."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection

import psutil
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from hosts.units import size

TIMES = 15
WARM_UPS = 3


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of every repetition, the processor time of one, and the queries of one."""

    seconds: list[float]
    queries: int
    cpu_s: float | None = None

    @property
    def figure(self) -> str:
        middle, slowest = 1000 * statistics.median(self.seconds), 1000 * max(self.seconds)
        fastest = 1000 * min(self.seconds)
        cpu = f", CPU {1000 * self.cpu_s:.0f} ms" if self.cpu_s is not None else ""
        return f"{middle:.0f} ms ({fastest:.0f} to {slowest:.0f}){cpu}, {self.queries} queries"


@dataclass(frozen=True, slots=True)
class Served:
    """`first`: until the first byte of the body; `whole`: until the last, with the mean of the server's processor."""

    first: Timed
    whole: Timed
    bytes: int

    @property
    def figure(self) -> str:
        return f"{self.whole.figure}, {size(self.bytes)}"


def measure_page(address: str, pid: int, path: str, client: Client) -> Served:
    """Times from the server at `address`, queries from the same view in this process, as the client's user."""
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    found = count_queries(lambda: client.get(path).getvalue())
    for _ in range(WARM_UPS):
        _fetch(address, path, cookie)
    server = psutil.Process(pid)
    before = server.cpu_times()
    times = [_fetch(address, path, cookie) for _ in range(TIMES)]
    after = server.cpu_times()
    cpu_s = (after.user + after.system - before.user - before.system) / TIMES
    first, whole = ([time[part] for time in times] for part in (0, 1))
    return Served(Timed(first, found), Timed(whole, found, cpu_s), times[0][2])


def count_queries(what: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        what()
    return len(captured)


def _fetch(address: str, path: str, cookie: str) -> tuple[float, float, int]:
    """Seconds to the first byte of the body and to the last, and how many bytes there were."""
    wire = HTTPConnection(address, timeout=60)
    began = time.perf_counter()
    wire.request("GET", path, headers={"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookie}"})
    answer = wire.getresponse()
    body = answer.read(1)
    first = time.perf_counter() - began
    body += answer.read()
    whole = time.perf_counter() - began
    wire.close()
    if answer.status != 200:
        raise RuntimeError(f"{path} answered {answer.status}")
    return first, whole, len(body)
