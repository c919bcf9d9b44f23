"""What a pass of the Git source costs and brings, and how a first sync that was cut short goes on."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck.app.records import Batch
from quarterdeck.app.sources.git import GitSource

from .repositories import SPEC, Read, collect, commit, git, mirrored, read


def test_a_pass_with_nothing_new_is_one_call_and_brings_nothing(repository: Path, calls: list[str]) -> None:
    found = read(repository)
    calls.clear()
    before = len(found.batches)
    assert found.again(GitSource(SPEC, path=repository)) == []
    assert calls == ["for-each-ref"]
    assert len(found.batches) == before


def test_a_pass_brings_only_what_is_new(repository: Path) -> None:
    source, found = GitSource(SPEC, path=repository), read(repository)
    commit(repository, "third")
    git(repository, "tag", "v1")
    assert [commit.subject for commit in found.again(source)] == ["third"]
    assert list(found.heads("tag")) == ["v1"]
    git(repository, "tag", "-d", "v1")
    assert found.again(source) == []
    assert found.heads("tag") == {}


def test_a_branch_that_is_watched_later_brings_its_own_commits(repository: Path) -> None:
    git(repository, "checkout", "-qb", "side")
    commit(repository, "on the side")
    found = read(repository, branches=("main",))
    assert found.subjects() == ["second", "first"]
    later = found.again(GitSource(SPEC, path=repository, branches=("main", "side")))
    assert [commit.subject for commit in later] == ["on the side"]


def test_after_a_force_push_the_new_commits_come_and_the_old_head_may_be_gone(repository: Path) -> None:
    for number in range(5):
        commit(repository, f"kept {number}")
    source, found = GitSource(SPEC, path=repository), Read()
    found.again(source)
    commit(repository, "dropped")
    found.again(source)
    git(repository, "reset", "-q", "--hard", "HEAD^")
    commit(repository, "instead")
    git(repository, "reflog", "expire", "--expire=now", "--all")
    git(repository, "gc", "-q", "--prune=now")
    assert [commit.subject for commit in found.again(source)] == ["instead"]


def test_a_branch_put_back_to_an_older_commit_brings_nothing(repository: Path) -> None:
    source, found = GitSource(SPEC, path=repository), read(repository)
    git(repository, "reset", "-q", "--hard", "HEAD^")
    assert found.again(source) == []
    assert found.heads()["main"] == git(repository, "rev-parse", "HEAD")


def test_a_cursor_of_another_version_begins_anew(repository: Path) -> None:
    found = Read()
    found.cursor = {"known": 7, "what": "ever"}
    assert len(found.again(GitSource(SPEC, path=repository))) == 2


def test_a_sweep_brings_the_whole_history_again(repository: Path) -> None:
    source, found = GitSource(SPEC, path=repository), read(repository)
    batches: list[Batch] = []
    asyncio.run(collect(source.sweep(found.cursor), batches))
    found.take(batches)
    assert found.subjects() == ["second", "first"] * 2
    assert found.again(source) == []


def fast_import(where: Path, commits: int, branch: str = "main", skew: bool = False) -> None:
    """A long history: every tenth commit merges an older one; with `skew` every 17th clock is ten years off."""

    def lines() -> Iterator[bytes]:
        for number in range(1, commits + 1):
            at = 1_400_000_000 + 60 * number - (300_000_000 if skew and number % 17 == 0 else 0)
            yield b"commit refs/heads/%s\nmark :%d\ncommitter A <a@x> %d +0000\n" % (branch.encode(), number, at)
            yield b"data %d\n%d\n" % (len(str(number)), number)
            yield b"from :%d\n" % (number - 1) if number > 1 else b""
            yield b"merge :%d\n" % (number - 7) if number > 10 and number % 10 == 0 else b""
            yield b"M 100644 inline d%d/f%d\ndata %d\n%d\n" % (number % 7, number % 100, len(str(number)), number)

    git(where, "fast-import", "--quiet", "--force", stdin=b"".join(lines()))


@pytest.fixture(scope="module")
def long_history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("long") / "repository"
    subprocess.run(["git", "init", "-q", "-b", "main", str(where)], check=True)
    fast_import(where, 20_000)
    return where


def test_a_long_history_comes_newest_first_once_and_in_small_batches(long_history: Path) -> None:
    found = read(long_history)
    assert len(found.order) == len(found.commits) == 20_000
    assert found.order == git(long_history, "rev-list", "HEAD").split()
    assert found.subjects()[0] == "20000"
    assert max(len(batch.commits) for batch in found.batches) <= 500
    assert len(next(batch for batch in found.batches if batch.commits).commits) == 100
    assert [batch.done for batch in found.batches if batch.commits][-1] == 20_000
    assert {batch.total for batch in found.batches} <= {None, 20_000}
    sized = sum(len(commit.changes) for commit in found.commits.values())
    assert sized == git(long_history, "log", "-c", "--format=", "--name-only").count("d")


def test_a_sync_that_was_cut_short_goes_on_behind_its_last_batch(long_history: Path) -> None:
    found, wanted = Read(), git(long_history, "rev-list", "HEAD").split()

    async def some(limit: int) -> list[Batch]:
        source, batches = GitSource(SPEC, path=long_history), []
        async for batch in source.poll(found.cursor):
            batches.append(batch)
            if len(batches) == limit:
                break
        return batches

    for limit in (2, 1, 5, 9, 30, 100):
        found.take(asyncio.run(some(limit)))
    assert found.order == wanted
    assert found.again(GitSource(SPEC, path=long_history)) == []


def test_commits_made_while_a_sync_was_cut_short_are_not_missed(tmp_path: Path) -> None:
    where = tmp_path / "r"
    git(tmp_path, "init", "-q", "-b", "main", str(where))
    fast_import(where, 1500)
    found = Read()

    async def begin() -> None:
        async for batch in GitSource(SPEC, path=where).poll({}):
            found.take([batch])
            if len(found.order) >= 600:
                return

    asyncio.run(begin())
    git(where, "checkout", "-q", "-f", "main")
    commit(where, "meanwhile")
    found.again(GitSource(SPEC, path=where))
    assert sorted(found.order) == sorted(git(where, "rev-list", "HEAD").split())
    assert found.subjects()[-1] == "meanwhile"


def test_a_repository_made_anew_while_a_sync_was_cut_short_is_read_from_the_start(tmp_path: Path) -> None:
    where = tmp_path / "r"
    git(tmp_path, "init", "-q", "-b", "main", str(where))
    fast_import(where, 800)
    found = read(where)
    tip = git(where, "rev-parse", "HEAD")
    found.cursor = {"walk": {"tips": [tip], "known": [], "done": 300, "last": "f" * 40}}
    assert len(found.again(GitSource(SPEC, path=where))) == 800
    found.cursor = {"walk": {"tips": ["e" * 40], "known": [], "done": 300, "last": "f" * 40}}
    assert len(found.again(GitSource(SPEC, path=where))) == 800


def test_clocks_that_go_wrong_lose_no_commit(tmp_path: Path) -> None:
    where = tmp_path / "r"
    git(tmp_path, "init", "-q", "-b", "main", str(where))
    fast_import(where, 1000, skew=True)
    found = read(where)
    git(where, "checkout", "-q", "-f", "main")
    git(where, "commit", "-q", "--allow-empty", "-m", "late", GIT_COMMITTER_DATE="@1000000 +0000")
    assert [commit.subject for commit in found.again(GitSource(SPEC, path=where))] == ["late"]
    assert sorted(found.commits) == sorted(git(where, "rev-list", "HEAD").split())


def test_leaving_a_pass_ends_its_git(long_history: Path) -> None:
    source = GitSource(SPEC, path=long_history)

    async def leave() -> None:
        batches = source.poll({})
        async for batch in batches:
            if batch.commits:
                break
        assert source._calls._running
        await batches.aclose()  # type: ignore[attr-defined]  # the source yields a generator
        assert not source._calls._running

    asyncio.run(leave())


def test_a_cancelled_pass_ends_at_once(repository: Path, mute: socket.socket) -> None:
    source = mirrored(repository, f"http://127.0.0.1:{mute.getsockname()[1]}/x.git")

    async def cancel() -> None:
        task = asyncio.create_task(collect(source.poll({}), []))
        connection, _ = await asyncio.to_thread(mute.accept)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with connection:
            connection.settimeout(20)
            while connection.recv(4096):  # until git-remote-http is gone
                pass

    asyncio.run(cancel())
