"""JUnit XML, as many tools write it, to a CaseReport.

There is no one JUnit format: what pytest, unittest, jest, Surefire, gtest and xUnit.net write has in common is
`<testcase>` elements, in `<testsuite>` elements or not, with `<failure>`, `<error>` or `<skipped>` in them. Those are
counted; what the attributes of a suite claim is not (pytest 9.2 says 16 tests for 14).
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NoReturn, TypeVar
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from .errors import SourceError
from .records import Case, CaseReport
from .records.pipeline import LARGEST_MESSAGE, MOST_CASES

__all__ = ["LARGEST", "NO_CASES", "JunitError", "Tally", "merged", "outcome", "parse", "said", "walk"]

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of one file that are read."""
NO_CASES: Final = CaseReport(total=0, passed=0, failed=0)
"""The report of nothing, which is not a good one."""
_DEEPEST: Final = 100
"""Elements within each other: real reports have five ..."""
_MOST_OF_A_CASE: Final = 10_000
"""... and elements in one testcase. More, in 100 KB that are packed to nothing, cost minutes and gigabytes."""
_PIECE: Final = 128 * 1024
"""Bytes that are parsed at once. What they hold is in memory before any of it is looked at."""
_MOST_ELEMENTS: Final = 1_000_000
"""Elements of a file, which cost seven seconds. Real reports have three to ten for each test."""
_LONG: Final = re.compile(rb"<[^<]{1000000}")  # a long text, or a tag of a megabyte: that is read whole, and slowly
_TAG: Final = re.compile(rb"""<[^<>"']*+(?:(?:"[^"<]*+"|'[^'<]*+')[^<>"']*+)*+>""")
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
    return walk(data, Tally).report()


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


class Tally:
    """The counts so far. Whoever wants more of the cases than that makes one of their own of it."""

    def __init__(self) -> None:
        self.counts = {"passed": 0, "failed": 0, "errors": 0, "skipped": 0}
        self.failures: list[Case] = []

    def add(self, element: Element, suites: Sequence[Element]) -> None:
        """Take a testcase in, and what it stands in, outermost first."""
        word, told = outcome(element)
        self.counts[word] += 1
        if told and len(self.failures) < MOST_CASES:
            self.failures.append(_case(element, _suite(suites), told))

    def about(self, told: Element, suites: Sequence[Element]) -> None:
        """Take in what is said of a suite as a whole: a `<property>` of its."""

    def report(self) -> CaseReport:
        """The counts, and the first of those that failed."""
        return CaseReport(total=sum(self.counts.values()), **self.counts, failures=tuple(self.failures))


_T = TypeVar("_T", bound=Tally)


def walk(data: bytes, start: Callable[[], _T]) -> _T:
    """Hand each testcase of a file to what `start` makes, in their order, and give that back. Raises as `parse`.

    It may be begun anew, with another one of those, where control characters have to be taken out first.
    """
    if len(data) > LARGEST:
        raise JunitError(f"The test report has {len(data) >> 20} MB: no more than {LARGEST >> 20} MB are read.")
    try:
        return _walked(data, start())
    except JunitError:
        if (legal := _without_control_characters(data)) == data:
            raise
    return _walked(legal, start())


def _walked(data: bytes, tally: _T) -> _T:
    if data.strip() and not _is_xml(data):
        raise JunitError("The test report is no XML.")
    if any(not (found[0].startswith(b"<!") or _TAG.match(found[0])) for found in _LONG.finditer(data)):
        raise JunitError("The test report has a tag of more than a megabyte: it is not read.")
    try:
        for element, suites in _elements(data):
            (tally.add if _tag(element) == "testcase" else tally.about)(element, suites)
    except DefusedXmlException as error:
        raise JunitError("The test report defines XML entities, which are not expanded: it is not read.") from error
    except ParseError as error:
        _broken(data, error, tally.report())
    except (LookupError, ValueError) as error:  # an encoding that expat does not know, or not in several bytes
        raise JunitError("The test report is in an encoding that is not known.") from error
    return tally


def _is_xml(data: bytes) -> bool:
    """Whether it begins as XML does. Megabytes of something else cost the parser minutes."""
    return data[:2] in (b"\xff\xfe", b"\xfe\xff") or data[:4_096].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def _broken(data: bytes, error: ParseError, report: CaseReport) -> NoReturn:
    line = error.position[0]
    if not data.strip():
        raise JunitError("The test report is empty.") from error
    raise JunitError(
        f"The test report breaks off or is broken at line {line}: the {report.total} tests before are counted.", report
    ) from error


class _Pieces(io.BytesIO):
    """The file in larger pieces than the 16 KB that are asked for.

    A comment that a piece ends in is read again from its beginning with the next one: 50 MB of it took minutes.
    """

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(_PIECE)


def _elements(data: bytes) -> Iterator[tuple[Element, Sequence[Element]]]:
    """Every testcase, and all properties of suites, as they end, with what they stand in. Memory is that of one."""
    path: list[Element] = []
    held = within = elements = 0  # within: how many testcases it stands in
    for event, element in iterparse(_Pieces(data), events=("start", "end"), forbid_dtd=False):
        if event == "start":
            if not path and _tag(element) not in _SUITES:
                raise JunitError(f"The test report is no JUnit XML: it begins with <{_tag(element)[:40]}>.")
            path.append(element)
            held, elements, within = held + 1, elements + 1, within + (_tag(element) == "testcase")
            if len(path) > _DEEPEST or held > _MOST_OF_A_CASE:
                raise JunitError("The test report is nested as no test report is: it is not read.")
            if elements > _MOST_ELEMENTS:
                raise JunitError(f"The test report has more than {_MOST_ELEMENTS:,} elements: it is not read.")
            continue
        path.pop()
        within -= (tag := _tag(element)) == "testcase"
        if tag == "testcase" or (tag == "property" and not within):
            yield element, path
        if path and not within:
            path[-1].remove(element)
            held = 0


def _tag(element: Element) -> str:
    return element.tag.rpartition("}")[2]  # a few tools put it all into a namespace


def _suite(suites: Sequence[Element]) -> str:
    return next((name for outer in reversed(suites) if (name := outer.get("name", ""))), "")


def outcome(element: Element) -> tuple[str, list[Element]]:
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
        message="\n\n".join(said(one) for one in told)[:LARGEST_MESSAGE],
        seconds=_seconds(element.get("time", "")),
    )


def said(element: Element) -> str:
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
