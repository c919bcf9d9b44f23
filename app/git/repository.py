"""Small questions about one repository, each a Git call or two of some 3 ms."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .call import run_git
from .names import decode
from .trouble import GitError


class Head(NamedTuple):
    """Where HEAD points: `branch` is None when detached, `sha` is None before the first commit."""

    branch: str | None
    sha: str | None


def work_tree(where: Path) -> Path | None:
    """The top folder of the working tree around `where`; None when there is none: no repository, or a bare one.

    Also None when the repository says that its tree is somewhere that `where` is not in (core.worktree may name
    any folder of the machine). Raises GitError for what stands in the way: ownership, permissions, no Git.
    """
    try:
        raw = run_git(where, "rev-parse", "--show-toplevel")
    except GitError as error:
        if error.reason == "not_a_repository":
            return None
        raise
    top = _path(raw)
    return top if where.resolve().is_relative_to(top.resolve()) else None


def is_bare(where: Path) -> bool:
    """Whether the repository has no working tree. Raises GitError."""
    return run_git(where, "rev-parse", "--is-bare-repository").strip() == b"true"


def is_shallow(where: Path) -> bool:
    """Whether the history was cut off when it was cloned. Raises GitError."""
    return run_git(where, "rev-parse", "--is-shallow-repository").strip() == b"true"


def head(where: Path) -> Head:
    """Branch and commit of HEAD. Raises GitError."""
    branch = _quiet(where, "symbolic-ref", "--quiet", "HEAD")
    sha = _quiet(where, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    name = None if branch is None else decode(branch).removeprefix("refs/heads/")
    return Head(name, None if sha is None else sha.decode())


def remote_names(where: Path) -> list[str]:
    """The names of the remotes, in the order of the settings. Raises GitError."""
    raw = _quiet(where, "config", "-z", "--name-only", "--get-regexp", r"^remote\..*\.url$") or b""
    names = (decode(key)[len("remote.") : -len(".url")] for key in raw.split(b"\0") if key)
    return list(dict.fromkeys(names))


def remote_url(where: Path, name: str = "origin") -> str | None:
    """The URL of a remote exactly as the repository's settings have it, login included; None without it.

    Whatever is shown or kept goes through canonical_url or split_credential first. Raises GitError.
    """
    raw = _quiet(where, "config", "-z", "--get-all", f"remote.{name}.url")
    urls = [url for url in (raw or b"").split(b"\0") if url]
    return decode(urls[0]) if urls else None


def git_version() -> str:
    """`2.39.5`. Raises GitError when there is no Git."""
    return run_git(Path("/"), "version").decode().split()[2]


def _quiet(where: Path, *args: str) -> bytes | None:
    """Git's answer, or None where its exit status 1 says that there is none."""
    try:
        return run_git(where, *args).rstrip(b"\n")
    except GitError as error:
        if error.status == 1 and not error.complaint:
            return None
        raise


def _path(raw: bytes) -> Path:
    return Path(raw.removesuffix(b"\n").decode("utf-8", "surrogateescape"))
