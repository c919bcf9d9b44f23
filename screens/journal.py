"""`:acts`: what I changed in the outside world, and what came of each change. The journal, newest first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from ..app.copies import Copy
from ..app.deeds import change, what
from ..app.store.state import Act
from ..app.text import clip, pad, shown
from ..widgets.figures import moment
from ..widgets.line import Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.status import glyph
from .acting import ask_for_undo
from .copying import copy_of_lines
from .deck import Deck
from .frame import FrameScreen

NAME = 30
"""Cells of a run's name."""

LOOKS: dict[str, tuple[str, str]] = {
    "asked": ("scheduled", "dim"),
    "begun": ("running", "run"),
    "done": ("finished", "good"),
    "failed": ("failed", "bad"),
    "unknown": ("unknown", "warn"),
}
"""The states of an act: the status that looks the same, and the role."""


class ActsScreen(FrameScreen):
    """The journal as a page."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "undo", "undo my last act", id="undo", tooltip="Take back my last act; asks first"),
        Binding("escape", "back", "back", id="back", key_display="Esc"),
    ]

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._acts: list[Act] = []
        self._told = deck.acting

    def body(self) -> Iterable[Widget]:
        """The page."""
        yield Pages(self.deck.palette, id="page")

    def on_mount(self) -> None:
        """Show the journal."""
        if self.is_composed:
            self.query_one(Pages).focus()
            self.read()

    def on_resize(self) -> None:
        """Lay the page out for the new width."""
        self._draw()

    def read(self) -> None:
        """Read the journal again."""
        self._acts = self.deck.acts.recent() if self.deck.acts is not None else []
        self._draw()

    def _draw(self) -> None:
        ways = "T tags a run, R runs a pipeline again, p promotes a model"
        nothing: list[Piece] = [(f" nothing was changed from here yet: {ways}", "dim")]
        lines = act_lines(self._acts, self.size.width, self.deck)
        self.query_one(Pages).show(lines or [nothing])
        self.write_frame()

    def write_frame(self) -> None:
        """An act moved on when the line about it did: then the page has news as well."""
        if self.is_ready and self._told != self.deck.acting:
            self._told = self.deck.acting
            self.read()
        super().write_frame()

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What this is."""
        below = self.query_one(Pages).below
        return [(" acts", "bright"), ("   what I changed, newest first", "dim")], [
            (f"{below} lines below " if below else "", "dim")
        ]

    def on_pages_scrolled(self) -> None:
        """Tell how much is below now."""
        self.write_frame()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.query_one(Pages).recolour(palette)

    def action_undo(self) -> None:
        """Ask whether to take back what I did last."""
        ask_for_undo(self)

    def copies(self) -> Sequence[Copy]:
        """The page as text."""
        return copy_of_lines(act_lines(self._acts, 100, self.deck))


def act_lines(acts: Sequence[Act], width: int, deck: Deck) -> list[list[Piece]]:
    """A head for what was asked for at once, a line for each run, and why where it failed."""
    made: list[list[Piece]] = []
    for _, batch in groupby(acts, key=lambda act: act.batch):
        entries = list(batch)
        first = entries[0]
        states = [act.state for act in entries]
        counted = [f"{states.count(state)} {state}" for state in LOOKS if state in states]
        at = moment(first.at, deck.now(), deck.zone)
        head = [(f" {at}  ", "dim"), (clip(_title(first), 60), "bright"), (f"   {', '.join(counted)}", "text")]
        made += [head, *_entries(entries, width), []]
    return made


def _title(act: Act) -> str:
    """What was asked for: `stage=gold`, `re-run of failed jobs`, `promotion`."""
    return {"promote": "promotion", "rollback": "rollback"}.get(act.act) or what(act)


def _entries(acts: Sequence[Act], width: int) -> Iterator[list[Piece]]:
    for act in reversed(acts):
        status, role = LOOKS.get(act.state, ("unknown", "dim"))
        name = pad(shown(str(act.intent.get("name") or act.subject)), NAME)
        yield [(f"   {glyph(status)} ", role), (name, "text"), (f"  {_change(act)}{_record(act)}", "dim")]
        if act.state in ("failed", "unknown") and act.outcome:
            why = shown(str(act.outcome.get("sentence", "")))
            yield from ([(" " * 5 + line, "text")] for line in textwrap.wrap(why, max(width - 6, 20)))


def _record(act: Act) -> str:
    """Of a promotion the entry of the ledger, and why it was done."""
    number = ((act.outcome or {}).get("read_back") or {}).get("number") if act.state == "done" else None
    reason = clip(str(act.intent.get("reason", "")), 60)
    return "".join(f"   {part}" for part in (f"entry {number}" if number else "", reason) if part)


def _change(act: Act) -> str:
    """`stage: silver → gold`, `failed (attempt 1) → running (attempt 2)`, as far as it is known what was there."""
    before, after = (clip(text, 40) for text in change(act))
    key = f"{clip(act.intent['key'], 40)}: " if "key" in act.intent else ""
    return f"{key}{before} → {after}" if before else f"{key}{after}"
