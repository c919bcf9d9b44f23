"""Test reports out of an archive that anybody may have made (see zips.py). Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from zipfile import ZipFile, ZipInfo

from ... import junit
from ...records import LARGEST_MESSAGE, Case, CaseReport
from ..zips import LARGEST, LARGEST_FILE, ArchiveError, File, check_apart, opened, too_large, unpacked

__all__ = ["LARGEST", "LARGEST_FILE", "ArchiveError", "File", "files", "note", "report_of"]

_LONGEST_NAME: Final = 200


def report_of(name: str, data: bytes) -> CaseReport | None:
    """What the JUnit files in the artifact `name` say together; None where none of its files is one.

    What could not be read of it stands among the failures, as a case without a count: a report that is not whole
    does not look as if it were.
    """
    reports: list[CaseReport] = []
    notes: list[CaseReport] = []
    try:
        for file in files(name, data):
            report, why = _read(file)
            reports += [report] if report is not None else []
            notes += [note(name, file.name, why)] if why else []
    except ArchiveError as error:
        notes.append(note(name, name, str(error)))
    return junit.merged([*notes, *reports]) if reports else None


def note(artifact: str, name: str, sentence: str) -> CaseReport:
    """A report that counts nothing and says one sentence."""
    case = Case(name=name[-_LONGEST_NAME:], suite=artifact[:_LONGEST_NAME], message=sentence[:LARGEST_MESSAGE])
    return CaseReport(total=0, passed=0, failed=0, failures=(case,))


def _read(file: File) -> tuple[CaseReport | None, str]:
    """The report, and a sentence where it is not whole. XML of another kind is no report."""
    try:
        report = junit.parse(file.data)
    except junit.JunitError as error:
        return (None, "") if error.report == junit.NO_CASES else (error.report, file.why or str(error))
    return report, file.why


def files(name: str, data: bytes) -> Iterator[File]:
    """The XML files in an archive, one at a time. A single file may have been uploaded as it is, without an archive.

    Raises ArchiveError at the beginning, and when the files are too large together.
    """
    if data[:2] != b"PK":
        yield File(name, data[:LARGEST_FILE], "" if len(data) <= LARGEST_FILE else too_large(LARGEST_FILE))
        return
    with opened(data) as archive:
        left = LARGEST
        for entry in _xml(archive, len(data)):
            if left <= 0:
                raise ArchiveError(f"its files have more than {LARGEST >> 20} MB")
            file = unpacked(archive, entry, min(LARGEST_FILE, left))
            left -= len(file.data)
            yield file


def _xml(archive: ZipFile, size: int) -> list[ZipInfo]:
    found = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".xml")]
    check_apart(found, size)
    return found
