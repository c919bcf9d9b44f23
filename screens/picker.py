"""A list to choose from: type to narrow it, Enter takes, Escape leaves. For experiments, columns, sorts, keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from ..app.text import cells, fit, shown
from ..widgets.line import Line, Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from .run_details import wrap

T = TypeVar("T")

GAP: Final = 3
"""Cells between what an item says and what is said about it."""


@dataclass(frozen=True)
class Item(Generic[T]):
    """Something to choose: what it says, what is said about it, and what is given back."""

    label: str
    detail: str
    value: T
    is_minor: bool = False
    """Listed only when it is typed for: how many are left out is said."""
    also: str = ""
    """What it is found by as well; it stands at the right edge where there is room."""


class Narrow(Input):
    """The line that narrows. Where several can be taken a space ticks, in turn with what was typed before it."""

    class Ticked(Message):
        """Space was pressed."""

    def __init__(self, *, ticks: bool) -> None:
        super().__init__(placeholder="type to narrow", compact=True)
        self.cursor_blink = False
        self._ticks = ticks

    def on_key(self, event: events.Key) -> None:
        """Take the space before the line does: a binding would never see a key that can be typed."""
        if self._ticks and event.key == "space":
            event.stop()
            event.prevent_default()
            self.post_message(self.Ticked())


class Picker(ModalScreen[list[T] | None], Generic[T]):
    """Gives the chosen values: one of them, or with `several` those that are ticked, in the order of ticking.

    `at_least_one`: where nothing is ticked, Enter takes what is under the cursor. `tells_whole`: what is said about the
    item under the cursor takes as many lines as it needs.
    """

    DEFAULT_CSS = """
    Picker { align: left bottom; background: transparent; }
    Picker > Vertical { height: auto; max-height: 75%; width: 1fr; background: $background; }
    Picker Pages { height: auto; min-height: 1; max-height: 24; }
    Picker Input { height: 1; border: none; padding: 0 1; background: $background; }
    Picker Input:focus { border: none; background-tint: $background 0%; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="picker.leave", show=False, priority=True),
        Binding("down,ctrl+n", "move(1)", "Down", id="picker.down", show=False, priority=True),
        Binding("up,ctrl+p", "move(-1)", "Up", id="picker.up", show=False, priority=True),
        Binding("pagedown", "move(10)", "Page down", id="picker.page_down", show=False, priority=True),
        Binding("pageup", "move(-10)", "Page up", id="picker.page_up", show=False, priority=True),
    ]

    def __init__(
        self,
        title: str,
        items: Sequence[Item[T]],
        palette: Palette,
        *,
        several: bool = False,
        ticked: Sequence[T] = (),
        here: T | None = None,
        at_least_one: bool = False,
        tells_whole: bool = False,
    ) -> None:
        super().__init__()
        self._title = title
        self._items = tuple(items)
        self._palette = palette
        self._several = several
        self._ticked = list(ticked)
        self._at_least_one = at_least_one
        self._tells_whole = tells_whole
        self._found = self._listed("")
        values = [item.value for item in self._found]
        self._cursor = values.index(here) if here in values else 0

    def compose(self) -> ComposeResult:
        """A rule with the title, the list, and the line that narrows it."""
        with Vertical():
            yield Line(self._palette, fill="─", id="title")
            pages = Pages(self._palette, id="items")
            pages.can_focus = False
            yield pages
            yield Narrow(ticks=self._several)

    def on_mount(self) -> None:
        """Draw the list and listen to the line."""
        self._head()
        self.query_one(Input).focus()
        self._draw()

    def _head(self) -> None:
        keys = "Space ticks  Enter takes  Esc leaves " if self._several else "Enter takes  Esc leaves "
        title: list[Piece] = [(f" {self._title} ", "bright")]
        left_out = 0 if self.query_one(Input).value.strip() else len(self._items) - len(self._found)
        if left_out:
            title.append((f"{left_out} more when typed for ", "dim"))
        self.query_one("#title", Line).show(title, [(keys, "dim")])

    def on_resize(self) -> None:
        """Draw the list for another width."""
        self._draw()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Narrow the list to what holds every word that is typed."""
        event.stop()
        self._found = self._listed(event.value)
        self._cursor = 0
        self._head()
        self._draw()

    def _listed(self, typed: str) -> list[Item[T]]:
        """What holds every word; as long as nothing is typed, what matters, or all where nothing does."""
        words = typed.casefold().split()
        found = [i for i in self._items if all(w in f"{i.label} {i.detail} {i.also}".casefold() for w in words)]
        return found if words else [item for item in found if not item.is_minor] or found

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Enter takes, after everything that was typed before it: the two may arrive in one read."""
        event.stop()
        self.action_take()

    def _height(self) -> int:
        return max(1, min(24, self.size.height * 3 // 4 - 2))

    def _draw(self) -> None:
        pages = self.query_one("#items", Pages)
        label = max((cells(shown(item.label)) for item in self._found), default=10)
        label = min(label, self.size.width // 2)
        here = self._lines(self._cursor, label) if self._found else [[(" nothing is called so", "dim")]]
        height = min(self._height(), max(1, len(self._found) - 1 + len(here)))
        pages.styles.height = height
        others = height - len(here)
        top = max(0, min(self._cursor - others // 2, len(self._found) - 1 - others))
        before = [self._lines(at, label)[0] for at in range(top, self._cursor)]
        end = min(len(self._found), top + others + 1)
        after = [self._lines(at, label)[0] for at in range(self._cursor + 1, end)]
        pages.show([*before, *here, *after])

    def _lines(self, at: int, label: int) -> list[list[Piece]]:
        """An item: a line, or as many as it needs under the cursor of a list that tells whole."""
        item = self._found[at]
        here = at == self._cursor
        tick = ("● " if item.value in self._ticked else "  ") if self._several else ""
        name, detail, also = fit(shown(item.label), label), shown(item.detail), shown(item.also)
        gap = " " * (label - cells(name) + GAP)
        mark: Piece = (f" {'▸' if here else ' '} {tick}", "mark")
        room = self.size.width - cells(mark[0]) - label - GAP - 1
        first, *rest = (wrap(detail, max(10, room)) or [""]) if here and self._tells_whole else [detail]
        edge = " " * (room - cells(first) - cells(also)) + also if cells(first) + cells(also) + GAP <= room else ""
        line = [mark, (name, "bright" if here else "text"), (f"{gap}{first}{edge if also else ''}", "dim")]
        return [line, *([(" " * (cells(mark[0]) + label + GAP) + part, "dim")] for part in rest)]

    def action_move(self, by: int) -> None:
        """Move through the list."""
        self._cursor = max(0, min(self._cursor + by, len(self._found) - 1))
        self._draw()

    def on_narrow_ticked(self) -> None:
        """Tick or untick; in a list for one choice a space is typed."""
        if self._found:
            value = self._found[self._cursor].value
            if value in self._ticked:
                self._ticked.remove(value)
            else:
                self._ticked.append(value)
            self._draw()

    def action_take(self) -> None:
        """Give back what is chosen."""
        if self._several and (self._ticked or not self._at_least_one):
            self.dismiss(list(self._ticked))
        elif self._found:
            self.dismiss([self._found[self._cursor].value])

    def action_leave(self) -> None:
        """Give back nothing."""
        self.dismiss(None)

    def on_click(self, event: events.Click) -> None:
        """A click above the sheet leaves it."""
        if event.widget is self:
            self.dismiss(None)
