"""The Git source on real repositories of every shape, and what it leaves untouched."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.errors import SourceError
from quarterdeck.app.git import decode, encode
from quarterdeck.app.records import Batch, Change, Commit, Ref, SourceSpec
from quarterdeck.app.sources.git import GitSource
from quarterdeck.app.sources.git.history import MOST_CHANGES, parse_log

SPEC = SourceSpec(key="0123456789abcdef", kind="git", name="git", address="repository")
CLOCK = iter(range(1_700_000_000, 2_000_000_000))


def git(where: Path, *args: str, stdin: bytes | None = None, **variables: str) -> str:
    """The stock Git; every call is one second later than the one before."""
    now = f"{next(CLOCK)} +0000"
    person = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in
              (("NAME", "Ann"), ("EMAIL", "ann@example.org"), ("DATE", now))}  # fmt: skip
    command = ["git", "-C", str(where), "-c", "protocol.file.allow=always", *args]
    done = subprocess.run(command, env=os.environ | person | variables, input=stdin, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode("utf-8", "surrogateescape").strip()


def commit(where: Path, subject: str, **files: str) -> str:
    """A commit with these files changed; gives its hash."""
    for name, text in (files or {"data": subject}).items():
        (where / name).write_text(text)
    git(where, "add", "-A")
    git(where, "commit", "-q", "--allow-empty", "--allow-empty-message", "-m", subject)
    return git(where, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    where = tmp_path / "repository"
    git(tmp_path, "init", "-q", "-b", "main", str(where))
    commit(where, "first")
    commit(where, "second")
    return where


class Read:
    """What passes over a source have handed over so far, as a cache keeps it."""

    def __init__(self) -> None:
        self.cursor: Mapping[str, Any] = {}
        self.commits: dict[str, Commit] = {}
        self.refs: tuple[Ref, ...] = ()
        self.order: list[str] = []
        self.batches: list[Batch] = []

    def take(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            self.batches.append(batch)
            self.order += [commit.sha for commit in batch.commits]
            self.commits |= {commit.sha: commit for commit in batch.commits}
            self.refs = self.refs if batch.refs is None else batch.refs
            if batch.cursor is not None:
                self.cursor = json.loads(json.dumps(batch.cursor))

    def again(self, source: GitSource) -> list[Commit]:
        """One pass; the commits that it brought."""
        batches: list[Batch] = []
        try:
            asyncio.run(collect(source.poll(self.cursor), batches))
        finally:
            self.take(batches)
        return [commit for batch in batches for commit in batch.commits]

    def subjects(self) -> list[str]:
        return [self.commits[sha].subject for sha in self.order]

    def heads(self, kind: str = "branch") -> dict[str, str]:
        return {ref.name: ref.sha for ref in self.refs if ref.kind == kind}

    def watched(self) -> list[str]:
        return [ref.name for ref in self.refs if ref.watched]


async def collect(batches: AsyncIterator[Batch], into: list[Batch]) -> None:
    async for batch in batches:
        into.append(batch)  # noqa: PERF401 what came before an error is wanted too


def read(path: Path, **options: Any) -> Read:
    """A first sync."""
    found = Read()
    found.again(GitSource(SPEC, path=path, **options))
    return found


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes | None]]:
    """Every path below with its time, mode and contents."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() else None,
        )
        for path in sorted(folder.rglob("*"))
    }


# -- commits -------------------------------------------------------------------------------------------------


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


# -- branches and tags ---------------------------------------------------------------------------------------


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


# -- shapes of repositories ----------------------------------------------------------------------------------


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


# -- passes --------------------------------------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The Git commands that were started since."""
    started: list[str] = []
    begin = subprocess.Popen.__init__

    def note(self: subprocess.Popen[bytes], args: list[str], **options: Any) -> None:
        started.append(next(word for word in args[2:] if "=" not in word and word[0] not in "-/"))
        begin(self, args, **options)

    monkeypatch.setattr(subprocess.Popen, "__init__", note)
    return started


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


# -- the mirror ----------------------------------------------------------------------------------------------


@pytest.fixture
def mute() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        yield listener


def mirrored(path: Path | None, url: str | None = None, **options: Any) -> GitSource:
    """A source that may fetch into a mirror beside the clone."""
    beside = (path or Path(os.environ["HOME"])).parent
    given: dict[str, Any] = {"mirror": beside / "own" / "m.git", "allow_network": True, "fetch_interval": 0.0} | options
    return GitSource(SPEC, path=path, url=url, **given)


def read_mirrored(source: GitSource) -> Read:
    found = Read()
    found.again(source)
    return found


@pytest.fixture
def clone(repository: Path, tmp_path: Path) -> Path:
    """A clone of `repository`, which is its remote."""
    where = tmp_path / "clone"
    git(tmp_path, "clone", "-q", repository.as_uri(), str(where))
    return where


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


