"""The screen beside other programs, in one run: first rows, keys, pages, rest and memory, at 120x40."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence

from . import peers, probe, world
from .peers import Missing, Program
from .table import Row, figure, print_table
from .terminal import Terminal

STARTS = 7
KEYS = 60
PAGES = 15
REST_SECONDS = float(os.environ.get("BENCH_REST", "60"))


class Measured(dict[str, str]):
    """The figures of one program, by row."""


def start(program: Program) -> Terminal:
    """The program on a terminal of its own."""
    return Terminal(*program.argv, cwd=program.cwd, env=program.env)


def first_rows(programs: Sequence[Program]) -> dict[str, float]:
    """Seconds from the start to the first real rows: the median, the programs taking turns."""
    times: dict[str, list[float]] = {program.name: [] for program in programs}
    for _ in range(STARTS):
        for program in programs:
            with start(program) as terminal:
                times[program.name].append(terminal.wait_for(program.shown))
    return {name: statistics.median(seconds) for name, seconds in times.items()}


def keys(program: Program) -> Measured:
    """What cursor keys and page keys cost, and the memory after them."""
    found = Measured()
    with start(program) as terminal:
        terminal.wait_for(program.shown)
        probe.press_all(terminal, [program.down] * 5)
        moves = probe.press_all(terminal, [program.down] * KEYS)
        found["key"] = _milliseconds([move.first for move in moves])
        found["whole"] = _milliseconds([move.whole for move in moves])
        found["bytes"] = _bytes([move.bytes for move in moves])
        if program.page:
            turns = probe.press_all(terminal, [program.page] * PAGES)
            found["page"] = _bytes([turn.bytes for turn in turns])
            found["page time"] = _milliseconds([turn.first for turn in turns])
        found["memory"] = _memory(program, probe.usage(terminal))
    return found


def _memory(program: Program, used: probe.Usage) -> str:
    # LEET is two processes by nature; our syncer is shared by all terminals and has a row of its own
    return figure(used.memory if program.name == world.NAME else used.all_memory, "MB")


def _milliseconds(values: Sequence[float]) -> str:
    found = probe.spread(values)
    return f"{figure(found.median, 'ms')} (p95 {figure(found.p95, 'ms')})"


def _bytes(values: Sequence[int]) -> str:
    found = probe.spread(values)
    return f"{found.median:.0f} (p95 {found.p95:.0f})"


def rests(programs: Sequence[Program]) -> dict[str, probe.Rest]:
    """All of them left alone at once; quarterdeck on the demo world, its syncer counted in."""
    terminals = [start(program) for program in programs]
    try:
        for terminal, program in zip(terminals, programs, strict=True):
            terminal.wait_for(program.shown)
            if program.name == world.NAME:
                terminal.wait_until(lambda: bool(terminal.started_processes()), "the syncer")  # noqa: B023  asked at once
            terminal.watch(3)  # what a start leaves to do
        found = probe.rest(terminals, REST_SECONDS)
        return {program.name: one for program, one in zip(programs, found, strict=True)}
    finally:
        for terminal in terminals:
            terminal.close()


def rows(measured: dict[str, Measured], firsts: dict[str, float], rested: dict[str, probe.Rest]) -> list[Row]:
    """The table's rows, from what was measured by program."""

    def row(what: str, budget: str, key: str) -> Row:
        return Row(what, budget, {name: found[key] for name, found in measured.items() if key in found})

    idle = {name: f"{one.bytes}, {one.cpu:.1%}" for name, one in rested.items()}
    return [
        Row("first real rows", "LEET's", {name: figure(seconds, "s") for name, seconds in firsts.items()}),
        row("a key: to the first byte, median", "a third of LEET's", "key"),
        row("a key: to the last byte, median", "", "whole"),
        row("bytes a cursor move, median", "400", "bytes"),
        row("bytes a page, median", "8 192", "page"),
        row("a page: to the first byte, median", "", "page time"),
        row("memory of the terminal process", "80 MB", "memory"),
        Row(f"{REST_SECONDS:.0f} s untouched: bytes, share of a core", "0, 1 %", idle),
    ]


def main() -> None:
    """Measure all that is to be had and print the table."""
    found = [make(world.OUT) for make in peers.ALL]
    beside = [one for one in found if isinstance(one, Program)]
    ours, lock = world.million()
    programs = [ours, *beside]
    firsts = first_rows(programs)
    measured = {program.name: keys(program) for program in programs}
    lock.release()
    rested = rests([world.demo(), *beside])
    shown = ", ".join(f"{program.name}: {program.data}" for program in programs)
    title = f"120x40 on a pseudo-terminal. {shown}; untouched, quarterdeck shows the demo with its syncer."
    print_table(title, [program.name for program in programs], rows(measured, firsts, rested))
    for one in found:
        if isinstance(one, Missing):
            print(f"\nWithout {one.name}: {one.why}.")


if __name__ == "__main__":
    main()
