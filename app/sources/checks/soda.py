"""Soda 3: the file that `soda scan -srf FILE` writes. Soda 4 writes none. Samples and groups of rows are never read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final

import msgspec

from ...records import CheckResult, Invocation
from ...records.check import Outcome
from .documents import ABSENT, Raw, count, document, flag, number, part, plain_bytes, text
from .intervals import NONE, Interval
from .invocations import age, check_count, content_id, judged, numbered, without_colours
from .masking import cut, figure, masked, masked_line, without_addresses
from .reading import ResultFile, UnreadableError
from .soda_rules import Text, expected, limits
from .times import moment

__all__ = ["read"]

_OUTCOMES: Final[Mapping[str, Outcome]] = {"pass": "pass", "warn": "warn", "fail": "fail"}
_NO_NAME: Final = "Soda Core CLI"
"""What all scans are called that nobody named: several projects, or parts of one."""
_ROWS: Final = ("missing_count", "missing_percent", "invalid_count", "invalid_percent", "duplicate_count",
                "duplicate_percent", "failed rows", "relationships")  # fmt: skip
_COUNTED: Final = {"missing_count": "missing", "invalid_count": "invalid", "duplicate_count": "duplicate"}
_SEVERITY: Final = ("severity", "criticality", "priority")
_NOT_EVALUATED: Final = re.compile(r"\s*(\d{1,9})/(\d{1,9}) checks NOT EVALUATED")
_VERSION: Final = re.compile(r"Soda (?:Core|Library) (\S{1,20})")
_QUOTED: Final = re.compile(r'"([^"\n]{1,80})"')
_MOST_BLOCKS: Final = 20
_MOST_LOGS: Final = 20_000


class _Group(msgspec.Struct, frozen=True):
    label: Raw = msgspec.field(default=ABSENT, name="distinctLabel")


class _Check(msgspec.Struct, frozen=True):
    name: Raw = ABSENT
    definition: Raw = ABSENT
    table: Raw = ABSENT
    column: Raw = ABSENT
    data_source: Raw = msgspec.field(default=ABSENT, name="dataSource")
    outcome: Raw = ABSENT
    reasons: Raw = msgspec.field(default=ABSENT, name="outcomeReasons")
    diagnostics: Raw = ABSENT
    attributes: Raw = msgspec.field(default=ABSENT, name="resourceAttributes")
    group: Raw = ABSENT


class _Metric(msgspec.Struct, frozen=True):
    identity: Raw = ABSENT
    value: Raw = ABSENT


class _Log(msgspec.Struct, frozen=True):
    level: Raw = ABSENT
    message: Raw = ABSENT


class _Scan(msgspec.Struct, frozen=True):
    definition: Raw = msgspec.field(default=ABSENT, name="definitionName")
    data_source: Raw = msgspec.field(default=ABSENT, name="defaultDataSource")
    data_at: Raw = msgspec.field(default=ABSENT, name="dataTimestamp")
    started_at: Raw = msgspec.field(default=ABSENT, name="scanStartTimestamp")
    ended_at: Raw = msgspec.field(default=ABSENT, name="scanEndTimestamp")
    has_errors: Raw = msgspec.field(default=ABSENT, name="hasErrors")
    checks: list[_Check] | None = None
    automated: Raw = msgspec.field(default=ABSENT, name="automatedMonitoringChecks")
    metrics: Raw = ABSENT
    logs: Raw = ABSENT


class _Failing(msgspec.Struct, frozen=True):
    rows: Raw = msgspec.field(default=ABSENT, name="totalFailingRows")


class _Diagnostics(msgspec.Struct, frozen=True):
    value: Raw = ABSENT
    measure: Raw = ABSENT
    fail: Raw = ABSENT
    warn: Raw = ABSENT
    blocks: Raw = ABSENT
    events: Raw = msgspec.field(default=ABSENT, name="valueLabel")
    missing: Raw = msgspec.field(default=ABSENT, name="missing_column_names")
    present: Raw = msgspec.field(default=ABSENT, name="present_column_names")


class _Named(msgspec.Struct, frozen=True):
    name: str = ""
    value: Raw = ABSENT


class _Reason(msgspec.Struct, frozen=True):
    message: str = ""


def read(file: ResultFile) -> tuple[Invocation, ...]:
    """The scan, as one invocation. Raises UnreadableError; of Soda 4's console output it says that it is that."""
    _check_no_console(file)
    scan = document(file, _Scan)
    if scan.checks is None:
        raise UnreadableError(file.path, "it is no result of a Soda scan: it has no list of checks")
    checks = [*scan.checks, *(part(scan.automated, list[_Check]) or ())]
    metrics = part(scan.metrics, list[_Metric]) or []
    check_count(file, len(checks))
    suite = cut(without_addresses(text(scan.definition)), 200)
    started = moment(text(scan.started_at)) or moment(text(scan.ended_at)) or moment(text(scan.data_at))
    interval, interval_at = _interval(scan)
    logs = [
        (text(log.level).lower(), text(log.message, 4_000)) for log in (part(scan.logs, list[_Log]) or [])[:_MOST_LOGS]
    ]
    has_errors = flag(scan.has_errors) is True
    results = numbered(_results(checks, metrics, scan, has_errors))
    return (
        Invocation(
            source="", id=content_id(file.data), tool="soda", version=_version(logs), suite=suite,
            environment=text(scan.data_source, 100), at=started or file.modified_at or 0, interval=interval,
            interval_at=interval_at, origin=file.path, complaint=_complaint(metrics, logs, len(results), has_errors),
            is_whole=suite not in ("", _NO_NAME) and bool(results) and not has_errors, results=results,
        ),
    )  # fmt: skip


