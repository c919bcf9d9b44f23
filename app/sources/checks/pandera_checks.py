"""One failed check of pandera in the words of all tools."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...records.check import CheckResult, Limit
from .masking import cut, figure, without_addresses
from .wording import LONGEST_RULE, unexpected

_NAMES = {
    "not_nullable": "not_null", "field_uniqueness": "unique", "multiple_fields_uniqueness": "unique",
    "column_in_dataframe": "exists", "column_in_schema": "in_schema", "dtype": "of_type", "isin": "accepted_values",
    "notin": "rejected_values", "in_range": "between", "greater_than": "greater_than", "less_than": "less_than",
    "greater_than_or_equal_to": "at_least", "less_than_or_equal_to": "at_most", "str_matches": "match_regex",
}  # fmt: skip
_CALL = re.compile(r"([A-Za-z_]\w{0,100})\((.*)\)", re.DOTALL)
_NUMBER = re.compile(r"[-+]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][-+]?\d{1,4})?")
_LAMBDA = "<lambda>"
_LIMITS = {
    "greater_than": ("min_value",), "greater_than_or_equal_to": ("min_value",), "less_than": ("max_value",),
    "less_than_or_equal_to": ("max_value",), "in_range": ("min_value", "max_value"),
    "str_length": ("min_value", "max_value"),
}  # fmt: skip
_SAID = {
    "greater_than": "more than", "greater_than_or_equal_to": "at least", "less_than": "less than",
    "less_than_or_equal_to": "at most", "isin": "one of", "notin": "none of", "str_matches": "matches", "dtype": "type",
    "equal_to": "", "not_equal_to": "not",
}  # fmt: skip
_WANTED = {
    "not_nullable": "no nulls", "field_uniqueness": "no duplicates", "multiple_fields_uniqueness": "no duplicates"
}  # fmt: skip


class Failure(NamedTuple):
    """A check that failed or raised, as one of the forms tells it."""

    column: str
    check: str
    """What was asserted: in_range(0, 120), or what its author calls it."""
    number: int = -1
    """Which of the checks of its column; -1 where it has no number."""
    raised: str = ""
    """The exception that came instead of a result."""
    rows: int | None = None
    dataset: str = ""
    observed: str | None = None


def check_result(failure: Failure) -> CheckResult:
    """The result, with ordinal 0."""
    found = _CALL.fullmatch(failure.check)
    function, arguments = (found[1], found[2]) if found else (failure.check, "")
    name = _name(function, failure)
    return CheckResult(
        name=f"{name}({failure.column})" if failure.column else name, dataset=failure.dataset, column=failure.column,
        outcome="error" if failure.raised else "fail", definition=_definition(failure.check, bool(found)),
        limits=_limits(function, arguments), failed_rows=failure.rows, expected=_expected(function, arguments),
        observed=failure.observed or (unexpected("", failure.rows, None, None) if failure.rows is not None else None),
        message=f"It raised {failure.raised}." if failure.raised else "",
    )  # fmt: skip


def _name(function: str, failure: Failure) -> str:
    """A function without a name is told apart by its place among the checks of its column."""
    if function == _LAMBDA:
        return f"lambda_{failure.number}" if failure.number >= 0 else "lambda"
    return _NAMES.get(function) or cut(without_addresses(" ".join(function.split())), 80)


def _definition(check: str, is_call: bool) -> str:
    """Of what people called their own functions nothing is known but the name."""
    return cut(without_addresses(check), LONGEST_RULE) if is_call or check in _NAMES else ""


def _numbers(arguments: str) -> list[float | None]:
    words = [word.rpartition("=")[2].strip() for word in arguments[:400].split(",")]
    return [float(word) if _NUMBER.fullmatch(word) else None for word in words]


def _limits(function: str, arguments: str) -> tuple[Limit, ...]:
    names = _LIMITS.get(function, ())
    return tuple(
        Limit(name=name, value=value, strict="higher" if name == "min_value" else "lower")
        for name, value in zip(names, _numbers(arguments), strict=False)
        if value is not None and figure(value) is not None
    )


def _expected(function: str, arguments: str) -> str | None:
    if function in ("in_range", "str_length"):
        least, _, most = arguments.partition(",")
        return cut(f"{least.strip()} to {most.strip()}", 200)
    if (said := _SAID.get(function)) is not None:
        return cut(without_addresses(f"{said} {arguments.strip('[]')}".strip()), 200)
    return _WANTED.get(function)
