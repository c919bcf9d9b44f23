"""JUnit XML: tests of data and of models, each of them a check. One invocation a file.

The suite is what the file as a whole is called, without the times in it; suites within it stand in the names of their
tests, so that a test is the same check whether one suite was run or all. No rule is told, and none is ever removed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from ...junit import JunitError, Tally, outcome, said, walk
from ...records import CheckResult, Invocation, Millis
from ...records.check import Outcome
from .invocations import MOST_RESULTS, content_id, numbered, without_colours, without_stamps
from .masking import cut, masked, masked_line, without_addresses
from .reading import ResultFile, UnreadableError
from .times import moment

__all__ = ["read"]

_OUTCOMES: Final[Mapping[str, Outcome]] = {"passed": "pass", "failed": "fail", "errors": "error", "skipped": "skipped"}
_NAMELESS: Final = ("", "pytest tests")
"""Names of a root that say no more than which tool wrote it."""
_LONGEST: Final = 300
_READ: Final = 4_000
_COMMIT: Final = re.compile(r"[0-9a-f]{40}")
_RUN: Final = re.compile(r"[0-9a-f]{32}")
_COMMITS: Final = ("commit", "git_commit", "git_sha", "sha")
_RUNS: Final = ("mlflow_run_id", "run_id")
_ENVIRONMENTS: Final = ("environment", "env", "stage")


class _Case(NamedTuple):
    """A testcase, with the names of what it stands in, outermost first."""

    suites: tuple[str, ...]
    group: str
    name: str
    outcome: Outcome
    message: str
    given: Mapping[str, str]


def read(file: ResultFile) -> tuple[Invocation, ...]:
    """The tests of the file, as one invocation. Raises UnreadableError."""
    try:
        found = walk(file.data, lambda: _Cases(file.path))
    except JunitError as error:
        raise UnreadableError(file.path, _why(error)) from error
    suite, depth = _suite(found.cases)
    results = numbered(_results(found.cases, depth))
    return (
        Invocation(
            source="", id=content_id(file.data), tool="junit", suite=cut(without_addresses(suite), 200),
            environment=without_addresses(_of(found.given, _ENVIRONMENTS))[:100], at=found.at(file), origin=file.path,
            commit=_matching(found.given, _COMMITS, _COMMIT), run_id=_matching(found.given, _RUNS, _RUN),
            complaint="" if results else "The report holds no test.", results=results,
        ),
    )  # fmt: skip


class _Cases(Tally):
    """All testcases of a file, and what is said of its suites."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._times: set[str] = set()
        self.cases: list[_Case] = []
        self.given: dict[str, str] = {}

    def add(self, element: Element, suites: Sequence[Element]) -> None:
        super().add(element, suites)
        if len(self.cases) >= MOST_RESULTS:
            raise UnreadableError(self._path, f"it holds more than {MOST_RESULTS:,} tests")
        self._times.update(time for one in (element, *suites) if (time := one.get("timestamp", "")[:64]))
        word, told = outcome(element)
        self.cases.append(
            _Case(
                tuple(_called(one) for one in suites), element.get("classname", "")[:_READ].strip(), _named(element),
                _OUTCOMES[word], _message(element, told), dict(_properties(element)),
            )
        )  # fmt: skip

    def about(self, told: Element, suites: Sequence[Element]) -> None:
        if len(self.given) < 1_000:
            self.given.update([_property(told)])

    def at(self, file: ResultFile) -> Millis:
        """The newest of its times. Where it names none: the day that it names, else when the file was written."""
        known = [at for at in map(moment, self._times) if at is not None]
        return max(known) if known else moment(self.given.get("date")) or file.modified_at or 0


def _suite(cases: Sequence[_Case]) -> tuple[str, int]:
    """What the file is called, and how many of the outermost names that is.

    A root without a name has the name of its only suite, as pytest writes it; where each class is a suite of its
    own, how many there are depends on what was run, and none of them names the file.
    """
    if not cases or not cases[0].suites:
        return "", 1
    root = cases[0].suites[0]
    if root not in _NAMELESS:
        return root, 1
    within = {case.suites[1] if len(case.suites) > 1 else "" for case in cases}
    only = within.pop() if len(within) == 1 else ""
    return (only, 2) if only and only not in cases[0].group else ("", 1)


def _results(cases: Sequence[_Case], depth: int) -> Iterator[CheckResult]:
    for case in cases:
        full = case.name if not case.group or case.name.startswith(case.group) else f"{case.group}.{case.name}"
        around = [name for name in case.suites[depth:] if name and name not in full]
        failed, total = (_count(case.given.get(key, "")) for key in ("failed_rows", "total_rows"))
        yield CheckResult(
            name=cut(without_addresses(" › ".join([*around, full])), _LONGEST), outcome=case.outcome,
            dataset=cut(without_addresses(case.given.get("dataset", "")), 200),
            column=cut(without_addresses(case.given.get("column", "")), 120),
            severity=masked(case.given.get("severity", ""))[:40], message=case.message,
            failed_rows=failed, total_rows=total,
        )  # fmt: skip


def _named(element: Element) -> str:
    return element.get("name", "")[:_READ].strip() or "(a test without a name)"


def _called(suite: Element) -> str:
    return without_stamps(suite.get("name", "")[:_READ])


def _message(element: Element, told: Sequence[Element]) -> str:
    """The first line of what was said, masked: what an assertion compared may be a value of the data."""
    if not told:
        told = [child for child in element if child.tag.rpartition("}")[2] == "skipped"]
    return masked_line(without_colours(said(told[0])[:_READ])) if told else ""


def _properties(element: Element) -> Iterator[tuple[str, str]]:
    for child in element:
        if child.tag.rpartition("}")[2] == "properties":
            yield from map(_property, list(child)[:1_000])


def _property(told: Element) -> tuple[str, str]:
    value = told.get("value") or told.text or ""
    return told.get("name", "")[:100].lower(), value.strip()[:_LONGEST]


def _count(value: str) -> int | None:
    return int(value) if re.fullmatch(r"[0-9]{1,15}", value) else None


def _of(given: Mapping[str, str], keys: Sequence[str]) -> str:
    return next((given[key] for key in keys if given.get(key)), "")


def _matching(given: Mapping[str, str], keys: Sequence[str], shape: re.Pattern[str]) -> str | None:
    return next((given[key] for key in keys if shape.fullmatch(given.get(key, ""))), None)


def _why(error: JunitError) -> str:
    if error.report.total:
        return f"it breaks off or is broken after {error.report.total} tests"
    sentence = str(error).rstrip(".")
    return sentence[:1].lower() + sentence[1:]
