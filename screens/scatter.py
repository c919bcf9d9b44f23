"""Points: one metric against one param, a point a run, for the question which values of it are any good."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from ..app.folds import called
from ..app.query import Field, Node, parse
from ..app.records import Run
from ..app.store.points import Points, read_points
from ..app.store.reading import Reader
from ..app.text import clip
from ..widgets.cloud import Cloud, Look, spans_far
from ..widgets.figures import count, figure
from ..widgets.freshness import freshness
from ..widgets.line import Line, Piece
from ..widgets.palette import Palette
from ..widgets.scatter import Scatter
from ..widgets.status import worded
from .asking import Asking
from .baseline import baseline_id
from .changes import Changed
from .deck import Deck
from .folding import Folding, RunsInSight
from .run import RunScreen
from .run_acts import RunActs

CHANGES_AT_MOST_EVERY = 1.0
"""Seconds between two looks while the syncer writes ..."""

REST_AFTER_A_LOOK = 5
"""... and so many times as long as the last one took."""


@dataclass(frozen=True, slots=True)
class Plotted:
    """The points as the screen holds them."""

    points: Points
    cloud: Cloud
    by_x: Sequence[int]
    """Numbers of the points from left to right ..."""
    by_y: Sequence[int]
    """... and from the lowest to the highest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointsQuestion:
    """Which points."""

    experiments: Sequence[int] | None
    where: Node | None
    param: Field
    metric: Field


def plotted(reader: Reader, question: PointsQuestion) -> Generator[Plotted, None, None]:
    """Reads the points and puts them in order; runs on a thread."""
    points = read_points(
        reader.connection, experiments=question.experiments, where=question.where, param=question.param,
        metric=question.metric,
    )  # fmt: skip
    xs, ys = points.xs, points.ys
    cloud = Cloud(xs=xs, ys=ys, kinds=points.kinds, categories=points.categories, notes=tuple(_notes(points, question)))
    # figures are sorted in a third of the time of pairs, during which no key is heard; the second sort keeps the first
    by_y = sorted(range(len(xs)), key=ys.__getitem__)
    by_x = sorted(by_y, key=xs.__getitem__)
    yield Plotted(points, cloud, by_x, by_y)


def _notes(points: Points, question: PointsQuestion) -> list[Piece]:
    made: list[Piece] = []
    if points.nan:
        made.append((f"{count(points.nan)} NaN", "bad"))
    if points.infinite:
        made.append((f"{count(points.infinite)} infinite", "bad"))
    if points.without_param:
        made.append((f"{count(points.without_param)} without {clip(question.param.name, 16)}", "warn"))
    if points.older:
        made.append((f"{count(points.older)} older ones left out", "warn"))
    return made


