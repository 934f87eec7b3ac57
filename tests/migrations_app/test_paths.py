"""Folders that a person may give."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations_app.paths import folder_name, why_not_folder


@pytest.mark.parametrize("path", ["D:\\VMs", "c:\\a\\b c\\d.e", "E:\\Ünïcödé\\虚拟"])
def test_an_absolute_folder_on_a_volume_is_taken(path: str) -> None:
    assert why_not_folder(path) == ""


@pytest.mark.parametrize(
    "path",
    [
        "",
        "D:",
        "D:\\",
        "VMs",
        "D:VMs",
        "D:/VMs",
        "\\\\server\\share\\x",
        "\\\\?\\D:\\VMs",
        "\\\\.\\PhysicalDrive0",
        "D:\\VMs\\..\\Windows",
        "D:\\.\\VMs",
        "D:\\VMs\\\\x",
        "D:\\CON",
        "D:\\nul.txt",
        "D:\\VMs\\com1",
        "D:\\com¹",
        "D:\\CONOUT$",
        "D:\\VMs:stream",
        'D:\\"quoted"',
        "D:\\VMs\\trailing.",
        "D:\\VMs\\trailing ",
        "D:\\a\x00b",
        "D:\\" + "x" * 200,
    ],
)
def test_anything_cleverer_is_refused_with_a_sentence(path: str) -> None:
    assert why_not_folder(path).endswith((".", ")."))


@given(st.text(min_size=1, max_size=255))
def test_every_vm_name_becomes_a_folder_name(name: str) -> None:
    assert why_not_folder("D:\\VMs\\" + folder_name(name)) == ""


@pytest.mark.parametrize("path", ["/var/lib/libvirt/images", "/srv/vm store/ünï", "/data/", "/devel/vms"])
def test_an_absolute_folder_of_a_kvm_host_is_taken(path: str) -> None:
    assert why_not_folder(path, is_posix=True) == ""


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "images",
        "D:\\VMs",
        "//server/x",
        "/a//b",
        "/a/../etc",
        "/./a",
        "/etc/libvirt",
        "/dev/sda",
        "/lib",
        "/sys/",
        "/a\nb",
        "/" + "x" * 200,
    ],
)
def test_anything_cleverer_on_a_kvm_host_is_refused_with_a_sentence(path: str) -> None:
    assert why_not_folder(path, is_posix=True).endswith(".")
