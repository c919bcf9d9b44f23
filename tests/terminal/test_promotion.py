"""Moving an alias in the real program: a real Git remote, a real MLflow server, real SSH keys."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bench.terminal import Terminal
from quarterdeck.app.store.state import State
from tests.app.commands.promoting import APPROVALS, Person, Team
from tests.app.promotion.worlds import close_all, git

_names = (f"churn-{number}" for number in range(10_000))
Opened = Callable[..., Terminal]


@pytest.fixture(autouse=True)
def _cleared_away() -> Any:
    yield
    close_all()


@pytest.fixture
def team(tmp_path: Path, mlflow_rest: Any) -> Team:
    """Whose champion is 1; nobody has to approve 2."""
    return Team(tmp_path, mlflow_rest, next(_names))


@pytest.fixture
def opened(terminal: Any) -> Opened:
    """Somebody's terminal, on the plan for version 2."""

    def start(team: Team, person: Person, *options: str, size: tuple[int, int] = (80, 24)) -> Terminal:
        program: Terminal = terminal(*options, cwd=person.clone, env=person.environment, size=size)
        program.wait_for("? all")
        program.press(":")
        program.type(f"promote {team.model}@champion 2")
        program.press("enter")
        program.wait_for(f"promote {team.model} → champion", "will do")
        program.settle()
        return program

    return start


def state_of(person: Person) -> Path:
    return next((person.home / "state").rglob("*.db"))


def journal(person: Person) -> list[tuple[str, str]]:
    """Act and state, oldest first."""
    with State(state_of(person)) as state:
        return [(act.act, act.state) for act in reversed(state.acts())]


def entries(team: Team) -> list[str]:
    """Refs of the ledger that the remote has."""
    told = git(team.remote, "for-each-ref", "--format=%(refname)", "refs/quarterdeck/ledger")
    return told.split()


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        os.sched_yield()


def is_acting(pid: int) -> bool:
    """Whether this is the process that carries an act out."""
    with suppress(OSError):  # it ended meanwhile
        return b"act" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return False


def confirm(program: Terminal, name: str) -> None:
    program.press("p")
    program.type(name)
    program.settle()
    program.press("enter")


def test_a_model_is_promoted_by_typing_its_name_and_taken_back(team: Team, opened: Opened) -> None:
    ann, _ = team.people
    program = opened(team, ann)
    program.wait_for("now   v1", "next  v2", "val_auc 0.94", f"type {team.model} to promote:")
    assert f"mlflow set alias {team.model} champion 1 → 2" in program.text
    confirm(program, "something")
    program.wait_for("nothing was done")
    program.press("esc")
    confirm(program, team.model)
    program.wait_for(f"{team.model}@champion: v1 → v2 (entry 1).", "record    entry 1   v1 → v2   ann", deadline=60)
    program.wait_for("ledger ● 1 pushed   alias ● v2   read back ●   evidence ●")
    assert team.champion == "2"
    assert entries(team) == [f"refs/quarterdeck/ledger/{team.model}/champion/1"]
    assert '"entry":1' in team.server.tags(team.model, "2")["quarterdeck.evidence"]
    assert journal(ann) == [("promote", "done")]

    program.press("u")
    program.wait_for(f"roll back {team.model}@champion", "now   v2", "next  v1", deadline=60)
    confirm(program, team.model)
    program.wait_for(f"{team.model}@champion: v2 → v1 (entry 2).", deadline=60)
    assert team.champion == "1"
    program.press(":")
    program.type("acts")
    program.press("enter")
    program.wait_for("rollback   1 done", "v2 → v1   entry 2", "promotion   1 done", "v1 → v2   entry 1")


def test_p_on_a_version_leads_to_its_plan_and_enter_to_the_evidence(team: Team, terminal: Any) -> None:
    ann, _ = team.people
    program = terminal(cwd=ann.clone, env=ann.environment, size=(100, 24))
    program.wait_for("? all")
    program.press("3")
    program.wait_for("p promote")
    program.settle()
    program.press("/")
    program.type(f'name = "{team.model}"')  # the server has the models of the tests before this one too
    program.press("enter")
    program.wait_for(f"▸  {team.model} ", "models   1 of ", "p promote")
    program.press("enter")
    program.wait_for("v3", "v2", "v1", "champion")
    program.settle()
    program.press("p")
    program.wait_for("next  v3", "✖ metric", "val_auc 0.7 < 0.8", "blocked: metric:val_auc", "Enter shows by what")
    program.press("enter")
    program.wait_for("1  run trained of v3", "2  run trained of v1")
    program.press("1")
    program.wait_for("metrics", "val_auc", "registered as")
    program.press("esc", "esc")
    program.wait_for("v3", "v2", "v1")
    assert journal(ann) == []


