"""The Watch in the real program: opened first, from what was kept, and three keys to the evidence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from quarterdeck.app.settings import load
from quarterdeck.app.store.state import State, state_file

from .conftest import StartTerminal

TROUBLE = "churn-offers@champion v3  precision"


def test_it_opens_with_what_needs_attention_and_three_keys_lead_to_the_evidence(
    terminal: StartTerminal, churn: Path
) -> None:
    program = terminal("--project", churn, size=(80, 24), opens="watch")
    program.wait_for(TROUBLE, "floor 0.78", "strong")
    first = next(line for line in program.lines if " strong " in line)
    assert "customer_id" in first or "orders" in first
    program.press("down", "enter")
    program.wait_gone(TROUBLE)
    program.wait_for("not_null(customer_id)")
    program.press("esc")
    program.wait_for(TROUBLE)


def test_what_the_syncer_kept_is_there_at_once_and_the_gravest_can_be_taken_on_and_handed_over(
    terminal: StartTerminal, churn: Path
) -> None:
    program = terminal("--project", churn, size=(120, 40), opens="watch")
    program.wait_for(TROUBLE)
    program.press("a")
    program.wait_for("1 acknowledged", "has it")  # and under the cursor, for a note on it
    program.press("H")
    program.wait_for("hand-over", "#")
    program.press("esc")
    program.wait_for("1 acknowledged", "has it")
    with State(state_file(load(directory=churn).project_key)) as state:
        [note] = state.own_notes()
    assert (note.kind, note.about.partition("  ")[0]) == ("ack", "churn-offers@champion v3")


def test_with_every_source_out_of_reach_it_still_says_what_it_knows_and_how_old_that_is(
    terminal: StartTerminal, churn: Path, command: Callable[..., str]
) -> None:
    for part in ("mlflow.db", "gx", "warehouse", "infra"):
        (churn / part).rename(churn / f"{part}-gone")
    program = terminal("--project", churn, size=(80, 24), opens="watch")
    program.wait_for(TROUBLE, "answer")
    assert "strong" in program.text
    program.wait_for(TROUBLE, "▲", "of 9")  # by then the syncer has tried them all


def test_all_nine_screens_are_a_digit_away(terminal: StartTerminal, churn: Path) -> None:
    program = terminal("--project", churn, size=(120, 40), opens="watch")
    program.wait_for(TROUBLE)
    for digit, seen in (
        ("2", "val_auc"), ("3", "champion"), ("4", "not_null(customer_id)"), ("5", "pipelines"), ("6", "lineage"),
        ("7", "churn-offers"), ("8", "serving"), ("9", "events"), ("1", TROUBLE),
    ):  # fmt: skip
        program.press(digit)
        program.wait_for(seen)
