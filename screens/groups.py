"""Groups: runs folded by params, tags or parent, with mean and spread of each metric."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import BindingType
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from ..app.copies import Copy
from ..app.errors import FilterError
from ..app.folds import (
    MOST,
    STATES,
    FoldTable,
    best_of,
    called,
    csv_text,
    json_text,
    left_out,
    markdown,
    metric_field,
    narrowed,
    table,
)  # fmt: skip
from ..app.query import Field, Node, parse
from ..app.store.groups import Spread
from ..app.text import clip
from ..widgets.figures import count, figure
from ..widgets.freshness import freshness
from ..widgets.line import Line, Piece
from ..widgets.record_table import Column
from .asking import Asking
from .changes import Changed
from .deck import Deck
from .folding import Folding, RunsInSight, fields_of, metrics_of
from .group_columns import GroupRow, GroupRows, column, widths_of, words_of
from .group_list import Folded, FoldQuestion, FoldWork
from .list_screen import ListScreen
from .run_words import empty_words
from .runs import RunsScreen

RESTS = 0.15
"""Seconds without a key before the group under the cursor is told of."""

LOOKED_THROUGH = 20_000
"""Runs of equal value among which the best of a group is looked for: 10 ms."""

CHANGES_AT_MOST_EVERY = 1.0
"""Seconds between two folds while the syncer writes ..."""

REST_AFTER_A_FOLD = 5
"""... and so many times as long as the last one took."""


class GroupRunsScreen(RunsScreen):
    """The runs of one group, as the filter says; Escape comes back to the groups."""

    def __init__(self, deck: Deck, seen: RunsInSight, text: str) -> None:
        super().__init__(deck)
        self.begin_with(seen.experiment.rowid if seen.experiment else None)
        self.filter = self.given = text


class GroupsScreen(ListScreen[GroupRow], Folding):
    """The table of groups. Its filter says which runs are folded."""

    NAME = "groups"
    TAB = "runs"
    FILTER_HINT = "which runs are folded: status:finished and started_at > -7d"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, deck: Deck, seen: RunsInSight, by: Sequence[Field]) -> None:
        super().__init__(deck)
        self._seen = seen
        self._by = tuple(by)
        self._widths: dict[str, int] = {}
        self._folded: Folded | None = None
        self._stays = False
        self._dirty = False
        self._resting: Timer | None = None
        self._told: tuple[Piece, ...] = ()
        self._asking: Asking[FoldQuestion, Folded] = Asking(deck.open_reader, FoldWork(), self._answered)
        self._take_kept()
        self.filter = self.given = seen.filter

    # -- what is folded -----------------------------------------------------------------------------------------

    def in_sight(self) -> RunsInSight:
        """The runs that are folded, and the metrics that are shown of them."""
        shown = [f"metrics.{key.partition('.')[2]}" for key in [self.sort[0], *self.keys] if metric_field(key)]
        return RunsInSight(
            experiment=self._seen.experiment,
            filter=self.filter,
            metrics=tuple(dict.fromkeys([*shown, *self._seen.metrics])),
        )

    def folded_by(self) -> list[str]:
        """Words of the keys."""
        return [called(one) for one in self._by]

    def fold_by(self, words: Sequence[str]) -> None:
        """Fold by other keys, in place."""
        self._take_keys(fields_of(self.deck, self._seen, words))
        self.set_columns()
        self.reload(keep=False)
        self.remember()
        self.write_frame()

    def _take_keys(self, by: tuple[Field, ...]) -> None:
        gone = {*self.folded_by()} - {called(one) for one in by}
        self._by, self._widths = by, {}
        own = words_of(by, self._seen.metrics)
        kept = [key for key in self.keys if key not in gone and key not in own[: len(by)]] if self.chosen else []
        self.keys = [*own[: len(by)], *kept] if kept else own
        if self.sort[0] in gone or self.column(self.sort[0]) is None:
            self.sort = self._first_sort()

    def _first_sort(self) -> tuple[str, bool]:
        """By the metric that the runs were sorted by or that has a direction, the best first; else by the first key."""
        for key in self._seen.metrics:
            better = self.deck.better.get(key.partition(".")[2])
            if better is not None:
                return key, better
        return called(self._by[0]), False

    # -- what is kept -------------------------------------------------------------------------------------------

    def _take_kept(self) -> None:
        kept = self.deck.tables.get_table(self.kept_name()) or {}
        same = list(kept.get("by") or ()) == self.folded_by()
        self.keys, self.sort = words_of(self._by, self._seen.metrics), self._first_sort()
        if same:
            first = self.sort
            super().look(kept)
            self.sort = self.sort if self.column(self.sort[0]) else first
        self.remember()

    def kept_name(self) -> str:
        """One arrangement an experiment."""
        return self._seen.kept_name("groups")

    def looks(self) -> dict[str, Any]:
        """Filter, sort, columns, and what is folded by."""
        return super().looks() | {"by": self.folded_by()}

    def look(self, kept: Mapping[str, Any]) -> None:
        """Take what was kept."""
        if by := [str(word) for word in kept.get("by") or ()]:
            self._take_keys(fields_of(self.deck, self._seen, by))
        super().look(kept)

    # -- columns and filter -------------------------------------------------------------------------------------

    def column(self, key: str) -> Column[GroupRow] | None:
        """The column of a word."""
        return column(key, self._by, self._widths, self.deck.better)

    def all_keys(self) -> list[tuple[str, str]]:
        """The keys, the counts, and two columns a metric."""
        found = [(key, "folded by") for key in self.folded_by()] + [("n", "runs")]
        found += [(status, f"how many are {status}") for status in STATES]
        for key in metrics_of(self.deck, self._seen):
            name = key.partition(".")[2]
            metric = metric_field(key)
            declared = metric is not None and metric.name in self.deck.better
            found += [(key, "mean ± sd"), (f"best.{name}", "the best run" if declared else "min … max")]
        return found

    def filter_words(self) -> Iterable[str]:
        """The fields of the runs."""
        names = self.deck.reader.names(self._seen.scope)
        return [f"{kind}s.{name}" for kind, found in names.items() for name in found]

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text is not of the grammar."""
        self._parsed(text)

    def _parsed(self, text: str) -> Node | None:
        keys = self.deck.reader.names(self._seen.scope) if text else None
        return parse(text, zone=self.deck.zone, now=self.deck.now(), keys=keys)

    # -- the groups ---------------------------------------------------------------------------------------------

    def _question(self) -> FoldQuestion:
        metrics = [metric for key in self.keys if (metric := metric_field(key)) is not None]
        return FoldQuestion(
            experiments=self._seen.scope,
            where=self._parsed(self.filter),
            by=self._by,
            metrics=tuple(dict.fromkeys(metrics)),
            sort=self.sort,
            better=self.deck.better,
        )

    def reload(self, *, keep: bool) -> None:
        """Ask for the groups anew; what is on the screen stays until the answer is there."""
        question = self._question()
        self._stays = keep
        if self._folded is None:
            self.table.say([("folding the runs …", "dim")])
        number = self._asking.stop()
        self.run_worker(partial(self._asking.ask, number, question), thread=True, group="fold", exit_on_error=False)

    def _answered(self, number: int, folded: Folded) -> None:
        """On the thread that asks."""
        self.app.call_from_thread(self._show, number, folded)

    def _show(self, number: int, folded: Folded) -> None:
        if not self._asking.is_current(number) or not self.is_ready:
            return
        self._folded = folded
        groups = folded.groups
        if groups is None:
            self.table.show(NO_ROWS, keep=False)
            self.table.say([(folded.refused, "warn"), *_NEWLINES, ("f folds by something else   Esc goes back", "dim")])
        else:
            widths = widths_of(groups, folded.order)
            if widths != self._widths:
                self._widths = widths
                self.set_columns()
            # who has not moved yet sees the first rows, also when a metric comes and changes the order
            self.table.show(GroupRows(groups, folded.order), keep=self._stays and self.table.cursor > 0)
            self.table.say(empty_words(self.deck, self.filter))
        self._stays = True
        self._tell()
        self.write_frame()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed fold is a sentence, not an exit."""
        if event.state is WorkerState.ERROR:
            self.say(f"▲ the runs could not be folded: {event.worker.error}", "warn")

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._asking.close()

    def cache_changed(self, changed: Changed) -> None:
        """Fold again, but not at each of the batches of a first sync."""
        if changed.runs and not self._dirty:
            self._dirty = True
            self.set_timer(max(CHANGES_AT_MOST_EVERY, REST_AFTER_A_FOLD * self._asking.cost), self._look_again)
        super().cache_changed(changed)

    def _look_again(self) -> None:
        self._dirty = False
        if self.is_ready:
            self.reload(keep=True)

    # -- keys ---------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Groups are not marked: nothing acts on them."""
        return False if action == "mark" else super().check_action(action, parameters)

    def open_row(self, row: GroupRow) -> None:
        """Open the runs of the group: their filter says what they share."""
        if self._folded is None or self._folded.groups is None:
            return
        try:
            text = narrowed(self.filter, self._parsed(self.filter), self._folded.groups.where(row.number))
            self.check_filter(text)
        except FilterError as error:
            self.say(f"▲ {error}", "warn")
            return
        self.app.push_screen(GroupRunsScreen(self.deck, self._seen, text))

    def copies(self) -> Sequence[Copy]:
        """The table for other programs."""
        folded = self._table()
        if folded is None:
            return ()
        return (
            Copy("Markdown table", markdown(folded)),
            Copy("CSV", csv_text(folded)),
            Copy("JSON", json_text(folded)),
        )

    def _table(self) -> FoldTable | None:
        if self._folded is None or self._folded.groups is None or not self._folded.order:
            return None
        groups, order = self._folded.groups, self._folded.order[:MOST]
        where = self._parsed(self.filter)
        return table(self.deck.reader, groups, order, self.deck.better, self.filter, where)

    # -- words --------------------------------------------------------------------------------------------------

    def on_record_table_moved(self) -> None:
        """Tell of the group under the cursor after a rest."""
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if self.is_ready:
            self._tell()
            self.write_frame()

    def _tell(self) -> None:
        row = self.table.row()
        self._told = tuple(self._sentence(row)) if row is not None else ()

    def _sentence(self, row: GroupRow) -> list[Piece]:
        """What the row has no room for: how many values there are, which run is best, how the runs ended in words."""
        ended = ", ".join(f"{count(n)} {status}" for status, n in row.group.states.items())
        metric = metric_field(self.sort[0]) or next((m for key in self.keys if (m := metric_field(key))), None)
        spread = row.group.spreads.get(metric) if metric is not None else None
        if metric is None or spread is None:
            return [(f" {ended}", "dim")]
        made: list[Piece] = [(f" {clip(metric.name, 24)} in {count(spread.count)} of {count(row.group.count)}", "text")]
        if left_out(spread):
            made.append((f", {left_out(spread)}", "warn"))
        return [*made, *self._best_piece(row, metric, spread), (f"   {ended}", "dim")]

    def _best_piece(self, row: GroupRow, metric: Field, spread: Spread) -> list[Piece]:
        """The best run by its name, where the metric has a direction."""
        better = self.deck.better.get(metric.name)
        best, groups = best_of(spread, better), self._folded.groups if self._folded else None
        if best is None or better is None or groups is None:
            return []
        reader = self.deck.reader
        found = groups.extreme_run(reader.connection, row.number, metric, greatest=better, most=LOOKED_THROUGH)
        runs = reader.runs([found], names=()) if found is not None else []
        return [("   best ", "dim"), (f"{figure(best)} {clip(runs[0].name, 32) if runs else ''}", "text")]

    def body(self) -> Iterable[Widget]:
        """The table, and a line that tells of the group under the cursor."""
        yield from super().body()
        yield Line(self.deck.palette, id="told")

    def write_frame(self) -> None:
        """Write the lines of the frame, and the one below the table."""
        super().write_frame()
        if self.is_ready:
            self.query_one("#told", Line).show(self._told)

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What is folded by what, how many groups, and how fresh it is."""
        row = self._seen.experiment
        left: list[Piece] = [(f" {clip(row.experiment.name, 32) if row else 'all experiments'} › ", "dim")]
        left.append((clip(" × ".join(word.partition(".")[2] or word for word in self.folded_by()), 48), "bright"))
        groups = self._folded.groups if self._folded else None
        if groups is not None:
            left.append((f"   {count(len(groups))} groups of {count(sum(groups.counts))} runs", "text"))
        left += self.filter_pieces(self.size.width - 70)
        by = self.sort[0].partition(".")[2] or self.sort[0]
        right: list[Piece] = [(f"by {clip(by, 20)} {'↓' if self.sort[1] else '↑'}   ", "dim")]
        for state in self.deck.states:
            if state.kind == "mlflow":
                right += [*freshness(state, self.deck.now()), (" ", "text")]
        return left, right


class _NoRows:
    """An empty table."""

    def count(self) -> int:
        return 0

    def rows(self, start: int, stop: int) -> list[GroupRow | None]:
        return []

    def key(self, index: int) -> str | None:
        return None

    def depth(self, index: int) -> int:
        return 0

    def context(self, index: int) -> bool:
        return False


NO_ROWS = _NoRows()
_NEWLINES: tuple[Piece, ...] = (("\n", "text"), ("\n", "text"))
