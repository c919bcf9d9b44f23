"""Repositories of every shape: bare, shallow, partial, empty, broken, gone."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Change
from quarterdeck.app.sources.git import GitSource

from .repositories import SPEC, Read, commit, git, read, read_mirrored


def test_a_bare_repository_is_read(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(repository), str(tmp_path / "bare.git"))
    assert read(tmp_path / "bare.git").subjects() == ["second", "first"]


def test_a_linked_worktree_is_read(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    commit(tmp_path / "linked", "third")
    found = read(tmp_path / "linked", branches=("side",))
    assert found.subjects() == ["third", "second", "first"]


def test_a_detached_head_is_watched_where_no_branch_is(repository: Path) -> None:
    git(repository, "checkout", "-q", "--detach")
    git(repository, "branch", "-m", "main", "elsewhere")
    sha = commit(repository, "third")
    found = read(repository)
    assert (found.watched(), found.heads()["HEAD"]) == (["HEAD"], sha)
    assert found.subjects() == ["third", "second", "first"]


def test_a_repository_without_commits_is_empty_and_well(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "empty")
    source, found = GitSource(SPEC, path=tmp_path / "empty"), Read()
    assert found.again(source) == []
    assert found.refs == ()
    commit(tmp_path / "empty", "born")
    assert [commit.subject for commit in found.again(source)] == ["born"]


def test_a_changed_submodule_is_a_changed_path(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository), str(tmp_path / "inner"))
    git(repository, "submodule", "add", "-q", str(tmp_path / "inner"), "inner")
    git(repository, "commit", "-qm", "add it")
    git(repository, "config", "-f", ".gitmodules", "submodule.inner.ignore", "all")
    commit(repository / "inner", "moves on")
    git(repository, "add", "-f", "inner", ".gitmodules")
    git(repository, "update-index", "--cacheinfo", f"160000,{git(repository / 'inner', 'rev-parse', 'HEAD')},inner")
    git(repository, "commit", "-qm", "move it")
    moved, added, *_ = read(repository).commits.values()
    assert {change.path for change in moved.changes} == {"inner", ".gitmodules"}
    assert {change.path for change in added.changes} == {"inner", ".gitmodules"}


def test_a_shallow_clone_ends_where_it_ends_and_grows_when_deepened(repository: Path, tmp_path: Path) -> None:
    sha = commit(repository, "third")
    commit(repository, "fourth")
    clone = tmp_path / "shallow"
    git(tmp_path, "clone", "-q", "--depth=2", repository.as_uri(), str(clone))
    source, found = GitSource(SPEC, path=clone), Read()
    found.again(source)
    assert found.subjects() == ["fourth", "third"]
    assert found.commits[sha].changes == (), "what the commit changed is not known here: Git shows all files as added"
    assert found.commits[sha].parents == (git(repository, "rev-parse", f"{sha}^"),)
    git(clone, "fetch", "-q", "--unshallow")
    found.again(source)
    assert set(found.subjects()) == {"first", "second", "third", "fourth"}
    assert found.commits[sha].changes == (Change(kind="M", path="data"),)
    assert found.again(source) == []


@pytest.mark.parametrize(
    ("kind", "changes"),
    [("blob:none", (Change(kind="R", path="moved", old_path="data"),)), ("tree:0", ())],
)
def test_a_partial_clone_is_read_without_its_server(
    repository: Path, tmp_path: Path, kind: str, changes: tuple[Change, ...]
) -> None:
    git(repository, "mv", "data", "moved")
    git(repository, "commit", "-qm", "moved")
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--bare", f"--filter={kind}", repository.as_uri(), str(tmp_path / "partial"))
    repository.rename(tmp_path / "away")
    found = read(tmp_path / "partial")
    assert found.subjects() == ["moved", "second", "first"]
    assert next(iter(found.commits.values())).changes == changes


def test_a_repository_of_sha256_is_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "main", "--object-format=sha256", "modern")
    commit(tmp_path / "modern", "one")
    sha = commit(tmp_path / "modern", "two")
    found = read(tmp_path / "modern")
    assert (found.order[0], len(sha)) == (sha, 64)
    mirrored = read_mirrored(GitSource(SPEC, path=None, url=str(tmp_path / "modern"), mirror=tmp_path / "m.git",
                                       allow_network=True))  # fmt: skip
    assert mirrored.order == found.order


def test_a_broken_ref_and_a_missing_tag_spoil_nothing(repository: Path) -> None:
    (repository / ".git" / "refs" / "tags" / "missing").write_text("1" * 40 + "\n")
    (repository / ".git" / "refs" / "heads" / "broken").write_text("nonsense\n")
    (repository / ".git" / "refs" / "heads" / "lost").write_text("2" * 40 + "\n")
    found = read(repository, branches=("*",))
    assert found.subjects() == ["second", "first"]
    assert (found.heads("tag"), list(found.heads())) == ({}, ["main"])


@pytest.mark.parametrize("where", ["nowhere", "plain"])
def test_a_folder_without_a_repository_is_misconfigured(tmp_path: Path, where: str) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(SourceError, match=r"set \[git\] path") as caught:
        read(tmp_path / where)
    assert caught.value.state == "misconfigured"


def test_a_repository_that_vanishes_and_comes_back_goes_on(repository: Path, tmp_path: Path) -> None:
    source, found = GitSource(SPEC, path=repository), Read()
    found.again(source)
    repository.rename(tmp_path / "away")
    with pytest.raises(SourceError, match="is not there"):
        found.again(source)
    (tmp_path / "away").rename(repository)
    commit(repository, "third")
    assert [commit.subject for commit in found.again(source)] == ["third"]
