"""From the key `l` to the painted failure of a job: a log of 100 MB from the cache, searched, followed, at 120x40."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import closing

from quarterdeck.app.records import Batch, Job, LogPart, Pipeline, SourceSpec, SourceState, Step
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.sync.locks import SyncerLock

from . import probe, world
from .peers import Program
from .table import Row, figure, print_table
from .terminal import QUARTERDECK, QUIET, Terminal

MEGABYTES = 100
LONG_LINE = 10_000_000
TIMES = 12
KEYS = 40
LINES_FOLLOWED = 100
NOW = time.time_ns() // 1_000_000
SOURCE = SourceSpec(key="0123456789abcdef", kind="github", name="github", address="https://127.0.0.1:9")
STAMP = b"2026-03-14T00:59:%02d.1234567Z "
FAILURE = (
    b"=================================== FAILURES ===================================\n"
    b"____________________________ test_nulls_are_refused ____________________________\n"
    b"E       AssertionError: 3.1 % of customer_id is null\n"
    b"=========================== short test summary info ============================\n"
    b"FAILED tests/test_orders.py::test_nulls_are_refused\n##[error]Process completed with exit code 1.\n"
)


def pieces() -> Iterator[bytes]:
    """The log in megabytes: lines of training in four steps, a needle at 5 %, the failure at the end."""
    noise = random.Random(7)
    for megabyte in range(MEGABYTES):
        lines = []
        if megabyte % (MEGABYTES // 4) == 0:
            lines.append(STAMP % (megabyte % 60) + b"##[group]Run python train.py --part %d\n" % megabyte)
        size = 0
        while size < 1_000_000:
            row = b"epoch %3d step %6d loss=%.4f val_auc=%.4f rows=%d\n" % (
                megabyte, size, noise.random(), noise.random(), noise.randrange(10**6),
            )  # fmt: skip
            lines.append(STAMP % (megabyte % 60) + row)
            size += len(lines[-1])
        if megabyte == MEGABYTES // 20:
            lines.append(STAMP % 7 + b"the needle in the haystack\n")
        if megabyte == MEGABYTES - 1:
            lines += [STAMP % 59 + line + b"\n" for line in FAILURE.splitlines()]
        yield b"".join(lines)


def pipeline(number: int, status: str) -> Pipeline:
    """A pipeline of one job."""
    at = NOW - number * 3_600_000
    steps = tuple(
        Step(name=f"Part {part}", status="failed" if part == 4 else "passed", number=part + 1, started_at=at)
        for part in range(1, 5)
    )
    job = Job(id=f"{number}00", name="train", status=status, started_at=at, steps=steps)  # type: ignore[arg-type]  # a word of the vocabulary
    return Pipeline(
        source=SOURCE.key, id=str(number), name="nightly-train", number=str(number), created_at=at, jobs=(job,),
        status=status,  # type: ignore[arg-type]  # as above
    )  # fmt: skip


def write(cache: Cache, number: int, start: int, data: bytes, *, is_last: bool = False) -> None:
    """A piece comes."""
    part = LogPart(source=SOURCE.key, pipeline=str(number), job=f"{number}00", start=start, data=data, is_last=is_last)
    cache.write(SOURCE.key, Batch(log_parts=(part,)), time.time_ns() // 1_000_000)


def fill(cache: Cache) -> tuple[float, float]:
    """Write the logs; gives megabytes a second, and seconds of the longest transaction."""
    cache.declare([SOURCE])
    found = (pipeline(1, "failed"), pipeline(2, "passed"), pipeline(3, "running"))
    cache.write(SOURCE.key, Batch(pipelines=found), NOW)
    cache.save_state(SourceState(source=SOURCE.key, kind="github", name="github", state="ok", last_ok_at=NOW))
    at, times = 0, []
    for piece in pieces():
        begun = time.perf_counter()
        write(cache, 1, at, piece)
        times.append(time.perf_counter() - begun)
        at += len(piece)
    write(cache, 1, at, b"", is_last=True)
    write(cache, 2, 0, b"before\n" + b"x" * LONG_LINE + b"\nafter\n", is_last=True)
    write(cache, 3, 0, b"".join(b"epoch %d\n" % number for number in range(100)))
    return at / 1e6 / sum(times), max(times)


def opened(terminal: Terminal, key: str, shown: str) -> list[float]:
    """Milliseconds from `l` to the last byte of the log's first screen, again and again."""
    found = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        terminal.press(key)
        terminal.wait_for(shown)
        while terminal.take(QUIET):
            pass
        found.append((terminal.last_read - begun) * 1e3)
        terminal.settle(quiet=0.2, deadline=2)
        terminal.press("esc")
        terminal.wait_gone(shown)
        terminal.settle(quiet=0.2, deadline=2)
    return found


