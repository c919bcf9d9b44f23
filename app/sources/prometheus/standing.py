"""Alerts that fire on though the server says another time: one that began anew tells of each as if it began as well.

It is the same alert as long as nobody saw it not firing: a stretch without a look, or one in which the server itself
was away, ends none. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import pairwise
from typing import Final

import msgspec

from ...records import Alert, Millis, alert_fingerprint
from .client import Span
from .parse import STATE, Line

_SURE: Final = 2
"""Points of a server that was there, one after another, by which an alert that has none stood still: a rule is
evaluated after the first scrape, so that one point more or less says nothing."""


class Standing(msgspec.Struct, frozen=True):
    """An alert that fired at the last look."""

    since: Millis
    """When it began to be active, as was said first ..."""
    active_at: Millis
    """... and as the server said last."""


Known = Mapping[str, Standing]
"""By fingerprint."""


def moved(alerts: Iterable[Alert], known: Known) -> list[Alert]:
    """Those that fired at the last look and are active since another time."""
    return [one for one in alerts if one.fingerprint in known and known[one.fingerprint].active_at != one.since]


def continued(alerts: Sequence[Alert], known: Known, ended: Set[str]) -> tuple[tuple[Alert, ...], dict[str, Standing]]:
    """The alerts with the times at which they began, and what is to be known at the next look.

    `ended`: fingerprints of those that were seen not firing since the last look.
    """
    told: list[Alert] = []
    standing: dict[str, Standing] = {}
    for one in alerts:
        before = None if one.fingerprint in ended else known.get(one.fingerprint)
        told.append(one if before is None else msgspec.structs.replace(one, since=before.since))
        if before is not None or one.state == "firing":
            standing[one.fingerprint] = Standing(told[-1].since, one.since)
    return tuple(told), standing


def seen_ended(
    alerts: Iterable[Alert], source: str, lines: Iterable[Line], awake: Iterable[Line], span: Span
) -> set[str]:
    """Fingerprints of the alerts that, by what the server remembers of the stretch, were not active for a while.

    `lines` are those of ALERTS, pending ones included; `awake` has a point wherever the server was there.
    """
    points: dict[str, set[Millis]] = defaultdict(set)
    for line in lines:
        labels = {key: value for key, value in line.labels.items() if key != STATE}
        points[alert_fingerprint(source, labels)].update(line.times)
    there = sorted({at for line in awake for at in line.times})
    # it fired when the stretch began, or it would not be known, and has been active since it says so
    known = {one.fingerprint: sorted({span.start, *points[one.fingerprint], one.since}) for one in alerts}
    return {name for name, times in known.items() if _has_hole(times, there, span.step)}


def _has_hole(times: Sequence[Millis], there: Sequence[Millis], step: Millis) -> bool:
    for last, following in pairwise(times):
        between = [at for at in there if last < at < following]
        if len(between) >= _SURE and between[0] - last <= 1.5 * step:
            return True
    return False
