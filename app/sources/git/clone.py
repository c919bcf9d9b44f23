"""The user's own clone: only read, and what must be known before it is."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from ...git import GitError, decode, remote_names, remote_url
from .calls import Calls, Repository
from .history import Detail

_PARTIAL: Final = r"^(remote\..*\.(promisor|partialclonefilter)|extensions\.partialclone)$"


class Clone:
    """A clone at `where` (any folder of it). Every method may raise GitError."""

    def __init__(self, calls: Calls, where: Path) -> None:
        self.repository = Repository(calls, where)
        self._where = where
        self._common = self._common_dir()

    def _common_dir(self) -> Path:
        """Where objects and refs are; at the top of an ordinary clone that is seen without asking Git."""
        plain = self._where.absolute() / ".git"
        if (plain / "HEAD").is_file() and (plain / "objects").is_dir():
            return plain
        raw = self.repository.run("rev-parse", "--path-format=absolute", "--git-common-dir")
        return Path(raw.removesuffix(b"\n").decode("utf-8", "surrogateescape"))

    def remote(self) -> str | None:
        """The remote that counts: origin, else the only one, else the first."""
        names = remote_names(self._where)
        return "origin" if "origin" in names else next(iter(names), None)

    def url(self) -> str | None:
        """Where the remote is, login included; a relative path is read from the clone's top, as Git does."""
        remote = self.remote()
        url = remote_url(self._where, remote) if remote is not None else None
        if url is None or ":" in url or url.startswith("/"):
            return url
        return str((self._top() / url).resolve())

    def _top(self) -> Path:
        try:
            raw = self.repository.run("rev-parse", "--show-toplevel")
        except GitError as error:
            if error.reason != "not_a_repository":
                raise
            return self._common  # a bare one has no top
        return Path(raw.removesuffix(b"\n").decode("utf-8", "surrogateescape"))

    def boundary(self) -> frozenset[str]:
        """The commits at which a shallow clone ends; empty when the history is whole."""
        return read_boundary(self._common)

    def detail(self) -> Detail:
        """How much of the changes can be told without asking the server of a partial clone."""
        settings = decode(self.repository.quiet("config", "-z", "--get-regexp", _PARTIAL))
        if not settings:
            return "full"
        filters = [line.partition("\n")[2] for line in settings.split("\0") if "filter\n" in line]
        return "exact" if filters and all(name.startswith("blob:") for name in filters) else "none"

    def whole_objects(self) -> Path | None:
        """The folder of objects that a mirror may borrow; None when some are missing, shallow or partial."""
        objects = self._common / "objects"
        name = str(objects)
        if self.boundary() or self.detail() != "full" or "\n" in name or not objects.is_dir():
            return None
        return objects


def read_boundary(git_dir: Path) -> frozenset[str]:
    """The commits named in the `shallow` file of a repository."""
    try:
        return frozenset((git_dir / "shallow").read_text("ascii", "replace").split())
    except FileNotFoundError:
        return frozenset()


def digest(boundary: frozenset[str]) -> str:
    """Empty for a whole history."""
    if not boundary:
        return ""
    return hashlib.blake2b(" ".join(sorted(boundary)).encode(), digest_size=8).hexdigest()
