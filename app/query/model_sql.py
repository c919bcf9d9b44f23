"""A filter or a sort of registered models as SQL over a row of the table `registered_model`; see `sql` for runs.

There are hundreds of them, so that one pass over the table is enough; what is asked of versions goes by their index.
"""

from __future__ import annotations

from typing import Final

from .conditions import Fragment, condition, joined, label_condition
from .tree import And, Compare, Field, Has, Node, Not, Or, Words

_COLUMNS: Final = {
    "name": "registered_model.name",
    "source": "(SELECT s.name FROM source AS s WHERE s.id = registered_model.source)",
    "description": "NULLIF(registered_model.description, '')",
    "alias": "a.alias",
    "created_at": "registered_model.created_at",
    "updated_at": "registered_model.updated_at",
}
"""An empty text is an absent one."""

_VERSION: Final = {
    "version": "v.native",
    "status": "v.status",
    "user": "NULLIF(v.user, '')",
    "run_id": "NULLIF(v.run_id, '')",
    "stage": "NULLIF(v.stage, '')",
}

WORDS: Final = ("name", "description", "alias")
"""Where a bare word is looked for."""

_OWN_VERSIONS: Final = "FROM model_version AS v WHERE v.model = registered_model.id"
_OWN_ALIASES: Final = "FROM model_alias AS a WHERE a.model = registered_model.id"
_TAG: Final = "FROM (SELECT qd_tag(registered_model.tags, ?) AS text) AS t WHERE t.text IS NOT NULL"


def test(node: Node | None) -> Fragment:
    """Whether the row passes: 1 or 0, so that NOT inverts it. None lets every row pass."""
    if node is None:
        return Fragment("1")
    if isinstance(node, And | Or):
        word = " AND " if isinstance(node, And) else " OR "
        parts = [test(part) for part in node.parts]
        return joined("(" + word.join(part.text for part in parts) + ")", *parts)
    if isinstance(node, Not):
        inner = test(node.part)
        return Fragment(f"(NOT {inner.text})", inner.parameters)
    if isinstance(node, Words):
        parts = [_found(Compare(Field("model", name), ":", node.text)) for name in WORDS]
        return joined("(" + " OR ".join(part.text for part in parts) + ")", *parts)
    return _found(node)


def value(field: Field, *, largest: bool = False) -> Fragment:
    """What the row is sorted by, NULL where it has none: of several the smallest or the largest."""
    which = "max" if largest else "min"
    if field.kind == "tag":
        return Fragment("qd_tag(registered_model.tags, ?)", (field.name,))
    if field.kind == "version":
        column = "v.number" if field.name == "version" else _VERSION[field.name]
        return Fragment(f"(SELECT {which}({column}) {_OWN_VERSIONS})")
    if field.name == "alias":
        return Fragment(f"(SELECT {which}(a.alias) {_OWN_ALIASES})")
    return Fragment(_COLUMNS[field.name])


def _found(leaf: Compare | Has) -> Fragment:
    field, inner = leaf.field, _leaf(leaf)
    if field.kind == "tag":
        return Fragment(f"EXISTS (SELECT 1 {_TAG} AND {inner.text})", (field.name, *inner.parameters))
    if field.kind == "version":
        return Fragment(f"EXISTS (SELECT 1 {_OWN_VERSIONS} AND {inner.text})", inner.parameters)
    if field.name == "alias":
        return Fragment(f"EXISTS (SELECT 1 {_OWN_ALIASES} AND {inner.text})", inner.parameters)
    return Fragment(f"(({inner.text}) IS TRUE)", inner.parameters)


def _leaf(leaf: Compare | Has) -> Fragment:
    field = leaf.field
    if isinstance(leaf, Has):
        return Fragment("1" if field.kind == "tag" else f"{_column(field)} IS NOT NULL")
    if field.kind == "tag":
        return label_condition("t.text", "qd_number(t.text)", leaf.operator, leaf.value)
    if field == Field("version", "version"):
        return label_condition("v.native", "v.number", leaf.operator, leaf.value)
    return condition(_column(field), False, leaf.operator, leaf.value)


def _column(field: Field) -> str:
    return _VERSION[field.name] if field.kind == "version" else _COLUMNS[field.name]
