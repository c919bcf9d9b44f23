"""What the remote has is fetched beside the clone, which stays as it is."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.sources.git import GitSource

from .repositories import SPEC, Read, commit, git, mirrored, read_mirrored, snapshot


def test_what_the_remote_has_is_fetched_and_the_clone_stays_as_it_is(repository: Path, clone: Path) -> None:
    source = mirrored(clone)
    before = snapshot(clone)
    found = read_mirrored(source)
    commit(repository, "third")
    git(repository, "tag", "-a", "v1", "-m", "x")
    git(repository, "update-ref", "refs/quarterdeck/plans/1", "HEAD")
    git(repository, "notes", "--ref=quarterdeck", "add", "-m", "note")
    assert [commit.subject for commit in found.again(source)] == ["third"]
    assert list(found.heads("tag")) == ["v1"]
    own = clone.parent / "own" / "m.git"
    assert git(own, "rev-parse", "refs/quarterdeck/plans/1") == git(repository, "rev-parse", "HEAD")
    assert git(own, "rev-parse", "refs/notes/quarterdeck") == git(repository, "rev-parse", "refs/notes/quarterdeck")
    assert snapshot(clone) == before
    assert found.cursor["fetched_at"] > 1_700_000_000_000


def test_what_the_remote_dropped_is_dropped(repository: Path, clone: Path) -> None:
    git(repository, "branch", "a")
    source = mirrored(clone)
    found = read_mirrored(source)
    assert sorted(found.heads()) == ["a", "main"]
    git(repository, "branch", "-D", "a")
    git(repository, "branch", "a/b")  # where a file was, a folder is now
    found.again(source)
    assert sorted(found.heads()) == ["a/b", "main"]


def test_objects_of_the_clone_are_borrowed_not_copied(clone: Path) -> None:
    read_mirrored(mirrored(clone))
    own = clone.parent / "own" / "m.git"
    assert not [path for path in (own / "objects").rglob("*") if path.is_file() and path.name != "alternates"]


def test_local_branches_that_the_remote_lacks_are_told_too(repository: Path, clone: Path) -> None:
    git(clone, "checkout", "-qb", "mine")
    sha = commit(clone, "only here")
    found = read_mirrored(mirrored(clone, branches=("*",)))
    assert found.heads()["mine"] == sha
    assert "only here" in found.subjects()


def test_the_folders_of_the_mirror_are_private(clone: Path) -> None:
    read_mirrored(mirrored(clone))
    assert [path.stat().st_mode & 0o777 for path in (clone.parent / "own", clone.parent / "own" / "m.git")] == [
        0o700
    ] * 2


def test_a_fetch_is_made_no_more_often_than_asked_for(repository: Path, clone: Path, calls: list[str]) -> None:
    found = read_mirrored(mirrored(clone, fetch_interval=3600.0))
    commit(repository, "third")
    calls.clear()
    assert found.again(mirrored(clone, fetch_interval=3600.0)) == []
    assert calls == ["for-each-ref", "for-each-ref"]
    assert [commit.subject for commit in found.again(mirrored(clone, fetch_interval=0.0))] == ["third"]


def test_without_leave_nothing_is_fetched_and_no_mirror_made(repository: Path, clone: Path, calls: list[str]) -> None:
    commit(repository, "third")
    calls.clear()
    found = read_mirrored(mirrored(clone, allow_network=False))
    assert found.subjects() == ["second", "first"]
    assert not {"fetch", "ls-remote", "init"} & set(calls)
    assert not (clone.parent / "own").exists()


def test_a_project_without_a_checkout_is_read_from_its_url(repository: Path, tmp_path: Path) -> None:
    git(repository, "checkout", "-qb", "trunk")
    git(repository, "branch", "-D", "main")
    source = GitSource(SPEC, path=None, url=repository.as_uri(), mirror=tmp_path / "m.git", allow_network=True)
    found = read_mirrored(source)
    assert found.subjects() == ["second", "first"]
    assert found.watched() == ["trunk"]


def test_a_project_without_a_checkout_waits_for_trust(repository: Path, tmp_path: Path) -> None:
    source = GitSource(SPEC, path=None, url="https://ann:s3cret@host/x.git", mirror=tmp_path / "m.git")
    with pytest.raises(SourceError, match="trust this project") as caught:
        read_mirrored(source)
    assert caught.value.state == "untrusted"
    assert "s3cret" not in str(caught.value)


def test_a_remote_that_is_away_is_said_after_what_is_known(repository: Path, clone: Path, tmp_path: Path) -> None:
    source = mirrored(clone)
    found = read_mirrored(source)
    commit(repository, "third")
    repository.rename(tmp_path / "away")
    git(clone, "tag", "local")
    with pytest.raises(SourceError, match="There is no repository at") as caught:
        found.again(source)
    assert caught.value.state == "misconfigured"
    assert list(found.heads("tag")) == ["local"]
    (tmp_path / "away").rename(repository)
    assert [commit.subject for commit in found.again(source)] == ["third"]


def test_a_remote_that_never_answered_leaves_the_clone_to_read(clone: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    git(clone, "remote", "set-url", "origin", f"http://127.0.0.1:{port}/x.git")
    found = Read()
    with pytest.raises(SourceError, match="does not answer") as caught:
        found.again(mirrored(clone))
    assert caught.value.state == "unreachable"
    assert found.subjects() == ["second", "first"]


def test_a_clone_without_a_remote_is_local_only(repository: Path) -> None:
    assert read_mirrored(mirrored(repository)).subjects() == ["second", "first"]
    assert not (repository.parent / "own").exists()


def test_a_relative_remote_is_found_from_the_top_of_the_clone(repository: Path, clone: Path) -> None:
    git(clone, "remote", "set-url", "origin", "../repository")
    (clone / "deep").mkdir()
    sha = commit(repository, "third")
    found = read_mirrored(mirrored(clone / "deep", mirror=clone.parent / "own.git"))
    assert found.order[0] == sha


def test_a_mirror_whose_borrowed_objects_are_gone_is_made_anew(repository: Path, clone: Path) -> None:
    git(clone, "config", "gc.auto", "0")
    found = read_mirrored(mirrored(clone))
    shutil.rmtree(clone)
    git(clone.parent, "clone", "-q", "--depth=1", repository.as_uri(), str(clone))
    commit(repository, "third")
    assert [commit.subject for commit in found.again(mirrored(clone))] == ["third"]
    assert read_mirrored(mirrored(clone)).subjects() == ["third", "second", "first"]


def test_a_shallow_clones_mirror_has_the_whole_history(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", repository.as_uri(), str(tmp_path / "shallow"))
    assert read_mirrored(mirrored(tmp_path / "shallow")).subjects() == ["second", "first"]


def test_a_lock_that_a_killed_git_left_is_cleared_away(repository: Path, clone: Path) -> None:
    source = mirrored(clone)
    found = read_mirrored(source)
    commit(repository, "third")
    (clone.parent / "own" / "m.git" / "refs" / "heads" / "main.lock").touch()
    assert [commit.subject for commit in found.again(source)] == ["third"]


def test_two_at_once_do_not_fetch_into_one_mirror(repository: Path, clone: Path) -> None:
    source = mirrored(clone)
    found = read_mirrored(source)
    commit(repository, "third")
    with (clone.parent / "own" / "m.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert found.again(source) == []
    assert [commit.subject for commit in found.again(source)] == ["third"]


FETCH = """
import asyncio, sys
from pathlib import Path
from quarterdeck.app.records import SourceSpec
from quarterdeck.app.sources.git import GitSource

