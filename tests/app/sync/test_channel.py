from __future__ import annotations

import asyncio
import socket
import stat
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.channel import ask, lock_file, request_pass, socket_path
from quarterdeck.app.errors import QuarterdeckError, UsageError
from quarterdeck.app.records import SourceState, Want
from quarterdeck.app.sync.listen import Channel
from quarterdeck.app.sync.locks import SyncerLock

WANT = Want(kind="history", source="s", run_ids=("r1",), keys=("loss",), points=100)
STATE = SourceState(source="s", kind="git", name="git", state="ok")


class Answering:
    """A listener that keeps what it was asked."""

    def __init__(self) -> None:
        self.wants: list[Want] = []
        self.passes: list[tuple[tuple[str, ...], bool]] = []
        self.arrived = asyncio.Event()
        self.may_end = asyncio.Event()
        self.may_end.set()

    def take(self, want: Want) -> None:
        self.wants.append(want)
        self.arrived.set()

    async def run_pass(self, names: tuple[str, ...], full: bool) -> tuple[SourceState, ...]:
        self.passes.append((names, full))
        self.arrived.set()
        if "nobody" in names:
            raise UsageError("There is no source “nobody”.")
        await self.may_end.wait()
        return (STATE,)

    def states(self) -> tuple[SourceState, ...]:
        return (STATE,)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "abc.s1.g1.db"


@pytest.fixture
def listener() -> Answering:
    return Answering()


@pytest.fixture
async def served(cache: Path, listener: Answering) -> AsyncIterator[Channel]:
    lock = SyncerLock.acquire(cache)
    assert lock is not None
    server = Channel(cache, listener)
    await server.start()
    lock.describe(socket=str(server.path))
    yield server
    await server.stop()
    lock.release()


async def in_thread(act: Callable[[], Any]) -> Any:
    async with asyncio.timeout(20):
        return await asyncio.to_thread(act)


async def test_a_want_arrives_as_it_was_asked(served: Channel, cache: Path, listener: Answering) -> None:
    assert await in_thread(lambda: ask(cache, WANT))
    await listener.arrived.wait()
    assert listener.wants == [WANT]


async def test_a_pass_is_run_and_its_outcome_told(served: Channel, cache: Path, listener: Answering) -> None:
    told: list[tuple[SourceState, ...]] = []
    listener.may_end.clear()

    def heard(states: tuple[SourceState, ...]) -> None:
        told.append(states)
        loop.call_soon_threadsafe(listener.may_end.set)

    loop = asyncio.get_running_loop()
    states = await in_thread(lambda: request_pass(cache, sources=["git"], full=True, on_progress=heard))
    assert states == (STATE,)
    assert listener.passes == [(("git",), True)]
    assert told


async def test_an_unknown_source_is_refused_with_its_sentence(served: Channel, cache: Path) -> None:
    with pytest.raises(UsageError, match="no source “nobody”"):
        await in_thread(lambda: request_pass(cache, sources=["nobody"]))


def test_nobody_listens_where_there_is_no_syncer(cache: Path) -> None:
    assert not ask(cache, WANT)
    assert request_pass(cache) is None


async def test_a_dead_syncers_socket_is_no_listener(served: Channel, cache: Path) -> None:
    path = served.path
    assert path is not None
    await served.stop()
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    assert path.exists()
    assert not ask(cache, WANT)
    listener = Answering()
    again = Channel(cache, listener)
    await again.start()
    assert await in_thread(lambda: ask(cache, WANT))
    await listener.arrived.wait()  # a line that is only being taken when the loop ends is closed by nobody
    await again.stop()


@pytest.mark.parametrize(
    "line",
    [
        b"garbage\n",
        b"\xff\xfe\x00\n",
        b'{"type":"want"}\n',
        b'{"type":"want","want":{"kind":"launch","source":"s","run_ids":[]}}\n',
        b'{"type":"unknown"}\n',
        b'{"a":' * 50_000 + b"\n",
        b"x" * 2_000_000,
        b"no end of line",
    ],
)
async def test_nonsense_closes_its_own_line_and_no_other(
    served: Channel, cache: Path, listener: Answering, line: bytes
) -> None:
    def speak() -> bytes:
        talker = socket.socket(socket.AF_UNIX)
        talker.connect(str(served.path))
        with talker:
            try:
                talker.sendall(line)
                talker.shutdown(socket.SHUT_WR)
                return talker.recv(10)
            except (BrokenPipeError, ConnectionResetError):
                return b""

    assert await in_thread(speak) == b""
    assert await in_thread(lambda: ask(cache, WANT))
    await listener.arrived.wait()
    assert listener.wants == [WANT]


async def test_clients_that_hang_keep_nobody_waiting(served: Channel, cache: Path, listener: Answering) -> None:
    hanging = []
    for _ in range(40):
        line = socket.socket(socket.AF_UNIX)
        line.connect(str(served.path))
        line.sendall(b'{"type":')
        hanging.append(line)
    assert await in_thread(lambda: request_pass(cache)) == (STATE,)
    for line in hanging:
        line.close()


async def test_a_syncer_that_ends_in_the_middle_is_said(served: Channel, cache: Path, listener: Answering) -> None:
    listener.may_end.clear()
    asked = asyncio.create_task(asyncio.to_thread(lambda: request_pass(cache)))
    await listener.arrived.wait()
    await served.stop()
    with pytest.raises(QuarterdeckError, match="middle of the pass"):
        await asked


async def test_only_this_user_can_come_near_the_socket(served: Channel) -> None:
    assert served.path is not None
    assert stat.S_IMODE(served.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(served.path.parent.stat().st_mode) == 0o700


async def test_another_user_at_the_other_end_is_not_heard(
    served: Channel, cache: Path, listener: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("quarterdeck.app.sync.listen._is_us", lambda writer: False)
    with pytest.raises(QuarterdeckError):
        await in_thread(lambda: request_pass(cache))
    assert listener.passes == []


async def test_a_socket_that_a_logout_swept_away_is_missed(served: Channel) -> None:
    assert served.is_there()
    assert served.path is not None
    served.path.unlink()
    assert not served.is_there()


def test_a_runtime_folder_with_a_long_name_gets_a_shorter_place(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 120)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    monkeypatch.setattr("quarterdeck.app.channel.tempfile.gettempdir", lambda: str(tmp_path)[:40] or "/tmp")
    path = socket_path(cache)
    assert len(str(path)) <= 103
    assert not deep.exists()


def test_the_lock_file_and_socket_of_one_cache_are_found_through_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    assert lock_file(real / "k.s1.g1.db") == lock_file(tmp_path / "link" / "k.s1.g2.db")


def test_threads_of_a_terminal_may_ask_at_once(cache: Path) -> None:
    threads = [threading.Thread(target=ask, args=(cache, WANT)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)
