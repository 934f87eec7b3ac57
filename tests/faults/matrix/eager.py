"""What would take too long in tests, or never happen to VMs so small, as long as a context lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from migrations_app.engine import transfer
from migrations_app.engine.steps import delta_rounds, hold


@contextmanager
def every_round_is_worth_it() -> Iterator[None]:
    """Only the weighing is left out; the rounds are the real ones."""
    with _instead(delta_rounds, "why_no_round", _no_reason), _instead(hold, "why_no_round", _no_reason):
        yield


@contextmanager
def a_silent_host_is_given_up_after(seconds: float) -> Iterator[None]:
    """In a copy."""
    with _instead(transfer, "PATIENCE_S", seconds):
        yield


@contextmanager
def _instead(module: ModuleType, name: str, value: object) -> Iterator[None]:
    usual, vars(module)[name] = vars(module)[name], value
    try:
        yield
    finally:
        vars(module)[name] = usual


def _no_reason(_: object) -> str:
    return ""
