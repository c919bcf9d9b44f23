"""Where a run or an experiment that is spoken of is shown: its page, or the list of the runs."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Subject
from ..app.store.reading import Reader
from .deck import Deck
from .frame import FrameScreen
from .run import RunScreen
from .runs import RunsScreen


class ExperimentScreen(RunsScreen):
    """The runs of an experiment, above whatever it was opened from: Escape leads back there."""

    def __init__(self, deck: Deck, rowid: int) -> None:
        super().__init__(deck)
        self._rowid = rowid

    def first_rows(self) -> None:
        """Those of the experiment."""
        self.show_experiment(self._rowid)
        super().first_rows()


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screen for `run/ID` or `experiment/ID`. Raises UsageError for an experiment that there is not."""
    if subject.kind == "experiment":
        return [ExperimentScreen(deck, row_of(deck.reader, subject))]
    return [RunScreen(deck, subject.parts[0])]


def row_of(reader: Reader, subject: Subject) -> int:
    """The row id of an experiment; of several of this id that one where something happened last. Raises UsageError."""
    native = subject.parts[0]
    found = next((row.rowid for row in reader.experiments() if row.experiment.id == native), None)
    if found is None:
        raise UsageError(f"{subject}: the cache has no such experiment; e on Runs lists them")
    return found
