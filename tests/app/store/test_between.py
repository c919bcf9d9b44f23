"""What lies between two commits, as a walk over the cache finds it; Git itself says whether that is right."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck.app.records import Batch, Change, Commit, SourceSpec
from quarterdeck.app.store import between
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.reading import Reader

GIT = SourceSpec(key="g" * 16, kind="git", name="git", address="/home/ann/churn")
OTHER = SourceSpec(key="h" * 16, kind="git", name="other", address="/home/ann/other")

HISTORY = {"a": "", "b": "a", "c": "b", "d": "b", "e": "d", "m": "c e", "x": "", "s": "gone"}
"""Commit -> parents: c and e are two branches that m joins, x is of no one's history, s of a shallow clone."""


def sha(name: str) -> str:
    return f"{ord(name):02x}" * 20


def commit(name: str, parents: str, source: str = GIT.key) -> Commit:
    at = 1_000 * "axbcdems".index(name)
    return Commit(
        source=source, sha=sha(name), parents=tuple(sha(one[0]) for one in parents.split()), author="Ann",
        email="a@b", authored_at=at, committed_at=at, subject=f"commit {name}",
        changes=(Change(kind="A" if name == "a" else "M", path="train.py"), Change(kind="A", path=f"{name}.py")),
    )  # fmt: skip


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    path = tmp_path / "key.s1.g0.db"
    with closing(Cache(path)) as cache:
        cache.declare([GIT, OTHER])
        cache.write(GIT.key, Batch(commits=tuple(commit(*one) for one in HISTORY.items())), 1)
        cache.write(OTHER.key, Batch(commits=(commit("x", "", OTHER.key),)), 1)
    with closing(Reader(path)) as found:
        yield found


def names(commits: tuple[Commit, ...]) -> str:
    return "".join(one.subject[-1] for one in commits)


@pytest.mark.parametrize(
    ("base", "head", "ahead", "behind"),
    [
        ("a", "c", "cb", ""),
        ("c", "a", "", "cb"),
        ("c", "e", "ed", "c"),
        ("c", "m", "med", ""),
        ("a", "m", "medcb", ""),
        ("c", "c", "", ""),
    ],
)
def test_the_commits_of_one_history_that_are_not_in_the_other(
    reader: Reader, base: str, head: str, ahead: str, behind: str
) -> None:
    found = reader.commits_between(sha(base), sha(head))
    assert found is not None
    assert (names(found.ahead), names(found.behind), found.complete) == (ahead, behind, True)
    assert (found.base, found.head) == (sha(base), sha(head))


def test_the_paths_that_were_touched_have_the_letter_of_the_last_commit(reader: Reader) -> None:
    found = reader.commits_between(sha("a"), sha("c"))
    assert found is not None
    assert [(one.kind, one.path) for one in found.changes] == [("A", "b.py"), ("A", "c.py"), ("M", "train.py")]


def test_an_abbreviated_commit_serves(reader: Reader) -> None:
    found = reader.commits_between(sha("a")[:7], sha("b")[:7])
    assert found is not None
    assert names(found.ahead) == "b"


def test_an_unknown_commit_has_no_answer(reader: Reader) -> None:
    assert reader.commits_between(sha("a"), "f" * 40) is None
    assert reader.commits_between("f" * 40, sha("a")) is None


def test_where_the_cached_history_ends_the_answer_is_said_to_be_a_part(reader: Reader) -> None:
    found = reader.commits_between(sha("a"), sha("s"))
    assert found is not None
    assert (names(found.ahead), found.complete) == ("s", False)


def test_a_walk_goes_no_further_than_it_may(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(between, "MOST", 3)
    found = reader.commits_between(sha("a"), sha("m"))
    assert found is not None
    assert not found.complete
    assert len(found.ahead) + len(found.behind) <= 3


def test_a_source_that_left_the_settings_has_no_commits(reader: Reader, tmp_path: Path) -> None:
    with closing(Cache(tmp_path / "key.s1.g0.db")) as cache:
        cache.declare([OTHER])
    assert reader.commits_between(sha("a"), sha("b")) is None


def test_git_counts_the_same(tmp_path: Path) -> None:
    """A history with merges, as Git made it: every pair of its commits."""
    folder = tmp_path / "repository"
    env = os.environ | dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "x")
    env |= {"GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_EMAIL": "a@b"}

    def git(*words: str, at: int = 0) -> str:
        date = {"GIT_COMMITTER_DATE": f"{1_700_000_000 + at} +0000", "GIT_AUTHOR_DATE": f"{1_700_000_000 + at} +0000"}
        said = subprocess.run(["git", *words], cwd=folder, env=env | date, capture_output=True, text=True, check=True)
        return said.stdout.strip()

    folder.mkdir()
    git("init", "-q", "-b", "main")
    for at in range(4):
        git("commit", "-q", "--allow-empty", "-m", f"main {at}", at=10 * at)
    git("checkout", "-q", "-b", "side", "main~2")
    for at in range(3):
        git("commit", "-q", "--allow-empty", "-m", f"side {at}", at=10 * at + 25)
    git("checkout", "-q", "main")
    git("merge", "-q", "--no-ff", "-m", "merge", "side~1", at=60)
    git("commit", "-q", "--allow-empty", "-m", "after", at=70)
    listed = [line.split() for line in git("log", "--all", "--format=%H %ct %P").splitlines()]
    path = tmp_path / "key.s1.g0.db"
    with closing(Cache(path)) as cache:
        cache.declare([GIT])
        made = tuple(
            Commit(
                source=GIT.key, sha=one, parents=tuple(parents), author="x", email="a@b", authored_at=int(at),
                committed_at=int(at), subject="x",
            )
            for one, at, *parents in listed
        )  # fmt: skip
        cache.write(GIT.key, Batch(commits=made), 1)
    with closing(Reader(path)) as reader:
        for base, *_ in listed:
            for head, *_ in listed:
                found = reader.commits_between(base, head)
                assert found is not None
                counted = git("rev-list", "--left-right", "--count", f"{base}...{head}").split()
                assert [len(found.behind), len(found.ahead)] == [int(one) for one in counted]
