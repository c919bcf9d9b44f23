"""The picture of many points: one figure against another, or against a few words. Pure: points in, cells out.

Few points are signs of their own; many are dots, eight to a cell. Points that would lie on one another stand side by
side where the axis has room, in an order that does not change: nothing is scattered by chance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import compress, pairwise
from math import ceil, isfinite, isnan, log10, nan
from sys import float_info
from typing import Final, NamedTuple

from ..app.text import cells, clip
from .braille import Canvas, Layer
from .figures import count
from .grid import Grid
from .line import Piece
from .scales import Scale, Tick, fitted, y_ticks
from .status import is_ascii_only

KINDS: Final = (("ended", "●", "*", "hue0"), ("running", "▶", ">", "run"), ("failed", "✖", "X", "bad"))
"""Word, sign, its stand-in and role of each kind of point, by the kind's number."""

_IS: Final = tuple(bytes(kind == byte for byte in range(256)) for kind in range(len(KINDS)))

BEST: Final = ("★", "#", "good")
BASELINE: Final = ("◆", "+", "bright")
MARKED: Final = ("*", "*", "mark")

FEW: Final = 6
"""So many cells to a point, and each point gets a sign."""
MOST_SIGNS: Final = 400
_STACKED: Final = 60
"""Columns at most in which points are set side by side: with more there is no room between them."""
_AMONG_DOTS: Final = 30
"""So many cells to a point that failed or runs, and those keep their sign among dots."""
_FAR: Final = 100.0
"""A range in which the largest is so many times the smallest is proposed to be looked at by powers of ten."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Points, a column a figure."""

    xs: Sequence[float]
    """Finite figures; with categories their places, 0, 1, 2 ..."""
    ys: Sequence[float]
    kinds: bytes
    """A place in KINDS each."""
    categories: tuple[str, ...] | None = None
    """Foreign texts, exact."""
    notes: tuple[Piece, ...] = ()
    """What the picture cannot show, in words."""

    def __len__(self) -> int:
        return len(self.xs)


@dataclass(frozen=True, slots=True)
class Look:
    """How they are looked at."""

    log_x: bool = False
    log_y: bool = False
    best: int | None = None
    baseline: int | None = None
    marked: frozenset[int] = field(default_factory=frozenset)


class Area(NamedTuple):
    """Where the points stand in the picture, in cells."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Placed:
    """Where each point is: its cell in the picture, and its dot within the area."""

    area: Area
    columns: list[int]
    """In dots, two to a cell; -1 for a point that a log axis cannot show."""
    rows: list[int]
    """In dots, four to a cell, from the top."""
    hidden: int
    signs: bool
    """Whether each point has a sign of its own."""

    def cell(self, point: int) -> tuple[int, int] | None:
        """Column and row of the point's cell in the picture."""
        if self.columns[point] < 0:
            return None
        return self.area.x + self.columns[point] // 2, self.area.y + self.rows[point] // 4


class Drawn(NamedTuple):
    """A picture, and where the points are in it."""

    grid: Grid
    placed: Placed


def spans_far(values: Sequence[float]) -> bool:
    """Whether a log axis is proposed: all above 0, the largest more than 100 times the smallest."""
    return bool(values) and min(values) > 0 and max(values) > _FAR * min(values)


def draw(cloud: Cloud, look: Look, width: int, height: int) -> Drawn:
    """The picture on `width` x `height` cells: a head, the points, an axis below. At least 20x6 says something."""
    grid = Grid(width, height)
    rows = max(1, height - 3)
    xs = _logs(cloud.xs) if look.log_x and cloud.categories is None else cloud.xs
    ys = _logs(cloud.ys) if look.log_y else cloud.ys
    low, high = _range(ys, look.log_y)
    scale = fitted(low, high, rows, look.log_y) if low <= high else Scale(0.0, 1.0, look.log_y)
    ends = _ends(cloud, xs, look.log_x)
    ticks = y_ticks(scale, rows)
    gutter = max([6, *(len(text) + 1 for _, text in ticks)])
    area = Area(gutter + 1, 1, max(4, width - gutter - 2), rows)
    placed = _place(cloud, xs, ys, ends, scale, area)
    _across(grid, area, scale, ticks)
    _axis(grid, area, cloud, look, ends)
    if placed.signs:
        _put_signs(grid, cloud, placed)
    else:
        _put_dots(grid, cloud, placed)
    for point, sign in _special(look):
        _put(grid, placed, point, sign)
    _head(grid, cloud, look, placed)
    return Drawn(grid, placed)


def sign_of(cloud: Cloud, look: Look, point: int) -> Piece:
    """How one point looks by itself."""
    _, sign, plain, role = KINDS[cloud.kinds[point]]
    for special, (own, own_plain, own_role) in ((look.best, BEST), (look.baseline, BASELINE)):
        if point == special:
            sign, plain, role = own, own_plain, own_role
    return (plain if is_ascii_only() else sign), role


