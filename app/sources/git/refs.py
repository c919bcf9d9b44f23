"""Branches and tags: listed without opening an object, so that a pass with nothing new costs one call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple, TypeAlias

from ...git import decode
from ...ledger.names import OURS, read_entry_ref
from ...notebook import REF as NOTES
from ...records import Ref
from .calls import Repository
from .objects import Target

_FORMAT: Final = "--format=%(objectname)%00%(HEAD)%00%(symref)%00%(refname)"
DETACHED: Final = "HEAD"
"""The name under which a commit is watched that no branch names."""


class Listing(NamedTuple):
    """What a repository's refs are called and point at, before any object is read."""

    branches: Mapping[str, str]
    """Name -> object; those of the remote win over local ones of the same name."""
    tags: Mapping[str, str]
    default: str | None = None
    """The remote's default branch."""
    current: str | None = None
    """The branch that is checked out."""
    detached: str | None = None
    """The commit of HEAD when it is on no branch."""
    ours: Mapping[str, str] = {}
    """What is written down of promotions, where others see it too if there is a remote: full name -> object."""
    shared: frozenset[str] = frozenset()
    """Names of the branches that the remote has."""
    notes: str = ""
    """The commit of the team's notes, where the remote has them if there is one; "" without any."""


def list_refs(repository: Repository, remote: Callable[[], str | None] | None = None) -> Listing:
    """Branches and tags, in a clone the remote-tracking branches among them. Raises GitError.

    One call; a second where no branch is checked out. `remote` is asked for the name of the remote that counts
    when it is not origin; without it remote-tracking branches are left out.
    """
    rows = list(_rows(repository, tracking=remote is not None))
    tracking = _tracking(rows, remote) if remote is not None else None
    local: dict[str, str] = {}
    tracked: dict[str, str] = {}
    tags: dict[str, str] = {}
    ours: dict[str, str] = {}
    default = current = None
    notes = ""
    for sha, mark, symref, name in rows:
        if name.startswith("refs/tags/"):
            tags[name.removeprefix("refs/tags/")] = sha
            if read_entry_ref(name) is not None:
                ours[name] = sha
        elif name.startswith(OURS):
            ours[name] = sha
        elif name == NOTES:
            notes = sha
        elif name.startswith("refs/heads/"):
            local[name.removeprefix("refs/heads/")] = sha
            current = name.removeprefix("refs/heads/") if mark == "*" else current
        elif tracking is not None and name == f"{tracking}HEAD":
            default = symref.removeprefix(tracking) if symref.startswith(tracking) else None
        elif tracking is not None and name.startswith(tracking):
            tracked[name.removeprefix(tracking)] = sha
    detached = _detached(repository) if current is None else None
    return Listing({**local, **tracked}, tags, default, current, detached, ours, frozenset(tracked), notes)


_Row: TypeAlias = tuple[str, str, str, str]


def _rows(repository: Repository, *, tracking: bool) -> Iterator[_Row]:
    """(object, "*" at the branch checked out, what a symbolic ref names, full name)."""
    prefixes = ["refs/heads/", "refs/tags/", OURS, NOTES, *(["refs/remotes/"] if tracking else [])]
    for line in repository.run("for-each-ref", _FORMAT, "--", *prefixes).split(b"\n")[:-1]:
        sha, mark, symref, name = map(decode, line.split(b"\0"))
        yield sha, mark, symref, name


def _tracking(rows: Sequence[_Row], remote: Callable[[], str | None]) -> str | None:
    """Under which prefix the branches of the remote are; its settings are read only when it is not origin."""
    names = [name for *_, name in rows if name.startswith("refs/remotes/")]
    if any(name.startswith("refs/remotes/origin/") for name in names):
        return "refs/remotes/origin/"
    chosen = remote() if names else None
    return None if chosen is None else f"refs/remotes/{chosen}/"


def _detached(repository: Repository) -> str | None:
    sha = repository.quiet("rev-parse", "--verify", "--quiet", "HEAD^{commit}").strip().decode()
    return sha or None


def with_local(remote: Listing, local: Listing) -> Listing:
    """The mirror's refs, and of the clone's those that the remote does not have."""
    return Listing(
        {**local.branches, **remote.branches},
        {**local.tags, **remote.tags},
        remote.current,  # a mirror's HEAD is the remote's default branch
        local.current,
        local.detached,
        remote.ours,
        frozenset(remote.branches),
        remote.notes,
    )


def watched_branches(listing: Listing, patterns: Sequence[str]) -> tuple[str, ...]:
    """The branches to watch. A star matches slashes too, so `release/*` takes in `release/2026/05`.

    Without patterns: the remote's default branch, main, master, the current one, or a detached HEAD, whichever
    is there first.
    """
    if patterns:
        return tuple(name for name in listing.branches if any(fnmatchcase(name, p) for p in patterns))
    for name in (listing.default, "main", "master", listing.current):
        if name is not None and name in listing.branches:
            return (name,)
    return (DETACHED,) if listing.detached is not None else ()


def tips(listing: Listing, watched: Iterable[str]) -> dict[str, str]:
    """Watched branch -> object."""
    heads = dict(listing.branches)
    if listing.detached is not None:
        heads.setdefault(DETACHED, listing.detached)
    return {name: heads[name] for name in watched}


def digest(listing: Listing, watched: Sequence[str], place: str) -> str:
    """Changes whenever a ref does, or which are watched, or where they are read."""
    told = (place, sorted(listing.branches.items()), sorted(listing.tags.items()), listing.detached, tuple(watched))
    return hashlib.blake2b(repr(told).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def records(source: str, listing: Listing, heads: Mapping[str, str], targets: Mapping[str, Target]) -> tuple[Ref, ...]:
    """The refs as records; one whose object is missing, or no commit in the end, is left out.

    A detached HEAD is a branch called HEAD.
    """
    branches = {**listing.branches, **heads}
    found = [(name, "branch", sha, name in heads) for name, sha in branches.items()]
    found += [(name, "tag", sha, False) for name, sha in listing.tags.items()]
    return tuple(
        Ref(source=source, name=name, kind=kind, sha=targets[sha].sha, at=targets[sha].at, watched=watched)  # type: ignore[arg-type]  # "branch" and "tag" above
        for name, kind, sha, watched in found
        if sha in targets
    )
