"""Pipelines: what every CI did to every commit, in one list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget

from ..app.errors import FilterError
from ..app.query import PIPELINES, Compare, Field, Node, all_of, parse, parse_sort, write
from ..app.records import PIPELINE_STATUSES, Job, Pipeline
from ..app.store.pipeline_groups import By
from ..widgets.freshness import each_freshness
from ..widgets.line import Line, Piece
from ..widgets.palette import Palette
from ..widgets.record_table import Column
from ..widgets.strip import has_seconds
from .asked_list import AskedList
from .changes import Changed
from .deck import Deck
from .pipeline import TALL, PipelineScreen
from .pipeline_columns import DEFAULT, UNSORTED, Group, PipelineLine, column, columns, needed
from .pipeline_facts import PipelineFacts, facts_of
from .pipeline_keys import PipelineKeys
from .pipeline_pane import WITH_PANE, PipelinePane, pane_width
from .pipeline_rows import PAGE, Listed, PipelineRows, Question, listed
from .pipeline_words import ci_states, counted, empty_words, jobs_line, story, waiting_pieces

RESTS = 0.15
"""Seconds without a key before strip and pane follow the cursor."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes ..."""

REST_AFTER_A_LIST = 5
"""... and so many times as long as the last one took."""

GROUPINGS: tuple[By | None, ...] = (None, "branch", "commit")
"""What `t` goes through: a flat list, by branch, by commit."""


