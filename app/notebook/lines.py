"""Notes as lines of JSON, one a line. What is no note among them is passed over, and kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from ..records import Note

LARGEST_LINE: Final = 32_000
"""Bytes of one line that are read. Longer ones are somebody's attempt to fill the cache."""

_LATEST: Final = 253_402_300_800_000
"""The year 10,000, in milliseconds: no clock of anybody's says that."""
_LONGEST_ID: Final = 64
_LONGEST_SUBJECT: Final = 2_000

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Note)


class _Named(msgspec.Struct):
    """As much of a line as tells which note it is."""

    id: str


_id_decoder = msgspec.json.Decoder(_Named)


def written(note: Note) -> bytes:
    """One line, without its end: the same note gives the same bytes everywhere. Raises UnicodeEncodeError."""
    fields: dict[str, Any] = msgspec.to_builtins(note)
    return _encoder.encode({key: value for key, value in fields.items() if value != "" and key != "is_here_only"})


def read(lines: bytes) -> tuple[Note, ...]:
    """The notes of these lines, each once, oldest first. A line that is no note is passed over: Git's notes are free
    for all, and one bad line must not hide the others."""
    found: dict[str, Note] = {}
    for line in lines.splitlines():
        if len(line) <= LARGEST_LINE and (note := _note(line)) is not None:
            found.setdefault(note.id, note)
    return in_order(found.values())


def union(before: bytes, notes: Iterable[Note]) -> bytes:
    """The same text with these notes at its end, but for those that it has. Nothing that anybody wrote goes."""
    known = {_id(line) for line in before.splitlines()}
    new = [written(note) for note in in_order(notes) if note.id not in known]
    if not new:
        return before
    head = before if before.endswith(b"\n") or not before else before + b"\n"
    return head + b"\n".join(new) + b"\n"


def in_order(notes: Iterable[Note]) -> tuple[Note, ...]:
    """By time, then by id: the same order wherever they are read."""
    return tuple(sorted(notes, key=lambda note: (note.at, note.id)))


def _note(line: bytes) -> Note | None:
    """None for what is no note of ours, or would be no use: without a subject, or of no time."""
    if not line.startswith(b"{"):
        return None
    try:
        note = _decoder.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    is_sane = 0 <= note.at < _LATEST and 0 < len(note.id) <= _LONGEST_ID and 0 < len(note.subject) <= _LONGEST_SUBJECT
    if not is_sane:
        return None
    return msgspec.structs.replace(note, is_here_only=False) if note.is_here_only else note


def _id(line: bytes) -> str:
    """ "" of a line that is no note."""
    if len(line) > LARGEST_LINE or not line.startswith(b"{"):
        return ""
    try:
        return _id_decoder.decode(line).id
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
