"""Looking for lines in a log that the cache has, block by block, so that it can be stopped between any two."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..logs import Pattern
from .logs import LONGEST, LogReads


def find_line(
    reads: LogReads, rowid: int, pattern: Pattern, line: int, *, back: bool = False, stop: Callable[[], bool]
) -> int | None:
    """The first line from this one on in which the pattern stands (`back`: the last one up to it).

    None: there is none, or `stop` said so; it is asked before each quarter of a megabyte, which takes milliseconds.
    """
    number, blocks = reads.block_of(rowid, line), reads.blocks(rowid)
    while 0 <= number < blocks and not stop():
        found = list(_candidates(reads, rowid, pattern, number))
        wanted = [one for one in found if (one <= line if back else one >= line)]
        for one in reversed(wanted) if back else wanted:
            if _stands_in(reads, rowid, pattern, one):
                return one
            if stop():
                return None
        number += -1 if back else 1
    return None


def _candidates(reads: LogReads, rowid: int, pattern: Pattern, number: int) -> Iterator[int]:
    block = reads.block(rowid, number)
    if block is not None:
        yield from (block.first + line for line in pattern.lines(block.data))


def _stands_in(reads: LogReads, rowid: int, pattern: Pattern, line: int) -> bool:
    """Whether it is seen: what a progress bar wrote over is not, and no pattern goes beyond its line."""
    found = reads.lines(rowid, line, 1, width=LONGEST)
    return bool(found) and (found[0].is_cut or pattern.matches(found[0].text))
