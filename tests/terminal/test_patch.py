"""From a commit to the line that it changed, in the real program, which asks its syncer for it."""

from __future__ import annotations

from pathlib import Path

from tests.app.promotion.worlds import commit, git
from tests.app.teams import team

from .conftest import StartTerminal


def test_the_line_that_a_commit_changed_is_read_without_leaving(tmp_path: Path, terminal: StartTerminal) -> None:
    (ann,) = team(tmp_path, "ann")
    commit(ann.clone, "a rule", {"checks/rules.toml": "share = 0.0\n"})
    sha = commit(ann.clone, "let some pass", {"checks/rules.toml": "share = 0.05\n"})
    git(ann.clone, "push", "--quiet", "origin", "main")
    assert ann("sync").status == 0
    page = terminal("open", f"commit/{sha}", cwd=ann.clone, env=ann.env)
    page.wait_for("checks/rules.toml")
    page.press("\r")
    page.wait_for("-share = 0.0")
    page.wait_for("+share = 0.05")
    page.press("\x1b")
    page.wait_for("let some pass")
