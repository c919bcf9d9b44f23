"""Lines of production and stacks on their way through the syncer's writer: in short transactions, killed anywhere."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from array import array
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.records import Alert, Batch, Event, MonitorSeries, Note, Resource, Samples, SourceSpec, Stack
from quarterdeck.app.store.happened import happened
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import State
from quarterdeck.app.sync.pieces import Pace, pieces
from quarterdeck.app.sync.writer import CacheRebuiltError, Writer

SOURCE = SourceSpec(key="k", kind="prometheus", name="prometheus", address="http://127.0.0.1:9090")
MINUTE = 60_000
BEGAN = int(os.environ.get("MONITORS_BEGAN") or time.time_ns() // 1_000_000 // MINUTE * MINUTE - 10 * 24 * 60 * MINUTE)
"""The same in the process that is killed."""
REPOSITORY = Path(__file__).resolve().parents[3]
POINTS = 8_000


async def opened(folder: Path) -> Writer:
    writer = await Writer.open(folder / "cache.db", folder / "state" / "state.db")
    await writer.declare([SOURCE])
    return writer


def samples(key: str, first: int, last: int) -> Samples:
    """Minutes since it began; one of 97 is over the threshold for three minutes, one of 31 is no number."""
    times = array("q", range(BEGAN + first * MINUTE, BEGAN + last * MINUTE, MINUTE))
    values = array("d", [float("nan") if n % 31 == 0 else float(n % 97 < 3) for n in range(first, last)])
    return Samples(source="k", key=key, times=times, values=values)


def watched(limit: float = 0.5, points: int = POINTS) -> Batch:
    lines = tuple(MonitorSeries(source="k", key=key, name=key, max=limit) for key in "ab")
    resources = tuple(Resource(stack="net", address=f"a.r{n}", type="a", name=f"r{n}") for n in range(50))
    return Batch(
        series=lines, series_complete=True, samples=tuple(samples(key, 0, points) for key in "ab"),
        alerts=(Alert(source="k", fingerprint="f", name="Down", since=BEGAN),), cursor={"at": points},
        stacks=(Stack(source="k", name="net", resources=resources, applied_at=BEGAN, state_digest="1"),),
        stacks_complete=True, notes=(Note(id="1", at=BEGAN, subject="series/a", text="seen"),),
    )  # fmt: skip


def state_of(folder: Path) -> tuple[object, ...]:
    """All that there is to see of them, times of looking apart."""
    with closing(Reader(folder / "cache.db")) as reader, State(folder / "state" / "state.db") as state:
        lines = [(one.key, one.at, one.bad_since, one.last_good_at) for one in reader.monitors.series()]
        points = []
        for key in "ab":
            found = reader.monitors.samples(key, 0, 2**60)
            assert found is not None
            points.append((found.times.tobytes(), found.values.tobytes()))
        stretches = [reader.monitors.stretches(key, 0, 2**60) for key in "ab"]
        stacks = [len(one.resources) for one in reader.infra.stacks(resources=True)]
        events: list[Event] = happened(reader, state, 50_000)
        assert len({event.id for event in events}) == len(events)
        return lines, points, stretches, stacks, [event.id for event in events], reader.notes()


@given(st.integers(0, 30_000), st.integers(0, 3), st.floats(1, 60_000), st.booleans())
def test_pieces_together_are_the_batch(points: int, stacks: int, rate: float, counts: bool) -> None:
    pace = Pace()
    pace._rows_a_second = rate
    whole = samples("a", 0, points)
    if counts:
        whole = Samples(source="k", key="a", times=whole.times, values=whole.values, totals=array("d", whole.times))
    made = tuple(Stack(source="k", name=str(n)) for n in range(stacks))
    batch = Batch(series=watched().series, samples=(whole,), stacks=made, stacks_complete=True, notes=(), alerts=())
    cut = [piece for piece, _ in pieces(batch, pace)]
    parts = [one for piece in cut for one in piece.samples]
    assert [at for part in parts for at in part.times] == list(whole.times)
    assert b"".join(part.values.tobytes() for part in parts) == whole.values.tobytes()
    if counts:
        assert [total for part in parts for total in part.totals or ()] == list(whole.totals or ())
    assert all(part.times[0] // 600_000 > before.times[-1] // 600_000 for before, part in pairwise(parts))
    assert cut[0].series == batch.series
    assert cut[-1].stacks[-stacks:] == made or not stacks
    assert [piece.stacks_complete for piece in cut] == [False] * (len(cut) - 1) + [True]
    assert [piece.alerts for piece in cut] == [None] * (len(cut) - 1) + [()]
    assert [piece.notes for piece in cut] == [None] * (len(cut) - 1) + [()]


async def test_a_long_history_is_written_in_several_transactions_and_thinned(tmp_path: Path) -> None:
    writer = await opened(tmp_path)
    await writer.write("k", watched(), writer.generation)
    await writer.close()
    with closing(Reader(tmp_path / "cache.db")) as reader:
        found = reader.monitors.samples("a", 0, 2**60)
        assert found is not None
        assert POINTS / 10 < len(found) < POINTS / 2
        assert len(reader.monitors.stretches("a", 0, 2**60)) == -(-POINTS // 97)


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.state import State
from tests.app.sync.test_monitor_writes import opened, watched

where, after = sys.argv[2], int(sys.argv[3])
owner = {"write": Cache, "settle": Cache, "forget_news": Cache, "keep_news": State}[where]
real, left = getattr(owner, where), [after]

def last(*args):
    answer = real(*args) if left[0] else None
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

async def main():
    writer = await opened(Path(sys.argv[1]))
    writer._pace._rows_a_second = 4_000
    await writer.write("k", watched(0.9, 100), writer.generation)
    setattr(owner, where, last)
    await writer.write("k", watched(), writer.generation)

asyncio.run(main())
"""


