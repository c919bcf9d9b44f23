"""The columns of the list of events. Cells are pure functions of a line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, tzinfo

from ..app.records import Event
from ..app.text import clip, fit
from ..widgets.figures import age, moment
from ..widgets.line import Piece
from ..widgets.record_table import Column
from ..widgets.status import glyph
from .event_rows import EventLine
from .event_words import DATE, RANGE, actor_role, actor_said, gap_said, kind_piece, subject_said, title_of, when_said

WIDE = 100
"""Columns of a terminal from which on a stretch of time has room."""

KIND, KIND_IN_SHORT = 29, 22
"""Cells of a kind: the longest has 27 letters."""

Cell = Callable[[Event, int], Piece]


def _of_event(cell: Cell) -> Callable[[EventLine], Piece]:
    def either(line: EventLine) -> Piece:
        return cell(line.event, line.now) if line.event is not None else ("", "text")

    return either


def columns(zone: tzinfo = UTC, room: int = 120, sources: Mapping[str, str] | None = None) -> list[Column[EventLine]]:
    """Every column, where the terminal has `room` columns. `sources`: labels by their keys."""
    named = sources or {}
    wide = RANGE if room >= WIDE else DATE
    kind = KIND if room >= WIDE else KIND_IN_SHORT

    def made(key: str, title: str, cell: Cell, width: int, rank: int, grow: int = 0) -> Column[EventLine]:
        return Column(key=key, title=title, cell=_of_event(cell), width=width, rank=rank, grow=grow > 0, most=grow)

    return [
        made("at", "when", lambda one, now: (when_said(one, now, zone, wide), "text"), wide, 0),
        made("kind", "what", lambda one, now: kind_piece(one, kind), kind, 1),
        made("title", "title", lambda one, now: (title_of(one), "text"), 28, 0, grow=90),
        made("actor", "who", lambda one, now: (actor_said(one), actor_role(one)), 16, 2),
        made("subject", "of", lambda one, now: (clip(subject_said(one), 60), "dim"), 18, 3, grow=16),
        made("age", "age", lambda one, now: (age(one.at, now), "dim"), 5, 7),
        made("source", "source", lambda one, now: (clip(named.get(one.source or "", ""), 14), "dim"), 12, 6),
        made("seen", "seen", lambda one, now: (moment(one.seen_at, now, zone), "dim"), DATE, 8),
        made("id", "id", lambda one, now: (clip(one.id, 16), "dim"), 16, 9),
    ]


USUAL = ("at", "kind", "title", "actor", "subject")


def across(line: EventLine, room: int, zone: tzinfo = UTC) -> list[Piece] | None:
    """`▲ no sync 19:02–20:55: times in it are ranges`; None for an event."""
    if line.gap is None:
        return None
    return [(fit(f"{glyph('stale')} {gap_said(line.gap, line.now, zone)}", room), "warn")]
