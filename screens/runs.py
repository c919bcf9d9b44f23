"""Runs: every run of every experiment, a million of them if need be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget

from ..app.query import Node, Sort, parse, write_field
from ..app.records import RUN_STATUSES, Run, Want
from ..app.store.experiments import ExperimentRow
from ..app.store.state import table_name
from ..widgets.figures import count
from ..widgets.freshness import each_freshness
from ..widgets.line import Piece
from ..widgets.palette import Palette
from ..widgets.record_table import Column
from .changes import Changed
from .deck import Deck
from .experiments import Experiments, choices, named
from .folding import Folding, RunsInSight
from .picker import Picker
from .run import RunScreen
from .run_columns import CHECKS, CI, RunRow, column, field_of, fixed, is_open, metric_of, propose, widths
from .run_list import FIRST, Ordered, Question
from .run_pane import RunPane
from .run_rows import RunRows, RunTree
from .run_table import RunTableScreen
from .run_words import empty_words

SAMPLE = 100
"""Runs that are looked at to propose columns and their widths."""

RESTS = 0.15
"""Seconds without a key before something is asked about what is on the screen."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes ..."""

REST_AFTER_AN_ORDER = 5
"""... and so many times as long as the last one took: a million runs are put in order in a second, and the keys
share the interpreter with it."""


