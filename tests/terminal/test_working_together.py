"""Two people at two terminals: what one writes is there for the other, and waits where the line is down."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from quarterdeck.app.records import Subject
from tests.app.promotion.worlds import git
from tests.app.teams import team

from .conftest import StartTerminal


def test_what_is_written_in_a_terminal_is_read_by_the_other(tmp_path: Path, terminal: StartTerminal) -> None:
    ann, bo = team(tmp_path, "ann", "bo")
    assert ann("sync").status == 0
    subject = str(Subject(kind="commit", parts=(git(ann.clone, "rev-parse", "HEAD"),)))
    page = terminal("open", subject, cwd=ann.clone, env=ann.env)
    page.wait_for("begin")
    page.press("m")
    page.wait_for("a note on commit ")
    page.type("this is where it began")
    page.press("\r")
    page.wait_for("noted")
    assert _within(lambda: bo.notes() == ["ann: this is where it began"])


def test_what_could_not_be_shared_is_when_a_terminal_opens(tmp_path: Path, terminal: StartTerminal) -> None:
    ann, bo = team(tmp_path, "ann", "bo")
    assert ann("sync").status == 0
    ann.go_offline()
    assert "only here" in ann("note", "run/4f2c", "written offline").err
    ann.go_online()
    assert bo.notes() == []
    terminal(cwd=ann.clone, env=ann.env).wait_for("churn")
    assert _within(lambda: bo.notes() == ["ann: written offline"])


def _within(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
    return True
