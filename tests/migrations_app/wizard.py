"""Somebody who goes through the Migrate wizard in tests: WEB01 from HV01 to HV02."""

from __future__ import annotations

import re
from typing import Any

from django.test import Client
from django.urls import reverse

from hosts.models import Host, VirtualMachine
from migrations_app.plans import fingerprint

# disk_0 and net_0 are Python's way to write disk-0 and net-0.
_PLACED = re.compile("^(disk|net)_")


class Wizard:
    """The wizard for one VM; `state` is what a person who accepts everything has in the address at the end."""

    def __init__(self, client: Client, vm: VirtualMachine, target: Host) -> None:
        self.client = client
        self.vm = vm
        self.state: dict[str, Any] = {
            "seen": fingerprint(vm),
            "target": target.pk,
            "on": target.pk,
            "folder": "D:\\VMs",
            "net-0": "to:LAN",
        }

    def get(self, page: str, **changes: Any) -> Any:
        """The page's answer, after redirects, for the state with these changes (None leaves a name out)."""
        return self.client.get(self._address(page), self._with(changes), follow=True)

    def move(self, **changes: Any) -> Any:
        return self.client.post(self._address("migrate-move"), {**self._with(changes), "move": "yes"}, follow=True)

    def _with(self, changes: dict[str, Any]) -> dict[str, Any]:
        renamed = {_PLACED.sub(r"\1-", name): value for name, value in changes.items()}
        return {name: value for name, value in {**self.state, **renamed}.items() if value is not None}

    def _address(self, page: str) -> str:
        return reverse(page, args=[self.vm.pk])


def page_of(answer: Any) -> str:
    """The name of the page where the wizard ended up."""
    return str(answer.resolver_match.url_name)


def said(answer: Any) -> str:
    """The page's text, as the server wrote it; a stream is read once and kept."""
    if not answer.streaming:
        return str(answer.content.decode())
    if not hasattr(answer, "kept"):
        answer.kept = answer.getvalue().decode()
    return str(answer.kept)
