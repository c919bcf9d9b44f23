"""The copy menu: in which form to copy what is looked at. It shows each text, since no terminal tells what it took."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from ..app import clipboard
from ..app.copies import MOST_IN_FULL, CopiedRun, Copy, run_copies
from ..app.errors import QuarterdeckError
from ..app.records import Extreme, Run
from ..app.text import cells, clip, safe_lines, shown
from ..widgets.line import Line, Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette

if TYPE_CHECKING:
    from .deck import Deck
    from .frame import FrameScreen

LIST_AT_MOST = 8
"""Rows of the list of forms; the text below has the rest."""

LINES_SHOWN = 5_000
"""Lines of a text that are shown: more is not read, and a megabyte of them takes a second to lay out."""


def offer_copies(screen: FrameScreen) -> None:
    """Ask in which form to copy what the screen is about, and say what came of it on the screen."""
    copies = screen.copies()
    if not copies:
        screen.say("there is nothing here to copy", "dim")
        return
    menu = CopyMenu(copies, screen.deck.palette)
    screen.app.push_screen(menu, lambda chosen: _copy(screen, chosen) if chosen else None)


def copies_of_runs(deck: Deck, runs: Sequence[Run]) -> list[Copy]:
    """The forms of these runs, with what the cache knows of them."""
    return run_copies(known_runs(deck, runs))


def known_runs(deck: Deck, runs: Sequence[Run]) -> list[CopiedRun]:
    """Runs with what the cache knows of them."""
    sources = {state.source: state for state in deck.states}
    experiments = {(row.experiment.source, row.experiment.id): row.experiment.name for row in deck.reader.experiments()}
    made = []
    for run in runs:
        state = sources.get(run.source)
        made.append(
            CopiedRun(
                run=run,
                source=state.name if state else run.source,
                address=state.address if state else "",
                experiment=experiments.get((run.source, run.experiment_id)),
                extremes=_extremes(deck, run) if len(runs) <= MOST_IN_FULL else {},
            )
        )
    return made


def _extremes(deck: Deck, run: Run) -> dict[str, Extreme]:
    rowids = deck.reader.rowids([run.id])
    return {name: extreme for (_, name), extreme in deck.reader.extremes(rowids[:1], list(run.metrics)).items()}


def copy_of_lines(lines: Sequence[Sequence[Piece]]) -> list[Copy]:
    """What a page says, as plain text; nothing of an empty one."""
    text = "\n".join("".join(piece for piece, _ in line).rstrip() for line in lines).strip("\n")
    return [Copy("text", text)] if text else []


def _copy(screen: FrameScreen, chosen: Copy) -> None:
    """On a thread: tmux may take seconds when it is stopped."""
    screen.run_worker(partial(_work, screen, chosen), thread=True, group="copy", exit_on_error=False)


def _work(screen: FrameScreen, chosen: Copy) -> None:
    app: App[object] = screen.app
    try:
        way = clipboard.copy(chosen.text, os.environ, partial(app.call_from_thread, app.copy_to_clipboard))
    except QuarterdeckError as error:
        app.call_from_thread(screen.say, f"▲ not copied: {error} y shows the text", "warn")
        return
    app.call_from_thread(screen.say, f"copied {size_of(chosen.text)} as {chosen.label} ({way})", "good")


def size_of(text: str) -> str:
    """`32 B`, `1.2 kB`: bytes of UTF-8, as they go to the clipboard."""
    size = len(safe_lines(text).encode())
    return f"{size} B" if size < 1000 else f"{size / 1000:.1f} kB"


class CopyMenu(ModalScreen[Copy | None]):
    """The forms, and below them the whole text of the one under the cursor: to be read, or selected with the mouse."""

    DEFAULT_CSS = """
    CopyMenu { background: $background; }
    CopyMenu > Vertical { height: 1fr; width: 1fr; background: $background; }
    CopyMenu #forms { height: auto; min-height: 1; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,y", "leave", "Leave", id="copy.leave", show=False),
        Binding("enter", "take", "Copy", id="copy.take", show=False),
        Binding("down,j", "move(1)", "Next form", id="copy.down", show=False),
        Binding("up,k", "move(-1)", "Form before", id="copy.up", show=False),
        Binding("pagedown,space", "page(1)", "Page down", id="copy.page_down", show=False),
        Binding("pageup", "page(-1)", "Page up", id="copy.page_up", show=False),
    ]

    def __init__(self, copies: Sequence[Copy], palette: Palette) -> None:
        super().__init__()
        self._copies = tuple(copies)
        self._palette = palette
        self._cursor = 0

    def compose(self) -> ComposeResult:
        """A rule with the title, the forms, a rule with the size, the text, and the keys."""
        with Vertical():
            yield Line(self._palette, fill="─", id="title")
            for name in ("forms", "text"):
                if name == "text":
                    yield Line(self._palette, fill="─", id="size")
                pages = Pages(self._palette, id=name)
                pages.can_focus = False
                yield pages
            yield Line(self._palette, fill="─", id="foot")
            yield Line(self._palette, id="keys")

    def on_mount(self) -> None:
        """Draw."""
        self._draw()

    def on_resize(self) -> None:
        """Draw for another width."""
        self._draw()

    @property
    def _chosen(self) -> Copy:
        return self._copies[self._cursor]

    def _draw(self) -> None:
        forms = self.query_one("#forms", Pages)
        height = min(LIST_AT_MOST, len(self._copies))
        forms.styles.height = height
        top = max(0, min(self._cursor - height // 2, len(self._copies) - height))
        forms.show([self._form(at) for at in range(top, top + height)])
        self.query_one("#title", Line).show([(" copy ", "bright")])
        self.query_one("#size", Line).show(
            [(f" {shown(self._chosen.label)} ", "text")], [(f" {size_of(self._chosen.text)} ", "dim")]
        )
        self.query_one("#keys", Line).show(_KEYS)
        self._draw_text()

    def _draw_text(self) -> None:
        pages = self.query_one("#text", Pages)
        # nothing beside the text: a mouse takes whole lines
        pages.show([[(line, "text")] for line in _wrapped(self._chosen.text, max(self.size.width, 1))])
        more: list[Piece] = [(f" {pages.below} lines below ", "dim")] if pages.below else []
        self.query_one("#foot", Line).show(more)

    def _form(self, at: int) -> list[Piece]:
        copy, here = self._copies[at], at == self._cursor
        label = max(cells(shown(one.label)) for one in self._copies)
        name, lines = shown(copy.label), copy.text.rstrip("\n").count("\n") + 1
        many = f"  {lines} lines" if lines > 1 else ""
        begins = " ".join(copy.text[: 4 * self.size.width].split())
        return [
            (f" {'▸' if here else ' '} ", "mark"),
            (name + " " * (label - cells(name) + 3), "bright" if here else "text"),
            (clip(begins, max(self.size.width - label - len(many) - 7, 10)), "text" if here else "dim"),
            (many, "dim"),
        ]

    def action_move(self, by: int) -> None:
        """Go to another form."""
        self._cursor = max(0, min(self._cursor + by, len(self._copies) - 1))
        self.query_one("#text", Pages).action_top()
        self._draw()

    def action_page(self, by: int) -> None:
        """Read on in the text."""
        self.query_one("#text", Pages).action_page(by)
        self._draw_text()

    def action_take(self) -> None:
        """Copy it."""
        self.dismiss(self._chosen)

    def action_leave(self) -> None:
        """Copy nothing."""
        self.dismiss(None)


_KEYS: list[Piece] = [
    (" ", "text"), ("Enter", "accent"), (" copy  ", "dim"), ("j k", "accent"), (" form  ", "dim"),
    ("Space", "accent"), (" page  ", "dim"), ("Esc", "accent"), (" leave  ", "dim"),
    ("Shift and the mouse select", "dim"),
]  # fmt: skip


def _wrapped(text: str, width: int) -> list[str]:
    """The text as lines of at most `width` cells."""
    made: list[str] = []
    for line in safe_lines(text).split("\n"):
        made += _cut(line, width)
        if len(made) > LINES_SHOWN:
            return [*made[:LINES_SHOWN], "…"]
    return made


def _cut(line: str, width: int) -> Iterator[str]:
    if line.isascii():
        yield from (line[at : at + width] for at in range(0, max(len(line), 1), width))
        return
    part, used = "", 0
    for sign in line:
        wide = cells(sign)
        if used + wide > width:
            yield part
            part, used = "", 0
        part, used = part + sign, used + wide
    yield part
