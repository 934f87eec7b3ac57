"""Ferry as a user has it: `manage.py serve` with a lab in a process of its own, spoken to over HTTP only."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urljoin

import psycopg
import requests

from lab.hyperv.control import Lab
from tests.lab_moves import wait_until

REPOSITORY = Path(__file__).resolve().parent.parent


class Served:
    """The server with its data in `var`. Started again after a kill, it finds what it left.

    `settings`: FERRY_... names of its environment; `options`: of the command; `labs`: those that say which labs it has.
    """

    def __init__(
        self,
        var: Path,
        settings: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
        labs: tuple[str, ...] = ("--lab",),
    ) -> None:
        self.var = var
        around = {name: value for name, value in os.environ.items() if name != "FERRY_PROBES"}  # as a user has it
        self.environment = {**around, "FERRY_VAR": str(var), "PYTHONUNBUFFERED": "1", **(settings or {})}
        self._options = (*labs, *options)
        self.lines: list[str] = []
        self.session = requests.Session()
        self.session.trust_env = False
        self._passwords: dict[str, str] = {}

    def start(self) -> None:
        """Returns when the console answers."""
        command = [sys.executable, "manage.py", "serve", "--port", "0", *self._options]
        self.process = subprocess.Popen(
            command, cwd=REPOSITORY, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.lines = []
        threading.Thread(target=self._read, daemon=True).start()
        wait_until(lambda: bool(self._said(r"Ferry is at (\S+)")), "the console answers")
        self.address = self._said(r"Ferry is at (\S+)")
        self._passwords |= dict(re.findall(r"Name: (\S+)  Password: (\S+)", self.output))

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    @property
    def password(self) -> str:
        """The first administrator's, as it was printed once."""
        return self.password_of("admin")

    def password_of(self, user: str) -> str:
        """Of one of those made on the first start."""
        return self._passwords[user]

    @property
    def lab(self) -> Lab:
        return Lab.open(self.var / "lab")

    def kill(self) -> None:
        """As kill -9 does it."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """As Ctrl-C does it; returns the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)

    def sign_in(self) -> None:
        self.post("sign-in/", username="admin", password=self.password)

    def get(self, path: str) -> requests.Response:
        answer = self.session.get(urljoin(self.address, path), timeout=30)
        answer.raise_for_status()
        return answer

    def post(self, path: str, **fields: str) -> requests.Response:
        """A form, with the token of its page."""
        self.get("sign-in/")
        token = self.session.cookies["csrftoken"]
        body = {**fields, "csrfmiddlewaretoken": token}
        return self.session.post(urljoin(self.address, path), data=body, timeout=30)

    def order_move(self, vm: str, target: str, **answers: str) -> int:
        """Through the wizard with its presets but for these answers, as a browser without JavaScript does it; the job's
        number."""
        pk, host = self.key_of("virtualmachine", vm), self.key_of("host", target)
        page = self.get(f"vms/{pk}/migrate/networks/?target={host}&on={host}").text
        fields = dict(re.findall(r'name="(net-\d+)".*?<option value="(to:[^"]+)" selected', page, re.DOTALL))
        answer = self.post(f"vms/{pk}/migrate/move/", target=host, on=host, move="", **answers, **fields)
        found = re.search(r"/jobs/(\d+)/", answer.url)
        assert found, answer.text
        return int(found[1])

    def value(self, query: str, *parameters: object) -> str:
        """One value of the server's database, read beside it."""
        if url := self.environment.get("FERRY_DATABASE_URL"):
            with psycopg.connect(url) as other:
                found = other.execute(query.replace("?", "%s").encode(), parameters).fetchone()
            return str(found[0]) if found else ""
        with sqlite3.connect(f"file:{self.var}/ferry.sqlite3?mode=ro", uri=True, timeout=20) as database:
            row = database.execute(query, parameters).fetchone()
        return str(row[0]) if row else ""

    def key_of(self, kind: str, name: str) -> str:
        """`kind`: of the inventory, such as host."""
        return self.value(f"SELECT id FROM hosts_{kind} WHERE name=?", name)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def _said(self, pattern: str) -> str:
        found = re.search(pattern, self.output)
        return found[1] if found else ""
