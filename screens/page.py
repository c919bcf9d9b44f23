"""A page of one thing: how it stands, an outline of all that is known around it, and beside it the row under the
cursor. What is read is read on a thread, since it may take longer than a key may wait."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from functools import partial
from typing import ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from ..app.copies import Copy
from ..app.errors import QuarterdeckError
from ..app.records import Subject
from ..app.store.reading import Reader
from ..app.text import cells, clip, shown
from ..widgets.line import Line, Piece
from ..widgets.outline import Outline
from .asking import Asking
from .changes import Changed
from .deck import Deck
from .detail import DetailScreen
from .halves import Halves
from .page_rows import Row
from .run_details import Lines, Sight
from .subjects import subject_of_row

F = TypeVar("F")

SIDE_BY_SIDE = 130
"""Columns from which on the row under the cursor is shown beside the outline."""

TALL = 30
"""Rows from which on there is one for nothing but calm."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes."""


class PageScreen(Halves, Generic[F]):
    """A page. A subclass says how its facts are read, and writes rows and lines from them."""

    LEADING_KEYS: ClassVar[tuple[str, ...]] = ("page.open", "changes", "page.filter")
    CSS_PATH = "page.tcss"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="page.open", tooltip="Open what is under the cursor", key_display="Enter"),
        Binding("w", "changes", "changes", id="changes", tooltip="What changed around this; w again draws its lineage"),
        Binding("tab", "part(1)", "next part", id="page.part", tooltip="Go to the next part; also ]",
                key_display="Tab"),
        Binding(
            "slash", "filter", "filter", priority=True, id="page.filter", tooltip="Narrow the page", key_display="/"
        ),
        Binding("escape", "leave", "back", id="page.leave", key_display="Esc"),
    ]  # fmt: skip

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self.facts: F | None = None
        self.is_read = False
        """Whether the cache was asked: before that, nothing is known to be missing."""
        self._dirty = False
        self._is_stale = False
        self._asking = Asking[Callable[[Reader], F | None], tuple[F | None]](deck.open_reader, _told, self._answered)

    # -- what a page says ---------------------------------------------------------------------------------------

    def reading(self) -> Callable[[Reader], F | None]:
        """What reads the facts, on a thread; it gives None for a thing that the cache does not have."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def rows(self, facts: F, width: int) -> list[Row]:
        """Every line of the outline."""
        raise NotImplementedError

    def draw_row(self, row: Row, facts: F, width: int) -> list[Piece]:
        """A line in `width` cells."""
        raise NotImplementedError

    def head(self, facts: F) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How the thing stands, in a line."""
        raise NotImplementedError

    def details(self, row: Row, facts: F, sight: Sight) -> Lines:
        """What is known of a row."""
        raise NotImplementedError

    def named(self) -> tuple[str, str]:
        """What it is, and what it is called."""
        raise NotImplementedError

    def is_about(self, changed: Changed) -> bool:
        """Whether news of these kinds may change what the page says."""
        return any(changed)

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """How it stands; below, the outline and the detail of a row."""
        palette = self.deck.palette
        yield Line(palette, id="head")
        yield from self.halves(Outline[Row](palette, self._draw_row, id="page"))

    @property
    def _outline_width(self) -> int:
        """Columns of the outline; 0 where it has all."""
        return max(80, self.room.width * 11 // 20) if self.room.width >= SIDE_BY_SIDE else 0

    def _lay_out(self) -> None:
        """Give the detail its half, or take it away."""
        self.set_class(self.room.height >= TALL, "tall")
        super()._lay_out()

    def on_mount(self) -> None:
        """Ask for what the cache knows."""
        if self.is_composed:
            self._lay_out()
            self.outline.focus()
            self.draw()
            self.read()

    # -- reading and drawing ------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read anew; what is on the screen stays until the answer is there."""
        self._is_stale = False
        work = partial(self._asking.ask, self._asking.stop(), self.reading())
        self.run_worker(work, thread=True, group="page", exit_on_error=False)

    def _answered(self, number: int, answer: tuple[F | None]) -> None:
        """On the thread that asks."""
        self.app.call_from_thread(self._take, number, answer)

    def _take(self, number: int, answer: tuple[F | None]) -> None:
        if self._asking.is_current(number) and self.is_ready:
            (self.facts,), self.is_read = answer, True
            self.draw()
            self._rest()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed question is a sentence, not an exit."""
        if event.state is WorkerState.ERROR and event.worker.group == "page":
            self.say(f"▲ the page could not be read: {event.worker.error}", "warn")

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._asking.close()

    def draw(self) -> None:
        """Show the outline and the detail."""
        if not self.is_composed:
            return
        facts, head = self.facts, self.query_one("#head", Line)
        if facts is not None:
            head.show(*self.head(facts))
            self.outline.show(self.rows(facts, self._outline_width or self.room.width))
        elif self.is_read:
            head.show([(f" {self.missing_said()}", "text")])
            self.outline.show([Row("remark", "none", note="r asks the syncer for a pass, Esc goes back")])
        else:
            self.outline.show([Row("remark", "none", note="reading …")])
        self.write_frame()
        self._show_detail()

    def missing_said(self) -> str:
        """What is said where there is no such thing, or no more."""
        return f"the cache has no {self.named()[0]} {clip(self.named()[1], 60)}"

    def _draw_row(self, row: Row, width: int) -> list[Piece]:
        return self.draw_row(row, self.facts, width) if self.facts is not None else [(row.note, "dim")]

    def sight(self, width: int) -> Sight:
        """Where lines of so many cells are laid out."""
        return Sight(width, self.deck.now(), self.deck.zone, self.deck.better)

    def _show_detail(self, *, new: bool = False) -> None:
        row, facts = self.outline.entry(), self.facts
        if not self._outline_width:
            return
        if new:
            self.detail.action_top()
        width = self.room.width - self._outline_width - 1
        self.detail.show(self.details(row, facts, self.sight(width)) if row is not None and facts is not None else [])

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Read again, but not for each batch of a first sync; under another screen, when that one is gone."""
        self._is_stale = self._is_stale or self.is_about(changed)
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
        """Write the ages anew."""
        super().time_passed()
        self.draw()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_part(self, by: int) -> None:
        """Go to the next part of the page."""
        self.outline.action_part(by)

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own."""
        return subject_of_row(self.outline.entry())

    def action_open(self) -> None:
        """Open what is under the cursor: its page, or what is known of anything else."""
        row, facts = self.outline.entry(), self.facts
        if row is None or facts is None:
            self.say("there is nothing here to open", "dim")
        elif (subject := subject_of_row(row)) is not None and self.leads_to(subject):
            self._go(subject)
        else:
            title = f"{self.named()[1]} › {row.kind}"
            self.app.push_screen(DetailScreen(self.deck, title, lambda width: self._lines(row, width)))

    def leads_to(self, subject: Subject) -> bool:
        """Whether a page of this is opened from here."""
        return True

    def _lines(self, row: Row, width: int) -> Lines:
        return self.details(row, self.facts, self.sight(width)) if self.facts is not None else []

    def _go(self, subject: Subject) -> None:
        from .places import screens_at  # here: it leads to all screens

        try:
            screens = screens_at(self.deck, subject)
        except QuarterdeckError as error:
            self.say(f"▲ {error}", "warn")
            return
        self.app.push_screen(screens[-1])  # one page: Escape leads back here

    def copies(self) -> Sequence[Copy]:
        """What is under the cursor."""
        row = self.outline.entry()
        subject = subject_of_row(row)
        if subject is not None:
            return [Copy("subject here", str(subject)), Copy("id here", subject.parts[-1])]
        return [Copy(f"{row.kind} here", row.name)] if row is not None and row.name else []

    def narrowed(self) -> None:
        """Show other rows, from the first."""
        self.outline.top = 0
        self.draw()
        self._rest()

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What it is called, and how much stands below."""
        kind, name = self.named()
        needle = f"  /{shown(self.needle)}" if self.needle else ""
        below = self.outline.below if self.is_composed else 0
        under = f"{below} line{'s' * (below != 1)} below " if below else ""
        room = max(20, self.size.width - cells(kind) - cells(needle) - cells(under) - 4)
        left: list[Piece] = [(f" {kind} ", "dim"), (clip(name, room), "bright"), (needle, "accent")]
        return left, [(under, "dim")] if under else []


def _told(reader: Reader, read: Callable[[Reader], F | None]) -> Generator[tuple[F | None]]:
    """The facts, in one part."""
    yield (read(reader),)
