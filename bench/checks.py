"""200,000 results of 2,000 checks: written through the syncer's writer, read, and walked through at 120x40."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from statistics import median
from typing import Any, Literal

from quarterdeck.app.query import CHECKS, parse
from quarterdeck.app.records import (
    Batch,
    CheckResult,
    DataIdentity,
    Identities,
    Invocation,
    Limit,
    SourceSpec,
    SourceState,
)
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State
from quarterdeck.app.sync.locks import SyncerLock
from quarterdeck.app.sync.writer import Writer

from . import probe, world
from .peers import Program
from .table import Row, figure, print_table
from .terminal import QUARTERDECK, Terminal

CHECKS_IN_ALL = 2_000
TIMES = 100
DATASETS = 40
MANY = 20_000
KEYS = 60
PAGES = 20
READS = 15
DAY = 86_400_000
NOW = time.time_ns() // 1_000_000
SOURCE = SourceSpec(key="3123456789abcdef", kind="checks", name="gx", address="gx/")
TRANSACTIONS = ((Cache, "write"), (Cache, "tell_removals"), (Cache, "forget_news"), (State, "keep_news"))
"""What the writer's thread does, each in one transaction of the cache or of state.db."""
SAME = Identities([DataIdentity(name="orders", same=(("gx", "table_00"), ("dbt", "shop.orders")))])
FIRST = "not_null(c0000)"


