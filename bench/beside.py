"""Keys while a first sync writes the cache that they read, beside the same keys once it is done."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from . import probe, world
from .first_sync import make_store
from .table import Row, figure, print_table
from .terminal import QUARTERDECK, Terminal

RUNS = 60_000
KEYS = ("down", "down", "down", "pgdn", "up", "pgup")
MOST_KEYS = 240
SHOWN = "● finished"
DURING, AFTER = "while it syncs", "when it is done"


def synced_runs(cache: Path) -> int:
    """How many runs are in the cache by now."""
    with closing(sqlite3.connect(f"file:{cache}?mode=ro", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM run").fetchone()[0])


def keys() -> Iterator[str]:
    """The same keys over and over."""
    for number in range(MOST_KEYS):
        yield KEYS[number % len(KEYS)]


def during(terminal: Terminal, cache: Path) -> tuple[list[probe.Answer], int, int]:
    """Keys for as long as runs are missing, and how many runs there were at the first and at the last key."""
    begun = now = synced_runs(cache)
    answers: list[probe.Answer] = []
    for key in keys():
        now = synced_runs(cache)
        if now >= RUNS:
            break
        answers += filter(None, [probe.press(terminal, key)])
    return answers, begun, now


def after(terminal: Terminal, cache: Path) -> list[probe.Answer]:
    """The same keys when all runs are there."""
    terminal.wait_until(lambda: synced_runs(cache) >= RUNS, "the end of the sync", deadline=120)
    terminal.watch(5)
    return probe.press_all(terminal, list(keys()))


def rows(measured: Mapping[str, Sequence[probe.Answer]]) -> list[Row]:
    """Time to the first byte: middle, 95th percentile, greatest."""
    spreads = {name: probe.spread([answer.first for answer in answers]) for name, answers in measured.items()}
    return [
        Row(
            f"a key: to the first byte, {what}",
            "the same",
            {name: figure(spread[place], "ms") for name, spread in spreads.items()},
        )
        for place, what in enumerate(("median", "95th percentile", "greatest"))
    ]


def main() -> None:
    """Make a store, open quarterdeck on it with an empty cache, and press keys."""
    folder = Path(tempfile.mkdtemp(prefix="beside-"))
    try:
        os.environ.update({name: value for name, value in world.homes(folder / "home").items() if value})
        make_store(folder / "mlflow.db", RUNS)
        where = world.project(folder, "sqlite:///mlflow.db")
        cache = folder / "cache.db"
        with Terminal(*QUARTERDECK, "--project", where, "--cache", cache, cwd=where) as terminal:
            terminal.wait_for(SHOWN)
            pressed, begun, reached = during(terminal, cache)
            measured = {DURING: pressed, AFTER: after(terminal, cache)}
        went = f"{len(pressed)} keys while it went from {begun:,} to {reached:,}"
        print_table(f"First sync of {RUNS:,} runs from sqlite:///; {went}.", [DURING, AFTER], rows(measured))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
