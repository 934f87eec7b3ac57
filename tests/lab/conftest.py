"""Emulated hosts for the lab's own tests: two inside the test's process, or a whole lab of real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.hyperv.control import Lab
from lab.hyperv.create import create_lab
from lab.hyperv.spec import DiskSpec, HostSpec, LabSpec, VmSpec
from tests.lab.support import HostInside

TINY = DiskSpec(size_mb=8, fill_mb=2)


def tiny_spec(keeper_grace_s: float = 600.0) -> LabSpec:
    """Two hosts of one make with one running and one off VM, and an AMD host."""
    web = VmSpec("WEB01", memory_mb=8, disks=(TINY, TINY))
    idle = VmSpec("IDLE01", memory_mb=8, disks=(TINY,), is_running=False)
    return LabSpec(
        keeper_grace_s=keeper_grace_s,
        hosts=(
            HostSpec("HV01", switches=("LAN", "DMZ"), vms=(web, idle), merge_delay_s=0.1),
            HostSpec("HV02", memory_mb=512, merge_delay_s=0.1),
            HostSpec("HV03", cpu_vendor="AuthenticAMD", merge_delay_s=0.1),
        ),
    )


@pytest.fixture
def spec() -> LabSpec:
    return tiny_spec()


@pytest.fixture
def hosts(tmp_path: Path, spec: LabSpec) -> Iterator[dict[str, HostInside]]:
    """The hosts by name, each without a network; their guests are real processes."""
    folder = create_lab(tmp_path / "lab", spec)
    inside = {entry.name: HostInside(folder.host(entry.name)) for entry in folder.facts().hosts}
    for host in inside.values():
        host.power_on()
    yield inside
    for host in inside.values():
        host.power_off()


@pytest.fixture
def host(hosts: dict[str, HostInside]) -> HostInside:
    """HV01, where WEB01 runs."""
    return hosts["HV01"]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab of real host processes, shared by the tests of a module."""
    made = Lab.create(tmp_path_factory.mktemp("whole") / "lab", tiny_spec(keeper_grace_s=0.5))
    with made:
        yield made
