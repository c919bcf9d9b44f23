"""Aliases over time, a line each: `champion  ──v12──┊──v13────┊v14`. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from itertools import pairwise
from typing import Final

from ..app.text import cells, clip, fit, pad
from ..widgets.figures import moment
from ..widgets.line import Piece
from .alias_history import Lane, Stretch
from .model_words import held_by, held_since, version_name

LONGEST_ALIAS, LABEL = 16, 10
"""Cells of an alias's name beside its lane, and of a version in it."""

STANDING = ((100, 32), (64, 24), (0, 0))
"""In a line of so many cells, cells beyond the lane that say since when the alias is where it is, and by whom."""

GONE: Final = "gone"


def lane_lines(lanes: Sequence[Lane], width: int, now: int, most: int = 4) -> list[list[Piece]]:
    """A line for each of the first lanes, all on one scale of time; one more that counts the others."""
    some = lanes if len(lanes) <= most else lanes[: most - 1]
    start = begin(some)
    name = max((cells(clip(lane.alias, LONGEST_ALIAS)) for lane in some), default=0)
    standing = _standing_room(width)
    room = max(8, width - name - 4 - standing)
    made: list[list[Piece]] = []
    for lane in some:
        head: Piece = (f" {pad(clip(lane.alias, name), name)}  ", "text" if lane.held is not None else "dim")
        made.append([head, *lane_pieces(lane, room, start, now), *(_standing(lane, now, standing) if standing else ())])
    if len(lanes) > len(some):
        others = ", ".join(_other(lane) for lane in lanes[len(some) :])
        made.append([(fit(f" and {others}", width), "dim")])
    return made


def scale_line(lanes: Sequence[Lane], width: int, now: int, zone: tzinfo) -> list[Piece]:
    """Where the lanes of these aliases begin and end in time."""
    start = begin(lanes)
    if start is None:
        return []
    name = max((cells(clip(lane.alias, LONGEST_ALIAS)) for lane in lanes), default=0)
    room = max(8, width - name - 4 - _standing_room(width))
    since = moment(start, now, zone)
    return [(" " * (name + 3) + pad(since, room - 3) + "now", "dim")]


def begin(lanes: Sequence[Lane]) -> int | None:
    """When the first of these was seen; None where nothing was."""
    return min((lane.stretches[0].since for lane in lanes if lane.stretches), default=None)


def _other(lane: Lane) -> str:
    return f"{clip(lane.alias, LONGEST_ALIAS)} {version_name(lane.held) if lane.held is not None else GONE}"


def _standing_room(width: int) -> int:
    return next(room for least, room in STANDING if width >= least)


def _standing(lane: Lane, now: int, room: int) -> list[Piece]:
    who, role = held_by(lane)
    since = held_since(lane, now)
    return [(f"  {since:>5}  ", "text"), (fit(who, room - 9), role)]


def lane_pieces(lane: Lane, width: int, start: int | None, now: int) -> list[Piece]:
    """The lane in exactly `width` cells, time running to the right; the oldest stretches go where there is no room."""
    if not lane.stretches or start is None:
        name = version_name(lane.held, LABEL) if lane.held is not None else GONE
        return [("──", "dim"), (name, "text"), (pad("   nobody saw how it came there", width - 2 - cells(name)), "dim")]
    places, shown = _places(lane.stretches, width, start, now)
    made: list[Piece] = []
    if places[0]:
        made.append((" " * places[0], "dim"))
    for at, (one, (here, end)) in enumerate(zip(shown, pairwise([*places, width]), strict=True)):
        is_cut = at == 0 and (one.is_older or len(shown) < len(lane.stretches))
        made += _stretch(one, end - here, first=at == 0, last=at == len(shown) - 1, is_cut=is_cut)
    return made


def _places(stretches: Sequence[Stretch], width: int, start: int, now: int) -> tuple[list[int], Sequence[Stretch]]:
    """Where each stretch begins: as its time says, moved where its label has no room; and those that have a place."""
    span = max(1, now - start)
    places: list[int] = []
    end = width
    for one in reversed(stretches):
        by_time = max(0, one.since - start) * width // span
        here = min(by_time, end - _least(one))
        if here < 0:
            break
        places.append(here)
        end = here
    places.reverse()
    shown = stretches[len(stretches) - len(places) :]
    if len(shown) < len(stretches):
        places[0] = 0
    return places, shown


def _label(one: Stretch) -> str:
    name = version_name(one.version, LABEL) if one.version is not None else GONE
    return f"?{name}" if one.is_unexplained else name


def _least(one: Stretch) -> int:
    return cells(_label(one)) + 1


def _stretch(one: Stretch, width: int, *, first: bool, last: bool, is_cut: bool) -> list[Piece]:
    edge = ("‹" if is_cut else "─") if first else "┊"
    label, fill = _label(one), "─" if one.version is not None else " "
    edge = " " if first and one.version is None else edge
    room = width - 1 - cells(label)
    lead = min(2, room // 2)
    role = "warn" if one.is_unexplained else "dim" if one.version is None else "bright" if last else "text"
    return [(edge + fill * lead, "dim"), (label, role), (fill * (room - lead), "dim")]
