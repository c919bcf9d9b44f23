"""What tests of triage share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.triage.watched import Watched


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path / "cache.db")
    yield made
    made.close()
