"""Whose policy and ledger a clone shows: those of its remote, not what lies in the clone alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from quarterdeck.app.records import Promotions, SourceSpec
from quarterdeck.app.sources.git import GitSource
from tests.app.promotion.worlds import commit, git

POLICY = '[promotion.churn]\nto = "champion"\n'
ENTRY = '{"model":"churn","alias":"champion","number":7,"version":"66","at":"2026-01-01T00:00:00Z","by":{"name":"eve"}}'


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """One whose default branch is not there yet."""
    made = tmp_path / "remote.git"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(made))
    return made


@pytest.fixture
def clone(tmp_path: Path, remote: Path) -> Path:
    """With a policy on a branch, and an entry of a ledger, that were never pushed."""
    made = tmp_path / "clone"
    git(tmp_path, "clone", "--quiet", str(remote), str(made))
    git(made, "checkout", "--quiet", "-B", "main")
    commit(made, "begin", {"readme": "x"})
    git(made, "push", "--quiet", "origin", "HEAD:refs/heads/other")
    commit(made, "policy", {"quarterdeck.toml": POLICY})
    git(made, "tag", "-a", "churn#champion#7", "-m", f"an entry\n\n{ENTRY}")
    return made


def promotions(clone: Path, url: Path | None, mirror: Path | None = None) -> Promotions:
    """What a pass tells."""
    spec = SourceSpec(key="git", kind="git", name="git", address="x")
    source = GitSource(
        spec, path=clone, url=str(url) if url else None, mirror=mirror, branches=("other", "main"),
        allow_network=mirror is not None,
    )  # fmt: skip

    async def read() -> Promotions:
        told = [batch.promotions async for batch in source.poll({}) if batch.promotions is not None]
        await source.close()
        return told[-1]

    return asyncio.run(read())


def test_a_branch_that_was_never_pushed_is_no_policy_where_there_is_a_remote(
    clone: Path, remote: Path, tmp_path: Path
) -> None:
    assert promotions(clone, remote, tmp_path / "mirror.git").policy is None
    assert promotions(clone, remote).policy is None


def test_it_is_once_the_remote_has_it(clone: Path, remote: Path, tmp_path: Path) -> None:
    git(clone, "push", "--quiet", "origin", "main")
    policy = promotions(clone, remote, tmp_path / "mirror.git").policy
    assert policy is not None
    assert (policy.branch, policy.text, policy.is_local) == ("origin/main", POLICY, False)


def test_a_tag_that_was_never_pushed_is_no_entry_of_the_ledger(clone: Path, remote: Path, tmp_path: Path) -> None:
    assert promotions(clone, remote, tmp_path / "mirror.git").entries == ()
    git(clone, "push", "--quiet", "origin", "churn#champion#7")
    (entry,) = promotions(clone, remote, tmp_path / "other.git").entries
    assert (entry.number, entry.version) == (7, "66")


def test_without_a_remote_the_branch_of_the_clone_counts(clone: Path) -> None:
    git(clone, "remote", "remove", "origin")
    policy = promotions(clone, None).policy
    assert policy is not None
    assert (policy.branch, policy.is_local) == ("main", True)