@pytest.mark.parametrize("how", ["kill", "hangup"])
def test_a_terminal_that_dies_right_after_the_confirmation_changes_nothing_for_the_act(
    team: Team, opened: Opened, how: str
) -> None:
    ann, _ = team.people
    program = opened(team, ann)
    program.press("p")
    program.type(team.model)
    program.settle()
    program.send(b"\r")
    wait_until(lambda: any(map(is_acting, program.started_processes())))
    if how == "kill":
        program.kill()
        program.process.wait()
    else:
        program.hangup()
        program.wait_exit()
    wait_until(lambda: journal(ann) == [("promote", "done")])
    assert team.champion == "2"
    assert len(entries(team)) == 1


def test_who_comes_back_sees_how_far_it_is_and_what_came_of_it(team: Team, opened: Opened) -> None:
    ann, _ = team.people
    program = opened(team, ann)
    confirm(program, team.model)
    wait_until(lambda: any(map(is_acting, program.started_processes())))
    program.kill()
    program.process.wait()
    again = opened(team, ann)
    again.wait_for("v1 → v2", "(entry 1)", deadline=60)
    assert team.champion == "2"


@pytest.mark.parametrize("burst", ["p{name}\r", "{name}\r", "p{name}\r{name}\r", "py\r\r", "AyAy", "By\r"])
def test_what_comes_in_one_read_changes_nothing(team: Team, opened: Opened, burst: str) -> None:
    ann, _ = team.people
    program = opened(team, ann)
    program.send(burst.replace("{name}", team.model).encode())
    program.settle(0.5)
    program.press("esc", "esc", "esc")
    program.settle(0.3)
    assert journal(ann) == []
    assert (team.champion, entries(team)) == ("1", [])


def test_in_the_field_too_enter_has_to_come_by_itself(team: Team, opened: Opened) -> None:
    ann, _ = team.people
    program = opened(team, ann)
    program.press("p")
    program.send(f"{team.model}\r".encode())
    program.wait_for("Enter came with other keys")
    program.settle(0.3)
    assert journal(ann) == []
    program.press("enter")
    program.wait_for("(entry 1)", deadline=60)


def test_read_only_promotes_nothing(team: Team, opened: Opened) -> None:
    ann, _ = team.people
    program = opened(team, ann, "--read-only")
    program.wait_for("read-only, nothing is promoted from here")
    for key in ("p", "A", "u"):
        program.press(key)
        program.settle()
    program.type(team.model)
    program.press("enter")
    program.settle(0.3)
    assert (journal(ann), team.champion) == ([], "1")


def test_somebody_asks_another_approves_and_then_it_can_be_done(
    tmp_path: Path, mlflow_rest: Any, opened: Opened
) -> None:
    team = Team(tmp_path, mlflow_rest, next(_names), more=APPROVALS)
    ann, bo = team.people
    hers = opened(team, ann)
    hers.wait_for("blocked: needs 1 approval", "A asks")
    hers.press("A")
    hers.wait_for("ask for approval of plan", "type y to do it")
    hers.settle(0.3)
    hers.press("y")
    hers.wait_for("asked now", deadline=60)

    his = opened(team, bo)
    his.press("r")
    his.wait_for("A approves", deadline=60)
    his.press("A")
    his.wait_for("it holds for exactly this plan", "type y to do it")
    his.settle(0.3)
    his.press("y")
    his.wait_for("is approved by bo (signed)", deadline=60)
    assert team.champion == "1"

    hers.press("r")
    hers.wait_for(f"type {team.model} to promote:", deadline=60)
    confirm(hers, team.model)
    hers.wait_for("(entry 1)", deadline=60)
    assert team.champion == "2"
