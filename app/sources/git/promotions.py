"""What a repository says of promotions: its policy, and what is written down under refs/quarterdeck."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from typing import Final, NamedTuple

from ...git import GitError
from ...ledger.reading import read_policy, read_promotions
from ...records import PolicyText, Promotions
from .calls import Repository
from .refs import Listing

_USUAL: Final = ("main", "master")


class Head(NamedTuple):
    """A branch whose policy counts; twice "" where there is none."""

    branch: str = ""
    commit: str = ""


class Ground(NamedTuple):
    """The branch whose policy counts, and the refs that hold plans, approvals, waivers and the ledger."""

    shared: Head
    """Of the remote ..."""
    own: Head
    """... and where there is no remote."""
    refs: dict[str, str]

    @property
    def digest(self) -> str:
        """Changes when any of it does."""
        told = (*self.shared, *self.own, sorted(self.refs.items()))
        return hashlib.blake2b(repr(told).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def ground(listing: Listing) -> Ground:
    """Where to read. The policy is that of the remote's default branch; without a remote of main, master or HEAD.

    A branch that only the clone has is nobody's policy where there is a remote.
    """
    return Ground(_head(listing, listing.shared), _head(listing, listing.branches), dict(listing.ours))


def _head(listing: Listing, there: Container[str]) -> Head:
    names = (listing.default, *_USUAL, listing.current)
    branch = next((name for name in names if name is not None and name in there), "")
    return Head(branch, listing.branches[branch]) if branch else Head()


def read(repository: Repository, source: str, ground: Ground, path: str, *, is_local: bool) -> Promotions:
    """All of it. `is_local`: there is no remote that anybody else could see. Raises GitError."""
    head = ground.own if is_local else ground.shared
    policy = _policy(repository, source, head, path, is_local) if head.commit else None
    return read_promotions(repository.run, source, ground.refs, policy)


def _policy(repository: Repository, source: str, head: Head, path: str, is_local: bool) -> PolicyText | None:
    """None where a partial clone left the file with its server: then nobody knows what the policy is."""
    try:
        called = head.branch if is_local else f"origin/{head.branch}"
        return read_policy(repository.run, source, called, head.commit, path, is_local=is_local)
    except GitError as error:
        if error.reason == "partial":
            return None
        raise
