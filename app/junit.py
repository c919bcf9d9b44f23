"""JUnit XML, as many tools write it, to a CaseReport.

There is no one JUnit format: what pytest, unittest, jest, Surefire, gtest and xUnit.net write has in common is
`<testcase>` elements, in `<testsuite>` elements or not, with `<failure>`, `<error>` or `<skipped>` in them. Those are
counted; what the attributes of a suite claim is not (pytest 9.2 says 16 tests for 14).
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterable, Iterator
from typing import Final, NoReturn
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from .errors import SourceError
from .records import Case, CaseReport
from .records.pipeline import LARGEST_MESSAGE, MOST_CASES

__all__ = ["LARGEST", "NO_CASES", "JunitError", "merged", "parse"]

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of one file that are read."""
NO_CASES: Final = CaseReport(total=0, passed=0, failed=0)
"""The report of nothing, which is not a good one."""
_DEEPEST: Final = 100
"""Elements within each other: real reports have five ..."""
_MOST_OF_A_CASE: Final = 10_000
"""... and elements in one testcase. More, in 100 KB that are packed to nothing, cost minutes and gigabytes."""
_SUITES: Final = ("testsuites", "testsuite", "testcase")
_NOT_RUN: Final = ("notrun", "disabled", "skipped", "ignored")  # gtest and CTest say it in `status`, with no element
_FORBIDDEN: Final = bytes(code for code in range(32) if code not in b"\t\n\r")
_REFERENCE: Final = re.compile(rb"&#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));")


class JunitError(SourceError):
    """A file that cannot be read, or not to its end. `report` is what was read before."""

    def __init__(self, sentence: str, report: CaseReport = NO_CASES) -> None:
        super().__init__(sentence, "not_understood")
        self.report = report


def parse(data: bytes) -> CaseReport:
    """Count the cases of a JUnit file. No test is in more than one count; an expected failure (xfail) is skipped.

    Raises JunitError for what is no JUnit XML, too large, with entities of its own, or broken off: its `report`
    holds the cases before the break.
    """
    if len(data) > LARGEST:
        raise JunitError(f"The test report has {len(data) >> 20} MB: no more than {LARGEST >> 20} MB are read.")
    try:
        return _parsed(data)
    except JunitError:
        if (legal := _without_control_characters(data)) == data:
            raise
    return _parsed(legal)


def merged(reports: Iterable[CaseReport]) -> CaseReport:
    """The reports of several files as one."""
    all_of_them = tuple(reports)
    return CaseReport(
        total=sum(one.total for one in all_of_them),
        passed=sum(one.passed for one in all_of_them),
        failed=sum(one.failed for one in all_of_them),
        errors=sum(one.errors for one in all_of_them),
        skipped=sum(one.skipped for one in all_of_them),
        failures=tuple(case for one in all_of_them for case in one.failures)[:MOST_CASES],
    )


class _Tally:
    """The counts so far."""

    def __init__(self) -> None:
        self.counts = {"passed": 0, "failed": 0, "errors": 0, "skipped": 0}
        self.failures: list[Case] = []

    def add(self, element: Element, suite: str) -> None:
        outcome, told = _outcome(element)
        self.counts[outcome] += 1
        if told and len(self.failures) < MOST_CASES:
            self.failures.append(_case(element, suite, told))

    def report(self) -> CaseReport:
        return CaseReport(total=sum(self.counts.values()), **self.counts, failures=tuple(self.failures))


def _parsed(data: bytes) -> CaseReport:
    tally = _Tally()
    try:
        for element, suite in _cases(data):
            tally.add(element, suite)
    except DefusedXmlException as error:
        raise JunitError("The test report defines XML entities, which are not expanded: it is not read.") from error
    except ParseError as error:
        _broken(data, error, tally.report())
    except (LookupError, ValueError) as error:  # an encoding that expat does not know, or not in several bytes
        raise JunitError("The test report is in an encoding that is not known.") from error
    return tally.report()


def _broken(data: bytes, error: ParseError, report: CaseReport) -> NoReturn:
    line = error.position[0]
    if not data.strip():
        raise JunitError("The test report is empty.") from error
    if (
        report == NO_CASES
        and data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"<"
        and data[:2] not in (b"\xff\xfe", b"\xfe\xff")
    ):
        raise JunitError("The test report is no XML.") from error
    raise JunitError(
        f"The test report breaks off or is broken at line {line}: the {report.total} tests before are counted.", report
    ) from error


def _cases(data: bytes) -> Iterator[tuple[Element, str]]:
    """Every testcase as it ends, with the name of the suite that it stands in. Memory is that of one testcase."""
    path: list[Element] = []
    held = 0
    for event, element in iterparse(io.BytesIO(data), events=("start", "end"), forbid_dtd=False):
        if event == "start":
            if not path and _tag(element) not in _SUITES:
                raise JunitError(f"The test report is no JUnit XML: it begins with <{_tag(element)[:40]}>.")
            path.append(element)
            held += 1
            if len(path) > _DEEPEST or held > _MOST_OF_A_CASE:
                raise JunitError("The test report is nested as no test report is: it is not read.")
            continue
        path.pop()
        if _tag(element) == "testcase":
            yield element, _suite(path)
        if path and not any(_tag(outer) == "testcase" for outer in path):
            path[-1].remove(element)
            held = 0


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]  # a few tools put it all into a namespace


def _suite(path: list[Element]) -> str:
    return next((name for outer in reversed(path) if (name := outer.get("name", ""))), "")


def _outcome(element: Element) -> tuple[str, list[Element]]:
    """One of the counts, and the elements that tell of a failure. Failed and broken in its teardown: failed."""
    found = {"failure": [child for child in element if _tag(child) == "failure"]}
    found["error"] = [child for child in element if _tag(child) == "error"]
    if found["failure"]:
        return "failed", found["failure"] + found["error"]
    if found["error"]:
        return "errors", found["error"]
    is_skipped = any(_tag(child) == "skipped" for child in element) or element.get("status", "").lower() in _NOT_RUN
    return ("skipped" if is_skipped else "passed"), []


def _case(element: Element, suite: str, told: list[Element]) -> Case:
    return Case(
        name=element.get("name", ""),
        suite=element.get("classname", "") or suite,
        message="\n\n".join(_said(one) for one in told)[:LARGEST_MESSAGE],
        seconds=_seconds(element.get("time", "")),
    )


def _said(element: Element) -> str:
    """The message and the text below it; where the text begins with the message, the text alone."""
    message = element.get("message", "").strip() or element.get("type", "").strip()
    text = "".join(element.itertext()).strip()
    return text if not message or text.startswith(message) else f"{message}\n{text}".strip()


def _seconds(text: str) -> float | None:
    try:
        seconds = float(text.replace(",", ""))  # "1,234.5": Surefire writes thousands so
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _without_control_characters(data: bytes) -> bytes:
    """What XML forbids and tools write all the same, as "?": the rest of the file is worth reading."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data  # UTF-16, where these bytes are halves of letters
    return _REFERENCE.sub(_legal, data.translate(bytes.maketrans(_FORBIDDEN, b"?" * len(_FORBIDDEN))))


def _legal(found: re.Match[bytes]) -> bytes:
    code = int(found[1], 16) if found[1] else int(found[2])
    is_legal = code in (9, 10, 13) or 32 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
    return found[0] if is_legal else b"?"
