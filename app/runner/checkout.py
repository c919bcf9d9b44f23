"""From a commit to a clean work tree of it, in a repository of our own that borrows its objects.

The user's clone and our mirror are only read. The new repository has settings of our own making alone, so no hook,
filter or credential helper of theirs runs at the checkout, submodules stay away and files of LFS stay pointers.
It knows the branches and tags of the clone, so that `git describe` works in it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from .. import trust
from ..errors import UsageError
from ..git import GitError, decode, encode, git_version, head, is_bare, run_git, split_credential, stream_git
from ..paths import cache_dir, make_private, mirror_dir
from ..settings import Settings
from ..text import clip

_PATIENCE = 600.0
"""Seconds for a checkout: a tree may be large, and the disk slow."""
_LOOK = 0.2
"""Seconds between two looks at whether it should stop."""


class StoppedError(Exception):
    """Somebody stopped the run."""


class Repository(NamedTuple):
    """Where commits are found."""

    where: Path
    is_mirror: bool

    def git(self, *args: str) -> bytes:
        """Git's answer there. Raises GitError."""
        return run_git(self.where, *args, exact=self.is_mirror)


class Chosen(NamedTuple):
    """The commit that is to be run."""

    sha: str
    branch: str
    """Of the clone or the remote, where the word names one or one points at the commit; else empty."""
    title: str
    left_out: int
    """Files with changes that are not committed, where the clone's own HEAD is run."""
    repository: Repository


def choose(settings: Settings, word: str | None) -> Chosen:
    """The commit that `word` names: a sha, the beginning of one, a branch, a tag. None: HEAD.

    Raises UsageError where there is none such, UntrustedError, GitError.
    """
    places = _repositories(settings)
    if not places:
        git_version()  # without Git no repository is ever found
        raise UsageError("There is no Git repository here: local pipelines run commits.")
    if word is not None and (not word or word.startswith("-")):
        raise UsageError(f"“{clip(word, 60)}” names no commit.")
    for place in places:
        if (sha := _sha(place, word or "HEAD")) is not None:
            title = decode(place.git("log", "-1", "--format=%s", sha, "--")).strip()
            return Chosen(sha, _branch(place, word, sha), title, _left_out(place, sha), place)
    if word is None:
        raise UsageError("There is no commit yet: local pipelines run what is committed.")
    raise UsageError(
        f"No commit “{clip(word, 60)}” is in the clone, nor was one fetched: name a branch, a tag or more of the sha, "
        "or run `quarterdeck sync` first."
    )


def _repositories(settings: Settings) -> list[Repository]:
    """The clone, then our mirror of its remote, as far as they are there."""
    found: list[Repository] = []
    if not settings.address:
        if any(reach.place == "git.path" for reach in trust.unagreed(settings)):
            trust.check_trusted(settings, "git")
        if settings.has_repository:
            found.append(Repository(Path(os.path.normpath(settings.path(settings.git.path))), is_mirror=False))
    if settings.repository:
        mirror = mirror_dir(settings.repository)
        if (mirror / "HEAD").is_file():
            found.append(Repository(mirror, is_mirror=True))
    if settings.address and not found:
        raise UsageError("The repository was not fetched yet: run `quarterdeck sync` first.")
    return found


def _sha(place: Repository, word: str) -> str | None:
    try:
        return place.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{word}^{{commit}}").decode().strip()
    except GitError as error:
        if error.status is None or error.reason != "other":
            raise
        return None  # no such thing, or several: Git says which only on a terminal


def _branch(place: Repository, word: str | None, sha: str) -> str:
    if word is None and not place.is_mirror:
        return head(place.where).branch or ""
    names = place.git("for-each-ref", f"--points-at={sha}", "--format=%(refname)", "refs/heads", "refs/remotes")
    found = [name for name in decode(names).splitlines() if not name.endswith("/HEAD")]
    heads = [name.removeprefix("refs/heads/") for name in found if name.startswith("refs/heads/")]
    away = [name.split("/", 3)[-1] for name in found if name.startswith("refs/remotes/")]
    return word if word in heads else next(iter([*heads, *away]), "")


def _left_out(place: Repository, sha: str) -> int:
    """How many files of the work tree differ from the commit, new ones among them."""
    if place.is_mirror or is_bare(place.where) or head(place.where).sha != sha:
        return 0
    return place.git("status", "--porcelain", "-z", "--no-renames", "--untracked-files=normal").count(b"\0")


def tree_folder(project_key: str) -> Path:
    """Where the work trees of a project are while they are in use."""
    return cache_dir() / "worktrees" / project_key


