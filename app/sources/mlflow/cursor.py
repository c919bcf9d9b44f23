"""A cursor as typed marks: what both ways of reading MLflow, over REST and from its tables, keep alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import msgspec


class CursorMarks(msgspec.Struct):
    """Where a sync stands. Each way of reading adds marks of its own."""

    VERSION: ClassVar[int] = 1
    """Raised where marks get another meaning: a cursor of another version is begun anew."""

    version: int = 0
    patterns: list[str] = []
    """Of the settings. Others: everything is read anew."""

    @classmethod
    def load(cls, cursor: Mapping[str, Any], patterns: Sequence[str]) -> Self:
        """The marks of a cursor; fresh ones where it is empty, of another version, or of other patterns."""
        try:
            marks = msgspec.convert(dict(cursor), cls)
        except msgspec.ValidationError:
            marks = cls()
        if marks.version != cls.VERSION or marks.patterns != list(patterns):
            marks = cls()
        marks.version, marks.patterns = cls.VERSION, list(patterns)
        return marks

    def dump(self) -> dict[str, Any]:
        """As a cursor: JSON values only."""
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built
