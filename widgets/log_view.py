"""A log that may be long and its lines too: read with less's keys, folded by section, followed while it grows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import ClassVar, Final

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..app.logs import Line, Pattern, Section
from ..app.logs.folding import Folding
from ..app.text import cells, clip
from .figures import count, span
from .line import Piece, drawn
from .palette import Palette
from .status import glyph, sign
from .text_view import SIDEWAYS, width_of

GUTTER: Final = 4
"""Cells on the left: where one stands, and whether something is folded or wrong."""
STAMP: Final = 9
"""Cells of a time."""
LONGEST: Final = 65_536
"""Cells of a line that can be scrolled to."""
_SCROLLS: Final = 4
"""Lines that come into sight when one walks out of it: one alone would cost as many bytes as a page."""
_HELD: Final = 600
"""Lines that are held as they were read."""

_ROLES: Final = {
    "red": "bad", "green": "good", "yellow": "warn", "blue": "accent", "magenta": "hue5", "cyan": "run", "grey": "dim",
    "bright": "bright",
}  # fmt: skip

Read = Callable[[int, int, int], Sequence[Line]]
"""(first line, how many, cells of each) -> lines."""


class LogView(Widget, can_focus=True):
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
        Binding("enter", "fold", "fold", id="log.fold", tooltip="Fold the section here to one line, or unfold it"),
        Binding("z", "fold_all", "Fold all steps, or none", id="log.fold_all", show=False),
        Binding("F", "follow", "follow", id="log.follow", tooltip="Stay at the end while the log grows, or stop that"),
        Binding("t", "times", "times", id="log.times", tooltip="Show the time of each line, or hide it"),
        Binding("w", "wrap", "wrap", id="log.wrap", tooltip="Wrap long lines, or cut them"),
    ]

    class Moved(Message):
        """One stands elsewhere, or sees it in another way."""

    def __init__(self, palette: Palette, zone: tzinfo = UTC, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._zone = zone
        self._set_styles(palette)
        self._read: Read = lambda first, count, width: ()
        self.folding: Folding | None = None
        self.cursor = 0
        """The line that one stands on."""
        self._top = 0
        self._sub = 0
        """The row that is the first on the screen, and how many of its own rows are above it."""
        self.left = 0
        self.wrapped = False
        self.timed = False
        self.following = False
        self.pattern: Pattern | None = None
        self._lines: dict[int, Line] = {}
        self._width = 0
        self._errors: frozenset[int] = frozenset()
        self._drawn: list[tuple[tuple[Piece, ...], tuple[Piece, ...]]] = []
        self._wrap_starts: dict[int, list[int]] = {}
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
        self._changed()

    def forget(self) -> None:
        """The lines may be others than they were."""
        self._lines.clear()
        self._wrap_starts.clear()

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

    def line_here(self) -> Line | None:
        """The line that one stands on."""
        return self._line(self.cursor) if self.folding and self.folding.rows else None

    def lines_in_sight(self) -> list[Line]:
        """The lines on the screen."""
        if self.folding is None:
            return []
        return [self._line(self.folding.line(row)) for row in dict.fromkeys(row for row, _ in self._window())]

    @property
    def _height(self) -> int:
        return max(1, self.size.height)

    @property
    def _room(self) -> int:
        return max(8, self.size.width - GUTTER - (STAMP if self.timed else 0))

    def _line(self, number: int) -> Line:
        width = LONGEST if self.wrapped else min(LONGEST, self.left + max(self.size.width, 80))
        if width > self._width or len(self._lines) > _HELD:
            self.forget()
            self._width = width
        if number not in self._lines:
            some = 1 if self.wrapped else min(self._height, self._run(number))
            self._lines.update((line.number, line) for line in self._read(number, some, self._width))
        return self._lines.get(number) or Line(number, ())

    def _run(self, number: int) -> int:
        """How many lines from this one on stand below each other."""
        folding, most = self.folding, self._height
        if folding is None:
            return 1
        row = folding.row(number)
        last = min(row + most, folding.rows) - 1
        while last > row and folding.line(last) - number != last - row:
            last = row + (last - row) // 2
        return last - row + 1

    # -- rows ---------------------------------------------------------------------------------------------------

    def _starts(self, row: int) -> list[int]:
        """The characters of a line at which its own rows begin: one, unless it is wrapped."""
        assert self.folding is not None
        number = self.folding.line(row)
        if not self.wrapped or self.folding.hidden(number) is not None:
            return [0]
        found = self._wrap_starts.get(number)
        if found is None:
            text = "".join(piece for piece, _ in self._content(number))
            found = self._wrap_starts[number] = _wrapped(text, self._room)
        return found

    def _window(self) -> list[tuple[int, int]]:
        """Rows on the screen, each with which of its own it is."""
        found: list[tuple[int, int]] = []
        if self.folding is None:
            return found
        row, sub = self._top, self._sub
        while row < self.folding.rows and len(found) < self._height:
            rows = len(self._starts(row))
            found += [(row, own) for own in range(sub, rows)]
            row, sub = row + 1, 0
        return found[: self._height]

    def _above(self, row: int, rows: int) -> tuple[int, int]:
        """The place so many rows of the screen above the beginning of a row."""
        while rows > 0 and row > 0:
            row -= 1
            rows -= len(self._starts(row))
        return row, max(0, -rows)

    def _below(self, row: int, sub: int, rows: int) -> tuple[int, int]:
        """The place so many rows of the screen below another."""
        assert self.folding is not None
        while row < self.folding.rows:
            own = len(self._starts(row)) - sub
            if rows < own:
                return row, sub + rows
            rows, row, sub = rows - own, row + 1, 0
        return max(0, self.folding.rows - 1), 0

    def _is_seen(self, row: int) -> bool:
        window = self._window()
        return bool(window) and window[0][0] <= row <= window[-1][0] and (row, 0) in window

    def _bound(self) -> None:
        """Let nothing but the log's end be below its last line, except while it is followed."""
        folding = self.folding
        if folding is None or not folding.rows:
            self._top = self._sub = 0
            return
        self._top = max(0, min(self._top, folding.rows - 1))
        if not self.following:
            last = self._above(folding.rows, self._height)
            if (self._top, self._sub) > last:
                self._top, self._sub = last

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
            self._top, self._sub = max(0, row - _SCROLLS + 1), 0
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
        """Stay at the end, or stop that. The place sideways is kept."""
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
        self._changed()

    def action_times(self) -> None:
        """Show the time of each line, or hide it."""
        self.timed = not self.timed
        self._wrap_starts.clear()
        self._sub = 0
        self._changed()

    def action_error(self, by: int) -> None:
        """Go to the next line where something went wrong."""
        if self.folding is None:
            return
        errors = self.folding.outline.errors
        found = [line for line in (errors if by > 0 else reversed(errors)) if (line - self.cursor) * by > 0]
        if found:
            self.following = False
            self.go(found[0])

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
            return gutter, (*self._stamp(line, 0), *self._title(folded, line))
        pieces = self._content(number)
        if self.wrapped:
            starts = self._starts(row)
            pieces = _slice(pieces, starts[sub], starts[sub + 1] if sub + 1 < len(starts) else None)
        elif self.left:
            pieces = _slice(pieces, _character("".join(piece for piece, _ in pieces), self.left), None)
        return gutter, (*self._stamp(line, sub), *pieces)

    def _stamp(self, line: Line, sub: int) -> tuple[Piece, ...]:
        if not self.timed:
            return ()
        if line.at is None or sub:
            return ((" " * STAMP, "dim"),)
        return ((f"{datetime.fromtimestamp(line.at / 1000, self._zone):%H:%M:%S} ", "dim"),)

    def _title(self, section: Section, line: Line) -> list[Piece]:
        """A folded section: what it is, how many lines, how long it took, what went wrong in it."""
        name = title_of(section, line)
        said: list[Piece] = [(f"{count(section.last - section.first + 1)} lines", "dim")]
        if section.started_at is not None and section.ended_at is not None:
            said.append((f"   {span(section.ended_at - section.started_at)}", "dim"))
        if section.errors:
            said.append((f"   {glyph('failed')} {section.errors} error{'s' if section.errors > 1 else ''}", "bad"))
        room = self._room - sum(cells(text) for text, _ in said) - 3
        if section.status:
            said.insert(0, (f"{glyph(section.status)} ", sign(section.status).role))
            return [said[0], (f"{clip(name, max(8, room - 2))}   ", "text"), *said[1:]]
        return [(f"{clip(name, max(8, room))}   ", "text"), *said]

    def _content(self, number: int) -> list[Piece]:
        """A line in its own colours; where it has none, in those of what it is."""
        assert self.folding is not None
        line, header = self._line(number), self.folding.header(number)
        text = line.pieces[0][0] if line.pieces else ""
        role = "text"
        if header is not None or text.startswith(">  "):
            role = "bright"
        elif number in self._errors or text.startswith("E  "):
            role = "bad"
        pieces = [] if header is None else self._named(header, text)
        pieces += [(piece, _ROLES.get(colour, role)) for piece, colour in line.pieces]
        if self.pattern is not None:
            pieces = _marked(pieces, self.pattern)
        if line.is_cut and self.wrapped:
            pieces.append((f" … {count(line.size)} bytes in all", "dim"))
        return pieces

    def _named(self, header: Section, text: str) -> list[Piece]:
        """The vendor's name of an open step before what its first line says."""
        if header.kind != "step" or not header.status:
            return []
        sign_of = (f"{glyph(header.status)} ", sign(header.status).role)
        return [sign_of] if header.name == text else [sign_of, (f"{clip(header.name, 40)}   ", "bright")]

    def render_line(self, y: int) -> Strip:
        """The line as Textual wants it."""
        width = self.size.width
        if y >= len(self._drawn):
            return drawn((), width, self._styles)
        gutter, body = self._drawn[y]
        return drawn((*gutter, *body), width, self._styles)


