"""YAML out of a repository, as text, lists and maps: nothing is constructed, and nothing can grow.

Every scalar stays the text that was written: a digest of digits is no number, and a version is no date. Only the
parser's events are used, so there is no recursion of ours or of PyYAML's, and what is too deep is noticed on the way.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import yaml

from ...errors import SourceError
from .plain import plain_document

Node: TypeAlias = "str | list[Node] | dict[str, Node] | None"

LARGEST: Final = 16_000_000
"""Bytes of a file that is read."""
DEEPEST: Final = 64
MOST_NODES: Final = 300_000
"""Some 50 MB and a second; a lock of 10,000 outputs has 100,000."""

_Loader: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""On libyaml where PyYAML was built with it: 20 times faster, the same events."""
_NULLS: Final = ("", "~", "null", "Null", "NULL")


class DvcError(SourceError):
    """A file of DVC's cannot be read. The sentence says what is wrong with it, without its name."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, state="not_understood")


def read_document(raw: bytes, *, aliases: bool = False) -> Node:
    """The first document of a file; None for an empty one. Raises DvcError and nothing else.

    `aliases`: anchors and merge keys are resolved, as in what a person wrote; DVC itself writes none. What they
    repeat is one object, so a walk over the answer must count its steps.
    """
    if len(raw) > LARGEST:
        raise DvcError(f"is larger than {LARGEST // 1_000_000} MB")
    plain = plain_document(raw)
    return _parsed(raw, aliases) if plain is None else plain


def _parsed(raw: bytes, aliases: bool) -> Node:
    """The same, by the parser of YAML."""
    building = _Building(aliases)
    try:
        for event in yaml.parse(raw, Loader=_Loader):
            if isinstance(event, yaml.DocumentEndEvent):
                break
            building.take(event)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: text that is no Unicode
        raise DvcError(_wrong(error)) from None
    return building.root


def _wrong(error: Exception) -> str:
    """Where it is no YAML. The parser's own words quote the file."""
    mark = getattr(error, "problem_mark", None)
    return f"is no YAML{f': line {mark.line + 1}' if mark is not None else ''}"


class _Building:
    """Puts the nodes together as the events come."""

    def __init__(self, aliases: bool) -> None:
        self.root: Node = None
        self._aliases = aliases
        self._open: list[tuple[Node, str | None]] = []
        """Lists and maps that are not closed yet, each with the anchor that it gets."""
        self._keys: list[str | None] = []
        """Of each open one: the key that waits for its value."""
        self._anchors: dict[str, Node] = {}
        self._nodes = 0

    def take(self, event: Any) -> None:
        """One event of the parser."""
        if isinstance(event, yaml.ScalarEvent):
            is_null = not event.style and event.value in _NULLS
            self._add(None if is_null else _text(event.value), event.anchor)
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin({}, event.anchor)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin([], event.anchor)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._add(self._named(event.anchor), None)

    def _named(self, anchor: str | None) -> Node:
        if not self._aliases:
            raise DvcError("has an alias, which DVC does not write")
        if anchor is None or anchor not in self._anchors:
            raise DvcError("has an alias of nothing that is whole before it")
        return self._anchors[anchor]

    def _begin(self, node: Node, anchor: str | None) -> None:
        if len(self._open) >= DEEPEST:
            raise DvcError(f"is nested deeper than {DEEPEST}")
        if self._open and isinstance(self._open[-1][0], dict) and self._keys[-1] is None:
            raise DvcError("has a key that is no text")
        self._open.append((node, anchor))
        self._keys.append(None)

    def _end(self) -> None:
        node, anchor = self._open.pop()
        self._keys.pop()
        if isinstance(node, dict) and "<<" in node and self._aliases:
            self._merge(node)
        self._add(node, anchor)

    def _merge(self, node: dict[str, Node]) -> None:
        """What the merge key names, as far as the map does not say it itself."""
        merged = node.pop("<<")
        for other in merged if isinstance(merged, list) else [merged]:
            if isinstance(other, dict):
                self._count(len(other))
                for key, value in other.items():
                    node.setdefault(key, value)

    def _add(self, node: Node, anchor: str | None) -> None:
        self._count(1)
        if anchor is not None:
            self._anchors[anchor] = node
        if not self._open:
            self.root = node
            return
        parent = self._open[-1][0]
        if isinstance(parent, list):
            parent.append(node)
        elif isinstance(parent, dict):
            self._pair(parent, node)

    def _pair(self, parent: dict[str, Node], node: Node) -> None:
        key = self._keys[-1]
        if key is not None:
            parent[key], self._keys[-1] = node, None
        elif isinstance(node, str) or node is None:
            self._keys[-1] = node or ""
        else:
            raise DvcError("has a key that is no text")

    def _count(self, more: int) -> None:
        self._nodes += more
        if self._nodes > MOST_NODES:
            raise DvcError(f"has more than {MOST_NODES:,} values")


def _text(value: str) -> str:
    """Raises DvcError for half a character, which no file and no database can hold."""
    if not value.isascii() and any("\ud800" <= sign <= "\udfff" for sign in value):
        raise DvcError("has a text that is no Unicode")
    return value
