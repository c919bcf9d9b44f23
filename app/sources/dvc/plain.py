"""YAML as DVC writes it: maps, lists of maps and plain words, one a line, told by their indentation.

The parser of YAML takes 10 µs a line and this a tenth of it, for thousands of commits that change such a file. What
holds anything else goes the long way; a test holds both to each other.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

MOST_LINES: Final = 100_000
_DEEPEST: Final = 30
_LONGEST: Final = 900
"""Bytes of a line: beyond 1,024 a key is none to YAML."""
_WORD: Final = r"[A-Za-z0-9_./@=+,-]"
_LINE: Final = re.compile(rf"( *)(- )?([A-Za-z0-9_/]{_WORD}*):(?: ([A-Za-z0-9_./]{_WORD}*(?: {_WORD}+)*))?")
_NULLS: Final = frozenset(("null", "Null", "NULL"))


class _Open(NamedTuple):
    """A map whose keys stand at `indent`; as an entry of a list, the list."""

    indent: int
    map: dict[str, Any]
    list: list[Any] | None = None


def plain_document(raw: bytes) -> dict[str, Any] | None:
    """The map that a file holds, of texts, maps and lists of maps; None for one that holds anything else."""
    if not raw.isascii() or not raw.endswith(b"\n") or raw.count(b"\n") > MOST_LINES:
        return None
    reading = _Reading()
    taken = all(map(reading.take, raw.decode("ascii")[:-1].split("\n")))
    return reading.root if taken else None


class _Reading:
    def __init__(self) -> None:
        self.root: dict[str, Any] = {}
        self._open: list[_Open] = []
        self._waiting: tuple[int, dict[str, Any], str] | None = None
        """A key without a value on its line: where it stands, its map and itself."""

    def take(self, line: str) -> bool:
        """One line; whether it is one of ours in its place."""
        found = _LINE.fullmatch(line) if len(line) <= _LONGEST else None
        if found is None:
            return False
        space, dash, key, value = found.groups()
        at = self._entry(len(space)) if dash else self._place(len(space))
        if at is None or key in at or key in _NULLS or len(self._open) > _DEEPEST:
            return False
        at[key] = None if value in _NULLS else value
        self._waiting = (self._open[-1].indent, at, key) if value is None else None
        return True

    def _entry(self, indent: int) -> dict[str, Any] | None:
        """The map of a new entry of a list, which begins there or goes on."""
        entry: dict[str, Any] = {}
        if self._waiting is not None and indent >= self._waiting[0]:
            _, parent, key = self._waiting
            parent[key] = entries = [entry]
            self._open.append(_Open(indent + 2, entry, entries))
            return entry
        self._close(indent + 2)
        entries_open = self._open[-1].list if self._open and self._open[-1].indent == indent + 2 else None
        if entries_open is None:
            return None
        entries_open.append(entry)
        self._open[-1] = _Open(indent + 2, entry, entries_open)
        return entry

    def _place(self, indent: int) -> dict[str, Any] | None:
        """The map that a key belongs to, which begins there or goes on."""
        if not self._open:
            self._open.append(_Open(indent, self.root))
        elif self._waiting is not None and indent > self._waiting[0]:
            _, parent, key = self._waiting
            inner: dict[str, Any] = {}
            parent[key] = inner
            self._open.append(_Open(indent, inner))
        self._close(indent)
        return self._open[-1].map if self._open and self._open[-1].indent == indent else None

    def _close(self, indent: int) -> None:
        while self._open and self._open[-1].indent > indent:
            self._open.pop()
