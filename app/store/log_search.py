"""Looking for lines in a log that the cache has, block by block, so that it can be stopped between any two."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import Final

from ..logs import Pattern
from .logs import LONGEST, LogReads

MOST_LINES: Final = 500_000
"""Lines that a log is narrowed to: 4 MB."""
_REFUSED: Final = 50
"""Lines that turned out not to hold the pattern: from there on the times before the lines are taken off first."""


def find_line(
    reads: LogReads,
    rowid: int,
    pattern: Pattern,
    line: int,
    until: int | None = None,
    *,
    back: bool = False,
    stop: Callable[[], bool],
) -> int | None:
    """The first line from this one to `until` in which the pattern stands (`back`: the last one, going up).

    None: there is none, or `stop` said so; it is asked before each quarter of a megabyte, which takes milliseconds.
    """
    number, blocks = reads.block_of(rowid, line), reads.blocks(rowid)
    last = reads.block_of(rowid, until) if until is not None else 0 if back else blocks - 1
    refused = 0
    while (number >= last if back else number <= last) and not stop():
        found = list(_candidates(reads, rowid, pattern, number, timed=refused < _REFUSED))
        wanted = [one for one in found if (one <= line if back else one >= line)]
        for one in reversed(wanted) if back else wanted:
            if _stands_in(reads, rowid, pattern, one):
                return one
            refused += 1
            if stop() or (refused == _REFUSED and len(wanted) > 1):
                break
        else:
            number += -1 if back else 1
    return None


def all_lines(reads: LogReads, rowid: int, pattern: Pattern, *, stop: Callable[[], bool]) -> tuple[array[int], bool]:
    """The lines in which the pattern stands, the first MOST_LINES of them, and whether the whole log was looked at."""
    found = array("q")
    for number in range(reads.blocks(rowid)):
        if stop() or len(found) >= MOST_LINES:
            return found, False
        block = reads.block(rowid, number)
        if block is None:
            continue
        lines = [block.first + line for line in pattern.lines(block.data)]
        written_over = b"\r" in block.data.replace(b"\r\n", b"\n")
        found.extend(line for line in lines if not written_over or _stands_in(reads, rowid, pattern, line))
    return found, True


def _candidates(reads: LogReads, rowid: int, pattern: Pattern, number: int, *, timed: bool) -> Iterator[int]:
    block = reads.block(rowid, number)
    if block is not None:
        yield from (block.first + line for line in pattern.lines(block.data, timed=timed))


def _stands_in(reads: LogReads, rowid: int, pattern: Pattern, line: int) -> bool:
    """Whether it is seen: what a progress bar wrote over is not, and no pattern goes beyond its line."""
    found = reads.lines(rowid, line, 1, width=LONGEST)
    return bool(found) and (found[0].is_cut or pattern.matches(found[0].text))