def title_of(section: Section, line: Line) -> str:
    """What a section is called: by the vendor's step, else by its first line."""
    if section.kind == "step" and section.name:
        return section.name
    return line.text.strip() or section.name


def _character(text: str, cell: int) -> int:
    """The character that stands at a cell; that of a text which ends before is behind its last."""
    if text.isascii() or cell >= cells(text):
        return cell
    return width_of(text, cell)


def _wrapped(text: str, width: int) -> list[int]:
    """The characters at which the rows of a line begin."""
    if text.isascii():
        return list(range(0, max(1, len(text)), width))
    starts, at = [0], width_of(text, width)
    while at < len(text):
        starts.append(at)
        at += width_of(text[at : at + width], width)
    return starts


def _slice(pieces: Sequence[Piece], start: int, end: int | None) -> list[Piece]:
    """The characters from `start` to `end`."""
    made: list[Piece] = []
    at = 0
    for text, role in pieces:
        low, high = max(0, start - at), len(text) if end is None else min(len(text), end - at)
        if low < high:
            made.append((text[low:high], role))
        at += len(text)
    return made


def _marked(pieces: Sequence[Piece], pattern: Pattern) -> list[Piece]:
    """What was looked for, bright."""
    text = "".join(piece for piece, _ in pieces)
    made: list[Piece] = []
    at = 0
    for start, end in pattern.spans(text[:LONGEST])[:200]:
        made += _slice(pieces, at, start)
        made.append((text[start:end], "found"))
        at = end
    return [*made, *_slice(pieces, at, None)] if at else list(pieces)
