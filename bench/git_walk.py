"""First sync and second pass of a repository of 100,000 commits, beside plain `git log`.

`python -m bench.git_walk [COMMITS]`
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from quarterdeck.app.records import SourceSpec
from quarterdeck.app.sources.git import GitSource

from .table import Row, figure, print_table

COMMITS = 100_000


def history(commits: int) -> Iterator[bytes]:
    """A believable history for `git fast-import`: three paths a commit, a side branch now and then."""
    for number in range(1, commits + 1):
        text = b"Change the thing of day %d\n\nBecause of the other thing.\n" % number
        who = b"Ann <ann@example.org> %d +0000" % (1_500_000_000 + 600 * number)
        yield b"commit refs/heads/main\nmark :%d\nauthor %s\ncommitter %s\n" % (number, who, who)
        yield b"data %d\n%s" % (len(text), text)
        if number > 1:
            yield b"from :%d\n" % (number - 1)
        if number > 50 and number % 50 == 0:
            yield b"merge :%d\n" % (number - 40)
        for path in (number % 700, number * 7 % 700, number * 13 % 700):
            content = b"%d\n" % number
            yield b"M 100644 inline src/part%d/file%d.py\ndata %d\n%s\n" % (path // 20, path, len(content), content)


def make_repository(where: Path, commits: int) -> None:
    """Make it in `where`."""
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", str(where)], check=True)
    command = ["git", "-C", str(where), "fast-import", "--quiet"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as importing:
        assert importing.stdin is not None
        for line in history(commits):
            importing.stdin.write(line)
    if importing.returncode:
        raise SystemExit("git fast-import failed")


async def sync(source: GitSource, cursor: Mapping[str, Any]) -> tuple[int, float, float, Mapping[str, Any]]:
    """One pass, its records thrown away: commits, seconds, seconds to the first commits, cursor."""
    begun, commits, first = time.perf_counter(), 0, 0.0
    async for batch in source.poll(cursor):
        if batch.commits and not commits:
            first = time.perf_counter() - begun
        commits += len(batch.commits)
        cursor = cursor if batch.cursor is None else batch.cursor
    return commits, time.perf_counter() - begun, first, cursor


def git_log(where: Path) -> float:
    """Seconds of the peer."""
    begun = time.perf_counter()
    command = ["git", "-C", str(where), "log", "--name-status"]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - begun


def main(commits: int = COMMITS) -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        where = Path(folder) / "repository"
        make_repository(where, commits)
        spec = SourceSpec(key="bench", kind="git", name="git", address=str(where))
        source = GitSource(spec, path=where)
        git_log(where)  # both read warm files
        peer = git_log(where)
        found, seconds, first, cursor = asyncio.run(sync(source, {}))
        again = min(asyncio.run(sync(source, cursor))[1] for _ in range(5))
    if found != commits:
        raise SystemExit(f"{found:,} of {commits:,} commits were found")
    rows = [
        Row("the whole history", "", {"git log": figure(peer, "s"), "quarterdeck": figure(seconds, "s")}),
        Row(
            "commits a second",
            "",
            {"git log": figure(commits / peer, ""), "quarterdeck": figure(commits / seconds, "")},
        ),
        Row("until the first commits", "", {"quarterdeck": figure(1000 * first, "ms")}),
        Row("a pass with nothing new", "", {"quarterdeck": figure(1000 * again, "ms")}),
    ]
    title = f"{commits:,} commits of three paths each, beside `git log --name-status > /dev/null`"
    print_table(title, ("git log", "quarterdeck"), rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COMMITS)
