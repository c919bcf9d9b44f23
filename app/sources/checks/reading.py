"""What every reader of a result format takes and gives."""

from __future__ import annotations

from collections.abc import Mapping

from ...errors import SourceError
from ...records import Millis, Record


class ResultFile(Record, frozen=True, kw_only=True):
    """A file, or what a command printed, as a reader gets it."""

    path: str
    """Where it was read, as a person knows it. Some formats tell the suite or the time by it only."""
    data: bytes
    modified_at: Millis | None = None
    """For formats that hold no time of their own."""
    beside: Mapping[str, bytes] = {}
    """Files that explain this one, by their names: dbt's manifest.json."""


class UnreadableError(SourceError):
    """A file that is cut, or none of its kind, or of a version that nobody here knows. Says which file and why."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(f"{path[-120:]} cannot be read: {why}.", "not_understood")
        self.path = path
        self.why = why