# -- where they are


def _logs(values: Sequence[float]) -> list[float]:
    """Powers of ten; NaN for what is none."""
    return [log10(value) if value > 0 else nan for value in values]


def _range(values: Sequence[float], log: bool) -> tuple[float, float]:
    """Lowest and highest; the other way round where there is none."""
    known = [value for value in values if value == value] if log else values  # NaN alone differs from itself
    return (min(known), max(known)) if known else (1.0, 0.0)


def _ends(cloud: Cloud, xs: Sequence[float], log: bool) -> tuple[float, float]:
    """The ends of the horizontal axis, a little beyond the outermost points; powers of ten on a log axis."""
    if cloud.categories is not None:
        return -0.5, len(cloud.categories) - 0.5
    low, high = _range(xs, log)
    if low > high:
        return 0.0, 1.0
    pad = (high / 32 - low / 32) or abs(high) * 0.1 or 1.0
    return max(low - pad, -float_info.max), min(high + pad, float_info.max)


def _place(
    cloud: Cloud, xs: Sequence[float], ys: Sequence[float], ends: tuple[float, float], scale: Scale, area: Area
) -> Placed:
    signs = len(cloud) <= min(MOST_SIGNS, area.width * area.height // FEW)
    columns = _spread_out(xs, *ends, 2 * area.width)
    rows = _spread_out(ys, scale.high, scale.low, 4 * area.height)
    hidden = 0
    if xs is not cloud.xs or ys is not cloud.ys:
        gone = [point for point, (x, y) in enumerate(zip(columns, rows, strict=True)) if x < 0 or y < 0]
        hidden = len(gone)
        for point in gone:
            columns[point] = -1
    if signs:  # what stands side by side are cells
        columns, rows = [column >> 1 for column in columns], [row >> 2 for row in rows]
    _set_apart(columns, rows, area.width if signs else 2 * area.width)
    if signs:
        columns, rows = [2 * column if column >= 0 else -1 for column in columns], [4 * row + 1 for row in rows]
    return Placed(area, columns, rows, hidden, signs)


def _spread_out(values: Sequence[float], first: float, last: float, dots: int) -> list[int]:
    """Where each value lies among so many dots from first to last; -1 for NaN."""
    step = (dots - 1) / (last - first)
    if not isfinite(step) or not step or not isfinite(last - first):
        # further apart than a float holds, or nearer: the halves are not, and their shares of the whole are plain
        whole = last / 2 - first / 2 or 1.0
        step, values, first = float(dots - 1), [(value / 2 - first / 2) / whole for value in values], 0.0
    if any(map(isnan, values)):
        return [-1 if value != value else min(max(int((value - first) * step + 0.5), 0), dots - 1) for value in values]
    found = [int((value - first) * step + 0.5) for value in values]
    if found and not 0 <= min(found) <= max(found) < dots:  # rounding at the ends of all numbers
        return [min(max(dot, 0), dots - 1) for dot in found]
    return found


def _set_apart(columns: list[int], rows: list[int], wide: int) -> None:
    """Puts points of one place beside each other: the second to the right, the third to the left, and so on."""
    own = sorted({column for column in columns if column >= 0})
    if not own or len(own) > _STACKED:
        return
    gaps = [right - left for left, right in pairwise(own)]
    # a column keeps a cell of air to its neighbour; one at the edge may not leave the picture
    reach = min([(min(gaps) - 1) // 2 if gaps else wide // 4, own[0], wide - 1 - own[-1]])
    if reach < 1:
        return
    there: Counter[tuple[int, int]] = Counter()
    for point, (column, row) in enumerate(zip(columns, rows, strict=True)):
        if column < 0:
            continue
        number = there[column, row]
        there[column, row] += 1
        away = (number % (2 * reach + 1) + 1) // 2
        columns[point] = column + (away if number % (2 * reach + 1) % 2 else -away)


# -- drawing


def _across(grid: Grid, area: Area, scale: Scale, ticks: Sequence[Tick]) -> None:
    """Labels of the vertical axis, and a faint line across at each."""
    dot = scale.rows(4 * area.height)
    for value, text in ticks:
        row = area.y + min(max(dot(value), 0), 4 * area.height - 1) // 4
        grid.put(area.x, row, ("." if is_ascii_only() else "┈") * area.width, "rule")
        grid.put(area.x - 1 - len(text), row, text, "dim")


def _axis(grid: Grid, area: Area, cloud: Cloud, look: Look, ends: tuple[float, float]) -> None:
    row = area.y + area.height
    grid.put(area.x, row, ("-" if is_ascii_only() else "─") * area.width, "rule")
    labels = list(_labels(cloud, look, ends, area.width))
    free = 0
    for column, text in labels:
        if not 0 <= column < area.width:
            continue
        grid.put(area.x + column, row, "+" if is_ascii_only() else "┬", "rule")
        x = min(max(area.x + column - cells(text) // 2, area.x), area.x + area.width - cells(text))
        if x >= free:
            free = grid.put(x, row + 1, text, "dim") + 2


def _labels(cloud: Cloud, look: Look, ends: tuple[float, float], width: int) -> Iterator[tuple[int, str]]:
    """Column within the area and text of each label of the horizontal axis."""
    low, high = ends
    if cloud.categories is not None:
        band = width / len(cloud.categories)
        every = max(1, ceil(8 / band))
        for place in range(0, len(cloud.categories), every):
            room = max(4, int(band * every) - 2)
            yield int((place + 0.5) * band), clip(cloud.categories[place], room) or "(empty)"
        return
    distinct = sorted(set(cloud.xs)) if len(cloud) < 5_000 else []
    if 0 < len(distinct) <= width // 10:
        # few values are named as they are: nobody tried 0.025
        for x in distinct:
            if x > 0 or not look.log_x:
                yield _column(log10(x) if look.log_x else x, low, high, width), f"{x:.6g}"
        return
    for value, text in y_ticks(Scale(low, high, look.log_x), 3 * max(2, width // 12)):
        yield _column(value, low, high, width), text


def _column(value: float, low: float, high: float, width: int) -> int:
    share = (value / 2 - low / 2) / (high / 2 - low / 2)
    return int((share * (2 * width - 1) + 0.5) // 2)


def _put_signs(grid: Grid, cloud: Cloud, placed: Placed) -> None:
    for kind in (0, 2, 1):  # what still runs lies on top
        _put_kind(grid, cloud, placed, kind)


def _put_kind(grid: Grid, cloud: Cloud, placed: Placed, kind: int) -> None:
    for point in compress(range(len(cloud)), cloud.kinds.translate(_IS[kind])):
        _put(grid, placed, point, KINDS[kind][1:])


def _put(grid: Grid, placed: Placed, point: int, sign: tuple[str, str, str]) -> None:
    cell = placed.cell(point)
    if cell is not None:
        grid.put(*cell, sign[1] if is_ascii_only() else sign[0], sign[2])


def _put_dots(grid: Grid, cloud: Cloud, placed: Placed) -> None:
    area, canvas = placed.area, Canvas(placed.area.width, placed.area.height)
    tall, roles = 4 * area.height, [""]
    dots = [column * tall + row for column, row in zip(placed.columns, placed.rows, strict=True)]
    for kind in (0, 2, 1):
        layer = Layer(area.width, area.height)
        owned = compress(dots, cloud.kinds.translate(_IS[kind]))
        layer.sow(dot for dot in owned if dot >= 0) if placed.hidden else layer.sow(owned)
        roles.append(KINDS[kind][3])
        canvas.lay(layer, len(roles) - 1)
    for row in range(area.height):
        texts, owners = canvas.row(row)
        for column, owner in enumerate(owners):
            if owner:
                grid.put(area.x + column, area.y + row, texts[column], roles[owner])
    for kind in (2, 1):
        if cloud.kinds.count(kind) <= area.width * area.height // _AMONG_DOTS:
            _put_kind(grid, cloud, placed, kind)


def _special(look: Look) -> Iterator[tuple[int, tuple[str, str, str]]]:
    yield from ((point, MARKED) for point in look.marked)
    for point, sign in ((look.baseline, BASELINE), (look.best, BEST)):
        if point is not None:
            yield point, sign


def _head(grid: Grid, cloud: Cloud, look: Look, placed: Placed) -> None:
    """What the signs mean, and on the right what cannot be seen."""
    right = [*cloud.notes]
    if placed.hidden:
        right.append((f"{count(placed.hidden)} ≤ 0 not shown", "warn"))
    right += [(word, "dim") for word, on in (("log x", look.log_x), ("log y", look.log_y)) if on]
    at = grid.width + 1 - sum(cells(text) + 2 for text, _ in right)
    while right and at < placed.area.x:
        at += cells(right.pop(0)[0]) + 2
    x, room = placed.area.x, at - placed.area.x - 2
    for piece in right:
        at = grid.put(at, 0, *piece) + 2
    for sign, text in _legend(cloud, look):
        if cells(text) + 4 <= room:
            room -= cells(text) + 4
            x = grid.write(x, 0, [sign, (f" {text}", "dim")]) + 2


def _legend(cloud: Cloud, look: Look) -> Iterator[tuple[Piece, str]]:
    plain = is_ascii_only()
    if look.best is not None:
        yield (BEST[plain], BEST[2]), "best"
    if look.baseline is not None:
        yield (BASELINE[plain], BASELINE[2]), "baseline"
    for kind, (word, sign, stand_in, role) in enumerate(KINDS):
        if number := cloud.kinds.count(kind):
            yield (stand_in if plain else sign, role), f"{count(number)} {word}"
