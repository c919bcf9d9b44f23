"""The words on a chart: title, legend, values, and what its curves cannot show. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from ..app.text import cells, clip, shown
from .figures import count, figure
from .grid import Grid
from .line import Piece
from .scene import Line, View, extremes, role_of


def title_role(view: View) -> str:
    """The role of the title: bright while the chart has the keys."""
    return "bright" if view.focused else "text"


def value_word(value: float | None) -> str:
    """A value, or a dash where there is none."""
    return "–" if value is None else figure(value)


def range_words(lines: Sequence[Line], view: View) -> str:
    """The lowest and the highest value in the window."""
    low, high = extremes(lines, view)
    if low > high:
        return ""
    if view.log:  # 308.25: the logarithm of the largest float, rounded up, is no float's any more
        low, high = 10 ** min(low, 308.25), 10 ** min(high, 308.25)
    return f"{figure(low)}..{figure(high)}"


def entry_of(line: Line, view: View) -> tuple[Piece, Piece, Piece]:
    """Mark, name and value of a curve in the legend."""
    now = line.said(view.cursor)
    faded = view.bright is not None and line.curve.key != view.bright
    role = "bad" if now.state == "nan" else "dim" if faded or now.state is None else "bright" if view.bright else "text"
    name = "dim" if faded else "bright" if view.bright else "text"
    return (line.mark, role_of(line, view)), (shown(line.curve.label), name), (value_word(now.value), role)


def notes_of(lines: Sequence[Line]) -> list[Piece]:
    """What the curves cannot show, in words."""
    states = [state for line in lines for _, state in line.track.odd]
    made = [
        (f"{count(states.count(state))} {word}", "bad")
        for state, word in (("nan", "NaN"), ("+inf", "+inf"), ("-inf", "-inf"))
        if state in states
    ]
    hidden = sum(line.track.hidden for line in lines)
    if hidden:
        made.append((f"{count(hidden)} point{'s' if hidden > 1 else ''} ≤ 0 not shown", "warn"))
    if any(line.curve.series.history == "sampled" for line in lines):
        made.append(("sampled", "warn"))
    return made


def settings_of(view: View) -> list[Piece]:
    """How the curves are shown, where it is not as they were logged."""
    words = ["log"] if view.log else []
    words += [f"smooth {view.smoothing:g}"] if view.smoothing else []
    words += ["zoom"] if view.zoomed else []
    return [(word, "dim") for word in words]


def head(grid: Grid, lines: Sequence[Line], view: View) -> None:
    """Title on the left, what the curves cannot show and the settings on the right."""
    right = [*notes_of(lines), *settings_of(view)]
    while right and sum(cells(text) + 2 for text, _ in right) > grid.width - 12:
        right.pop()
    room = grid.width - sum(cells(text) + 2 for text, _ in right)
    x = grid.put(1, 0, clip(view.title, room - 2), title_role(view)) if view.title else 0
    if len(lines) == 1:
        mark, name, value = entry_of(lines[0], view)
        name = name if lines[0].curve.label != view.title else ("", "text")
        pieces = [mark, (" ", ""), name, (" " if name[0] else "", ""), value]
        if x + 2 + sum(cells(text) for text, _ in pieces) < room:
            x = grid.write(x + (2 if x else 1), 0, pieces)
            if view.cursor is None and x + 2 + len(said := range_words(lines, view)) < room:
                grid.put(x + 2, 0, said, "dim")
    x = grid.width - sum(cells(text) + 2 for text, _ in right) + 1
    for piece in right:
        x = grid.put(x, 0, *piece) + 2


def legend_above(grid: Grid, lines: Sequence[Line], view: View) -> int:
    """The legend in as few rows as it fits into, three at most; gives how many they are."""
    if len(lines) < 2:
        return 0
    most = 1 if grid.height < 16 else 2 if grid.height < 24 else 3
    x, y = 1, 1
    for number, line in enumerate(lines):
        mark, name, value = entry_of(line, view)
        name = (clip(name[0], max(8, grid.width // 3)), name[1])
        size = cells(name[0]) + 2 + max(6, len(value[0])) + 1
        more = 0 if number == len(lines) - 1 else 4 if y == most else 0
        if x + size + more > grid.width - 1 and x > 1:
            if y == most:
                grid.put(x, y, f"+{count(len(lines) - number)}", "dim")
                return y
            x, y = 1, y + 1
        grid.write(x, y, [mark, (" ", ""), name, (" ", ""), value])
        x += size + 2
    return y


def panel_width(lines: Sequence[Line], width: int) -> int:
    """Cells that the legend takes beside the curves."""
    return min(max(cells(shown(line.curve.label)) for line in lines) + 15, width // 3, 40)


def legend_beside(grid: Grid, lines: Sequence[Line], view: View, panel: int) -> None:
    """The legend on the right: a row a curve, as many as there is room for."""
    x, room = grid.width - panel + 2, grid.height - 1
    shown_lines = lines if len(lines) <= room else lines[: room - 1]
    for row, line in enumerate(shown_lines, 1):
        mark, name, value = entry_of(line, view)
        grid.write(x, row, [mark, (" ", ""), (clip(name[0], panel - 5 - len(value[0])), name[1])])
        grid.put(grid.width - 1 - len(value[0]), row, *value)
    if len(shown_lines) < len(lines):
        grid.put(x, room, f"+{count(len(lines) - len(shown_lines))} more", "dim")
