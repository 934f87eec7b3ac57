"""Windows paths stand for real files below the host, and for nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.hyperv.create import create_lab
from lab.hyperv.layout import LabFolder
from lab.hyperv.paths import DriveFolders, split_unc
from lab.hyperv.refusal import Refused
from lab.hyperv.spec import LabSpec
from lab.process_start import process_start


@pytest.fixture
def drives(tmp_path: Path) -> DriveFolders:
    (tmp_path / "D" / "VMs").mkdir(parents=True)
    return DriveFolders(tmp_path)


def test_a_path_stands_for_a_file_below_the_drive(drives: DriveFolders) -> None:
    real = drives.real("D:\\VMs\\WEB01\\x.vhdx")

    assert real == drives.root / "D" / "VMs" / "WEB01" / "x.vhdx"
    assert drives.windows(real) == "D:\\VMs\\WEB01\\x.vhdx"


def test_names_compare_without_case(drives: DriveFolders) -> None:
    (drives.root / "D" / "VMs" / "Web.vhdx").touch()

    assert drives.real("d:\\vms\\WEB.VHDX").name == "Web.vhdx"


@pytest.mark.parametrize(
    "path",
    [
        "D:\\..\\secret",
        "D:\\VMs\\..\\..\\x",
        "D:\\con",
        "D:\\nul.txt",
        "D:\\a:b",
        "D:\\a. ",
        "D:x",
        "\\\\?\\D:\\x",
        "D:\\a\0b",
    ],
)
def test_paths_that_lead_elsewhere_are_refused(drives: DriveFolders, path: str) -> None:
    with pytest.raises(Refused):
        drives.real(path)


def test_a_drive_that_the_host_has_not_is_not_found(drives: DriveFolders) -> None:
    with pytest.raises(Refused, match="Cannot find drive E"):
        drives.real("E:\\x")


def test_an_administrative_share_names_server_and_path() -> None:
    assert split_unc("\\\\127.3.0.1\\D$\\VMs\\a.vhdx") == ("127.3.0.1", "D:\\VMs\\a.vhdx")


def test_a_share_gives_its_file_only_for_the_right_login(tmp_path: Path, spec: LabSpec) -> None:
    lab = create_lab(tmp_path / "lab", spec)
    entry = lab.facts().hosts[0]
    location = f"\\\\{entry.address}\\D$\\x"
    password = lab.credentials().password

    with pytest.raises(Refused, match="network path"):
        lab.shared_file(location, "svc-ferry", password)
    _pretend_up(lab)
    with pytest.raises(Refused, match="password is incorrect"):
        lab.shared_file(location, "svc-ferry", "wrong")
    assert lab.shared_file(location, "svc-ferry", password)[1] == lab.root / "HV01" / "D" / "x"


def test_secrets_of_a_lab_are_for_its_owner_only(tmp_path: Path, spec: LabSpec) -> None:
    lab = create_lab(tmp_path / "lab", spec)

    assert lab.credentials_file.stat().st_mode & 0o077 == 0
    assert lab.credentials().password not in repr(lab.credentials())


def test_two_labs_have_different_addresses(tmp_path: Path, spec: LabSpec) -> None:
    subnets = {create_lab(tmp_path / str(number), spec).facts().subnet for number in range(3)}

    assert len(subnets) == 3


def _pretend_up(lab: LabFolder) -> None:
    lab.host("HV01").pid_file.write_text(f"1 {process_start(1)}")
