"""The thorough check against the emulated hosts: both are asked again, and what has changed is told."""

from __future__ import annotations

from hosts.models import Host, VirtualMachine
from hosts.thorough import check_thoroughly
from hosts.thorough_types import FindingLevel
from tests.lab_moves import LabMove


def _check(name: str) -> tuple[VirtualMachine, Host]:
    return VirtualMachine.objects.get(name=name), Host.objects.get(name="HV02")


def test_a_sound_target_is_confirmed_by_both_hosts(lab_move: LabMove) -> None:
    vm, host = _check("WEB01")

    found = check_thoroughly(vm, host)

    assert found.stars == found.cheap_stars
    assert [each for each in found.findings if each.level is FindingLevel.ERROR] == []


def test_memory_that_went_since_the_last_refresh_is_told(lab_move: LabMove) -> None:
    vm, host = _check("WEB01")
    Host.objects.filter(pk=host.pk).update(memory_available_mb=host.memory_mb)

    found = check_thoroughly(vm, host)

    assert any("memory" in sentence for sentence in found.differences)


def test_a_target_that_is_gone_is_named_instead_of_rated(lab_move: LabMove) -> None:
    vm, host = _check("WEB01")
    lab_move.target.kill()

    found = check_thoroughly(vm, host)

    assert found.stars is None
    assert found.findings[0].level is FindingLevel.ERROR
    assert found.findings[0].text.startswith("HV02: ")
