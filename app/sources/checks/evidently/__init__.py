"""Evidently: test suites and snapshots of 0.4 to 0.6, reports with tests and snapshots of a workspace of 0.7.

A report without tests is information, and no check. Widgets and distributions, which hold data, are never read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from ....records import CheckResult, Invocation
from ..documents import ABSENT, Raw, document, table, text
from ..intervals import interval_in_name
from ..invocations import check_count, content_id, numbered, stem
from ..masking import cut, without_addresses
from ..reading import ResultFile, UnreadableError
from ..times import moment
from . import current, legacy

__all__ = ["read"]

_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_RUN: Final = re.compile(r"[0-9a-f]{32}")
_ENVIRONMENTS: Final = ("environment", "env", "stage")
_COMMITS: Final = ("commit", "git_commit", "git_sha", "sha")
_RUNS: Final = ("mlflow_run_id", "run_id")


class _Suite(msgspec.Struct, frozen=True):
    test_results: list[legacy.Test] | None = None


class _Version(msgspec.Struct, frozen=True):
    version: Raw = ABSENT
    summary: Raw = ABSENT
    suite: Raw = ABSENT
    metric_results: Raw = ABSENT
    metrics: Raw = ABSENT
    tests: Raw = ABSENT
    timestamp: Raw = ABSENT
    name: Raw = ABSENT
    metadata: Raw = ABSENT


class _Legacy(msgspec.Struct, frozen=True):
    tests: list[legacy.Test] = []
    suite: _Suite | None = None


class _Report(msgspec.Struct, frozen=True):
    metrics: list[current.Metric] = []
    tests: list[current.Test] = []


class _Result(msgspec.Struct, frozen=True):
    tests: list[current.Test] = []
    value: Raw = ABSENT
    values: Raw = ABSENT
    counts: Raw = ABSENT
    shares: Raw = ABSENT
    count: Raw = ABSENT
    share: Raw = ABSENT
    mean: Raw = ABSENT
    std: Raw = ABSENT


class _Snapshot(msgspec.Struct, frozen=True):
    metric_results: dict[str, _Result] = {}


def read(file: ResultFile) -> tuple[Invocation, ...]:
    """The suite or report, as one invocation. Raises UnreadableError."""
    head = document(file, _Version)
    results = numbered(_results(file, head))
    meta = table(head.metadata)
    written = moment(text(head.timestamp)) or file.modified_at or 0
    interval, interval_at = interval_in_name(file.path.replace("\\", "/").rpartition("/")[2])
    return (
        Invocation(
            source="", id=content_id(file.data), tool="evidently", version=_version(head),
            suite=_suite(head, file.path), environment=_of(meta, _ENVIRONMENTS)[:100], at=written,
            interval=interval, interval_at=interval_at, origin=file.path,
            commit=_matching(meta, _COMMITS, _COMMIT), run_id=_matching(meta, _RUNS, _RUN),
            complaint="" if results else _NO_TESTS, results=results,
        ),
    )  # fmt: skip


_NO_TESTS: Final = "It is a report without tests: it says what the data is like, and not whether that is well."


def _results(file: ResultFile, head: _Version) -> Sequence[CheckResult]:
    if len(head.metric_results):
        return _of_snapshot(file)
    if len(head.suite) or len(head.summary) or len(head.version):
        return _of_legacy(file, is_suite=bool(len(head.tests)) or bool(len(head.metrics)))
    if len(head.tests) or len(head.metrics):
        return _of_report(file)
    raise UnreadableError(file.path, "it is no file of Evidently: it has neither tests nor metrics")


def _of_legacy(file: ResultFile, is_suite: bool) -> list[CheckResult]:
    found = document(file, _Legacy)
    tests = found.tests if found.suite is None else found.suite.test_results
    if tests is None or (found.suite is None and not is_suite):
        raise UnreadableError(file.path, "it is no report of Evidently: it has neither tests nor metrics")
    check_count(file, len(tests))
    return [legacy.check_result(test) for test in tests]


def _of_report(file: ResultFile) -> list[CheckResult]:
    found = document(file, _Report)
    check_count(file, len(found.tests))
    metrics = {text(metric.id): metric for metric in found.metrics}
    return [current.check_result(test, metrics.get(current.metric_id(test))) for test in found.tests]


def _of_snapshot(file: ResultFile) -> list[CheckResult]:
    found = document(file, _Snapshot)
    check_count(file, sum(len(result.tests) for result in found.metric_results.values()))
    return [
        current.check_result(test, _metric(result)) for result in found.metric_results.values() for test in result.tests
    ]


def _metric(result: _Result) -> current.Metric:
    return current.Metric(
        value=result.value, values=result.values, counts=result.counts, shares=result.shares, count=result.count,
        share=result.share, mean=result.mean, std=result.std,
    )  # fmt: skip


def _version(head: _Version) -> str:
    """0.7 does not say it."""
    is_legacy = len(head.suite) or len(head.summary)
    return text(head.version, 40) or ("0.4" if is_legacy else "0.7")


def _suite(head: _Version, path: str) -> str:
    """The name that somebody gave it, else what the file is called without its time."""
    return cut(without_addresses(text(head.name, 400) or stem(path)), 200)


def _of(meta: Mapping[str, object], keys: Sequence[str]) -> str:
    spoken = {key.lower(): value for key, value in meta.items() if isinstance(value, str)}
    return next((without_addresses(spoken[key]) for key in keys if key in spoken), "")


def _matching(meta: Mapping[str, object], keys: Sequence[str], shape: re.Pattern[str]) -> str | None:
    found = _of(meta, keys)
    return found if shape.fullmatch(found) else None
