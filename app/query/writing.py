"""Tree to text: what `parse` reads back as the same tree."""

from __future__ import annotations

import re
from typing import Final

from . import literals
from .tree import FLAGS, And, Compare, Field, Has, Literal_, Node, Not, Or, Sort, Words

_PLAIN_KEY: Final = re.compile(r"[\w/@$-][\w./@$-]*")
_PLAIN_WORD: Final = re.compile(r"[A-Za-z0-9_-]+")
_KEYWORDS: Final = frozenset(("and", "or", "not", "has", "is", "in", "like", "ilike", *FLAGS))


def write(node: Node | None) -> str:
    """The filter as text, times in UTC. `parse(write(node)) == node` for every tree that `parse` makes."""
    if node is None:
        return ""
    if isinstance(node, And):
        return " and ".join(_inner(part, And, Or) for part in node.parts)
    if isinstance(node, Or):
        return " or ".join(_inner(part, Or) for part in node.parts)
    if isinstance(node, Not):
        return f"not {_inner(node.part, And, Or)}"
    if isinstance(node, Has):
        return f"has {write_field(node.field)}"
    if isinstance(node, Words):
        return _word(node.text)
    return _comparison(node)


def write_sort(sort: Sort) -> str:
    """`metrics.val_auc:desc`"""
    return f"{write_field(sort.field)}:{'desc' if sort.descending else 'asc'}"


_BARE: Final = frozenset(
    ("attribute", "pipeline", "model", "version", "check", "data", "resource", "event", "series", "attention")
)
"""Kinds whose fields are written without a prefix."""


def write_field(field: Field) -> str:
    """`metrics.val_auc.max`, params.`a b`, `name`"""
    if field.kind in _BARE:
        return field.name
    if field.kind == "job":
        return f"job.{field.name}"
    if field.kind == "dataset":
        return f"dataset.{field.name}" if field.name else "dataset"
    ending = "" if field.part == "last" else f".{field.part}"
    return f"{field.kind}s.{_key(field.name, bool(ending))}{ending}"


def _inner(node: Node, *closed: type) -> str:
    return f"({write(node)})" if isinstance(node, closed) else write(node)


def _key(name: str, has_part: bool) -> str:
    ambiguous = not has_part and name.endswith((".last", ".min", ".max"))
    if _PLAIN_KEY.fullmatch(name) and not ambiguous:
        return name
    return "`" + name.replace("`", "``") + "`"


def _word(text: str) -> str:
    return text if _PLAIN_WORD.fullmatch(text) and text.lower() not in _KEYWORDS else _quoted(text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _comparison(node: Compare) -> str:
    field = write_field(node.field)
    if isinstance(node.value, tuple):
        return f"{field} {node.operator} ({', '.join(_literal(node.field, value) for value in node.value)})"
    value = _literal(node.field, node.value)
    return f"{field}:{value}" if node.operator == ":" else f"{field} {node.operator} {value}"


def _literal(field: Field, value: Literal_) -> str:
    if isinstance(value, str):
        return value if field.type == "status" and _PLAIN_WORD.fullmatch(value) else _quoted(value)
    if field.type == "flag":
        return "yes" if value else "no"
    return literals.iso(value) if field.type == "time" and isinstance(value, int) else repr(value)
