"""A walk through groups and points in the real program: fold, look into a group, come back, see the points."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

StartTerminal = Callable[..., Any]


def test_runs_are_folded_opened_and_drawn_as_points(terminal: StartTerminal, churn: Path) -> None:
    runs = terminal(cwd=churn, size=(80, 24))
    runs.wait_for("● finished")
    runs.press("f")
    runs.wait_for("fold by", "values")
    runs.type("params.depth")
    runs.press("enter")
    runs.wait_for("groups of", "±", "best")
    runs.press("enter")
    runs.wait_for("params.depth = '", "● finished")
    runs.press("esc")
    runs.wait_for("groups of")
    runs.press("h")
    runs.wait_for("points: which param")
    runs.press("enter")
    runs.wait_for("points: which metric")
    runs.press("enter")
    runs.wait_for("against depth", "ended", "place 1 of")
    runs.press("left")
    runs.wait_gone("place 1 of")
    runs.press("esc", "esc")
    runs.wait_for("● finished", "age")


def test_a_move_among_the_points_sends_few_bytes(terminal: StartTerminal, churn: Path) -> None:
    runs = terminal(cwd=churn, size=(120, 40))
    runs.wait_for("● finished")
    runs.press(":")
    runs.type("scatter depth")
    runs.press("enter")
    runs.wait_for("place 1 of")
    runs.settle()
    runs.press("left")
    assert runs.settle() <= 800


def test_groups_are_the_same_on_the_command_line(command: Callable[..., str], churn: Path) -> None:
    groups = json.loads(command(churn, "runs", "--fold", "depth", "--json"))
    listed = json.loads(command(churn, "runs", "--json"))
    assert sum(group["count"] for group in groups) == len(listed)
    for group in groups:
        assert len(json.loads(command(churn, "runs", "--filter", group["filter"], "--json"))) == group["count"]
