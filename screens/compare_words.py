"""What the frame says around a comparison: how many runs of what, how much differs, what is aside. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping

from ..app.comparison import Comparison
from ..app.text import clip, one_line
from ..widgets.figures import count
from ..widgets.line import Piece


def counted(compared: Comparison, experiments: Mapping[tuple[str, str], str], narrow: str) -> list[Piece]:
    """`compare 3 runs of churn   12 of 40 rows differ`; `experiments` are names by source and id."""
    rows, runs = compared.rows, compared.runs
    names = {experiments.get((run.source, run.experiment_id), "") for run in runs}
    of = f" of {clip(names.pop(), 30)}" if len(names) == 1 else f" of {len(names)} experiments"
    made: list[Piece] = [(" compare ", "dim"), (f"{len(runs)} runs", "bright"), (of, "text")]
    made.append((f"   {count(sum(row.differs for row in rows))} of {count(len(rows))} rows differ", "text"))
    return [*made, (f"   / {one_line(narrow)}", "accent")] if narrow else made


def aside(runs: int) -> list[Piece]:
    """How many runs have no room for their columns."""
    return [(f"{runs} more {'run' if runs == 1 else 'runs'} aside   ", "accent")] if runs else []


def no_rows(narrow: str) -> list[Piece]:
    """What stands where there is no row."""
    if narrow:
        return [("no row is called so: Esc shows all again", "dim")]
    return [("these runs differ in nothing: ", "text"), ("d", "accent"), (" shows what is the same", "text")]
