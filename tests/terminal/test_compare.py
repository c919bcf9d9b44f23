"""A walk through Compare in the real program: marked runs, what differs, curves that the syncer brings."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

StartTerminal = Callable[..., Any]


def test_marked_runs_are_compared_and_their_curves_arrive(terminal: StartTerminal, churn: Path) -> None:
    runs = terminal(cwd=churn)
    runs.wait_for("● finished")
    runs.press("space", "space", "space")
    runs.wait_for("3 marked")
    runs.press("=")
    runs.wait_for("compare 3 runs", "rows differ", "baseline")
    runs.press("G")  # the last metric: its histories are in no cache yet
    runs.wait_for("step")
    runs.press("enter")
    runs.wait_for("axis", "bring out")
    runs.press("esc", "esc")
    runs.wait_for("3 marked")


def test_a_comparison_is_the_same_on_the_command_line(command: Callable[..., str], churn: Path) -> None:
    listed = json.loads(command(churn, "runs", "--limit", "2", "--json"))
    found = json.loads(command(churn, "compare", *(run["id"] for run in listed), "--json"))
    assert [run["name"] for run in found["runs"]] == [run["name"] for run in listed]
    assert {row["kind"] for row in found["rows"]} >= {"metric", "attribute"}
    assert all(row["differs"] for row in found["rows"])