def _check_no_console(file: ResultFile) -> None:
    head = plain_bytes(file)[:4_000].lstrip()
    if head[:1] == b"{":
        return
    if b"CLI v4" in head or b"erifying contract" in head or b"Contract results for" in head:
        raise UnreadableError(
            file.path, "it is what Soda 4 prints: Soda 4 writes no file of results, and only Soda 3's can be read"
        )
    if b"Soda Core" in head or b"Soda Library" in head:
        raise UnreadableError(file.path, "it is what Soda prints: `soda scan -srf FILE` writes the file of results")


def _interval(scan: _Scan) -> Interval:
    """The time of the data, where the scan was given one that is not its own."""
    data_at, started = moment(text(scan.data_at)), moment(text(scan.started_at))
    if data_at is None or started is None or abs(data_at - started) < 60_000:
        return NONE
    return text(scan.data_at, 40).removesuffix("T00:00:00+00:00"), data_at


def _results(
    checks: Iterable[_Check], metrics: Iterable[_Metric], scan: _Scan, has_errors: bool
) -> Iterator[CheckResult]:
    totals = dict(_totals(metrics))
    default = text(scan.data_source, 200)
    begin = f"metric-{text(scan.definition)}-"
    for check in checks:
        source, table = text(check.data_source, 200) or default, text(check.table, 200)
        yield _result(
            check,
            table if source == default else f"{source}.{table}",
            totals.get(f"{begin}{source}-{table}-row_count"),
            has_errors,
        )


def _totals(metrics: Iterable[_Metric]) -> Iterator[tuple[str, int]]:
    for metric in metrics:
        identity = text(metric.identity)
        if identity.endswith("-row_count") and (rows := count(metric.value)) is not None:
            yield identity, rows


def _result(check: _Check, dataset: str, total: int | None, has_errors: bool) -> CheckResult:
    said = Text(text(check.definition, 20_000), text(check.name))
    diagnostics = part(check.diagnostics, _Diagnostics) or _Diagnostics()
    outcome, message = _outcome(check, has_errors)
    told = (("fail", diagnostics.fail), ("warn", diagnostics.warn))
    levels = {level: part(raw, dict[str, Raw]) or {} for level, raw in told if len(raw) < 10_000}
    is_of_rows = said.kind in _ROWS
    return CheckResult(
        name=said.name(_group(check)), dataset=without_addresses(dataset),
        column=cut(without_addresses(text(check.column, 200)) or (said.columns if is_of_rows else ""), 120),
        outcome=outcome, severity=_severity(check), definition=said.definition, limits=limits(levels, said),
        observed=_observed(diagnostics, said.kind), expected=expected(levels, said, outcome), message=message,
        failed_rows=_failed(diagnostics, said.kind) if is_of_rows else None,
        total_rows=total if is_of_rows and not said.is_filtered else None,
    )  # fmt: skip


