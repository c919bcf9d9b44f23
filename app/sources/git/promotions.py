"""What a repository says of promotions: its policy, and what is written down under refs/quarterdeck."""

from __future__ import annotations

import hashlib
from typing import Final, NamedTuple

from ...git import GitError
from ...ledger.names import read_entry_ref
from ...ledger.reading import read_policy, read_promotions
from ...records import PolicyText, Promotions
from .calls import Repository
from .refs import Listing

_USUAL: Final = ("main", "master")


class Ground(NamedTuple):
    """The branch whose policy counts, and the refs that hold plans, approvals, waivers and the ledger."""

    branch: str
    commit: str
    """"" where the branch has no commit."""
    refs: dict[str, str]

    @property
    def digest(self) -> str:
        """Changes when any of it does."""
        told = (self.branch, self.commit, sorted(self.refs.items()))
        return hashlib.blake2b(repr(told).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def ground(listing: Listing) -> Ground:
    """Where to read. The policy is that of the remote's default branch; without a remote of main, master or HEAD."""
    names = (listing.default, *_USUAL, listing.current)
    branch = next((name for name in names if name is not None and name in listing.branches), "")
    tags = {f"refs/tags/{name}": sha for name, sha in listing.tags.items() if "#" in name}
    entries = {name: sha for name, sha in tags.items() if read_entry_ref(name) is not None}
    return Ground(branch, listing.branches.get(branch, ""), {**listing.ours, **entries})


def read(repository: Repository, source: str, ground: Ground, path: str, *, is_local: bool) -> Promotions:
    """All of it. `is_local`: there is no remote that anybody else could see. Raises GitError."""
    policy = _policy(repository, source, ground, path, is_local) if ground.commit else None
    return read_promotions(repository.run, source, ground.refs, policy)


def _policy(repository: Repository, source: str, ground: Ground, path: str, is_local: bool) -> PolicyText | None:
    """None where a partial clone left the file with its server: then nobody knows what the policy is."""
    try:
        called = ground.branch if is_local else f"origin/{ground.branch}"
        return read_policy(repository.run, source, called, ground.commit, path, is_local=is_local)
    except GitError as error:
        if error.reason == "partial":
            return None
        raise