class PipelinesScreen(AskedList[PipelineLine, Question, Listed], PipelineKeys):
    """The table of pipelines, and below it the jobs of the one under the cursor."""

    NAME = "pipelines"
    TAB = "pipelines"
    FILTER_HINT = "status:failed branch:main"
    DEFAULT_SORT = ("created_at", True)
    CSS_PATH = "pipelines.tcss"
    answers = staticmethod(listed)
    LEADING_KEYS = (
        "open", "pipeline.log", "filter", "mark", "pipeline.group", "pipeline.rerun", "pipeline.approve",
        "pipeline.cancel", "sort", "columns",
    )  # fmt: skip

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "group", "group", id="pipeline.group", tooltip="A flat list, by branch, by commit"),
    ]

    def __init__(self, deck: Deck, given: str = "") -> None:
        super().__init__(deck)
        self.keys = list(DEFAULT)
        self._by: By | None = None
        self._facts: PipelineFacts | None = None
        self._rows: PipelineRows | None = None
        self._left_for: tuple[str, str] | None = None
        self._need: dict[str, int] = {}
        self._waiting = 0
        self._words: list[str] = []
        self._resting: Timer | None = None
        self.look({**(deck.tables.get_table(self.kept_name()) or {}), "filter": given})
        self.given = given
        if given:
            self._by = None

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """The table, and what is said of the pipeline under the cursor: beside it or below."""
        with Horizontal():
            yield from super().body()
            yield PipelinePane(self.deck.palette, id="pane")
        yield Line(self.deck.palette, fill="─", id="between")
        yield Line(self.deck.palette, id="jobs")
        yield Line(self.deck.palette, id="story")

    @property
    def pane(self) -> PipelinePane:
        """The pipeline under the cursor, where there is room."""
        return self.query_one("#pane", PipelinePane)

    def on_resize(self) -> None:
        """Give the pane its room, or take it away; names get what there is."""
        self.pane.take_room(self.size.width)
        for line in ("#jobs", "#story"):
            self.query_one(line).display = not self.pane.display
        self.query_one("#between").display = not self.pane.display and self.size.height >= TALL
        self.set_columns()
        self._rest()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.pane.recolour(palette)

    # -- what is under the cursor -------------------------------------------------------------------------------

    def pipeline_here(self) -> Pipeline | None:
        """The pipeline under the cursor."""
        row = self.table.row()
        return row.pipeline if row is not None else None

    def chosen_pipelines(self) -> Sequence[Pipeline]:
        """The marked pipelines, else the one under the cursor."""
        marked = [int(key) for key in self.table.marked]
        if not marked:
            return super().chosen_pipelines()
        return [row.pipeline for row in self.deck.reader.pipelines.rows(marked)]

    def job_here(self) -> Job | None:
        """A list of pipelines has no job under its cursor."""
        return None

    def on_record_table_moved(self) -> None:
        """Strip and pane follow after a rest: over a slow line they must not follow each key."""
        self._rest()

    def on_record_table_scrolled(self) -> None:
        """Other pipelines are on the screen."""
        self._rest()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if not self.is_ready:
            return
        row = self.table.row()
        self._read_facts()
        self._tell()
        self.write_frame()  # which keys there are depends on what is here
        if row is not None and row.pipeline is not None:
            self.want_pipeline(row.pipeline)

    def _read_facts(self) -> None:
        row, key = self.table.row(), self.table.key_here()
        known = row is not None and row.pipeline is not None and isinstance(key, int)
        self._facts = facts_of(self.deck.reader, int(key), whole=False) if known and key is not None else None

    def _tell(self) -> None:
        """Write of the pipeline under the cursor what the table has no room for."""
        facts, now, width = self._facts, self.deck.now(), self.size.width
        row = self.table.row()
        group = row.group if row is not None else None
        self.pane.show_facts(facts, group, self.deck)
        self.query_one("#jobs", Line).show(jobs_line(facts, group, width, now))
        self.query_one("#story", Line).show(story(facts, width, now) if facts is not None else [])

    def on_screen_suspend(self) -> None:
        """Another screen lies on this one: when it was a pipeline's page, the cursor will be found there."""
        stack = self.app.screen_stack
        above = stack[stack.index(self) + 1 :] if self in stack else []
        page = next((screen for screen in above if isinstance(screen, PipelineScreen)), None)
        self._left_for = (page.source, page.pipeline_id) if page is not None else None

    def on_screen_resume(self) -> None:
        """Stand on the pipeline whose page was left."""
        if self._left_for is None or not self.is_ready:
            return
        source, native = self._left_for
        self._left_for = None
        found = self.deck.reader.pipelines.find(native, source)
        if found is not None and found != self.table.key_here():
            self.table.go_to(found)

    # -- columns, filter, order ---------------------------------------------------------------------------------

    def column(self, key: str) -> Column[PipelineLine] | None:
        """The column of a word."""
        width = self.app.size.width
        width -= pane_width(width) if width >= WITH_PANE else 0
        return column(key, self.deck.zone, width, self._need, chosen=self.chosen and key not in DEFAULT)

    def all_keys(self) -> list[tuple[str, str]]:
        """Every column there is."""
        return [(key, made.title) for key, made in columns().items()]

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """Sort by a column that the cache knows of."""
        if key in UNSORTED:
            self.say(f"there is no order by {key}: sort by duration, as took", "dim")
        else:
            super().sort_by(key, descending)

    def filter_words(self) -> Iterable[str]:
        """The fields, the words of status, and the branches and names that there are."""
        return [*PIPELINES.own, "job", "age", *(f"status:{word}" for word in PIPELINE_STATUSES), *self._words]

    def action_filter(self) -> None:
        """Ask for a filter, with the branches and names that there are now."""
        reads = self.deck.reader.pipelines
        found = [f"branch:{name}" for name in reads.branches()[:40]] + [f"name:{name}" for name in reads.names()[:40]]
        self._words = [word for word in found if not set(word) & set(" ()\"'`")]
        super().action_filter()

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text is not of the grammar."""
        self._parsed(text)

    def _parsed(self, text: str) -> Node | None:
        return parse(text, zone=self.deck.zone, now=self.deck.now(), vocabulary=PIPELINES)

    def question(self) -> Question:
        """What is listed, in which order and groups."""
        sort = parse_sort(f"{self.sort[0]}:{'desc' if self.sort[1] else 'asc'}", vocabulary=PIPELINES)
        return Question(where=self._parsed(self.filter), sort=sort, by=self._by)

    def first_rows(self) -> None:
        """Paint the first window at once, where it costs a millisecond; the rest comes after."""
        self._count_waiting()
        if self._by is None and not self.filter:
            self.present_now()
            self.call_after_refresh(self.reload, keep=True)
        else:
            self.reload(keep=False)

    def takes(self, answer: Listed) -> bool:
        """The first window says less than a whole list that is shown."""
        return answer.complete or not self._stays or self._listed is None

    def present(self, answer: Listed) -> None:
        """Draw it, and go on where the cursor was."""
        self._listed = answer
        rows = PipelineRows(self.deck.reader, answer, self.deck.now())
        self._make_room(rows)
        self._show_rows(rows, keep=self._stays)
        self._stays = True
        self.table.say(empty_words(self.deck, self.filter))
        self.write_frame()
        self._rest()

    def _show_rows(self, rows: PipelineRows, *, keep: bool) -> None:
        """Show the rows; what is said of the one under the cursor is read with them, so that both say the same."""
        self._rows = rows
        here = self.table.key_here() if keep else None
        self.table.show(rows, keep=keep)
        if here is not None and here == self.table.key_here():
            self._read_facts()
            self._tell()

    def _make_room(self, rows: PipelineRows) -> None:
        """Give the columns what the rows in sight need; while the same list is shown they never get less."""
        first = self.table.top if self._stays else 0
        need = needed(rows.rows(first, min(rows.count(), first + PAGE)))
        if self._stays:
            need = {key: max(size, self._need.get(key, 0)) for key, size in need.items()}
        if need != self._need:
            self._need = need
            self.set_columns()

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        if changed.pipelines or changed.commits:
            self.look_again_in(max(CHANGES_AT_MOST_EVERY, REST_AFTER_A_LIST * self._asking.cost))
        self.table.say(empty_words(self.deck, self.filter))  # a source was found, or has gone
        super().cache_changed(changed)

    def look_again(self) -> None:
        """Count anew what waits, too."""
        self._count_waiting()
        super().look_again()

    def _count_waiting(self) -> None:
        """How many deployments wait for a person."""
        reads = self.deck.reader.pipelines
        ids = reads.ids(Compare(Field("pipeline", "status"), "=", "waiting"), limit=50)
        self._waiting = sum(bool(row.pipeline.approvals) for row in reads.rows(ids)) if ids else 0

    def time_passed(self) -> None:
        """Write the ages and the durations anew; what is in the same bucket is not sent."""
        super().time_passed()
        if self._listed is not None and not self.prompt.display:
            self._show_rows(PipelineRows(self.deck.reader, self._listed, self.deck.now()), keep=True)

    def second_passed(self) -> None:
        """Write the seconds of what runs."""
        rows, now = self._rows, self.deck.now()
        if rows is None or self.prompt.display:
            return
        window = self.table.window
        lines = [line for line in rows.rows(window.start, window.stop) if line is not None]
        if any(line.pipeline is not None and has_seconds(line.pipeline, line.now) for line in lines):
            rows.tick(now)
            self.table.show(rows, keep=True)
            self._tell()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_group(self) -> None:
        """A flat list, by branch, by commit."""
        self._by = GROUPINGS[(GROUPINGS.index(self._by) + 1) % len(GROUPINGS)]
        said = {None: "a flat list", "branch": "by branch: of each pipeline the newest there",
                "commit": "by commit: what ran on each"}[self._by]  # fmt: skip
        self.table.clear_marks()
        self.set_columns()
        self.reload(keep=False)
        self.remember()
        self.say(said, "dim")

    def columns(self) -> list[Column[PipelineLine]]:
        """Those of the words; what a group is by need not be said in each of its lines."""
        return [made for made in super().columns() if self._by is None or made.key != self._by]

    def action_mark(self) -> None:
        """Mark the pipeline and go on; heads of groups are not marked."""
        if self.pipeline_here() is None:
            self.table.action_move(1)
        else:
            super().action_mark()

    def open_row(self, row: PipelineLine) -> None:
        """Open the pipeline; of a group all that ran there."""
        if row.pipeline is not None:
            self.app.push_screen(PipelineScreen(self.deck, row.pipeline.source, row.pipeline.id))
        elif row.group is not None:
            self._open_group(row.group)

    def _open_group(self, group: Group) -> None:
        if not group.name:
            self.say(f"these name no {group.by}", "dim")
            return
        where = Compare(Field("pipeline", group.by), "=", group.name)
        both = all_of(self._parsed(self.filter), where)
        try:
            text = write(both) if both is not None else ""
            self.check_filter(text)
        except FilterError as error:  # a name that the grammar cannot write
            self.say(f"▲ {error}", "warn")
            return
        self.app.push_screen(PipelinesScreen(self.deck, text))

    def looks(self) -> dict[str, Any]:
        """Filter, sort, columns and groups."""
        return super().looks() | {"by": self._by}

    def look(self, kept: Mapping[str, Any]) -> None:
        """Take what was kept."""
        super().look(kept)
        if not self.chosen:
            self.keys = list(DEFAULT)
        self._by = found if (found := kept.get("by")) in GROUPINGS else None
        if self.sort[0] in UNSORTED or self.sort[0] not in columns():
            self.sort = self.DEFAULT_SORT

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What waits for somebody, how many of how many, the filter, and how fresh each source is."""
        name = f" pipelines by {self._by}" if self._by else " pipelines"
        left: list[Piece] = [*waiting_pieces(self._waiting), (name, "bright")]
        left += counted(self._listed, self._by, is_filtered=bool(self.filter))
        left += [*self.filter_pieces(self.size.width - 60), *self.marked_pieces()]
        return left, self._freshness()

    def _freshness(self) -> list[Piece]:
        order = self.sorted_pieces(self.sort[0]) if self.sort != self.DEFAULT_SORT else []
        states = ci_states(self.deck.states)[: 2 if self.size.width < 120 else 6]
        return [*order, *each_freshness(states, self.deck.now()), (" ", "text")] if states else order
