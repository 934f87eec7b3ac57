"""What a person may have done to a domain, on libvirt's test driver."""

from __future__ import annotations

import pytest

from hosts.providers.claims import Claim
from hosts.providers.errors import NotFound, Overtaken, WrongState
from hosts.providers.libvirt.provider import LibvirtProvider
from hosts.providers.libvirt.session import Session
from hosts.providers.types import VmState
from tests.providers.libvirt.samples import UID

TAG = "ferry-71"
NOBODY = "00000000-0000-4000-8000-000000000000"


def for_a_person(host: LibvirtProvider, call: int = 1) -> LibvirtProvider:
    host.claim(Claim("05-1767225600", fence=call))
    return host


def test_a_vm_is_shut_down_started_turned_off_and_saved(host: LibvirtProvider) -> None:
    for_a_person(host)

    shut, off = host.shut_down(UID).state, host.shut_down(UID).state
    started, running = host.start_vm(UID).state, host.start_vm(UID).state
    pulled = [host.turn_off(UID).state for _ in range(2)]
    host.start_vm(UID)
    saved = [host.save_vm(UID).state for _ in range(2)]

    assert (shut, off, started, running) == (VmState.OFF, VmState.OFF, VmState.RUNNING, VmState.RUNNING)
    assert (pulled, saved) == ([VmState.OFF] * 2, [VmState.SAVED] * 2)


def test_a_paused_vm_goes_on(host: LibvirtProvider, session: Session) -> None:
    session.domain(UID).suspend()

    assert for_a_person(host).start_vm(UID).state is VmState.RUNNING


@pytest.mark.parametrize("verb", ["start_vm", "shut_down", "save_vm", "turn_off"])
def test_a_vm_that_a_job_has_is_left_alone(host: LibvirtProvider, verb: str) -> None:
    host.mark(UID, TAG, hold=False)
    running = host.find_vm(UID)
    with pytest.raises(WrongState, match=f"{TAG} of a move on KVM01"):
        getattr(for_a_person(host), verb)(UID)
    assert host.find_vm(UID) == running

    host.claim(Claim("71-1767225600", fence=2))
    saved = host.save(UID, TAG)
    with pytest.raises(WrongState, match="may run on another host"):
        getattr(for_a_person(host, call=2), verb)(UID)
    assert host.find_vm(UID) == saved


def test_what_the_state_does_not_allow_and_what_comes_late_is_refused(host: LibvirtProvider) -> None:
    for_a_person(host, call=2).turn_off(UID)

    with pytest.raises(WrongState, match="cannot be saved: it is off"):
        host.save_vm(UID)
    with pytest.raises(Overtaken):
        for_a_person(host, call=1).start_vm(UID)
    with pytest.raises(NotFound):
        for_a_person(host, call=3).start_vm(NOBODY)

    found = host.find_vm(UID)
    assert found is not None
    assert found.state is VmState.OFF