# -- hostility -----------------------------------------------------------------------------------------------


@pytest.fixture
def hostile(clone: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Makes the clone hostile in every way at once; all its programs touch `canary`, all its hosts are `address`."""

    def make(address: str) -> Path:
        script = tmp_path / "script"
        script.write_text(f"#!/bin/sh\necho $0 >> {tmp_path / 'canary'}\n")
        script.chmod(0o755)
        hooks = clone / ".git" / "hooks"
        for name in (
            "post-index-change",
            "reference-transaction",
            "post-checkout",
            "pre-auto-gc",
            "fsmonitor-watchman",
        ):
            hooks.mkdir(exist_ok=True)
            shutil.copy(script, hooks / name)
        for key, value in {
            "core.fsmonitor": str(script), "diff.external": str(script), "diff.x.textconv": str(script),
            "diff.x.command": str(script), "filter.x.clean": str(script), "filter.x.process": str(script),
            "gpg.program": str(script), "log.showSignature": "true", "core.sshCommand": str(script),
            "core.pager": str(script), "pager.log": "true", "core.askPass": str(script), "core.gitProxy": str(script),
            "credential.helper": f"!{script}", "core.alternateRefsCommand": str(script), "protocol.allow": "always",
            "protocol.ext.allow": "always", "uploadpack.packObjectsHook": str(script), "alias.log": f"!{script}",
            "remote.origin.promisor": "true", "remote.origin.partialCloneFilter": "blob:none",
            "remote.origin.uploadpack": str(script), "http.proxy": address, "trace2.normalTarget": "1",
            f"url.ext::{script}.insteadOf": "file://", "core.attributesFile": str(tmp_path / "attributes"),
        }.items():  # fmt: skip
            git(clone, "config", key, value)
        (tmp_path / "attributes").write_text("* diff=x filter=x\n")
        (clone / ".git" / "info").mkdir(exist_ok=True)
        (clone / ".git" / "info" / "attributes").write_text("* diff=x filter=x\n")
        (clone / ".git" / "objects" / "info" / "alternates").write_text(f"{tmp_path / 'nowhere'}\n")
        return clone

    return make


def test_a_hostile_clone_runs_nothing_connects_nowhere_and_is_not_written_to(
    hostile: Callable[[str], Path], tmp_path: Path, mute: socket.socket
) -> None:
    mute.setblocking(False)
    address = f"http://127.0.0.1:{mute.getsockname()[1]}/x.git"
    where = hostile(address)
    git(where, "config", "remote.origin.url", address)
    blob = git(where, "rev-parse", "HEAD:data")
    packed = next((where / ".git" / "objects").glob("pack/*.pack"), None)
    assert packed is not None or (where / ".git" / "objects" / blob[:2] / blob[2:]).exists()
    before = snapshot(tmp_path)
    found = Read()
    source = GitSource(SPEC, path=where, mirror=tmp_path / "own" / "m.git")
    found.again(source)
    found.again(source)
    asyncio.run(collect(source.sweep(found.cursor), []))
    assert found.subjects() == ["second", "first"]
    assert snapshot(tmp_path) == before
    with pytest.raises(BlockingIOError):
        mute.accept()
    # how the stock Git ends is its own affair: one of the traps may break it off
    subprocess.run(["git", "-C", str(where), "status"], capture_output=True, timeout=30)
    assert snapshot(tmp_path) != before, "the stock Git is not harmed either: the test shows nothing"


def test_a_hostile_clone_that_is_fetched_runs_nothing_either(
    hostile: Callable[[str], Path], repository: Path, tmp_path: Path
) -> None:
    where = hostile("http://127.0.0.1:1")
    git(where, "config", "--unset", "remote.origin.promisor")
    git(where, "config", "--unset", "remote.origin.partialCloneFilter")
    commit(repository, "third")
    (tmp_path / "canary").unlink(missing_ok=True)
    before = snapshot(where)
    found = read_mirrored(mirrored(where))
    assert found.subjects() == ["third", "second", "first"]
    assert not (tmp_path / "canary").exists()
    assert snapshot(where) == before
    subprocess.run(["git", "-C", str(where), "fetch"], capture_output=True, timeout=30)
    assert (tmp_path / "canary").exists(), "the stock Git is not harmed either: the test shows nothing"


@pytest.mark.parametrize("url", ["ext::{script}", "ext::sh -c {script}", "--upload-pack={script}", "fd::3", "-x:y"])
def test_a_remote_that_is_a_program_is_not_fetched(repository: Path, clone: Path, tmp_path: Path, url: str) -> None:
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\necho ran >> {tmp_path / 'canary'}\n")
    script.chmod(0o755)
    git(clone, "config", "remote.origin.url", url.format(script=script))
    found = Read()
    with pytest.raises(SourceError):
        found.again(mirrored(clone))
    assert found.subjects() == ["second", "first"]
    assert not (tmp_path / "canary").exists()
