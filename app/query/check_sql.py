"""A filter or a sort of checks as SQL over a row of the table `data_check`; see `sql` for runs.

There are thousands of them: one pass over the table is enough, however many results they have.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from ..records import Identities, Millis
from .conditions import Fragment, condition, joined
from .tree import And, Compare, Field, Has, Node, Not, Or, Words

FLAPPING: Final = 4
"""Turns between good and bad among its last 20 results from which on a check flaps."""

_NEWEST: Final = "FROM check_invocation AS i WHERE i.id = data_check.newest"
_RESULT: Final = (
    "FROM check_result AS r WHERE r.of_check = data_check.id AND r.at = data_check.checked_at"
    " AND r.invocation = data_check.newest"
)
_RULE: Final = "FROM check_rule AS q WHERE q.id = data_check.rule"

_COLUMNS: Final = {
    "id": "data_check.native",
    "source": "(SELECT s.name FROM source AS s WHERE s.id = data_check.source)",
    "tool": "data_check.tool",
    "suite": "NULLIF(data_check.suite, '')",
    "name": "data_check.name",
    "dataset": "NULLIF(data_check.dataset, '')",
    "column": "NULLIF(data_check.\"column\", '')",
    "environment": "NULLIF(data_check.environment, '')",
    "outcome": "data_check.outcome",
    "severity": f"(SELECT NULLIF(q.severity, '') {_RULE})",
    "checked_at": "data_check.checked_at",
    "interval": f"(SELECT NULLIF(i.interval, '') {_NEWEST})",
    "observed": f"(SELECT NULLIF(r.observed, '') {_RESULT})",
    "expected": f"(SELECT NULLIF(q.expected, '') {_RULE})",
    "failed_rows": "data_check.failed_rows",
    "total_rows": "data_check.total_rows",
    "share": "(data_check.failed_rows * 1.0 / NULLIF(data_check.total_rows, 0))",
    "commit": f"(SELECT NULLIF(i.\"commit\", '') {_NEWEST})",
    "run_id": f"(SELECT NULLIF(i.run_id, '') {_NEWEST})",
    "pipeline_id": f"(SELECT NULLIF(i.pipeline_id, '') {_NEWEST})",
    "first_failed_at": "data_check.first_failed_at",
    "first_failed_commit": "NULLIF(data_check.first_failed_commit, '')",
    "last_passed_at": "data_check.last_passed_at",
    "rule": "data_check.rule_change",
    "rule_changed_at": "data_check.rule_changed_at",
    "rule_commit": "NULLIF(data_check.rule_changed_commit, '')",
    "results": "data_check.results",
    "usual": "(data_check.usual / 1000.0)",
    "removed": "(data_check.removed_at IS NOT NULL)",
    "flapping": f"(data_check.flips >= {FLAPPING})",
}
"""An empty text is an absent one: tools say either."""

WORDS: Final = ("name", "dataset", "column", "suite", "id")
"""Where a bare word is looked for."""


class Terms(NamedTuple):
    """What a filter of checks depends on beside the row: the clock, and which names are one dataset."""

    now: Millis
    identities: Identities | None = None


def test(node: Node | None, terms: Terms) -> Fragment:
    """Whether the row passes: 1 or 0, so that NOT inverts it. None lets every row pass."""
    if node is None:
        return Fragment("1")
    if isinstance(node, And | Or):
        word = " AND " if isinstance(node, And) else " OR "
        parts = [test(part, terms) for part in node.parts]
        return joined("(" + word.join(part.text for part in parts) + ")", *parts)
    if isinstance(node, Not):
        inner = test(node.part, terms)
        return Fragment(f"(NOT {inner.text})", inner.parameters)
    if isinstance(node, Words):
        parts = [_found(Compare(Field("check", name), ":", node.text), terms) for name in WORDS]
        return joined("(" + " OR ".join(part.text for part in parts) + ")", *parts)
    return _found(node, terms)


def value(field: Field, terms: Terms) -> str:
    """What the row is sorted by, NULL where it has none."""
    return "data_check.rank" if field.name == "outcome" else _column(field, terms)  # by how bad it is


def _found(leaf: Compare | Has, terms: Terms) -> Fragment:
    inner = _leaf(_column(leaf.field, terms), leaf)
    declared = _declared(terms) if leaf.field.name == "dataset" else None
    if declared is None:
        return Fragment(f"(({inner.text}) IS TRUE)", inner.parameters)
    # what tools call by different names is one dataset, and goes by either name
    other = _leaf("t.name", leaf)
    text = f"(({inner.text}) IS TRUE OR (SELECT {other.text} FROM (SELECT {declared.text} AS name) AS t) IS TRUE)"
    return joined(text, inner, other, declared)


def _leaf(column: str, leaf: Compare | Has) -> Fragment:
    if isinstance(leaf, Has):
        return Fragment(f"{column} = 1" if leaf.field.type == "flag" else f"{column} IS NOT NULL")
    return condition(column, False, leaf.operator, leaf.value)


def _column(field: Field, terms: Terms) -> str:
    if field.name == "silent":
        return f"coalesce(data_check.due_at < {int(terms.now)}, 0)"
    return _COLUMNS[field.name]


def _declared(terms: Terms) -> Fragment | None:
    """The declared name of the row's dataset, NULL where nobody declared one."""
    known = Identities() if terms.identities is None else terms.identities
    names = [(tool, name, one.name) for one in known.declared for tool, name in known.names_of(one.name)]
    if not names:
        return None
    cases = " ".join(["WHEN data_check.tool = ? AND data_check.dataset = ? THEN ?"] * len(names))
    return Fragment(f"CASE {cases} END", tuple(word for each in names for word in each))
