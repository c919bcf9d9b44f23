"""Writing the logs of jobs: in compressed blocks, as their parts come, and no more of them than may be."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from ..logs.scan import Mark, Scanner
from ..records import LogPart, Millis

KEPT: Final = 200_000_000
"""Bytes of all logs, compressed, and of what is marked in them, unless the settings say otherwise."""
BLOCK: Final = 256 * 1024
"""Bytes of a log in one block: a millisecond to unpack."""
_LEAST: Final = 1_000
"""What an empty log counts: its row."""
_AT_ONCE: Final = 20_000_000
"""Bytes that one part makes room for at most, of which it takes a megabyte ..."""
_MOST_AT_ONCE: Final = 200
"""... and logs."""
_LEVEL: Final = 1
"""Of compression: 100 MB a second and eight to one. The next levels take half as long again for a tenth."""
_NOTED_EVERY: Final = 60_000
"""Milliseconds between two notes that a log was read: each is a transaction."""

_marks = msgspec.msgpack.Decoder(list[Mark]).decode


@dataclass(slots=True)
class _Log:
    """A row of `log` while parts are added to it."""

    id: int
    octets: int
    lines: int
    first: int
    dropped: int
    size: int
    is_open: int
    is_whole: int
    sentence: str
    scan: bytes
    began: int
    grew_at: Millis | None


_COLUMNS: Final = tuple(_Log.__slots__)


class LogWriter:
    """Writes inside the caller's transaction."""

    def __init__(self, kept: int = KEPT) -> None:
        self.kept = kept
        """Bytes that all logs may take."""

    def write(self, cursor: sqlite3.Cursor, source: int, parts: Iterable[LogPart], now: Millis) -> bool:
        """Add these parts in their order; what is here already is passed over. Gives whether anything was new."""
        changed = False
        for part in parts:
            log = _opened(cursor, source, part, now)
            before = (log.octets, log.began, log.is_whole, log.sentence)
            self._add(cursor, log, part, now)
            _save(cursor, log, now)
            self._trim(cursor, log)
            changed = changed or before != (log.octets, log.began, log.is_whole, log.sentence)
        return changed

    def _add(self, cursor: sqlite3.Cursor, log: _Log, part: LogPart, now: Millis) -> None:
        data = part.data
        if part.start == 0 and data and log.octets and not _begins_so(cursor, log, data):
            _begin_anew(cursor, log)
        if part.start < log.octets:
            data = data[log.octets - part.start :]
        gap = max(part.start - log.octets, part.dropped if log.octets <= part.start else 0)
        if gap > 0:
            _leave_out(cursor, log, gap)
            log.octets = part.start
        scanner = Scanner(log.scan)
        marks = scanner.feed(data, is_last=part.is_last)
        log.scan = scanner.kept()
        if data or marks:
            _append(cursor, log, data, marks)
            log.grew_at = now if data else log.grew_at
        log.is_whole = int(part.is_last)
        log.sentence = part.sentence

    def _trim(self, cursor: sqlite3.Cursor, written: _Log) -> None:
        """Let go of what was read longest ago, then of the beginning of this one, until all fit.

        A little at a time: where the settings allow much less than before, transactions stay short all the same.
        """
        excess = cursor.execute("SELECT coalesce(sum(size), 0) FROM log").fetchone()[0] - self.kept
        if excess <= 0:
            return
        most = min(excess, _AT_ONCE)
        rows = cursor.execute("SELECT id, size FROM log WHERE id != ? ORDER BY read_at, id", (written.id,))
        for log, size in rows.fetchmany(_MOST_AT_ONCE):
            if most <= 0:
                return
            cursor.execute("DELETE FROM log_block WHERE log = ?", (log,))
            cursor.execute("DELETE FROM log WHERE id = ?", (log,))
            most, excess = most - size, excess - size
        if most > 0 and excess > 0:
            _let_go_of_beginning(cursor, written, excess)


def log_start(connection: sqlite3.Connection, source: str, pipeline: str, job: str, now: Millis) -> tuple[int, bool]:
    """How many bytes of a job's log are here, and whether that is all of it. Notes that somebody reads it."""
    row = connection.execute(
        "SELECT l.id, l.octets, l.is_whole, l.read_at FROM source s JOIN log l ON l.source = s.id"
        " WHERE s.key = ? AND l.pipeline = ? AND l.job = ?",
        (source, pipeline, job),
    ).fetchone()
    if row is None:
        return 0, False
    if not 0 <= now - row[3] < _NOTED_EVERY:
        connection.execute("UPDATE log SET read_at = ? WHERE id = ?", (now, row[0]))
    # of a log that was not there, people ask again: it may have come since
    return row[1], bool(row[2] and row[1])


def _opened(cursor: sqlite3.Cursor, source: int, part: LogPart, now: Millis) -> _Log:
    named = (source, part.pipeline, part.job)
    cursor.execute(
        "INSERT OR IGNORE INTO log (source, pipeline, job, size, asked_at, read_at) VALUES (?, ?, ?, ?, ?, ?)",
        (*named, _LEAST, now, now),
    )
    columns = f"SELECT {', '.join(_COLUMNS)} FROM log WHERE source = ? AND pipeline = ? AND job = ?"
    return _Log(*cursor.execute(columns, named).fetchone())


