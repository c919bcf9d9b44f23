"""Lineage: what a thing came from and what came of it, as one tree that is walked with the keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from ..app.copies import Copy
from ..app.errors import QuarterdeckError
from ..app.lineage.tree import Lineage
from ..app.records import Subject, parse_subject
from ..app.text import clip, shown
from ..widgets.line import Piece
from ..widgets.tree import TreeOutline
from .asking import Asking
from .changes import Changed
from .copying import copy_of_lines
from .deck import Deck
from .halves import Halves
from .lineage_answers import Answer, Question, answers, reading_rows, unknown_rows, unstarted_rows
from .lineage_detail import detail
from .lineage_lines import Ink, draw, edge_of, stakes
from .lineage_start import KEPT, recent, start_rows, with_recent
from .lineage_tree import SIDES, Fold, Path, Row, Side, folded, rows_of, turned, unfolded
from .lineage_words import side_words

SIDE_BY_SIDE = 140
"""Columns from which on the row under the cursor is shown beside the tree."""

TALL = 30
"""Rows from which on there is one for nothing but calm."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes."""

AGES = 60_000
"""Milliseconds after which what is shown is traced again, for its ages."""

LIMIT, GROWS, MOST = 5, 5, 625
"""Children of a thing that are listed at first, how many times as many when more are asked for, and at most."""

PLACES = 50
"""Places that Escape leads back through."""


class Place(NamedTuple):
    """Where somebody was."""

    subject: Subject | None
    here: tuple[str, Path] | None
    """The row under the cursor."""


