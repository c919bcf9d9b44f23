"""The filter grammar: text -> tree -> SQL with bound parameters, and what it means in plain Python.

    parse(text, zone=..., now=...) -> Node | None      raises FilterError with the column
    parse_sort("metrics.val_auc:desc") -> Sort
    write(node) -> text
    matches(node, run) -> bool                         one record, without SQL
    sql.test, sql.source, sql.value                    what store/order.py asks SQLite

Pure: no connection, no clock, no settings. `register_functions` gives a connection the few functions that
SQLite lacks.
"""

from __future__ import annotations

from .evaluate import matches
from .parser import parse, parse_sort
from .sql import register_functions
from .texts import as_number
from .tree import And, Compare, Field, Has, Node, Not, Or, Sort, Words, all_of, leaves
from .writing import write, write_field, write_sort

__all__ = [
    "And", "Compare", "Field", "Has", "Node", "Not", "Or", "Sort", "Words", "all_of", "as_number", "leaves", "matches",
    "parse", "parse_sort", "register_functions", "write", "write_field", "write_sort",
]  # fmt: skip
