"""What is drawn on a chart, and how it is looked at: what the parts of its picture share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Final, NamedTuple

from .curves import Axis, Curve, Reading, Track, reading, window
from .grid import Grid
from .status import is_ascii_only


@dataclass(frozen=True)
class Line:
    """A curve as it is drawn."""

    curve: Curve
    track: Track
    mark: str
    origin: float = 0.0
    """What is taken from the track's x: the start of its run on a relative axis."""

    def said(self, x: float | None, weight: float = 0.0, log: bool = False) -> Reading:
        """What it says at x, or in the end; with a weight of smoothing what its smoothed line says too."""
        return reading(self.curve, self.track, None if x is None else x + self.origin, weight, log)


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
    levels: tuple[tuple[float, str], ...] = ()
    """Values that are told by a line across, and what it says: never outside the picture."""
    compact: bool = False
    stripe: int = 0
    """Columns that are painted together; 0: all of them."""


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


class Signs(NamedTuple):
    """What is drawn beside curves and text, one character each."""

    cursor: str
    rule: str
    tick: str
    across: str
    mark: str
    nan: str
    up: str
    down: str
    dot: str
    level: str


_SIGNS: Final = (
    Signs("│", "─", "┬", "┈", "┊", "×", "↑", "↓", "•", "╌"),
    Signs("|", "-", "+", ".", ":", "x", "^", "v", "*", "-"),
)


def signs() -> Signs:
    """The signs that this terminal draws."""
    return _SIGNS[is_ascii_only()]


def role_of(line: Line, view: View) -> str:
    """The role of a curve: its hue, nearer to the background while another one stands out."""
    if view.bright is not None and line.curve.key != view.bright:
        return f"faint{line.curve.hue}"
    return f"hue{line.curve.hue}"


def extremes(lines: Sequence[Line], view: View) -> tuple[float, float]:
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


def column_of(view: View, area: Area, x: float) -> int:
    """The column of cells, within the area, in which x lies; outside of it where x is not in the window."""
    share = (x - view.start) / (view.stop - view.start)
    return min(int(share * area.width), area.width - 1) if 0 <= share <= 1 else -1
