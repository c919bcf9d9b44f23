"""A log that may be long and its lines too: read with less's keys, folded by section, followed while it grows."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import ClassVar, Final

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from ..app.logs import Line, Pattern
from ..app.logs.folding import Folding
from ..app.text import cells
from .line import Piece, drawn
from .log_ink import STAMP, character_at, part, stamp, title
from .log_window import GUTTER, LogWindow, Read
from .palette import Palette
from .status import glyph
from .text_view import SIDEWAYS

_SCROLLS: Final = 4
"""Lines that come into sight when one walks out of it: one alone would cost as many bytes as a page."""
_BEGINNING: Final = 100
"""Lines at a log's beginning that are looked at for times."""


class LogView(LogWindow, can_focus=True):
    """The log, in rows: a line is one, or several where it is wrapped; a folded section is one."""

    DEFAULT_CSS = "LogView { height: 1fr; width: 1fr; }"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Down", id="log.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="log.up", show=False),
        Binding("d,ctrl+d", "half(1)", "Half a page down", id="log.half_down", show=False),
        Binding("u,ctrl+u", "half(-1)", "Half a page up", id="log.half_up", show=False),
        Binding("pagedown,ctrl+f,space,f", "page(1)", "Page down", id="log.page_down", show=False),
        Binding("pageup,ctrl+b,b", "page(-1)", "Page up", id="log.page_up", show=False),
        Binding("g,home", "top", "First line", id="log.first", show=False),
        Binding("G,end", "bottom", "Last line", id="log.last", show=False),
        Binding("right,l", "sideways(1)", "Right", id="log.right", show=False),
        Binding("left,h", "sideways(-1)", "Left", id="log.left", show=False),
        Binding("e", "error(1)", "next error", id="log.error", tooltip="The next line where something went wrong"),
        Binding("E", "error(-1)", "Error before", id="log.error_before", show=False),
        Binding(
            "enter", "fold", "fold", id="log.fold", key_display="Enter",
            tooltip="Fold the section here to one line, or unfold it",
        ),
        Binding("z", "fold_all", "Fold all steps, or none", id="log.fold_all", show=False),
        Binding("F", "follow", "follow", id="log.follow", tooltip="Stay at the end while the log grows, or stop that"),
        Binding("t", "times", "times", id="log.times", tooltip="Show the time of each line, or hide it"),
        Binding("w", "wrap", "wrap", id="log.wrap", tooltip="Wrap long lines, or cut them"),
    ]  # fmt: skip

    class Moved(Message):
        """One stands elsewhere, or sees it in another way."""

    class Told(Message):
        """A key had nothing to do: why."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, palette: Palette, zone: tzinfo = UTC, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._zone = zone
        self._set_styles(palette)
        self._drawn: list[tuple[tuple[Piece, ...], tuple[Piece, ...]]] = []
        self._was_sized = False

    def _set_styles(self, palette: Palette) -> None:
        found = palette.styles["warn"] + Style(reverse=True)
        self._styles = {**palette.styles, "found": found}

    # -- what is shown ------------------------------------------------------------------------------------------

    def show(self, read: Read, folding: Folding, *, at: int | None = None) -> None:
        """Show a log; where one stands stays unless `at` says which line to stand on."""
        stood = self.folding.line(self._top) if self.folding and self._top < self.folding.rows else 0
        self._read, self.folding = read, folding
        self._errors = frozenset(folding.outline.errors)
        self.forget()
        if at is not None:
            self.go(at)
            return
        self._top = min(folding.row(stood), max(0, folding.rows - 1))
        self.cursor = max(folding.first, min(self.cursor, folding.lines - 1))
        if self.following:
            self._follow()
        self._bring()
        self._changed()

    def _bring(self) -> None:
        """What one stands on is in sight, though the lines above it take more rows than before."""
        if self.folding is not None and self.folding.rows:
            row = self.folding.row(self.cursor)
            self.cursor = self.folding.line(row)
            if all(seen != row for seen, _ in self._window()):
                self._top, self._sub = self._above(row, self._height // 3)
                self._bound()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._set_styles(palette)
        self.refresh()

    def go(self, line: int, *, unfold: bool = True) -> None:
        """Stand on a line, a third of the page below the top, with what hides it unfolded."""
        folding = self.folding
        if folding is None or not folding.rows:
            return
        if unfold:
            folding.show(line)
        row = folding.row(line)
        self.cursor = folding.line(row)
        if not self._is_seen(row):
            self._top, self._sub = self._above(row, self._height // 3)
        self._bound()
        self._changed()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_move(self, by: int) -> None:
        """Stand on the next line, or read on in one that is longer than the screen."""
        folding = self.folding
        if folding is None or not folding.rows:
            return
        self._leave_end(by)
        row, window = folding.row(self.cursor), self._window()
        inside = [place for place in window if place[0] == row]
        if inside and by > 0 and inside[-1][1] < len(self._starts(row)) - 1:
            self._top, self._sub = self._below(self._top, self._sub, _SCROLLS)
        elif inside and by < 0 and inside[0][1] > 0:
            self._back(_SCROLLS)
        else:
            self._stand(max(0, min(row + by, folding.rows - 1)))
        self._bound()
        self._changed()

    def _stand(self, row: int) -> None:
        """Stand on a row; where it is out of sight, some lines come into it."""
        assert self.folding is not None
        self.cursor = self.folding.line(row)
        window = self._window()
        if not window or row < window[0][0] or (row == window[0][0] and window[0][1] > 0):
            self._top, self._sub = self._above(row, min(_SCROLLS, self._height) - 1)
        elif row > window[-1][0] or (row, 0) not in window:
            self._top, self._sub = min((row, 0), self._above(min(row + _SCROLLS, self.folding.rows), self._height))
        elif window[-1][0] == row and window[-1][1] < len(self._starts(row)) - 1:
            self._top, self._sub = min((row, 0), self._above(row + 1, self._height))

    def _back(self, rows: int) -> None:
        if self._sub >= rows:
            self._sub -= rows
        else:
            self._top, self._sub = self._above(self._top, rows - self._sub)

    def _leave_end(self, by: int) -> None:
        if by < 0:
            self.following = False

    def action_half(self, by: int) -> None:
        """Half a page."""
        self._scroll(by, max(1, self._height // 2))

    def action_page(self, by: int) -> None:
        """A page, one line of it kept."""
        self._scroll(by, max(1, self._height - 1))

    def _scroll(self, by: int, rows: int) -> None:
        folding = self.folding
        if folding is None or not folding.rows:
            return
        self._leave_end(by)
        before = (self._top, self._sub)
        if by > 0:
            self._top, self._sub = self._below(self._top, self._sub, rows)
        else:
            self._back(rows)
        self._bound()
        if (self._top, self._sub) == before:
            self.cursor = folding.line(folding.rows - 1 if by > 0 else 0)
        elif not self._is_seen(folding.row(self.cursor)):
            window = self._window()
            self.cursor = folding.line(window[0][0] if by > 0 else window[-1][0])
        self._changed()

    def action_top(self) -> None:
        """The first line."""
        self.following = False
        if self.folding is not None and self.folding.rows:
            self._top = self._sub = 0
            self.cursor = self.folding.line(0)
            self._changed()

    def action_bottom(self) -> None:
        """The last line."""
        if self.folding is not None and self.folding.rows:
            self._top, self._sub = self._above(self.folding.rows, self._height)
            self.cursor = self.folding.line(self.folding.rows - 1)
            self._changed()

    def action_follow(self) -> None:
        """Stay at the end, or stop that. The place sideways is kept. What grows no more is not followed."""
        if self.is_over and not self.following:
            self.action_bottom()
            self.post_message(self.Told("it has ended: nothing more comes"))
            return
        self.following = not self.following
        if self.following and self.folding is not None and self.folding.rows:
            self.folding.show(self.folding.lines - 1)
            self._top, self._sub = self._above(self.folding.rows, self._height)
            self._follow()
        self._changed()

    def _follow(self) -> None:
        """Bring the end into sight with room below it: so a new line costs its own bytes and not those of a page."""
        folding = self.folding
        if folding is None or not folding.rows:
            return
        last = folding.rows - 1
        self.cursor = folding.line(last)
        window = self._window()
        if not window or window[-1] != (last, len(self._starts(last)) - 1):
            self._top, self._sub = self._above(folding.rows, max(1, self._height * 2 // 3))

    def action_sideways(self, by: int) -> None:
        """Scroll sideways, as far as the longest line in sight goes."""
        if self.wrapped or self.folding is None:
            return
        most = max((cells(line.text) + (SIDEWAYS if line.is_cut else 0) for line in self.lines_in_sight()), default=0)
        left = max(0, min(self.left + by * SIDEWAYS, max(self.left if by > 0 else 0, most - self._room + SIDEWAYS)))
        if left != self.left:
            self.left = left
            self._changed()

    def action_wrap(self) -> None:
        """Wrap long lines, or cut them; the line at the top stays there."""
        self.wrapped, self.left, self._sub = not self.wrapped, 0, 0
        self._width = 0
        self.forget()
        self._bound()
        self._bring()
        self._changed()

    def action_times(self) -> None:
        """Show the time of each line, or hide it; where no line has one, say so."""
        if not self.timed and not self._has_times():
            self.post_message(self.Told("this log has no times"))
            return
        self.timed = not self.timed
        self._wrap_starts.clear()
        self._sub = 0
        self._bring()
        self._changed()

    def _has_times(self) -> bool:
        """Whether a line in sight has a time, or one of the first: a CI system that writes them begins with them."""
        if self.folding is None or any(line.at is not None for line in self.lines_in_sight()):
            return True
        first, most = self.folding.first, min(_BEGINNING, self.folding.lines - self.folding.first)
        return any(line.at is not None for line in self._read(first, most, 80))

    def action_error(self, by: int) -> None:
        """Go to the next line where something went wrong; say so where there is none."""
        if self.folding is None:
            return
        errors = self.folding.outline.errors
        found = [line for line in (errors if by > 0 else reversed(errors)) if (line - self.cursor) * by > 0]
        if found:
            self.following = False
            self.go(found[0])
        elif not errors:
            self.post_message(self.Told("no error found in it"))
        else:
            self.post_message(self.Told("no further error" if by > 0 else "no error before this line"))

    def action_fold(self) -> None:
        """Fold the section here to one line, or unfold it."""
        if self.folding is not None and self.folding.rows:
            self.go(self.folding.toggle(self.cursor), unfold=False)

    def action_fold_all(self) -> None:
        """Fold all steps, or none."""
        if self.folding is not None and self.folding.rows:
            self.following = False
            self.folding.fold_all()
            self.go(self.cursor, unfold=False)

    def look_for(self, pattern: Pattern | None) -> None:
        """Make bright what was looked for."""
        self.pattern = pattern
        self._changed()

    def on_resize(self, event: events.Resize) -> None:
        """Lay out for another size."""
        self._wrap_starts.clear()
        self._sub = 0
        if self.folding is not None and self.folding.rows:
            row = self.folding.row(self.cursor)
            if self.following:
                self._top, self._sub = self._above(self.folding.rows, self._height)
                self._follow()
            elif not self._was_sized or not self._is_seen(row):  # it was shown before it knew its size
                self._top, self._sub = self._above(row, self._height // 3)
        self._was_sized = self._was_sized or bool(self.size.height and self.folding)
        self._bound()
        self._changed()
        self.refresh()

    def on_mouse_scroll_down(self) -> None:
        """Some lines on."""
        self._scroll(1, _SCROLLS)

    def on_mouse_scroll_up(self) -> None:
        """Some lines back."""
        self._scroll(-1, _SCROLLS)

    # -- drawing ------------------------------------------------------------------------------------------------

    def _changed(self) -> None:
        """Paint the rows that differ, and of those that one leaves or comes to their beginning only."""
        before, self._drawn = self._drawn, self._compose_rows()
        width = self.size.width
        for y in range(self.size.height):
            old = before[y] if y < len(before) else None
            new = self._drawn[y] if y < len(self._drawn) else None
            if old != new:
                same = old is not None and new is not None and old[1] == new[1]
                self.refresh(Region(0, y, GUTTER if same else width, 1))
        self.post_message(self.Moved())

    def _compose_rows(self) -> list[tuple[tuple[Piece, ...], tuple[Piece, ...]]]:
        if self.folding is None or not self.size.height:
            return []
        return [self._row(row, sub) for row, sub in self._window()]

    def _row(self, row: int, sub: int) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
        assert self.folding is not None
        number = self.folding.line(row)
        folded, header = self.folding.hidden(number), self.folding.header(number)
        line = self._line(number)
        mark = "▸" if number == self.cursor and sub == 0 else " "
        own = " " if sub else "+" if folded else "-" if header else " "
        wrong = not sub and not folded and number in self._errors
        gutter: tuple[Piece, ...] = (
            (f"{mark} ", "mark"), (glyph("failed") if wrong else own, "bad" if wrong else "dim"), (" ", "dim"),
        )  # fmt: skip
        if folded is not None:
            return gutter, (*self._stamp(line, 0), *title(folded, line, self._room))
        pieces = self._content(number)
        if self.wrapped:
            starts = self._starts(row)
            pieces = part(pieces, starts[sub], starts[sub + 1] if sub + 1 < len(starts) else None)
        elif self.left:
            pieces = part(pieces, character_at("".join(piece for piece, _ in pieces), self.left), None)
        return gutter, (*self._stamp(line, sub), *pieces)

    def _stamp(self, line: Line, sub: int) -> tuple[Piece, ...]:
        if not self.timed:
            return ()
        return ((" " * STAMP, "dim"),) if sub else (stamp(line, self._zone),)

    def render_line(self, y: int) -> Strip:
        """The line as Textual wants it."""
        width = self.size.width
        if y >= len(self._drawn):
            return drawn((), width, self._styles)
        gutter, body = self._drawn[y]
        return drawn((*gutter, *body), width, self._styles)
