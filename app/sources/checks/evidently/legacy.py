"""Tests of Evidently 0.4 to 0.6 (`evidently.legacy` since): of a TestSuite's JSON, and of a snapshot of one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from ....records import CheckResult
from ..documents import ABSENT, Raw, number, plain, small, text
from ..invocations import bounded, judged
from ..masking import figure, masked_line, without_addresses
from .words import (
    OUTCOMES,
    SIGNS,
    Condition,
    drift_limit,
    drift_wanted,
    hidden,
    limits,
    named,
    rule,
    shown,
    snake,
    told,
)

_NAMES: Final = {
    "number of rows": "row_count", "number of columns": "column_count", "value range": "between", "min value": "min",
    "max value": "max", "mean value": "mean", "median value": "median", "std value": "stdev",
    "quantile value": "quantile", "mean value stability": "mean_stability", "drift per column": "drift",
    "share of drifted columns": "drifted_columns", "number of drifted features": "drifted_columns",
    "share of drifted features": "drifted_columns", "number of drifted columns": "drifted_columns",
}  # fmt: skip
_NOISE: Final = re.compile(r"^(?:the )?(?:number of |share of )?(?:the )?|^number |(?: in a column)$", re.I)
_COLUMN: Final = re.compile(r"(?:column|feature)s? \*\*(.{1,120}?)\*\*", re.I)
_MISSING: Final = re.compile(r"[Cc]olumn '([^'\n]{1,120})'")
_ROWS: Final = re.compile(r"(?<![\d.])(\d{1,15}) out of (\d{1,15})(?![\d.]*\d)")
_SHARE: Final = re.compile(r"(?:the )?share of ", re.I)
_COUNTED: Final = re.compile(r"(?:the )?(?:share|number) (?:of|out)", re.I)


class Test(msgspec.Struct, frozen=True):
    """One test as Evidently tells it."""

    name: str = ""
    status: str = ""
    description: Raw = ABSENT
    parameters: Raw = ABSENT


class _Parameters(msgspec.Struct, frozen=True):
    condition: Raw = ABSENT
    value: Raw = ABSENT
    column_name: Raw = ABSENT
    stattest: Raw = ABSENT
    score: Raw = ABSENT
    threshold: Raw = ABSENT
    left: Raw = ABSENT
    right: Raw = ABSENT
    values: Raw = ABSENT
    n_sigmas: Raw = ABSENT
    current_mean: Raw = ABSENT
    reference_mean: Raw = ABSENT
    reference_std: Raw = ABSENT
    columns: Raw = ABSENT


class _Value(msgspec.Struct, frozen=True):
    value: Raw = ABSENT
    relative: Raw = ABSENT
    absolute: Raw = ABSENT


class _Type(msgspec.Struct, frozen=True):
    column_name: str = ""
    expected_type: str | None = None


def check_result(test: Test) -> CheckResult:
    """A test as a record. Of its parameters the features, the values and what they were compared with are not told."""
    outcome, trouble = judged(test.status, OUTCOMES)
    said = text(test.description, 2_000)
    given = small(test.parameters, _Parameters) or _Parameters()
    kind, column = _kind(test.name), _column(given, said)
    conditions = list(_conditions(given, bool(_COUNTED.match(test.name))))
    is_share = bool(_SHARE.match(test.name)) and kind != "drifted_columns"
    failed, total = _rows(said) if kind in ("between", "accepted_values") else (None, None)
    method, threshold = text(given.stattest, 80), number(given.threshold)
    return CheckResult(
        name=named(kind, column), column=column, outcome=outcome,
        definition=bounded(" ".join([named(kind, column), *map(rule, conditions), *_given(given)])),
        limits=(*(limit for one in conditions for limit in limits(one)), *drift_limit(method, threshold)),
        observed=_observed(given, kind, is_share, said), failed_rows=failed, total_rows=total,
        expected=_expected(given, conditions, is_share),
        message=trouble or (masked_line(said, {column}) if outcome in ("error", "skipped") else ""),
    )  # fmt: skip


def _kind(name: str) -> str:
    known = _NAMES.get(name.strip().lower())
    if known:
        return known
    bare = _NOISE.sub("", name.strip())
    bare = _NOISE.sub("", bare).lower()
    if bare == "missing values" and name.lower().endswith("in a column"):
        return "not_null"
    return {"out-of-range values": "between", "out-of-list values": "accepted_values"}.get(bare, snake(bare))


def _column(given: _Parameters, said: str) -> str:
    """As a parameter, else in the sentence: not all tests tell it otherwise."""
    column = text(given.column_name, 120)
    if not column:
        found = _COLUMN.search(said) or _MISSING.search(said)
        column = found[1] if found else ""
    return without_addresses(column)


def _conditions(given: _Parameters, is_counted: bool) -> Iterator[Condition]:
    parts = small(given.condition, dict[str, Raw])
    for key, raw in sorted((parts or {}).items()):
        sign = SIGNS.get(key, key[:20])
        values = small(raw, list[Raw])
        if values is not None:
            yield Condition(sign, None, values=tuple(figure(plain(one)) or "…" for one in values[:20]))
            continue
        about = small(raw, _Value) or _Value(value=raw)
        value = number(about.value)
        if sign == "==" and value == 0 and is_counted:
            sign = "<="  # what is counted from nothing
        yield Condition(sign, value, number(about.relative), number(about.absolute))


def _given(given: _Parameters) -> Iterator[str]:
    numbers = (
        ("left", given.left),
        ("right", given.right),
        ("n_sigmas", given.n_sigmas),
        ("threshold", given.threshold),
    )
    yield from (f"{key}={shown_as}" for key, raw in numbers if (shown_as := figure(number(raw))) is not None)
    if method := text(given.stattest, 80):
        yield f"method={method}"
    if (values := plain(given.values)) is not None:
        yield f"values=#{hidden(values)}"
    types = small(given.columns, list[_Type])
    if types:
        yield "types=" + ",".join(sorted(f"{one.column_name}:{one.expected_type}" for one in types))


def _observed(given: _Parameters, kind: str, is_share: bool, said: str) -> str | None:
    if kind in ("drifted_columns", "column_types") and (found := _ROWS.search(said)):
        return f"{found[1]} of {found[2]} columns"
    if (score := number(given.score)) is not None:
        return f"{text(given.stattest, 80)} {figure(score)}".strip()
    if (mean := number(given.current_mean)) is not None:
        return figure(mean)
    return shown(number(given.value), is_share, "null" if kind == "not_null" else "")


def _expected(given: _Parameters, conditions: list[Condition], is_share: bool) -> str | None:
    mean, spread, sigmas = number(given.reference_mean), number(given.reference_std), number(given.n_sigmas)
    if mean is not None and spread is not None and sigmas is not None:
        return f"{figure(mean - sigmas * spread)} to {figure(mean + sigmas * spread)}"
    if wanted := drift_wanted(text(given.stattest, 80), number(given.threshold)):
        return wanted
    words = [word for word in (told(one, is_share) for one in conditions) if word]
    return " and ".join(words) or None


def _rows(said: str) -> tuple[int | None, int | None]:
    found = _ROWS.search(said)
    return (int(found[1]), int(found[2])) if found else (None, None)
