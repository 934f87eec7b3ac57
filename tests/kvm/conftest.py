"""A lab of real KVM hosts for the tests of this folder; its guest image is kept under var/ between runs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.kvm.commands import succeeds
from lab.kvm.control import Lab
from lab.kvm.image import GuestImage
from lab.kvm.packages import NoPackage, install_missing
from lab.kvm.spec import default_spec

_IMAGE = Path(__file__).resolve().parents[2] / "var/lab-kvm/image"


@pytest.fixture(scope="session")
def guest_image() -> GuestImage:
    """What the guests boot. Skips what needs it where a lab cannot be."""
    if os.geteuid() != 0:
        pytest.skip("the KVM lab needs root")
    if not succeeds(["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "true"]):
        pytest.skip("this machine allows no namespaces")
    image = GuestImage(_IMAGE)
    try:
        install_missing(print)
        image.ensure(print)
    except NoPackage as missing:
        pytest.skip(f"the KVM lab's Debian packages cannot be had: {missing}")
    return image


@pytest.fixture(scope="package")
def kvm_lab(guest_image: GuestImage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """KVM01 to KVM03 with MAIL01 (one disk), SHOP01 (two) and OLD01 (off); shared by all tests of this folder."""
    lab = Lab.create(tmp_path_factory.mktemp("kvm") / "lab", default_spec(), guest_image, name=lab_name(1), say=print)
    try:
        lab.up()
        yield lab
    finally:
        lab.destroy()


def lab_name(number: int) -> str:
    """Of this test run alone; `number` is one digit."""
    return f"t{number}{os.getpid() % 1_000_000}"
