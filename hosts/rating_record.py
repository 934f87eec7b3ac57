"""A rating with everything it was made from, as JSON beside a job: an old choice can be read and computed again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from django.utils import timezone

from hosts.placement import Rated
from hosts.providers.types import VmState
from hosts.rating_options import options_dict, options_from
from hosts.rating_types import Factor, HostSituation, Options, Rating, Reserves, VmNeed
from hosts.ratings import rate

# Grows when the formulas or the fields change their meaning: then an old record is read by old code, not recomputed.
FORMAT = 1

_SETS = {"networks", "vm_versions", "possible_owners", "preferred_owners", "availability_sets"}
_PAIRS = {"vlans", "vlans_in_use"}
_TUPLES = {"pass_through_disks", "shared_disks", "dvd_paths"}


class RecordUnreadable(ValueError):
    """The record is of another format than this code computes."""


def rating_record(rated: Rated, options: Options) -> dict[str, Any]:
    """Inputs and result: {"format", "at", "host", "vm", "options", "rating", "source"}; shapes as in rating_types."""
    return {
        "format": FORMAT,
        "at": timezone.now().isoformat(),
        "host": _plain(asdict(rated.situation)),
        "vm": _plain(asdict(rated.need)),
        "options": options_dict(options),
        "rating": _plain(asdict(rated.rating)),
        "source": _plain(rated.source),
    }


def recompute(record: Mapping[str, Any]) -> Rating:
    """The rating from the record's inputs, by today's code. Raises RecordUnreadable."""
    if record.get("format") != FORMAT:
        raise RecordUnreadable(f"This record is of format {record.get('format')}; {FORMAT} can be computed.")
    host = _known(HostSituation, record["host"]) | {"reserves": Reserves(**record["host"]["reserves"])}
    vm = _known(VmNeed, record["vm"]) | {"state": VmState(record["vm"]["state"])}
    return rate(VmNeed(**vm), HostSituation(**host), options_from(record["options"]))


def _plain(value: Any) -> Any:
    """Factors as objects, sets as sorted lists, tuples as lists."""
    if isinstance(value, Factor):
        return value._asdict()
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return [_plain(each) for each in sorted(value)]
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value


def _known(kind: type[HostSituation] | type[VmNeed], record: Mapping[str, Any]) -> dict[str, Any]:
    return {field.name: _restored(field.name, record[field.name]) for field in fields(kind) if field.name in record}


def _restored(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in _SETS:
        return frozenset(value)
    if name in _PAIRS:
        return frozenset((network, vlan) for network, vlan in value)
    return tuple(value) if name in _TUPLES else value
