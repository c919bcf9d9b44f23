"""Curves as dots: reduced to the columns that there are, joined, laid over one another. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from .braille import Canvas, Layer
from .curves import Bin, Track, bins, ranges_and_means, window
from .grid import Grid
from .scales import Scale
from .scene import Area, Line, View, role_of

_Dot: TypeAlias = Callable[[float], int]
"""Gives the row of dots of a value."""

_DENSE = 3
"""So many points to a column of dots are drawn as their range, with their mean as a line before it."""

_SPIKE = 4
"""So many times the usual range of a column is a spike."""


def back_to_front(lines: Sequence[Line], view: View) -> list[Line]:
    """In the order in which they are drawn: the first is over the others, the bright one over all."""
    bright = [line for line in lines if line.curve.key == view.bright]
    return [*(line for line in reversed(lines) if line not in bright), *bright]


def lay_curves(grid: Grid, area: Area, lines: Sequence[Line], view: View, scale: Scale) -> None:
    """All curves: the ranges behind, then the lines; the first lies over the others, the bright one over all."""
    canvas, roles = Canvas(area.width, area.height), [""]
    fronts: list[tuple[Line, list[Bin], bool]] = []
    for line in back_to_front(lines, view):
        behind, front = _reduced(line, view, 2 * area.width)
        fronts.append((line, front, not behind or bool(view.smoothing)))
        if behind and view.bright in (None, line.curve.key):
            roles.append(f"faint{line.curve.hue}")
            canvas.lay(_traced(behind, line.track.ys, area, line, view, scale), len(roles) - 1)
    for line, found, led in fronts:
        roles.append(role_of(line, view))
        # the mean of a column is not led on to a single point outside the window, all else is
        ys = line.track.smooth(view.smoothing) if led else []
        canvas.lay(_traced(found, ys, area, line, view, scale), len(roles) - 1)
    for row in range(area.height):
        texts, owners = canvas.row(row)
        into, whose = grid.texts[area.y + row], grid.roles[area.y + row]
        for column, owner in enumerate(owners, area.x):
            if owner:
                into[column] = texts[column - area.x]
                whose[column] = roles[owner]


def _reduced(line: Line, view: View, columns: int) -> tuple[list[Bin], list[Bin]]:
    """What lies behind the line, and the line: its points where there are few, else their range and their mean."""
    track, start, stop = line.track, view.start + line.origin, view.stop + line.origin
    at, end = window(track, start, stop)
    if not view.smoothing and end - at <= _DENSE * columns:
        return [], bins(track, start, stop, columns)
    ranges, means = ranges_and_means(track, track.smooth(view.smoothing), start, stop, columns)
    return ranges, means if view.smoothing else _with_spikes(ranges, means)


def _with_spikes(ranges: list[Bin], means: list[Bin]) -> list[Bin]:
    """The means, but the whole range where it is out of the ordinary: a spike is part of the line."""
    sizes = sorted(high - low for _, _, low, high, _, _ in ranges)
    most = _SPIKE * sizes[len(sizes) // 2] if sizes else 0.0
    return [whole if whole[3] - whole[2] > most else mean for whole, mean in zip(ranges, means, strict=True)]


def _traced(found: Sequence[Bin], ys: list[float], area: Area, line: Line, view: View, scale: Scale) -> Layer:
    layer = Layer(area.width, area.height)
    dot = scale.rows(4 * area.height)
    trace(layer, found, dot)
    if ys:
        _ways(layer, found, line.track, ys, dot, (view.start + line.origin, view.stop + line.origin))
    return layer


def trace(layer: Layer, found: Sequence[Bin], dot: _Dot) -> None:
    """Draw bins as one line: the range of each column, joined to the next. `dot` gives the row of a value."""
    before, leave, top, bottom = -1, 0, 0, -1  # the column that is not drawn yet: it may reach to meet the next
    for column, first, low, high, last, joined in found:
        if low == high:
            entry = upper = lower = end = dot(low)
        else:
            upper, lower, entry, end = dot(high), dot(low), dot(first), dot(last)
        if joined and column - before == 1:
            middle = (leave + entry) // 2
            top, bottom = min(top, middle), max(bottom, middle)
            layer.run(before, top, bottom)
            middle += middle < entry  # the next dot is the other column's
            top, bottom = min(upper, middle), max(lower, middle)
        else:
            layer.run(before, top, bottom)
            if joined:
                _link(layer, before, leave, column, entry)
            top, bottom = upper, lower
        before, leave = column, end
    layer.run(before, top, bottom)


def _ways(
    layer: Layer, found: Sequence[Bin], track: Track, ys: list[float], dot: _Dot, seen: tuple[float, float]
) -> None:
    """The line from the last point before the window that is seen, and to the first after it."""
    start, stop = seen
    width = (stop - start) / (2 * layer.width)
    at, end = window(track, start, stop)

    def outside(place: int) -> tuple[int, int]:
        column = (track.xs[place] - start) / width
        return int(min(max(column, -1e9), 1e9)) - (column < 0), dot(ys[place])

    into = 0 < at < len(track.xs) and at not in track.cuts
    if into and at == end:
        _link(layer, *outside(at - 1), *outside(at))
        return
    if into:
        _link(layer, *outside(at - 1), found[0][0], dot(found[0][1]))
    if at < end < len(track.xs) and end not in track.cuts:
        _link(layer, found[-1][0], dot(found[-1][4]), *outside(end))


def _link(layer: Layer, left: int, one: int, right: int, other: int) -> None:
    """A line between two dots, as the vertical run that it makes in each column."""
    slope = (other - one) / (right - left) if right > left else 0.0
    for column in range(max(left, 0), min(right, 2 * layer.width - 1) + 1):
        start = one + slope * (max(column - 0.5, left) - left)
        stop = one + slope * (min(column + 0.5, right) - left)
        # the run ends a dot before the next one begins, or a slope would look thicker than a level
        first, last = sorted((round(start), round(stop)))
        layer.run(column, first, max(first, last - (column < right)) if slope > 0 else last)
