"""What is told of watched runs, in words. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

from ..app.text import cells, clip, fit
from ..app.watching import Notice
from ..widgets.figures import count, difference, figure, moment, span
from ..widgets.line import Piece
from ..widgets.status import COULD_NOT_RUN, GOOD, RUNNING, WARNING, Sign, sign

NAMED = 2
"""Metrics that are named when more have turned."""


def sentence(notice: Notice) -> str:
    """A notice in one sentence without a sign: `brave-cod-214 finished after 17 m 05 s, val_auc 0.9412`."""
    name = clip(notice.name or notice.run_id, 40)
    return f"{name} {_SAYS[notice.kind](notice)}"


def _ended(notice: Notice) -> str:
    verb = {"finished": "finished", "failed": "failed", "killed": "was killed", "deleted": "was deleted"}
    took = f" after {span(notice.lasted)}" if notice.lasted is not None else ""
    return f"{verb.get(notice.status, notice.status)}{took}{_value(notice, ', ')}"


def _odd(notice: Notice) -> str:
    named = ", ".join(clip(metric, 24) for metric in notice.metrics[:NAMED])
    more = f" and {len(notice.metrics) - NAMED} more" if len(notice.metrics) > NAMED else ""
    turned = figure(notice.value) if notice.value is not None else "NaN"
    return f"turned {turned}{_at(notice)}: {named}{more}"


def _stalled(notice: Notice) -> str:
    return f"is running and has logged nothing for {span(notice.lasted)}, usually every {span(notice.usual)}"


def _resumed(notice: Notice) -> str:
    return f"logs again after {span(notice.lasted)}"


def _beats(notice: Notice) -> str:
    lead = f" by {figure(abs(notice.lead))}" if notice.lead is not None else ""
    return f"beats the baseline{lead}: {clip(notice.metrics[0], 24)} {figure(notice.value or 0.0)}{_at(notice)}"


def _at(notice: Notice) -> str:
    return f" at step {count(notice.step)}" if notice.step is not None else ""


def _value(notice: Notice, before: str) -> str:
    if not notice.metrics or notice.value is None:
        return ""
    lead = f" ({difference(notice.lead)} to the baseline)" if notice.lead is not None else ""
    return f"{before}{clip(notice.metrics[0], 24)} {figure(notice.value)}{lead}"


_SAYS = {"ended": _ended, "odd": _odd, "stalled": _stalled, "resumed": _resumed, "beats": _beats}


def sign_of(notice: Notice) -> Sign:
    """How it looks."""
    if notice.kind == "ended":
        return sign(notice.status)
    return {"odd": COULD_NOT_RUN, "stalled": WARNING, "resumed": RUNNING}.get(notice.kind, GOOD)


def signed(notice: Notice) -> Piece:
    """Sign and sentence, in the colour of what happened."""
    found = sign_of(notice)
    return f"{found.glyph} {sentence(notice)}", found.role


def foremost(notices: Sequence[Notice]) -> Notice:
    """The one that is to be said when there is room for one: the worst, of equals the newest."""
    return max(notices, key=lambda notice: ({"bad": 2, "warn": 1}.get(sign_of(notice).role, 0), notice.at))


def notice_line(unread: Sequence[Notice], width: int | None = None) -> list[Piece]:
    """The foremost of the unread notices, and how many more there are; nothing where there is none.

    In `width` cells the number of the others is kept, at the cost of the sentence.
    """
    if not unread:
        return []
    text, role = signed(foremost(unread))
    more = f"  +{len(unread) - 1} more, :notices " if len(unread) > 1 else " "
    room = cells(text) if width is None else width - cells(more) - 1
    return [(f" {fit(text, room)}", role), (more, "dim")]


def told_at(notice: Notice, now: int, zone: tzinfo = UTC) -> str:
    """When it was told, in the zone of the screen."""
    return moment(notice.at, now, zone)
