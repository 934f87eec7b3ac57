"""The libvirt provider against real KVM hosts, over real SSH: the promises of every provider."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hosts.providers.claims import Claim
from hosts.providers.libvirt.provider import LibvirtProvider
from lab.kvm.control import Lab
from tests.kvm.movers import Pristine, mover, pair_of
from tests.providers.contract import ProviderContract
from tests.providers.contract_fence import JOB, FenceContract
from tests.providers.contract_marks import MarkContract
from tests.providers.contract_moves import MoveContract
from tests.providers.pair import OTHER_TAG, TAG, Pair

pytestmark = pytest.mark.kvm


@pytest.fixture(scope="module")
def pristine(kvm_lab: Lab) -> Iterator[Pristine]:
    made = Pristine(kvm_lab, "PAIR01")
    yield made
    made.forget()
    kvm_lab.remove_vm("PAIR01")


@pytest.fixture(scope="module")
def movers(kvm_lab: Lab) -> Iterator[tuple[LibvirtProvider, LibvirtProvider]]:
    with mover(kvm_lab, "KVM01") as here, mover(kvm_lab, "KVM02") as there:
        yield here, there


@pytest.fixture
def pair(kvm_lab: Lab, pristine: Pristine, movers: tuple[LibvirtProvider, LibvirtProvider]) -> Iterator[Pair]:
    pristine.start()
    for host in movers:
        host.claim(Claim(JOB, fence=1))
    yield pair_of(kvm_lab, *movers, pristine.vm.uuid)
    for host in movers:
        host.claim(Claim(JOB, fence=99))
        for tag in (TAG, OTHER_TAG):
            host.clear_traces(tag, destinations=None)
    pristine.clear()


class TestLibvirt(ProviderContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestLibvirtMoves(MoveContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestLibvirtFence(FenceContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair


class TestLibvirtMarks(MarkContract):
    @pytest.fixture
    def pair(self, pair: Pair) -> Pair:
        return pair
