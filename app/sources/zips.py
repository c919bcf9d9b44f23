"""What is unpacked of an archive that anybody may have made. Pure.

Nothing is written anywhere, and no name in an archive is used as a path. What is unpacked is bounded, whatever the
archive says of its sizes: a few kilobytes can claim to be, and can be, gigabytes.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import Final, NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from ..errors import SourceError

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


class ArchiveError(SourceError):
    """An archive that cannot be read, or not to its end."""

    def __init__(self, why: str) -> None:
        super().__init__(f"The artifact is not read further: {why}.", "not_understood")


class File(NamedTuple):
    """A file of an archive, as far as it could be read. `why` says what hindered more; "" when it is whole."""

    name: str
    data: bytes
    why: str = ""


def matching(data: bytes, wanted: Callable[[str], bool], beside: str = "") -> Iterator[tuple[File, dict[str, bytes]]]:
    """The files whose path in the archive is wanted, one at a time, each with the file called `beside` next to it.

    Raises ArchiveError at the beginning, and when the files are too large together.
    """
    with opened(data) as archive:
        entries = {_path(entry): entry for entry in archive.infolist() if not entry.is_dir()}
        found = [path for path in entries if wanted(path) and PurePosixPath(path).name != beside]
        check_apart([entries[path] for path in found], len(data))
        left = LARGEST
        for path in found:
            if left <= 0:
                raise ArchiveError(f"its files have more than {LARGEST >> 20} MB")
            file = unpacked(archive, entries[path], min(LARGEST_FILE, left))
            left -= len(file.data)
            explains = entries.get(str(PurePosixPath(path).with_name(beside))) if beside else None
            more = unpacked(archive, explains, LARGEST_FILE) if explains is not None else None
            yield file._replace(name=path), {beside: more.data} if more is not None and not more.why else {}


def _path(entry: ZipInfo) -> str:
    """Its path in the archive: only a name, which is looked at and never opened."""
    return entry.filename.replace("\\", "/").lstrip("/")


def opened(data: bytes) -> ZipFile:
    """The archive. Raises ArchiveError for what is none, and for one of too many files."""
    if data.count(_ENTRY) > MOST_FILES:  # before they all become objects, of half a kilobyte each
        raise ArchiveError(f"it has more than {MOST_FILES:,} files")
    try:
        return ZipFile(io.BytesIO(data))
    except _BROKEN as error:
        raise ArchiveError("it is no whole zip archive") from error


def check_apart(entries: list[ZipInfo], size: int) -> None:
    """Raise ArchiveError where one stretch of an archive's bytes is many files: that is work without end."""
    if sum(entry.compress_size for entry in entries) > size:
        raise ArchiveError("its files overlap")


def unpacked(archive: ZipFile, entry: ZipInfo, limit: int) -> File:
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
    return File(name, bytes(data[:limit]), "" if len(data) <= limit else too_large(limit))


def too_large(limit: int) -> str:
    """Why a file stands there in part."""
    return f"The file has more than {max(limit >> 20, 1)} MB: what stands in those is counted."
