"""The picture of a chart: curves, axes, legend, cursor. Pure: what is to be seen goes in, cells come out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import isfinite, log10
from typing import Final

from ..app.text import cells, clip
from .curves import Axis, window
from .figures import count, figure
from .figures import span as spanned
from .grid import Grid
from .legend import (
    head,
    legend_above,
    legend_beside,
    notes_of,
    panel_width,
    range_words,
    settings_of,
    title_role,
    value_word,
)  # fmt: skip
from .line import Piece
from .scales import Scale, Tick, day, duration_ticks, fitted, step_ticks, time_ticks, y_ticks
from .scene import Area, Line, Picture, View, column_of, extremes, role_of, signs
from .tracing import back_to_front, lay_curves

_SPARSE = 6
"""Columns of dots to a point from which each point gets a dot of its own."""

_WIDE = 92
"""Cells from which the legend stands beside the curves and not above them."""

_WORDS: Final[dict[Axis, str]] = {"step": "step", "time": "time", "relative": "after"}


def draw(lines: Sequence[Line], view: View, width: int, height: int) -> Picture:
    """The chart on `width` x `height` cells, whatever the size: what has no room is left out, the curves last."""
    grid = Grid(width, height, view.stripe)
    if view.compact or height < 7 or width < 30:
        return _compact(grid, lines, view)
    beside = width >= _WIDE and len(lines) > 1
    panel = panel_width(lines, width) if beside else 0
    above = 0 if beside else legend_above(grid, lines, view)
    head(grid, lines, view)
    scale = _scale(lines, view, height - 3 - above)
    drawable = any(line.track.xs for line in lines)
    ticks = y_ticks(scale, height - 3 - above) if drawable else []
    gutter = max([6, *(len(text) + 1 for _, text in ticks)])
    area = Area(gutter + 1, 1 + above, max(4, width - gutter - 2 - panel), height - 3 - above)
    _rules(grid, area, scale, ticks)
    _levels(grid, area, view, scale)
    lay_curves(grid, area, lines, view, scale)
    _level_words(grid, area, view, scale)
    _axis(grid, area, view)
    if not drawable:
        said = "no value that can be drawn"
        grid.put(area.x + max(0, (area.width - len(said)) // 2), area.y + area.height // 3, said, "dim")
    _signs(grid, area, lines, view, scale, area.y + area.height)
    if beside:
        legend_beside(grid, lines, view, panel)
    return Picture(grid, area)


def empty(view: View, message: Sequence[Piece], width: int, height: int) -> Picture:
    """A chart without a point: its title, and what is to be said."""
    grid = Grid(width, height, view.stripe)
    grid.put(0 if view.compact else 1, 0, clip(view.title, width), title_role(view))
    left = max(2, (width - sum(cells(text) for text, _ in message)) // 2)
    grid.write(left, min(max(1, height // 3), height - 1), message)
    return Picture(grid, Area(0, 0, width, height))


def _compact(grid: Grid, lines: Sequence[Line], view: View) -> Picture:
    """A title with the last value and the range, and the curves right below it."""
    title = view.title or (lines[0].curve.label if lines else "")  # before the range: a name that is cut names nothing
    x = grid.put(0, 0, clip(title, max(4, grid.width - 13)), title_role(view))
    if len(lines) == 1:
        now = lines[0].said(view.cursor)
        x = grid.write(x + 1, 0, [(value_word(now.value), "bad" if now.state == "nan" else f"hue{lines[0].curve.hue}")])
    notes = [piece for piece in notes_of(lines) if len(lines) > 1 or "NaN" not in piece[0]]
    for piece in [(range_words(lines, view), "dim"), *notes, *settings_of(view)]:
        if piece[0] and x + 2 + cells(piece[0]) <= grid.width:
            x = grid.put(x + 2, 0, *piece)
    area = Area(0, 1, grid.width, grid.height - 1)
    if area.height > 0 and area.width > 0:
        scale = _scale(lines, view, 30)  # no labels: rounded finely, for the room's sake
        _levels(grid, area, view, scale)
        lay_curves(grid, area, lines, view, scale)
        _level_words(grid, area, view, scale)
        _signs(grid, area, lines, view, scale, grid.height - 1)
    return Picture(grid, area)


def _scale(lines: Sequence[Line], view: View, rows: int) -> Scale:
    low, high = extremes(lines, view)
    for value, _ in levels_of(view):
        low, high = (min(low, value), max(high, value)) if low <= high else (value, value)
    return fitted(low, high, rows, view.log) if low <= high else Scale(0.0, 1.0, view.log)


def levels_of(view: View) -> list[tuple[float, str]]:
    """Where on the vertical axis the lines across lie; on a log scale those of zero and below are nowhere."""
    if not view.log:
        return [(value, text) for value, text in view.levels if isfinite(value)]
    return [(log10(value), text) for value, text in view.levels if isfinite(value) and value > 0]


def _levels(grid: Grid, area: Area, view: View, scale: Scale) -> None:
    """A line across at each, and its value at the edge. Drawn before the curves, which cross it."""
    for value, _ in levels_of(view):
        row = _row_of(value, area, scale)
        grid.put(area.x, row, signs().level * area.width, "warn")
        said = figure(10**value if view.log else value)
        if len(said) < area.x:
            grid.put(0, row, said.rjust(area.x - 1), "warn")


def _level_words(grid: Grid, area: Area, view: View, scale: Scale) -> None:
    """What each says, where no curve crosses it; nowhere where there is no such place: its value stands at the edge."""
    for value, text in levels_of(view):
        row, words = _row_of(value, area, scale), f" {text} "
        line = grid.line(row) if text else ""
        free = line.find(signs().level * (cells(words) + 2), area.x)
        if free >= 0:
            grid.put(free + 1, row, words, "warn")


def _row_of(value: float, area: Area, scale: Scale) -> int:
    return area.y + min(max(scale.rows(4 * area.height)(value), 0), 4 * area.height - 1) // 4


def _ticks(view: View, most: int) -> list[Tick]:
    if view.axis == "step":
        return step_ticks(view.start, view.stop, most)
    if view.axis == "relative":
        return duration_ticks(view.start, view.stop, most)
    try:
        return time_ticks(view.start, view.stop, most, view.zone)
    except (OverflowError, ValueError, OSError):
        return []  # a clock that was never set: beyond the calendar there are no days


def _here(view: View, x: float) -> str:
    """What stands below the cursor."""
    if view.axis == "step":
        return count(int(x))
    if view.axis == "relative":
        return spanned(int(x))
    try:
        at = datetime.fromtimestamp(x / 1000, view.zone)
    except (OverflowError, ValueError, OSError):
        return "?"
    return f"{day(at)} {at:%H:%M:%S}"


def _word(view: View) -> str:
    """What the horizontal axis is: the day where it is a time."""
    if view.axis == "time":
        try:
            return day(datetime.fromtimestamp(view.start / 1000, view.zone))
        except (OverflowError, ValueError, OSError):
            pass
    return _WORDS[view.axis]


# -- the parts of the picture ----------------------------------------------------------------------------------------


def _rules(grid: Grid, area: Area, scale: Scale, ticks: Sequence[Tick]) -> None:
    """Labels of the vertical axis, and a faint line across at each."""
    across = signs().across
    dot = scale.rows(4 * area.height)
    for value, text in ticks:
        row = area.y + min(max(dot(value), 0), 4 * area.height - 1) // 4
        grid.put(area.x, row, across * area.width, "rule")
        grid.put(area.x - 1 - len(text), row, text, "dim")


def _axis(grid: Grid, area: Area, view: View) -> None:
    """The horizontal axis: a rule, ticks, labels, and below the cursor where it stands."""
    sign, row = signs(), area.y + area.height
    grid.put(area.x, row, sign.rule * area.width, "rule")
    grid.put(max(0, area.x - 1 - len(_word(view))), row + 1, _word(view), "dim")
    free = 0
    taken = range(0)
    if view.cursor is not None and (here := column_of(view, area, view.cursor)) >= 0:
        text = _here(view, view.cursor)
        x = min(max(area.x + here - len(text) // 2, area.x), grid.width - len(text) - 1)
        grid.put(x, row + 1, text, "mark")
        taken = range(x - 1, x + len(text) + 1)
    for value, text in _ticks(view, max(2, area.width // 12)):
        column = column_of(view, area, value)
        if column < 0:
            continue
        grid.put(area.x + column, row, sign.tick, "rule")
        x = min(max(area.x + column - len(text) // 2, area.x), area.x + area.width - len(text))
        if x >= free and not (taken and x < taken.stop and x + len(text) > taken.start):
            free = grid.put(x, row + 1, text, "dim") + 2


def _signs(grid: Grid, area: Area, lines: Sequence[Line], view: View, scale: Scale, nan_row: int) -> None:
    """What stands before the curves: marks, what cannot be drawn, the cursor, and each curve's own mark at its end."""
    sign = signs()
    for x, text in view.marks:
        if (column := column_of(view, area, x)) >= 0:
            _upright(grid, area, column, sign.mark, "dim")
            grid.put(area.x + column + 1, area.y, clip(text, max(0, area.width - column - 1)), "dim")
    if view.cursor is not None and (column := column_of(view, area, view.cursor)) >= 0:
        _upright(grid, area, column, sign.cursor, "mark")
    order = back_to_front(lines, view)
    for line in order:
        _odd(grid, area, line, view, nan_row, "bad" if len(lines) == 1 else role_of(line, view))
        _points(grid, area, line, view, scale)
    for line in order:
        _own_marks(grid, area, line, view, scale)


