"""Test reports out of an archive that anybody may have made. Pure.

Nothing is written anywhere, and no name in an archive is used as a path. What is unpacked is bounded, whatever the
archive says of its sizes: a few kilobytes can claim to be, and can be, gigabytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from ... import junit
from ...errors import SourceError
from ...records import LARGEST_MESSAGE, Case, CaseReport

LARGEST_FILE: Final = 16 * 1024 * 1024
"""Bytes of one file, unpacked ..."""
LARGEST: Final = 48 * 1024 * 1024
"""... and of all that is unpacked of one archive."""
MOST_FILES: Final = 10_000
_PIECE: Final = 256 * 1024
_ENTRY: Final = b"PK\x01\x02"
"""What each entry of an archive's table of contents begins with."""
_BROKEN: Final = (
    BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, OverflowError, IndexError, RuntimeError,
)  # fmt: skip
"""What the standard library raises for an archive that is broken, encrypted, or of a kind that it does not know."""
_LONGEST_NAME: Final = 200


class ArchiveError(SourceError):
    """An archive that cannot be read, or not to its end."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The artifact is not read further: {why}.", "not_understood")


class File(NamedTuple):
    """A file of an archive, as far as it could be read. `why` says what hindered more; "" when it is whole."""

    name: str
    data: bytes
    why: str = ""


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
        yield File(name, data[:LARGEST_FILE], "" if len(data) <= LARGEST_FILE else _too_large(LARGEST_FILE))
        return
    with _opened(data) as archive:
        left = LARGEST
        for entry in _xml(archive, len(data)):
            if left <= 0:
                raise ArchiveError(f"its files have more than {LARGEST >> 20} MB")
            file = _unpacked(archive, entry, min(LARGEST_FILE, left))
            left -= len(file.data)
            yield file


def _opened(data: bytes) -> ZipFile:
    if data.count(_ENTRY) > MOST_FILES:  # before they all become objects, of half a kilobyte each
        raise ArchiveError(f"it has more than {MOST_FILES:,} files")
    try:
        return ZipFile(io.BytesIO(data))
    except _BROKEN as error:
        raise ArchiveError("it is no whole zip archive") from error


def _xml(archive: ZipFile, size: int) -> list[ZipInfo]:
    found = [entry for entry in archive.infolist() if entry.filename.lower().endswith(".xml")]
    if sum(entry.compress_size for entry in found) > size:
        # one stretch of bytes that is many files: work without end
        raise ArchiveError("its files overlap")
    return found


def _unpacked(archive: ZipFile, entry: ZipInfo, limit: int) -> File:
    """At most `limit` bytes of a file. What its header says of its size is not believed."""
    name = PurePosixPath(entry.filename.replace("\\", "/")).name
    if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED):  # the others unpack without a bound
        return File(name, b"", "The file is packed in a way that is not read.")
    data = bytearray()
    try:
        with archive.open(entry) as opened:
            while len(data) <= limit and (piece := opened.read(_PIECE)):
                data += piece
    except _BROKEN:
        return File(name, bytes(data[:limit]), "The file is damaged: what stands before is counted.")
    return File(name, bytes(data[:limit]), "" if len(data) <= limit else _too_large(limit))


def _too_large(limit: int) -> str:
    return f"The file has more than {max(limit >> 20, 1)} MB: what stands in those is counted."
