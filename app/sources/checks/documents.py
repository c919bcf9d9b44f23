"""JSON that others wrote, read so that no file of any content costs more than a few times its size.

Only named fields are decoded, and those that hold anything stay raw until somebody wants them: the values of the data
that a report carries along never become Python objects. A field that is something else is as if it were not there.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, TypeVar

import msgspec

from .masking import cut
from .reading import ResultFile, UnreadableError

__all__ = [
    "ABSENT", "LARGEST", "MOST_OBJECTS", "MOST_ROWS", "Raw", "count", "decoded", "decoder_of", "document", "flag",
    "number", "part", "plain", "plain_bytes", "small", "streamed", "table", "text",
]  # fmt: skip

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of a file that is read."""
MOST_OBJECTS: Final = 400_000
"""JSON objects in a file. Each that is decoded costs about 200 bytes."""
MOST_ROWS: Final = 1_000_000
"""JSON objects in a file that is streamed."""
Raw = msgspec.Raw
ABSENT: Final = Raw(b"")
"""The default of a raw field."""

_T = TypeVar("_T")
_LARGEST_VALUE = 1024 * 1024  # of a raw field that is decoded as what it happens to be
_CHUNK = 1024 * 1024  # what is mended or streamed at once: its pieces cost more than the text
_LARGEST_ROW = 8 * _CHUNK  # of what is streamed
_BETWEEN = re.compile(rb"\}\s*,\s*\{(?=\s*\"[^\"\\]{1,80}\"\s*:)")  # within a text, no quote stands alone
_LINES = re.compile(rb"\}\s*\n\s*\{")  # and no line ends
_NOT_JSON = re.compile(rb"(?<![^\[,:\s])-?(?:NaN|Infinity)(?=\s*(?:[,\]}]|\Z))")  # as Python's json writes them
_HALF = re.compile(
    rb"(?<!\\)((?:\\\\)*)\\u(?:[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB]..\\u)[dD][c-fC-F][0-9a-fA-F]{2})"
)
_WRONG = (msgspec.DecodeError, RecursionError, UnicodeDecodeError)


def document(file: ResultFile, shape: type[_T]) -> _T:
    """The whole file as `shape`: a Struct, or a list of them, with mostly raw fields. Raises UnreadableError."""
    return decoded(file, plain_bytes(file), shape)


def plain_bytes(file: ResultFile, *, largest: int = LARGEST) -> bytes:
    """The file as UTF-8 without a mark at its beginning. Raises UnreadableError where it is empty or too large."""
    data = file.data
    if len(data) > largest:
        raise UnreadableError(file.path, f"it has {len(data) >> 20} MB, and at most {largest >> 20} MB are read")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):  # what PowerShell writes for “>”
        if len(data) > LARGEST // 4:
            raise UnreadableError(file.path, "it is UTF-16 and has more than 16 MB: write it as UTF-8")
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data.strip():
        raise UnreadableError(file.path, "it is empty")
    return data


_MAKING: Final = threading.Lock()


def decoder_of(shape: Any) -> msgspec.json.Decoder[Any]:
    """A decoder of JSON, made once. Sources read on threads, and two of them that make decoders of one type at the
    same moment end the process: msgspec (0.22) shows a type to the second before the first has finished with it."""
    with _MAKING:
        return _made(shape)


