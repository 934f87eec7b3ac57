"""Ordered faults strike the calls they were ordered for, as often as ordered, and are used up."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hosts.providers.errors import NotEnoughMemory
from lab.hyperv.faults import Fault, FaultBook, FaultKind
from lab.hyperv.shells import DropConnection, Garbage
from tests.lab.support import HostInside, ScriptFailed, command_line, stdin_of


def test_an_order_strikes_as_often_as_it_says(tmp_path: Path) -> None:
    book = FaultBook(tmp_path / "faults.json")
    book.add(Fault("save-vm", FaultKind.HANG, times=2, seconds=1))

    struck = [len(book.take(verb)) for verb in ("start-vm", "save-vm", "save-vm", "save-vm")]

    assert struck == [0, 1, 1, 0]


def test_orders_are_taken_once_however_many_ask(tmp_path: Path) -> None:
    FaultBook(tmp_path / "faults.json").add(Fault("copy", FaultKind.CORRUPT, times=5))

    with ThreadPoolExecutor(max_workers=4) as threads:
        struck = list(threads.map(lambda _: len(FaultBook(tmp_path / "faults.json").take("copy")), range(40)))

    assert sum(struck) == 5


def test_a_full_volume_stands_until_it_is_freed(host: HostInside) -> None:
    host.control.fill("D:")
    free = [volume["free_bytes"] for volume in host.run("inspect-host")["volumes"]]
    host.control.free("D:")

    assert free[0] > 0
    assert free[1] == 0
    assert host.run("inspect-host")["volumes"][1]["free_bytes"] > 0


def test_a_refusal_names_the_kind_and_sentence_ordered(host: HostInside) -> None:
    host.control.fail("sample-host", NotEnoughMemory("HV01", "There is no memory left."))

    with pytest.raises(ScriptFailed, match="no memory left") as failed:
        host.run("sample-host")

    assert failed.value.kind == "NotEnoughMemory"
    assert "cpu_percent" in host.run("sample-host")


def test_a_connection_is_dropped_before_or_after_the_verb(host: HostInside) -> None:
    uid = host.uid("WEB01")
    host.control.drop_before("mark-vm")
    with pytest.raises(DropConnection):
        host.run("mark-vm", VmId=uid, Tag="ferry-7", Hold=True)
    assert host.control.vm("WEB01").notes == ""

    host.control.drop_after("mark-vm")
    with pytest.raises(DropConnection):
        host.run("mark-vm", VmId=uid, Tag="ferry-7", Hold=True)
    assert host.control.vm("WEB01").notes != ""


def test_garbage_can_be_ordered(host: HostInside) -> None:
    host.control.garbage("sample-host")

    with pytest.raises(Garbage):
        host.run("sample-host")


def test_a_hanging_verb_ends_when_the_client_gives_up(host: HostInside) -> None:
    host.control.hang("sample-host", seconds=30)
    cancelled = threading.Event()
    cancelled.set()
    began = time.monotonic()

    host.shell.execute(command_line(), stdin_of("sample-host"), cancelled)

    assert time.monotonic() - began < 5
    assert host.control.pending_faults() == []