def _save(cursor: sqlite3.Cursor, log: _Log, now: Millis) -> None:
    sets = ", ".join(f"{name} = ?" for name in _COLUMNS[1:])
    values = [getattr(log, name) for name in _COLUMNS[1:]]
    cursor.execute(f"UPDATE log SET {sets}, asked_at = ? WHERE id = ?", (*values, now, log.id))


def _begins_so(cursor: sqlite3.Cursor, log: _Log, data: bytes) -> bool:
    """Whether the log that is here begins with these bytes: then the vendor only gave it from its beginning."""
    data, compared = data[: log.octets], 0
    if log.dropped:
        return False
    for (packed,) in cursor.execute("SELECT data FROM log_block WHERE log = ? ORDER BY number", (log.id,)):
        block = zlib.decompress(packed)[: len(data) - compared]
        if data[compared : compared + len(block)] != block:
            return False
        compared += len(block)
        if compared >= len(data):
            break
    return True


def _begin_anew(cursor: sqlite3.Cursor, log: _Log) -> None:
    cursor.execute("DELETE FROM log_block WHERE log = ?", (log.id,))
    log.octets = log.lines = log.first = log.dropped = log.is_open = 0
    log.size, log.scan = _LEAST, b""
    log.began += 1


def _leave_out(cursor: sqlite3.Cursor, log: _Log, gap: int) -> None:
    """One line in the place of what the vendor did not give, so that nobody takes the two ends for neighbours."""
    log.dropped += gap
    if not log.octets:
        return  # in front of everything there is nothing to be taken for
    text = (
        b"\n" * log.is_open + b"\xe2\x80\xa6 " + _amount(gap).encode() + b" of the log are missing here \xe2\x80\xa6\n"
    )
    scanner = Scanner(log.scan)
    scanner.skip(text.count(b"\n"))
    log.scan = scanner.kept()
    _insert(cursor, log, _next_number(cursor, log), text, [], gap)
    log.is_open = 0


def _amount(octets: int) -> str:
    return f"{octets / 1e6:.1f} MB" if octets >= 1_000_000 else f"{octets} B"


def _append(cursor: sqlite3.Cursor, log: _Log, data: bytes, marks: list[Mark]) -> None:
    """Fill up the last block, then begin others."""
    number = _next_number(cursor, log)
    last = cursor.execute(
        "SELECT number, length, breaks, start, marks, data FROM log_block WHERE log = ? AND number = ? AND gap = 0",
        (log.id, number - 1),
    ).fetchone()
    if last is not None and last[1] < BLOCK:
        number = last[0]
        data = zlib.decompress(last[5]) + data
        marks = _marks(last[4]) + marks
        cursor.execute("DELETE FROM log_block WHERE log = ? AND number = ?", (log.id, number))
        log.size -= len(last[4]) + len(last[5])
        log.lines -= last[2]
        log.octets = last[3]
    for at, block in enumerate(_blocks(data), number):
        end = log.lines + block.count(b"\n")
        mine = [mark for mark in marks if mark.line <= end]
        marks = marks[len(mine) :]
        _insert(cursor, log, at, block, mine)
    if data:
        log.is_open = int(not data.endswith(b"\n"))


def _blocks(data: bytes) -> Iterator[bytes]:
    """Pieces that end with a line, as long as there is one."""
    at = 0
    while len(data) - at > BLOCK:
        end = data.rfind(b"\n", at, at + BLOCK) + 1 or at + BLOCK
        yield data[at:end]
        at = end
    yield data[at:]


def _insert(cursor: sqlite3.Cursor, log: _Log, number: int, block: bytes, marks: list[Mark], gap: int = 0) -> None:
    packed, breaks, length = zlib.compress(block, _LEVEL), block.count(b"\n"), 0 if gap else len(block)
    marked = msgspec.msgpack.encode(marks)
    cursor.execute(
        "INSERT INTO log_block (log, number, first, breaks, start, length, gap, marks, data)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (log.id, number, log.lines, breaks, log.octets, length, gap, marked, packed),
    )
    log.size += len(marked) + len(packed)
    log.lines += breaks
    log.octets += length


def _next_number(cursor: sqlite3.Cursor, log: _Log) -> int:
    row = cursor.execute("SELECT max(number) FROM log_block WHERE log = ?", (log.id,)).fetchone()
    return 0 if row[0] is None else int(row[0]) + 1


def _let_go_of_beginning(cursor: sqlite3.Cursor, log: _Log, excess: int) -> None:
    """Drop blocks from the front: what a job said last tells why it failed."""
    rows: list[Any] = cursor.execute(
        "SELECT number, length, length(marks) + length(data) FROM log_block WHERE log = ? ORDER BY number", (log.id,)
    ).fetchall()
    dropped = 0
    for number, octets, taken in rows[:-1]:
        if excess <= 0:
            break
        cursor.execute("DELETE FROM log_block WHERE log = ? AND number = ?", (log.id, number))
        excess, dropped = excess - taken, dropped + octets
        log.size -= taken
    row = cursor.execute("SELECT min(first) FROM log_block WHERE log = ?", (log.id,)).fetchone()
    log.first, log.dropped = int(row[0] or 0), log.dropped + dropped
    cursor.execute(
        "UPDATE log SET first = ?, dropped = ?, size = ? WHERE id = ?", (log.first, log.dropped, log.size, log.id)
    )
