"""Which line of a TOML text a place stands on. tomllib keeps no positions, so this reads the text again.

Only a file that is already known to be wrong comes here. The text is cut into statements, each the shortest run
of lines that is TOML by itself; a place is where the deepest match of its path begins.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

MOST = 1_000_000
"""Characters that are read again in all, a second's worth. A hostile file then has mistakes without a line."""

Place: TypeAlias = tuple[str | int, ...]
"""Keys and, in lists, indices from 0."""


class _Statement(NamedTuple):
    table: Place
    content: Any
    first: int
    last: int


def line_of(text: str, place: Place) -> int | None:
    """The line (from 1) on which `place` (keys, and indices from 0 in lists) stands, or None."""
    best: _Statement | None = None
    deepest = 0
    for statement in _statements(text):
        depth = _depth(statement, place)
        if depth > deepest:
            best, deepest = statement, depth
    return None if best is None else _within(text, best, place)


def _statements(text: str) -> Iterator[_Statement]:
    lines = text.split("\n")
    table: Place = ()
    counts: dict[Place, int] = {}
    at, left = 0, MOST
    while at < len(lines) and left > 0:
        line = lines[at].strip()
        last = at
        if line.startswith("["):
            table = _table(line, counts)
            yield _Statement(table, {}, at, at)
        elif line and not line.startswith("#"):
            content, last, read = _value(lines, at, left)
            left -= read
            yield _Statement(table, content, at, last)
        at = last + 1


def _table(line: str, counts: dict[tuple[str | int, ...], int]) -> tuple[str | int, ...]:
    """The path that a header opens; `counts` remembers how many of each [[list]] there were."""
    repeated = line.startswith("[[")
    content = _parsed(line)
    path: tuple[str | int, ...] = ()
    while isinstance(content, dict) and content:
        key, content = next(iter(content.items()))
        path = (*path, key)
        ends = not isinstance(content, dict) or not content
        if repeated and ends:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _value(lines: list[str], at: int, left: int) -> tuple[Any, int, int]:
    """What stands from line `at` on, its last line, and how many characters were read to find out."""
    read = 0
    statement = ""
    for last in range(at, len(lines)):
        statement += lines[last] + "\n"
        read += len(statement)
        content = _parsed(statement)
        if content is not None or read > left:
            return content or {}, last, read
    return {}, at, read


def _parsed(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError):
        return None


def _depth(statement: _Statement, place: Place) -> int:
    """How many parts of `place` the statement spells out; 0 when it belongs to another table."""
    head = len(statement.table)
    if statement.table[: len(place)] == place:
        return len(place)  # [[git]] where [git] is meant
    if place[:head] != statement.table:
        return 0
    content: Any = statement.content
    for depth, part in enumerate(place[head:], head):
        try:
            content = content[part]
        except (KeyError, IndexError, TypeError):
            return depth
    return len(place)


def _within(text: str, statement: _Statement, place: Place) -> int:
    """In a value of many lines, the one line that spells out the last key."""
    keys = [part for part in place if isinstance(part, str)]
    spelled = re.compile(rf"""(?:^|[\s{{,])["']?{re.escape(keys[-1])}["']?\s*=""")
    lines = text.split("\n")[statement.first : statement.last + 1]
    hits = [number for number, line in enumerate(lines, statement.first) if spelled.search(line)]
    return (hits[0] if len(hits) == 1 else statement.first) + 1
