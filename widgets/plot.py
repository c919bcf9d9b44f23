"""The picture of a chart: curves, axes, legend, cursor. Pure: what is to be seen goes in, cells come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final, NamedTuple

from ..app.text import cells, clip, shown
from .braille import Canvas, Layer
from .curves import Axis, Bin, Curve, Reading, Track, bins, means, reading, window
from .figures import figure
from .figures import span as spanned
from .grid import Grid
from .line import Piece
from .scales import Scale, Tick, day, duration_ticks, fitted, step_ticks, time_ticks, y_ticks
from .status import is_ascii_only

_DENSE = 3
"""So many points to a column of dots are drawn as their range, with their mean as a line before it."""

_SPARSE = 6
"""Columns of dots to a point from which each point gets a dot of its own."""

_WIDE = 92
"""Cells from which the legend stands beside the curves and not above them."""

_WORDS: Final[dict[Axis, str]] = {"step": "step", "time": "time", "relative": "after"}


@dataclass(frozen=True)
class Line:
    """A curve as it is drawn."""

    curve: Curve
    track: Track
    mark: str
    origin: float = 0.0
    """What is taken from the track's x: the start of its run on a relative axis."""

    def said(self, x: float | None) -> Reading:
        """What it says at x, or in the end."""
        return reading(self.curve, self.track, None if x is None else x + self.origin)


@dataclass(frozen=True)
class View:
    """What is looked at, and how."""

    start: float
    stop: float
    axis: Axis = "step"
    log: bool = False
    smoothing: float = 0.0
    cursor: float | None = None
    bright: str | None = None
    """Key of the curve that stands out; None: all are equal."""
    zoomed: bool = False
    title: str = ""
    focused: bool = False
    zone: tzinfo = UTC
    marks: tuple[tuple[float, str], ...] = ()
    """Vertical marks: x and what they say."""
    compact: bool = False


class Area(NamedTuple):
    """Where the curves stand in the picture, in cells."""

    x: int
    y: int
    width: int
    height: int


class Picture(NamedTuple):
    """The cells, and where the curves are among them."""

    grid: Grid
    area: Area


class _Signs(NamedTuple):
    cursor: str
    rule: str
    tick: str
    across: str
    mark: str
    nan: str
    up: str
    down: str
    dot: str


_SIGNS: Final = (
    _Signs("│", "─", "┬", "┈", "┊", "×", "↑", "↓", "•"),
    _Signs("|", "-", "+", ".", ":", "x", "^", "v", "*"),
)


def draw(lines: Sequence[Line], view: View, width: int, height: int) -> Picture:
    """The chart on `width` x `height` cells, whatever the size: what has no room is left out, the curves last."""
    grid = Grid(width, height)
    if view.compact or height < 7 or width < 30:
        return _compact(grid, lines, view)
    beside = width >= _WIDE and len(lines) > 1
    panel = _panel_width(lines, view, width) if beside else 0
    above = 0 if beside else _legend_above(grid, lines, view)
    _head(grid, lines, view)
    scale = _scale(lines, view, height - 3 - above)
    ticks = y_ticks(scale, height - 3 - above)
    gutter = max(6, *(len(text) + 1 for _, text in ticks))
    area = Area(gutter + 1, 1 + above, max(4, width - gutter - 2 - panel), height - 3 - above)
    _rules(grid, area, scale, ticks)
    _canvas(grid, area, lines, view, scale)
    _axis(grid, area, view)
    _signs(grid, area, lines, view, scale, area.y + area.height)
    if beside:
        _legend_beside(grid, area, lines, view, panel)
    return Picture(grid, area)