def found_in(terminal: Terminal, needle: str, shown: str) -> float:
    """Milliseconds from Enter until what was looked for is painted."""
    terminal.press("/")
    terminal.type(needle)
    terminal.settle(quiet=0.2, deadline=2)
    begun = time.perf_counter()
    terminal.press("enter")
    terminal.wait_for(shown)
    return (terminal.last_read - begun) * 1e3


def followed(terminal: Terminal, cache: Cache) -> list[int]:
    """Bytes that each of some lines costs which come while the end is followed."""
    at, sent = sum(len(b"epoch %d\n" % number) for number in range(100)), []
    for number in range(100, 100 + LINES_FOLLOWED):
        line = b"epoch %d  loss %.4f  val_auc %.4f\n" % (number, 1 / number, 1 - 1 / number)
        before = terminal.received
        write(cache, 3, at, line)
        terminal.wait_for(f"line {number + 1} of {number + 1}")
        terminal.settle(quiet=0.05, deadline=2)
        sent.append(terminal.received - before)
        at += len(line)
    return sent


def main() -> None:
    """Measure and print the table."""
    world.OUT.mkdir(parents=True, exist_ok=True)
    path = world.OUT / "log.db"
    for old in world.OUT.glob("log.db*"):
        old.unlink()
    with closing(Cache(path)) as cache:
        rate, longest = fill(cache)
        size = path.stat().st_size / 1e6
        lock = SyncerLock.acquire(path)
        if lock is None:
            raise SystemExit(f"somebody syncs {path}: end that quarterdeck first")
        where = world.project(world.OUT / "log", SOURCE.address)
        argv = (*QUARTERDECK, "--project", where, "--cache", path)
        program = Program(world.NAME, "a log", argv, "github", where, env=world.homes(world.OUT / "home"))
        try:
            with Terminal(*program.argv, cwd=program.cwd, env=program.env) as terminal:
                terminal.press("5")
                terminal.wait_for("nightly-train")
                terminal.settle(quiet=0.5, deadline=3)
                before = probe.usage(terminal).memory
                first = probe.spread(opened(terminal, "l", "AssertionError: 3.1 %"))
                terminal.press("l")
                terminal.wait_for("AssertionError: 3.1 %")
                found = found_in(terminal, "needle in the hay", "the needle in the haystack")
                none = found_in(terminal, "no such text", "is nowhere in it")
                moves = probe.press_all(terminal, ["down"] * KEYS)
                pages = probe.press_all(terminal, ["space"] * KEYS)
                memory = probe.usage(terminal).memory
                terminal.press("esc")
                terminal.settle(quiet=0.5, deadline=3)
                terminal.press("down")
                terminal.settle(quiet=0.5, deadline=3)
                long = probe.spread(opened(terminal, "l", "after"))
                terminal.press("down")
                terminal.settle(quiet=0.5, deadline=3)
                terminal.press("l")
                terminal.wait_for("epoch 99", "following")
                lines = followed(terminal, cache)
        finally:
            lock.release()
    keys, sizes = probe.spread([move.whole for move in moves]), probe.spread([move.bytes for move in moves])
    rows = [
        Row("from l to the painted failure, median", "300 ms", {world.NAME: figure(first.median, "ms")}),
        Row("the same, the longest", "300 ms", {world.NAME: figure(first.most, "ms")}),
        Row("the same with one line of 10 MB, median", "300 ms", {world.NAME: figure(long.median, "ms")}),
        Row("a regular expression from one end to the other", "", {world.NAME: figure(found, "ms")}),
        Row("one that is nowhere", "", {world.NAME: figure(none, "ms")}),
        Row("a key, median", "", {world.NAME: figure(keys.median, "ms")}),
        Row("bytes a key, median", "400", {world.NAME: f"{sizes.median:.0f}"}),
        Row("bytes a page, median", "8000", {world.NAME: f"{probe.spread([p.bytes for p in pages]).median:.0f}"}),
        Row("bytes a line that is followed, mean", "", {world.NAME: f"{sum(lines) / len(lines):.0f}"}),
        Row("memory after all this", "80 MB", {world.NAME: f"{memory:.0f} MB"}),
        Row("... and before", "", {world.NAME: f"{before:.0f} MB"}),
        Row("writing it into the cache", "", {world.NAME: f"{rate:.0f} MB/s"}),
        Row("its longest transaction", "200 ms", {world.NAME: figure(longest * 1e3, "ms")}),
        Row("what it takes in the cache", "", {world.NAME: f"{size:.0f} MB"}),
    ]
    print_table(f"a log of {MEGABYTES} MB, at 120x40", [world.NAME], rows)


if __name__ == "__main__":
    main()
