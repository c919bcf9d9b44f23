"""What people wrote to each other, read from the remote's notes, whoever wrote them and however they lie there."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from quarterdeck.app.notebook import REF, name_of, written
from quarterdeck.app.records import Batch, Note, SourceSpec, Want
from quarterdeck.app.sources.git import GitSource
from quarterdeck.app.sources.git import notes as module
from tests.app.promotion.worlds import git, make_remote


class Reader:
    """A clone's source, pass after pass."""

    def __init__(self, folder: Path, url: Path | None, clone: Path | None = None) -> None:
        spec = SourceSpec(key="git", kind="git", name="git", address="x")
        self.source = GitSource(
            spec, path=clone, url=str(url) if url else None, mirror=folder / "mirror.git", fetch_interval=0,
            allow_network=url is not None,
        )  # fmt: skip
        self.cursor: dict[str, object] = {}

    def told(self) -> list[tuple[Note, ...]]:
        """What one pass says of notes: all of them, or those that came to others."""
        batches = asyncio.run(self._pass())
        assert not [batch for batch in batches if batch.notes is not None and batch.notes_more]
        return [batch.notes or batch.notes_more for batch in batches if batch.notes is not None or batch.notes_more]

    async def _pass(self) -> list[Batch]:
        batches = [batch async for batch in self.source.poll(self.cursor)]
        self.cursor = next((dict(batch.cursor) for batch in reversed(batches) if batch.cursor), self.cursor)
        return batches

    def wanted(self) -> Batch:
        async def read() -> list[Batch]:
            return [batch async for batch in self.source.want(Want(kind="ledger", source="git"))]

        return asyncio.run(read())[0]


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    return make_remote(tmp_path, {"readme": "x"})[0]


@pytest.fixture
def clone(tmp_path: Path, remote: Path) -> Path:
    return tmp_path / "clone"


def note(number: int, subject: str = "run/4f2c", text: str = "seen") -> Note:
    return Note(id=f"{number:026d}", at=number, subject=subject, text=text, author="Ann")


def append(where: Path, one: Note) -> None:
    """Git's own way to write a note."""
    subject = _blob(where, one.subject.encode())
    git(where, "notes", f"--ref={REF}", "append", "-m", written(one).decode(), subject)


def _blob(where: Path, content: bytes) -> str:
    done = subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=where, input=content, capture_output=True)
    return done.stdout.decode().strip()


def test_nothing_is_said_where_there_are_no_notes(tmp_path: Path, remote: Path) -> None:
    assert Reader(tmp_path, remote).told() == []


def test_what_others_wrote_with_git_itself_is_read_once_it_is_there(tmp_path: Path, remote: Path, clone: Path) -> None:
    reader = Reader(tmp_path, remote)
    reader.told()
    append(clone, note(1))
    assert reader.told() == []
    git(clone, "push", "--quiet", "origin", REF)
    assert reader.told() == [(note(1),)]
    assert reader.told() == []
    append(clone, note(2, "model/churn/14"))
    append(clone, note(3))
    git(clone, "push", "--quiet", "origin", REF)
    assert reader.wanted().notes_more == (note(2, "model/churn/14"), note(3))
    assert Reader(tmp_path, remote).wanted().notes == (note(1), note(2, "model/churn/14"), note(3))
    assert reader.told() == [(note(2, "model/churn/14"), note(3))]
    assert reader.told() == []


def test_they_are_gone_when_the_ref_is(tmp_path: Path, remote: Path, clone: Path) -> None:
    append(clone, note(1))
    git(clone, "push", "--quiet", "origin", REF)
    reader = Reader(tmp_path, remote)
    assert reader.told() == [(note(1),)]
    git(remote, "update-ref", "-d", REF)
    assert reader.told() == [()]
    assert reader.told() == []


def test_without_a_mirror_the_clones_own_are_read(tmp_path: Path, clone: Path, remote: Path) -> None:
    append(clone, note(1))
    assert Reader(tmp_path, None, clone).told() == [(note(1),)]


def load(where: Path, files: dict[str, bytes]) -> None:
    """A notebook of these paths, whatever they are."""
    lines = [b"commit " + REF.encode(), b"committer Eve <eve> 1700000000 +0000", b"data 0", b""]
    for path, text in files.items():
        lines += [b"M 100644 inline " + path.encode(), b"data %d" % len(text), text]
    subprocess.run(["git", "fast-import", "--quiet"], cwd=where, input=b"\n".join([*lines, b""]), check=True)


