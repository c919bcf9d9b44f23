"""What tests of the record share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.audit.team import Team
from tests.app.promotion.worlds import close_all


@pytest.fixture(autouse=True)
def _cleared_away() -> Iterator[None]:
    yield
    close_all()


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """A team whose ledger has three entries, each as the policy demands."""
    made = Team(tmp_path)
    made.promote("12", None)
    made.promote("13", "12")
    made.roll_back("12", "13")
    return made
