"""Words for what happened: the sign of its kind, when it was, who did it and how well that is known. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import Final

from ..app.records import Event, Gap, Millis
from ..app.text import cells, clip, one_line
from ..widgets.figures import moment
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .deck import Deck

STANDS: Final[Mapping[str, str]] = {
    "commit": "silent", "infrastructure code changed": "update",
    "pipeline broke": "failed", "pipeline recovered": "passed",
    "check began to fail": "fail", "check recovered": "pass", "check fell silent": "silent",
    "check's rule loosened": "warn", "check's rule tightened": "read", "check's rule changed": "read",
    "check's rule removed": "warn",
    "data changed": "update", "version registered": "create",
    "alias moved": "read", "promotion": "read", "rollback": "warn", "promotion cancelled": "cancelled",
    "threshold crossed": "bad", "threshold recovered": "good", "alert firing": "firing", "alert over": "over",
    "infrastructure changed": "update", "infrastructure drifted": "drifted",
    "note": "watched", "acknowledgement": "watched", "handover": "watched",
}  # fmt: skip
"""Which status's sign an event of a kind has: good, bad and warning where it says that; else what it does."""

ENDS: Final = ("failed", "passed", "finished", "cancelled", "killed")
"""How a run or a pipeline ends: its title says so."""

UNEXPLAINED: Final = "no entry of the ledger explains it"

DATE: Final = 13
"""Cells of a moment with its date: `13 mar 21:40`; and one that says "until"."""

RANGE: Final = 19
"""Cells of a stretch within a day: `13 mar 19:02–20:55`."""

LINE_FEED: Final[Piece] = ("\n", "text")


def stands_of(event: Event) -> str:
    """The status whose sign it has."""
    if event.kind in ("run finished", "pipeline finished"):
        words = event.title.split()
        return next((word for word in reversed(words) if word in ENDS), "missing")
    if event.kind == "alias moved" and UNEXPLAINED in event.title:
        return "warn"
    return STANDS.get(event.kind, "missing")


def kind_piece(event: Event, width: int) -> Piece:
    """`✖ check began to fail`."""
    stands = stands_of(event)
    role = sign(stands).role
    # what wants to be seen has a colour: each change of colour is some bytes on every line of a page
    return f"{glyph(stands)} {clip(event.kind, width - 2)}", role if role in ("bad", "warn") else "text"


def when_said(event: Event, now: Millis, zone: tzinfo = UTC, width: int = RANGE) -> str:
    """`21:40`, or `13 mar 19:02–20:55` where it is known to lie between; `≤13 mar 20:55` where there is no room."""
    end = moment(event.at, now, zone)
    if event.not_before is None or event.not_before >= event.at:
        return end
    said = between(event.not_before, event.at, now, zone)
    return said if cells(said) <= width else f"≤{end}"


def between(since: Millis, until: Millis, now: Millis, zone: tzinfo = UTC) -> str:
    """`13 mar 19:02–20:55`, the date once where it is one; one moment where both are the same minute."""
    begin, end = moment(since, now, zone), moment(until, now, zone)
    if begin == end:
        return end
    day, _, hour = end.rpartition(" ")
    return f"{begin}–{hour}" if day and begin.startswith(f"{day} ") else f"{begin}–{end}"


def actor_said(event: Event) -> str:
    """`bo claimed`: who, and how well that is known; "" where nobody is named."""
    if not event.actor:
        return ""
    return f"{clip(event.actor, 16)} {event.strength}" if event.strength else clip(event.actor, 16)


def actor_role(event: Event) -> str:
    """A name that anybody can write is dim; one that was proven is not."""
    return "text" if event.strength in ("signed", "forge") else "dim"


def subject_said(event: Event) -> str:
    """What it speaks of first, as it is written."""
    return event.refs[0].subject if event.refs else ""


def title_of(event: Event) -> str:
    """Its title in one line."""
    return one_line(event.title[:600])


def gap_said(gap: Gap, now: Millis, zone: tzinfo = UTC) -> str:
    """`no sync 19:02–20:55: times in it are ranges`."""
    return f"no sync {between(gap.since, gap.until, now, zone)}: times in it are ranges"


def empty_words(deck: Deck, filter_text: str, *, is_read: bool) -> list[Piece]:
    """What stands in a list without a row: what is so, and what to do next."""
    if not is_read:
        return [("reading …", "dim")]
    if filter_text:
        return [(f"nothing that happened is like {clip(filter_text, 80)}", "text"), LINE_FEED, LINE_FEED,
                ("Esc takes the filter away   / changes it", "dim")]  # fmt: skip
    if not deck.states or all(state.last_ok_at is None for state in deck.states):
        return [("nothing is known to have happened: the sources are being read …", "text"), LINE_FEED, LINE_FEED,
                (":sources says how each of them is doing", "dim")]  # fmt: skip
    return [("nothing is known to have happened yet", "text"), LINE_FEED, LINE_FEED,
            ("runs that end, commits, moves of aliases and more appear here   r looks again", "dim")]  # fmt: skip
