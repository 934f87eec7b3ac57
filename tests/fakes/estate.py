"""Several hosts of the in-memory world with several VMs on the first: for plans of several moves."""

from __future__ import annotations

from django.utils import timezone

from hosts.inventory import refresh_host
from hosts.models import Host, HostGroup, VirtualMachine
from hosts.providers import PROVIDERS
from hosts.providers.types import Secret, VmState
from migrations_app.engine.runner import run_job
from migrations_app.models import MigrationJob
from migrations_app.tasks import sweep
from tests.fakes.host import FakeHost
from tests.fakes.vms import running_vm
from tests.fakes.world import WORLD


class Estate:
    """HV01 with VM1, VM2 and so on, each of 512 MB; empty HV02 and HV03."""

    def __init__(self, vms: int = 3, hosts: int = 3) -> None:
        PROVIDERS["fake"] = "tests.fakes.world.FakeProvider"
        WORLD.clear()
        group, _ = HostGroup.objects.get_or_create(name="All Hosts", parent=None)
        names = [f"HV{number:02}" for number in range(1, hosts + 1)]
        WORLD.update({name: FakeHost(name) for name in names})
        for number in range(1, vms + 1):
            self.add_vm(f"VM{number}")
        for name in names:
            Host.objects.create(
                name=name, group=group, kind="fake", address=name, username="user", password=Secret("password")
            )
        self.refresh()

    def add_vm(self, name: str, state: VmState = VmState.RUNNING, host: str = "HV01") -> None:
        running_vm(WORLD[host], name, state)

    def refresh(self) -> None:
        for host in Host.objects.all():
            refresh_host(host)

    def host(self, name: str) -> Host:
        return Host.objects.get(name=name)

    def vm(self, name: str) -> VirtualMachine:
        return VirtualMachine.objects.select_related("host").get(name=name)

    def keys(self, *names: str) -> list[int]:
        return [self.vm(name).pk for name in names]

    def run_everything(self) -> None:
        """What workers do until nothing is left to do."""
        for _ in range(50):
            sweep()
            MigrationJob.objects.update(not_before=None)
            for pk in MigrationJob.objects.filter(status__in=MigrationJob.OPEN).order_by("pk").values_list("pk"):
                run_job(pk[0], "test")
            if not MigrationJob.objects.filter(status__in=MigrationJob.OPEN).exists():
                return
        raise AssertionError(f"Still open at {timezone.now()}.")

    def places(self) -> dict[str, str]:
        """Where each VM runs, by the hosts themselves; a VM that runs twice shows as two names."""
        found: dict[str, str] = {}
        for name, host in WORLD.items():
            for vm in host.vms.values():
                if vm.state is VmState.RUNNING:
                    found[vm.name] = f"{found[vm.name]} {name}" if vm.name in found else name
        return found
