"""The line of deck, on top of every screen: project, tabs with what stands badly in them, how fresh Git is, the zone.

Pure functions.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size

from ..app.text import cells, shown
from ..widgets.freshness import freshness
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .deck import Deck

TABS: tuple[tuple[str, str, str], ...] = (
    ("1", "Watch", "watch"),
    ("2", "Runs", "runs"),
    ("3", "Models", "models"),
    ("4", "Checks", "checks"),
    ("5", "Pipelines", "pipelines"),
    ("6", "Lineage", "lineage"),
    ("7", "Serving", "serving"),
    ("8", "Infra", "infra"),
    ("9", "Events", "events"),
)
"""The screens that a digit opens: key, title, mode."""

LEAST = Size(60, 12)
"""A smaller terminal is said to be too small. Made for 80x24; what lies between loses columns and tabs only."""

LEAST_RIGHT = 24
"""Columns that are left to how fresh Git is and to the zone where there is no room for all tabs."""


def deck_left(deck: Deck, tab: str, size: Size) -> list[Piece]:
    """The project and as many tabs as fit, `tab` bright; or that the terminal is too small."""
    if too_small := _too_small(size):
        return [(too_small, "warn")]
    made = _project(deck)
    room = size.width - _width(made) - 1
    modes = tuple(mode for _, _, mode in TABS)
    whole, dense = _tabs(deck, modes, tab), _tabs(deck, modes, tab, gap=" ")
    if _width(whole) <= room - LEAST_RIGHT:
        return [*made, *whole]
    if _width(dense) < room - cells(deck.zone_name) - 2:  # closer together: what tells how fresh all is stays beside
        return [*made, (" ", "text"), *dense]
    for mode in (mode for _, _, mode in TABS if mode in deck.areas):  # digits work without their names
        one = _tabs(deck, (mode,), tab)
        room -= _width(one)
        made += one if room > LEAST_RIGHT else []
    return made


def deck_right(deck: Deck, tab: str, size: Size) -> list[Piece]:
    """How fresh Git is, and the zone of all times."""
    if _too_small(size):
        return []
    git = deck.state_of("git")
    said = [("git local only", "dim")] if deck.local_only else freshness(git, deck.now()) if git else []
    zone: Piece = (f"{deck.zone_name} ", "dim")
    room = size.width - _width(deck_left(deck, tab, size)) - 1
    forms: tuple[list[Piece], ...] = ([*said, ("   times ", "dim"), zone], [*said, ("   ", "dim"), zone])
    # what tells the zone stays longest: a time without it is none
    return next((form for form in forms if _width(form) <= room), [zone])


def _too_small(size: Size) -> str:
    """What stands on top where nothing below it can be read; empty where there is room."""
    width, height = size
    if width >= LEAST.width and height >= LEAST.height:
        return ""
    return f" 80x24 or more, this is {width}x{height}" if width >= 32 else f"80x24+, is {width}x{height}"


def _project(deck: Deck) -> list[Piece]:
    made: list[Piece] = [(f" {shown(deck.project)}", "bright")]
    if deck.environment:
        made.append((f"  {shown(deck.environment).upper()}", "warn"))
    if deck.read_only:
        made.append(("  read-only", "accent"))
    return made


def _tabs(deck: Deck, modes: Sequence[str], bright: str, gap: str = "  ") -> list[Piece]:
    """`7 Serving ✖`: key and title, the one that is open bright, with the worst that needs attention in it."""
    made: list[Piece] = []
    for key, title, mode in TABS:
        if mode in modes:
            status = deck.areas.get(mode)
            made += [(f"{gap}{key} ", "dim"), (title, "bright" if mode == bright else "text")]
            made += [(f" {glyph(status)}", sign(status).role)] if status else []
    return made


def _width(pieces: Sequence[Piece]) -> int:
    return sum(cells(text) for text, _ in pieces)
