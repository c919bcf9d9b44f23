"""What a commit changed in one file, as a real Git tells it when somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from quarterdeck.app.records import LARGEST_PATCH, Patch, SourceSpec, Want
from quarterdeck.app.sources.git import GitSource
from tests.app.promotion.worlds import commit, git, make_remote

Look = Callable[..., Patch]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return make_remote(tmp_path, {"checks/rules.toml": "share = 0.0\nname = 'orders'\n"})[1]


@pytest.fixture
def look(clone: Path) -> Look:
    """One look at the clone in place."""

    def looked(sha: str, *paths: str, where: Path = clone) -> Patch:
        spec = SourceSpec(key="git", kind="git", name="git", address="x")
        source = GitSource(spec, path=where)

        async def read() -> list[Patch]:
            want = Want(kind="patch", source="git", keys=(sha, *paths))
            return [patch async for batch in source.want(want) for patch in batch.patches]

        (found,) = asyncio.run(read())
        return found

    return looked


def test_the_line_that_was_changed_stands_there_with_what_is_around_it(clone: Path, look: Look) -> None:
    sha = commit(clone, "loosen", {"checks/rules.toml": "share = 0.05\nname = 'orders'\n", "other.txt": "x"})
    found = look(sha, "checks/rules.toml")
    assert (found.commit, found.path, found.sentence, found.truncated) == (sha, "checks/rules.toml", "", False)
    assert found.data.decode() == "@@ -1,2 +1,2 @@\n-share = 0.0\n+share = 0.05\n name = 'orders'\n"


def test_the_first_commit_brought_all_of_it(clone: Path, look: Look) -> None:
    assert look(git(clone, "rev-list", "--max-parents=0", "HEAD"), "checks/rules.toml").data.startswith(
        b"@@ -0,0 +1,2 @@"
    )


def test_a_renamed_file_is_compared_with_what_it_was(clone: Path, look: Look) -> None:
    text = "".join(f"line {number}\n" for number in range(40))
    commit(clone, "write", {"old.txt": text})
    git(clone, "mv", "old.txt", "new.txt")
    moved = commit(clone, "move", {})
    assert look(moved, "new.txt", "old.txt").sentence == "It was renamed, and nothing in it changed."
    git(clone, "mv", "new.txt", "newer.txt")
    changed = commit(clone, "move and change", {"newer.txt": text.replace("line 20", "line twenty")})
    assert b"-line 20\n+line twenty\n" in look(changed, "newer.txt", "new.txt").data


def test_a_merge_is_compared_with_its_first_parent(clone: Path, look: Look) -> None:
    git(clone, "checkout", "--quiet", "-b", "side")
    commit(clone, "side", {"side.txt": "s\n"})
    git(clone, "checkout", "--quiet", "main")
    commit(clone, "main", {"main.txt": "m\n"})
    git(clone, "merge", "--quiet", "--no-ff", "-m", "merge", "side")
    sha = git(clone, "rev-parse", "HEAD")
    assert look(sha, "side.txt").data == b"@@ -0,0 +1 @@\n+s\n"
    assert look(sha, "main.txt").sentence == "Against the commit's first parent nothing in it changed."


@pytest.mark.parametrize("name", ["*.txt", ":(top)x", "a b", "-rf", "naïve\u00e9.txt", "a'b"])
def test_a_name_is_only_a_name(clone: Path, look: Look, name: str) -> None:
    sha = commit(clone, "odd", {name: "odd\n", "plain.txt": "plain\n"})
    assert look(sha, name).data == b"@@ -0,0 +1 @@\n+odd\n"


def test_what_has_no_lines_is_said_in_a_sentence(clone: Path, look: Look) -> None:
    (clone / "model.bin").write_bytes(bytes(range(256)))
    sha = commit(clone, "binary", {"empty.txt": ""})
    assert look(sha, "model.bin").sentence.startswith("Git calls this file binary")
    assert look(sha, "empty.txt").sentence == "The file is empty."
    (clone / "empty.txt").chmod(0o755)
    assert look(commit(clone, "mode", {}), "empty.txt").sentence == "Its mode changed, and nothing in it."


def test_of_a_monstrous_change_the_beginning_is_kept(clone: Path, look: Look) -> None:
    sha = commit(clone, "huge", {"huge.csv": "0123456789\n" * 200_000})
    found = look(sha, "huge.csv")
    assert found.truncated
    assert len(found.data) == LARGEST_PATCH


def test_a_shallow_clone_says_that_it_has_not_got_what_was_before(tmp_path: Path, clone: Path, look: Look) -> None:
    sha = commit(clone, "loosen", {"checks/rules.toml": "share = 0.05\n"})
    git(clone, "push", "--quiet", "origin", "main")
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{tmp_path / 'remote.git'}", str(tmp_path / "shallow"))
    found = look(sha, "checks/rules.toml", where=tmp_path / "shallow")
    assert found.data == b""
    assert found.sentence.startswith("The clone begins with this commit (it is shallow)")


def test_a_repository_can_have_nothing_run(clone: Path, look: Look, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    sha = commit(clone, "loosen", {"checks/rules.toml": "share = 0.05\n", ".gitattributes": "*.toml diff=evil\n"})
    for setting in ("diff.evil.textconv", "diff.evil.command", "diff.external"):
        git(clone, "config", setting, f"touch {mark}; false")
    assert b"+share = 0.05\n" in look(sha, "checks/rules.toml").data
    assert not mark.exists()


def test_a_commit_that_is_not_there_is_a_sentence(look: Look) -> None:
    assert look("f" * 40, "checks/rules.toml").sentence.startswith("This commit is not in the repository any more")