@cache
def _made(shape: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(shape)


def decoded(file: ResultFile, data: bytes, shape: type[_T], *, most: int = MOST_OBJECTS) -> _T:
    """Bytes that came out of the file as `shape`. NaN and Infinity, as Python writes them, are null.

    `most`: objects in them, however few of these `shape` decodes.
    """
    if data.count(b"{") > most:
        raise UnreadableError(file.path, f"it holds more than {most:,} objects")
    try:
        read: _T = decoder_of(shape).decode(data)
        return read
    except msgspec.ValidationError as error:
        raise UnreadableError(file.path, f"it is not of the expected shape ({cut(str(error), 120)})") from error
    except _WRONG as error:
        if (mended := _mended(data)) == data:
            raise UnreadableError(file.path, _why(error)) from error
    return decoded(file, mended, shape, most=most)


def streamed(file: ResultFile, shape: type[_T]) -> Iterator[_T]:
    """The objects of a JSON list, or of a file with one a line, without holding them all. Raises UnreadableError."""
    data = plain_bytes(file).strip()
    is_list = data[:1] == b"["
    if is_list and data[-1:] != b"]":
        raise UnreadableError(file.path, "it is cut: its end is missing")
    if data.count(b"{") > MOST_ROWS:
        raise UnreadableError(file.path, f"it holds more than {MOST_ROWS:,} objects")
    begin, end, size = int(is_list), len(data) - is_list, _CHUNK
    while begin < end:
        found = (_BETWEEN if is_list else _LINES).search(data, begin + size, end)
        stop = found.start() + 1 if found else end
        try:
            yield from _rows(file, data, begin, stop, shape)
        except UnreadableError:
            if found is None or size >= _LARGEST_ROW:
                raise
            size *= 2  # that was no boundary, but in the middle of something
            continue
        begin = found.end() - 1 if found else end


def _rows(file: ResultFile, data: bytes, begin: int, stop: int, shape: type[_T]) -> list[_T]:
    if stop - begin > 2 * _LARGEST_ROW:
        raise UnreadableError(file.path, f"one of its objects has more than {_LARGEST_ROW >> 20} MB")
    piece = data[begin:stop]
    listed = b"".join((b"[", piece if data[:1] == b"[" else _LINES.sub(b"},{", piece), b"]"))
    return decoded(file, listed, list[shape])  # type: ignore[valid-type]  # a variable is no type to mypy


def part(raw: Raw, shape: type[_T]) -> _T | None:
    """A raw field as `shape`; None where it is absent, or anything else."""
    try:
        return decoder_of(shape).decode(raw) if len(raw) else None
    except _WRONG:
        return None


def small(raw: Raw, shape: type[_T]) -> _T | None:
    """The same of a field that has no more than a megabyte: lists and tables of anything cost many times their text."""
    return part(raw, shape) if len(raw) <= _LARGEST_VALUE else None


def plain(raw: Raw) -> object:
    """A field as what it is: number, text, list, dict; None where it is broken or has more than a megabyte."""
    return part(raw, object) if len(raw) <= _LARGEST_VALUE else None


def table(raw: Raw) -> dict[str, object]:
    """A field that holds a table of anything; {} for everything else."""
    value = plain(raw)
    return value if isinstance(value, dict) else {}


def text(raw: Raw, most: int = 1_000) -> str:
    """A field that holds a text, cut; "" for everything else."""
    return cut((part(raw, str) if len(raw) <= _LARGEST_VALUE else None) or "", most)


def flag(raw: Raw) -> bool | None:
    """true, false, and 1, 0, "True" and "False" as some tools write them; None for everything else."""
    value = plain(raw) if len(raw) <= 8 else None
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return bool(value) if isinstance(value, int | float) and value in (0, 1) else None


def number(raw: Raw) -> float | None:
    """A field that holds a finite number, no truth value; None for everything else."""
    value = plain(raw) if len(raw) <= 40 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def count(raw: Raw) -> int | None:
    """A field that holds a number of rows; None for everything else."""
    value = number(raw)
    return int(value) if value is not None and 0 <= value < 2**53 and value.is_integer() else None


def _mended(data: bytes) -> bytes:
    """What Python writes and JSON does not allow: NaN is null, half of a character is the sign for a lost one."""
    if b"NaN" in data or b"Infinity" in data:
        data = b"".join(_NOT_JSON.sub(b"null", chunk) for chunk in _chunks(data))
    return _HALF.sub(rb"\1\\ufffd", data) if b"\\ud" in data or b"\\uD" in data else data


def _chunks(data: bytes) -> Iterator[bytes]:
    """The data in pieces that each, but for the first, begin with a comma."""
    begin = 0
    while begin < len(data):
        end = data.find(b",", begin + _CHUNK)
        end = len(data) if end < 0 else end
        yield data[begin:end]
        begin = end


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested deeper than any report"
    if "truncated" in str(error):
        return "it is cut: its end is missing"
    return f"it is no JSON ({cut(str(error), 120)})"
