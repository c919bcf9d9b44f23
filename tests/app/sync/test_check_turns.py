"""Results of checks on their way through the syncer's writer: in short transactions, killed anywhere, told once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Batch, Check, CheckResult, Event, Invocation, SourceSpec
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.happened import happened
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State
from quarterdeck.app.sync.writer import Writer

SOURCE = SourceSpec(key="k", kind="checks", name="gx", address="gx/")
DAY = 86_400_000
NOW = 1_763_780_820_000
MANY = 6_000
REPOSITORY = Path(__file__).resolve().parents[3]


async def opened(folder: Path) -> Writer:
    writer = await Writer.open(folder / "cache.db", folder / "state" / "state.db")
    await writer.declare([SOURCE])
    return writer


def ran(day: int, *outcomes: str, whole: bool = True) -> Batch:
    results = tuple(CheckResult(name=f"c{n}", dataset="d", outcome=one) for n, one in enumerate(outcomes))  # type: ignore[arg-type]  # real outcomes only
    one = Invocation(source="k", id=f"i{day}", tool="dbt", at=NOW + day * DAY, is_whole=whole, results=results)
    return Batch(invocations=(one,), cursor={"at": day})


def checks(folder: Path) -> list[Check]:
    with closing(Reader(folder / "cache.db")) as reader:
        return [row.check for row in reader.checks.rows(reader.checks.ids(now=NOW))]


def told(folder: Path) -> list[Event]:
    with closing(Reader(folder / "cache.db")) as reader, State(folder / "state" / "state.db") as state:
        return happened(reader, state, 50_000)


async def test_what_turns_is_among_the_events(tmp_path: Path) -> None:
    writer = await opened(tmp_path)
    for day, outcome in enumerate(("pass", "fail", "pass")):
        await writer.write("k", ran(day, outcome), writer.generation)
    await writer.note_silence("k", NOW + 30 * DAY)
    await writer.close()
    assert [event.kind for event in told(tmp_path)] == ["check fell silent", "check recovered", "check began to fail"]
    assert {event.source for event in told(tmp_path)} == {"k"}


async def test_events_of_checks_whose_source_left_the_settings_are_not_shown(tmp_path: Path) -> None:
    writer = await opened(tmp_path)
    await writer.write("k", ran(0, "fail"), writer.generation)
    await writer.declare([])
    await writer.close()
    assert told(tmp_path) == []


async def test_since_when_a_check_fails_survives_a_cache_that_is_lost(tmp_path: Path) -> None:
    writer = await opened(tmp_path)
    for day, outcome in enumerate(("pass", "fail", "fail", "fail")):
        await writer.write("k", ran(day, outcome), writer.generation)
    await writer.close()
    [before] = checks(tmp_path)
    events = told(tmp_path)
    for file in tmp_path.glob("cache.db*"):
        file.unlink()
    writer = await opened(tmp_path)
    await writer.write("k", ran(3, "fail"), writer.generation)
    await writer.close()
    [after] = checks(tmp_path)
    assert (after.first_failed_at, after.last_passed_at) == (NOW + DAY, NOW)
    assert (before.first_failed_at, before.last_passed_at) == (after.first_failed_at, after.last_passed_at)
    assert told(tmp_path) == events


async def test_without_a_state_results_are_written_and_what_turned_waits(tmp_path: Path) -> None:
    state = tmp_path / "state" / "state.db"
    state.parent.mkdir()
    state.write_text("no database, " * 500)
    writer = await opened(tmp_path)
    await writer.write("k", ran(0, "fail"), writer.generation)
    await writer.close()
    assert [check.newest.outcome for check in checks(tmp_path)] == ["fail"]
    state.unlink()
    writer = await opened(tmp_path)
    await writer.close()
    assert [event.kind for event in told(tmp_path)] == ["check began to fail"]


# -- killed ---------------------------------------------------------------------------------------------------------

KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.state import State
from tests.app.sync.test_check_turns import MANY, opened, ran

where, after = sys.argv[2], int(sys.argv[3])
owner = {"write": Cache, "forget_news": Cache, "keep_news": State}[where]
real, left = getattr(owner, where), [after]

def last(*args):
    answer = real(*args) if left[0] else None
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

async def main():
    writer = await opened(Path(sys.argv[1]))
    await writer.write("k", ran(0, *["pass"] * MANY), writer.generation)
    setattr(owner, where, last)
    await writer.write("k", ran(1, *["fail"] * (MANY - 5)), writer.generation)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("where", "after"), [("write", 0), ("write", 1), ("write", 2), ("keep_news", 0), ("forget_news", 0)]
)
async def test_killed_anywhere_nothing_is_lost_and_nothing_told_twice(tmp_path: Path, where: str, after: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), where, str(after)],
        cwd=REPOSITORY,
        env=dict(os.environ),
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert all(check.removed_at is None for check in checks(tmp_path))  # the last part was not in yet
    writer = await opened(tmp_path)
    assert await writer.cursor("k") == {"at": 0}
    await writer.write("k", ran(1, *["fail"] * (MANY - 5)), writer.generation)
    await writer.close()
    found = checks(tmp_path)
    assert (len(found), sum(check.removed_at is not None for check in found)) == (MANY, 5)
    assert {check.results for check in found} == {1, 2}
    events = told(tmp_path)
    kinds = [event.kind for event in events]
    assert (kinds.count("check began to fail"), kinds.count("check's rule removed")) == (MANY - 5, 5)
    assert len({event.id for event in events}) == len(events) == MANY


REMOVED_AND_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from quarterdeck.app.store.cache import Cache
from tests.app.sync.test_check_turns import MANY, opened, ran

real, left = Cache.tell_removals, [int(sys.argv[2])]

def last(*args):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return real(*args)

async def main():
    writer = await opened(Path(sys.argv[1]))
    await writer.write("k", ran(0, *["pass"] * MANY), writer.generation)
    Cache.tell_removals = last
    await writer.write("k", ran(1, "pass"), writer.generation)

asyncio.run(main())
"""


@pytest.mark.parametrize("after", [0, 2])
async def test_killed_while_it_removes_many_checks_it_goes_on_where_it_stood(tmp_path: Path, after: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", REMOVED_AND_KILLED, str(tmp_path), str(after)],
        cwd=REPOSITORY,
        env=dict(os.environ),
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    assert 0 < sum(check.removed_at is not None for check in checks(tmp_path)) < MANY - 1
    writer = await opened(tmp_path)
    assert await writer.cursor("k") == {"at": 1}
    await writer.close()
    assert sum(check.removed_at is not None for check in checks(tmp_path)) == MANY - 1
    events = told(tmp_path)
    assert [event.kind for event in events] == ["check's rule removed"] * (MANY - 1)
    assert len({event.id for event in events}) == MANY - 1


async def test_an_invocation_of_many_results_is_written_in_several_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    write = Cache.write

    def noted(self: Cache, source: str, batch: Batch, now: int) -> Any:
        sizes.append(sum(len(one.results) for one in batch.invocations))
        return write(self, source, batch, now)

    monkeypatch.setattr(Cache, "write", noted)
    writer = await opened(tmp_path)
    await writer.write("k", ran(0, *["pass"] * MANY), writer.generation)
    await writer.close()
    assert sum(sizes) == MANY
    assert max(sizes) <= MANY / 2