@pytest.mark.parametrize(
    ("where", "after"),
    [("write", 0), ("write", 1), ("write", 2), ("settle", 0), ("settle", 1), ("settle", 3)],
)
async def test_killed_anywhere_nothing_is_lost_and_nothing_counted_twice(
    tmp_path: Path, where: str, after: int
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "killed"), where, str(after)],
        cwd=REPOSITORY,
        env=os.environ | {"MONITORS_BEGAN": str(BEGAN)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    for folder, first in (("killed", False), ("whole", True)):
        writer = await opened(tmp_path / folder)
        if first:
            await writer.write("k", watched(0.9, 100), writer.generation)
        await writer.write("k", watched(), writer.generation)
        assert await writer.cursor("k") == {"at": POINTS}
        await writer.close()
    assert state_of(tmp_path / "killed") == state_of(tmp_path / "whole")


async def test_what_is_owed_after_a_kill_is_done_when_the_cache_is_opened(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), "settle", "0"],
        cwd=REPOSITORY,
        env=os.environ | {"MONITORS_BEGAN": str(BEGAN)},
        check=False,
    )
    assert ended.returncode == -signal.SIGKILL
    await (await opened(tmp_path)).close()
    with closing(Reader(tmp_path / "cache.db")) as reader:
        owed = "SELECT count(*) FROM monitor WHERE is_owed OR thinned = 0"
        assert reader.connection.execute(owed).fetchone() == (0,)


async def test_a_batch_of_a_cache_that_was_begun_anew_is_not_written(tmp_path: Path) -> None:
    writer = await opened(tmp_path)
    with pytest.raises(CacheRebuiltError):
        await writer.write("k", watched(), writer.generation - 1)
    await writer.close()


async def test_without_a_state_what_changed_of_a_stack_waits(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir(mode=0o700)
    (tmp_path / "state" / "state.db").write_bytes(b"no database, whatever anybody says of it" * 40)
    writer = await opened(tmp_path)
    await writer.write("k", watched(points=10), writer.generation)
    await writer.close()
    (tmp_path / "state" / "state.db").unlink()
    await (await opened(tmp_path)).close()
    with State(tmp_path / "state" / "state.db") as state:
        assert [event.kind for event in state.events(10)] == ["infrastructure changed"]