class LineageScreen(Halves):
    """The tree around one thing; without one, where to start from."""

    TAB = "lineage"
    CSS_PATH = "lineage.tcss"
    NARROW_HINT = "words that a node holds: a name, a kind, a person"
    LEADING_KEYS = ("lineage.open", "tree.turn", "lineage.root", "lineage.side", "lineage.filter")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "open", id="lineage.open", key_display="Enter", tooltip="Open the page of what is here"
        ),
        Binding("w", "root", "from here", id="lineage.root", tooltip="Draw the tree around what is here"),
        Binding(
            "t", "side", "both ways", id="lineage.side",
            tooltip="Both ways, only what it came from, only what came of it",
        ),
        Binding(
            "slash", "filter", "filter", priority=True, id="lineage.filter", key_display="/",
            tooltip="Only what holds some words, and what leads there",
        ),
        Binding("tab", "part(1)", "Next part", id="lineage.part", show=False),
        Binding("escape,backspace", "leave", "back", id="lineage.leave", key_display="Esc"),
        Binding("0", "begin", "Where to start from", id="lineage.begin", show=False),
    ]  # fmt: skip

    def __init__(self, deck: Deck, subject: Subject | None = None) -> None:
        super().__init__(deck)
        self.root = subject
        """What the tree is about; None: nothing yet."""
        self._answer: Answer | None = None
        self._side: Side = "both"
        self._folds: dict[Path, Fold] = {}
        self._places: list[Place] = []
        self._return_to: tuple[str, Path] | None = None
        self._limit = LIMIT
        self._traced_at = 0
        self._ink = Ink(now=deck.now(), zone=deck.zone)
        self._dirty = False
        self._is_stale = False
        self._asking = Asking(deck.open_reader, answers, self._answered)

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """The tree, and beside it what is known of a row."""
        palette = self.deck.palette
        yield from self.halves(TreeOutline[Row](palette, self._draw_row, id="page"))

    @property
    def _outline_width(self) -> int:
        """Columns of the tree; 0 where it has all."""
        return max(90, self.room.width * 3 // 5) if self.room.width >= SIDE_BY_SIDE else 0

    @property
    def outline(self) -> TreeOutline[Row]:
        """The tree."""
        return self.query_one("#page", TreeOutline)

    def on_mount(self) -> None:
        """Ask for the tree."""
        if self.is_composed:
            self._lay_out()
            self.outline.focus()
            self.read()

    # -- what is asked ------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Ask for the tree as the cache has it now; what is on the screen stays until the answer is there."""
        self._is_stale = False
        self._traced_at = self.deck.now()
        question = Question(subject=self.root, identities=self.deck.identities, now=self._traced_at, limit=self._limit)
        work = partial(self._asking.ask, self._asking.stop(), question)
        self.run_worker(work, thread=True, group="lineage", exit_on_error=False)

    def _answered(self, number: int, answer: Answer) -> None:
        """On the thread that asks."""
        self.app.call_from_thread(self._take, number, answer)

    def _take(self, number: int, answer: Answer) -> None:
        if not self._asking.is_current(number) or not self.is_ready:
            return
        is_new = self._answer is None or self._answer.subject != answer.subject
        self._answer = answer
        if is_new and answer.lineage is not None:
            self._remember(answer.lineage)
        self.draw()
        if is_new:
            self._go_to_first()
        self._rest()

    def _go_to_first(self) -> None:
        """Another tree is shown: from its first row, or where it was left."""
        here, self._return_to = self._return_to, None
        if here is None or not self.outline.go_to(here):
            self.outline.action_top()

    def _remember(self, lineage: Lineage) -> None:
        """Keep that it was looked at, for the list to start from."""
        tables = self.deck.tables
        try:
            tables.save_table(KEPT, with_recent(tables.get_table(KEPT), lineage.root))
        except QuarterdeckError as error:
            self.say(str(error), "warn")

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed question is a sentence, not an exit."""
        if event.state is WorkerState.ERROR and event.worker.group == "lineage":
            self.say(f"▲ the lineage could not be read: {event.worker.error}", "warn")

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._asking.close()

    # -- drawing ------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Show the tree and the detail."""
        if not self.is_composed:
            return
        rows, width = self._rows(), (self._outline_width or self.room.width) - 4
        ink = Ink(lineage=self.lineage, now=self.deck.now(), zone=self.deck.zone)
        self._ink = replace(ink, edge=edge_of(rows, width, ink))
        self.outline.show(rows)
        self.write_frame()
        self._show_detail()

    @property
    def lineage(self) -> Lineage | None:
        """What is drawn; None before it is known, and of what there is to start from."""
        return self._answer.lineage if self._answer is not None else None

    def _rows(self) -> list[Row]:
        answer, is_tall = self._answer, self.room.height >= TALL
        if answer is None or answer.subject != self.root:
            return reading_rows()
        if answer.lineage is not None:
            return rows_of(answer.lineage, side=self._side, folds=self._folds, needle=self.needle, is_tall=is_tall)
        if answer.start is None:
            return unknown_rows(answer)
        before = recent(self.deck.tables.get_table(KEPT))
        rows = start_rows(answer.start, before, self.needle, is_tall=is_tall)
        return rows or unstarted_rows(self.deck.states)

    def _draw_row(self, row: Row, width: int) -> list[Piece]:
        return draw(row, width, self._ink)

    def _show_detail(self, *, new: bool = False) -> None:
        if not self._outline_width:
            return
        if new:
            self.detail.action_top()
        row, width = self.outline.entry(), self.room.width - self._outline_width - 1
        self.detail.show(detail(row, self._ink, width) if row is not None else [])

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Trace again, but not for each of the batches of a first sync; under another screen, when that one is gone."""
        self._is_stale = self._is_stale or any(changed)
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
        if self.deck.now() - self._traced_at >= AGES:
            self.read()

    # -- keys ---------------------------------------------------------------------------------------------------

    def look_at(self, subject: Subject | None) -> None:
        """Draw the tree around this from now on; Escape leads back."""
        if subject == self.root:
            return
        row = self.outline.entry() if self.is_composed else None
        self._places = [*self._places, Place(self.root, row.id if row is not None else None)][-PLACES:]
        self._change(subject)

    def _change(self, subject: Subject | None) -> None:
        self.root, self.needle, self._limit = subject, "", LIMIT
        self._folds.clear()
        if self.is_ready:
            self.read()
            self.write_frame()

    def action_leave(self) -> None:
        """Escape takes the filter away, then leads to the tree before, then away."""
        if self.needle:
            super().action_leave()
        elif self._places:
            place = self._places.pop()
            self._return_to = place.here
            self._change(place.subject)
        else:
            self.action_back()

    def idle_keys(self) -> Sequence[str]:
        """Escape, where there is neither a filter nor a tree before nor a screen that one came from."""
        return () if self.needle or self._places or self.leads_back else ("lineage.leave",)

    def action_begin(self) -> None:
        """Show where to start from."""
        self.look_at(None)

    def subject_here(self) -> Subject | None:
        """What is under the cursor, where it is known."""
        row = self.outline.entry()
        is_known = row is not None and row.node is not None and row.node.is_known
        return parse_subject(row.node.subject) if is_known and row is not None and row.node is not None else None

    def action_root(self) -> None:
        """Draw the tree around what is under the cursor."""
        subject = self.subject_here()
        if subject is None:
            self.say("nothing is known here that a tree could be drawn around", "dim")
        elif subject == self.root:
            self.say("this is what the tree is about already: Enter opens it", "dim")
        else:
            self.look_at(subject)

    def action_side(self) -> None:
        """Both ways, only what it came from, only what came of it."""
        self._side = SIDES[(SIDES.index(self._side) + 1) % len(SIDES)]
        self.draw()
        self.say(side_words(self._side), "dim")

    def action_part(self, by: int) -> None:
        """Go to the next part of the tree."""
        self.outline.action_part(by)

    def on_tree_outline_folded(self, event: TreeOutline.Folded) -> None:
        """Show less or more of the row under the cursor, or go where the arrow points."""
        row = self.outline.entry()
        if row is None:
            return
        if row.kind == "more":
            self._show_more() if event.to != "fold" else self._go_up(row)
            return
        fold = {"turn": turned, "fold": folded, "unfold": unfolded}[event.to](row)
        if fold is not None:
            self._folds[row.path] = fold
            self.draw()
        elif event.to == "fold":
            self._go_up(row)
        elif event.to == "unfold" and row.kind == "node":
            self.outline.action_move(1)

    def _go_up(self, row: Row) -> None:
        if not self.outline.go_to(("node", row.path[:-1])):
            self.outline.go_to(("root", ("root",)))

    def _show_more(self) -> None:
        """List more children of everything."""
        if self._limit >= MOST:
            self.say(f"no more than {MOST} are listed here: the list of runs has all, 2 leads there", "dim")
            return
        self._limit = min(MOST, self._limit * GROWS)
        self.read()

    def action_open(self) -> None:
        """Open the page of what is under the cursor; of what is not listed, list more."""
        row = self.outline.entry()
        if row is not None and row.kind == "more":
            self._show_more()
            return
        subject = self.subject_here()
        if subject is None:
            self.say("there is nothing here to open", "dim")
        elif self.root is None:
            self.look_at(subject)
        else:
            self._open(subject)

    def _open(self, subject: Subject) -> None:
        from .places import screens_at  # here: it leads to all screens

        row = self.outline.entry()
        if subject.kind == "experiment" and row is not None and row.node is not None:
            self.say(f":experiment {clip(row.node.title, 40)} lists its runs", "dim")
            return

        try:
            screens = screens_at(self.deck, subject)
        except QuarterdeckError as error:
            self.say(f"▲ {error}", "warn")
            return
        self.app.push_screen(screens[-1])  # one page: Escape leads back to the tree

    def copies(self) -> Sequence[Copy]:
        """What is under the cursor first, then the tree as text."""
        row, subject = self.outline.entry(), self.subject_here()
        here = [Copy("subject here", str(subject))] if subject is not None else []
        if row is not None and row.node is not None:
            here.append(Copy("name here", row.node.title))
        about = [Copy("command", f"quarterdeck lineage {self.root}")] if self.root is not None else []
        width = 100
        ink = replace(self._ink, edge=edge_of(self._rows(), width, self._ink))
        return [*here, *about, *copy_of_lines([draw(one, width, ink) for one in self._rows()])]

    def narrowed(self) -> None:
        """Show other rows, from the first."""
        self.outline.top = 0
        self.draw()
        self._rest()

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What the tree is about, which half of it is shown, and how much stands below."""
        lineage = self.lineage if self.root is not None else None
        name = clip(lineage.root.title, 40) if lineage is not None else clip(str(self.root or ""), 60)
        left: list[Piece] = [(" lineage", "dim" if name else "bright")]
        if name:
            left += [(" of ", "dim"), (name, "bright")]
        if lineage is not None:
            left += stakes(lineage)
        if self._side != "both":
            left.append((f"  {side_words(self._side)}", "accent"))
        if self.needle:
            left.append((f"  /{shown(self.needle)}", "accent"))
        below = self.outline.below if self.is_composed else 0
        right: list[Piece] = [(f"{below} line{'s' * (below != 1)} below ", "dim")] if below else []
        return left, right
