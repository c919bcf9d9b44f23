"""The JUnit files that a job wrote."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..junit import LARGEST, NO_CASES, JunitError, merged, parse
from ..records import CaseReport
from ..settings.checks import check_pattern
from ..text import clip

MOST_FILES = 200
Stamps = dict[Path, tuple[int, int]]


class Found(NamedTuple):
    """What the tests of a job said, and what is wrong with that; "" when all is well."""

    report: CaseReport
    complaint: str


def stamps(folder: Path, pattern: str) -> Stamps:
    """The files that the pattern names now, and what changes when they are written."""
    return dict(_matching(folder, pattern))


def collect(folder: Path, pattern: str, before: Stamps) -> Found:
    """The reports that were written since `before`. None, or without a case, is not well: nothing was tested."""
    fresh = [path for path, stamp in stamps(folder, pattern).items() if before.get(path) != stamp]
    reports, complaint = [], ""
    for path in fresh:
        try:
            reports.append(parse(_content(path)))
        except JunitError as error:
            reports.append(error.report)
            complaint = f"{clip(path.name, 60)}: {error}"
        except OSError as error:
            complaint = f"{clip(path.name, 60)} cannot be read: {error.strerror}."
    report = merged(reports) if reports else NO_CASES
    return Found(report, complaint or _judged(report, pattern, bool(fresh)))


def _judged(report: CaseReport, pattern: str, was_written: bool) -> str:
    name = clip(pattern, 60)
    if not was_written:
        return f"It wrote no {name}, where its tests were to be told."
    if not report.total:
        return f"{name} holds no tests."
    bad = report.failed + report.errors
    return f"{bad} of {report.total} tests failed." if bad else ""


def _content(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(LARGEST + 1)


def _matching(folder: Path, pattern: str) -> Iterator[tuple[Path, tuple[int, int]]]:
    """Files inside the folder, links followed, with their stamps. What cannot be looked at is passed over."""
    home = Path(os.path.realpath(folder))
    count = 0
    for path in _globbed(folder, pattern):
        with contextlib.suppress(OSError):
            found = path.stat()
            is_inside = Path(os.path.realpath(path)).is_relative_to(home)
            if stat.S_ISREG(found.st_mode) and is_inside and count < MOST_FILES:
                count += 1
                yield path, (found.st_mtime_ns, found.st_ino)


def _globbed(folder: Path, pattern: str) -> list[Path]:
    try:
        check_pattern("junit", pattern)
        return sorted(folder.glob(pattern))
    except (OSError, ValueError, RecursionError):  # the settings refuse such patterns; an older record may hold one
        return []
