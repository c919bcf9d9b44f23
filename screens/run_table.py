"""What a list of runs has beside what every list has: marks that watch, and a baseline to measure against."""

from __future__ import annotations

from collections.abc import Sequence

from ..app.records import Run
from ..app.store.run_checks import any_checks
from ..app.text import clip
from ..widgets.line import Piece
from ..widgets.record_table import Column
from .asked_list import AskedList
from .baseline import baseline_row, has_unlike, with_difference
from .changes import Changed
from .deck import Deck
from .run_acts import RunActs
from .run_columns import CHECKS, CI, RunRow
from .run_list import Ordered, Question, ordered
from .telling import mark_watches

ROOMY = 100
"""Columns of the terminal from which on the baseline is named, and a difference between unlike data stands beside
the word that says so."""


CHECKS_AT_MOST_EVERY = 0.5
"""Seconds between two looks at the column of pipelines while the syncer writes some."""


class RunTableScreen(AskedList[RunRow, Question, Ordered], RunActs):
    """A list of runs. A subclass says which ones."""

    answers = staticmethod(ordered)

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self.base: RunRow | None = None
        """The baseline, None where there is none or the runs are of several experiments."""
        self._unlike = False
        self._checks_changed = False

    def experiment_name(self) -> str | None:
        """Which experiment the list shows; None for several."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def sample(self) -> Sequence[Run]:
        """Some of the runs, whole: the column gets the width that they need."""
        raise NotImplementedError

    def draw_rows(self) -> None:
        """Draw the rows that are there anew, those that differ."""
        raise NotImplementedError

    # -- marks --------------------------------------------------------------------------------------------------

    def run_here(self) -> Run | None:
        """The run under the cursor."""
        row = self.table.row()
        return row.run if row else None

    def action_mark(self) -> None:
        """Mark the row and go on; a run of which something is still to come is watched from now on, or no more."""
        run, key = self.run_here(), self.table.key_here()
        super().action_mark()
        if run is not None and key is not None:
            mark_watches(self, run, marked=key in self.table.marked)
            self.draw_rows()

    def action_clear(self) -> None:
        """Escape takes the filter away, then the marks, then goes back; what is watched stays so."""
        had_marks = bool(self.table.marked)
        super().action_clear()
        number = len(self.deck.watched.seen)
        if had_marks and not self.table.marked and number:
            self.say(f"{number} {'run stays' if number == 1 else 'runs stay'} watched; :watched changes that", "dim")

    def news(self) -> None:
        """A run that has ended is watched no more."""
        super().news()
        self.draw_rows()

    # -- pipelines of the commits -------------------------------------------------------------------------------

    def has_pipelines(self) -> bool:
        """Whether any CI has run anything."""
        return bool(self.deck.reader.pipelines.ids(None, limit=1))

    def has_data_checks(self) -> bool:
        """Whether any data check has spoken in a run, or of data whose content it names."""
        return any_checks(self.deck.reader.connection)

    def cache_changed(self, changed: Changed) -> None:
        """Look at pipelines and data checks again, but not at each of the batches of a first sync."""
        if (changed.pipelines or changed.checks) and not self._checks_changed:
            self._checks_changed = True
            self.set_timer(CHECKS_AT_MOST_EVERY, self._look_at_checks)
        super().cache_changed(changed)

    def _look_at_checks(self) -> None:
        self._checks_changed = False
        if self.is_ready:
            self.show_checks()

    def show_checks(self) -> None:
        """Draw the columns of pipelines and data checks anew, where they are shown."""
        if {CI, CHECKS} & set(self.keys):
            self.draw_rows()

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """Sort by a column, but not by what is known of each window only."""
        if key == CI:
            self.say("runs have no order by ci; :pipelines status:failed lists what failed", "dim")
        elif key == CHECKS:
            self.say("runs have no order by checks; :checks outcome:fail lists what fails", "dim")
        else:
            super().sort_by(key, descending)

    # -- the baseline -------------------------------------------------------------------------------------------

    def read_base(self, sample: Sequence[Run] | None = None) -> None:
        """Read the baseline, with what the columns need of it; a sample tells whether data is unlike."""
        self.base = baseline_row(self.deck, self.experiment_name(), self.keys)
        if sample is not None:
            self._unlike = has_unlike(sample, self.base)

    def follow_base(self) -> None:
        """Read it again: it may still run, or have come only now."""
        had_base = self.base is not None
        self.read_base()
        if had_base != (self.base is not None):
            self.set_columns()

    def baseline_changed(self) -> None:
        """Measure against the new baseline."""
        self.read_base(self.sample())
        self.set_columns()
        self.draw_rows()
        super().baseline_changed()

    def set_columns(self) -> None:
        """Give the table its columns, and the baseline what they need of it."""
        self.read_base()
        super().set_columns()

    def columns(self) -> list[Column[RunRow]]:
        """Those of the words, and the difference to the baseline beside its metric."""
        columns = super().columns()
        if self.base is None:
            return columns
        wide = self._unlike and self.size.width >= ROOMY
        return with_difference(columns, self.sort[0], self.deck.better, wide=wide)

    def base_pieces(self) -> list[Piece]:
        """The baseline, as the subject line names it where there is room."""
        if self.base is None or self.size.width < ROOMY:
            return []
        return [("   base ", "dim"), (clip(self.base.run.name or self.base.run.id, 24), "text")]
