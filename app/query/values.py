"""A field, an operator and what was typed behind it, as a node of the tree."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import tzinfo
from difflib import get_close_matches
from typing import Final, NamedTuple

from ..errors import FilterError
from ..records import Millis
from ..records.subject import article
from . import literals
from .texts import complaint
from .tree import And, Compare, Field, FieldType, Literal_, Node, Operator, Or
from .vocabulary import AGE, Vocabulary

LONGEST: Final = 10_000
"""Characters of one literal: SQLite takes no longer LIKE pattern than 50,000 bytes."""

_EQUAL: Final = ("=", "!=", "in", "not in")
_ORDER: Final = ("<", "<=", ">", ">=")
_TEXT: Final = ("like", "ilike", "~", ":")
_ALLOWED: Final[Mapping[FieldType, tuple[str, ...]]] = {
    "number": (*_EQUAL, *_ORDER),
    "time": (*_EQUAL, *_ORDER),
    "seconds": (*_EQUAL, *_ORDER),
    "status": (*_EQUAL, *_TEXT),
    "text": (*_EQUAL, *_ORDER, *_TEXT),
    "label": (*_EQUAL, *_ORDER, *_TEXT),
    "flag": _EQUAL,
}
_NOUN: Final[Mapping[FieldType, str]] = {
    "number": "a number",
    "time": "a time",
    "seconds": "a duration",
    "status": "a status",
    "text": "a text",
    "label": "a text",
    "flag": "a yes or no",
}
_TOOLS: Final[Mapping[str, str]] = {
    "gx": "great_expectations", "great expectations": "great_expectations", "evid.": "evidently", "pb": "pointblank",
}  # fmt: skip
"""Tools as the table calls them, and people."""
_FLAG: Final = {"yes": 1, "true": 1, "1": 1, "no": 0, "false": 0, "0": 0}
_FLIPPED: Final[Mapping[str, Operator]] = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Terms(NamedTuple):
    """Where times without a zone are meant, what relative ones count from, and what is spoken of."""

    zone: tzinfo
    now: Millis
    vocabulary: Vocabulary


class Typed(NamedTuple):
    """A literal as it was typed."""

    text: str
    quoted: bool
    column: int


def compare(field: Field, operator: Operator, typed: Sequence[Typed], column: int, terms: Terms) -> Node:
    """`field operator value`, or several values for `in`. Raises FilterError; `column` is the operator's."""
    for one in typed:
        if len(one.text) > LONGEST:
            raise FilterError(f"This value is longer than {LONGEST} characters.", one.column)
    if field == AGE:
        return _age(operator, typed[0], column, terms)
    if operator not in _ALLOWED[field.type]:
        allowed = ", ".join(_ALLOWED[field.type])
        raise FilterError(f"“{operator}” does not go with {_NOUN[field.type]}: it takes {allowed}.", column)
    if operator in ("in", "not in"):
        values = tuple(_literal(field, operator, one, terms) for one in typed)
        return Compare(_dataset(field, values), operator, values)
    if field.type == "time" and operator in ("=", "!="):
        span = literals.day(typed[0].text, terms.zone, terms.now)
        if span is not None:
            return _within(field, span, outside=operator == "!=")
    value = _literal(field, operator, typed[0], terms)
    return Compare(_dataset(field, (value,)) if operator in ("=", "!=") else field, operator, value)


def contain(field: Field, typed: Sequence[Typed], column: int, terms: Terms) -> Node:
    """`field:a,b`: equality for what is no free text, else the text occurs in it, whatever the case."""
    if field != AGE and field.type in ("text", "label"):
        for one in typed:
            if not one.text:
                raise FilterError("A text to look for is missing here.", one.column)
        parts = [compare(field, ":", [one], column, terms) for one in typed]
    elif field == AGE or field.type == "time" or len(typed) == 1:
        parts = [compare(field, "=", [one], column, terms) for one in typed]
    else:
        parts = [compare(field, "in", typed, column, terms)]
    return Or(tuple(parts)) if len(parts) > 1 else parts[0]


