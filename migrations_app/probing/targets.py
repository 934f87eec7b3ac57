"""What of a VM can be asked from outside, and which of it is asked: the first that answers and that can also fail."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

PING = "ping"
ADDRESSES_AT_MOST = 4
_WRITTEN = re.compile(
    r"ping (?P<pinged>\S+)"
    r"|TCP (?:\[(?P<v6>[^\]\s]+)\]|(?P<v4>[^:\s]+)):(?P<port>\d+)(?P<refusal> \(a refusal counts\))?"
)


class Answer(Enum):
    """What became of one probe. UNASKED: it could not be sent from here, which says nothing of the VM."""

    YES = "yes"
    REFUSED = "refused"
    SILENT = "silent"
    UNASKED = "unasked"


@dataclass(frozen=True, slots=True)
class Target:
    """An address and a TCP port; without a port it is pinged. `counts_refusal`: that a connection is refused shows,
    too, that somebody is at the address."""

    address: str
    port: int | None = None
    counts_refusal: bool = False

    def __str__(self) -> str:
        if self.port is None:
            return f"ping {self.address}"
        place = f"[{self.address}]" if ":" in self.address else self.address
        return f"TCP {place}:{self.port}" + (" (a refusal counts)" if self.counts_refusal else "")

    def is_up(self, answer: Answer) -> bool:
        return answer is Answer.YES or (self.counts_refusal and answer is Answer.REFUSED)


def read_target(written: str) -> Target | None:
    """A target from its text, as a span of an earlier worker has it; None for anything else."""
    found = _WRITTEN.fullmatch(written)
    if found is None:
        return None
    if found["pinged"]:
        return Target(found["pinged"])
    return Target(found["v6"] or found["v4"], int(found["port"]), bool(found["refusal"]))


def usable_addresses(reported: Iterable[str]) -> list[str]:
    """The addresses a host reports for a VM's adapters that can be asked from elsewhere: IPv4 first, otherwise as
    reported, each once."""
    found: dict[str, ipaddress.IPv4Address | ipaddress.IPv6Address] = {}
    for text in reported:
        try:
            address = ipaddress.ip_address(text.strip())
        except ValueError:
            continue
        if not (address.is_link_local or address.is_multicast or address.is_unspecified):
            found.setdefault(str(address), address)
    return sorted(found, key=lambda text: found[text].version)[:ADDRESSES_AT_MOST]


def candidates(addresses: Sequence[str], probes: Sequence[str], is_own_address: Callable[[str], bool]) -> list[Target]:
    """What is tried, best first; `probes` are words of the setting FERRY_PROBES.

    An address of this machine itself is not pinged: the kernel here answers for it, whatever the VM does.
    """
    own = {address for address in addresses if is_own_address(address)}
    tried = [Target(address, None if probe == PING else int(probe)) for probe in probes for address in addresses]
    return [target for target in tried if target.port is not None or target.address not in own]


def choose(answers: Mapping[Target, Answer], is_own_address: Callable[[str], bool]) -> Target | None:
    """The first that answers. Where none does, a port that refuses: at least somebody is there. That again proves
    nothing at an address of this machine."""
    for target, answer in answers.items():
        if answer is Answer.YES:
            return target
    for target, answer in answers.items():
        if answer is Answer.REFUSED and target.port is not None and not is_own_address(target.address):
            return replace(target, counts_refusal=True)
    return None
