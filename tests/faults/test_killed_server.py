"""kill -9 of the whole server, in the copy and in the outage: the next start ends the move, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.hyperv.checker import GuestAnswer, await_answer, prove
from tests.lab_moves import wait_until
from tests.served import Served

STEP = "SELECT bytes_done FROM migrations_app_jobstep WHERE job_id=? AND key=? AND status='running'"
RESULT = "SELECT result FROM migrations_app_jobstep WHERE job_id=? AND key=?"
STATUS = "SELECT status FROM migrations_app_migrationjob WHERE id=?"


@pytest.fixture
def served(migrated_var: Path) -> Iterator[Served]:
    server = Served(migrated_var)
    server.start()
    yield server
    server.process.kill()
    server.lab.destroy()


@pytest.mark.parametrize("step", ["copy", "copy-rest"])
def test_a_move_survives_the_kill_of_the_server(served: Served, step: str) -> None:
    before, job = _slow_move(served)
    wait_until(lambda: served.value(STEP, job, step) not in ("", "0"), f"{step} has copied something")

    served.kill()
    assert len(served.lab.running("WEB01")) <= 1
    served.lab.host("HV02").clear_faults()
    served.start()

    wait_until(lambda: served.value(STATUS, job) in ("done", "failed"), "the job has ended")
    assert served.value(STATUS, job) == "done", served.output
    proof = prove(served.lab, "WEB01", before)
    assert proof.holds, str(proof)
    assert served.lab.running("WEB01") == ["HV02"]
    assert served.lab.host("HV01").stray_files() == []
    assert "Nobody looked" in served.get(f"jobs/{job}/").text
    files = json.loads(served.value(RESULT, job, step))["files"]
    assert [file["source_path"] for file in files if file["sent_bytes"] > file["size_bytes"]] == []


def test_a_second_start_keeps_the_data_and_the_password_is_shown_once(served: Served) -> None:
    password = served.password
    assert served.stop() == 0

    served.start()

    assert served.password == password
    assert "Password" not in served.output
    assert served.value("SELECT count(*) FROM hosts_host") == "3"
    served.sign_in()
    assert "WEB01" in served.get("vms/").text
    assert await_answer(served.lab.guest_address("WEB01")).origin == "restored"


def _slow_move(served: Served) -> tuple[GuestAnswer, int]:
    served.sign_in()
    before = await_answer(served.lab.guest_address("WEB01"))
    served.lab.host("HV02").slow_copy(20_000_000, times=20)
    return before, served.order_move("WEB01", "HV02")
