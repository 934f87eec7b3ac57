"""Paths of both flavours."""

from __future__ import annotations

import pytest

from hosts import paths

POOL = "/var/lib/libvirt/images"


def test_the_flavour_is_read_off_the_path() -> None:
    assert paths.join("D:\\VMs", "WEB01") == "D:\\VMs\\WEB01"
    assert paths.join(POOL, "WEB01") == f"{POOL}/WEB01"
    assert paths.parent("D:\\VMs\\WEB01\\") == "D:\\VMs"
    assert paths.parent(f"{POOL}/") == "/var/lib/libvirt"
    assert paths.name("D:\\VMs\\a.vhdx") == "a.vhdx"
    assert paths.name(f"{POOL}/a.qcow2") == "a.qcow2"


def test_windows_knows_no_case_and_posix_does() -> None:
    assert paths.key("D:\\VMs\\") == paths.key("d:\\vms")
    assert paths.key("/srv/A") != paths.key("/srv/a")


@pytest.mark.parametrize("root", ["/", "D:\\"])
def test_a_root_keeps_its_separator(root: str) -> None:
    assert paths.trimmed(root) == root


@pytest.mark.parametrize(
    ("folder", "path", "inside"),
    [
        ("D:\\VMs\\WEB01", "d:\\vms\\web01\\a\\b.vhdx", "a\\b.vhdx"),
        ("D:\\VMs\\WEB0", "D:\\VMs\\WEB01\\b.vhdx", None),
        ("/srv/vm", "/srv/vm/b.qcow2", "b.qcow2"),
        ("/srv/v", "/srv/vm/b.qcow2", None),
        ("/", "/srv", "srv"),
    ],
)
def test_below_a_folder(folder: str, path: str, inside: str | None) -> None:
    assert paths.below(folder, path) == inside


def test_a_path_is_on_the_deepest_volume_it_lies_in() -> None:
    assert paths.volume_of("d:\\VMs", ["C:\\", "D:\\"]) == "D:\\"
    assert paths.volume_of("E:\\VMs", ["C:\\", "D:\\"]) is None
    assert paths.volume_of(POOL, ["/", POOL, "/var"]) == POOL
    assert paths.volume_of("/variable", ["/", "/var"]) == "/"