def _age(operator: Operator, typed: Typed, column: int, terms: Terms) -> Node:
    """Younger than 3 days is started later than 3 days ago."""
    if operator not in _FLIPPED:
        raise FilterError(f"“{operator}” does not go with an age: it takes <, <=, >, >=.", column)
    span = literals.seconds(typed.text)
    if span is None or not math.isfinite(span):
        raise FilterError(f"“{typed.text}” is no age: write 90s, 1h30m, 3d or 2w.", typed.column)
    return Compare(terms.vocabulary.age, _FLIPPED[operator], _whole(terms.now - span * 1000))


def _within(field: Field, span: tuple[Millis, Millis], *, outside: bool) -> Node:
    if outside:
        return Or((Compare(field, "<", span[0]), Compare(field, ">=", span[1])))
    return And((Compare(field, ">=", span[0]), Compare(field, "<", span[1])))


def _dataset(field: Field, values: Sequence[Literal_]) -> Field:
    """`dataset = orders` means the name, `dataset = orders@77ab` name and digest."""
    if field == Field("dataset", "") and not any("@" in str(value) for value in values):
        return Field("dataset", "name")
    return field


def _literal(field: Field, operator: Operator, typed: Typed, terms: Terms) -> Literal_:
    if field.name == "tool" and operator in (*_EQUAL, ":"):
        return _TOOLS.get(typed.text.casefold(), typed.text)
    if operator in _TEXT:
        return _pattern(field, operator, typed)
    if field.type == "number":
        return _number(operator, typed)
    if field.type == "seconds":
        return _seconds(typed)
    if field.type == "time":
        return _moment(typed, terms)
    if field.type == "status":
        return _status(typed, terms.vocabulary)
    if field.type == "flag":
        return _flag(typed)
    return _label(operator, typed) if field.type == "label" else typed.text


def _pattern(field: Field, operator: Operator, typed: Typed) -> str:
    wrong = complaint(typed.text) if operator == "~" else None
    if wrong is not None:
        raise FilterError(f"This regular expression cannot be read: {wrong}.", typed.column)
    if field.type == "status" and operator == "like" and typed.text.isupper():
        return typed.text.lower()  # MLflow writes a status in capitals
    return typed.text


def _number(operator: Operator, typed: Typed) -> float:
    value = literals.number(typed.text)
    if value is None:
        raise FilterError(f"“{typed.text}” is no number: write 0.9, 1e-3, inf or nan.", typed.column)
    if math.isnan(value) and operator in _ORDER:
        raise FilterError("Nothing is less or more than nan: write = nan or != nan.", typed.column)
    return value


def _seconds(typed: Typed) -> float:
    value = literals.seconds(typed.text)
    if value is None or not math.isfinite(value):
        raise FilterError(f"“{typed.text}” is no duration: write seconds, or 90s, 1h30m, 2d.", typed.column)
    return value


def _moment(typed: Typed, terms: Terms) -> Millis | float:
    value = literals.moment(typed.text, terms.zone, terms.now)
    if value is None or not math.isfinite(value):
        form = "2026-05-01, “2026-05-01 14:30”, 2026-05-01T14:30Z, -3d (3 days ago), today or milliseconds"
        raise FilterError(f"“{typed.text}” is no time: write {form}.", typed.column)
    return value


def _status(typed: Typed, vocabulary: Vocabulary) -> str:
    word = typed.text.lower()
    known = vocabulary.statuses
    if word not in known:
        near = get_close_matches(word, known, n=1)
        meant = f" Did you mean “{near[0]}”?" if near else ""
        sentence = f"“{typed.text}” is no {vocabulary.status} of {article(vocabulary.noun)}: {', '.join(known)}.{meant}"
        raise FilterError(sentence, typed.column)
    return word


def _flag(typed: Typed) -> int:
    value = _FLAG.get(typed.text.lower())
    if value is None:
        raise FilterError(f"“{typed.text}” is neither yes nor no.", typed.column)
    return value


def _label(operator: Operator, typed: Typed) -> Literal_:
    """A literal without quotes that is a number compares by value. nan and inf are texts here: what was logged."""
    value = None if typed.quoted else literals.number(typed.text)
    if value is None or (not math.isfinite(value) and operator in _EQUAL):
        return typed.text
    if math.isnan(value):
        raise FilterError("Nothing is less or more than nan: write = nan or != nan.", typed.column)
    return value


def _whole(value: float) -> Millis | float:
    return round(value) if abs(value) < 2**53 else value
