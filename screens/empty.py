"""What stands in a list without a row: what is so, and what to do next. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..app.records import Millis, SourceState
from ..app.text import cells, clip, shown
from ..widgets.freshness import condition
from ..widgets.line import Piece
from ..widgets.status import glyph

LINE_FEED: Final[Piece] = ("\n", "text")


def nothing_like(kind: str, filter_text: str) -> list[Piece]:
    """A filter that holds for none."""
    return [(f"no {kind} is like {clip(filter_text, 80)}", "text"), LINE_FEED, LINE_FEED,
            ("Esc takes the filter away   / changes it", "dim")]  # fmt: skip


def nothing_came(states: Sequence[SourceState], now: Millis, *, reading: str, missing: str, hint: str) -> list[Piece]:
    """Of sources that gave nothing: why one is in trouble, that they are being read, or that nothing was found."""
    troubled = [state for state in states if condition(state, now) not in ("ok", "never", "stale")]
    if troubled:
        said = troubled[0]
        return [(f"{glyph(said.state)} {shown(said.name)}: {clip(said.sentence or said.state, 300)}", "warn"),
                LINE_FEED, LINE_FEED, (":sources tells more   r asks again", "dim")]  # fmt: skip
    if all(state.last_ok_at is None for state in states):
        return [(f"{reading} read …", "text")]
    names = ", ".join(clip(state.name, 20) for state in states[:4])
    return [(f"{glyph('missing')} {names}: {missing}", "text"), LINE_FEED, LINE_FEED, (hint, "dim")]


def how_to_begin(head: str, written: Sequence[str], *more: str) -> list[Piece]:
    """What is to be written into the settings, line by line."""
    wide = max(cells(line) for line in written)
    lines = [piece for line in written for piece in ((line.ljust(wide), "accent"), LINE_FEED)]
    last = [piece for line in more for piece in (LINE_FEED, (line, "dim"))]
    return [(head, "text"), LINE_FEED, LINE_FEED, *lines, *last]
