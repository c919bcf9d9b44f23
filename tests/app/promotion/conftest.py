"""What tests of promotions share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.promotion.evidence import World
from tests.app.promotion.worlds import close_all


@pytest.fixture(autouse=True)
def _cleared_away() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "cache.db")
    yield made
    made.close()
