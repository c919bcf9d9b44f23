"""One source: how it is doing, what is wrong with it to the last word, and what it reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.widget import Widget

from ..app.copies import Copy
from ..app.records import Millis, SourceState
from ..app.text import shown
from ..widgets.figures import age, count, moment, span
from ..widgets.freshness import condition
from ..widgets.line import Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.status import glyph, sign
from .changes import Changed
from .deck import Deck
from .frame import FrameScreen
from .run_details import Lines, wrap

_NAMES: Final = 12
"""Cells that the names of the facts take."""


class SourceScreen(FrameScreen):
    """The page of a source."""

    LEADING_KEYS = ("copy", "refresh")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "sync_now", "refresh", id="refresh", tooltip="Ask the syncer for a pass now"),
        Binding("escape", "back", "back", id="source.back", key_display="Esc"),
    ]  # fmt: skip

    def __init__(self, deck: Deck, key: str) -> None:
        super().__init__(deck)
        self._key = key

    def body(self) -> Iterable[Widget]:
        """The page."""
        yield Pages(self.deck.palette, id="page")

    def on_mount(self) -> None:
        """Show it."""
        if self.is_composed:
            self.query_one(Pages).focus()
            self._draw()

    def on_resize(self) -> None:
        """Lay it out for another width."""
        self._draw()

    def cache_changed(self, changed: Changed) -> None:
        """The syncer wrote how it is doing now."""
        super().cache_changed(changed)
        self._draw()

    def time_passed(self) -> None:
        """Write the ages anew."""
        super().time_passed()
        self._draw()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.query_one(Pages).recolour(palette)

    def _state(self) -> SourceState | None:
        return next((state for state in self.deck.states if state.source == self._key), None)

    def _draw(self) -> None:
        if self.is_composed and self.size.width:
            state = self._state()
            lines = [] if state is None else source_lines(state, self.deck.now(), self.deck.zone, self.size.width)
            self.query_one(Pages).show(lines or [[(" the settings name this source no more", "text")]])

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """Which source, and how it is doing."""
        state = self._state()
        if state is None:
            return [(" source", "dim")], []
        found = condition(state, self.deck.now())
        doing = f"   {glyph(found)} {found.replace('_', ' ')}"
        return [(" source ", "dim"), (shown(state.name), "bright"), (doing, sign(found).role)], []

    def _lasting(self) -> list[Piece]:
        return []  # the page says it whole

    def copies(self) -> Sequence[Copy]:
        """What helps to ask somebody about it."""
        return () if (state := self._state()) is None else source_copies(state)


def source_copies(state: SourceState) -> Sequence[Copy]:
    """A source in what helps to ask somebody about it."""
    said = (("address", state.address), ("sentence", state.sentence), ("last error", state.last_error))
    return [Copy(label, shown(text)) for label, text in said if text]


def source_lines(state: SourceState, now: Millis, zone: tzinfo, width: int) -> Lines:
    """What is known of a source, nothing cut."""
    role = sign(condition(state, now)).role
    answered = f"{moment(state.last_ok_at, now, zone)} ({age(state.last_ok_at, now)})" if state.last_ok_at else "never"
    error = state.last_error if state.last_error != state.sentence else ""
    facts = (
        ("", state.sentence or "nothing is wrong with it", role), ("kind", state.kind, "text"),
        ("address", state.address, "text"), ("answered", answered, "text"), ("items", count(state.items), "text"),
        ("next try", moment(state.next_try_at, now, zone) if state.next_try_at else "", "text"),
        ("a sweep", span(state.sweep_period) if state.sweep_period else "", "text"), ("last error", error, "text"),
    )  # fmt: skip
    return [line for name, said, tint in facts if said for line in _fact(name, said, tint, width)]


def _fact(name: str, said: str, role: str, width: int) -> Lines:
    indent = _NAMES + 1 if name else 1
    parts = wrap(shown(said), max(20, width - indent - 1))
    lines: Lines = [
        [(f" {name if not number else '':<{indent - 1}}", "dim"), (part, role)] for number, part in enumerate(parts)
    ]
    return lines if name else [*lines, []]
