"""Asks a host what it has and how loaded it is, and turns every failure into a state with a sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.utils import timezone

from hosts.connect import connect
from hosts.models import Host
from hosts.providers.base import Provider
from hosts.providers.errors import AccessDenied, HostUnreachable, ProviderError
from hosts.providers.types import HostFacts, HostLoad
from hosts.secrets import KeyMissing


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a host is not as it should be. `kind` is the name of the error, such as "AccessDenied"."""

    state: Host.State
    kind: str
    reason: str
    action: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host said when asked at `asked_at`; without `facts` there is a trouble that says why."""

    asked_at: datetime
    facts: HostFacts | None = None
    load: HostLoad | None = None
    trouble: Trouble | None = None


def ask(host: Host, through: Provider | None = None, *, wants_load: bool = True) -> Answer:
    """Facts and load in one connection: in `through`, or one of its own. A host that tells its facts but not its load
    is responding all the same. The load takes longest: it is counted over half a second or more."""
    asked_at = timezone.now()
    try:
        with nullcontext(through) if through else connect(host) as provider:
            facts = provider.inspect()
            return _ask_load(provider, asked_at, facts) if wants_load else Answer(asked_at, facts)
    except (ProviderError, KeyMissing) as error:
        return Answer(asked_at, trouble=trouble_of(error))


def ask_all(hosts: Sequence[Host], through: Mapping[Host, Provider], *, wants_load: bool) -> list[Answer]:
    """As ask of each, at the same time; `through` has the connections of those that have one."""
    connections, asked = [through.get(host) for host in hosts], partial(ask, wants_load=wants_load)
    if len(hosts) <= 1:
        return list(map(asked, hosts, connections))
    with ThreadPoolExecutor(len(hosts), "ask") as beside:
        return list(beside.map(asked, hosts, connections))


def ask_load(host: Host) -> Answer:
    """The load alone."""
    asked_at = timezone.now()
    try:
        with connect(host) as provider:
            return Answer(asked_at, load=provider.sample())
    except (ProviderError, KeyMissing) as error:
        return Answer(asked_at, trouble=trouble_of(error))


def trouble_of(error: ProviderError | KeyMissing) -> Trouble:
    """The state that an error puts its host in, with the error's own words."""
    if isinstance(error, KeyMissing):
        return Trouble(
            Host.State.NEEDS_ATTENTION,
            "KeyMissing",
            "No key in the keys file opens the password that is stored for this host.",
            "Put the old key back into the keys file, or enter the password again.",
        )
    return Trouble(_state_after(error), error.kind, error.message, error.action)


def _ask_load(provider: Provider, asked_at: datetime, facts: HostFacts) -> Answer:
    try:
        return Answer(asked_at, facts, provider.sample())
    except ProviderError as error:
        trouble = Trouble(
            Host.State.RESPONDING, error.kind, f"The load of the host could not be read: {error.message}", error.action
        )
        return Answer(asked_at, facts, trouble=trouble)


def _state_after(error: ProviderError) -> Host.State:
    if isinstance(error, HostUnreachable):
        return Host.State.NOT_RESPONDING
    if isinstance(error, AccessDenied):
        return Host.State.ACCESS_DENIED
    return Host.State.NEEDS_ATTENTION
