"""Real repositories, and what passes of the Git source over them hand over."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

from quarterdeck.app.records import Batch, Commit, Ref, SourceSpec
from quarterdeck.app.sources.git import GitSource

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


def mirrored(path: Path | None, url: str | None = None, **options: Any) -> GitSource:
    """A source that may fetch into a mirror beside the clone."""
    beside = (path or Path(os.environ["HOME"])).parent
    given: dict[str, Any] = {"mirror": beside / "own" / "m.git", "allow_network": True, "fetch_interval": 0.0} | options
    return GitSource(SPEC, path=path, url=url, **given)


def read_mirrored(source: GitSource) -> Read:
    found = Read()
    found.again(source)
    return found
