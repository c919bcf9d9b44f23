"""JSON of result files: typed, so that what no record needs costs no memory, and with one way to fail."""

from __future__ import annotations

import codecs
import re
from typing import Final, TypeVar

import msgspec

from .reading import ResultFile, UnreadableError

__all__ = ["LARGEST", "MOST_OBJECTS", "MOST_RESULTS", "Raw", "decode", "held", "text_of", "too_many"]

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of one file that are read."""
MOST_RESULTS: Final = 100_000
"""Results of one file: ten times what the largest projects have, and 100 MB of records."""
MOST_OBJECTS: Final = 700_000
"""Objects in the JSON of one file; each that is decoded costs some 200 bytes."""
_NOT_FINITE: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?|-?\bInfinity\b|\bNaN\b', re.DOTALL)  # linear in any junk

Raw = msgspec.Raw
T = TypeVar("T")


def decode(file: ResultFile, shape: type[T]) -> T:
    """The file as `shape`, passing over all that is not in it. NaN and Infinity, as Python writes them, are null.

    Raises UnreadableError: empty, too large, no JSON, cut, nested too deep, or of another shape.
    """
    return _decoded(file.path, text_of(file.path, file.data), shape)


def text_of(path: str, data: bytes) -> bytes:
    """The bytes as UTF-8 without a byte order mark: PowerShell's `>` writes UTF-16. Raises UnreadableError."""
    if len(data) > LARGEST:
        raise UnreadableError(path, f"it has {len(data) >> 20} MB, and no more than {LARGEST >> 20} MB are read")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        if len(data) > LARGEST // 4:
            raise UnreadableError(path, f"it is UTF-16 of more than {LARGEST >> 22} MB: write it as UTF-8")
        try:
            data = data.decode("utf-16").encode()
        except UnicodeError as error:
            raise UnreadableError(path, "it begins as UTF-16 and is not") from error
    data = data.removeprefix(codecs.BOM_UTF8)
    if not data.strip():
        raise UnreadableError(path, "it is empty")
    return data


def held(raw: msgspec.Raw | None, shape: type[T]) -> T | None:
    """A part of a file as `shape`; None where it is something else. One odd value does not cost the other results."""
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        return None


def too_many(file: ResultFile, results: int) -> None:
    """Raises UnreadableError where there are more results than one file is allowed."""
    if results > MOST_RESULTS:
        raise UnreadableError(file.path, f"it holds {results:,} results, and no more than {MOST_RESULTS:,} are read")


def _decoded(path: str, text: bytes, shape: type[T]) -> T:
    if text.lstrip()[:1] not in (b"{", b"["):
        raise UnreadableError(path, "it is no JSON")
    if text.count(b"{") > MOST_OBJECTS:
        raise UnreadableError(path, f"it holds more than {MOST_OBJECTS:,} objects")
    try:
        try:
            return msgspec.json.decode(text, type=shape)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            if (finite := _NOT_FINITE.sub(_as_null, text)) == text:
                raise
            return msgspec.json.decode(finite, type=shape)
    except msgspec.ValidationError as error:
        raise UnreadableError(path, f"it has another shape than expected: {str(error)[:120]}") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise UnreadableError(path, f"it is cut or is no JSON: {str(error)[:80]}") from error
    except RecursionError as error:
        raise UnreadableError(path, "it is nested as no result file is") from error


def _as_null(found: re.Match[bytes]) -> bytes:
    return found[0] if found[0].startswith(b'"') else b"null"
