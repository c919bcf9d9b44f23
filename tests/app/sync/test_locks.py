from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck.app.channel import lock_file, read_holder
from quarterdeck.app.store import schema
from quarterdeck.app.sync.locks import Presence, SyncerLock, anybody_present, syncer_alive

HOLD = (
    "import sys; from pathlib import Path; from quarterdeck.app.sync.locks import SyncerLock, Presence;"
    "kept = {kind}(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "abc.s1.g1.db"


def hold(kind: str, cache: Path) -> subprocess.Popen[str]:
    """Another process that holds it until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.format(kind=kind), str(cache)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def kill(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_two_want_the_lock_and_one_gets_it(cache: Path) -> None:
    first = SyncerLock.acquire(cache)
    assert first is not None
    assert SyncerLock.acquire(cache) is None
    assert syncer_alive(cache)
    first.release()
    assert not syncer_alive(cache)
    second = SyncerLock.acquire(cache)
    assert second is not None
    second.release()


def test_a_killed_syncer_is_noticed_whatever_its_file_says(cache: Path) -> None:
    process = hold("SyncerLock.acquire", cache)
    assert syncer_alive(cache)
    kill(process)
    assert not syncer_alive(cache)
    lock = SyncerLock.acquire(cache)
    assert lock is not None
    lock.release()


def test_probing_never_keeps_a_syncer_from_starting(cache: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from quarterdeck.app.sync.locks import syncer_alive\n"
        "print('held', flush=True)\n"
        "while True: syncer_alive(Path(sys.argv[1]))"
    )
    first = SyncerLock.acquire(cache)
    assert first is not None
    first.release()
    prober = subprocess.Popen([sys.executable, "-c", code, str(cache)], stdout=subprocess.PIPE, text=True)
    assert prober.stdout is not None
    prober.stdout.readline()
    try:
        for _ in range(20):
            lock = SyncerLock.acquire(cache)
            assert lock is not None
            lock.release()
    finally:
        kill(prober)


def test_terminals_are_counted_until_the_last_is_gone(cache: Path) -> None:
    assert not anybody_present(cache)
    other = hold("Presence", cache)
    with Presence(cache):
        assert anybody_present(cache)
        kill(other)
        assert anybody_present(cache)
    assert not anybody_present(cache)


def test_all_generations_of_a_cache_have_one_lock(tmp_path: Path) -> None:
    assert lock_file(tmp_path / "k.s1.g1.db") == lock_file(tmp_path / "k.s1.g12.db")
    assert lock_file(tmp_path / "my.db") == lock_file(tmp_path / "my.db.g2")
    assert lock_file(tmp_path / "k.s1.g1.db") != lock_file(tmp_path / "k.s2.g1.db")


def test_the_lock_file_names_its_holder_and_nonsense_in_it_does_no_harm(cache: Path) -> None:
    lock = SyncerLock.acquire(cache)
    assert lock is not None
    lock.describe(socket="/run/x.sock")
    holder = read_holder(cache)
    assert holder is not None
    assert (holder.pid, holder.socket, holder.schema) == (os.getpid(), "/run/x.sock", schema.VERSION)
    lock.release()
    lock_file(cache).write_bytes(b"\xff{")
    assert read_holder(cache) is None
    again = SyncerLock.acquire(cache)
    assert again is not None
    again.describe()
    assert read_holder(cache) is not None
    again.release()


def test_a_lock_whose_file_was_removed_knows_that_it_is_none(cache: Path) -> None:
    lock = SyncerLock.acquire(cache)
    assert lock is not None
    assert lock.is_ours()
    lock_file(cache).unlink()
    assert not lock.is_ours()
    other = SyncerLock.acquire(cache)
    assert other is not None
    assert other.is_ours()
    assert not lock.is_ours()
    other.release()
    lock.release()
