"""One pipeline, whole: its jobs with their attempts and steps, tests, deployments, and what it belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

from ..app.copies import Copy
from ..app.pipeline_copies import job_copies
from ..app.records import Commit, CommitCheck, Deployment, Job, Pipeline, Run, Subject
from ..app.text import clip, shown
from ..widgets.freshness import freshness
from ..widgets.line import Line, Piece
from ..widgets.outline import Outline
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.strip import has_seconds
from .changes import Changed
from .deck import Deck
from .detail import DetailScreen
from .links import LinkSheet
from .narrowing import Narrowing
from .pipeline_columns import called
from .pipeline_details import detail
from .pipeline_facts import PipelineFacts, facts_of
from .pipeline_keys import PipelineKeys, telling_job
from .pipeline_lines import Ink, draw, head
from .pipeline_outline import Row, outline
from .pipeline_words import story
from .run import RunScreen
from .run_detail import Upright
from .run_details import Lines, Sight
from .subjects import subject_of_row

SIDE_BY_SIDE = 110
"""Columns from which on the row under the cursor is shown beside the outline."""

TALL = 30
"""Rows from which on there is one for nothing but calm."""

RESTS = 0.15
"""Seconds without a key before the half beside the outline follows the cursor."""


class PipelineScreen(PipelineKeys, Narrowing):
    """The page of one pipeline."""

    TAB = "pipelines"
    NARROW_HINT = "words that a name, a status or a message holds"
    CSS_PATH = "pipeline.tcss"
    LEADING_KEYS = (
        "pipeline.open", "pipeline.log", "pipeline.rerun", "pipeline.approve", "pipeline.cancel", "pipeline.fold",
        "pipeline.filter",
    )  # fmt: skip

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "open", id="pipeline.open", tooltip="Open what is under the cursor: of a job its log",
            key_display="Enter",
        ),
        Binding("t", "fold", "steps", id="pipeline.fold", tooltip="Show all steps of the job here, or no more"),
        Binding(
            "slash", "filter", "filter", priority=True, id="pipeline.filter", tooltip="Narrow the page", key_display="/"
        ),
        Binding("tab", "part(1)", "next part", id="pipeline.part", tooltip="Go to the next part; also ]",
                key_display="Tab"),
        Binding("escape", "leave", "back", id="pipeline.leave", key_display="Esc"),
    ]  # fmt: skip

    def __init__(self, deck: Deck, source: str, pipeline_id: str, job_id: str = "") -> None:
        super().__init__(deck)
        self.source, self.pipeline_id = source, pipeline_id
        self.facts: PipelineFacts | None = None
        self._first_job = job_id
        self._toggled: set[str] = set()
        self._resting: Timer | None = None
        self._ink: Ink | None = None
        self._is_stale = False

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """How it stands, and since when it is broken; below, the outline and the detail of a row."""
        palette = self.deck.palette
        yield Line(palette, id="head")
        yield Line(palette, id="story")
        with Horizontal():
            yield Outline[Row](palette, self._draw_row, id="page")
            yield Upright(palette)
            lines = Pages(palette, id="detail")
            lines.can_focus = False
            yield lines

    @property
    def room(self) -> Size:
        """The terminal's size. A screen has it before its own, so that what it paints first stands where it stays."""
        return self.app.size

    @property
    def _outline_width(self) -> int:
        """Columns of the outline; 0 where it has all."""
        return max(64, self.room.width * 11 // 20) if self.room.width >= SIDE_BY_SIDE else 0

    @property
    def outline(self) -> Outline[Row]:
        """All that the pipeline has."""
        return self.query_one("#page", Outline)

    @property
    def detail(self) -> Pages:
        """What is known of the row under the cursor; not shown where there is no room."""
        return self.query_one("#detail", Pages)

    def _lay_out(self) -> None:
        """Give the detail its half, or take it away."""
        self.set_class(self.room.height >= TALL, "tall")
        self.detail.display = self.query_one(Upright).display = bool(self._outline_width)
        self.outline.styles.width = self._outline_width or "1fr"

    def on_mount(self) -> None:
        """Show what the cache knows, before anything is painted; the cursor on the job that says most."""
        if not self.is_composed:
            return
        self._lay_out()
        self.outline.focus()
        self.read()
        self._to_first_job()

    def on_resize(self) -> None:
        """Lay all out for the new size."""
        if self.is_composed:
            self._lay_out()
            self.draw()
            self._rest()

    def _to_first_job(self) -> None:
        """Begin on the job that was named, else on what failed; a pipeline that is well from its top."""
        pipeline = self.pipeline_here()
        job = telling_job(pipeline) if pipeline is not None and pipeline.status == "failed" else None
        name = self._first_job or (job.id if job is not None else "")
        if name and not (pipeline is not None and pipeline.approvals and not self._first_job):
            self.outline.go_to(("job", name))
            self.outline.top = 0  # it has no height yet: when it has, what stands above is shown where there is room

    # -- drawing ------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read the pipeline from the cache again and show it."""
        self._is_stale = False
        rowid = self.deck.reader.pipelines.find(self.pipeline_id, self.source)
        self.facts = facts_of(self.deck.reader, rowid) if rowid is not None else None
        if self.facts is not None:
            self.want_pipeline(self.facts.pipeline, is_open=True)
        self.draw()

    def draw(self) -> None:
        """Show the outline and the detail."""
        if not self.is_composed:
            return
        facts, now = self.facts, self.deck.now()
        heads, told = self.query_one("#head", Line), self.query_one("#story", Line)
        if facts is None:
            heads.show([(f" the cache has no pipeline {clip(self.pipeline_id, 60)}", "text")])
            self.outline.show([Row("remark", "none", note="r asks the syncer for a pass, Esc goes back")])
        else:
            self._ink = Ink(facts, now)
            heads.show(*head(facts, self.room.width, now))
            said = story(facts, self.room.width, now)
            told.display = bool(said)
            self.set_class(bool(said), "told")
            told.show(said)
            self.outline.show(outline(facts, needle=self.needle, toggled=self._toggled))
        self.write_frame()
        self._show_detail()

    def _draw_row(self, row: Row, width: int) -> list[Piece]:
        if self._ink is None:
            return [(row.note, "dim")]
        return draw(row, width, self._ink)

    def _sight(self, width: int) -> Sight:
        return Sight(width, self.deck.now(), self.deck.zone, self.deck.better)

    def _show_detail(self, *, new: bool = False) -> None:
        row, facts = self.outline.entry(), self.facts
        if not self._outline_width:
            return
        if new:
            self.detail.action_top()
        width = self.room.width - self._outline_width - 1
        self.detail.show(detail(row, facts, self._sight(width)) if row is not None and facts is not None else [])

    # -- what is under the cursor -------------------------------------------------------------------------------

    def pipeline_here(self) -> Pipeline | None:
        """The pipeline that the page is about."""
        return self.facts.pipeline if self.facts is not None else None

    def job_here(self) -> Job | None:
        """The job under the cursor, or that of the step there."""
        row = self.outline.entry() if self.is_composed else None
        if row is None:
            return None
        return row.thing if isinstance(row.thing, Job) else row.job

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
        if self.is_ready:
            self._show_detail(new=True)

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Show what is new of this pipeline; under another screen, when that one is gone."""
        self._is_stale = self._is_stale or changed.runs or changed.commits or changed.pipelines
        if self._is_stale and self.is_current:
            self.read()
        super().cache_changed(changed)

    def on_screen_resume(self) -> None:
        """The screen on top is gone: what came in the meantime is shown."""
        if self._is_stale and self.is_ready:
            self.read()

    def time_passed(self) -> None:
        """Write the ages anew."""
        super().time_passed()
        self.draw()

    def second_passed(self) -> None:
        """Write the seconds of what runs."""
        if self.facts is not None and has_seconds(self.facts.pipeline, self.deck.now() - 1000):
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

    def action_fold(self) -> None:
        """Unfold all steps of the job under the cursor, or fold them."""
        job = self.job_here()
        if job is None:
            self.say("steps are shown of a job: go to one first", "dim")
        elif not job.steps:
            self.say(f"its source tells of no steps of {clip(job.name, 40)}", "dim")
        else:
            self._toggled ^= {job.id}
            self.draw()
            self.outline.go_to(("job", job.id))

    def action_open(self) -> None:
        """Open the row under the cursor: a job's log, a run, a pipeline, or what is known of anything else."""
        row, facts = self.outline.entry(), self.facts
        if row is None or facts is None:
            self.say("there is nothing here to open", "dim")
        elif (job := self.job_here()) is not None:
            self.open_log(facts.pipeline, job)
        elif isinstance(row.thing, Run):
            self.app.push_screen(RunScreen(self.deck, row.thing.id))
        elif isinstance(row.thing, Pipeline):
            self._open_pipeline(row.thing)
        else:
            self.app.push_screen(
                DetailScreen(self.deck, f"{called(facts.pipeline)} › {row.kind}", lambda w: self._lines(row, w))
            )

    def _lines(self, row: Row, width: int) -> Lines:
        return detail(row, self.facts, self._sight(width)) if self.facts is not None else []

    def _open_pipeline(self, other: Pipeline) -> None:
        if (other.source, other.id) == (self.source, self.pipeline_id):
            self.say("that is the one on this page", "dim")
        else:
            self.app.push_screen(PipelineScreen(self.deck, other.source, other.id))

    def action_address(self) -> None:
        """Show the address of what is under the cursor, else of the pipeline."""
        thing = row.thing if (row := self.outline.entry()) is not None else None
        if row is not None and isinstance(thing, Deployment | Pipeline | CommitCheck) and thing.url:
            self.app.push_screen(LinkSheet(row.kind, thing.url, self.deck.palette))
        else:
            super().action_address()

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else the pipeline."""
        return subject_of_row(self.outline.entry()) or super().subject_here()

    def copies(self) -> Sequence[Copy]:
        """What is under the cursor first, then the pipeline in its forms."""
        job, row = self.job_here(), self.outline.entry()
        if job is not None:
            return [*job_copies(job), *super().copies()]
        if row is not None and isinstance(row.thing, Commit):
            return [Copy("commit here", row.thing.sha), *super().copies()]
        if row is not None and row.kind == "fact" and isinstance(row.thing, str):
            return [Copy(row.name, row.thing), *super().copies()]
        return super().copies()

    def narrowed(self) -> None:
        """Show other rows, from the first."""
        self.outline.top = 0
        self.draw()
        self._rest()

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What the pipeline is called, and how fresh its source is."""
        facts = self.facts
        if facts is None:
            return [(" pipeline ", "dim"), (clip(self.pipeline_id, 40), "bright")], []
        left: list[Piece] = [(f" {clip(facts.source, 20)} › ", "dim"), (called(facts.pipeline), "bright")]
        if self.needle:
            left.append((f"  /{shown(self.needle)}", "accent"))
        below = self.outline.below
        more: list[Piece] = [(f"{below} line{'s' * (below != 1)} below   ", "dim")] if below else []
        return left, [*more, *(freshness(facts.state, self.deck.now()) if facts.state else ()), (" ", "text")]
