"""What a webhook is sent: Slack's JSON, which Mattermost and Rocket.Chat take as well. Pure.

Titles and names are other people's words. In a chat they may neither call everybody to the screen, nor become links
that the server fetches, nor look like markup: `&`, `<` and `>` are written as Slack wants them, an `@` that begins a
word and the colon of an address are written as their wide twins. Mattermost knows no blocks and makes Markdown of
`text`, so brackets that would be a link there are parted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final, NamedTuple

from ..records import Attention, Changes, Millis, Suspect
from ..text import clip, one_line, unlinked

MOST: Final = 10
"""Attentions of one message; of more it says how many. Slack takes 50 blocks."""
_SUSPECTS: Final = 3
_TITLE: Final = 200
_REASON: Final = 400
"""Characters; Slack takes 3,000 in a block."""
_MARKS: Final = {"critical": "🔴", "high": "🟠", "medium": "🟡", "low": "⚪"}
_BRACKETS: Final = re.compile(r"(?<=\])(?=[(\[:])|(?<=!)(?=\[)")

New = tuple[Attention, Changes | None]
"""What needs attention, and what changed before it, where that is known."""


class Place(NamedTuple):
    """Whose message it is."""

    project: str
    environment: str = ""
    zone: tzinfo = UTC
    command: str = "quarterdeck"
    """How the terminal is opened on this project."""


def message(new: Sequence[New], place: Place) -> dict[str, Any]:
    """One message for all of these, the first ones in words."""
    told, more = new[:MOST], len(new) - MOST
    head = _head(len(new), place)
    lines = [_line(one, changes, place) for one, changes in told]
    rest = [f"and {more} more: {place.command}"] if more > 0 else []
    blocks = [_block(f"*{head}*"), *(_block(line) for line in lines), *map(_block, rest)]
    return {
        "text": "\n".join([head, *lines, *rest]), "blocks": blocks, "unfurl_links": False, "unfurl_media": False,
        "link_names": False,
    }  # fmt: skip


def tame(exact: str, most: int) -> str:
    """Somebody else's words as a chat may have them, in one line of at most `most` cells."""
    text = clip(one_line(exact[: 8 * most]).replace("\\u{", "\\u("), most)
    text = _BRACKETS.sub(" ", unlinked(text))
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _head(number: int, place: Place) -> str:
    where = tame(place.project, 80) + (f" ({tame(place.environment, 40)})" if place.environment else "")
    return f"{where}: {number} thing{'s need' if number != 1 else ' needs'} attention"


def _line(one: Attention, changes: Changes | None, place: Place) -> str:
    reason = f"\n{tame(one.reason, _REASON)}" if one.reason else ""
    owner = f", {tame(one.owner, 80)}'s" if one.owner else ""
    back = " came back," if one.acked_before is not None else ""
    since = f"{back} since {_moment(one.since, place.zone)}{owner}"
    suspects = changes.suspects[:_SUSPECTS] if changes is not None else ()
    lines = [
        f"{_MARKS[one.severity]} {one.severity}: {tame(one.title, _TITLE)} ·{since}{reason}",
        *(_suspect(suspect, place.zone) for suspect in suspects),
        *_way_back(changes),
        f"`{place.command} open attention/{tame(one.id, 40)}`",
    ]
    return "\n".join(lines)


def _suspect(suspect: Suspect, zone: tzinfo) -> str:
    return f"• {suspect.strength}: {tame(suspect.title, _TITLE)} ({_moment(suspect.at, zone)})"


def _way_back(changes: Changes | None) -> list[str]:
    back = changes.way_back if changes is not None else None
    if back is None or not back.version:
        return []
    figures = f" ({tame(', '.join(back.figures), 120)})" if back.figures else ""
    return [f"way back: {tame(back.model, 80)}＠{tame(back.alias, 60)} to v{tame(back.version, 40)}{figures}"]


def _block(text: str) -> dict[str, Any]:
    # verbatim: Slack itself makes no links of what looks like one
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:2_900], "verbatim": True}}


def _moment(at: Millis, zone: tzinfo) -> str:
    """`7 Mar 03:12 UTC`."""
    try:
        when = datetime.fromtimestamp(at / 1000, zone)
    except (OverflowError, ValueError, OSError):  # a time of somebody's own making
        return "some time"
    return f"{when.day} {when:%b %H:%M %Z}"