def _outcome(check: _Check, has_errors: bool) -> tuple[Outcome, str]:
    """null: it was not evaluated. With a reason it was skipped (no history yet); beside errors it could not run."""
    if word := text(check.outcome):
        return judged(word, _OUTCOMES)
    reasons = part(check.reasons, list[_Reason]) if len(check.reasons) < 100_000 else None
    if reasons:
        return "skipped", masked_line(reasons[0].message)
    return ("error", "Soda could not evaluate it.") if has_errors else ("skipped", "Soda did not evaluate it.")


def _group(check: _Check) -> str:
    """A group is named by a value out of the rows: told apart by a hash of it."""
    group = part(check.group, _Group) if len(check.group) < 100_000 else None
    label = text(group.label) if group else ""
    return f"[group {blake2b(label.encode('utf-8', 'replace'), digest_size=2).hexdigest()}]" if label else ""


def _severity(check: _Check) -> str:
    named = part(check.attributes, list[_Named]) if len(check.attributes) < 100_000 else None
    return next((masked(text(one.value))[:40] for one in named or () if one.name.lower() in _SEVERITY), "")


def _observed(diagnostics: _Diagnostics, kind: str) -> str | None:
    """Numbers only: the largest or most frequent text is a value of the data."""
    if kind == "schema":
        return _schema(diagnostics)
    value = number(diagnostics.value)
    if value is None:
        return None
    if text(diagnostics.measure) == "time" or kind == "freshness":
        return age(value / 3_600_000)
    if kind.endswith("percent"):
        return f"{figure(value)} %"
    if kind == "row_count":
        return f"{figure(value)} row{'s' * (value != 1)}"
    if kind in ("failed rows", "relationships"):
        return f"{figure(value)} failing row{'s' * (value != 1)}"
    return f"{figure(value)} {_COUNTED[kind]}" if kind in _COUNTED else figure(value)


def _schema(diagnostics: _Diagnostics) -> str | None:
    names = [("missing", diagnostics.missing), ("present", diagnostics.present)]
    told = [
        f"{word}: {', '.join(found[:6])}"
        for word, raw in names
        if len(raw) < 100_000 and (found := part(raw, list[str]))
    ]
    events = masked(text(diagnostics.events, 60))
    return cut(without_addresses("; ".join(word for word in (events, *told) if word)), 200) or None


def _failed(diagnostics: _Diagnostics, kind: str) -> int | None:
    if len(diagnostics.blocks) < 1_000_000:
        for block in (part(diagnostics.blocks, list[_Failing]) or [])[:_MOST_BLOCKS]:
            if (rows := count(block.rows)) is not None:
                return rows
    return None if kind.endswith("percent") else count(diagnostics.value)


def _version(logs: Iterable[tuple[str, str]]) -> str:
    return next((found[1] for _, message in logs if (found := _VERSION.match(message))), "3")


def _complaint(metrics: Iterable[_Metric], logs: list[tuple[str, str]], results: int, has_errors: bool) -> str:
    errors = [message for level, message in logs if level == "error"]
    first = next((one for one in errors if not one.startswith("Error occurred while executing")), "")
    why = masked_line(without_colours(first), set(_columns(first, metrics))).rstrip(".!")
    if not results:
        said = "No check was evaluated"
        return f"{said}: {why}." if why else f"{said}: Soda found none in the files that it was given."
    left_out = next((found for _, message in logs if (found := _NOT_EVALUATED.match(message))), None)
    said = f"{left_out[1]} of {left_out[2]} checks were not evaluated" if left_out else "Checks may be missing"
    return f"{said}: {why or 'the scan had errors'}." if has_errors else ""


def _columns(message: str, metrics: Iterable[_Metric]) -> Iterator[str]:
    """The quoted names in an error that are columns of the checks, by the metrics that were asked for."""
    quoted = set(_QUOTED.findall(message))
    for metric in metrics if quoted else ():
        identity = text(metric.identity)
        yield from (name for name in quoted if f"-{name}-" in identity)
