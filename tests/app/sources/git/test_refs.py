"""Which branches and tags the Git source tells, and which of them it watches."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.git import decode
from quarterdeck.app.sources.git import GitSource

from .repositories import SPEC, Read, commit, git, read


def test_branches_and_tags_are_told_and_tags_are_peeled(repository: Path) -> None:
    sha = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "plain", "HEAD^")
    git(repository, "tag", "-a", "v1", "-m", "release")
    git(repository, "tag", "-a", "outer", "-m", "tag of a tag", "v1")
    git(repository, "tag", "blob", git(repository, "rev-parse", "HEAD:data"))
    git(repository, "branch", "side", "HEAD^")
    found = read(repository)
    assert found.heads() == {"main": sha, "side": git(repository, "rev-parse", "HEAD^")}
    assert found.heads("tag") == {"plain": git(repository, "rev-parse", "HEAD^"), "v1": sha, "outer": sha}
    assert found.watched() == ["main"]
    times = {ref.name: ref.at for ref in found.refs}
    tagged = git(repository, "for-each-ref", "--format=%(taggerdate:unix)", "refs/tags/v1")
    assert times["v1"] == 1000 * int(tagged)
    assert times["main"] == found.commits[sha].committed_at


def test_watched_are_the_branches_that_match(repository: Path) -> None:
    for name in ("release/1", "release/2026/05", "feature/x", "releases"):
        git(repository, "checkout", "-qb", name, "main")
        commit(repository, f"on {name}")
    git(repository, "checkout", "-q", "main")
    found = read(repository, branches=("main", "release/*"))
    assert sorted(found.watched()) == ["main", "release/1", "release/2026/05"]
    assert set(found.subjects()) == {"first", "second", "on release/1", "on release/2026/05"}
    assert len(found.heads()) == 5


def test_patterns_that_match_nothing_are_said_with_what_there_is(repository: Path) -> None:
    found = Read()
    with pytest.raises(SourceError, match=r"No branch matches trunk, prod/\*.*There are main") as caught:
        found.again(GitSource(SPEC, path=repository, branches=("trunk", "prod/*")))
    assert caught.value.state == "misconfigured"
    assert list(found.heads()) == ["main"]


@pytest.mark.parametrize("pattern", ["--all", "-x", "[", "main;id", "$(id)", "\x1b[m", "refs/heads/main"])
def test_a_hostile_pattern_is_only_a_pattern(repository: Path, pattern: str) -> None:
    with pytest.raises(SourceError, match="No branch matches"):
        read(repository, branches=(pattern,))


def test_a_hostile_branch_name_is_only_a_name(repository: Path) -> None:
    sha = git(repository, "rev-parse", "HEAD")
    for name in ("--all", "-n1", "$(id)", "a;b", "x\udcff"):
        (repository / ".git" / "refs" / "heads" / name).write_text(sha + "\n")
    found = read(repository, branches=("*",))
    assert {"--all", "-n1", "$(id)", "a;b", decode(b"x\xff"), "main"} == set(found.watched())
    assert found.subjects() == ["second", "first"]


def test_remote_tracking_heads_win_over_local_ones(repository: Path, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(repository), str(clone))
    commit(clone, "only here")
    git(clone, "branch", "mine")
    found = read(clone)
    assert found.heads()["main"] == git(repository, "rev-parse", "HEAD")
    assert found.heads()["mine"] == git(clone, "rev-parse", "HEAD")
    assert found.subjects() == ["second", "first"]


def test_without_patterns_the_remotes_default_branch_is_watched(repository: Path, tmp_path: Path) -> None:
    git(repository, "checkout", "-qb", "trunk")
    git(tmp_path, "clone", "-q", "-o", "up/stream", str(repository), str(tmp_path / "clone"))
    git(tmp_path / "clone", "checkout", "-qb", "feature")
    assert read(tmp_path / "clone").watched() == ["trunk"]


def test_without_any_of_these_the_current_branch_is_watched(repository: Path) -> None:
    git(repository, "branch", "-m", "main", "work")
    git(repository, "branch", "other")
    assert read(repository).watched() == ["work"]
