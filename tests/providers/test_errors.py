"""What is recommended fits the kind of host that an error is about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import pytest

from hosts.providers import errors
from hosts.providers.errors import AccessDenied, HostUnreachable, ProviderError, Refused, refusal
from hosts.providers.hyperv.provider import HyperVProvider
from hosts.providers.libvirt.provider import LibvirtProvider
from hosts.providers.libvirt.session import Session
from hosts.providers.types import Endpoint
from tests.providers.samples import ENDPOINT

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, ProviderError)]


class Silent:
    """A shell of a host that says `error` whatever it is asked."""

    def __init__(self, error: ProviderError) -> None:
        self._error = error

    def run(self, verb: str, parameters: Mapping[str, object], *, deadline_s: float) -> dict[str, Any]:
        raise self._error

    def close(self) -> None:
        """Nothing to end."""


def of_hyperv(error: ProviderError) -> str:
    with pytest.raises(type(error)) as raised:
        HyperVProvider(ENDPOINT, Silent(error)).inspect()
    return raised.value.action


def of_libvirt(error: ProviderError) -> str:
    def fail(_endpoint: Endpoint) -> Session:
        return _raise(error)

    with pytest.raises(type(error)) as raised:
        LibvirtProvider(ENDPOINT, fail).inspect()
    return raised.value.action


def _raise(error: ProviderError) -> NoReturn:
    raise error


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_recommended_for_a_kvm_host_speaks_of_nothing_that_windows_has(kind: type[ProviderError]) -> None:
    action = of_libvirt(kind("KVM01", "It failed."))

    assert not any(word in action for word in ("WinRM", "Hyper-V", "event log", "PowerShell"))
    assert action.endswith(".")


def test_what_is_recommended_for_a_hyperv_host_names_winrm_and_its_rights() -> None:
    assert "WinRM" in of_hyperv(HostUnreachable("HV01", "Nothing answers."))
    assert "administrator of the host" in of_hyperv(AccessDenied("HV01", "No."))


def test_an_error_that_says_itself_what_to_do_is_left_alone() -> None:
    assert of_hyperv(HostUnreachable("HV01", "Nothing answers.", action="Wait.")) == "Wait."
    assert of_libvirt(Refused("KVM01", "No.", action="Wait.")) == "Wait."


def test_work_that_did_not_reach_the_other_host_is_an_unreachable_host_with_its_own_advice() -> None:
    error = refusal("HV02", "HostUnreachable", "The network path was not found.")

    assert type(error) is HostUnreachable
    assert "reach each other" in error.action


def test_a_kind_that_nobody_knows_is_a_refusal() -> None:
    assert (type(refusal("HV02", "Odd", "No.")), refusal("HV02", "Odd", "No.").kind) == (Refused, "Odd")