def _upright(grid: Grid, area: Area, column: int, sign: str, role: str) -> None:
    """A vertical line behind the curves."""
    free = (" ", signs().across, signs().level)
    for row in range(area.y, area.y + area.height):
        if grid.texts[row][area.x + column] in free:
            grid.put(area.x + column, row, sign, role)


def _odd(grid: Grid, area: Area, line: Line, view: View, nan_row: int, role: str) -> None:
    """NaN on the axis, the infinities at the edges where they have left."""
    sign = signs()
    rows = {"nan": nan_row, "+inf": area.y, "-inf": area.y + area.height - 1}
    glyphs = {"nan": sign.nan, "+inf": sign.up, "-inf": sign.down}
    for column, state in {(column_of(view, area, x - line.origin), state) for x, state in line.track.odd}:
        if column >= 0:
            grid.put(area.x + column, rows[state], glyphs[state], role)


def _place(grid: Grid, area: Area, view: View, scale: Scale, x: float, y: float, sign: str, role: str) -> None:
    column, row = column_of(view, area, x), scale.rows(4 * area.height)(y) // 4
    if column >= 0 and 0 <= row < area.height:
        grid.put(area.x + column, area.y + row, sign, role)


def _points(grid: Grid, area: Area, line: Line, view: View, scale: Scale) -> None:
    """A dot at each point where there are few of them; a lone point between gaps gets the curve's mark."""
    track, role = line.track, role_of(line, view)
    at, end = window(track, view.start + line.origin, view.stop + line.origin)
    if (end - at) * _SPARSE > 2 * area.width:
        return
    for place in range(at, end):
        alone = (place == 0 or place in track.cuts) and (place + 1 == len(track.xs) or place + 1 in track.cuts)
        if alone or not view.smoothing:
            sign = line.mark if alone else signs().dot
            _place(grid, area, view, scale, track.xs[place] - line.origin, track.ys[place], sign, role)


def _own_marks(grid: Grid, area: Area, line: Line, view: View, scale: Scale) -> None:
    """The curve's mark at its last point, and where the cursor stands."""
    track, role = line.track, role_of(line, view)
    ys = track.smooth(view.smoothing)
    if not track.xs:
        return
    _place(grid, area, view, scale, track.xs[-1] - line.origin, ys[-1], line.mark, role)
    if view.cursor is not None:
        place = window(track, view.start, view.cursor + line.origin)[1] - 1
        if place >= 0 and view.cursor + line.origin <= track.all_xs[-1]:
            _place(grid, area, view, scale, view.cursor, ys[place], line.mark, role)
