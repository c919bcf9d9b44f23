"""The Git source tells which commit changed which data that DVC tracks, on real repositories."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from quarterdeck.app.git import GitError
from quarterdeck.app.records import Batch, DataVersion, SourceSpec
from quarterdeck.app.sources.git import GitSource, data
from quarterdeck.app.sources.git.blobs import Blobs
from quarterdeck.app.sources.git.calls import Calls
from quarterdeck.app.sources.git.calls import Repository as GitRepository
from quarterdeck.app.store.cache import Cache

SPEC = SourceSpec(key="0123456789abcdef", kind="git", name="git", address="repository")
PAYLOADS = Path(__file__).parents[2] / "payloads" / "dvc"
LOCK = (PAYLOADS / "lock-2.yaml").read_text()


def of_file(digest: str, path: str = "orders.csv") -> str:
    return f"outs:\n- md5: {digest * 32}\n  size: 10\n  hash: md5\n  path: {path}\n"


class Repository:
    """A repository with a commit a call, each a second after the one before."""

    def __init__(self, where: Path) -> None:
        self.where = where
        self._clock = count(1_700_000_000)
        self.git("init", "-q", "-b", "main")

    def git(self, *args: str) -> str:
        now = f"{next(self._clock)} +0000"
        person = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
                  (("NAME", "Ann"), ("EMAIL", "ann@example.org"), ("DATE", now))}  # fmt: skip
        done = subprocess.run(["git", "-C", str(self.where), *args], env=os.environ | person, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def commit(self, **files: str | bytes | None) -> str:
        """A commit with these files changed, or removed where None; gives its hash. Two underscores are a slash."""
        for written, content in files.items():
            path = self.where / written.replace("__", "/").replace("_dvc", ".dvc").replace("_lock", ".lock")
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")


@pytest.fixture(autouse=True)
def _heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """A syncer that ran in this process keeps what it logs to itself."""
    monkeypatch.setattr(logging.getLogger("quarterdeck.sync"), "propagate", True)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    where = tmp_path / "repository"
    where.mkdir()
    return Repository(where)


def read(repository: Repository) -> list[Batch]:
    async def collect() -> list[Batch]:
        return [batch async for batch in GitSource(SPEC, path=repository.where).poll({})]

    return asyncio.run(collect())


def versions(repository: Repository) -> list[DataVersion]:
    return [version for batch in read(repository) for version in batch.data_versions]


def told(repository: Repository) -> list[tuple[str, str, str]]:
    """Commit, name and first sign of the digest of each version, oldest first."""
    return [(version.commit, version.name, version.digest[:1]) for version in reversed(versions(repository))]


def test_a_commit_that_changes_a_dvc_file_brings_a_version(repository: Repository) -> None:
    first = repository.commit(data__orders_csv_dvc=of_file("a"), readme="x")
    repository.commit(readme="y")
    second = repository.commit(data__orders_csv_dvc=of_file("b"))
    repository.commit(data__orders_csv_dvc=of_file("b").replace("size: 10", "size: 10\n  desc: all"))
    newest, oldest = versions(repository)
    assert (newest.commit, newest.digest, newest.size) == (second, "b" * 32, 10)
    assert newest.at - oldest.at == 1000 * (len(("add", "commit", "rev-parse")) * 2)
    assert (oldest.commit, oldest.name, oldest.defined_in) == (first, "data/orders.csv", "data/orders_csv.dvc")


def test_only_what_is_other_in_a_lock_is_a_version_and_dvc_yaml_says_what_it_is(repository: Repository) -> None:
    stages = (PAYLOADS / "stages.yaml").read_text()
    repository.commit(jobs__dvc_lock=LOCK, jobs__x=stages)
    (repository.where / "jobs/x").rename(repository.where / "jobs/dvc.yaml")
    repository.commit()
    changed = repository.commit(jobs__dvc_lock=LOCK.replace("bea2f3fe", "00000000"))
    found = [version for version in versions(repository) if version.commit == changed]
    assert [(version.name, version.stage) for version in found] == [("jobs/models/rf.pkl", "train@rf")]
    assert found[0].params["jobs/work/config/train.toml:lr"] == "0.01"


def test_what_is_tracked_no_more_is_gone(repository: Repository) -> None:
    repository.commit(orders_dvc=of_file("a"), users_dvc=of_file("u", "users.csv"))
    removed = repository.commit(orders_dvc=None)
    gone = versions(repository)[0]
    assert (gone.commit, gone.name, gone.digest, gone.is_gone) == (removed, "orders.csv", "", True)


def test_what_moves_from_a_dvc_file_into_a_lock_or_to_another_file_is_the_same_version(repository: Repository) -> None:
    repository.commit(orders_dvc=of_file("a"))
    repository.commit(orders_dvc=None, again_dvc=of_file("a"))
    lock = f"schema: '2.0'\nstages:\n  get:\n    cmd: get\n    outs:\n    - path: orders.csv\n      md5: {'a' * 32}\n"
    repository.commit(again_dvc=None, dvc_lock=lock)
    assert len(versions(repository)) == 1


def test_a_merge_brings_only_what_it_changed_itself(repository: Repository) -> None:
    base = repository.commit(orders_dvc=of_file("a"), users_dvc=of_file("u", "users.csv"))
    repository.git("checkout", "-q", "-b", "side")
    side = repository.commit(orders_dvc=of_file("b"))
    repository.git("checkout", "-q", "main")
    main = repository.commit(users_dvc=of_file("v", "users.csv"))
    repository.git("merge", "-q", "--no-edit", "side")
    assert told(repository) == [
        (base, "users.csv", "u"), (base, "orders.csv", "a"), (side, "orders.csv", "b"), (main, "users.csv", "v"),
    ]  # fmt: skip
    repository.git("checkout", "-q", "side")
    repository.commit(orders_dvc=of_file("c"))
    repository.git("checkout", "-q", "main")
    repository.commit(orders_dvc=of_file("d"))
    with pytest.raises(AssertionError):
        repository.git("merge", "-q", "side")
    merge = repository.commit(orders_dvc=of_file("e"))
    assert told(repository)[-1] == (merge, "orders.csv", "e")


def test_a_file_that_cannot_be_read_is_passed_over_and_the_next_is_held_to_the_one_before_it(
    repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    text = of_file("a") + of_file("u", "users.csv").removeprefix("outs:\n")
    first = repository.commit(all_dvc=text)
    repository.commit(all_dvc=f"<<<<<<< HEAD\n{text}")
    repository.commit(all_dvc=b"\xff\x00")
    mended = repository.commit(all_dvc=text.replace("u" * 32, "v" * 32))
    with caplog.at_level(logging.WARNING, "quarterdeck.sync.git"):
        assert told(repository) == [(first, "users.csv", "u"), (first, "orders.csv", "a"), (mended, "users.csv", "v")]
    assert caplog.messages == []  # nobody needs to know what was wrong once


def test_the_newest_state_that_cannot_be_read_is_told_in_the_log_only(
    repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    repository.commit(orders_dvc=of_file("a"))
    broken = repository.commit(orders_dvc="outs: {", dvc_lock="- a")
    with caplog.at_level(logging.WARNING, "quarterdeck.sync.git"):
        assert len(versions(repository)) == 1
    assert sorted(caplog.messages) == [
        f"dvc.lock at {broken[:7]} is no map: its data is not known.",
        f"orders.dvc at {broken[:7]} is no YAML: line 2: its data is not known.",
    ]


def test_odd_files_stop_nothing(repository: Repository, tmp_path: Path) -> None:
    (repository.where / "link.dvc").symlink_to("/etc/passwd")
    (repository.where / "line\nbreak.dvc").write_text(of_file("a"))
    (repository.where / "sp ace.dvc").write_text(of_file("b", "sp ace.csv"))
    (repository.where / os.fsdecode(b"caf\xe9.dvc")).write_text(of_file("c", "cafe.csv"))
    (repository.where / "folder.dvc").mkdir()
    first = repository.commit(folder_dvc__dvc_lock="", x="x")
    assert sorted(told(repository)) == [(first, "cafe.csv", "c"), (first, "sp ace.csv", "b")]


def test_a_file_that_is_too_large_costs_no_more_than_itself(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "LARGEST", 200)
    repository.commit(a_dvc=of_file("a", "a.csv"), b_dvc=of_file("b", "b.csv") + "#" * 200, c_dvc=of_file("c", "c.csv"))
    repository.commit(a_dvc=of_file("d", "a.csv"), b_dvc=of_file("e", "b.csv"), c_dvc=of_file("f", "c.csv"))
    assert [name for _, name, _ in told(repository)] == ["c.csv", "a.csv", "c.csv", "b.csv", "a.csv"]


def test_of_a_commit_with_very_many_files_comes_a_batch_after_the_other(repository: Repository) -> None:
    names = [f"part{number}" for number in range(2_500)]
    repository.commit(**{f"{name}_dvc": of_file("a", name) for name in names})
    batches = [batch for batch in read(repository) if batch.data_versions]
    assert [len(batch.data_versions) for batch in batches] == [1_000, 1_000, 500]
    assert [bool(batch.commits) for batch in batches] == [False, False, True]


def test_a_partial_clone_is_not_asked_for_what_it_left_with_its_server(repository: Repository, tmp_path: Path) -> None:
    repository.commit(orders_dvc=of_file("a"))
    repository.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    repository.git("clone", "-q", "--bare", "--filter=blob:none", f"file://{repository.where}", str(clone))
    repository.where = clone
    assert versions(repository) == []


def damage(repository: Repository, name: str, content: bytes | None = None) -> None:
    """Spoil the object of that name: with this content, or by its last bytes."""
    sha = repository.git("rev-parse", name)
    path = repository.where / ".git/objects" / sha[:2] / sha[2:]
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-4] + b"\0" * 4 if content is None else content)


@pytest.mark.parametrize(("content", "sentence"), [(None, "not known of some commits"), (b"x", "orders.dvc at")])
def test_a_damaged_file_of_a_clone_leaves_its_commits_readable_and_is_not_taken_for_a_removal(
    repository: Repository, caplog: pytest.LogCaptureFixture, content: bytes | None, sentence: str
) -> None:
    first = repository.commit(orders_dvc=of_file("a"))
    repository.commit(orders_dvc=of_file("b"))
    damage(repository, "HEAD:orders.dvc", content)
    with caplog.at_level(logging.WARNING, "quarterdeck.sync.git"):
        batches = read(repository)
    assert sum(len(batch.commits) for batch in batches) == 2
    found = [version for batch in batches for version in batch.data_versions]
    assert [version.commit for version in found] == ([] if content is None else [first])
    assert sentence in caplog.text


def test_a_git_that_died_says_of_nothing_that_it_is_not_there(repository: Repository) -> None:
    sha = repository.commit(a_dvc=of_file("a"), b_dvc="b")
    damage(repository, "HEAD:a.dvc")
    with closing(Blobs(GitRepository(Calls(), repository.where), 100)) as blobs:
        with pytest.raises(GitError) as error:
            list(blobs.read([f"{sha}:a.dvc".encode(), f"{sha}:b.dvc".encode()]))
        assert error.value.reason == "damaged"
        found = list(blobs.read([f"{sha}:b.dvc".encode(), f"{sha}:c.dvc".encode(), b"HEAD"]))
    assert [(one.raw, bool(one.sha)) for one in found] == [(b"b", True), (None, False), (None, False)]


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    made = Cache(tmp_path / "cache.db")
    made.declare([SPEC])
    yield made
    made.close()


def test_a_second_pass_brings_what_is_new_and_a_sweep_changes_nothing(repository: Repository, cache: Cache) -> None:
    source = GitSource(SPEC, path=repository.where)

    async def take(*, is_sweep: bool = False) -> int:
        cursor = cache.cursor(SPEC.key)
        brought = 0
        async for batch in source.sweep(cursor) if is_sweep else source.poll(cursor):
            cache.write(SPEC.key, batch, 0)
            brought += len(batch.data_versions)
        return brought

    repository.commit(orders_dvc=of_file("a"))
    assert asyncio.run(take()) == 1
    repository.commit(orders_dvc=of_file("b"))
    assert asyncio.run(take()) == 1
    changes = cache.connection.execute("SELECT data FROM content").fetchone()
    assert asyncio.run(take(is_sweep=True)) == 2
    assert cache.connection.execute("SELECT data FROM content").fetchone() == changes
    rows = cache.connection.execute("SELECT name, substr(digest, 1, 1) FROM data_version ORDER BY at").fetchall()
    assert rows == [("orders.csv", "a"), ("orders.csv", "b")]
