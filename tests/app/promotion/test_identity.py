"""Which ledger a project has."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.promotion.identity import open_ledger
from quarterdeck.app.promotion.ledgers import LocalLedger
from quarterdeck.app.records import PolicyText
from quarterdeck.app.settings import load
from tests.app.promotion.worlds import make_remote


def test_a_remote_that_the_clone_does_not_have_is_no_reason_for_a_ledger_that_nobody_else_sees(tmp_path: Path) -> None:
    _, clone = make_remote(tmp_path, {"quarterdeck.toml": ""})
    (clone / "quarterdeck.toml").write_text('[git]\nremote = "upstream"\n')
    settings, state = load(directory=clone), tmp_path / "state.db"
    assert not settings.remote
    shared = PolicyText(source="git", branch="origin/main", commit="20aa4d1")
    with pytest.raises(SourceError, match="has no remote upstream"):
        open_ledger(settings, "git", state, lambda: shared)
    alone = PolicyText(source="git", branch="main", commit="20aa4d1", is_local=True)
    for told in (alone, None):
        assert isinstance(open_ledger(settings, "git", state, lambda told=told: told), LocalLedger)  # type: ignore[misc]
