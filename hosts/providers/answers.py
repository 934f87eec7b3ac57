"""What a host answered, as the frozen dataclasses of types.py: their fields are the keys, nothing else is."""

from __future__ import annotations

import dataclasses
import re
import types
from collections.abc import Hashable, Mapping
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast, get_args, get_origin, get_type_hints

from hosts.providers.errors import ProtocolError
from hosts.providers.types import Adapter, VmState

_T = TypeVar("_T")


class Answer:
    """The answer of one verb of one host. Every reading raises ProtocolError with the name of the field that is wrong.

    An adapter's MAC address comes out as "00:15:5D:01:02:03" and a VM state that nobody knows as OTHER.
    """

    def __init__(self, host: str, verb: str, result: Mapping[str, Any]) -> None:
        self._host = host
        self._verb = verb
        self._result = result

    def whole(self, kind: type[_T]) -> _T:
        """The result itself is one `kind`."""
        return self._dataclass(kind, self._result, "")

    def one(self, key: str, kind: type[_T]) -> _T:
        """The dataclass under `key`."""
        return self._dataclass(kind, self._required(self._result, key, ""), key)

    def optional(self, key: str, kind: type[_T]) -> _T | None:
        """The dataclass under `key`, or None when there is null."""
        return None if self._required(self._result, key, "") is None else self.one(key, kind)

    def several(self, key: str, kind: type[_T]) -> tuple[_T, ...]:
        """The list under `key`: of dataclasses, or of str."""
        return tuple(self._value(types.GenericAlias(tuple, (kind, ...)), self._required(self._result, key, ""), key))

    def _dataclass(self, kind: type[_T], raw: Any, place: str) -> _T:
        if not isinstance(raw, Mapping):
            raise self._wrong(place, f"is {_shown(raw)}, not an object")
        fields = {
            name: self._value(hint, self._required(raw, name, place), f"{place}.{name}".lstrip("."))
            for name, hint in _hints(cast(Hashable, kind)).items()
        }
        made = kind(**fields)
        return _with_colons(made) if isinstance(made, Adapter) else made

    def _required(self, raw: Mapping[str, Any], name: str, place: str) -> Any:
        if name not in raw:
            raise self._wrong(f"{place}.{name}".lstrip("."), "is missing")
        return raw[name]

    def _value(self, hint: Any, raw: Any, place: str) -> Any:
        if get_origin(hint) is types.UnionType:
            (hint,) = (part for part in get_args(hint) if part is not types.NoneType)
            return None if raw is None else self._value(hint, raw, place)
        if get_origin(hint) is tuple:
            if not isinstance(raw, list):
                raise self._wrong(place, f"is {_shown(raw)}, not a list")
            return tuple(self._value(get_args(hint)[0], item, f"{place}[{at}]") for at, item in enumerate(raw))
        if isinstance(hint, type) and dataclasses.is_dataclass(hint):
            return self._dataclass(hint, raw, place)
        return self._scalar(hint, raw, place)

    def _scalar(self, kind: type, raw: Any, place: str) -> Any:
        if issubclass(kind, Enum):
            return self._member(kind, raw, place)
        if kind is float and type(raw) is int:
            return float(raw)
        if type(raw) is not kind:
            raise self._wrong(place, f"is {_shown(raw)}, not of type {kind.__name__}")
        return raw

    def _member(self, kind: type[Enum], raw: Any, place: str) -> Enum:
        known = {member.value: member for member in kind}
        if isinstance(raw, str) and raw in known:
            return known[raw]
        if kind is VmState and isinstance(raw, str):
            return VmState.OTHER
        raise self._wrong(place, f"is {_shown(raw)}, none of {', '.join(sorted(known))}")

    def _wrong(self, place: str, what: str) -> ProtocolError:
        return ProtocolError(self._host, f"The answer to {self._verb} cannot be read: {place or 'all of it'} {what}.")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _shown(raw: Any) -> str:
    text = repr(raw)
    return text if len(text) <= 40 else text[:40] + "…"


def _with_colons(adapter: Any) -> Any:
    """Hyper-V writes 00155D010203, other tools 00-15-5D-01-02-03."""
    digits = re.sub(r"[^0-9A-Fa-f]", "", adapter.mac).upper()
    pairs = [digits[at : at + 2] for at in range(0, len(digits), 2)]
    return dataclasses.replace(adapter, mac=":".join(pairs))
