"""What becomes of what a source yields, over a real cache."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.errors import IncompleteError, SourceError, StoreError
from quarterdeck.app.records import Batch, MonitorSeries, Run, SourceSpec, SourceState, Want
from quarterdeck.app.store.state import State
from quarterdeck.app.sync.log import close_log, open_log
from quarterdeck.app.sync.poller import Poller
from quarterdeck.app.sync.writer import Writer

SPEC = SourceSpec(key="k", kind="scripted", name="lab", address="nowhere")


def run(number: int) -> Run:
    return Run(source="k", id=f"r{number}", experiment_id="e", name=f"run {number}", status="finished")


class Told:
    """A source that yields what it is told, exceptions raised in their place."""

    spec = SPEC

    def __init__(self, *script: Batch | Exception) -> None:
        self.script = script
        self.cursors: list[Mapping[str, Any]] = []
        self.ended = False

    async def poll(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
        self.cursors.append(dict(cursor))
        try:
            for step in self.script:
                if isinstance(step, Exception):
                    raise step
                yield step
        finally:
            self.ended = True

    def sweep(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
        return self.poll({"sweep": True})

    def want(self, want: Want) -> AsyncIterator[Batch]:
        return self.poll({})

    async def close(self) -> None:
        pass


class Bench:
    """A writer over a real cache and the pollers made on it."""

    def __init__(self, writer: Writer, cache: Path, state: Path, log: Path) -> None:
        self.writer, self.cache, self.state, self.log = writer, cache, state, log
        self.told: list[SourceState] = []

    def poller(self, source: Told) -> Poller:
        return Poller(
            source, None, self.writer, plan=lambda failures, retry_at: retry_at or 1_000 * failures,
            longest_pause=120_000, log=self.log, report=self.told.append,
        )  # fmt: skip

    def query(self, sql: str) -> list[Any]:
        with sqlite3.connect(f"file:{self.cache}?mode=ro", uri=True) as connection:
            rows = connection.execute(sql).fetchall()
        connection.close()
        return rows


@pytest.fixture
async def bench(cache: Path, tmp_path: Path) -> AsyncIterator[Bench]:
    writer = await Writer.open(cache, tmp_path / "state.db")
    await writer.declare([SPEC])
    log = open_log(tmp_path / "sync.log")
    yield Bench(writer, cache, tmp_path / "state.db", tmp_path / "sync.log")
    close_log(log)
    await writer.close()


async def test_a_good_pass_writes_all_and_says_so(bench: Bench) -> None:
    source = Told(
        Batch(runs=(run(1), run(2)), cursor={"at": 2}, done=2, total=3), Batch(runs=(run(3),), cursor={"at": 3})
    )
    state = await bench.poller(source).run()
    assert (state.state, state.sentence, state.items, state.done, state.total) == ("ok", "", 3, None, None)
    assert state.last_ok_at is not None
    assert abs(state.last_ok_at - time.time() * 1000) < 60_000
    assert await bench.writer.cursor("k") == {"at": 3}
    assert bench.query("SELECT native FROM run ORDER BY native") == [("r1",), ("r2",), ("r3",)]
    assert bench.query("SELECT state, items FROM source") == [("ok", 3)]
    assert bench.told[-1] == state


async def test_lines_of_production_are_counted_with_the_batch_that_brings_them(bench: Bench) -> None:
    def line(key: str) -> MonitorSeries:
        return MonitorSeries(source="k", key=key, name=key)

    source = Told(Batch(series_complete=True), Batch(series=(line("a"),)), Batch(series=(line("b"), line("a"))))
    assert (await bench.poller(source).run()).items == 2


async def test_what_was_read_before_a_failure_is_kept_with_its_cursor(bench: Bench) -> None:
    source = Told(
        Batch(runs=(run(1),), cursor={"at": 1}, done=1, total=2),
        SourceError("The server at x:80 is down. Start it.", state="unreachable"),
    )
    poller = bench.poller(source)
    state = await poller.run()
    assert (state.state, state.sentence) == ("unreachable", "The server at x:80 is down. Start it.")
    assert (state.last_error, state.last_ok_at, state.next_try_at) == (state.sentence, None, 1_000)
    assert (state.done, state.total) == (1, 2)
    assert await bench.writer.cursor("k") == {"at": 1}
    assert bench.query("SELECT native FROM run") == [("r1",)]
    assert bench.query("SELECT sentence FROM source") == [(state.sentence,)]

    source.script = (Batch(runs=(run(2),), cursor={"at": 2}),)
    state = await poller.run()
    assert (state.state, state.sentence, state.items) == ("ok", "", 2)
    assert source.cursors == [{}, {"at": 1}]


async def test_failures_in_a_row_are_counted_until_one_pass_succeeds(bench: Bench) -> None:
    source = Told(SourceError("down"))
    poller = bench.poller(source)
    assert [(await poller.run()).next_try_at for _ in range(3)] == [1_000, 2_000, 3_000]
    source.script = ()
    await poller.run()
    source.script = (SourceError("down"),)
    assert (await poller.run()).next_try_at == 1_000


async def test_what_a_server_asks_for_is_the_next_try(bench: Bench) -> None:
    state = await bench.poller(Told(SourceError("slow down", state="limited", retry_at=77_000))).run()
    assert (state.state, state.next_try_at) == ("limited", 77_000)


async def test_an_untrusted_source_is_not_tried_again_by_itself(bench: Bench) -> None:
    state = await bench.poller(Told(SourceError("run `quarterdeck trust`", state="untrusted"))).run()
    assert (state.state, state.next_try_at) == ("untrusted", None)


async def test_a_bug_is_a_sentence_and_a_log_entry_without_data(bench: Bench) -> None:
    state = await bench.poller(Told(ValueError("https://ann:hunter2@host"))).run()
    assert state.state == "not_understood"
    assert str(bench.log) in state.sentence
    assert "hunter2" not in state.sentence
    log = bench.log.read_text()
    assert "test_poller.py" in log
    assert "ValueError" in log
    assert "hunter2" not in log


async def test_a_batch_and_its_cursor_are_written_together_or_not_at_all(bench: Bench) -> None:
    good = Batch(runs=(run(1),), cursor={"at": 1})
    bad = Batch(runs=(run(2),), cursor={"at": object()})
    state = await bench.poller(Told(good, bad)).run()
    assert state.state == "not_understood"
    assert await bench.writer.cursor("k") == {"at": 1}
    assert bench.query("SELECT native FROM run") == [("r1",)]


async def test_a_cursor_that_the_source_changes_later_is_written_as_it_was_handed_over(bench: Bench) -> None:
    class Mutating(Told):
        async def poll(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
            mine = {"at": [1]}
            yield Batch(runs=(run(1),), cursor=mine)
            mine["at"].append(2)
            raise SourceError("down")

    await bench.poller(Mutating()).run()
    assert await bench.writer.cursor("k") == {"at": [1]}


async def test_a_cancelled_pass_lets_its_source_clean_up_and_keeps_what_was_written(bench: Bench) -> None:
    written = asyncio.Event()

    class Endless(Told):
        async def poll(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
            try:
                yield Batch(runs=(run(1),), cursor={"at": 1})
                yield Batch(runs=(run(2),), cursor={"at": 2})
                written.set()
                await asyncio.Event().wait()
            finally:
                self.ended = True

    source = Endless()
    task = asyncio.create_task(bench.poller(source).run())
    await written.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert source.ended
    at = (await bench.writer.cursor("k"))["at"]
    assert bench.query("SELECT count(*) FROM run") == [(at,)]


async def test_a_large_batch_is_several_transactions_and_the_cursor_comes_last(bench: Bench) -> None:
    runs = tuple(
        Run(
            source="k", id=f"r{n}", experiment_id="e", name="r", status="finished",
            params={f"p{i}": f"{n}-{i}" for i in range(30)},
        )
        for n in range(1_000)
    )  # fmt: skip
    seen: list[tuple[int, str]] = []

    def look() -> None:
        with sqlite3.connect(f"file:{bench.cache}?mode=ro", uri=True, check_same_thread=False) as connection:
            while not seen or seen[-1][0] < 1_000:
                found = connection.execute("SELECT (SELECT count(*) FROM run), cursor FROM source").fetchone()
                if not seen or seen[-1] != found:
                    seen.append(found)
        connection.close()

    looking = asyncio.create_task(asyncio.to_thread(look))
    await bench.poller(Told(Batch(runs=runs, cursor={"at": 1_000}))).run()
    await looking
    assert any(0 < count < 1_000 for count, _ in seen)
    assert all(cursor == "{}" for count, cursor in seen if count < 1_000)


async def test_a_stretch_without_a_sync_is_kept(bench: Bench) -> None:
    with State(bench.state) as state:
        long_ago = round(time.time() * 1000) - 3_600_000
        state.note_sync(long_ago, 120_000)
    await bench.poller(Told(SourceError("down"))).run()
    with State(bench.state) as state:
        assert state.gaps() == []
    await bench.poller(Told(Batch(runs=(run(1),)))).run()
    with State(bench.state) as state:
        (gap,) = state.gaps()
    assert gap.since == long_ago
    assert gap.until - gap.since >= 3_600_000


async def test_a_damaged_cache_begins_anew_and_its_sources_start_over(bench: Bench, cache: Path) -> None:
    source = Told(Batch(runs=tuple(run(n) for n in range(500)), cursor={"at": 500}))
    await bench.poller(source).run()
    await bench.writer._do(lambda: bench.writer._cache.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    with cache.open("r+b") as file:
        size = cache.stat().st_size
        for page in range(4096, size, 4096):
            file.seek(page)
            file.write(b"\xff" * 2048)
    await bench.writer._do(lambda: bench.writer._cache.connection.execute("PRAGMA shrink_memory"))
    source.script = (Batch(runs=tuple(run(n) for n in range(500, 900)), cursor={"at": 900}),)
    with pytest.raises(StoreError, match="damaged"):
        await bench.poller(source).run()
    assert await bench.writer.cursor("k") == {}
    source.script = (Batch(runs=(run(1),), cursor={"at": 1}),)
    assert (await bench.poller(source).run()).state == "ok"
    bench.cache = bench.writer._cache.path
    assert bench.cache != cache
    assert bench.query("SELECT native FROM run") == [("r1",)]


async def test_what_was_read_for_a_lost_cache_is_not_written_into_the_new_one(bench: Bench) -> None:
    class Slow(Told):
        async def poll(self, cursor: Mapping[str, Any]) -> AsyncIterator[Batch]:
            yield Batch(runs=(run(1),), cursor={"at": 1})
            bench.writer.generation += 1
            yield Batch(runs=(run(2),), cursor={"at": 2})

    with pytest.raises(StoreError, match="anew"):
        await bench.poller(Slow()).run()
    assert await bench.writer.cursor("k") in ({}, {"at": 1})


async def test_the_loop_lives_while_a_batch_is_written(bench: Bench) -> None:
    runs = tuple(
        Run(source="k", id=f"r{n}", experiment_id="e", name="r", status="finished", params={"p": str(n)})
        for n in range(5_000)
    )
    task = asyncio.create_task(bench.poller(Told(Batch(runs=runs))).run())
    turns = 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100


async def test_one_wrong_thing_among_all_that_was_read_is_said_and_puts_nothing_off(bench: Bench) -> None:
    poller = bench.poller(Told(Batch(runs=(run(1),)), IncompleteError("a.json is cut.", "not_understood")))
    for _ in range(3):
        state = await poller.run()
    assert (state.state, state.sentence, state.items, state.next_try_at) == ("not_understood", "a.json is cut.", 1, 0)
    assert state.last_ok_at is not None


async def test_where_there_is_nothing_yet_nobody_says_that_it_was_ok(bench: Bench) -> None:
    state = await bench.poller(Told(IncompleteError("No file matches.", "never"))).run()
    assert (state.state, state.sentence, state.last_ok_at, state.last_error) == (
        "never",
        "No file matches.",
        None,
        None,
    )
