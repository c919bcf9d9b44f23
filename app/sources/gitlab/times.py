"""Times in requests: how GitLab wants them written, and how far back a pass looks again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from ...records import Millis

OVERLAP: Final[Millis] = 5 * 60_000
"""A change may become visible after a later one: it carries the time at which its transaction began."""


def iso(when: Millis) -> str:
    """UTC milliseconds as GitLab takes them in a query."""
    return datetime.fromtimestamp(when / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when % 1000:03d}Z"
