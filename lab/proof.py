"""What the checker of either lab says of a VM that was moved, and how it gathers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """`sentences`: what was looked at and how it is; `failures`: what must not be."""

    vm: str
    sentences: tuple[str, ...]
    failures: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.failures

    def __str__(self) -> str:
        return "\n".join([*self.sentences, *(f"FAILED: {failure}" for failure in self.failures)])


class Findings:
    """Sentences of a proof to come: those that are as they must be, and those that are not."""

    def __init__(self) -> None:
        self.good: list[str] = []
        self.bad: list[str] = []

    def add(self, is_good: bool, good: str, bad: str) -> None:
        (self.good if is_good else self.bad).append(good if is_good else bad)

    def tell(self, wrong: Sequence[str], whole: str) -> None:
        """What is wrong, or that nothing is."""
        self.bad += wrong
        if not wrong:
            self.good.append(whole)

    def proof(self, vm: str) -> Proof:
        return Proof(vm, tuple(self.good), tuple(self.bad))
