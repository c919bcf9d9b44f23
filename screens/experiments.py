"""The experiment that a list of runs shows, and choosing one: by name, or from a list that counts the runs of each."""

from __future__ import annotations

from collections.abc import Sequence

from ..app.errors import UsageError
from ..app.store.experiments import ExperimentRow
from ..app.store.reading import Reader
from ..app.text import clip
from ..widgets.figures import count
from ..widgets.line import Piece
from .picker import Item


class Experiments:
    """All experiments, and which of them is shown: one, or None for all of them."""

    def __init__(self, rows: Sequence[ExperimentRow]) -> None:
        self.rows = rows
        self.here: int | None = rows[0].rowid if rows else None
        """Row id of the one that is shown."""

    @property
    def shown(self) -> ExperimentRow | None:
        """The one that is shown; None for all of them, or when there is none yet."""
        return next((row for row in self.rows if row.rowid == self.here), None)

    @property
    def name(self) -> str | None:
        """What it is called; None for all of them."""
        return self.shown.experiment.name if self.shown is not None else None

    @property
    def scope(self) -> list[int] | None:
        """Row ids of those that are shown, as the reader takes them; None for all."""
        return None if self.here is None else [self.here]

    @property
    def rowids(self) -> list[int]:
        """Row ids of those that are shown, one by one."""
        return self.scope or [row.rowid for row in self.rows]

    def beside(self, by: int) -> int | None:
        """Row id of the one so many places further, around the end; None where there is none."""
        ids = [row.rowid for row in self.rows]
        return ids[((ids.index(self.here) if self.here in ids else 0) + by) % len(ids)] if ids else None

    def show_kept(self, name: str | None) -> None:
        """Show what was shown when it was kept; an experiment that is gone changes nothing."""
        found = next((row.rowid for row in self.rows if row.experiment.name == name), None)
        self.here = found if found is not None or name is None else self.here

    def pieces(self, width: int) -> list[Piece]:
        """What the subject line says of it."""
        row = self.shown
        if row is None:
            return [(" all experiments" if self.rows else " no experiments yet", "bright")]
        made: list[Piece] = [(" experiment ", "dim"), (clip(row.experiment.name, 32), "bright")]
        return [*made, (f" ({self.rows.index(row) + 1} of {len(self.rows)})", "dim")] if width >= 100 else made


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
