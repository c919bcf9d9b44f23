"""Reports of Pointblank, `Validate.get_json_report()`: a bare list of steps that names neither table nor label."""

from __future__ import annotations

import re

import msgspec

from ...records import Outcome
from ...records.check import CheckResult, Invocation, Limit
from .documents import ABSENT, Raw, count, document, flag, number, plain, text
from .invocations import check_count, content_id, numbered, stem
from .masking import cut, figure, without_addresses
from .reading import ResultFile, UnreadableError
from .times import moment
from .wording import listed, percent, rule_text, unexpected, value_text

_NAMES = {
    "col_vals_not_null": "not_null", "col_vals_null": "null", "col_vals_in_set": "accepted_values",
    "col_vals_not_in_set": "rejected_values", "col_vals_between": "between", "col_vals_outside": "outside",
    "col_vals_ge": "at_least", "col_vals_gt": "greater_than", "col_vals_le": "at_most", "col_vals_lt": "less_than",
    "col_vals_eq": "equal_to", "col_vals_ne": "not_equal_to", "col_vals_regex": "match_regex",
    "col_vals_expr": "expression", "col_exists": "exists", "rows_distinct": "unique", "rows_complete": "complete",
    "row_count_match": "row_count", "col_count_match": "column_count", "col_schema_match": "schema_match",
}  # fmt: skip
_LEVELS = ("critical", "error", "warning")
_THRESHOLD = re.compile(r"\b(warning|error|critical)=(\d+(\.\d+(?:e-?\d+)?)?)(?=[,)])")
_MEMORY = re.compile(r" at 0x[0-9a-fA-F]+")
_WORDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than", "eq": "", "ne": "not"}


class _Step(msgspec.Struct):
    assertion_type: Raw = ABSENT
    column: Raw = ABSENT
    values: Raw = ABSENT
    inclusive: Raw = ABSENT
    na_pass: Raw = ABSENT
    pre: Raw = ABSENT
    segments: Raw = ABSENT
    thresholds: Raw = ABSENT
    label: Raw = ABSENT
    brief: Raw = ABSENT
    active: Raw = ABSENT
    eval_error: Raw = ABSENT
    all_passed: Raw = ABSENT
    n: Raw = ABSENT
    n_failed: Raw = ABSENT
    f_failed: Raw = ABSENT
    warning: Raw = ABSENT
    error: Raw = ABSENT
    critical: Raw = ABSENT
    time_processed: Raw = ABSENT


def read(file: ResultFile) -> tuple[Invocation, ...]:
    """The one invocation of a report, its suite named by the file. Raises UnreadableError."""
    steps = document(file, list[_Step])
    check_count(file, len(steps))
    results = [result for step in steps if (result := _result(step)) is not None]
    if steps and not results:
        raise UnreadableError(file.path, "its entries are no steps of Pointblank")
    times = [at for step in steps if (at := moment(text(step.time_processed, 64))) is not None]
    at = min(times, default=file.modified_at)
    complaint = _complaint(len(steps), len(results))
    return (
        Invocation(
            source="", id=content_id(file.data), tool="pointblank", suite=stem(file.path), at=at or 0, origin=file.path,
            is_whole=not complaint, complaint=complaint or ("" if at else "Nobody knows when it was written."),
            results=numbered(results),
        ),
    )  # fmt: skip


def _complaint(steps: int, results: int) -> str:
    if not steps:
        return "The report holds no steps."
    return f"{steps - results} of {steps} steps do not say what they assert." if results < steps else ""


def _result(step: _Step) -> CheckResult | None:
    """One step; None where it does not say what it asserts. Values of segments are values of the data: only the column
    by which they were made is told."""
    type_, values = text(step.assertion_type, 100), plain(step.values)
    if not type_:
        return None
    column, segment = _columns(plain(step.column)), _segment(plain(step.segments))
    is_of_rows = type_.startswith(("col_vals_", "rows_", "conjointly"))
    failed, total = (count(step.n_failed), count(step.n)) if is_of_rows else (None, None)
    outcome, severity, why = _outcome(step)
    return CheckResult(
        name=_name(type_, column, segment), column=column, outcome=outcome, severity=severity,
        definition=_definition(type_, step, values, segment), limits=_limits(type_, values, text(step.thresholds)),
        observed=unexpected(_NAMES.get(type_, ""), failed, total, _percent(step) if is_of_rows else None),
        expected=_expected(type_, values, text(step.thresholds)), failed_rows=failed, total_rows=total,
        message=why or _note(step),
    )  # fmt: skip


