"""What tests of lineage share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.lineage.worlds import Traced


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Traced]:
    made = Traced(tmp_path / "cache.db")
    yield made
    made.close()
