"""freeze: the days on which nothing is promoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Final

from ..records import Millis
from ..settings import Denied, Freeze
from ..text import clip
from .facts import Kind
from .gate import Gate
from .words import NAME, listed

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def freeze_gate(rules: Freeze, kind: Kind, now: Millis) -> Iterator[Gate]:
    """Whether something may be promoted now. A rollback always may. Nothing where there is no freeze at all."""
    if not rules.deny:
        return
    window = _window(rules.deny, now)
    gate = Gate(id="freeze", title="freeze", state="pass", bound=_bound(rules.deny), sentence="no freeze now")
    if window is None:
        yield gate
        return
    said = f"frozen on {listed(window.days)} ({clip(window.tz, NAME)}), {_until(rules.deny, now)}"
    if kind == "rollback":
        yield gate.but(state="warn", sentence=f"{said}: a rollback is not held up")
    else:
        yield gate.but(state="fail", sentence=said)


def _window(deny: Sequence[Denied], at: Millis) -> Denied | None:
    """The first window that this time lies in."""
    return next((window for window in deny if _DAYS[_local(window, at).weekday()] in window.days), None)


def _local(window: Denied, at: Millis) -> datetime:
    from zoneinfo import ZoneInfo  # 3 ms, for policies that name a freeze

    return datetime.fromtimestamp(at / 1000, UTC).astimezone(ZoneInfo(window.tz))


def _until(deny: Sequence[Denied], now: Millis) -> str:
    """When the freeze ends, as the clock of its last window says it."""
    at, last = now, None
    for _ in range(7 * len(deny) + 1):
        window = _window(deny, at)
        if window is None:
            break
        last, at = window, _next_midnight(window, at)
    if last is None or _window(deny, at) is not None:
        return "and on no other day it is not"
    ends = _local(last, at)
    return f"until {_DAYS[ends.weekday()]} {ends:%H:%M}"


def _next_midnight(window: Denied, at: Millis) -> Millis:
    here = _local(window, at)
    return round(datetime.combine(here.date() + timedelta(days=1), time(), here.tzinfo).timestamp() * 1000)


def _bound(deny: Sequence[Denied]) -> str:
    return f"not on {listed(dict.fromkeys(day for window in deny for day in window.days))}"
