"""Hosts and virtual machines that are called like others: said where it matters, and told apart by their ids."""

from __future__ import annotations

import unicodedata

import pytest
from django.core.exceptions import ValidationError

from hosts.models import Host, VirtualMachine
from migrations_app.checks import check_choices, errors
from migrations_app.engine.step import Level
from migrations_app.models import MigrationJob
from migrations_app.plans import Choices, fingerprint
from tests.migrations_app.wizard import Wizard, said

UMLAUT = "M\u00dcLL 01"


def twin(of: VirtualMachine, host: Host, name: str) -> VirtualMachine:
    fields = {"uid": f"twin-{host.name}", "state": "off", "version": "12.0", "folder": "D:\\Twin"}
    VirtualMachine.objects.create(host=host, name=name, **fields)
    return VirtualMachine.objects.select_related("host").get(host=host, uid=fields["uid"])


def said_of_name(vm: VirtualMachine, target: Host) -> list[tuple[Level, str]]:
    found = check_choices(Choices(vm, target, "D:\\VMs", {"nic-1": "LAN"}, fingerprint(vm)))
    return [(each.level, each.text) for each in found if "virtual machine named" in each.text]


@pytest.mark.parametrize("name", ["WEB01", "web01", "WEB01 ", "\uff37EB01"])
def test_the_summary_warns_of_a_name_that_the_target_has(name: str, wizard: Wizard) -> None:
    target = Host.objects.get(name="HV02")
    twin(wizard.vm, target, name)

    assert said_of_name(wizard.vm, target) == [(Level.WARNING, f"HV02 has another virtual machine named {name}.")]
    assert "HV02 has another virtual machine named" in said(wizard.get("migrate-summary"))


def test_composed_and_decomposed_letters_are_one_name_to_a_reader(wizard: Wizard) -> None:
    target = Host.objects.get(name="HV02")
    VirtualMachine.objects.filter(pk=wizard.vm.pk).update(name=UMLAUT)
    wizard.vm.refresh_from_db()
    twin(wizard.vm, target, unicodedata.normalize("NFD", UMLAUT))

    assert [level for level, _ in said_of_name(wizard.vm, target)] == [Level.WARNING]


def test_a_kvm_host_takes_each_name_once(wizard: Wizard) -> None:
    target = Host.objects.get(name="HV02")
    target.kind = Host.Kind.LIBVIRT
    twin(wizard.vm, target, "WEB01")

    assert said_of_name(wizard.vm, target)[0][0] is Level.ERROR


def test_other_names_and_the_vm_itself_are_no_reason(wizard: Wizard) -> None:
    target = Host.objects.get(name="HV02")
    twin(wizard.vm, target, "WEB011")

    assert said_of_name(wizard.vm, target) == []


def test_of_two_of_a_name_on_a_host_the_wizard_moves_the_one_it_was_opened_for(wizard: Wizard) -> None:
    other = twin(wizard.vm, wizard.vm.host, "WEB01")
    wizard.vm, wizard.state["seen"] = other, fingerprint(other)

    wizard.move(folder="D:\\Other")

    assert [job.vm_uid for job in MigrationJob.objects.all()] == [other.uid]


def test_lists_have_a_row_with_its_host_for_each_of_a_name(wizard: Wizard) -> None:
    others = [twin(wizard.vm, host, "WEB01") for host in Host.objects.all()]

    text = said(wizard.client.get("/vms/", {"q": "WEB01"}))

    for vm in (wizard.vm, *others):
        row = text.split(f'id="vm-row-{vm.pk}"')[1].split("</tr>")[0]
        assert f">{vm.host.name}</a>" in row


@pytest.mark.parametrize("name", ["hv01", "Hv01"])
def test_a_host_is_not_called_like_another(name: str, wizard: Wizard) -> None:
    host = Host.objects.get(name="HV02")
    host.name = name

    with pytest.raises(ValidationError, match="There is a host named HV01 already"):
        host.clean()


def test_a_second_space_makes_no_other_name_and_a_host_keeps_its_own(wizard: Wizard) -> None:
    Host.objects.filter(name="HV01").update(name="HV 01")
    host = Host.objects.get(name="HV02")
    host.clean()
    host.name = "HV  01"

    with pytest.raises(ValidationError):
        host.clean()


def test_errors_are_none_for_a_warning(wizard: Wizard) -> None:
    target = Host.objects.get(name="HV02")
    twin(wizard.vm, target, "WEB01")

    choices = Choices(wizard.vm, target, "D:\\VMs", {"nic-1": "LAN"}, fingerprint(wizard.vm))

    assert errors(check_choices(choices)) == []
