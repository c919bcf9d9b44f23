"""When things happen in a world. All stories play in March 2026, so a moment is written by its day: `10 14:05`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypeAlias

from ..terminal import REPOSITORY

Millis: TypeAlias = int
SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
_MOVED: Final = Path(__file__).parent / "moved"


def moment(written: str) -> Millis:
    """UTC milliseconds of `10 14:05`, or `10 14:05:30`: the tenth of March. Raises ValueError."""
    day, _, hour = written.partition(" ")
    at = datetime.fromisoformat(f"2026-03-{int(day):02}T{hour}+00:00")
    return int(at.timestamp() * 1000)


def iso(at: Millis) -> str:
    """2026-03-10T14:05:00.000000Z, as most tools write it."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def stamp(at: Millis) -> str:
    """20260310T140500.000000Z, as Great Expectations names its folders."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")


def moved(now: Millis) -> dict[str, str | None]:
    """What a process has to find in its environment to take `now` for the present. Its clock goes on from there."""
    path = f"{REPOSITORY / '.links'}:{_MOVED}"
    return {"PYTHONPATH": path, "INCIDENT_SECONDS_AHEAD": f"{now / 1000 - time.time():.3f}", "TZ": "UTC"}


@contextmanager
def standing(now: Millis) -> Iterator[None]:
    """`time.time` says `now` in this process meanwhile: MLflow's client stamps what it registers with it."""
    real = time.time
    time.time = lambda: now / 1000
    try:
        yield
    finally:
        time.time = real