def _compact(grid: Grid, lines: Sequence[Line], view: View) -> Picture:
    """A title with the last value and the range, and the curves right below it."""
    low, high = _extremes(lines, view)
    said = f"{_value(10**low if view.log else low)}..{_value(10**high if view.log else high)}" if low <= high else ""
    x = grid.put(
        0, 0, clip(view.title or (lines[0].curve.label if lines else ""), max(4, grid.width - 22)), _title(view)
    )
    if len(lines) == 1:
        now = lines[0].said(view.cursor)
        x = grid.write(x + 1, 0, [(_value(now.value), "bad" if now.state == "nan" else f"hue{lines[0].curve.hue}")])
    notes = [piece for piece in _notes(lines) if len(lines) > 1 or "NaN" not in piece[0]]
    for piece in [(said, "dim"), *notes, *_settings(view)]:
        if piece[0] and x + 2 + cells(piece[0]) <= grid.width:
            x = grid.put(x + 2, 0, *piece)
    area = Area(0, 1, grid.width, grid.height - 1)
    if area.height > 0 and area.width > 0:
        scale = _scale(lines, view, 2)
        _canvas(grid, area, lines, view, scale)
        _signs(grid, area, lines, view, scale, grid.height - 1)
    return Picture(grid, area)


# -- words -----------------------------------------------------------------------------------------------------------


def _title(view: View) -> str:
    return "bright" if view.focused else "text"


def _value(value: float | None) -> str:
    return "–" if value is None else figure(value)


def _role(line: Line, view: View) -> str:
    """The role of a curve: its hue, nearer to the background while another one stands out."""
    if view.bright is not None and line.curve.key != view.bright:
        return f"faint{line.curve.hue}"
    return f"hue{line.curve.hue}"


def _entry(line: Line, view: View) -> tuple[Piece, Piece, Piece]:
    """Mark, name and value of a curve in the legend."""
    now = line.said(view.cursor)
    faded = view.bright is not None and line.curve.key != view.bright
    role = "bad" if now.state == "nan" else "dim" if faded or now.state is None else "bright" if view.bright else "text"
    name = "dim" if faded else "bright" if view.bright else "text"
    return (line.mark, _role(line, view)), (shown(line.curve.label), name), (_value(now.value), role)


def _notes(lines: Sequence[Line]) -> list[Piece]:
    """What the curves cannot show, in words."""
    states = [state for line in lines for _, state in line.track.odd]
    made = [
        (f"{states.count(state)} {word}", "bad")
        for state, word in (("nan", "NaN"), ("+inf", "+inf"), ("-inf", "-inf"))
        if state in states
    ]
    hidden = sum(line.track.hidden for line in lines)
    if hidden:
        made.append((f"{hidden} point{'s' if hidden > 1 else ''} ≤ 0 not shown", "warn"))
    if any(line.curve.series.history == "sampled" for line in lines):
        made.append(("sampled", "warn"))
    return made


def _settings(view: View) -> list[Piece]:
    words = ["log"] if view.log else []
    words += [f"smooth {view.smoothing:g}"] if view.smoothing else []
    words += ["zoom"] if view.zoomed else []
    return [(word, "dim") for word in words]


def _head(grid: Grid, lines: Sequence[Line], view: View) -> None:
    """Title on the left, what the curves cannot show and the settings on the right."""
    right = [*_notes(lines), *_settings(view)]
    while right and sum(cells(text) + 2 for text, _ in right) > grid.width - 12:
        right.pop()
    room = grid.width - sum(cells(text) + 2 for text, _ in right)
    x = grid.put(1, 0, clip(view.title, room - 2), _title(view)) if view.title else 0
    if len(lines) == 1:
        mark, name, value = _entry(lines[0], view)
        name = name if lines[0].curve.label != view.title else ("", "text")
        pieces = [mark, (" ", ""), name, (" " if name[0] else "", ""), value]
        if x + 2 + sum(cells(text) for text, _ in pieces) < room:
            grid.write(x + (2 if x else 1), 0, pieces)
    x = grid.width - sum(cells(text) + 2 for text, _ in right) + 1
    for piece in right:
        x = grid.put(x, 0, *piece) + 2


