"""How old what stands on the screen is, and how its source is doing. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, tzinfo

from ..app.records import Gap, SourceState
from ..app.text import cells, fit, shown
from .figures import MINUTE, age, count, moment
from .line import Piece
from .status import glyph, sign

STALE_AFTER = 5 * MINUTE
"""An answer older than this is said to be stale, whatever the schedule: nobody at 3 a.m. should have to reckon."""

CAUSE = 12
"""Cells of the cause that are left on a narrow line: enough for the name of a host."""


def condition(state: SourceState, now: int) -> str:
    """The source's state, `stale` when its last good answer, or the copy that it reads, is old."""
    old = state.last_ok_at is None or now - (state.as_of or state.last_ok_at) > STALE_AFTER
    return "stale" if state.state == "ok" and old else state.state


def freshness(state: SourceState, now: int) -> list[Piece]:
    """`mlflow ● now`, `mlflow ▲ stale 12 m`, `mlflow ▶ 3 200 of 5 000`."""
    name: Piece = (f"{shown(state.name)} ", "dim")
    if state.done is not None and state.state in ("ok", "never"):
        of = f" of {count(state.total)}" if state.total else ""
        return [name, (f"{glyph('running')} {count(state.done)}{of}", "run")]
    found = condition(state, now)
    word = "" if found == "ok" else f" {found.replace('_', ' ')}"
    old = age(state.as_of or state.last_ok_at, now)
    return [name, (f"{glyph(found)}{word}", sign(found).role), (f" {old}".rstrip(), "dim")]


def each_freshness(states: Sequence[SourceState], now: int) -> list[Piece]:
    """The same of several sources, two cells apart."""
    return [piece for state in states for piece in (*freshness(state, now), ("  ", "text"))][:-1]


def trouble(
    states: Sequence[SourceState], now: int, zone: tzinfo = UTC, width: int | None = None
) -> list[Piece]:  # fmt: skip
    """One line on the source that is worst off, with what to do; empty when all is well.

    In `width` cells what to do is kept, at the cost of the cause: it stands at the end of a sentence.
    """
    bad = [state for state in states if condition(state, now) not in ("ok", "never")]
    if not bad:
        return []
    worst = min(bad, key=lambda state: (sign(condition(state, now)).role != "bad", state.name))
    found = condition(worst, now)
    more = f"  (and {len(bad) - 1} more: :sources) " if len(bad) > 1 else " "
    again = f" Next try {moment(worst.next_try_at, now, zone)}." if worst.next_try_at else ""
    sentence = worst.sentence or f"{worst.name} last answered {age(worst.last_ok_at, now) or 'never'}."
    who = f" {glyph(found)} {shown(worst.name)} {found.replace('_', ' ')}: "
    text = f"{who}{shown(sentence)}{again}{more}"
    if width is not None and cells(text) > width:
        more = f"  +{len(bad) - 1} :sources " if len(bad) > 1 else " "
        text = fit(f"{who}{_short(shown(sentence), width - cells(who) - cells(more))}{more}", width)
    return [(text, sign(found).role)]


def _short(sentence: str, room: int) -> str:
    """A sentence in so many cells: as much of its end as fits, from where a part of it begins, and the cause cut."""
    sentence = sentence.partition(" It says: “")[0]  # the server's own words come after ours and help the least
    if cells(sentence) <= room:
        return sentence
    ends = [sentence[match.end() :] for match in re.finditer(r"[.:] ", sentence)]
    end = next((end for end in ends if cells(end) + CAUSE <= room), ends[-1] if ends else "")
    cause = sentence.removesuffix(end) if end else sentence
    return f"{fit(cause.rstrip(), max(0, room - cells(end) - 1))} {end}".strip() if end else fit(cause, room)


def unwatched(gaps: Sequence[Gap], now: int, zone: tzinfo = UTC) -> list[Piece]:
    """The last stretch without a sync: what happened in it is known to have happened between its ends only."""
    if not gaps:
        return []
    last = gaps[0]
    ends = f"{moment(last.since, now, zone)} to {moment(last.until, now, zone)}"
    return [(f" {glyph('stale')} no sync {ends}, times in it are ranges ", "dim")]
