"""Writes the demo's Git repository: the whole history in one stream to `git fast-import`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from ..git import run_git
from ..records import Millis
from .history import KEPT_BRANCHES, Step
from .team import TEAM
from .tree import files
from .world import FOLDER, World

Tree = dict[str, bytes]
REMOTE: Final = "remote.git"


def build_repository(root: Path, world: World) -> World:
    """Make the repository in `root` with its work tree on main.

    The world comes back with its commits. Raises GitError.
    """
    run_git(root, "init", "--quiet", "-b", "main")
    run_git(root, "config", "core.autocrlf", "false")  # the exports' md5 would change under a global autocrlf
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "exclude").write_text(f"/{FOLDER}/\n")
    (root / FOLDER).mkdir(exist_ok=True)
    marks = root / FOLDER / "marks"
    stream = b"".join(_stream(world))
    run_git(root, "fast-import", "--quiet", f"--export-marks={marks.absolute()}", stdin=stream)
    gone = {step.branch for step, _ in world.states} - set(KEPT_BRANCHES)
    run_git(root, "branch", "--quiet", "-D", *sorted(gone))
    run_git(root, "checkout", "--quiet", "-f", "main")
    shas = dict(line.split() for line in marks.read_text().splitlines())
    marks.unlink()
    _publish(root)
    return msgspec.structs.replace(world, shas=tuple(shas[f":{number + 1}"] for number in range(len(world.moments))))


def _publish(root: Path) -> None:
    """A bare remote in the world itself, and the clone as if it had been cloned from there."""
    remote = root / FOLDER / REMOTE
    run_git(root, "init", "--quiet", "--bare", "--initial-branch=main", "--", str(remote))
    refspecs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
    run_git(remote, "fetch", "--quiet", "--", str(root / ".git"), *refspecs, network=True)
    tips = run_git(root, "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", "refs/heads/").decode()
    for line in tips.splitlines():
        sha, _, branch = line.partition(" ")
        run_git(root, "update-ref", f"refs/remotes/origin/{branch}", sha)
    run_git(root, "symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    settings = {
        "remote.origin.url": f"{FOLDER}/{REMOTE}", "remote.origin.fetch": "+refs/heads/*:refs/remotes/origin/*",
        "branch.main.remote": "origin", "branch.main.merge": "refs/heads/main",
    }  # fmt: skip
    for key, value in settings.items():
        run_git(root, "config", key, value)


def _stream(world: World) -> Iterator[bytes]:
    """The history in fast-import's language. The commit of step n has mark n + 1."""
    heads: dict[str, int] = {}
    trees: dict[int, Tree] = {0: {}}
    for number, (step, state) in enumerate(world.states):
        mark = number + 1
        parent = heads.get(step.branch) or heads.get("main", 0)
        trees[mark] = files(state, world.exports)
        yield _header(step, mark, world.moments[number])
        if parent:
            yield b"from :%d\n" % parent
        if step.merges:
            yield b"merge :%d\n" % heads[step.merges]
        yield from _changes(trees[parent], trees[mark])
        heads[step.branch] = mark
        if step.opens:
            heads[step.opens] = mark
        if step.tag:
            yield _tag(step, mark, world.moments[number])


def _signature(step: Step, moment: Millis) -> bytes:
    person = TEAM[step.who]
    return f"{person.name} <{person.email}> {moment // 1000} {person.offset}".encode()


def _header(step: Step, mark: int, moment: Millis) -> bytes:
    text = f"{step.subject}\n\n{step.body}\n" if step.body else f"{step.subject}\n"
    who = _signature(step, moment)
    return b"commit refs/heads/%s\nmark :%d\nauthor %s\ncommitter %s\n%s" % (
        step.branch.encode(), mark, who, who, _data(text.encode()),
    )  # fmt: skip


def _tag(step: Step, mark: int, moment: Millis) -> bytes:
    assert step.tag is not None
    return b"tag %s\nfrom :%d\ntagger %s\n%s" % (
        step.tag.encode(), mark, _signature(step, moment + 60_000), _data(f"{step.subject}\n".encode()),
    )  # fmt: skip


def _changes(before: Tree, after: Tree) -> Iterator[bytes]:
    for path in sorted(before.keys() - after.keys()):
        yield b"D %s\n" % path.encode()
    for path, text in sorted(after.items()):
        if before.get(path) != text:
            yield b"M 100644 inline %s\n%s" % (path.encode(), _data(text))


def _data(text: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(text), text)