def _legend_above(grid: Grid, lines: Sequence[Line], view: View) -> int:
    """The legend in as few rows as it fits into, three at most; gives how many they are."""
    if len(lines) < 2:
        return 0
    most = 1 if grid.height < 16 else 2 if grid.height < 24 else 3
    x, y = 1, 1
    for number, line in enumerate(lines):
        mark, name, value = _entry(line, view)
        name = (clip(name[0], max(8, grid.width // 3)), name[1])
        size = cells(name[0]) + 2 + max(6, len(value[0])) + 1
        more = 0 if number == len(lines) - 1 else 4 if y == most else 0
        if x + size + more > grid.width - 1 and x > 1:
            if y == most:
                grid.put(x, y, f"+{len(lines) - number}", "dim")
                return y
            x, y = 1, y + 1
        grid.write(x, y, [mark, (" ", ""), name, (" ", ""), value])
        x += size + 2
    return y


def _panel_width(lines: Sequence[Line], view: View, width: int) -> int:
    return min(max(cells(shown(line.curve.label)) for line in lines) + 15, width // 3, 40)


def _legend_beside(grid: Grid, area: Area, lines: Sequence[Line], view: View, panel: int) -> None:
    x, room = grid.width - panel + 2, grid.height - 1
    shown_lines = lines if len(lines) <= room else lines[: room - 1]
    for row, line in enumerate(shown_lines, 1):
        mark, name, value = _entry(line, view)
        grid.write(x, row, [mark, (" ", ""), (clip(name[0], panel - 5 - len(value[0])), name[1])])
        grid.put(grid.width - 1 - len(value[0]), row, *value)
    if len(shown_lines) < len(lines):
        grid.put(x, room, f"+{len(lines) - len(shown_lines)} more", "dim")


# -- scales ----------------------------------------------------------------------------------------------------------


def _extremes(lines: Sequence[Line], view: View) -> tuple[float, float]:
    """Lowest and highest of what is in the window; what leads through it where no point is in it."""
    lows, highs = [], []
    for line in lines:
        at, end = window(line.track, view.start + line.origin, view.stop + line.origin)
        if at == end:
            at, end = max(0, at - 1), end + 1
        found = line.track.extremes(at, end)
        if found:
            lows.append(found[0])
            highs.append(found[1])
    return (min(lows), max(highs)) if lows else (1.0, 0.0)


def _scale(lines: Sequence[Line], view: View, rows: int) -> Scale:
    low, high = _extremes(lines, view)
    return fitted(low, high, rows, view.log) if low <= high else Scale(0.0, 1.0, view.log)


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
        return f"{int(x):,}".replace(",", " ")
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


def _column(view: View, area: Area, x: float) -> int:
    """The column of cells, within the area, in which x lies; outside of it where x is not in the window."""
    share = (x - view.start) / (view.stop - view.start)
    return min(int(share * area.width), area.width - 1) if 0 <= share <= 1 else -1


def _rules(grid: Grid, area: Area, scale: Scale, ticks: Sequence[Tick]) -> None:
    """Labels of the vertical axis, and a faint line across at each."""
    across = _SIGNS[is_ascii_only()].across
    for value, text in ticks:
        row = area.y + min(max(scale.dot(value, 4 * area.height), 0), 4 * area.height - 1) // 4
        grid.put(area.x, row, across * area.width, "rule")
        grid.put(area.x - 1 - len(text), row, text, "dim")


def _axis(grid: Grid, area: Area, view: View) -> None:
    """The horizontal axis: a rule, ticks, labels, and below the cursor where it stands."""
    signs, row = _SIGNS[is_ascii_only()], area.y + area.height
    grid.put(area.x, row, signs.rule * area.width, "rule")
    grid.put(max(0, area.x - 1 - len(_word(view))), row + 1, _word(view), "dim")
    free = 0
    taken = range(0)
    if view.cursor is not None and (here := _column(view, area, view.cursor)) >= 0:
        text = _here(view, view.cursor)
        x = min(max(area.x + here - len(text) // 2, area.x), grid.width - len(text) - 1)
        grid.put(x, row + 1, text, "mark")
        taken = range(x - 1, x + len(text) + 1)
    for value, text in _ticks(view, max(2, area.width // 12)):
        column = _column(view, area, value)
        if column < 0:
            continue
        grid.put(area.x + column, row, signs.tick, "rule")
        x = min(max(area.x + column - len(text) // 2, area.x), area.x + area.width - len(text))
        if x >= free and not (taken and x < taken.stop and x + len(text) > taken.start):
            free = grid.put(x, row + 1, text, "dim") + 2


def _back_to_front(lines: Sequence[Line], view: View) -> list[Line]:
    bright = [line for line in lines if line.curve.key == view.bright]
    return [*(line for line in reversed(lines) if line not in bright), *bright]


def _canvas(grid: Grid, area: Area, lines: Sequence[Line], view: View, scale: Scale) -> None:
    """All curves: the ranges behind, then the lines; the first lies over the others, the bright one over all."""
    canvas, roles = Canvas(area.width, area.height), [""]
    order = _back_to_front(lines, view)
    fronts: list[tuple[Line, list[Bin]]] = []
    for line in order:
        start, stop = view.start + line.origin, view.stop + line.origin
        found = bins(line.track, start, stop, 2 * area.width)
        at, end = window(line.track, start, stop)
        if not view.smoothing and end - at <= _DENSE * 2 * area.width:
            fronts.append((line, found))
            continue
        behind = Layer(area.width, area.height)
        trace(behind, found, line.track, scale, start, stop)
        roles.append(f"faint{line.curve.hue}")
        if view.bright in (None, line.curve.key):
            canvas.lay(behind, len(roles) - 1)
        smooth = line.track.smooth(view.smoothing)
        fronts.append((line, means(line.track, smooth, start, stop, 2 * area.width)))
    for line, found in fronts:
        layer = Layer(area.width, area.height)
        trace(layer, found, line.track, scale, view.start + line.origin, view.stop + line.origin)
        roles.append(_role(line, view))
        canvas.lay(layer, len(roles) - 1)
    for row in range(area.height):
        texts, owners = canvas.row(row)
        into, whose = grid.texts[area.y + row], grid.roles[area.y + row]
        for column, owner in enumerate(owners):
            if owner:
                into[area.x + column] = texts[column]
                whose[area.x + column] = roles[owner]


def trace(layer: Layer, found: Sequence[Bin], track: Track, scale: Scale, start: float, stop: float) -> None:
    """Draw bins as one line: the range of each column, joined to the next; and the way in and out of the window."""
    dots, dot = 4 * layer.height, scale.dot
    before = row = -1
    for column, first, low, high, last, joined in found:
        if low == high:
            top = bottom = entry = leave = dot(low, dots)
        else:
            top, bottom, entry, leave = dot(high, dots), dot(low, dots), dot(first, dots), dot(last, dots)
        layer.run(column, top, bottom)
        if joined:
            _link(layer, before, row, column, entry)
        before, row = column, leave
    _ways(layer, found, track, scale, start, stop)


def _ways(layer: Layer, found: Sequence[Bin], track: Track, scale: Scale, start: float, stop: float) -> None:
    """The line from the last point before the window, and to the first after it."""
    dots, width = 4 * layer.height, (stop - start) / (2 * layer.width)
    at, end = window(track, start, stop)

    def outside(place: int) -> tuple[int, int]:
        column = (track.xs[place] - start) / width
        return int(min(max(column, -1e9), 1e9)) - (column < 0), scale.dot(track.ys[place], dots)

    into = 0 < at < len(track.xs) and at not in track.cuts
    if into and at == end:
        _link(layer, *outside(at - 1), *outside(at))
        return
    if into:
        _link(layer, *outside(at - 1), found[0][0], scale.dot(found[0][1], dots))
    if at < end < len(track.xs) and end not in track.cuts:
        _link(layer, found[-1][0], scale.dot(found[-1][4], dots), *outside(end))


def _link(layer: Layer, left: int, one: int, right: int, other: int) -> None:
    """A line between two dots, as the vertical run that it makes in each column."""
    if right - left == 1:
        if abs(one - other) > 1:
            middle = (one + other) // 2
            layer.run(left, min(one, middle), max(one, middle))
            layer.run(right, min(other, middle), max(other, middle))
        return
    slope = (other - one) / (right - left)
    for column in range(max(left, 0), min(right, 2 * layer.width - 1) + 1):
        start = one + slope * (max(column - 0.5, left) - left)
        stop = one + slope * (min(column + 0.5, right) - left)
        # the run ends a dot before the next one begins, or a slope would look thicker than a level
        first, last = sorted((round(start), round(stop)))
        layer.run(column, first, max(first, last - (column < right)) if slope > 0 else last)


def _signs(grid: Grid, area: Area, lines: Sequence[Line], view: View, scale: Scale, nan_row: int) -> None:
    """What stands before the curves: marks, what cannot be drawn, the cursor, and each curve's own mark at its end."""
    signs = _SIGNS[is_ascii_only()]
    for x, text in view.marks:
        if (column := _column(view, area, x)) >= 0:
            _upright(grid, area, column, signs.mark, "dim")
            grid.put(area.x + column + 1, area.y, clip(text, max(0, area.width - column - 1)), "dim")
    if view.cursor is not None and (column := _column(view, area, view.cursor)) >= 0:
        _upright(grid, area, column, signs.cursor, "mark")
    for line in reversed(lines):
        _odd(grid, area, line, view, nan_row, "bad" if len(lines) == 1 else _role(line, view))
        _points(grid, area, line, view, scale)
    for line in _back_to_front(lines, view):
        _own_marks(grid, area, line, view, scale)


def _upright(grid: Grid, area: Area, column: int, sign: str, role: str) -> None:
    """A vertical line behind the curves."""
    free = (" ", _SIGNS[is_ascii_only()].across)
    for row in range(area.y, area.y + area.height):
        if grid.texts[row][area.x + column] in free:
            grid.put(area.x + column, row, sign, role)


def _odd(grid: Grid, area: Area, line: Line, view: View, nan_row: int, role: str) -> None:
    """NaN on the axis, the infinities at the edges where they have left."""
    signs = _SIGNS[is_ascii_only()]
    rows = {"nan": nan_row, "+inf": area.y, "-inf": area.y + area.height - 1}
    glyphs = {"nan": signs.nan, "+inf": signs.up, "-inf": signs.down}
    for column, state in {(_column(view, area, x - line.origin), state) for x, state in line.track.odd}:
        if column >= 0:
            grid.put(area.x + column, rows[state], glyphs[state], role)


def _place(grid: Grid, area: Area, view: View, scale: Scale, x: float, y: float, sign: str, role: str) -> None:
    column, row = _column(view, area, x), scale.dot(y, 4 * area.height) // 4
    if column >= 0 and 0 <= row < area.height:
        grid.put(area.x + column, area.y + row, sign, role)


def _points(grid: Grid, area: Area, line: Line, view: View, scale: Scale) -> None:
    """A dot at each point where there are few of them; a lone point between gaps gets the curve's mark."""
    track, role = line.track, _role(line, view)
    at, end = window(track, view.start + line.origin, view.stop + line.origin)
    if (end - at) * _SPARSE > 2 * area.width:
        return
    for place in range(at, end):
        alone = (place == 0 or place in track.cuts) and (place + 1 == len(track.xs) or place + 1 in track.cuts)
        if alone or not view.smoothing:
            sign = line.mark if alone else _SIGNS[is_ascii_only()].dot
            _place(grid, area, view, scale, track.xs[place] - line.origin, track.ys[place], sign, role)


def _own_marks(grid: Grid, area: Area, line: Line, view: View, scale: Scale) -> None:
    """The curve's mark at its last point, and where the cursor stands."""
    track, role = line.track, _role(line, view)
    ys = track.smooth(view.smoothing)
    if not track.xs:
        return
    _place(grid, area, view, scale, track.xs[-1] - line.origin, ys[-1], line.mark, role)
    if view.cursor is not None:
        place = window(track, view.start, view.cursor + line.origin)[1] - 1
        if place >= 0 and view.cursor + line.origin <= track.all_xs[-1]:
            _place(grid, area, view, scale, view.cursor, ys[place], line.mark, role)
