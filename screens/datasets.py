"""Datasets: what every tool calls data, its newest version, how its checks stand and whom it feeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from ..app.copies import Copy
from ..app.query import DATASETS, Node, parse
from ..app.records import OUTCOMES, Subject
from ..app.text import clip
from ..widgets.figures import count
from ..widgets.line import Piece
from ..widgets.record_table import Column
from .asking import Asking
from .changes import Changed
from .dataset import DatasetScreen
from .dataset_columns import COLUMNS, DatasetLine, column
from .dataset_rows import DatasetRows, Listed, Question, listed, ordered
from .dataset_words import empty_words
from .deck import Deck
from .list_screen import ListScreen
from .subjects import named

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes."""

AGES = 60_000
"""Milliseconds after which the list is read anew, for its ages."""


class DatasetsScreen(ListScreen[DatasetLine]):
    """The table of datasets."""

    NAME = "datasets"
    TAB = "lineage"
    FILTER_HINT = "orders outcome:fail tool:dvc rows > 1000"
    DEFAULT_SORT = ("outcome", False)
    CSS_PATH = "datasets.tcss"
    LEADING_KEYS = ("open", "changes", "filter", "mark", "sort", "columns")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "changes", "changes", id="changes", tooltip="What changed around this; w again draws its lineage"),
    ]

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._listed: Listed | None = None
        self._shown: list[DatasetLine] = []
        self._read_at = 0
        self._dirty = False
        self._is_stale = False
        self._asking = Asking(deck.open_reader, listed, self._answered)
        self.keys = list(COLUMNS)[:11]
        self.look({**(deck.tables.get_table(self.kept_name()) or {}), "filter": ""})
        if column(self.sort[0]) is None:
            self.sort = self.DEFAULT_SORT

    # -- columns, filter, order ---------------------------------------------------------------------------------

    def column(self, key: str) -> Column[DatasetLine] | None:
        """The column of a word."""
        return column(key, chosen=self.chosen)

    def all_keys(self) -> list[tuple[str, str]]:
        """Every column there is."""
        return [(key, made.title) for key, made in COLUMNS.items()]

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text is not of the grammar."""
        self._parsed(text)

    def _parsed(self, text: str) -> Node | None:
        return parse(text, zone=self.deck.zone, now=self.deck.now(), vocabulary=DATASETS)

    def filter_words(self) -> Iterable[str]:
        """The fields, and what checks can say."""
        return [*DATASETS.own, "age", *(f"outcome:{outcome}" for outcome in OUTCOMES), "silent", "tool:dvc"]

    def reload(self, *, keep: bool) -> None:
        """Show the datasets that match; where nothing was read yet, read."""
        if self._listed is None:
            self.read()
        else:
            self._show(keep=keep)

    def first_rows(self) -> None:
        """Ask for the list."""
        self.table.say([("reading …", "dim")])
        self.read()

    def read(self) -> None:
        """Read anew, on a thread: the counts of all checks may take some ten milliseconds."""
        self._is_stale = False
        self._read_at = self.deck.now()
        question = Question(identities=self.deck.identities, now=self._read_at)
        work = partial(self._asking.ask, self._asking.stop(), question)
        self.run_worker(work, thread=True, group="list", exit_on_error=False)

    def _answered(self, number: int, answer: Listed) -> None:
        """On the thread that asks."""
        self.app.call_from_thread(self._take, number, answer)

    def _take(self, number: int, answer: Listed) -> None:
        if not self._asking.is_current(number) or not self.is_ready:
            return
        if answer.is_whole or self._listed is None or not self._listed.is_whole:
            # while it is read anew what was known stays in sight
            self._listed = answer
            self._show(keep=True)

    def _show(self, *, keep: bool) -> None:
        assert self._listed is not None
        self._shown = ordered(self._listed.lines, self._parsed(self.filter), self.sort)
        self.table.show(DatasetRows(self._shown), keep=keep)
        self.table.say(empty_words(self.deck, self.filter))
        self.write_frame()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed question is a sentence, not an exit."""
        if event.state is WorkerState.ERROR and event.worker.group == "list":
            self.say(f"▲ the list could not be read: {event.worker.error}", "warn")

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._asking.close()

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        self._is_stale = self._is_stale or any((changed.data, changed.checks, changed.runs, changed.models))
        if self._is_stale and self.is_current and not self._dirty:
            self._dirty = True
            self.set_timer(CHANGES_AT_MOST_EVERY, self._look_again)
        super().cache_changed(changed)

    def _look_again(self) -> None:
        self._dirty = False
        if self._is_stale and self.is_ready and self.is_current:
            self.read()

    def on_screen_resume(self) -> None:
        """The screen on top is gone: what came in the meantime is shown."""
        if self._is_stale and self.is_ready:
            self.read()

    def time_passed(self) -> None:
        """Write the ages anew, once a minute."""
        super().time_passed()
        if self.deck.now() - self._read_at >= AGES:
            self.read()

    # -- keys ---------------------------------------------------------------------------------------------------

    def open_row(self, line: DatasetLine) -> None:
        """Open its newest version."""
        newest = line.newest
        digest = newest.digest if newest is not None and not newest.is_gone else ""
        self.app.push_screen(DatasetScreen(self.deck, line.row.name, digest))

    def subject_here(self) -> Subject | None:
        """The newest version of the dataset under the cursor."""
        line = self.table.row() if self.is_ready else None
        if line is None or line.newest is None or not line.newest.digest:
            return None
        return named("dataset", line.row.name, line.newest.digest)

    def copies(self) -> Sequence[Copy]:
        """The dataset under the cursor."""
        line, subject = self.table.row(), self.subject_here()
        if line is None:
            return ()
        own = [Copy("name", line.row.name)]
        if subject is not None:
            own += [Copy("subject", str(subject)), Copy("digest", subject.parts[1]),
                    Copy("command", f"quarterdeck lineage {subject}")]  # fmt: skip
        names = "\n".join(f"{part.tool}:{part.name}" for part in line.row.said_by)
        return [*own, Copy("as its tools call it", names)] if names else own

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How many of how many, the filter, and how many there is trouble with."""
        left: list[Piece] = [(" datasets", "bright")]
        lines = self._listed.lines if self._listed is not None else ()
        if self._listed is not None:
            number = f"{count(len(self._shown))} of {count(len(lines))}" if self.filter else count(len(lines))
            left.append((f"   {number}", "text"))
        for rank, said in ((0, "with failing checks"), (1, "with checks that could not run")):
            number_so = sum(line.checks is not None and line.checks.rank == rank for line in lines)
            left += [(f"   {count(number_so)} {said}", "bad")] if number_so else []
        left += [*self.filter_pieces(self.size.width - 60), *self.marked_pieces()]
        right: list[Piece] = []
        if self.sort != self.DEFAULT_SORT:
            right = [(f"by {clip(self.sort[0], 20)} {'↓' if self.sort[1] else '↑'} ", "dim")]
        return left, right
