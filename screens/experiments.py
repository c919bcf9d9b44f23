"""Choosing an experiment: by its name, or from a list that says how many runs each has."""

from __future__ import annotations

from collections.abc import Sequence

from ..app.errors import UsageError
from ..app.store.experiments import ExperimentRow
from ..app.store.reading import Reader
from ..widgets.figures import count
from .picker import Item


def named(rows: Sequence[ExperimentRow], name: str) -> int:
    """Row id of the one that is called so, or of the only one that begins so. Raises UsageError."""
    found = [row for row in rows if row.experiment.name == name] or [
        row for row in rows if row.experiment.name.startswith(name)
    ]
    if not name or len(found) != 1:
        raise UsageError(f"{len(found)} experiments are called {name}…; e lists all of them")
    return found[0].rowid


def choices(reader: Reader, rows: Sequence[ExperimentRow]) -> list[Item[int | None]]:
    """All experiments with their runs, and all of them together as the last."""
    items: list[Item[int | None]] = [
        Item(row.experiment.name, _says(row, reader.run_count([row.rowid])), row.rowid) for row in rows
    ]
    return [*items, Item("all experiments", _runs(reader.run_count(None)), None)]


def _says(row: ExperimentRow, runs: int) -> str:
    gone = "  deleted" if row.experiment.lifecycle == "deleted" else ""
    return f"{_runs(runs)}{gone}  {row.source_name} {row.experiment.id}"


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{count(number)} runs"
