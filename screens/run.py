"""One run, whole: an outline of all that it has, and beside it what is known of the row under the cursor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget

from ..app.copies import Copy
from ..app.records import Artifact, ArtifactContent, Dataset, ModelVersion, Pipeline, Run, Subject
from ..app.store.models import VersionRow
from ..app.text import clip, shown
from ..widgets.hairline import by_step, hairline
from ..widgets.line import Line, Piece
from ..widgets.outline import Outline
from ..widgets.palette import Palette
from .artifact import ArtifactScreen
from .artifact_page import preview, reads_by_itself
from .curve import CurveScreen
from .curves import CurvesScreen
from .deck import Deck
from .detail import DetailScreen
from .links import LinkSheet, artifact_address, run_address
from .narrowing import Narrowing
from .pipeline_details import pipeline_lines
from .registered_details import registered_lines
from .run_copies import copies_of
from .run_detail import RunDetail, Upright
from .run_details import Lines, Sight, detail, head, metric_facts
from .run_facts import SameData, folders, same_data
from .run_outline import Ink, Row, draw, is_open, outline
from .run_view import TALL, RunView
from .subjects import subject_of_row

SIDE_BY_SIDE = 110
"""Columns from which on the row under the cursor is shown beside the outline."""

RESTS = 0.15
"""Seconds without a key before the half beside the outline follows the cursor."""

FOLDERS_AT_ONCE = 20
"""Folders at the root of the artifacts that are listed without being asked."""


class RunScreen(RunView, Narrowing):
    """The page of one run."""

    TAB = "runs"
    CSS_PATH = "run.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="run.open", tooltip="Open what is under the cursor", key_display="Enter"),
        Binding("f", "curves", "curves", id="run.curves", tooltip="All curves of the run as a grid"),
        Binding(
            "slash", "filter", "filter", priority=True, id="run.filter", tooltip="Narrow the page", key_display="/"
        ),
        Binding("tab", "part(1)", "next part", id="run.part", tooltip="Go to the next part; also ]", key_display="Tab"),
        Binding("o", "link", "link", id="run.link", tooltip="Show the address of the run, or of the file here"),
        Binding("escape", "leave", "back", id="run.leave", key_display="Esc"),
    ]

    def __init__(self, deck: Deck, run_id: str) -> None:
        super().__init__(deck, run_id)
        self._toggled: set[str] = set()
        self._lines_of: dict[tuple[str, int], str] = {}
        self._same: dict[tuple[str, str], SameData] = {}
        self._resting: Timer | None = None
        self._ink: Ink | None = None

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """How it stands; below, the outline and the detail of a row."""
        palette = self.deck.palette
        yield Line(palette, id="head")
        with Horizontal():
            yield Outline[Row](palette, self._draw_row, id="page")
            yield Upright(palette)
            yield RunDetail(palette, id="detail")

    @property
    def _outline_width(self) -> int:
        """Columns of the outline; 0 where it has all."""
        width = self.room.width
        return max(60, width // 2 if width >= 160 else 0) if width >= SIDE_BY_SIDE else 0

    @property
    def _detail_room(self) -> tuple[int, int]:
        """Columns and rows of the detail."""
        return self.room.width - self._outline_width - 1, self.room.height - (7 if self.has_class("tall") else 6)

    def _lay_out(self) -> None:
        """Give the detail its half, or take it away."""
        self.set_class(self.room.height >= TALL, "tall")
        self.detail.display = self.query_one(Upright).display = bool(self._outline_width)
        self.outline.styles.width = self._outline_width or "1fr"

    @property
    def outline(self) -> Outline[Row]:
        """All that the run has."""
        return self.query_one("#page", Outline)

    @property
    def detail(self) -> RunDetail:
        """What is known of the row under the cursor; not shown where there is no room."""
        return self.query_one("#detail", RunDetail)

    def on_mount(self) -> None:
        """Show what the cache knows, before anything is painted."""
        if self.is_composed:
            self._lay_out()
            self.outline.focus()
            self.read()

    def on_resize(self) -> None:
        """Lay all out for the new size."""
        if self.is_composed:
            self._lay_out()
            self.draw()
            self._rest()

    # -- drawing ------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read the run from the cache again."""
        self._lines_of.clear()
        self._same.clear()
        super().read()
        self._ask_for_rows()

    def draw(self) -> None:
        """Show the outline and the detail."""
        if not self.is_composed:
            return
        facts = self.facts
        if facts is None:
            self.query_one("#head", Line).show([(f" the cache has no run {clip(self.run_id, 60)}", "text")])
            self.outline.show([Row("remark", "none", note="r asks the syncer for a pass, Esc goes back")])
        else:
            self._ink = Ink(facts, self.deck.now(), self.deck.better, self._curve_of)
            self.query_one("#head", Line).show(*head(facts, self._sight(self.room.width)))
            self.outline.show(outline(facts, better=self.deck.better, needle=self.needle, toggled=self._toggled))
        self.write_frame()
        self._ask()
        self._show_detail()

    def _draw_row(self, row: Row, width: int) -> list[Piece]:
        if self._ink is None:
            return [(row.note, "dim")]
        return draw(row, width, self._ink)

    def _curve_of(self, name: str, width: int) -> str:
        if (name, width) not in self._lines_of:
            series = self.series(name)
            values = by_step(series.steps, series.values) if series is not None else ()
            self._lines_of[name, width] = hairline(values, width) if series is not None else ""
        return self._lines_of[name, width]

    def _sight(self, width: int) -> Sight:
        return Sight(width, self.deck.now(), self.deck.zone, self.deck.better)

    # -- the detail ---------------------------------------------------------------------------------------------

    def on_outline_moved(self) -> None:
        """The detail follows after a rest: over a slow line it must not follow each key."""
        self._rest()

    def on_outline_scrolled(self) -> None:
        """Other rows are on the screen."""
        self.write_frame()
        self._rest()

    def on_outline_opened(self) -> None:
        """A row was clicked twice."""
        self.action_open()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if self.is_ready and self.facts is not None:
            self._ask_for_rows()
            self._show_detail(new=True)

    def _show_detail(self, *, new: bool = False) -> None:
        row = self.outline.entry()
        if not self._outline_width or self.facts is None:
            return
        if new:
            self.detail.to_top()
        if row is None:
            self.detail.show_lines([])
        elif row.kind == "metric":
            self._show_curve(row.name)
        else:
            self.detail.show_lines(self._lines(row, *self._detail_room))

    def _show_curve(self, name: str) -> None:
        assert self.facts is not None
        self.want_histories([name])
        series = self.series(name)
        facts = metric_facts(name, self.facts, series, self._sight(self._detail_room[0]))
        self.detail.show_curve(name, series, facts, self._detail_room[1])

    def _lines(self, row: Row, width: int, height: int) -> Lines:
        """What is known of a row that is no metric, and the question for what is not."""
        assert self.facts is not None
        if row.kind == "file":
            assert isinstance(row.thing, Artifact)
            return preview(row.thing, self._content(row.thing), width, height)
        if row.kind == "folder":
            self.want_once("artifacts", [row.name])
        if isinstance(row.thing, Pipeline):
            return pipeline_lines(row.thing, self._sight(width))
        if isinstance(row.thing, VersionRow):
            return registered_lines(row.thing, self._sight(width))
        if isinstance(row.thing, Run):
            row = replace(row, thing=self._whole(row.thing))
        same = self._same_data(row.thing) if isinstance(row.thing, Dataset) else None
        return detail(row, self.facts, self._sight(width), same)

    def _whole(self, run: Run) -> Run:
        """A parent or child with all that it has: for the outline only some of it was read."""
        found = self.deck.reader.runs(self.deck.reader.rowids([run.id]))
        return found[0] if found else run

    def _content(self, file: Artifact) -> ArtifactContent | None:
        assert self.facts is not None
        found = self.deck.reader.artifact(self.facts.rowid, file.path)
        if found is None and reads_by_itself(file):
            self.want_once("artifact", [file.path])
        return found

    def _same_data(self, data: Dataset) -> SameData:
        assert self.facts is not None
        key = (data.name, data.digest)
        if key not in self._same:
            self._same[key] = same_data(self.deck.reader, data, self.facts.rowid, self.deck.better)
        return self._same[key]

    # -- what is asked for --------------------------------------------------------------------------------------

    def _ask_for_rows(self) -> None:
        """Ask for what the rows in sight show: again when some of it has come, for there is a most at a time."""
        if self.is_ready and self.outline.size.height:
            self.want_extremes([row.name for row in self.outline.window if row.kind == "metric"])

    def _ask(self) -> None:
        """Ask once for the listings that nobody has read."""
        if self.facts is None:
            return
        wanted = ["", *(folder.path for folder in folders(self.facts))][:FOLDERS_AT_ONCE]
        wanted += sorted(path for path in self._toggled if is_open(self.facts, path, self._toggled))
        for path in wanted:
            if path not in self.facts.listings:
                self.want_once("artifacts", [path])

    def curves_in_sight(self) -> Sequence[str]:
        """The metric whose chart is shown."""
        row = self.outline.entry()
        return [row.name] if row is not None and row.kind == "metric" and self._outline_width else []

    def time_passed(self) -> None:
        """Write the ages anew."""
        super().time_passed()
        self.draw()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.outline.recolour(palette)
        self.detail.recolour(palette)
        self.query_one(Upright).recolour(palette)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_part(self, by: int) -> None:
        """Go to the next part of the page."""
        self.outline.action_part(by)

    def action_open(self) -> None:
        """Open the row under the cursor: a curve, a file, a run, or what is known of anything else."""
        row, facts = self.outline.entry(), self.facts
        if row is None or facts is None:
            self.say("there is nothing here to open", "dim")
        elif row.kind == "metric":
            names = [one.name for one in self._rows("metric")]
            self.app.push_screen(CurveScreen(self.deck, self.run_id, row.name, names))
        elif row.kind in ("parent", "child"):
            self._open_run(row)
        elif isinstance(row.thing, Pipeline):
            self._open_pipeline(row.thing)
        elif isinstance(row.thing, VersionRow):
            self._open_version(row.thing.version)
        elif row.kind in ("data", "commit"):
            self._open_page(row)
        elif row.kind == "folder":
            self._toggled ^= {row.name}
            self.draw()
        elif row.kind == "file":
            self.app.push_screen(ArtifactScreen(self.deck, self.run_id, row.name))
        else:
            self._tell(row)

    def _open_page(self, row: Row) -> None:
        """Open the page of a version of data or of a commit; where the cache has none, what the run says of it."""
        from .data_places import page_of  # here: those pages lead to runs

        subject = subject_of_row(row)
        run = self.facts.run if self.facts is not None else None
        page = page_of(self.deck, subject, run) if subject is not None else None
        if page is not None:
            self.app.push_screen(page)
        else:
            self._tell(row)

    def _tell(self, row: Row) -> None:
        name = self.facts.run.name if self.facts is not None else ""
        self.app.push_screen(DetailScreen(self.deck, f"{name} › {row.kind}", lambda w: self._lines(row, w, 0)))

    def _rows(self, kind: str) -> list[Row]:
        return [row for row in self.outline.entries if row.kind == kind]

    def _open_run(self, row: Row) -> None:
        if isinstance(row.thing, Run):
            self.app.push_screen(RunScreen(self.deck, row.thing.id))
        else:
            self.say(f"the cache has no run {clip(row.name, 40)}", "warn")

    def _open_pipeline(self, pipeline: Pipeline) -> None:
        from .pipeline import PipelineScreen  # here: that screen leads to runs

        self.app.push_screen(PipelineScreen(self.deck, pipeline.source, pipeline.id))

    def _open_version(self, version: ModelVersion) -> None:
        from .version import VersionScreen  # here: that screen leads to runs

        self.app.push_screen(VersionScreen(self.deck, version.model, version.version, version.source))

    def action_curves(self) -> None:
        """Open all curves as a grid."""
        if self.facts is not None and self.facts.run.metrics:
            self.app.push_screen(CurvesScreen(self.deck, self.run_id, self.needle))
        else:
            self.say("this run has logged no metric", "dim")

    def action_link(self) -> None:
        """Show the address of the file under the cursor, else of the run."""
        row, facts = self.outline.entry(), self.facts
        if facts is None:
            return
        run, states = facts.run, self.deck.states
        is_file = row is not None and row.kind in ("file", "folder")
        address = artifact_address(run, row.name, states) if row and is_file else run_address(run, states)
        if address is None:
            self.say("its source is no server: there is no address to open", "dim")
        else:
            self.app.push_screen(LinkSheet(shown(row.name) if row and is_file else "run", address, self.deck.palette))

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else the run."""
        return subject_of_row(self.outline.entry()) or super().subject_here()

    def copies(self) -> list[Copy]:
        """What is under the cursor first, then the run in its forms."""
        row, facts = self.outline.entry(), self.facts
        return [*(copies_of(row, facts.run) if row is not None and facts is not None else ()), *super().copies()]

    def narrowed(self) -> None:
        """Show other rows, from the first."""
        self.outline.top = 0
        self.draw()
        self._rest()

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The run's name, and how fresh its source is."""
        facts = self.facts
        if facts is None:
            return [(" run ", "dim"), (clip(self.run_id, 40), "bright")], []
        left = [(f" {clip(facts.experiment, 30)} › ", "dim"), (clip(facts.run.name or "–", 60), "bright")]
        left += self.role_pieces(facts.run, facts.experiment)
        if self.needle:
            left.append((f"  /{shown(self.needle)}", "accent"))
        below = self.outline.below
        more: list[Piece] = [(f"{below} line{'s' * (below != 1)} below   ", "dim")] if below else []
        return left, [*more, *self.fresh()]
