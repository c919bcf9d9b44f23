"""What the Git source tells of a commit, whatever stands in it."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.git import encode
from quarterdeck.app.records import Change, Commit
from quarterdeck.app.sources.git import GitSource
from quarterdeck.app.sources.git.history import MOST_CHANGES, parse_log

from .repositories import SPEC, commit, git, read


def test_a_commit_is_told_with_all_that_it_says(repository: Path) -> None:
    sha = commit(repository, "Subject line\n\nBody of\n\ntwo paragraphs.\n", new="x", data="y")
    found = read(repository)
    assert found.commits[sha] == Commit(
        source=SPEC.key, sha=sha, parents=(git(repository, "rev-parse", "HEAD^"),), author="Ann",
        email="ann@example.org", authored_at=found.commits[sha].committed_at,
        committed_at=1000 * int(git(repository, "log", "-1", "--format=%ct")), subject="Subject line",
        body="Body of\n\ntwo paragraphs.",
        changes=(Change(kind="M", path="data"), Change(kind="A", path="new")),
    )  # fmt: skip
    assert found.subjects() == ["Subject line", "second", "first"]


def test_author_and_committer_times_are_kept_apart(repository: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "x", GIT_AUTHOR_DATE="1000000000 +0200")
    newest = read(repository).again(GitSource(SPEC, path=repository))
    assert newest == []
    first = next(iter(read(repository).commits.values()))
    assert first.authored_at == 1_000_000_000_000
    assert first.committed_at > 1_700_000_000_000


def test_what_happened_to_a_path_has_gits_letter(repository: Path) -> None:
    long = "".join(f"line {number}\n" for number in range(50))
    commit(repository, "long", moved=long, gone="x", data="stays")
    git(repository, "mv", "moved", "here")
    git(repository, "rm", "-q", "gone")
    (repository / "here").write_text(long + "and one more\n")
    (repository / "data").unlink()
    (repository / "data").symlink_to("here")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "all kinds")
    changes = next(iter(read(repository).commits.values())).changes
    assert {(c.kind, c.old_path, c.path) for c in changes} == {
        ("R", "moved", "here"), ("D", None, "gone"), ("T", None, "data")
    }  # fmt: skip


def test_a_merge_tells_only_what_it_changed_itself(repository: Path) -> None:
    git(repository, "checkout", "-qb", "side")
    commit(repository, "on the side", side="s", both="s")
    git(repository, "checkout", "-q", "main")
    commit(repository, "on main", main="m", both="m")
    git(repository, "merge", "-q", "--no-commit", "--strategy=ours", "side")
    sha = commit(repository, "merged", both="resolved", side="s")
    found = read(repository)
    assert len(found.commits[sha].parents) == 2
    assert found.commits[sha].changes == (Change(kind="M", path="both"),)
    assert {"on the side", "on main", "merged", "first", "second"} == set(found.subjects())


def test_a_plain_merge_and_an_empty_commit_change_nothing(repository: Path) -> None:
    git(repository, "checkout", "-qb", "side")
    commit(repository, "", side="s")
    git(repository, "checkout", "-q", "main")
    git(repository, "commit", "-q", "--allow-empty", "-m", "empty")
    git(repository, "merge", "-q", "--no-edit", "side")
    found = read(repository)
    assert [len(commit.changes) for commit in found.commits.values()] == [0, 0, 1, 1, 1]
    assert found.subjects()[0] == "Merge branch 'side'"
    assert "" in found.subjects()


def test_settings_of_the_repository_do_not_bend_what_is_told(repository: Path) -> None:
    for key, value in {
        "log.showRoot": "false", "diff.relative": "true", "diff.renames": "false", "diff.renameLimit": "1",
        "i18n.logOutputEncoding": "latin1", "log.diffMerges": "on", "diff.noprefix": "true", "format.pretty": "oneline",
        "log.follow": "true", "log.decorate": "full", "color.ui": "always",
        "log.showSignature": "true", "core.quotePath": "true", "diff.ignoreSubmodules": "all", "log.date": "human",
        "diff.statGraphWidth": "1", "log.mailmap": "true", "core.abbrev": "4", "log.excludeDecoration": "*",
    }.items():  # fmt: skip
        git(repository, "config", key, value)
    (repository / "sub").mkdir()
    text = "".join(f"{n}\n" for n in range(99))
    commit(repository, "é", ü=text)
    git(repository, "mv", "ü", "sub/ü")
    git(repository, "commit", "-qm", "moved")
    git(repository, "config", "diff.orderFile", "/nonexistent")
    found = list(read(repository / "sub").commits.values())
    assert found[0].changes == (Change(kind="R", path="sub/ü", old_path="ü"),)
    assert found[1].subject == "é"
    assert found[-1].changes == (Change(kind="A", path="data"),)


def put_commit(where: Path, raw: bytes) -> str:
    """A commit of any bytes, made the head of main."""
    sha = git(where, "hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=raw)
    (where / ".git" / "refs" / "heads" / "main").write_text(sha + "\n")
    return sha


def raw_commit(where: Path, author: bytes, committer: bytes, message: bytes) -> bytes:
    tree, parent = (git(where, "rev-parse", name).encode() for name in ("HEAD^{tree}", "HEAD"))
    return b"tree %s\nparent %s\nauthor %s\ncommitter %s\n\n%s" % (tree, parent, author, committer, message)


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        (b"0 +0000", 0),
        (b"1 -1200", 1),
        (b"4102444800 +0000", 4_102_444_800),
        (b"253402300800 +0000", 253_402_300_800),
        (b"-12345 +0000", -12_345),
        (b"9223372036854775807 +0000", 9_007_199_254_740),
        (b"99999999999999999999999999 +0000", 9_007_199_254_740),
        (b"-99999999999999999999999999 +0000", -9_007_199_254_740),
        (b"nonsense", 0),
        (b"", 0),
    ],
)
def test_absurd_dates_survive(repository: Path, stamp: bytes, seconds: int) -> None:
    who = b"Ann <ann@example.org> " + stamp
    sha = put_commit(repository, raw_commit(repository, who, who, b"x"))
    found = read(repository)
    assert (found.commits[sha].authored_at, found.commits[sha].committed_at) == (1000 * seconds, 1000 * seconds)
    assert len(found.commits) == 3
    assert json.loads(json.dumps(1000 * seconds)) == 1000 * seconds


def test_names_and_paths_that_are_not_utf8_survive_exactly(repository: Path) -> None:
    who = b"J\xfcrgen <j\xfc@x> 1700000000 +0000"
    put_commit(repository, raw_commit(repository, who, who, b"caf\xe9\n\nbody \xff\xfe"))
    name = b'caf\xe9\nnew\x1b[31mline\ttab\\ "quote"'
    Path(os.fsdecode(os.fsencode(repository) + b"/" + name)).write_text("x")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "odd name")
    odd, strange, *_ = read(repository).commits.values()
    assert encode(odd.changes[0].path) == name
    assert encode(strange.author) == b"J\xfcrgen"
    assert encode(strange.email) == b"j\xfc@x"
    assert encode(strange.subject) == b"caf\xe9"
    assert encode(strange.body) == b"body \xff\xfe"
    database = sqlite3.connect(":memory:")
    stored = database.execute("SELECT ?, ?", (odd.changes[0].path, strange.author)).fetchone()
    database.close()
    assert stored == (odd.changes[0].path, strange.author)


def test_a_message_in_a_declared_encoding_is_read_in_it(repository: Path) -> None:
    git(repository, "-c", "i18n.commitEncoding=ISO-8859-1", "commit", "-q", "--allow-empty", "-F", "-",
        stdin="Grüße".encode("latin1"))  # fmt: skip
    assert read(repository).subjects()[0] == "Grüße"


@pytest.mark.parametrize("name", ["-rf", "--output=canary", "a\nb", "\x1b]0;x\x07", " ", "M", "R100", "é", "a" * 255])
def test_a_hostile_path_is_a_path(repository: Path, name: str) -> None:
    sha = commit(repository, "hostile", **{name: "x"})
    assert read(repository).commits[sha].changes == (Change(kind="A", path=name),)


def test_a_message_cannot_forge_a_commit(repository: Path) -> None:
    forged = b"x\0\0" + b"1" * 40 + b"\0\0Eve\0eve@x\x001\x001\0forged\0\0"
    who = b"Ann <ann@x> 1700000000 +0000"
    put_commit(repository, raw_commit(repository, who, who, forged))
    found = read(repository)
    assert len(found.commits) == 3
    assert "Eve" not in {commit.author for commit in found.commits.values()}


def test_a_message_of_megabytes_is_cut_and_the_rest_is_whole(repository: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-F", "-", stdin=b"big\n\n" + b"x" * 3_000_000)
    newest = commit(repository, "small")
    found = read(repository)
    assert found.commits[newest].subject == "small"
    assert found.subjects() == ["small", "big", "second", "first"]
    assert len(found.commits[found.order[1]].body) == 1 << 16


def test_a_commit_of_very_many_paths_keeps_the_first_of_them(repository: Path) -> None:
    lines = b"".join(b"M 100644 inline f%d\ndata 1\nx\n" % n for n in range(MOST_CHANGES + 50))
    head = b"commit refs/heads/main\ncommitter A <a@x> 1800000000 +0000\ndata 1\nx\nfrom refs/heads/main^0\n"
    git(repository, "fast-import", "--quiet", stdin=head + lines)
    commits = list(read(repository).commits.values())
    assert len(commits[0].changes) == MOST_CHANGES
    assert [commit.subject for commit in commits] == ["x", "second", "first"]


@given(st.lists(st.integers(1, 60), max_size=80))
def test_how_the_stream_is_cut_makes_no_difference(cuts: list[int]) -> None:
    stream = (
        b"\0" + b"a" * 40 + b"\0" + b"b" * 40 + b"\0Ann\0a@x\x001\x002\0one\0body\n\0\nM\0data\0R100\0old\0new"
        b"\0\0" + b"c" * 40 + b"\0d e\0Bob\0b@x\x003\x004\0merge\0\0\0MM\0both"
        b"\0\0" + b"f" * 40 + b"\0\0C\0c@x\x005\x006\0\0\0"
    )  # fmt: skip
    pieces, rest = [], stream
    for cut in cuts:
        pieces.append(rest[:cut])
        rest = rest[cut:]
    commits = list(parse_log([*pieces, rest], "k"))
    assert [(c.author, len(c.changes)) for c in commits] == [("Ann", 2), ("Bob", 1), ("C", 0)]
    assert commits[0].changes[1] == Change(kind="R", path="new", old_path="old")
    assert commits[1].changes == (Change(kind="M", path="both"),)
