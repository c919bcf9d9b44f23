"""How a list reaches stdout: as a plain aligned table, or as JSON, a window of rows at a time.

The table is for eyes: every text goes through `text.shown`, and on a terminal is cut to its width; elsewhere it is
whole. The JSON is for scripts: strings are exact, and written in ASCII, so that no control character of a
foreign name ever reaches a terminal and a lone surrogate is just `\\ud800`.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, NamedTuple

from ..exact import iso as iso  # here as well, for those who print
from ..exact import number as number
from ..records import Millis
from ..text import cells, fit, pad, shown

WIDEST = 40
"""Cells that one column takes at most on a terminal."""
WIDEST_WHOLE = 100
"""Cells that one takes at most on stdout that is no terminal: a longer text pushes its own row only."""
NARROWEST = 8
FIRST_ROWS = 200
"""Rows that the column widths are taken from; later ones are printed as they come."""

LONGEST_ESCAPE = 10
"""Characters of one escaped sign, `\\u{10ffff}`."""


class Head(NamedTuple):
    """A column's heading; numbers stand to the right."""

    title: str
    right: bool = False
    whole: bool = False
    """Never cut, as no figure is: half an id names nothing."""


def print_json(items: Iterable[Any]) -> None:
    """A JSON array, one item a line, written while the items come."""
    before = "[\n"
    for item in items:
        sys.stdout.write(before + json.dumps(item, allow_nan=False))
        before = ",\n"
    sys.stdout.write("[]\n" if before == "[\n" else "\n]\n")


def print_object(item: Any) -> None:
    """One JSON object."""
    sys.stdout.write(json.dumps(item, allow_nan=False, indent=2) + "\n")


def print_table(heads: Sequence[Head], rows: Iterable[Sequence[str]], *, aligned: bool = False) -> None:
    """An aligned table of exact texts; nothing at all when there are no rows.

    `aligned`: off a terminal the first column, of names, is as wide as the longest of the first rows.
    """
    coming = iter(rows)
    first = [[shown(cell) for cell in row] for row in islice(coming, FIRST_ROWS)]
    if not first:
        return
    room = _room()
    widths = _widths(heads, first, room)
    if aligned and room is None:
        widths[0] = max(cells(row[0]) for row in first)
    later = ([shown(cell) for cell in row] for row in coming)
    for row in chain([[head.title for head in heads]], first, later):
        # a terminal too narrow for all of them loses columns from the right
        sys.stdout.write(_line(heads[: len(widths)], row[: len(widths)], widths, room) + "\n")


def _line(heads: Sequence[Head], row: Sequence[str], widths: Sequence[int], room: int | None) -> str:
    if room is None:
        padded = (_full(cell, width, head.right) for head, cell, width in zip(heads, row, widths, strict=True))
        return "  ".join(padded).rstrip()
    padded = (pad(cell, width, head.right) for head, cell, width in zip(heads, row, widths, strict=True))
    return fit("  ".join(padded), room).rstrip()


def _full(cell: str, width: int, right: bool) -> str:
    spaces = " " * (width - cells(cell))  # none when it is wider
    return spaces + cell if right else cell + spaces


def _room() -> int | None:
    """Cells of the terminal's line; None when stdout is no terminal and nothing is cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def _widths(heads: Sequence[Head], rows: Sequence[Sequence[str]], room: int | None) -> list[int]:
    columns = zip(*rows, strict=True)
    widths = [
        min(WIDEST if room is not None else WIDEST_WHOLE, max(cells(head.title), *(cells(cell) for cell in column)))
        for head, column in zip(heads, columns, strict=True)
    ]
    return widths if room is None else _narrowed(widths, [head.right or head.whole for head in heads], room)


def _narrowed(widths: list[int], is_whole: Sequence[bool], room: int) -> list[int]:
    """Take from the widest text until the row fits; where nothing can be taken, the last columns go."""
    widths = list(widths)
    while sum(widths) + 2 * (len(widths) - 1) > room:
        texts = [at for at, width in enumerate(widths) if width > NARROWEST and not is_whole[at]]
        if texts:
            widths[max(texts, key=lambda at: widths[at])] -= 1
        elif len(widths) > 1:
            del widths[-1]
        else:
            break
    return widths


def windows(ids: Sequence[int], size: int = FIRST_ROWS) -> Iterator[Sequence[int]]:
    """The ids in windows of `size`, so that never more than one window of records is in memory."""
    return (ids[start : start + size] for start in range(0, len(ids), size))


def ago(at: Millis | None, now: Millis) -> str:
    """An age in words: now, 4 min, 3 h, 12 d; `never` for None."""
    if at is None:
        return "never"
    minutes = max(now - at, 0) // 60_000
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


def print_text(text: str) -> None:
    """A line of text; foreign signs in it are made safe, nothing is cut."""
    sys.stdout.write(fit(text, max(cells(text), 1) * LONGEST_ESCAPE) + "\n")