async def main():
    spec = SourceSpec(key="k", kind="git", name="git", address="x")
    async for _ in GitSource(spec, path=None, url=sys.argv[1], mirror=Path(sys.argv[2]), allow_network=True).poll({}):
        pass

asyncio.run(main())
"""


def test_a_git_that_outlives_a_killed_syncer_keeps_the_mirror_locked(mute: socket.socket, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{mute.getsockname()[1]}/x.git"
    with subprocess.Popen([sys.executable, "-c", FETCH, url, str(tmp_path / "m.git")]) as syncer:
        connection, _ = mute.accept()
        syncer.kill()
    with (tmp_path / "m.lock").open("w") as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        connection.close()  # Git gives up
        fcntl.flock(lock, fcntl.LOCK_EX)


def test_a_login_in_the_url_is_not_kept_anywhere(repository: Path, clone: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    git(clone, "remote", "set-url", "origin", f"http://ann:s3cret@127.0.0.1:{port}/x.git")
    found = Read()
    with pytest.raises(SourceError) as caught:
        found.again(mirrored(clone))
    own = clone.parent / "own"
    assert not any(b"s3cret" in path.read_bytes() for path in own.rglob("*") if path.is_file())
    assert "s3cret" not in f"{caught.value}{found.cursor}{found.batches}"


def test_it_fetches_from_a_git_daemon(repository: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    command = ["git", "daemon", "--verbose", "--export-all", "--listen=127.0.0.1", f"--port={port}", "--reuseaddr",
               f"--base-path={tmp_path}", "--log-destination=stderr", str(tmp_path)]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True) as daemon:
        assert daemon.stderr is not None
        try:
            assert any(b"Ready to rumble" in line for line in daemon.stderr)
            source = GitSource(SPEC, path=None, url=f"git://127.0.0.1:{port}/repository/.git", allow_network=True,
                               mirror=tmp_path / "m.git", fetch_interval=0.0)  # fmt: skip
            found = read_mirrored(source)
            assert found.subjects() == ["second", "first"]
            commit(repository, "third")
            assert [commit.subject for commit in found.again(source)] == ["third"]
        finally:
            os.killpg(daemon.pid, 15)
