"""What a test of dbt demands: its rule in one line, the numbers in it, and what would have passed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from ....records.check import Limit
from ..documents import Raw, number, plain
from ..invocations import bounded
from ..masking import figure, masked
from .manifest import Config, Node

_CONDITION: Final = re.compile(r"\s*(!=|<>|>=|<=|>|<)\s*(-?\d{1,12}(?:\.\d{1,6})?)\s*")
_SEVERITIES: Final = {"warn": 1.0, "error": 2.0}
_STRICT: Final[Mapping[str, str]] = {
    "min_value": "higher", "at_least": "higher", "mostly": "higher", "min_proportion": "higher",
    "max_value": "lower", "at_most": "lower", "interval": "lower",
}  # fmt: skip
_NO_RULE: Final = ("model", "column_name")


def definition(node: Node, is_unit: bool = False) -> str:
    """The rule, canonical: what the test was given by the order of its keys, then how it judges.

    A unit test has rows, which are told by their checksum.
    """
    config, words = node.config, [_kind(node)]
    if is_unit:
        return bounded(f"unit_test {words[0]}")
    if node.test is not None:
        words += [f"{key}={_plain(raw)}" for key, raw in sorted(node.test.kwargs.items()) if key not in _NO_RULE]
    for key, value in (("where", config.where), ("limit", config.limit), ("fail_calc", _fail_calc(config))):
        words += [f"{key}={_json(value)}"] if value is not None else []
    words += [f"severity={severity(config) or 'error'}"]
    words += [f"{key}={_json(value)}" for key, value in _judged(config)]
    return bounded(" ".join(words))


def limits(node: Node) -> tuple[Limit, ...]:
    """The numbers by which the rule is told to be looser or stricter."""
    return (*_given(node), *_thresholds(node.config))


def severity(config: Config) -> str:
    """error or warn; "" where it is not told."""
    return (config.severity or "").strip().lower()[:20]


def wanted(condition: str | None) -> str | None:
    """What would have passed, of the condition by which a test fails: at most 10 failing rows."""
    if not condition:
        return None
    found = _CONDITION.fullmatch(condition)
    if found is None:
        return f"not {masked(condition)[:60]}"
    sign, value = found.groups()
    if (sign in ("!=", "<>", ">") and float(value) == 0) or (sign == ">=" and float(value) == 1):
        return "no failing rows"
    if sign in ("!=", "<>"):
        return f"{value} failing rows"
    return f"{_ALLOWED[sign]} {value} failing rows"


_ALLOWED: Final = {">": "at most", ">=": "fewer than", "<": "at least", "<=": "more than"}


def _kind(node: Node) -> str:
    if node.test is None or not node.test.name:
        return f"{node.name} {node.checksum[:16]}".strip()
    name = f"{node.test.namespace}.{node.test.name}" if node.test.namespace else node.test.name
    return f"{name}({node.column})" if node.column else name


def _fail_calc(config: Config) -> str | None:
    return None if config.fail_calc == "count(*)" else config.fail_calc


def _judged(config: Config) -> list[tuple[str, str]]:
    """Both conditions, always: a file of a version that leaves out defaults shows the same rule."""
    return [("warn_if", config.warn_if or "!= 0"), ("error_if", config.error_if or "!= 0")]


def _given(node: Node) -> Iterator[Limit]:
    for key, raw in sorted(node.test.kwargs.items()) if node.test is not None else ():
        value = number(raw)
        if value is not None and key in _STRICT:
            yield Limit(name=key, value=value, strict="higher" if _STRICT[key] == "higher" else "lower")


def _thresholds(config: Config) -> Iterator[Limit]:
    if (value := _SEVERITIES.get(severity(config) or "error")) is not None:
        yield Limit(name="severity", value=value, strict="higher")
    for key, condition in _judged(config):
        if (found := _CONDITION.fullmatch(condition)) is not None:
            yield from _threshold(key, found[1], float(found[2]))


def _threshold(key: str, sign: str, value: float) -> Iterator[Limit]:
    """Rows are counted: `>= 1` and `!= 0` are `> 0`."""
    if sign in ("!=", "<>") and value == 0:
        yield Limit(name=key, value=0, strict="lower")
    elif sign in (">", ">="):
        yield Limit(name=key, value=value if sign == ">" else value - 1, strict="lower")
    elif sign in ("<", "<="):
        yield Limit(name=key, value=value if sign == "<" else value + 1, strict="higher")


def _plain(raw: Raw) -> str:
    value = plain(raw)
    return figure(value) or _json(value)


def _json(value: object) -> str:
    try:
        return msgspec.json.encode(value, order="sorted").decode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError):
        return "…"
