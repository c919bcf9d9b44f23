"""Who works on the demo's models, and when."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from ..records import Millis, Record

MINUTE: Millis = 60_000
HOUR: Millis = 60 * MINUTE
DAY: Millis = 24 * HOUR
WEEKS = 7
"""How far back the demo's history goes."""


class Person(Record, frozen=True):
    """One of the team. `offset` is the zone their laptop stamps commits with."""

    key: str
    name: str
    email: str
    offset: str


TEAM = {
    person.key: person
    for person in (
        Person(key="ann", name="Ann Okafor", email="ann@example.com", offset="+0000"),
        Person(key="bo", name="Bo Lindqvist", email="bo@example.com", offset="+0100"),
        Person(key="chris", name="Chris Tan", email="chris@example.com", offset="+0100"),
        Person(key="dee", name="Dee Álvarez", email="dee@example.com", offset="+0200"),
    )
}


def seeded(seed: int, purpose: str) -> random.Random:
    """Numbers that depend on the seed and the purpose alone, so that no part of the builder disturbs another."""
    return random.Random(f"{seed} {purpose}")  # noqa: S311  # the demo's weather, not a secret


def working_minutes(now: Millis) -> list[Millis]:
    """Every minute of the last seven weeks in which somebody works: Monday to Friday, 07:30 to 18:00 UTC."""
    first = datetime.fromtimestamp(now / 1000, UTC).replace(hour=7, minute=30, second=0, microsecond=0)
    minutes: list[Millis] = []
    for days in range(WEEKS * 7, -1, -1):
        morning = first - timedelta(days=days)
        if morning.weekday() < 5:
            start = int(morning.timestamp() * 1000)
            minutes.extend(start + minute * MINUTE for minute in range(630))
    # today's evening has not happened yet; the last minutes are left to the run that is still going on
    return [minute for minute in minutes if minute < now - 20 * MINUTE]


def spread(minutes: list[Millis], count: int, draw: random.Random) -> list[Millis]:
    """`count` moments in order, spread over the working minutes, each a little off its place."""
    pace = len(minutes) / count
    moments = []
    for number in range(count):
        place = int(pace * (number + draw.uniform(0.05, 0.95)))
        moments.append(minutes[min(place, len(minutes) - 1)] + draw.randrange(MINUTE))
    return sorted(moments)
