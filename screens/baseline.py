"""The baseline of an experiment: the run that the others are measured against, and the column that does it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ..app.records import Run
from ..app.store.reading import Reader
from ..app.text import clip
from ..app.watching import is_better, unlike_data
from ..widgets.figures import difference, figure
from ..widgets.line import Piece
from ..widgets.record_table import Column
from .run_columns import RunRow, metric_of, read_names

if TYPE_CHECKING:
    from .deck import Deck, Tables

KEY = "baseline"
"""The key of the column. It is no word of the filter: what it shows depends on the sort."""
UNLIKE = "≠data"
"""Before a difference between runs on unlike data; alone where there is no room for both."""
RANK = 2
"""On a narrow screen it leaves with its metric: after the other metrics, before what the user chose."""
WIDE, NARROW = 14, 8
"""Cells of the column with room for a difference and UNLIKE, and for one of them."""


def kept_under(experiment: str) -> str:
    """The name under which the baseline of an experiment is kept: `{"run": native id or None}`."""
    return f"baseline/{experiment}"


def baseline_id(tables: Tables, experiment: str) -> str | None:
    """The native id of the baseline; None where there is none."""
    kept = tables.get_table(kept_under(experiment)) or {}
    return str(kept["run"]) if kept.get("run") else None


def baseline_run(reader: Reader, tables: Tables, experiment: str) -> Run | None:
    """The baseline, whole; None where there is none, or the cache does not have it."""
    run_id = baseline_id(tables, experiment)
    found = reader.runs(reader.rowids([run_id])) if run_id else []
    return found[0] if found else None


def baseline_row(deck: Deck, experiment: str | None, keys: Sequence[str]) -> RunRow | None:
    """The baseline as a table holds a run, with what the columns of these words need."""
    run_id = baseline_id(deck.tables, experiment) if experiment is not None else None
    rowids = deck.reader.rowids([run_id]) if run_id else []
    runs = deck.reader.runs(rowids, read_names(keys))
    if not runs:
        return None
    names = sorted({metric[0] for key in keys if (metric := metric_of(key))})
    known = deck.reader.extremes(rowids, names) if names else {}
    # without a clock: it is equal to itself while nothing of it changes
    return RunRow(run=runs[0], extremes={name: extreme for (_, name), extreme in known.items()})


def experiment_of(reader: Reader, run: Run) -> str:
    """The name of a run's experiment."""
    rows = [row.experiment for row in reader.experiments()]
    return next((one.name for one in rows if (one.source, one.id) == (run.source, run.experiment_id)), "")


def turn(deck: Deck, run: Run) -> str:
    """Make a run the baseline of its experiment, or, where it is, take it away. Gives what to say.

    Raises StoreError where it cannot be kept.
    """
    experiment = experiment_of(deck.reader, run)
    is_it = baseline_id(deck.tables, experiment) == run.id
    deck.tables.save_table(kept_under(experiment), {"run": None if is_it else run.id})
    name = clip(run.name or run.id, 40)
    if is_it:
        return f"{name} is the baseline no more"
    return f"{name} is the baseline of {clip(experiment, 40)} now; b on it takes it away"


# -- the column


def with_difference(
    columns: Sequence[Column[RunRow]],
    sort: str,
    better: Mapping[str, bool],
    *,
    wide: bool,
) -> list[Column[RunRow]]:
    """The columns, with the difference to the baseline right of the metric that it is about.

    That is the metric sorted by, else the first with a declared direction, else the first that is shown.
    """
    shown = [column.key for column in columns]
    key = measured(shown, sort, better)
    if key is None:
        return list(columns)
    stem = (metric_of(key) or (key.partition(".")[2],))[0]
    cell = difference_cell(key, better.get(stem), wide=wide)
    width = WIDE if wide else NARROW
    at = shown.index(key)
    made = Column(key=KEY, title="Δ base", cell=cell, width=width, right=True, rank=RANK)
    stays = replace(columns[at], rank=min(columns[at].rank, RANK))
    return [*columns[:at], stays, made, *columns[at + 1 :]]


def measured(shown: Sequence[str], sort: str, better: Mapping[str, bool]) -> str | None:
    """The word of the metric column that the baseline is compared by, None where no metric is shown."""
    metrics = [key for key in shown if key.startswith("metrics.")]
    if sort in metrics:
        return sort
    declared = (f"metrics.{name}" for name in better)
    return next((key for key in declared if key in metrics), metrics[0] if metrics else None)


def difference_cell(key: str, greater: bool | None, *, wide: bool) -> Callable[[RunRow], Piece]:
    """A cell of the column: `base`, `+0.0031`, dim with UNLIKE where the data is not the same."""

    def cell(row: RunRow) -> Piece:
        base = row.base
        if base is None or row.run.id == base.run.id:
            return "base" if base else "", "text"
        mine, theirs = _value(row, key), _value(base, key)
        if mine is None or theirs is None:
            return ("…" if _is_unread(row, key) or _is_unread(base, key) else ""), "dim"
        said = lead_words(mine, theirs)
        if unlike_data(row.run, base.run):
            return (f"{UNLIKE} {said}" if wide else UNLIKE), "dim"
        return said, "good" if greater is not None and is_better(mine - theirs, greater) else "text"

    return cell


def lead_words(mine: float, theirs: float) -> str:
    """The difference in at most eight cells, as exact as the figures themselves stand on the screen: `+0.0031`."""
    lead = mine - theirs
    if not lead or not math.isfinite(lead):
        return difference(lead) if lead == lead else "–"  # two infinities have no difference
    sign, shown = "+" if lead > 0 else "−", [figure(mine), figure(theirs)]
    decimals = max(len(one.partition(".")[2]) for one in shown)
    text = f"{abs(lead):.{decimals}f}"
    if any("e" in one for one in shown) or not float(text) or len(text) >= NARROW:
        text = f"{abs(lead):.1e}"
    return sign + text


def _value(row: RunRow, key: str) -> float | None:
    stem, aggregate = metric_of(key) or (key.partition(".")[2], "last")
    if aggregate == "last":
        metric = row.run.metrics.get(stem)
        return metric.value if metric else None
    known = row.extremes.get(stem)
    return None if known is None else known.min if aggregate == "min" else known.max


def _is_unread(row: RunRow, key: str) -> bool:
    metric = metric_of(key)
    return metric is not None and metric[0] in row.run.metrics and _value(row, key) is None


def has_unlike(sample: Sequence[Run], base: RunRow | None) -> bool:
    """Whether some of these runs had other data than the baseline: then the column is wide."""
    return base is not None and any(unlike_data(run, base.run) for run in sample)
