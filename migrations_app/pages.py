"""What each page of the wizard asks, and what is wrong with an answer to it."""

from __future__ import annotations

from dataclasses import dataclass

from hosts.models import VirtualAdapter
from hosts.placement import rate_host
from migrations_app.answers import NETWORK, NOT_CONNECTED, Answers
from migrations_app.checks import STALE_ACTION, check_networks, check_path, check_vm, errors
from migrations_app.engine.step import Finding, Level
from migrations_app.vlans import Vlans, vlans_between

PAGES = {
    "migrate": "Before you begin",
    "migrate-host": "Select host",
    "migrate-path": "Select path",
    "migrate-networks": "Select networks",
    "migrate-summary": "Summary",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """An entry of the step indicator. `state`: done, current or ahead."""

    page: str
    title: str
    state: str


@dataclass(frozen=True, slots=True)
class NetworkRow:
    """A row of the networks page. `value`: what is chosen, as the form sends it; "" when a choice is missing.

    `vlan`: what is known of the VLAN of the chosen network; `warning`: about the adapter's VLAN there. Both may be "".
    """

    place: int
    adapter: VirtualAdapter
    value: str
    is_missing: bool
    vlan: str
    warning: str


def stages(current: str) -> list[Stage]:
    at = list(PAGES).index(current)
    states = ["done" if place < at else "current" if place == at else "ahead" for place in range(len(PAGES))]
    return [Stage(page, title, state) for (page, title), state in zip(PAGES.items(), states, strict=True)]


def stops(answers: Answers) -> list[Finding]:
    """Why the wizard cannot go on at all."""
    vm = answers.vm
    if answers.is_stale:
        text = f"{vm.name} has changed since this wizard was opened: it is {vm.status} on {vm.host.name} now."
        return [Finding(Level.ERROR, text, STALE_ACTION)]
    return errors(check_vm(vm))


def problems_of(page: str, answers: Answers) -> list[Finding]:
    """What is wrong with the answers of one page; empty when the next one can be shown."""
    if page == "migrate-host":
        return _host_problems(answers)
    if answers.target is None:
        return []
    if page == "migrate-path":
        return errors(check_path(answers.vm, answers.target, answers.folder, answers.disk_folders))
    return errors(check_networks(answers.vm, answers.target, answers.networks))


def network_rows(answers: Answers) -> list[NetworkRow]:
    if answers.target is None:
        return []
    vlans = vlans_between(answers.vm, answers.target)
    return [_network_row(place, adapter, answers, vlans) for place, adapter in enumerate(answers.adapters)]


def _host_problems(answers: Answers) -> list[Finding]:
    if answers.target is None:
        given = answers.query.get("target", "")
        text = f"There is no host with the number {given[:20]}." if given else "No host is chosen yet."
        return [Finding(Level.ERROR, text, "Choose a host from the list.")]
    reasons = rate_host(answers.vm, answers.target, answers.rating_options).rating.zero_reasons
    return [Finding(Level.ERROR, reason.text, reason.action) for reason in reasons if reason.is_blocking]


def _network_row(place: int, adapter: VirtualAdapter, answers: Answers, vlans: Vlans) -> NetworkRow:
    is_missing = bool(adapter.network_name) and adapter.network_name not in vlans.target
    if adapter.adapter_id not in answers.networks:
        return NetworkRow(place, adapter, "", is_missing, "", "")
    name = answers.networks[adapter.adapter_id]
    return NetworkRow(
        place,
        adapter,
        NOT_CONNECTED if name is None else NETWORK + name,
        is_missing,
        vlans.words(name),
        vlans.difference(adapter, name) or vlans.doubt(adapter, name),
    )
