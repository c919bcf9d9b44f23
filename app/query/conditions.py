"""A column, an operator and a value as SQL. The column's name is ours; what anybody typed is a bound parameter."""

from __future__ import annotations

import math
import re
from typing import Final, NamedTuple

from .required import required_texts
from .texts import folded
from .tree import Operator, Value


class Fragment(NamedTuple):
    """A piece of SQL and the parameters bound in it, in order."""

    text: str
    parameters: tuple[object, ...] = ()


_PLAIN: Final = re.compile(r"(\^?)([A-Za-z0-9 _:/,@#%=-]+)")
_LITERALLY: Final = str.maketrans({"*": "[*]", "?": "[?]", "[": "[[]"})
_MOST_TEXTS: Final = 8
_GLOB: Final = str.maketrans({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"})


def condition(column: str, nan_is_null: bool, operator: Operator, value: Value) -> Fragment:
    """The condition, NULL or 0 where the column is NULL. `nan_is_null`: there NULL stands for a number that is NaN."""
    if isinstance(value, tuple):
        return _in(column, nan_is_null, operator, value)
    if isinstance(value, float) and math.isnan(value):
        return _nan(column, nan_is_null, operator)
    if operator in ("like", "ilike", "~", ":"):
        return _pattern(column, operator, str(value))
    if operator == "!=":
        return Fragment(f"({column} <> ? OR {column} IS NULL)" if nan_is_null else f"{column} <> ?", (value,))
    return Fragment(f"{column} {operator} ?", (value,))


def label_condition(text: str, number: str, operator: Operator, value: Value) -> Fragment:
    """The condition on a text that a float compares with by value: `number` is NULL where the text is none."""
    if not isinstance(value, tuple):
        return _one_label(text, number, operator, value)
    parts = [_one_label(text, number, "=", item) for item in value]
    either = " OR ".join(part.text for part in parts)
    return joined(f"({either}) IS {'NOT ' if operator == 'not in' else ''}TRUE", *parts)


def _one_label(text: str, number: str, operator: Operator, value: Value) -> Fragment:
    if isinstance(value, str):
        return condition(text, False, operator, value)
    # a text that is no number differs from every number, as NaN does
    return condition(number, operator == "!=", operator, value)


def _nan(column: str, nan_is_null: bool, operator: Operator) -> Fragment:
    """Equal to NaN is being NaN; of what is never NaN everything present differs."""
    if operator == "=":
        return Fragment(f"{column} IS NULL" if nan_is_null else "0")
    return Fragment(f"{column} IS NOT NULL" if operator == "!=" else "0")


def _in(column: str, nan_is_null: bool, operator: Operator, values: tuple[object, ...]) -> Fragment:
    finite = tuple(one for one in values if not (isinstance(one, float) and math.isnan(one)))
    marks = ", ".join("?" * len(finite))
    with_nan = nan_is_null and len(finite) < len(values)
    if operator == "in":
        return Fragment(f"({column} IN ({marks}){f' OR {column} IS NULL' if with_nan else ''})", finite)
    if nan_is_null and not with_nan:
        return Fragment(f"({column} NOT IN ({marks}) OR {column} IS NULL)", finite)
    return Fragment(f"({column} IS NOT NULL AND {column} NOT IN ({marks}))", finite)


def _pattern(column: str, operator: str, pattern: str) -> Fragment:
    """In C where SQLite can: GLOB minds the case, LIKE forgets that of ASCII letters."""
    if operator == "like":
        return Fragment(f"{column} GLOB ?", (_glob(pattern),))
    if operator == "~" and (plain := _PLAIN.fullmatch(pattern)):  # no expression at all, but for where it begins
        return Fragment(f"{column} GLOB ?", (f"{'' if plain[1] else '*'}{plain[2]}*",))
    if operator == "~":
        return _searched(column, pattern)
    if not pattern.isascii():
        return Fragment(f"qd_{'ilike' if operator == 'ilike' else 'contains'}({column}, ?)", (pattern,))
    if operator == "ilike":
        return Fragment(f"{column} LIKE ?", (folded(pattern, ascii_only=True),))
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return Fragment(f"{column} LIKE ? ESCAPE '\\'", (f"%{escaped}%",))


def _searched(column: str, pattern: str) -> Fragment:
    """Rows without what every match contains are not searched: that test costs a tenth."""
    texts = required_texts(pattern)[:_MOST_TEXTS]
    search = f"qd_search({column}, ?)"
    if not texts or len(texts) == _MOST_TEXTS:
        return Fragment(search, (pattern,))
    either = " OR ".join([f"{column} GLOB ?"] * len(texts))
    globs = [f"*{text[:200].translate(_LITERALLY)}*" for text in texts]  # SQLite takes no pattern beyond 50 kB
    return Fragment(f"(({either}) AND {search})", (*globs, pattern))


def _glob(pattern: str) -> str:
    return pattern.translate(_GLOB)


def joined(text: str, *parts: Fragment) -> Fragment:
    """The text that was put together of these parts, with their parameters in order."""
    return Fragment(text, tuple(parameter for part in parts for parameter in part.parameters))