class ScatterScreen(RunActs, Folding):
    """The points, with the run under the cursor told below."""

    TAB = "runs"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "open", id="points.open", tooltip="Open the run under the cursor", key_display="Enter"
        ),
        Binding(
            "space", "mark", "mark", id="points.mark", tooltip="Mark the run under the cursor", key_display="Space"
        ),
        Binding("escape", "back", "back", id="back", key_display="Esc"),
    ]

    def __init__(self, deck: Deck, seen: RunsInSight, param: Field, metric: Field) -> None:
        super().__init__(deck)
        self._seen = seen
        self._param = param
        self._metric = metric
        self._plotted: Plotted | None = None
        self._proposed = False
        self._dirty = False
        self._marked: set[int] = set()
        """Row ids."""
        self._here: Run | None = None
        self._asking: Asking[PointsQuestion, Plotted] = Asking(deck.open_reader, plotted, self._answered)

    # -- what is shown ------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """The picture, and a line that tells of the point under the cursor."""
        yield Scatter(self.deck.palette, Look(), id="page")
        yield Line(self.deck.palette, id="told")

    @property
    def scatter(self) -> Scatter:
        """The picture."""
        return self.query_one(Scatter)

    def on_mount(self) -> None:
        """Ask for the points."""
        if self.is_composed:
            self.scatter.focus()
            self.scatter.say([("reading the points …", "dim")])
            self.reload()

    def reload(self) -> None:
        """Ask for the points anew; what is on the screen stays until they are there."""
        text, deck = self._seen.filter, self.deck
        keys = deck.reader.names(self._seen.scope) if text else None
        question = PointsQuestion(
            experiments=self._seen.scope,
            where=parse(text, zone=deck.zone, now=deck.now(), keys=keys),
            param=self._param,
            metric=self._metric,
        )
        number = self._asking.stop()
        self.run_worker(partial(self._asking.ask, number, question), thread=True, group="points", exit_on_error=False)

    def _answered(self, number: int, found: Plotted) -> None:
        """On the thread that asks."""
        self.app.call_from_thread(self._show, number, found)

    def _show(self, number: int, found: Plotted) -> None:
        if not self._asking.is_current(number) or not self.is_ready:
            return
        here = self._rowid()
        self._plotted = found
        rows = found.points.runs
        best = self._best()
        cursor = rows.index(here) if here is not None and here in rows else best
        if cursor is None and found.by_y:
            cursor = found.by_y[-1]
        self.scatter.say(self._empty())
        self.scatter.show(found.cloud, self._looked(found), cursor, (found.by_x, found.by_y))
        self._read_here()
        self.write_frame()

    def _looked(self, found: Plotted) -> Look:
        look = self.scatter.look
        if not self._proposed and len(found.cloud):
            self._proposed = True
            look = replace(look, log_x=found.cloud.categories is None and spans_far(found.cloud.xs))
        return replace(look, best=self._best(), baseline=self._baseline(), marked=self._marked_points())

    def _best(self) -> int | None:
        better = self.deck.better.get(self._metric.name)
        if self._plotted is None or better is None or not self._plotted.by_y:
            return None
        return self._plotted.by_y[-1 if better else 0]

    def _baseline(self) -> int | None:
        row = self._seen.experiment
        run_id = baseline_id(self.deck.tables, row.experiment.name) if row else None
        return self._point_of(self.deck.reader.rowids([run_id])) if run_id else None

    def _point_of(self, rowids: Sequence[int]) -> int | None:
        runs = self._plotted.points.runs if self._plotted else ()
        return next((runs.index(rowid) for rowid in rowids if rowid in runs), None)

    def _marked_points(self) -> frozenset[int]:
        if self._plotted is None or not self._marked:
            return frozenset()
        return frozenset(point for point, run in enumerate(self._plotted.points.runs) if run in self._marked)

    def _empty(self) -> list[Piece]:
        """What stands where there is no point, and what to do next."""
        found = self._plotted
        said = f"no run has both {clip(called(self._param), 30)} and a figure for {clip(self._metric.name, 30)}"
        made: list[Piece] = [(said, "text"), ("\n", "text")]
        for text, _ in found.cloud.notes if found else ():
            made += [(text, "dim"), ("\n", "text")]
        wider = "Esc goes back, where / changes the filter" if self._seen.filter else "Esc goes back"
        return [*made, ("\n", "text"), ("h chooses another param and metric", "dim"), ("\n", "text"), (wider, "dim")]

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Failed reading is a sentence, not an exit."""
        if event.state is WorkerState.ERROR:
            self.say(f"▲ the points could not be read: {event.worker.error}", "warn")

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._asking.close()

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        if changed.runs and not self._dirty:
            self._dirty = True
            self.set_timer(max(CHANGES_AT_MOST_EVERY, REST_AFTER_A_LOOK * self._asking.cost), self._look_again)
        super().cache_changed(changed)

    def _look_again(self) -> None:
        self._dirty = False
        if self.is_ready:
            self.reload()

    def baseline_changed(self) -> None:
        """Another point is the baseline."""
        self._look_anew()
        super().baseline_changed()

    def _look_anew(self) -> None:
        if self._plotted is not None:
            self.scatter.look = self._looked(self._plotted)

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.scatter.recolour(palette)

    # -- the run under the cursor -------------------------------------------------------------------------------

    def _rowid(self) -> int | None:
        cursor = self.scatter.cursor
        return None if self._plotted is None or cursor is None else self._plotted.points.runs[cursor]

    def _read_here(self) -> None:
        rowid = self._rowid()
        found = self.deck.reader.runs([rowid]) if rowid is not None else []
        self._here = found[0] if found else None

    def on_scatter_moved(self) -> None:
        """Tell of the run under the cursor."""
        self._read_here()
        self.write_frame()

    def on_scatter_changed(self) -> None:
        """An axis is another, or has no other."""
        if self._plotted is not None and self._plotted.cloud.categories is not None and not self.scatter.look.log_y:
            self.say(f"{clip(self._param.name, 30)} is no number: its values stand side by side", "dim")
        self.write_frame()

    def on_scatter_opened(self) -> None:
        """A point was clicked twice."""
        self.action_open()

    def in_sight(self) -> RunsInSight:
        """The runs of the list that this was opened from."""
        return replace(self._seen, metrics=tuple(dict.fromkeys([called(self._metric), *self._seen.metrics])))

    def folded_by(self) -> list[str]:
        """The param stands first where another is asked for."""
        return [called(self._param)]

    def chosen_runs(self) -> Sequence[Run]:
        """The marked runs, or the one under the cursor."""
        if self._marked:
            return self.deck.reader.runs(sorted(self._marked))
        return [self._here] if self._here is not None else []

    def run_here(self) -> Run | None:
        """The run under the cursor."""
        return self._here

    def action_open(self) -> None:
        """Open the run under the cursor."""
        if self._here is None:
            self.say("there is no point here to open", "dim")
        else:
            self.app.push_screen(RunScreen(self.deck, self._here.id))

    def action_mark(self) -> None:
        """Mark the run under the cursor, or take its mark away."""
        rowid = self._rowid()
        if rowid is not None:
            self._marked.symmetric_difference_update({rowid})
            self._look_anew()
            self.write_frame()

    # -- words --------------------------------------------------------------------------------------------------

    def write_frame(self) -> None:
        """Write the lines of the frame, and the one below the picture."""
        super().write_frame()
        if self.is_ready:
            self.query_one("#told", Line).show(self._readout())

    def shown_keys(self) -> list[tuple[str, str]]:
        """What is done with a point comes first."""
        first = ("open", "mark", "log x", "log y")
        return sorted(super().shown_keys(), key=lambda pair: first.index(pair[1]) if pair[1] in first else len(first))

    def _readout(self) -> list[Piece]:
        cursor, found, run = self.scatter.cursor, self._plotted, self._here
        if found is None or cursor is None or run is None:
            return []
        texts = run.params if self._param.kind == "param" else run.tags
        x = clip(texts.get(self._param.name, ""), 24)
        made: list[Piece] = [(f" {clip(run.name or run.id, 40)}", "bright"), ("  ", "text"), worded(run.status)]
        made.append((f"   {clip(self._param.name, 20)} ", "dim"))
        made.append((x, "text"))
        made.append((f"   {clip(self._metric.name, 20)} ", "dim"))
        made.append((figure(found.points.ys[cursor]), "text"))
        better = self.deck.better.get(self._metric.name)
        if better is not None:
            place = found.by_y.index(cursor)
            rank = len(found.by_y) - place if better else place + 1
            made.append((f"   place {count(rank)} of {count(len(found.by_y))}", "dim"))
        return [*made, *self.role_pieces(run), (" ", "text")]

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """Which runs, how many points, and how fresh they are."""
        row = self._seen.experiment
        left: list[Piece] = [(f" {clip(row.experiment.name, 32) if row else 'all experiments'} › ", "dim")]
        left.append((clip(f"{self._metric.name} against {self._param.name}", 48), "bright"))
        if self._plotted is not None:
            number = len(self._plotted.cloud)
            left.append((f"   {count(number)} run{'' if number == 1 else 's'}", "text"))
        if self._seen.filter:
            left.append((f"   {clip(self._seen.filter, max(24, self.size.width - 80))}", "accent"))
        if self._marked:
            left.append((f"   {len(self._marked)} marked", "mark"))
        right: list[Piece] = []
        for state in self.deck.states:
            if state.kind == "mlflow":
                right += [*freshness(state, self.deck.now()), (" ", "text")]
        return left, right