def make_tree(settings: Settings, chosen: Chosen, name: str, should_stop: Callable[[], bool] = lambda: False) -> Path:
    """A clean work tree of the commit in a folder of its own, on its branch where it has one, so that a job may pull.

    Raises GitError, StoreError, OSError, StoppedError.
    """
    home = make_private(tree_folder(settings.project_key))
    tree = home / name
    kind = "sha256" if len(chosen.sha) == 64 else "sha1"
    run_git(home, "init", "--quiet", f"--object-format={kind}", "--", name)
    inside = tree / ".git"
    borrowed = list(_objects(settings))
    (inside / "objects" / "info" / "alternates").write_bytes(b"".join(os.fsencode(one) + b"\n" for one in borrowed))
    boundary = chosen.repository.git("rev-parse", "--git-path", "shallow").decode().strip()
    if (shallow := chosen.repository.where / boundary).is_file():
        shutil.copyfile(shallow, inside / "shallow")
    _write_refs(tree, dict(_refs(chosen.repository)))
    branch = chosen.branch if chosen.branch == encode(chosen.branch).decode("utf-8", "replace") else ""
    for name, value in _remote(settings, chosen.repository, branch).items():
        run_git(tree, "config", name, value)
    onto = ["-B", branch, "--no-track"] if branch else ["--detach"]
    _check_out(tree, [*onto, chosen.sha], should_stop)
    return tree


def _check_out(tree: Path, words: list[str], should_stop: Callable[[], bool]) -> None:
    """Git in a session of its own hears no Ctrl+C: somebody watches for it, and ends Git."""
    over, stopped = threading.Event(), threading.Event()
    with stream_git(tree, "checkout", "--quiet", *words, timeout=_PATIENCE) as git:

        def watch() -> None:
            while not over.wait(_LOOK):
                if should_stop():
                    stopped.set()
                    git.close()
                    break

        watcher = threading.Thread(target=watch, name="checkout")
        watcher.start()
        try:
            for _ in git:
                pass
        except (GitError, OSError, ValueError) as error:  # the last two: its pipe was closed while we read it
            if stopped.is_set():
                raise StoppedError from error
            raise
        finally:
            over.set()
            watcher.join()


def _remote(settings: Settings, place: Repository, branch: str) -> dict[str, str]:
    """Git's settings for the remote, without the login that its address may carry, and for what the branch follows."""
    if not settings.remote:
        return {}
    name = "origin" if place.is_mirror else settings.git.remote
    found = {
        f"remote.{name}.url": split_credential(settings.remote)[0],
        f"remote.{name}.fetch": f"+refs/heads/*:refs/remotes/{name}/*",
    }
    if branch:
        found |= {f"branch.{branch}.remote": name, f"branch.{branch}.merge": _followed(place, branch)}
    return found


def _followed(place: Repository, branch: str) -> str:
    """The remote's branch that one of the clone follows: as its settings say, else that of the same name."""
    try:
        said = place.git("config", "--get", f"branch.{branch}.merge").decode().strip()
    except (GitError, UnicodeDecodeError):  # status 1: it follows none
        said = ""
    return said or f"refs/heads/{branch}"


def _objects(settings: Settings) -> Iterator[Path]:
    """The folders of objects that the commit may be made of."""
    for place in _repositories(settings):
        if place.is_mirror:
            yield place.where / "objects"
        else:
            common = place.git("rev-parse", "--path-format=absolute", "--git-common-dir")
            yield Path(os.fsdecode(common.removesuffix(b"\n"))) / "objects"


def _refs(place: Repository) -> Iterator[tuple[bytes, bytes]]:
    """Branches and tags with their objects. The branches of a mirror are the remote's."""
    listed = place.git("for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags", "refs/remotes")
    for line in listed.splitlines():
        sha, _, name = line.partition(b" ")
        if name.endswith(b"/HEAD"):
            continue  # a name for another ref, which is in the list itself
        if place.is_mirror:
            name = name.replace(b"refs/heads/", b"refs/remotes/origin/", 1)
        yield name, sha


def _write_refs(tree: Path, refs: Mapping[bytes, bytes]) -> None:
    """All at once into one file: update-ref writes a file for each, which takes seconds where there are thousands."""
    if (tree / ".git" / "reftable").exists():  # the user's settings ask for it
        created = (b"create %s\0%s\0" % pair for pair in refs.items())
        run_git(tree, "update-ref", "-z", "--stdin", stdin=b"".join(created))
        return
    lines = (b"%s %s\n" % (sha, name) for name, sha in sorted(refs.items()))
    (tree / ".git" / "packed-refs").write_bytes(b"".join(lines))


def remove_tree(tree: Path) -> bool:
    """Take a work tree away, folders that a job closed among it; whether nothing is left. Raises nothing.

    What another user's file or a tree of a thousand folders in one another leaves: the next run tries again.
    """
    with contextlib.suppress(OSError, RecursionError):
        shutil.rmtree(tree, ignore_errors=True)
        if os.path.lexists(tree):
            _unlock(tree)
            shutil.rmtree(tree, ignore_errors=True)
    return not os.path.lexists(tree)


def _unlock(tree: Path) -> None:
    """Let the owner into its folders. Nothing else is changed: a link leads, and a file may be linked, elsewhere."""
    _enter(tree)
    for folder, inner, _ in os.walk(tree):  # looks into each after it was opened, and follows no link
        for name in inner:
            _enter(Path(folder, name))


def _enter(folder: Path) -> None:
    with contextlib.suppress(OSError):  # somebody else's
        if stat.S_ISDIR(folder.lstat().st_mode):
            folder.chmod(stat.S_IRWXU)
