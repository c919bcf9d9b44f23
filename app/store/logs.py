"""Reading the logs of jobs: windows of lines, never the whole."""

from __future__ import annotations

import re
import sqlite3
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from ..logs import Line, Mark, parse_line
from ..records import Millis

BLOCKS_HELD: Final = 12
"""Unpacked blocks that are held: 3 MB, a few screens of the widest lines."""
LONGEST: Final = 65_536
"""Cells of a line that are ever given: what lies behind them is in the file that S saves."""
_TAIL: Final = 16_384
"""Bytes at the end of a long line in which the last state of a progress bar is looked for."""
_BREAK: Final = re.compile(b"\n")

_marks = msgspec.msgpack.Decoder(list[Mark]).decode


class LogHead(NamedTuple):
    """What is known of a job's log."""

    rowid: int
    source: str
    pipeline: str
    job: str
    bytes: int
    """How far the vendor's was read, what was dropped included."""
    lines: int
    """One more than the number of the last line, which may not be complete."""
    first: int
    """The first line that is kept."""
    dropped: int
    """Bytes that are not here: the vendor left them out, or there was no room."""
    grew_at: Millis | None
    """When the last byte came."""
    asked_at: Millis
    """When the vendor was asked last."""
    is_whole: bool
    """The job is over and nothing more will come."""
    sentence: str
    """Why there is none, or no more of it."""
    began: int
    """Another number: it is another log than before, or began anew."""


class LogBlock(NamedTuple):
    """A piece of a log as it came, unpacked."""

    first: int
    """The number of the line that it begins in."""
    data: bytes
    gap: int = 0
    """Bytes that are missing where it stands; its text says so and is our own."""


class _Block(NamedTuple):
    number: int
    first: int
    start: int
    data: bytes
    breaks: list[int]
    """Where its line breaks are."""