def result(check: int, day: int) -> CheckResult:
    """What a check said on a day: one in a hundred fails, some for a week; every fifth had its rule loosened once."""
    failed = (check * 7 + day // (1 + check % 7)) % 97 == 0
    outcome: Literal["fail", "pass"] = "fail" if failed or check == 0 else "pass"
    mostly = 0.95 if check % 5 == 0 and day > TIMES // 2 else 0.99
    return CheckResult(
        name=f"not_null(c{check:04})", dataset=f"table_{check % DATASETS:02}", column=f"c{check:04}", outcome=outcome,
        severity="critical", definition=f"not_null(c{check:04}) mostly={mostly}",
        limits=(Limit(name="mostly", value=mostly, strict="higher"),), observed=f"{(check + day) % 50 / 10} % null",
        expected=f"at most {100 - 100 * mostly:.0f} %", failed_rows=1000 * (check + day) % 50, total_rows=1_000_000,
    )  # fmt: skip


def invocation(day: int) -> Invocation:
    """A night's run of the whole suite."""
    at = NOW - (TIMES - day) * DAY
    return Invocation(
        source=SOURCE.key, id=f"{day:032x}", tool="great_expectations", suite="nightly", environment="prod", at=at,
        interval=f"day {day}", interval_at=at - DAY, commit=f"{day // 3:040x}", is_whole=True,
        results=tuple(result(check, day) for check in range(CHECKS_IN_ALL)),
    )  # fmt: skip


def of_many(day: int, outcome: Literal["fail", "pass"], number: int) -> Invocation:
    """A whole run of the first so many checks of one dataset, all of which say the same."""
    results = (CheckResult(name=f"c{at}", dataset="t", outcome=outcome, definition=f"c{at}") for at in range(number))
    return Invocation(
        source=SOURCE.key, id=f"m{day}", tool="great_expectations", suite="many", at=NOW - (TIMES - day) * DAY,
        is_whole=True, results=tuple(results),
    )  # fmt: skip


TURNS = (
    of_many(0, "pass", MANY), of_many(1, "fail", MANY), of_many(2, "pass", MANY), of_many(3, "pass", MANY // 4),
    of_many(4, "pass", MANY),
)  # fmt: skip
"""All fail at once, all recover, three of four are removed, and come back."""


async def write(path: Path, invocations: Sequence[Invocation]) -> tuple[float, float]:
    """Write them as the syncer does, turns into state.db too. Gives seconds: in all, and of the longest transaction."""
    writer = await Writer.open(path, path.with_suffix(".state"))
    await writer.declare([SOURCE])
    longest = [0.0]

    def timed(real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*given: Any) -> Any:
            begun = time.perf_counter()
            done = real(*given)
            longest.append(time.perf_counter() - begun)
            return done

        return act

    with ExitStack() as undone:
        for owner, name in TRANSACTIONS:
            real = getattr(owner, name)
            undone.callback(setattr, owner, name, real)
            setattr(owner, name, timed(real))
        begun = time.perf_counter()
        for one in invocations:
            await writer.write(SOURCE.key, Batch(invocations=(one,)), writer.generation)
        took = time.perf_counter() - begun
    await writer.save(
        SourceState(
            source=SOURCE.key, kind="checks", name="gx", state="ok", last_ok_at=NOW, items=TIMES * CHECKS_IN_ALL
        )
    )
    await writer.close()
    return took, max(longest)


def fresh(name: str) -> Path:
    """Where a cache is made anew."""
    world.OUT.mkdir(parents=True, exist_ok=True)
    for old in world.OUT.glob(f"{name}.*"):
        old.unlink()
    return world.OUT / f"{name}.db"


def read(path: Path) -> list[Row]:
    """What the reads cost that screens make."""
    trouble = parse("outcome:fail and share > 0 and not silent", now=NOW, vocabulary=CHECKS)
    with closing(Reader(path)) as reader:
        reads = reader.checks
        ids = reads.ids(now=NOW)
        asked: dict[str, Callable[[], object]] = {
            "the list, its first 60 checks and their strips": lambda: (
                reads.rows(reads.ids(now=NOW)[:60]),
                reads.outcomes(ids[:60], NOW - 7 * DAY, NOW),
            ),
            "datasets, with a declared identity, and the summary": lambda: (
                reads.groups(None, NOW, SAME),
                reads.summary(None, NOW, SAME),
            ),
            "a filter": lambda: reads.ids(trouble, now=NOW, identities=SAME),
            "the history of one check": lambda: reads.history(ids[0]),
        }
        return [Row(what, _budget(what), {world.NAME: figure(_took(ask), "ms")}) for what, ask in asked.items()]


def _budget(what: str) -> str:
    return "50 ms" if what.startswith("the history") else "100 ms"


def _took(ask: Callable[[], object]) -> float:
    times = []
    for _ in range(READS):
        begun = time.perf_counter()
        ask()
        times.append((time.perf_counter() - begun) * 1e3)
    return median(times)


def walk(path: Path) -> list[Row]:
    """The screen: cursor keys, pages, and the page of one check."""
    lock = SyncerLock.acquire(path)
    if lock is None:
        raise SystemExit(f"somebody syncs {path}: end that quarterdeck first")
    where = world.project(world.OUT / "checks", "http://127.0.0.1:9")
    argv = (*QUARTERDECK, "--project", where, "--cache", path)
    program = Program(world.NAME, "checks", argv, FIRST, where, env=world.homes(world.OUT / "home"))
    try:
        with Terminal(*program.argv, cwd=program.cwd, env=program.env) as terminal:
            terminal.wait_for("4 Checks")
            terminal.settle(quiet=0.5, deadline=3)
            begun = time.perf_counter()
            terminal.press("4")
            terminal.wait_for(FIRST)
            opened = (time.perf_counter() - begun) * 1e3
            terminal.settle(quiet=0.5, deadline=3)
            moves = probe.press_all(terminal, ["down"] * KEYS)
            pages = probe.press_all(terminal, ["pgdn"] * PAGES)
            memory = probe.usage(terminal).memory
    finally:
        lock.release()
    keys = probe.spread([move.first for move in moves])
    sizes, turns = probe.spread([move.bytes for move in moves]), probe.spread([turn.bytes for turn in pages])
    return [
        Row("from 4 to the first check", "300 ms", {world.NAME: figure(opened, "ms")}),
        Row("a key: to the first byte, median", "a third of LEET's", {world.NAME: figure(keys.median, "ms")}),
        Row("bytes a cursor move, median", "400", {world.NAME: f"{sizes.median:.0f} (p95 {sizes.p95:.0f})"}),
        Row("bytes a page, median", "8 192", {world.NAME: f"{turns.median:.0f} (p95 {turns.p95:.0f})"}),
        Row("memory of the terminal process", "80 MB", {world.NAME: f"{memory:.0f} MB"}),
    ]


def main() -> None:
    """Measure and print the table."""
    nights = [invocation(day) for day in range(TIMES)]
    results = TIMES * CHECKS_IN_ALL
    path = fresh("checks")
    took, longest = asyncio.run(write(path, nights))
    backwards, other = asyncio.run(write(fresh("checks-newest-first"), nights[::-1]))
    again, _ = asyncio.run(write(path, nights[-1:]))
    _, turning = asyncio.run(write(fresh("checks-turning"), TURNS))
    size = sum(file.stat().st_size for file in path.parent.glob("checks.db*")) / 2**20
    rows = [
        Row("first sync, the oldest first", "20 000/s", {world.NAME: f"{results / took:,.0f}/s"}),
        Row("first sync, the newest first", "20 000/s", {world.NAME: f"{results / backwards:,.0f}/s"}),
        Row("the longest transaction", "200 ms", {world.NAME: figure(max(longest, other) * 1e3, "ms")}),
        Row(f"the same where {MANY:,} turn or are removed", "200 ms", {world.NAME: figure(turning * 1e3, "ms")}),
        Row("the last night once more", "", {world.NAME: figure(again * 1e3, "ms")}),
        Row("the cache's file", "", {world.NAME: f"{size:.0f} MB"}),
        *read(path),
        *walk(path),
    ]
    title = f"{results:,} results of {CHECKS_IN_ALL:,} checks over {TIMES} nights, at 120x40"
    print_table(title, [world.NAME], rows)


if __name__ == "__main__":
    main()
