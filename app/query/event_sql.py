"""A filter of events as SQL over the rows that tell them, as far as these can say it.

Each kind of row says something else and none says everything, so there are two conditions: rows that may pass, and
those among them that surely do. Whoever asks looks at the others in plain Python.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeGuard
from urllib.parse import quote, unquote

from .conditions import Fragment, condition, joined
from .evaluate import passes
from .tree import And, Compare, Field, Has, Node, Not, Or, Words

_YES, _NO = Fragment("1"), Fragment("0")


class Column(NamedTuple):
    """One value of an event as an expression over its row, NULL where it has none."""

    text: str
    is_exact: str = "1"
    """A condition: whether the expression says it exactly in this row."""
    kind: str = ""
    """Of a subject its kind: then the expression is the name alone, as it is, and stands in the row's own index."""
    may_be_empty: bool = False
    """An empty text is none."""

    @property
    def whole(self) -> str:
        """The expression of the whole value."""
        text = f"NULLIF({self.text}, '')" if self.may_be_empty else self.text
        return f"'{self.kind}/' || {text}" if self.kind else text


class Columns(NamedTuple):
    """What a row says of its event."""

    kinds: Mapping[str, str]
    """The kinds that it may be of, each with its condition."""
    fields: Mapping[str, Sequence[Column]]
    """Of each field the values, none where such events have none. Fields that are not here are unknown."""


class Narrowed(NamedTuple):
    """Two conditions on a row."""

    may: Fragment
    surely: Fragment

    @property
    def is_nothing(self) -> bool:
        """No row can pass."""
        return self.may == _NO

    @property
    def is_exact(self) -> bool:
        """All that may pass do."""
        return self.may == self.surely


def narrowed(node: Node | None, columns: Columns) -> Narrowed:
    """The conditions under which rows pass."""
    return Narrowed(_YES, _YES) if node is None else _narrowed(node, columns)


def may_pass(node: Node | None, kinds: Sequence[str]) -> bool:
    """Whether an event of one of these kinds could pass, whatever else it is."""
    return any(not _narrowed(node, Columns({kind: "1"}, {})).is_nothing for kind in kinds) if node else True


def _narrowed(node: Node, columns: Columns) -> Narrowed:
    if isinstance(node, And | Or):
        parts = [_narrowed(part, columns) for part in node.parts]
        join = _all if isinstance(node, And) else _any
        return Narrowed(join([part.may for part in parts]), join([part.surely for part in parts]))
    if isinstance(node, Not):
        inner = _narrowed(node.part, columns)
        return Narrowed(_not(inner.surely), _not(inner.may))
    if isinstance(node, Words):
        found = [_contains(name, node.text, columns) for name in ("title", "actor", "subject")]
        return Narrowed(_any([one.may for one in found]), _any([one.surely for one in found]))
    if node.field.name == "kind":
        kind = _kind(node, columns.kinds)
        return Narrowed(kind, kind)
    known = columns.fields.get(node.field.name)
    if known is None:
        return Narrowed(_YES, _NO)
    if is_one_subject(node):
        return _one_subject(known, node)
    return _leaf(known, _test_of(node))


def is_one_subject(node: Node | None) -> TypeGuard[Compare]:
    """`subject = run/4f2c`: found by an index."""
    return isinstance(node, Compare) and node.field.name == "subject" and node.operator == "="


def _one_subject(known: Sequence[Column], leaf: Compare) -> Narrowed:
    kind, _, written = str(leaf.value).partition("/")
    name = unquote(written)
    is_so_written = quote(name, safe="") == written
    found = [Fragment(f"{column.text} = ?", (name,)) for column in known if column.kind == kind and is_so_written]
    unknown = [Fragment(f"NOT {column.is_exact}") for column in known if not column.kind and column.is_exact != "1"]
    # without more around it the first one finds its index; NULL is no answer that could be inverted
    sure = [Fragment(f"(({one.text}) IS TRUE)", one.parameters) for one in found]
    return Narrowed(_any([*found, *unknown]), _any(sure))


def _test_of(leaf: Compare | Has) -> Callable[[Column], Fragment]:
    if isinstance(leaf, Has):
        return lambda column: Fragment(f"{column.whole} IS NOT NULL")
    if leaf.operator == ":":
        return partial(_found_in, text=str(leaf.value))
    return lambda column: condition(column.whole, False, leaf.operator, leaf.value)


def _found_in(column: Column, text: str) -> Fragment:
    """It occurs in the value. Most rows are looked at for nothing, so no text is put together where a part will do."""
    if column.kind and (not text or "/" in text or text.casefold() in column.kind):
        return condition(column.whole, False, ":", text)
    return condition(column.text if text else column.whole, False, ":", text)


def _contains(name: str, text: str, columns: Columns) -> Narrowed:
    known = columns.fields.get(name)
    if known is None:
        return Narrowed(_YES, _NO)
    return _leaf(known, partial(_found_in, text=text))


def _leaf(known: Sequence[Column], test: Callable[[Column], Fragment]) -> Narrowed:
    """Any of the values is like that."""
    may: list[Fragment] = []
    surely: list[Fragment] = []
    for column in known:
        inner = test(column)
        holds = Fragment(f"(({inner.text}) IS TRUE)", inner.parameters)
        if column.is_exact == "1":
            may.append(holds)
            surely.append(holds)
        else:
            may.append(Fragment(f"({holds.text} OR NOT {column.is_exact})", holds.parameters))
            surely.append(Fragment(f"({holds.text} AND {column.is_exact})", holds.parameters))
    return Narrowed(_any(may), _any(surely))


def _kind(leaf: Compare | Has, kinds: Mapping[str, str]) -> Fragment:
    """The kinds that are like that, which is known without looking at a row where all are, or none."""
    like = [kind for kind in kinds if _is_kind(leaf, kind)]
    if len(like) == len(kinds):
        return _YES
    return _any([_YES if kinds[kind] == "1" else Fragment(f"({kinds[kind]})") for kind in like])


def _is_kind(leaf: Compare | Has, kind: str) -> bool:
    def values(field: Field) -> list[str]:
        return [kind]

    return passes(leaf, values, ())


def _all(parts: Sequence[Fragment]) -> Fragment:
    if _NO in parts:
        return _NO
    return _join(" AND ", [part for part in parts if part != _YES], _YES)


def _any(parts: Sequence[Fragment]) -> Fragment:
    if _YES in parts:
        return _YES
    return _join(" OR ", [part for part in parts if part != _NO], _NO)


def _join(word: str, parts: Sequence[Fragment], nothing: Fragment) -> Fragment:
    if len(parts) < 2:
        return parts[0] if parts else nothing
    return joined(f"({word.join(part.text for part in parts)})", *parts)


def _not(part: Fragment) -> Fragment:
    if part in (_YES, _NO):
        return _NO if part == _YES else _YES
    return Fragment(f"(NOT {part.text})", part.parameters)