def test_ten_thousand_subjects_lie_in_folders_and_all_are_read(tmp_path: Path, remote: Path, clone: Path) -> None:
    made = [note(number, f"run/{number}") for number in range(10_000)]
    load(remote, {name_of(one.subject): written(one) for one in made})
    append_here = note(10_000, "run/one more")
    git(clone, "fetch", "--quiet", "origin", f"{REF}:{REF}")
    append(clone, append_here)  # Git makes folders of it now
    git(clone, "push", "--quiet", "origin", REF)
    assert "/" in git(remote, "ls-tree", "-r", "--name-only", REF).splitlines()[0]
    assert Reader(tmp_path, remote).told() == [(*made, append_here)]


def test_what_is_no_note_hides_none(tmp_path: Path, remote: Path) -> None:
    good = note(1)
    load(
        remote,
        {
            "README": b"not a note", "aa/bb/cc": b"{}", name_of("run/4f2c"): b"\x00\xff\n" + written(good) + b"\n{",
            name_of("run/large"): b"x" * 1_100_000, name_of("run/empty"): b"",
            name_of("run/page"): b"<html>", f"zz/{name_of('run/5')[2:]}": written(note(2)),
        },
    )  # fmt: skip
    assert Reader(tmp_path, remote).told() == [(good,)]


def test_foreign_text_comes_as_it_is(tmp_path: Path, remote: Path) -> None:
    evil = note(1, text="\x1b[31mred\u202egnp.exe\x00 <!channel> | # ![x](http://evil.example)")
    load(remote, {name_of("run/4f2c"): written(evil)})
    assert Reader(tmp_path, remote).told() == [(evil,)]


def test_a_ref_that_names_a_file_is_no_notebook_and_no_damage(tmp_path: Path, remote: Path) -> None:
    reader = Reader(tmp_path, remote)
    reader.told()
    made = (tmp_path / "mirror.git").stat().st_ino
    (remote / REF).parent.mkdir(parents=True, exist_ok=True)
    git(remote, "update-ref", REF, _blob(remote, b"a file"))
    assert reader.told() == [()]
    assert (tmp_path / "mirror.git").stat().st_ino == made


def test_a_tree_of_trees_that_never_ends_is_left(tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_PLACES", 5_000)
    blob = _blob(remote, written(note(1)))
    tree = _tree(remote, [f"100644 blob {blob}\t{'ab' * 11}"])
    for depth in range(9):
        width = 30 if depth else 1
        tree = _tree(remote, [f"040000 tree {tree}\t{number:02x}" for number in range(width)])
    commit = git(remote, "commit-tree", "-m", "x", tree)
    git(remote, "update-ref", REF, commit)
    assert Reader(tmp_path, remote).told() == [(note(1),)]


def _tree(where: Path, entries: list[str]) -> str:
    done = subprocess.run(["git", "mktree"], cwd=where, input="\n".join(entries).encode(), capture_output=True)
    return done.stdout.decode().strip()


def test_only_so_many_notes_are_read(tmp_path: Path, remote: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_NOTES", 100)
    load(remote, {name_of(f"run/{n}"): written(note(n, f"run/{n}")) for n in range(500)})
    (told,) = Reader(tmp_path, remote).told()
    assert 100 <= len(told) <= 110


def test_two_histories_that_went_apart_are_one_after_gits_own_merge(tmp_path: Path, remote: Path, clone: Path) -> None:
    """Somebody who writes with Git alone merges as the documentation says."""
    git(tmp_path, "clone", "--quiet", str(remote), str(tmp_path / "other"))
    append(clone, note(1))
    git(clone, "push", "--quiet", "origin", REF)
    append(tmp_path / "other", note(2))
    append(tmp_path / "other", note(3, "run/5"))
    git(tmp_path / "other", "fetch", "--quiet", "origin", f"+{REF}:refs/notes/theirs")
    git(tmp_path / "other", "notes", f"--ref={REF}", "merge", "--quiet", "-s", "cat_sort_uniq", "refs/notes/theirs")
    git(tmp_path / "other", "push", "--quiet", "origin", REF)
    assert Reader(tmp_path, remote).told() == [(note(1), note(2), note(3, "run/5"))]
