"""One check, whole: what it asserts, what it said, since when it fails, its rule, its past, who feeds on its data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from ..app.check_copies import result_copies
from ..app.copies import Copy
from ..app.errors import QuarterdeckError
from ..app.records import Check, Commit, PastResult, Subject, parse_subject
from ..app.text import clip, shown
from ..widgets.freshness import freshness
from ..widgets.line import Line, Piece
from ..widgets.outline import Outline
from .asking import Asking
from .changes import Changed
from .check_facts import CheckFacts, facts_of
from .check_feeds import Eater, Feeding, Question, feeds_of
from .check_keys import CheckKeys
from .check_lines import detail, draw, head, story
from .check_outline import Clock, Row, outline
from .deck import Deck
from .detail import DetailScreen
from .halves import Halves
from .subjects import subject_of

SIDE_BY_SIDE = 110
"""Columns from which on the row under the cursor is shown beside the outline."""

TALL = 30
"""Rows from which on there is one for nothing but calm."""


class CheckScreen(CheckKeys, Halves):
    """The page of the check of this id. `result`: the invocation of the result that it begins at."""

    TAB = "checks"
    NARROW_HINT = "words that a result, a commit or a fact holds"
    CSS_PATH = "check.tcss"
    LEADING_KEYS = ("check.open", "changes", "check.log", "check.filter")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "open", id="check.open", key_display="Enter",
            tooltip="Open what is under the cursor: a commit, a run, who feeds on it; of a result what it is tied to",
        ),
        Binding(
            "slash", "filter", "filter", priority=True, id="check.filter", tooltip="Narrow the page", key_display="/"
        ),
        Binding("t", "unfold", "unfold", id="check.unfold", show=False,
                tooltip="Show what a result is tied to, or no more"),
        Binding("tab", "part(1)", "next part", id="check.part", tooltip="Go to the next part; also ]",
                key_display="Tab"),
        Binding("escape", "leave", "back", id="check.leave", key_display="Esc"),
    ]  # fmt: skip

    def __init__(self, deck: Deck, check_id: str, result: str = "") -> None:
        super().__init__(deck)
        self.check_id = check_id
        self.facts: CheckFacts | None = None
        self._first = result
        self._opened: set[str] = set()
        self._feeding: Feeding | None = None
        self._asking = Asking(deck.open_reader, feeds_of, self._answered)
        self._is_stale = False

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """How it stands, and since when; below, the outline and the detail of a row."""
        palette = self.deck.palette
        yield Line(palette, id="head")
        yield Line(palette, id="story")
        yield from self.halves(Outline[Row](palette, self._draw_row, id="page"))

    @property
    def _outline_width(self) -> int:
        """Columns of the outline; 0 where it has all."""
        return max(70, self.room.width * 3 // 5) if self.room.width >= SIDE_BY_SIDE else 0

    @property
    def _clock(self) -> Clock:
        return Clock(now=self.deck.now(), zone=self.deck.zone)

    def _lay_out(self) -> None:
        """Give the detail its half, or take it away."""
        self.set_class(self.room.height >= TALL, "tall")
        super()._lay_out()

    def on_mount(self) -> None:
        """Show what the cache knows, before anything is painted; who feeds on it is read after that."""
        if not self.is_composed:
            return
        self._lay_out()
        self.outline.focus()
        if self._first:
            self._opened.add(self._first)
        self.read()
        if self._first and self.outline.go_to(("result", self._first)):
            self._first = ""
        self.call_after_refresh(self._ask_for_feeding)

    # -- drawing ------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read the check from the cache again and show it."""
        self._is_stale = False
        self.facts = facts_of(self.deck.reader, self.check_id, self.deck.now(), self.deck.identities, self._feeding)
        self.draw()

    def _ask_for_feeding(self) -> None:
        """Have read who feeds on the data: off this thread, since a trace takes its time."""
        if self.facts is not None and self.is_composed:
            question = Question(((self.check_id, self.facts.rowid),), self.deck.identities, self.deck.now())
            work = partial(self._asking.ask, self._asking.stop(), question)
            self.run_worker(work, thread=True, group="feeds", exit_on_error=False)

    def _answered(self, number: int, found: Mapping[str, Feeding]) -> None:
        """On the thread that asks."""
        self.app.call_from_thread(self._show_feeding, number, found)

    def _show_feeding(self, number: int, found: Mapping[str, Feeding]) -> None:
        if self._asking.is_current(number) and self.is_ready:
            self._feeding = found[self.check_id]
            self.read()

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._asking.close()

    def draw(self) -> None:
        """Show the outline and the detail."""
        if not self.is_composed:
            return
        facts, width, clock = self.facts, self.room.width, self._clock
        heads, told = self.query_one("#head", Line), self.query_one("#story", Line)
        if facts is None:
            heads.show([(f" the cache has no check {clip(self.check_id, 60)}", "text")])
            self.outline.show([Row("remark", "none", note="r asks the syncer for a pass, Esc goes back")])
        else:
            heads.show(*head(facts.check, width, clock))
            said = story(facts.check, width, clock)
            told.display = bool(said)
            self.set_class(bool(said), "told")
            told.show(said)
            self.outline.show(outline(facts, clock, needle=self.needle, opened=self._opened))
        self.write_frame()
        self._show_detail()

    def _draw_row(self, row: Row, width: int) -> list[Piece]:
        return draw(row, width, self.facts, self._clock) if self.facts is not None else [(row.note, "dim")]

    def _show_detail(self, *, new: bool = False) -> None:
        row, facts = self.outline.entry(), self.facts
        if not self._outline_width:
            return
        if new:
            self.detail.action_top()
        width = self.room.width - self._outline_width - 1
        self.detail.show(detail(row, facts, width, self._clock) if row is not None and facts is not None else [])

    # -- what is under the cursor -------------------------------------------------------------------------------

    def check_here(self) -> Check | None:
        """The check that the page is about."""
        return self.facts.check if self.facts is not None else None

    def result_here(self) -> PastResult | None:
        """The result under the cursor."""
        row = self.outline.entry() if self.is_composed else None
        return row.thing if row is not None and isinstance(row.thing, PastResult) else None

    def pipeline_id_here(self) -> str | None:
        """That of the result here, else of the newest."""
        here = self.result_here()
        return here.pipeline_id if here is not None else super().pipeline_id_here()

    def run_id_here(self) -> str | None:
        """That of the result here, else of the newest."""
        here = self.result_here()
        return here.run_id if here is not None else super().run_id_here()

    def subject_here(self) -> Subject | None:
        """What is under the cursor, else the check."""
        row = self.outline.entry() if self.is_composed else None
        found = self._subject_of(row) if row is not None else None
        return found if found is not None else super().subject_here()

    def _subject_of(self, row: Row) -> Subject | None:
        thing = row.thing
        if isinstance(thing, Eater):
            return parse_subject(thing.node.subject)
        if row.kind == "data" and isinstance(thing, str) and self.facts is not None:
            name, _, digest = thing.rpartition("@")
            return Subject(kind="dataset", parts=(name, digest)) if name and digest and not row.note else None
        if row.kind in ("commit", "run", "pipeline"):
            return Subject(kind=row.kind, parts=(row.name,))
        return subject_of(thing)

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Show what is new of this check; under another screen, when that one is gone."""
        self._is_stale = self._is_stale or changed.checks or changed.commits or changed.pipelines or changed.models
        if self._is_stale and self.is_current:
            self._feeding = None if changed.models or changed.runs else self._feeding
            self.read()
            if self._feeding is None:
                self._ask_for_feeding()
        super().cache_changed(changed)

    def on_screen_resume(self) -> None:
        """The screen on top is gone: what came in the meantime is shown."""
        if self._is_stale and self.is_ready:
            self.read()

    def time_passed(self) -> None:
        """Write the ages anew."""
        super().time_passed()
        self.draw()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_part(self, by: int) -> None:
        """Go to the next part of the page."""
        self.outline.action_part(by)

    def action_unfold(self) -> None:
        """Show what the result under the cursor is tied to, or no more."""
        here = self.result_here()
        if here is None:
            self.say("results are unfolded: go to one first", "dim")
        else:
            self._opened ^= {here.id}
            self.draw()
            self.outline.go_to(("result", here.id))

    def action_open(self) -> None:
        """Open the row under the cursor; a result shows what it is tied to."""
        row, facts = self.outline.entry(), self.facts
        if row is None or facts is None:
            self.say("there is nothing here to open", "dim")
        elif isinstance(row.thing, PastResult):
            self.action_unfold()
        elif (subject := self._subject_of(row)) is not None:
            self._open(subject)
        elif row.kind == "data":
            self._open_data(facts.check.dataset)
        else:
            self.app.push_screen(
                DetailScreen(self.deck, f"{clip(facts.check.name, 40)} › {row.kind}", lambda w: self._lines(row, w))
            )

    def _lines(self, row: Row, width: int) -> list[list[Piece]]:
        return detail(row, self.facts, width, self._clock) if self.facts is not None else []

    def _open(self, subject: Subject) -> None:
        from .places import screens_at  # here: it leads to all screens

        try:
            screens = screens_at(self.deck, subject)
        except QuarterdeckError as error:
            self.say(f"▲ {error}", "warn")
            return
        self.app.push_screen(screens[-1])  # one page: Escape leads back to the check

    def _open_data(self, name: str) -> None:
        """Open the newest version: what was checked is none that a run or DVC knows."""
        from .dataset import DatasetScreen  # with what it brings, when it is wanted

        row = self.deck.reader.datasets.row(name, self.deck.identities)
        if row is None:
            self.say(f"the cache has no dataset {clip(name, 40)}", "dim")
        else:
            self.app.push_screen(DatasetScreen(self.deck, row.name))

    def copies(self) -> Sequence[Copy]:
        """What is under the cursor first, then the check in its forms."""
        row, result = self.outline.entry(), self.result_here()
        if result is not None:
            return [*result_copies(result), *super().copies()]
        if row is not None and isinstance(row.thing, Commit):
            return [Copy("commit here", row.thing.sha), *super().copies()]
        if row is not None and isinstance(row.thing, str):
            return [Copy("text here", row.thing), *super().copies()]
        return super().copies()

    def narrowed(self) -> None:
        """Show other rows, from the first."""
        self.outline.top = 0
        self.draw()
        self._rest()

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What the check is called, and how fresh its source is."""
        facts = self.facts
        if facts is None:
            return [(" check ", "dim"), (clip(self.check_id, 40), "bright")], []
        left: list[Piece] = [(f" {clip(facts.check.dataset or 'checks', 30)} › ", "dim"),
                             (clip(facts.check.name, 60), "bright")]  # fmt: skip
        if self.needle:
            left.append((f"  /{shown(self.needle)}", "accent"))
        below = self.outline.below
        more: list[Piece] = [(f"{below} line{'s' * (below != 1)} below   ", "dim")] if below else []
        return left, [*more, *(freshness(facts.state, self.deck.now()) if facts.state else ()), (" ", "text")]
