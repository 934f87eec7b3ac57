"""Ferry as several processes, on PostgreSQL and Redis: pages, beat and two workers, one of which is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from lab.hyperv.checker import GuestAnswer, await_answer, prove
from tests.lab_moves import wait_until
from tests.postgresql import NoPostgresql, postgresql
from tests.redis_server import NoRedis, redis_server
from tests.served import REPOSITORY, Served

OWNER = "SELECT owner FROM migrations_app_migrationjob WHERE id=?"
STATUS = "SELECT status FROM migrations_app_migrationjob WHERE id=?"
COPIED = "SELECT bytes_done FROM migrations_app_jobstep WHERE job_id=? AND key='copy' AND status='running'"
GAPS = "SELECT last_event - (SELECT count(*) FROM migrations_app_jobevent WHERE job_id=j.id) \
    FROM migrations_app_migrationjob j WHERE id=?"


@contextmanager
def running(served: Served, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    log = (served.var / "processes.log").open("ab")
    whole = [sys.executable, "-m", "celery", "-A", "console", *command]
    process = subprocess.Popen(whole, cwd=REPOSITORY, env=served.environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        log.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with ExitStack() as stack:
        try:
            url, socket = stack.enter_context(postgresql()), stack.enter_context(redis_server())
        except (NoPostgresql, NoRedis) as missing:
            pytest.skip(str(missing))
        settings = {
            "FERRY_DATABASE_URL": url,
            "FERRY_BROKER_URL": f"redis+socket://{socket}",
            "FERRY_CHANNEL_REDIS_URL": f"unix://{socket}",
        }
        server = Served(tmp_path / "var", settings, ("--no-worker",))
        server.start()
        stack.callback(server.lab.destroy)
        stack.callback(server.process.kill)
        yield server


def worker(name: str) -> tuple[str, ...]:
    return ("worker", "-P", "threads", "-c", "6", "-n", f"{name}@%h", "--without-gossip")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_move_goes_on_when_its_worker_ends_and_another_one_is_there(served: Served, number: signal.Signals) -> None:
    served.sign_in()
    before = await_answer(served.lab.guest_address("WEB01"))
    served.lab.host("HV02").slow_copy(20_000_000, times=20)
    with (
        running(served, *worker("one")) as one,
        running(served, *worker("two")) as two,
        running(served, "beat", "-s", str(served.var / "beat")),
    ):
        job = served.order_move("WEB01", "HV02")
        wait_until(lambda: served.value(COPIED, job) not in ("", "0"), "the copy has begun")
        owner = {one.pid: one, two.pid: two}[int(served.value(OWNER, job).split(":")[1])]

        owner.send_signal(number)

        wait_until(lambda: served.value(STATUS, job) in ("done", "failed"), "the job has ended")
        assert owner.wait(timeout=30) in (-signal.SIGKILL, 0)
    _assert_moved(served, job, before)


def _assert_moved(served: Served, job: int, before: GuestAnswer) -> None:
    assert served.value(STATUS, job) == "done"
    assert served.value(GAPS, job) == "0"
    proof = prove(served.lab, "WEB01", before)
    assert proof.holds, str(proof)
    assert "Completed" in served.get(f"jobs/{job}/").text
