"""The fence of the hosts in memory: what changes something is numbered, may come late, and is refused if overtaken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from hosts.providers.claims import Claim
from hosts.providers.errors import DeadlineExceeded, Overtaken, Refused
from tests.fakes.host import FakeHost

_P = ParamSpec("_P")
_T = TypeVar("_T")
OWN_DEADLINE_S = 3600.0


class Connection(Protocol):
    """What is needed of a provider: its host, what it was told to claim, and what happens when a verb is called."""

    _host: FakeHost
    _claim: Claim | None

    def _enter(self, verb: str) -> None: ...


_C = TypeVar("_C", bound=Connection)
_Method = Callable[Concatenate[_C, _P], _T]


def changes(verb: str) -> Callable[[_Method[_C, _P, _T]], _Method[_C, _P, _T]]:
    """For a method that changes something: enters as `verb`, then passes the fence, then is carried out."""

    def fenced(method: _Method[_C, _P, _T]) -> _Method[_C, _P, _T]:
        def call(self: _C, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
            host, claim = self._host, self._claim
            if claim is None:
                raise Refused(host.name, f"Nobody has claimed the job for {verb}.")
            number = claim.next_call()

            def act() -> _T:
                _pass(host, claim.job, number)
                return method(self, *args, **kwargs)

            self._enter(verb)
            if verb in host.late_verbs:
                host.late_verbs.remove(verb)
                host.keep_late(act, claim.bounded_s(OWN_DEADLINE_S))
                raise DeadlineExceeded(host.name, f"{verb} did not end in time.")
            return act()

        return call

    return fenced


def _pass(host: FakeHost, job: str, number: int) -> None:
    if number <= host.fences.get(job, 0):
        raise Overtaken(host.name, f"A later call of the job {job} was here before.")
    host.fences[job] = number
