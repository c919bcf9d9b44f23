"""Objects and refs as our mirror of the remote has them, else the clone. Nothing is fetched."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from .. import trust
from ..git import GitError, decode, run_git
from ..paths import mirror_dir
from ..settings import Settings
from .gitobjects import is_id
from .layout import LARGEST_OBJECT

_AT_ONCE: Final = 300


class Object(NamedTuple):
    """One of Git's."""

    kind: str
    raw: bytes


class Place(NamedTuple):
    """A repository: `exact` where the folder is the repository itself."""

    path: Path
    exact: bool = False


class Repositories:
    """Asks the first place, and the next for what that has not."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._runs = [partial(run_git, place.path, exact=place.exact) for place in places]
        self._known: dict[str, Object] = {}
        self.trouble = ""
        """Why a place could not be read."""

    def objects(self, ids: Iterable[str]) -> dict[str, Object]:
        """Those that are there and not too large. What is no id is asked of nobody."""
        wanted = [name for name in dict.fromkeys(ids) if is_id(name)]
        for run in self._runs:
            left = [name for name in wanted if name not in self._known]
            try:
                self._known |= _read(run, left)
            except GitError as error:
                self.trouble = str(error)
        return {name: self._known[name] for name in wanted if name in self._known}

    def get(self, name: str, kind: str) -> bytes | None:
        """The content of one; None where it is not there, or of another kind."""
        found = self.objects((name,)).get(name)
        return found.raw if found is not None and found.kind == kind else None

    def refs(self, prefix: str) -> dict[str, str]:
        """Full name -> object."""
        found: dict[str, str] = {}
        for run in reversed(self._runs):  # the first place has the last word
            try:
                said = decode(run("for-each-ref", "--format=%(refname)%00%(objectname)", "--", prefix))
            except GitError as error:
                self.trouble = str(error)
                continue
            found |= dict(line.split("\0") for line in said.split("\n") if line)
        return found


def _read(run: Callable[..., bytes], ids: Sequence[str]) -> dict[str, Object]:
    """Those that are there and not too large, a few hundred with two calls. Raises GitError."""
    found: dict[str, Object] = {}
    for start in range(0, len(ids), _AT_ONCE):
        said = run("cat-file", "--batch-check", stdin=_lines(ids[start : start + _AT_ONCE])).decode()
        rows = [line.split() for line in said.splitlines()]
        small = [row[0] for row in rows if len(row) == 3 and row[2].isdecimal() and int(row[2]) <= LARGEST_OBJECT]
        raw, at = run("cat-file", "--batch", stdin=_lines(small)), 0
        while at < len(raw):
            end = raw.index(b"\n", at)
            name, kind, size = raw[at:end].decode().split()
            found[name] = Object(kind, raw[end + 1 : end + 1 + int(size)])
            at = end + 2 + int(size)
    return found


def _lines(words: Sequence[str]) -> bytes:
    return "".join(f"{word}\n" for word in words).encode()


def repositories_of(settings: Settings) -> Repositories:
    """Of a project. A clone that its settings name elsewhere counts once that is trusted."""
    places: list[Place] = []
    mirror = mirror_dir(settings.repository) if settings.repository else None
    if mirror is not None and (mirror / "HEAD").is_file():
        places.append(Place(mirror, exact=True))
    if settings.git.path == "." and settings.checkout is not None:
        places.append(Place(settings.checkout))
    elif not settings.address and settings.git.path != "." and trust.may_run(settings, "git"):
        places.append(Place(Path(os.path.normpath(settings.path(settings.git.path)))))
    return Repositories(places)
