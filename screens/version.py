"""One version of a model: how it differs from the one in use, where it comes from, and who decided what about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.geometry import Size
from textual.timer import Timer
from textual.widget import Widget

from ..app.copies import Copy
from ..app.records import Commit, CommitsBetween, LedgerEntry, Pipeline, Run, Subject
from ..app.store.models import ModelRow, VersionRow
from ..app.text import clip, fit, shown
from ..widgets.freshness import freshness
from ..widgets.line import Line, Piece
from ..widgets.outline import Outline
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from .alias_history import History
from .changes import Changed
from .compare_detail import sentence_lines
from .deck import Deck
from .detail import DetailScreen
from .model_facts import facts_of
from .model_keys import ModelKeys
from .model_words import gone_words, registries, version_name
from .narrowing import Narrowing
from .run_detail import Upright
from .run_details import Lines, Sight
from .subjects import subject_of_row
from .version_details import detail
from .version_facts import VersionFacts, version_facts
from .version_lines import Ink, draw
from .version_outline import OtherVersion, Row, outline
from .version_words import head, sentences

SIDE_BY_SIDE = 130
"""Columns from which on the row under the cursor is shown beside the outline."""

TALL = 30
"""Rows from which on there is one for nothing but calm."""

RESTS = 0.15
"""Seconds without a key before the half beside the outline follows the cursor."""


class VersionScreen(ModelKeys, Narrowing):
    """The page of one version."""

    TAB = "models"
    CSS_PATH = "version.tcss"
    LEADING_KEYS = ("version.open", "model.promote", "model.roll_back", "model.compare", "version.filter")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "open", id="version.open", tooltip="Open what is under the cursor", key_display="Enter"
        ),
        Binding("tab", "part(1)", "next part", id="version.part", tooltip="Go to the next part; also ]",
                key_display="Tab"),
        Binding(
            "slash", "filter", "filter", priority=True, id="version.filter", tooltip="Narrow the page", key_display="/"
        ),
        Binding("escape", "leave", "back", id="version.leave", key_display="Esc"),
    ]  # fmt: skip

    def __init__(self, deck: Deck, model: str, version: str, source: str | None = None) -> None:
        super().__init__(deck)
        self.model, self.version, self.source = model, version, source
        self.facts: VersionFacts | None = None
        self._between: dict[tuple[str, str], CommitsBetween | None] = {}
        self._is_asked = False
        self._resting: Timer | None = None
        self._ink: Ink | None = None
        self._is_stale = False

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """How it stands, and what to know first; below, the outline and the detail of a row."""
        palette = self.deck.palette
        yield Line(palette, id="head")
        said = Pages(palette, id="sentences")
        said.can_focus = False
        yield said
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
        return max(80, self.room.width * 11 // 20) if self.room.width >= SIDE_BY_SIDE else 0

    @property
    def outline(self) -> Outline[Row]:
        """All that the version has."""
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
        """Show what the cache knows, before anything is painted; what takes longer comes after."""
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
        """Read the version from the cache again and show it."""
        self._is_stale = False
        reader = self.deck.reader
        history = History(reader, self.deck.state)
        model = facts_of(reader, history, self.deck.better, self.model, self.source)
        row = reader.models.version(self.model, self.version, self.source)
        self.facts = version_facts(self.deck, model, row, history) if model is not None and row is not None else None
        self._ask()
        self._find_commits()
        self.draw()

    def draw(self) -> None:
        """Show the outline and the detail."""
        if not self.is_composed:
            return
        facts, sight = self.facts, self._sight(self.room.width)
        heads = self.query_one("#head", Line)
        if facts is None:
            heads.show(gone_words(f"version {version_name(self.version)} of {self.model}"))
            self.outline.show([Row("remark", "none", note="r asks the syncer for it, Esc goes back")])
        else:
            self._ink = Ink(facts, sight.now)
            heads.show(*head(facts, sight))
            self.outline.show(outline(facts, self._sight(self._outline_width or self.room.width), needle=self.needle))
        self._tell_first(facts)
        self.write_frame()
        self._show_detail()

    def _tell_first(self, facts: VersionFacts | None) -> None:
        """What to know before the figures are read: in a short terminal a line each."""
        pages, width = self.query_one("#sentences", Pages), max(20, self.room.width - 4)
        said, is_tall = sentences(facts) if facts is not None else [], self.room.height >= TALL
        lines = sentence_lines(said if is_tall else [fit(one, width) for one in said], width)
        lines = [*lines[:6], []] if lines and is_tall else lines[:3]
        pages.display = bool(lines)
        pages.styles.height = len(lines)
        pages.show(lines)

    def _draw_row(self, row: Row, width: int) -> list[Piece]:
        if self._ink is None:
            return [(row.note, "dim")]
        return draw(row, width, self._ink)

    def _sight(self, width: int) -> Sight:
        better = self.facts.better if self.facts is not None else self.deck.better
        return Sight(width, self.deck.now(), self.deck.zone, better)

    def _show_detail(self, *, new: bool = False) -> None:
        row, facts = self.outline.entry(), self.facts
        if not self._outline_width:
            return
        if new:
            self.detail.action_top()
        width = self.room.width - self._outline_width - 1
        self.detail.show(detail(row, facts, self._sight(width)) if row is not None and facts is not None else [])

    # -- what lies between the commits --------------------------------------------------------------------------

    def _ends(self) -> tuple[str, str] | None:
        """The commits of the other and of this version, where they are known and not the same."""
        facts = self.facts
        own, other = (facts.own.commit, facts.other.commit if facts.other else None) if facts is not None else ("", "")
        return (other, own) if own and other and own != other else None

    def _find_commits(self) -> None:
        """Walk from one to the other, on a thread: far apart it takes some time."""
        ends = self._ends()
        if ends is None or self.facts is None:
            return
        if ends in self._between:
            self.facts = replace(self.facts, between=self._between[ends], is_walked=True)
        else:
            self.run_worker(lambda: self._walk(ends), thread=True, group="commits", exclusive=True, exit_on_error=False)

    def _walk(self, ends: tuple[str, str]) -> None:
        try:
            with closing(self.deck.open_reader()) as reader:
                found = reader.commits_between(*ends)
        except sqlite3.Error as error:
            self.app.call_from_thread(self.say, f"▲ the commits could not be read: {error}", "warn")
            return
        self.app.call_from_thread(self._walked, ends, found)

    def _walked(self, ends: tuple[str, str], found: CommitsBetween | None) -> None:
        self._between[ends] = found
        if self.is_ready and self._ends() == ends:
            self._find_commits()
            self.draw()

    # -- what is under the cursor -------------------------------------------------------------------------------

    def model_here(self) -> ModelRow | None:
        """The model that the version is of."""
        return self.facts.model.row if self.facts is not None else None

    def version_here(self) -> VersionRow | None:
        """The version that the page is about."""
        return self.facts.row if self.facts is not None else None

    def to_compare(self) -> Sequence[VersionRow] | str:
        """What it is measured against, and this one."""
        facts = self.facts
        if facts is None:
            return "there is no version here"
        if facts.other is None:
            return "no alias says which version is in use: mark some in the model's list with Space, then = compares"
        return [facts.other.row, facts.row]

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

    # -- the syncer ---------------------------------------------------------------------------------------------

    def _ask(self) -> None:
        """Ask once for a logged model that nobody has read."""
        facts = self.facts
        is_unread = facts is not None and facts.row.version.model_id and facts.row.logged is None
        if facts is not None and is_unread and not self._is_asked:
            self._is_asked = True
            self.want_model(facts.model.row.model, [self.version])

    def action_sync_now(self) -> None:
        """Ask for a pass now; for a version that the cache does not have, every registry."""
        self._is_asked = False
        if self.facts is None:
            self.want_unknown(self.model, [self.version])
        super().action_sync_now()

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Show what is new of this version; under another screen, when that one is gone."""
        if changed.commits:
            self._between.clear()
        about = (changed.models, changed.promotions, changed.runs, changed.commits, changed.pipelines)
        self._is_stale = self._is_stale or any(about)
        if self._is_stale and self.is_current:
            self.read()
        super().cache_changed(changed)

    def on_screen_resume(self) -> None:
        """The screen on top is gone: what came in the meantime is shown."""
        if self._is_stale and self.is_ready:
            self.read()

    def time_passed(self) -> None:
        """Write the ages anew; what was unexplained so far may not be now."""
        super().time_passed()
        self.read()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.outline.recolour(palette)
        for pages in self.query(Pages):
            pages.recolour(palette)
        self.query_one(Upright).recolour(palette)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_part(self, by: int) -> None:
        """Go to the next part of the page."""
        self.outline.action_part(by)

    def action_open(self) -> None:
        """Open the row under the cursor: a run, a pipeline, a version, or what is known of anything else."""
        from .run import RunScreen  # here: that screen leads to versions

        row, facts = self.outline.entry(), self.facts
        if row is None or facts is None:
            self.say("there is nothing here to open", "dim")
        elif isinstance(row.thing, Run):
            self.app.push_screen(RunScreen(self.deck, row.thing.id))
        elif isinstance(row.thing, Pipeline):
            self._open_pipeline(row.thing)
        elif isinstance(row.thing, OtherVersion):
            self.app.push_screen(VersionScreen(self.deck, *row.thing, facts.row.version.source))
        else:
            name = f"{clip(self.model, 40)} {version_name(self.version)} › {row.kind}"
            self.app.push_screen(DetailScreen(self.deck, name, lambda width: self._lines(row, width)))

    def _open_pipeline(self, pipeline: Pipeline) -> None:
        from .pipeline import PipelineScreen  # with what it brings, when it is wanted

        self.app.push_screen(PipelineScreen(self.deck, pipeline.source, pipeline.id))

    def _lines(self, row: Row, width: int) -> Lines:
        return detail(row, self.facts, self._sight(width)) if self.facts is not None else []

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else the version."""
        return subject_of_row(self.outline.entry()) or super().subject_here()

    def copies(self) -> Sequence[Copy]:
        """What is under the cursor first, then the version in its forms."""
        row = self.outline.entry()
        thing = row.thing if row is not None else None
        if isinstance(thing, Commit):
            return [Copy("commit here", thing.sha), *super().copies()]
        if isinstance(thing, LedgerEntry):
            return [Copy("id of the entry", thing.id), *super().copies()]
        if row is not None and isinstance(thing, str):
            return [Copy(row.name, thing), *super().copies()]
        return super().copies()

    def narrowed(self) -> None:
        """Show other rows, from the first."""
        self.outline.top = 0
        self.draw()
        self._rest()

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What it is called, and how fresh its registry is."""
        left: list[Piece] = [(f" {clip(self.model, 40)} › ", "dim"), (version_name(self.version), "bright")]
        if self.needle:
            left.append((f"  /{shown(self.needle)}", "accent"))
        below = self.outline.below
        more: list[Piece] = [(f"{below} line{'s' * (below != 1)} below   ", "dim")] if below else []
        key = self.facts.row.version.source if self.facts is not None else None
        states = [state for state in registries(self.deck.states) if state.source == key]
        return left, [*more, *(piece for state in states for piece in freshness(state, self.deck.now())), (" ", "text")]
