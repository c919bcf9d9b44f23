"""What people wrote to each other, as lines of JSON: one note a line, so that two notebooks merge by union of lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from .records import Note

REF: Final = "refs/notes/quarterdeck"
"""Git's own notes: the blob of a subject's text is what is annotated, the lines are its note."""

LARGEST_LINE: Final = 16_000
"""Bytes of one line that are read. Longer ones are somebody's attempt to fill the cache."""

_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(Note)


def written(note: Note) -> bytes:
    """One line, without its end: the same note gives the same bytes everywhere."""
    return _encoder.encode({**msgspec.to_builtins(note), "is_here_only": False}).replace(b"\n", b" ")


def read(lines: bytes) -> tuple[Note, ...]:
    """The notes of these lines, each once, oldest first. A line that is no note is passed over: Git's notes are free
    for all, and one bad line must not hide the others."""
    found: dict[str, Note] = {}
    for line in lines.splitlines():
        if len(line) > LARGEST_LINE:
            continue
        try:
            note = _decoder.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
        found.setdefault(note.id, note)
    return in_order(found.values())


def in_order(notes: Iterable[Note]) -> tuple[Note, ...]:
    """By time, then by id: the same order wherever they are read."""
    return tuple(sorted(notes, key=lambda note: (note.at, note.id)))
