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
    """One line on the sources that are worst off for one cause, with what to do; empty when all is well.

    In `width` cells what to do is kept, at the cost of the cause, which stands at the end of a sentence; of several
    sources the cause and their names are.
    """
    causes = _by_cause(states, now)
    if not causes:
        return []
    worst = min(causes, key=lambda same: (sign(condition(same[0], now)).role != "bad", -len(same), same[0].name))
    found, others = condition(worst[0], now), sum(map(len, causes)) - len(worst)
    sentence = worst[0].sentence or f"{worst[0].name} last answered {age(worst[0].last_ok_at, now) or 'never'}."
    again = f" Next try {moment(worst[0].next_try_at, now, zone)}." if worst[0].next_try_at else ""
    names = [shown(state.name) for state in worst]
    who = f" {glyph(found)} {', '.join(names)} {found.replace('_', ' ')}: "
    text = f"{who}{shown(sentence)}{again}{f'  (and {others} more: :sources)' if others else ''} "
    if width is not None and cells(text) > width:
        more = f"  +{others} :sources " if others else " "
        room = width - cells(more)
        alone, lead = len(names) == 1, f" {glyph(found)} "
        short = _of_one(who, shown(sentence), room) if alone else _of_several(lead, shown(sentence), names, room)
        text = fit(f"{short}{more}", width)
    return [(text, sign(found).role)]


def _by_cause(states: Sequence[SourceState], now: int) -> list[list[SourceState]]:
    """The sources in trouble, those together of which the same sentence tells."""
    found: dict[tuple[str, str], list[SourceState]] = {}
    for state in states:
        word = condition(state, now)
        if word not in ("ok", "never"):
            found.setdefault((word, state.sentence or state.source + state.name), []).append(state)
    return list(found.values())


def _of_one(who: str, sentence: str, room: int) -> str:
    return f"{who}{_short(sentence, room - cells(who))}"


def _of_several(lead: str, sentence: str, names: Sequence[str], room: int) -> str:
    """`! mlflow.db does not exist: mlflow, models and 2 more`."""
    forms = [_told(names, number) for number in range(len(names), 0, -1)]
    cause = re.split(r"[.:] ", sentence, maxsplit=1)[0]
    cause = fit(cause, max(CAUSE, room - cells(lead) - cells(forms[-1]) - 2))
    left = room - cells(lead) - cells(cause) - 2
    return f"{lead}{cause}: {next((form for form in forms if cells(form) <= left), forms[-1])}"


def _told(names: Sequence[str], number: int) -> str:
    """So many of the names, and how many more there are."""
    left = len(names) - number
    return f"{', '.join(names[:number])}{f' and {left} more' if left else ''}"


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
