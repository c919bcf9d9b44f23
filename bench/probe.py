"""What a program on a terminal costs whoever sits in front of it: time, bytes over the line, CPU, memory."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .terminal import QUIET, Terminal, key_bytes


class Answer(NamedTuple):
    """What came back for one key."""

    first: float
    """Milliseconds from the key to the first byte ..."""
    whole: float
    """... and to the last one of that repaint."""
    bytes: int


class Spread(NamedTuple):
    """Middle, 95th percentile and greatest of some measurements."""

    median: float
    p95: float
    most: float


class Usage(NamedTuple):
    """What a program and all that it started use by now."""

    cpu: float
    """Seconds."""
    memory: float
    """Resident MB of the program itself, without what it started."""
    all_memory: float
    """Resident MB of all of them."""


def spread(values: Sequence[float]) -> Spread:
    """Raises ValueError when there are none."""
    if not values:
        raise ValueError("nothing was measured: no key was answered")
    ordered = sorted(values)
    return Spread(statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], ordered[-1])


def press(terminal: Terminal, key: str, patience: float = 3.0) -> Answer | None:
    """Press one key and time its answer; None when none came within half a second.

    A repaint is over when nothing came for 40 ms; a program that never rests is left after `patience` seconds.
    """
    # LEET draws in frames of 1/60 s: a key at always the same phase of them would be lucky or unlucky every time
    terminal.watch(random.uniform(0, 1 / 60))
    before, begun = terminal.received, time.perf_counter()
    terminal.send(key_bytes(key))
    if not terminal.take(0.5):
        return None
    first = terminal.last_read
    while terminal.take(QUIET) and time.perf_counter() - begun < patience:
        pass
    return Answer((first - begun) * 1e3, (terminal.last_read - begun) * 1e3, terminal.received - before)


def press_all(terminal: Terminal, keys: Sequence[str]) -> list[Answer]:
    """The answers to these keys, without those that nothing answered."""
    terminal.settle(deadline=3)
    return [answer for key in keys if (answer := press(terminal, key)) is not None]


def usage(terminal: Terminal) -> Usage:
    """CPU and memory of the program and of all that it started, in whatever session."""
    own = _memory(terminal.process.pid)
    others = terminal.started_processes()
    cpu = sum(_cpu(pid) for pid in (terminal.process.pid, *others))
    return Usage(cpu, own, own + sum(_memory(pid) for pid in others))


def _cpu(pid: int) -> float:
    with suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0  # it has ended


def _memory(pid: int) -> float:
    with suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    return 0.0


class Rest(NamedTuple):
    """What programs did while nobody touched them."""

    bytes: int
    cpu: float
    """Share of one core, of all its processes together."""


def rest(terminals: Sequence[Terminal], seconds: float) -> list[Rest]:
    """Leave all of them alone at once for `seconds`."""
    for terminal in terminals:
        terminal.watch(0.5)
    before = [(terminal.received, usage(terminal).cpu) for terminal in terminals]
    begun = time.perf_counter()
    while time.perf_counter() - begun < seconds:
        for terminal in terminals:
            terminal.watch(0.1)
    took = time.perf_counter() - begun
    return [
        Rest(terminal.received - received, (usage(terminal).cpu - cpu) / took)
        for terminal, (received, cpu) in zip(terminals, before, strict=True)
    ]