class RunsScreen(RunTableScreen, Folding):
    """The table of runs."""

    NAME = "runs"
    TAB = "runs"
    FILTER_HINT = 'metrics.val_auc > 0.9 and status:finished and not params.model = "xgb"'
    DEFAULT_SORT = ("started_at", True)
    CSS_PATH = "runs.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "tree", "tree", id="tree", tooltip="Children below their parents, or a flat list"),
        Binding("e", "experiments", "experiment", id="experiments", tooltip="Choose an experiment"),
        Binding("left_square_bracket", "experiment(-1)", "Experiment before", id="experiment.before", show=False),
        Binding("right_square_bracket", "experiment(1)", "Experiment after", id="experiment.after", show=False),
    ]

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._experiments = Experiments(deck.reader.experiments())
        self._tree = False
        self._widths: dict[str, int] = {}
        self._resting: Timer | None = None
        self._take_kept()

    # -- the pane -----------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """The table, and from 160 columns on the run under the cursor beside it."""
        with Horizontal():
            yield from super().body()
            yield RunPane(self.deck.palette, id="pane")

    @property
    def pane(self) -> RunPane:
        """The run under the cursor."""
        return self.query_one("#pane", RunPane)

    def on_resize(self) -> None:
        """Give the pane its room, or take it away."""
        self.pane.take_room(self.size.width)
        self.set_columns()  # the difference to the baseline says more where there is room
        self._rest()

    def on_record_table_moved(self) -> None:
        """The pane follows after a rest: over a slow line it must not follow each key."""
        if self.pane.display:
            self._rest()

    def _fill_pane(self) -> None:
        row = self.table.row()
        if row is not None:
            self.pane.show_run(self.deck, row.run.id, self.sort[0])

    def chosen_runs(self) -> list[Run]:
        """The marked runs, or the one under the cursor, whole: a row of the table has what its columns show only."""
        here = self.table.key_here()
        marked = [int(key) for key in self.table.marked]
        return self.deck.reader.runs(marked or ([] if here is None else [int(here)]))

    # -- the experiment -----------------------------------------------------------------------------------------

    @property
    def experiment(self) -> ExperimentRow | None:
        """The experiment on the screen; None for all of them, or when there is none yet."""
        return self._experiments.shown

    def in_sight(self) -> RunsInSight:
        """The runs of this list, and its metrics: the one that it is sorted by first."""
        shown = [key for key in [self.sort[0], *self.keys] if key.startswith("metrics.")]
        return RunsInSight(experiment=self.experiment, filter=self.filter, metrics=tuple(dict.fromkeys(shown)))

    def _take_kept(self) -> None:
        """Columns, sort and filter as they were left; proposed ones for an experiment that nobody arranged."""
        kept = self.deck.tables.get_table(self.kept_name()) or {}
        self.look({**kept, "filter": ""})
        sample = self.sample()
        self._proposed = propose(sample, self.deck.better, ci=self.has_pipelines(), checks=self.has_data_checks())
        if not self.chosen:
            self.keys = self._proposed
        self._widths = widths(sample, self.keys)
        self.read_base(sample)

    def experiment_name(self) -> str | None:
        """Its name; None for all of them."""
        return self._experiments.name

    def sample(self) -> list[Run]:
        """Some of the newest."""
        reader = self.deck.reader
        return reader.runs(reader.newest_runs(self._experiments.scope, SAMPLE))

    def kept_name(self) -> str:
        """One arrangement an experiment."""
        name = self._experiments.name
        return table_name("runs", "all" if name is None else f"experiment/{name}")

    def looks(self) -> dict[str, Any]:
        """Filter, sort and columns, with the experiment and the tree."""
        return super().looks() | {"tree": self._tree, "experiment": self._experiments.name}

    def look(self, kept: Mapping[str, Any]) -> None:
        """Take what was kept; a view brings its experiment along."""
        super().look(kept)
        self._tree = bool(kept.get("tree"))
        if "experiment" in kept:
            self._experiments.show_kept(kept["experiment"])

    def begin_with(self, rowid: int | None) -> None:
        """Show this experiment, or all of them, from the first picture on."""
        if rowid != self._experiments.here:
            self._experiments.here = rowid
            self._take_kept()

    def show_experiment(self, rowid: int | None) -> None:
        """Change to another experiment, or to all of them."""
        self._experiments.here = rowid
        self.table.clear_marks()
        self._take_kept()
        self.set_columns()
        self.reload(keep=False)
        self.write_frame()

    def show_named(self, name: str) -> None:
        """`:experiment NAME`: the one that is called so, or that begins so. Raises UsageError."""
        self.show_experiment(named(self._experiments.rows, name))

    def action_experiments(self) -> None:
        """Choose an experiment."""
        items = choices(self.deck.reader, self._experiments.rows)
        picker = Picker("experiment", items, self.deck.palette, here=self._experiments.here)
        self.app.push_screen(picker, lambda found: self.show_experiment(found[0]) if found else None)

    def action_experiment(self, by: int) -> None:
        """The experiment before or after this one."""
        if self._experiments.rows:
            self.show_experiment(self._experiments.beside(by))

    # -- columns, filter, order ---------------------------------------------------------------------------------

    def column(self, key: str) -> Column[RunRow] | None:
        """The column of a word."""
        return column(key, self._widths.get(key), self.deck.zone, self.chosen and key not in self._proposed)

    def all_keys(self) -> list[tuple[str, str]]:
        """What every run has, and the metrics, params and tags of the experiment."""
        found = [(key, made.title) for key, made in fixed().items()]
        for known in self.deck.reader.keys(self._experiments.rowids):
            if known.kind == "tag" and known.name.startswith("mlflow."):
                continue
            found.append((f"{known.kind}s.{known.name}", known.kind))
            if known.kind == "metric":
                found += [(f"metrics.{known.name}.{part}", f"{part} of its history") for part in ("min", "max")]
        return found

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text is not of the grammar."""
        self._parsed(text)

    def _parsed(self, text: str) -> Node | None:
        """The text as a tree; the words on the screen are words of the filter: `val_auc > 0.9`."""
        keys = self.deck.reader.names(self._experiments.scope) if text else None
        return parse(text, zone=self.deck.zone, now=self.deck.now(), keys=keys)

    def filter_words(self) -> Iterable[str]:
        """The fields of this experiment as the grammar writes them, and the words of status."""
        words = [write_field(field_of(key)) for key, _ in self.all_keys() if key not in (CI, CHECKS)]
        return [*words, *(f"status:{word}" for word in RUN_STATUSES)]

    def first_rows(self) -> None:
        """Paint the first window at once: without a filter an index gives it in a millisecond. The rest comes after."""
        if self.filter or self._tree:
            self.reload(keep=False)
            return
        ids = self.question().order(self.deck.reader).first(FIRST)
        self.present(Ordered(ids=ids))
        self.call_after_refresh(self.reload, keep=True)

    def question(self) -> Question:
        """Which runs, in which order."""
        return Question(
            experiments=self._experiments.scope,
            where=self._parsed(self.filter),
            sort=Sort(field_of(self.sort[0]), self.sort[1]),
            tree=self._tree,
        )

    def takes(self, answer: Ordered) -> bool:
        """The first window says less than a list that is shown; while the rest of that is on its way, the counts do."""
        known = self._listed
        if answer.complete or not self._stays or known is None:
            return True
        return answer.matches is not None and not known.complete

    def present(self, answer: Ordered) -> None:
        """Draw it, and go on where the cursor was."""
        self._listed = answer
        self.table.show(self._rows(answer), keep=self._stays)
        self._stays = True
        self.table.say(empty_words(self.deck, self.filter))
        self.write_frame()
        self._rest()

    def _rows(self, ordered: Ordered) -> RunRows:
        reader, now = self.deck.reader, self.deck.now()
        if ordered.tree:
            return RunTree(reader, ordered.ids, self.keys, now, self.deck.watched, self.base)
        return RunRows(reader, ordered.ids, ordered.matches or 0, self.keys, now, self.deck.watched, self.base)

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        if changed.runs:
            self.look_again_in(max(CHANGES_AT_MOST_EVERY, REST_AFTER_AN_ORDER * self._asking.cost))
        self.table.say(empty_words(self.deck, self.filter))  # a source was found, or has gone
        super().cache_changed(changed)

    def look_again(self) -> None:
        """Look at the experiments and the baseline anew, too."""
        had_some = bool(self._experiments.rows)
        self.follow_base()
        self._experiments.rows = self.deck.reader.experiments()
        if (self._experiments.here is None and not had_some and self._experiments.rows) or self._listed is None:
            self.show_experiment(self._experiments.rows[0].rowid if self._experiments.rows else None)
        elif not self.chosen and not self._listed.matches:
            self.show_experiment(self._experiments.here)  # its first runs have come: now columns can be proposed
        else:
            super().look_again()

    def time_passed(self) -> None:
        """Write the ages anew."""
        super().time_passed()
        self.draw_rows()

    def show_checks(self) -> None:
        """The first pipelines or data checks have come: they get a column, unless somebody arranged these."""
        lacks_ci = CI not in self.keys and self.has_pipelines()
        lacks = lacks_ci or (CHECKS not in self.keys and self.has_data_checks())
        if not self.chosen and self._listed is not None and lacks:
            self._take_kept()
            self.set_columns()
        super().show_checks()

    def draw_rows(self) -> None:
        """Draw the runs as the cache has them now; while something is typed they stand still."""
        if self._listed is not None and not self.prompt.display:
            self.table.show(self._rows(self._listed), keep=True)

    def on_record_table_scrolled(self) -> None:
        """Other runs are on the screen."""
        self._rest()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if not self.is_ready:
            return
        self._fill_pane()
        self._want_extremes()

    def _want_extremes(self) -> None:
        """Minimum and maximum need a history: they are asked for what is on the screen."""
        names = sorted({metric[0] for key in [*self.keys, self.sort[0]] if (metric := metric_of(key))})
        if not names or self._listed is None:
            return
        missing: dict[str, list[str]] = {}
        for index in self.table.window:
            row = self._rows_now().rows(index, index + 1)[0]
            if row and any(name in row.run.metrics and is_open(row.run, row.extremes.get(name)) for name in names):
                missing.setdefault(row.run.source, []).append(row.run.id)
        for source, ids in missing.items():
            self.deck.ask(Want(kind="extremes", source=source, run_ids=tuple(ids), keys=tuple(names)))

    def _rows_now(self) -> RunRows:
        assert self._listed is not None
        return self._rows(self._listed)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_tree(self) -> None:
        """Children below their parents, or a flat list."""
        self._tree = not self._tree
        self.say("children stand below their parents" if self._tree else "a flat list", "dim")
        self.reload(keep=False)
        self.remember()

    def open_row(self, row: RunRow) -> None:
        """Open the run."""
        self.app.push_screen(RunScreen(self.deck, row.run.id))

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.pane.recolour(palette)

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The experiment, how many of how many, the filter, and how fresh it is."""
        left = self._experiments.pieces(self.size.width)
        left += [*self.base_pieces(), *self._counts(), *self.filter_pieces(self.size.width - 60), *self.marked_pieces()]
        return left, self._freshness()

    def _counts(self) -> list[Piece]:
        ordered = self._listed
        if ordered is None:
            return []
        if not self.filter:
            number = ordered.total if ordered.total is not None else ordered.matches
            return [(f"   {count(number)} run{'' if number == 1 else 's'}", "text")]
        return [(f"   {count(ordered.matches)} of {count(ordered.total)}", "text")]

    def _freshness(self) -> list[Piece]:
        by = self.sort[0].partition(".")[2] or self.sort[0]
        states = [state for state in self.deck.states if state.kind == "mlflow"]
        order = self.sorted_pieces(by) if self.sort != self.DEFAULT_SORT else []
        return [*order, *each_freshness(states, self.deck.now()), (" ", "text")] if states else order
