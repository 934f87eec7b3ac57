"""A served lab with host groups and a user of each role, and the words a role is refused with."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.hyperv.control import Lab
from lab.hyperv.spec import small_spec
from tests.journeys.browser import Desk
from tests.served import Served

HIDDEN_HOST, HIDDEN_VM = "HV03", "ARCHIVE01"


@contextmanager
def served_with_groups(folder: Path) -> Iterator[Served]:
    """HV01 and HV02 are in the group Berlin, whose operator is "operator"; HV03 with ARCHIVE01 is not."""
    Lab.create(folder / "lab", small_spec())
    server = Served(folder)
    server.start()
    server.sign_in()
    server.post("hosts/groups/add/", name="Berlin", parent="1")
    berlin = server.value("SELECT id FROM hosts_hostgroup WHERE name='Berlin'")
    for host in ("HV01", "HV02"):
        server.post("hosts/regroup/", hosts=server.key_of("host", host), group=berlin)
    operator = server.value("SELECT id FROM auth_user WHERE username='operator'")
    server.post(f"users/{operator}/", role="Operator", groups=berlin)
    yield server
    server.process.kill()
    server.lab.destroy()
    shutil.rmtree(folder)


def other_end(server: Served, vm: str) -> str:
    """The host of the group Berlin on which the VM is not."""
    query = "SELECT h.name FROM hosts_virtualmachine v JOIN hosts_host h ON h.id=v.host_id WHERE v.name=?"
    return {"HV01": "HV02", "HV02": "HV01"}[server.value(query, vm)]


def refusal(desk: Desk, path: str) -> str:
    """The sentence of the page that refuses the address; "" when it does not."""
    answer = desk.page.goto(path)
    assert answer is not None
    if answer.status != 403 or desk.page.get_by_role("heading", level=1).inner_text() != "You may not do this.":
        return ""
    text = desk.page.locator("main").inner_text()
    assert not re.search(r"Traceback|Exception|\.py\b", text), text
    return text.splitlines()[2].strip()
