"""A lab of its own for every test of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from lab.hyperv.layout import GUEST_PORT
from tests.lab_moves import LabMove


@pytest.fixture
def lab_move(transactional_db: None, settings: Settings, tmp_path: Path) -> Iterator[LabMove]:
    settings.POLL_MS = 20
    settings.PROBES = ["ping", str(GUEST_PORT)]
    move = LabMove(tmp_path / "lab")
    yield move
    move.lab.destroy()
