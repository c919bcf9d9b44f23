"""An export as columns of text, and times as the tools write them."""

from __future__ import annotations

import csv
import functools
from datetime import UTC, datetime
from uuid import UUID

from ...records import Millis
from ..exports import Exports
from ..team import DAY, seeded

Columns = dict[str, list[str]]


@functools.lru_cache(maxsize=8)
def columns(exports: Exports, name: str, number: int) -> Columns:
    """The values of each column of one export."""
    names, *rows = csv.reader(exports.text(name, number).decode().splitlines())
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def iso(at: Millis) -> str:
    """2026-11-22T09:25:15.718389Z, with microseconds as Python's own has them."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def interval(night: Millis) -> str:
    """The day before, which is what a night's validation is of."""
    return datetime.fromtimestamp((night - DAY) / 1000, UTC).date().isoformat()


def identifier(seed: int, purpose: str) -> str:
    """A UUID of the world's own."""
    return str(UUID(int=seeded(seed, purpose).getrandbits(128), version=4))
