"""What the Hyper-V provider makes of answers, good and malformed."""

from __future__ import annotations

from typing import Any

import pytest

from hosts.providers.claims import Claim
from hosts.providers.errors import ProtocolError, Refused
from hosts.providers.hyperv.provider import HyperVProvider
from hosts.providers.hyperv.script_text import script_text
from hosts.providers.types import CopyOrder, HashOrder, Secret, VmState, WorkState
from tests.providers.samples import (
    ENDPOINT,
    HOST,
    LOAD,
    TAG,
    TOP,
    UID,
    VM,
    WORK,
    RecordingShell,
    as_json,
)


def provider(**changed: Any) -> HyperVProvider:
    """One whose host answers as in samples.py, but for `changed` (verb with _ for -)."""
    return claimed(RecordingShell({verb.replace("_", "-"): answer for verb, answer in changed.items()}))


def claimed(shell: RecordingShell) -> HyperVProvider:
    host = HyperVProvider(ENDPOINT, shell)
    host.claim(Claim("7-1767225600", fence=1))
    return host


def test_every_kind_of_answer_becomes_its_dataclass() -> None:
    host = provider()

    assert host.inspect() == HOST
    assert host.sample() == LOAD
    assert host.find_vm(UID) == VM
    assert host.works(TAG) == (WORK,)
    assert host.delete_files([TOP], TAG) == (TOP,)


def test_a_vm_that_is_not_there_is_none() -> None:
    assert provider(get_vm={"vm": None}).find_vm(UID) is None


def test_a_state_that_nobody_knows_is_other() -> None:
    found = provider(get_vm={"vm": as_json(VM) | {"state": "hibernated"}}).find_vm(UID)

    assert found is not None
    assert found.state is VmState.OTHER


@pytest.mark.parametrize("mac", ["00155D010203", "00-15-5d-01-02-03", "00:15:5D:01:02:03"])
def test_a_mac_address_reads_the_same_however_it_was_written(mac: str) -> None:
    vm = as_json(VM)
    vm["adapters"][0]["mac"] = mac

    found = provider(get_vm={"vm": vm}).find_vm(UID)

    assert found is not None
    assert found.adapters[0].mac == "00:15:5D:01:02:03"


def test_a_missing_field_is_named_with_the_place_where_it_should_be() -> None:
    vm = as_json(VM)
    del vm["disks"][0]["layers"][1]["parent_path"]

    with pytest.raises(ProtocolError, match=r"get-vm .*vm\.disks\[0\]\.layers\[1\]\.parent_path is missing"):
        provider(get_vm={"vm": vm}).find_vm(UID)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("memory_mb", "1024", "memory_mb is '1024', not of type int"),
        ("memory_mb", True, "memory_mb is True, not of type int"),
        ("memory_mb", 1.5, "memory_mb is 1.5, not of type int"),
        ("memory_mb", None, "memory_mb is None, not of type int"),
        ("disks", {"location": "SCSI 0:0"}, "disks is {'location': 'SCSI 0:0'}, not a list"),
        ("disks", None, "disks is None, not a list"),
        ("adapters", ["x"], r"adapters\[0\] is 'x', not an object"),
        ("is_merging", 0, "is_merging is 0, not of type bool"),
        ("state", 2, "state is 2, none of"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(field: str, value: object, said: str) -> None:
    with pytest.raises(ProtocolError, match=said):
        provider(get_vm={"vm": as_json(VM) | {field: value}}).find_vm(UID)


@pytest.mark.parametrize("answer", [{}, {"VM": as_json(VM)}, {"vm": []}, {"vm": "WEB01"}])
def test_an_answer_without_its_vm_is_a_protocol_error(answer: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError, match="vm"):
        provider(get_vm=answer).find_vm(UID)


def test_a_work_in_an_unknown_state_is_a_protocol_error_not_a_guess() -> None:
    work = as_json(WORK) | {"state": "sleeping"}

    with pytest.raises(ProtocolError, match=r"works\[0\]\.state is 'sleeping', none of done, failed, lost, running"):
        provider(list_works={"works": [work]}).works(TAG)


def test_a_list_where_an_object_belongs_names_the_verb_and_the_host() -> None:
    with pytest.raises(ProtocolError, match="sample-host") as caught:
        provider(sample_host=[]).sample()

    assert caught.value.host == "HV01"


def test_a_finished_work_has_its_digest() -> None:
    done = as_json(WORK) | {"state": "done", "digest": "ab" * 32}

    (work,) = provider(list_works={"works": [done]}).works(TAG)

    assert (work.state, work.digest) == (WorkState.DONE, "ab" * 32)


def test_without_orders_only_the_limit_travels() -> None:
    shell = RecordingShell({"start-works": {"works": []}})

    assert claimed(shell).start_works(TAG, [], limit_bytes_per_s=5) == ()

    ((_, parameters, _),) = shell.runs
    assert parameters.items() >= {"Tag": TAG, "Scripts": {}, "Orders": [], "LimitBytesPerS": 5}.items()


def test_one_call_carries_all_orders_and_each_script_once() -> None:
    shell = RecordingShell()
    host = claimed(shell)

    host.start_works(TAG, [HashOrder("a", "D:\\a"), HashOrder("b", "D:\\b")])

    ((verb, parameters, _),) = shell.runs
    assert verb == "start-works"
    assert parameters["Orders"] == [
        {"work_id": name, "kind": "hash-file", "lane": 0, "parameters": {"Path": f"D:\\{name}"}} for name in "ab"
    ]
    assert parameters["Scripts"] == {"hash-file": script_text("hash-file")}


def test_a_drive_path_is_shared_as_its_administrative_share() -> None:
    file = provider().share("d:\\VMs\\WEB01\\web01.vhdx")

    assert file.location == "\\\\10.0.0.1\\D$\\VMs\\WEB01\\web01.vhdx"
    assert (file.username, file.password) == (ENDPOINT.username, ENDPOINT.password)


def test_a_path_on_a_file_server_is_shared_as_it_is() -> None:
    assert provider().share("\\\\files\\vms\\web01.vhdx").location == "\\\\files\\vms\\web01.vhdx"


@pytest.mark.parametrize("path", ["VMs\\web01.vhdx", "D:web01.vhdx", "D:\\", "/vms/web01.vhdx", ""])
def test_a_path_on_no_drive_is_refused(path: str) -> None:
    with pytest.raises(Refused):
        provider().share(path)


def test_a_password_travels_as_a_secret_that_does_not_show_itself() -> None:
    shell = RecordingShell()
    host = claimed(shell)

    host.start_works(TAG, [CopyOrder("disk-0-0", host.share("D:\\a.vhdx"), "E:\\a.vhdx")])

    (_, parameters, _), *_ = shell.runs
    assert "pw-secret" not in repr(parameters)
    assert isinstance(parameters["Orders"], list)
    assert parameters["Orders"][0]["parameters"]["Password"] == Secret("pw-secret")


def test_leaving_the_with_statement_closes_the_shell() -> None:
    shell = RecordingShell()

    with HyperVProvider(ENDPOINT, shell):
        pass

    assert shell.is_closed
