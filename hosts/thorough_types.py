"""What a live check of a host found, as values and as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class FindingLevel(StrEnum):
    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ThoroughFinding:
    """One thing that was looked at. `action` is empty when there is nothing to do."""

    level: FindingLevel
    text: str
    action: str = ""


@dataclass(frozen=True, slots=True)
class Thorough:
    """`cheap_stars`: from the rows as they were; `stars`: from what both hosts said at `asked_at`.

    `stars` is None when a host could not be asked. `differences`: sentences; none when nothing has changed.
    """

    asked_at: datetime
    cheap_stars: float
    stars: float | None
    findings: tuple[ThoroughFinding, ...]
    differences: tuple[str, ...]

    @property
    def has_errors(self) -> bool:
        return any(finding.level is FindingLevel.ERROR for finding in self.findings)


def thorough_record(thorough: Thorough) -> dict[str, Any]:
    """As JSON takes it."""
    return asdict(thorough) | {"asked_at": thorough.asked_at.isoformat()}


def thorough_from(record: Mapping[str, Any]) -> Thorough:
    """What `thorough_record` wrote."""
    return Thorough(
        asked_at=datetime.fromisoformat(record["asked_at"]),
        cheap_stars=record["cheap_stars"],
        stars=record["stars"],
        findings=tuple(
            ThoroughFinding(FindingLevel(each["level"]), each["text"], each["action"]) for each in record["findings"]
        ),
        differences=tuple(record["differences"]),
    )