def _outcome(step: _Step) -> tuple[Outcome, str, str]:
    """The outcome, the highest threshold that was reached, and why it could not run."""
    passed, failed = flag(step.all_passed), count(step.n_failed)
    if passed is None and failed is not None:
        passed = failed == 0
    if flag(step.eval_error) or (passed is None and flag(step.active) is False and count(step.n) is not None):
        return "error", "", "It could not be evaluated; the report does not say why."
    if passed is None:
        is_idle = flag(step.active) is False
        return ("skipped", "", "") if is_idle else ("error", "", "The report does not say whether it passed.")
    if passed:
        return "pass", "", ""
    return _failure(step)


def _failure(step: _Step) -> tuple[Outcome, str, str]:
    """Rows failed. Whoever sets thresholds tolerates some: then it is no failure yet, and not green either."""
    reached = next((level for level in _LEVELS if flag(getattr(step, level))), "")
    if reached:
        return ("warn" if reached == "warning" else "fail"), reached, ""
    if _THRESHOLD.search(text(step.thresholds)):
        return "warn", "", "Fewer failed than each of its thresholds tolerates."
    return "fail", "", ""


def _name(type_: str, column: str, segment: str) -> str:
    short = _NAMES.get(type_) or cut(without_addresses(type_.removeprefix("col_vals_")), 80)
    return (f"{short}({column})" if column else short) + (f" by {segment}" if segment else "")


def _columns(value: object) -> str:
    names = value if isinstance(value, list) else [value]
    return cut(", ".join(cut(name, 100) for name in names if isinstance(name, str)), 200)


def _segment(value: object) -> str:
    return cut(value[0], 100) if isinstance(value, list) and value and isinstance(value[0], str) else ""


def _definition(type_: str, step: _Step, values: object, segment: str) -> str:
    parts = {
        "column": plain(step.column), "values": values, "inclusive": plain(step.inclusive),
        "na_pass": plain(step.na_pass), "pre": text(step.pre) or None, "segments": segment or None,
        "thresholds": text(step.thresholds) or None,
    }  # fmt: skip
    return _MEMORY.sub("", rule_text(type_, parts, sets=("values",) if type_.endswith("_in_set") else ()))


def _limits(type_: str, values: object, thresholds: str) -> tuple[Limit, ...]:
    """The bounds of the values, and thresholds: shares as warning, numbers of rows as warning_count."""
    low, high = _bounds(type_, values)
    found = [
        Limit(name=name if fraction else f"{name}_count", value=float(value), strict="lower")
        for name, value, fraction in _THRESHOLD.findall(thresholds)
    ]
    if isinstance(low, int | float) and figure(low) is not None:
        found.append(Limit(name="min_value", value=float(low), strict="higher"))
    if isinstance(high, int | float) and figure(high) is not None:
        found.append(Limit(name="max_value", value=float(high), strict="lower"))
    return tuple(found)


def _bounds(type_: str, values: object) -> tuple[object, object]:
    if type_ in ("col_vals_ge", "col_vals_gt"):
        return values, None
    if type_ in ("col_vals_le", "col_vals_lt"):
        return None, values
    if type_ == "col_vals_between" and isinstance(values, list) and len(values) == 2:
        return values[0], values[1]
    return None, None


def _expected(type_: str, values: object, thresholds: str) -> str | None:
    if isinstance(values, dict):
        values = next((values[key] for key in ("count", "pattern") if key in values), None)
    rule = _wanted(type_, values)
    found = _THRESHOLD.findall(thresholds)
    if rule and found:
        name, value, fraction = found[0]
        rule += f"; {name} from {percent(float(value) * 100) if fraction else value}"
    return cut(without_addresses(rule), 200) or None


def _wanted(type_: str, values: object) -> str:
    if type_ == "col_vals_not_null":
        return "no nulls"
    if type_ == "rows_distinct":
        return "no duplicates"
    if values is None or "<function" in str(values)[:100]:
        return ""
    low, high = _bounds(type_, values)
    if low is not None and high is not None:
        return f"{value_text(low)} to {value_text(high)}"
    said = {"col_vals_in_set": "one of", "col_vals_not_in_set": "none of", "col_vals_regex": "matches"}
    return f"{said.get(type_) or _WORDS.get(type_.removeprefix('col_vals_'), '')} {listed(values)}".strip()


def _percent(step: _Step) -> float | None:
    share = number(step.f_failed)
    return None if share is None else share * 100


def _note(step: _Step) -> str:
    """What its author wrote beside it; "{auto}" stands for nothing."""
    said = next((word for raw in (step.brief, step.label) if (word := text(raw)) and word != "{auto}"), "")
    return cut(without_addresses(said), 300)
