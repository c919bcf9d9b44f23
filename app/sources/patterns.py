"""Patterns of paths, as `reports/**/*.xml`: `*`, `?` and `[...]` stay in one name, `**` is any folders. Pure."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

_ANY: Final = "**"
_MAGIC: Final = frozenset("*?[")


def split(pattern: str) -> tuple[str, ...]:
    """A pattern's names, without what says nothing: `./reports//*.xml` is `reports`, `*.xml`, and `**/**` is `**`."""
    parts = [part for part in pattern.split("/") if part not in ("", ".")]
    return tuple(part for part, before in zip(parts, ("", *parts), strict=False) if not part == before == _ANY)


def is_magic(name: str) -> bool:
    """Whether a name of a pattern stands for several."""
    return not _MAGIC.isdisjoint(name)


def fixed(pattern: str) -> str:
    """The folder that all that matches lies in, as far as the pattern says it: `checks` of `checks/*.json`, or ""."""
    parts = split(pattern)
    end = next((at for at, part in enumerate(parts) if is_magic(part)), len(parts) - 1)
    return "/".join(parts[:end])


def matches(path: str, pattern: str) -> bool:
    """Whether the path of a file is one that the pattern names."""
    return len(split(pattern)) in _reached(split(path), split(pattern))


def may_hold(folder: str, pattern: str) -> bool:
    """Whether what the pattern names may lie in that folder, or below it."""
    parts = split(pattern)
    return any(at < len(parts) for at in _reached(split(folder), parts))


def _reached(names: tuple[str, ...], parts: tuple[str, ...]) -> set[int]:
    """How much of the pattern may be used up when these names are: no search goes back, whatever the pattern."""
    reached = _skipped({0}, parts)
    for name in names:
        further = {at for at in reached if at < len(parts) and parts[at] == _ANY}
        further |= {at + 1 for at in reached if at < len(parts) and parts[at] != _ANY and fnmatchcase(name, parts[at])}
        reached = _skipped(further, parts)
    return reached


def _skipped(reached: set[int], parts: tuple[str, ...]) -> set[int]:
    """With those that are reached where `**` stands for no folder at all."""
    found = set(reached)
    for at in sorted(reached):
        while at < len(parts) and parts[at] == _ANY:
            at += 1
            found.add(at)
    return found
