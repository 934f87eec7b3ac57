"""The lab beside the console: kept by one process, and in the inventory by the verb of a user's click."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from console.lab_hosts import add_lab_hosts, kept_lab
from hosts.models import Host
from lab.hyperv.control import Lab
from lab.hyperv.spec import small_spec


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A small lab that is down."""
    Lab.create(tmp_path / "lab", small_spec())
    yield tmp_path / "lab"
    Lab.open(tmp_path / "lab").destroy()


def be_silent(_text: str) -> None:
    pass


@pytest.mark.django_db
def test_the_hosts_of_the_lab_are_added_once(root: Path) -> None:
    with kept_lab(root, be_silent) as lab:
        first, second = add_lab_hosts(lab), add_lab_hosts(lab)

    assert (first, second) == (["HV01", "HV02", "HV03"], [])
    assert {host.state for host in Host.objects.all()} == {Host.State.RESPONDING}


@pytest.mark.django_db
def test_a_lab_made_anew_is_reached_where_it_is_now(root: Path) -> None:
    with kept_lab(root, be_silent) as lab:
        add_lab_hosts(lab)
        lab.destroy()
        Lab.create(root, small_spec()).up()

        assert add_lab_hosts(lab) == []
        assert Host.objects.get(name="HV01").address == lab.host("HV01").address
        assert Host.objects.get(name="HV01").state == Host.State.RESPONDING


def test_the_lab_goes_down_with_who_keeps_it(root: Path) -> None:
    with kept_lab(root, be_silent) as lab:
        assert all(host.is_up() for host in lab.hosts())

    assert not any(host.is_up() for host in lab.hosts())


def test_a_lab_that_another_process_keeps_is_left_up(root: Path) -> None:
    with kept_lab(root, be_silent) as lab:
        with kept_lab(root, be_silent) as same:
            assert same.root == lab.root

        assert all(host.is_up() for host in lab.hosts())


def test_a_lab_that_was_only_half_made_is_made_anew(tmp_path: Path) -> None:
    said: list[str] = []
    (tmp_path / "lab" / "HV01").mkdir(parents=True)

    with kept_lab(tmp_path / "lab", said.append) as lab:
        assert len(lab.hosts()) == 3

    assert said[0].startswith("Making a lab")
    lab.destroy()
