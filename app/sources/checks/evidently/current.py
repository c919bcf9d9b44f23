"""Tests of Evidently 0.7: of a report's JSON, and of a snapshot in a workspace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from ....records import CheckResult
from ....records.check import Limit
from ..documents import ABSENT, Raw, flag, number, plain, small, text
from ..invocations import bounded, judged
from ..masking import figure, masked_line, without_addresses
from .words import (
    ALLOWED,
    OUTCOMES,
    SIGNS,
    Condition,
    drift_limit,
    drift_wanted,
    limits,
    named,
    rule,
    shown,
    snake,
    told,
)

_NAMES: Final = {
    "MissingValueCount": "not_null", "DatasetMissingValueCount": "missing_values", "InRangeValueCount": "between",
    "OutRangeValueCount": "between", "InListValueCount": "accepted_values", "OutListValueCount": "accepted_values",
    "UniqueValueCount": "unique_values", "ValueDrift": "drift", "DriftedColumnsCount": "drifted_columns",
    "DuplicatedRowCount": "duplicate_rows", "MinValue": "min", "MaxValue": "max", "MeanValue": "mean",
    "MedianValue": "median", "StdValue": "stdev", "SumValue": "sum", "QuantileValue": "quantile",
}  # fmt: skip
_SIGNS: Final = {
    "LessThan": "lt", "LessOrEqual": "lte", "GreaterThan": "gt", "GreaterOrEqual": "gte", "Equal": "eq",
    "NotEqual": "not_eq", "IsIn": "is_in", "NotIn": "not_in",
}  # fmt: skip
_TYPE: Final = re.compile(r"(?:^|:)(\w{1,80})$")
_BAD: Final = ("MissingValueCount", "OutRangeValueCount", "OutListValueCount")
_NO_RULE: Final = (
    "type",
    "tests",
    "share_tests",
    "mean_tests",
    "std_tests",
    "column",
    "method",
    "threshold",
    "quantile",
)
_REFERENCE: Final = re.compile(r"(?:expected|[<>]=?) +(-?\d[\d.]{0,40}(?: ± \d[\d.]{0,40})?)\s*$")
_MEANS: Final = {True: "mean", False: "std"}


class Test(msgspec.Struct, frozen=True):
    """One test as Evidently tells it."""

    name: Raw = ABSENT
    description: Raw = ABSENT
    status: str = ""
    metric: Raw = msgspec.field(default=ABSENT, name="metric_config")
    config: Raw = msgspec.field(default=ABSENT, name="test_config")
    bound: Raw = msgspec.field(default=ABSENT, name="bound_test")


class Metric(msgspec.Struct, frozen=True):
    """One figure, or several of one kind."""

    id: Raw = ABSENT
    value: Raw = ABSENT
    values: Raw = ABSENT
    counts: Raw = ABSENT
    shares: Raw = ABSENT
    count: Raw = ABSENT
    share: Raw = ABSENT
    mean: Raw = ABSENT
    std: Raw = ABSENT
    tests: Raw = ABSENT


class _Of(msgspec.Struct, frozen=True):
    metric_id: Raw = ABSENT
    params: Raw = ABSENT


class _Params(msgspec.Struct, frozen=True):
    type: str = ""
    column: Raw = ABSENT
    method: Raw = ABSENT
    threshold: Raw = ABSENT
    quantile: Raw = ABSENT


class _Config(msgspec.Struct, frozen=True):
    type: str = ""
    is_critical: Raw = ABSENT
    alias: Raw = ABSENT
    threshold: Raw = ABSENT
    expected: Raw = ABSENT
    values: Raw = ABSENT


class _Bound(msgspec.Struct, frozen=True):
    test: Raw = ABSENT
    label: Raw = ABSENT
    slot: Raw = ABSENT
    is_count: Raw = ABSENT
    is_mean: Raw = ABSENT


class _Amount(msgspec.Struct, frozen=True):
    value: Raw = ABSENT
    relative: Raw = ABSENT
    absolute: Raw = ABSENT


def metric_id(test: Test) -> str:
    """Which figure a test is about."""
    return text((small(test.metric, _Of) or _Of()).metric_id)


def check_result(test: Test, metric: Metric | None) -> CheckResult:
    """A test as a record, with the figure that it is about. Labels are values of the data: none is told."""
    outcome, trouble = judged(test.status, OUTCOMES)
    raw_params = (small(test.metric, _Of) or _Of()).params
    params, bound = small(raw_params, _Params) or _Params(), small(test.bound, _Bound) or _Bound()
    config = _config(test, bound)
    type_ = _last(params.type)
    column = without_addresses(text(params.column, 120))
    about = ", ".join(word for word in (column, figure(number(params.quantile))) if word)
    condition, is_share = _condition(config, type_), _is_share(bound)
    method, threshold = text(params.method, 80), number(params.threshold)
    is_critical = flag(config.is_critical)
    severity = "" if is_critical is None else "critical" if is_critical else "warning"
    count, share = _counted(metric, type_)
    name = named(_kind(type_, test), about, text(bound.label, 200), text(config.alias, 80))
    return CheckResult(
        name=name, column=column, outcome=outcome, severity=severity,
        definition=bounded(" ".join(_rule(name, condition, is_share, raw_params, params, severity))),
        limits=(*(limits(condition) if condition else ()), *drift_limit(method, threshold), *_severity(severity)),
        observed=_observed(metric, bound, is_share, type_, method),
        expected=_expected(test, condition, is_share) or drift_wanted(method, threshold), failed_rows=count,
        total_rows=round(count / share) if count and share and count / share < 2**53 else None,
        message=trouble or (masked_line(text(test.description), {column}) if outcome in ("error", "skipped") else ""),
    )  # fmt: skip


def _config(test: Test, bound: _Bound) -> _Config:
    """What the test was given; tests of drift have it in another place."""
    found = small(test.config, _Config) or _Config()
    return found if found.type else small(bound.test, _Config) or _Config()


def _kind(type_: str, test: Test) -> str:
    if type_:
        return _NAMES.get(type_) or snake(type_.removesuffix("Value"))
    return snake(re.sub(r"\d+(?:\.\d+)?", "", text(test.name).partition(":")[0]))


def _condition(config: _Config, type_: str) -> Condition | None:
    sign = SIGNS.get(_SIGNS.get(_last(config.type).removesuffix("MetricTest").removesuffix("Test"), ""))
    if sign is None:
        return None
    values = small(config.values, list[Raw])
    if values is not None:
        return Condition(sign, None, values=tuple(figure(plain(one)) or "…" for one in values[:20]))
    raw = config.threshold if len(config.threshold) else config.expected
    amount = small(raw, _Amount) or _Amount(value=raw)
    value = number(amount.value)
    if sign == "==" and value == 0 and type_.endswith("Count"):
        sign = "<="  # what is counted from nothing
    return Condition(sign, value, number(amount.relative), number(amount.absolute))


def _expected(test: Test, condition: Condition | None, is_share: bool) -> str | None:
    """What would have passed; where the reference decides, as the description tells it."""
    if condition is None or condition.value is not None or condition.values:
        return told(condition, is_share) if condition else None
    found = _REFERENCE.search(text(test.description))
    return f"{ALLOWED[condition.sign]} {found[1]}".strip() if found and condition.sign in ALLOWED else None


def _is_share(bound: _Bound) -> bool:
    return flag(bound.is_count) is False or text(bound.slot) == "share"


def _observed(metric: Metric | None, bound: _Bound, is_share: bool, type_: str, method: str) -> str | None:
    value = _value(metric, bound, is_share) if metric is not None else None
    if value is None:
        return None
    if method:
        return f"{method} {figure(value)}"
    return shown(value, is_share, "null" if type_ == "MissingValueCount" and is_share else "")


def _value(metric: Metric, bound: _Bound, is_share: bool) -> float | None:
    """The figure that the test is about: one by itself, a count or share, a mean, or that of a label."""
    inner = metric if len(metric.count) or len(metric.counts) else small(metric.value, Metric) or metric
    label = text(bound.label, 200)
    if label:
        places = (inner.shares if is_share else inner.counts, inner.values, inner.value)
        return next((found for place in places if (found := _by_label(place, label)) is not None), None)
    mean = flag(bound.is_mean)
    slot = "share" if is_share else "count" if len(inner.count) else _MEANS[mean] if mean is not None else "value"
    raw: Raw = getattr(inner, slot)
    return _figure(raw) if len(raw) else _figure(metric.value)


def _by_label(raw: Raw, label: str) -> float | None:
    found = small(raw, dict[str, Raw])
    return _figure(found[label]) if found and label in found else None


def _figure(raw: Raw) -> float | None:
    """A number, by itself or as snapshots hold it."""
    value = number(raw)
    return number((small(raw, _Amount) or _Amount()).value) if value is None else value


def _counted(metric: Metric | None, type_: str) -> tuple[int | None, float | None]:
    """Rows that are wrong, and their share; of metrics that count those only."""
    if metric is None or type_ not in _BAD:
        return None, None
    inner = metric if len(metric.count) else small(metric.value, Metric) or metric
    count, share = _figure(inner.count), _figure(inner.share)
    return (int(count), share) if count is not None and 0 <= count < 2**53 else (None, None)


def _rule(
    name: str, condition: Condition | None, is_share: bool, raw_params: Raw, params: _Params, severity: str
) -> Iterator[str]:
    yield name
    yield from (f"{'share ' if is_share else ''}{rule(condition)}",) if condition else ()
    if method := text(params.method, 80):
        yield f"method={method}"
    if (threshold := figure(number(params.threshold))) is not None:
        yield f"threshold={threshold}"
    yield from _given(raw_params)
    yield from (f"severity={severity}",) if severity else ()


def _given(raw: Raw) -> Iterator[str]:
    given: Mapping[str, Raw] = small(raw, dict[str, Raw]) or {}
    for key, value in sorted(given.items()):
        if key not in _NO_RULE and len(value) < 2_000 and bytes(value) != b"null":
            yield f"{without_addresses(key[:60])}={bytes(value).decode('utf-8', 'replace')}"


def _severity(severity: str) -> tuple[Limit, ...]:
    return (Limit(name="severity", value=2 if severity == "critical" else 1, strict="higher"),) if severity else ()


def _last(type_: str) -> str:
    found = _TYPE.search(type_[-100:])
    return found[1] if found else ""