class LogReads:
    """The logs of a cache, over the connection of its reader."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._held: OrderedDict[tuple[int, int, int, int], _Block] = OrderedDict()
        self._marked: dict[tuple[int, int], list[Mark]] = {}

    def head(self, source: str, job: str, pipeline: str | None = None) -> LogHead | None:
        """What is known of a job's log, None where nobody asked for it; of the newest of several pipelines."""
        row = self._connection.execute(
            "SELECT l.id, s.key, l.pipeline, l.job, l.octets, l.lines + l.is_open, l.first, l.dropped, l.grew_at,"
            " l.asked_at, l.is_whole, l.sentence, l.began FROM log l JOIN source s ON s.id = l.source"
            " WHERE l.job = ? AND s.key = ? AND (? IS NULL OR l.pipeline = ?) ORDER BY l.id DESC LIMIT 1",
            (job, source, pipeline, pipeline),
        ).fetchone()
        return LogHead(*row)._replace(is_whole=bool(row[10])) if row else None

    def lines(self, rowid: int, first: int, count: int, *, left: int = 0, width: int = 4096) -> list[Line]:
        """Lines from a number on, each in the cells from `left` on, at most `width`; fewer where the log ends.

        A line of any length costs two blocks at most. What is left of a progress bar is its last state.
        """
        width = max(0, min(width, LONGEST - left))
        made = []
        for number, raw, size in self._raw(rowid, first, count, 4 * (left + width) + 512):
            made.append(parse_line(raw, number, left=left, width=width, size=size))
        return made

    def marks(self, rowid: int) -> list[Mark]:
        """What was found in a log while it was written, in the order of its lines."""
        rows = self._connection.execute(
            "SELECT number, first, length, (SELECT began FROM log WHERE id = ?) FROM log_block WHERE log = ?"
            " ORDER BY number",
            (rowid, rowid),
        ).fetchall()
        found: dict[tuple[int, int], list[Mark]] = {}
        for number, _, length, began in rows:
            key = (number, (length << 20) + began)
            found[key] = self._marked.get(key) or self._marks_of(rowid, number)
        self._marked = found
        return [mark for marks in found.values() for mark in marks]

    def _marks_of(self, rowid: int, number: int) -> list[Mark]:
        row = self._connection.execute(
            "SELECT marks FROM log_block WHERE log = ? AND number = ?", (rowid, number)
        ).fetchone()
        return _marks(row[0]) if row else []

    def blocks(self, rowid: int) -> int:
        """One more than the number of the last block."""
        row = self._connection.execute("SELECT max(number) + 1 FROM log_block WHERE log = ?", (rowid,)).fetchone()
        return int(row[0] or 0)

    def block(self, rowid: int, number: int) -> LogBlock | None:
        """A piece of a log, None where it is gone. Blocks end with a line unless one is longer than a block."""
        row = self._connection.execute(
            "SELECT first, data, gap FROM log_block WHERE log = ? AND number = ?", (rowid, number)
        ).fetchone()
        return LogBlock(row[0], zlib.decompress(row[1]), row[2]) if row else None

    def block_of(self, rowid: int, line: int) -> int:
        """The number of the block in which a line begins."""
        row = self._connection.execute(
            "SELECT number FROM log_block WHERE log = ? AND first < ? ORDER BY first DESC, number DESC LIMIT 1",
            (rowid, line),
        ).fetchone()
        if row is None:
            row = self._connection.execute("SELECT min(number) FROM log_block WHERE log = ?", (rowid,)).fetchone()
        return int(row[0] or 0)

    def _raw(self, rowid: int, first: int, count: int, most: int) -> Iterator[tuple[int, bytes, int]]:
        """Number, beginning and size in bytes of lines without their line breaks."""
        block = self._at(rowid, self.block_of(rowid, first))
        if block is None or first < block.first:
            return
        at = 0 if first == block.first else block.breaks[first - 1 - block.first] + 1
        for number in range(first, first + count):
            if block.number >= 0 and at >= len(block.data):  # it ends with a line: the next begins another block
                following = self._at(rowid, block.number + 1)
                if following is None:
                    return
                block, at = following, 0
            end = block.breaks[number - block.first] if number - block.first < len(block.breaks) else None
            if end is not None:
                raw = block.data[at:end]
                yield number, _ends(raw[:most], raw), end - at
                at = end + 1
                continue
            last, stop = self._end_of(rowid, block, number)
            size = last.start + stop - block.start - at
            yield number, _ends(self._beginning(rowid, block, at, most), last.data[max(0, stop - _TAIL) : stop]), size
            block, at = last, stop + 1

    def _end_of(self, rowid: int, block: _Block, line: int) -> tuple[_Block, int]:
        """The block in which a line ends that goes on behind this block, and where in it."""
        row = self._connection.execute(
            "SELECT number FROM log_block WHERE log = ? AND first <= ? ORDER BY first DESC, number DESC LIMIT 1",
            (rowid, line),
        ).fetchone()
        last = self._at(rowid, row[0]) or block
        return last, last.breaks[line - last.first] if line - last.first < len(last.breaks) else len(last.data)

    def _beginning(self, rowid: int, block: _Block, at: int, most: int) -> bytes:
        """The beginning of a line that goes on behind its block."""
        found, number = block.data[at : at + most], block.number
        while len(found) < most:
            number += 1
            following = self._at(rowid, number)
            if following is None:
                break
            end = following.breaks[0] if following.breaks else len(following.data)
            found += following.data[: min(end, most - len(found))]
            if following.breaks:
                break
        return found

    def _at(self, rowid: int, number: int) -> _Block | None:
        row = self._connection.execute(
            "SELECT id, first, start, length FROM log_block WHERE log = ? AND number = ?", (rowid, number)
        ).fetchone()
        if row is None:
            return None
        key = (rowid, number, row[0], row[3])
        held = self._held.get(key)
        if held is None:
            packed = self._connection.execute("SELECT data FROM log_block WHERE id = ?", (row[0],)).fetchone()
            data = zlib.decompress(packed[0])
            held = _Block(number, row[1], row[2], data, [found.start() for found in _BREAK.finditer(data)])
            self._held[key] = held
            if len(self._held) > BLOCKS_HELD:
                self._held.popitem(last=False)
        self._held.move_to_end(key)
        return held


def _ends(head: bytes, tail: bytes) -> bytes:
    """The beginning of a line that is cut, or its last state where it was written over again and again."""
    if len(tail) <= len(head) and head.endswith(tail):
        return head
    end = tail[-_TAIL:].rstrip(b"\r")
    state = end.rfind(b"\r")
    return end[state + 1 :] if state >= 0 else head
