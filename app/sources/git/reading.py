"""One pass over the repository, blocking: what is new, in batches, each with the cursor that it advances."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from ...errors import SourceError
from ...git import GitError, canonical_url
from ...records import Batch, Commit, DataVersion, Millis, Promotions
from . import clone as clones
from . import promotions, refs
from .calls import Calls, Repository
from .clone import Clone
from .data import LOGGER, DataReader
from .history import CommitCount, Detail, mended, walk_commits
from .mirror import Mirror
from .notes import read_news
from .objects import Target, read_targets
from .patches import read_patch
from .standing import Standing, Walk

_FIRST: Final = 100
"""Commits of the first batch: a screen full, at once."""
_COMMITS: Final = 500
_CHANGES: Final = 5_000
_BYTES: Final = 2_000_000
_VERSIONS: Final = 1_000
"""A batch ends at whichever comes first: it is written in one transaction of at most 200 ms."""


class Place(NamedTuple):
    """Where a project's repository is, and what may be done to get at it."""

    path: Path | None
    """A folder of the user's clone; None for a project without a checkout."""
    url: str | None
    """The remote, login included; None: the clone's own remote."""
    mirror: Path | None
    """Where our own mirror belongs; None: the clone is read in place."""
    branches: tuple[str, ...]
    fetch_interval: float
    """Seconds."""
    allow_network: bool
    policy: str = "quarterdeck.toml"
    """Path, in the repository, of the settings that hold the policies."""


class Pass:
    """One pass. `known_targets` spares looking into objects that a former pass of this process looked into."""

    def __init__(self, calls: Calls, source: str, place: Place, known_targets: dict[str, Target]) -> None:
        self._source = source
        self._place = place
        self._known_targets = known_targets
        self._clone = Clone(calls, place.path) if place.path is not None else None
        self._after = Standing()
        """Where the last news left off."""
        self._mirror = Mirror(calls, place.mirror) if place.mirror is not None and place.allow_network else None

    def batches(self, standing: Standing) -> Iterator[Batch]:
        """What is new since `standing`. Raises GitError, SourceError; a failed fetch last of all.

        A mirror that turns out damaged (the clone dropped what it borrowed) is made anew, once.
        """
        try:
            yield from self._batches(standing)
        except GitError as error:
            if error.reason != "damaged" or self._mirror is None or not self._mirror.exists():
                raise
            self._mirror.remove()
            reached = standing if self._after == Standing() else self._after  # what was handed over is not once more
            yield from self._batches(reached.but(fetched_at=None))

    def _batches(self, standing: Standing) -> Iterator[Batch]:
        before = standing
        standing, trouble = self._fetched(standing)
        repository, listing = self._listed(trouble)
        watched = refs.watched_branches(listing, self._place.branches)
        boundary = self._boundary(repository)
        digest = refs.digest(listing, watched, str(repository.where))
        if digest != standing.refs or standing.walk is not None or clones.digest(boundary) != standing.boundary:
            standing = _on_this_ground(standing, clones.digest(boundary))
            yield from self._news(repository, listing, watched, boundary, standing.but(refs=digest))
            standing = self._after
        ground = promotions.ground(listing)
        if ground.digest != standing.promotions:
            standing = standing.but(promotions=ground.digest)
            yield Batch(promotions=self._promotions(repository, ground), cursor=standing.cursor())
        elif standing != before:
            yield Batch(cursor=standing.cursor())
        if listing.notes != standing.notes:
            told = read_news(repository, standing.notes, standing.noted, listing.notes)
            standing = standing.but(notes=listing.notes, noted=told.known)
            yield Batch(notes=told.notes, notes_more=told.more, cursor=standing.cursor())
        if standing.fetched_at != before.fetched_at:
            yield Batch(as_of=standing.fetched_at)
        if trouble is not None:
            raise trouble
        if not watched and listing.branches:
            raise SourceError(self._no_branch(listing), state="misconfigured")

    def ledger(self, known: Standing) -> Batch:
        """What is written down of promotions, and what people wrote, fetched now. Raises GitError, SourceError.

        `known`: what the cache has at least.
        """
        standing, trouble = self._fetched(Standing())
        if trouble is not None:
            raise trouble
        repository, listing = self._listed(None)
        ground = promotions.ground(listing)
        promoted = self._promotions(repository, ground)
        told = read_news(repository, known.notes, known.noted, listing.notes)
        return Batch(promotions=promoted, notes=told.notes, notes_more=told.more, as_of=standing.fetched_at)

    def patch(self, commit: str, paths: tuple[str, ...]) -> Batch:
        """What a commit changed in a file, by what is here already. Raises GitError, SourceError."""
        repository, _ = self._listed(None)
        return Batch(patches=(read_patch(repository, self._source, commit, paths),))

    def _promotions(self, repository: Repository, ground: promotions.Ground) -> Promotions:
        is_local = self._place.url is None and (self._clone is None or self._clone.url() is None)
        return promotions.read(repository, self._source, ground, self._place.policy, is_local=is_local)

    def _fetched(self, standing: Standing) -> tuple[Standing, GitError | None]:
        """The standing after a fetch, where one is due; what went wrong is kept for the end of the pass."""
        mirror = self._mirror
        if mirror is None:
            return standing, None
        now = time.time_ns() // 1_000_000
        if mirror.exists() and not _is_due(standing.fetched_at, now, self._place.fetch_interval):
            return standing, None
        try:
            url = self._place.url or (self._clone.url() if self._clone is not None else None)
            if url is None:
                self._mirror = None  # local only
                return standing, None
            mirror.fetch(url, self._clone.whole_objects() if self._clone is not None else None)
        except GitError as error:
            if error.reason == "stopped":
                raise
            return standing, None if error.reason == "locked" and mirror.exists() else error
        return standing.but(fetched_at=now), None

    def _listed(self, trouble: GitError | None) -> tuple[Repository, refs.Listing]:
        """The repository to read, and its refs."""
        local = None
        if self._clone is not None:
            local = refs.list_refs(self._clone.repository, self._clone.remote)
        if self._mirror is not None and self._mirror.exists():
            listing = refs.list_refs(self._mirror.repository)
            return self._mirror.repository, refs.with_local(listing, local or _NO_REFS)
        if self._clone is not None and local is not None:
            return self._clone.repository, local
        if trouble is not None:
            raise trouble
        raise SourceError(self._untrusted(), state="untrusted")

    def _boundary(self, repository: Repository) -> frozenset[str]:
        if self._mirror is not None and repository is self._mirror.repository:
            return clones.read_boundary(self._mirror.path)
        return self._clone.boundary() if self._clone is not None else frozenset()

    def _detail(self, repository: Repository) -> Detail:
        if self._clone is None or repository is not self._clone.repository:
            return "full"
        return self._clone.detail()

    def _news(
        self,
        repository: Repository,
        listing: refs.Listing,
        watched: Sequence[str],
        boundary: frozenset[str],
        standing: Standing,
    ) -> Iterator[Batch]:
        """Refs first, then a walk that was cut short, then one over what is new; the digest of the refs is kept
        with the last batch only, so that a pass killed before comes here again."""
        heads = refs.tips(listing, watched)
        targets = self._targets(repository, [*listing.branches.values(), *listing.tags.values(), *heads.values()])
        yield Batch(refs=refs.records(self._source, listing, heads, targets))
        tips = tuple(dict.fromkeys(targets[sha].sha for sha in heads.values() if sha in targets))
        unfinished = standing.but(refs="")
        if standing.walk is not None and self._still_there(repository, standing.walk):
            yield from self._walk(repository, standing.walk, unfinished, boundary)
            unfinished = unfinished.walked(standing.walk.tips)
        fresh = tuple(tip for tip in tips if tip not in unfinished.known)
        if fresh:
            yield from self._walk(repository, Walk(fresh, unfinished.known), unfinished, boundary)
        self._after = unfinished.walked(tips).but(refs=standing.refs)
        yield Batch(cursor=self._after.cursor())

    def _targets(self, repository: Repository, shas: Sequence[str]) -> dict[str, Target]:
        wanted = set(shas)
        found = {sha: target for sha, target in self._known_targets.items() if sha in wanted}
        found |= read_targets(repository, [sha for sha in shas if sha not in found])
        self._known_targets.clear()
        self._known_targets.update(found)
        return found

    def _still_there(self, repository: Repository, walk: Walk) -> bool:
        return len(read_targets(repository, walk.tips)) == len(walk.tips)

    def _walk(
        self, repository: Repository, walk: Walk, standing: Standing, boundary: frozenset[str]
    ) -> Iterator[Batch]:
        """The batches of one walk. The first one is small, so that there is something to see."""
        detail = self._detail(repository)
        commits = walk_commits(repository, self._source, walk, detail)
        data = DataReader(repository) if detail == "full" else None
        count, done = CommitCount(repository, walk), walk.done
        with ExitStack() as stack:
            if data is not None:
                stack.enter_context(closing(data))
            for number, group in enumerate(_groups(commits)):
                done += len(group)
                reached = Walk(walk.tips, walk.known, done, group[-1].sha)
                told = mended(repository, group, boundary)
                parts = _parts(self._data(data, told, repository))
                versions = next(parts)
                for part in parts:
                    yield Batch(data_versions=versions)
                    versions = part
                yield Batch(
                    commits=told, data_versions=versions, cursor=standing.but(walk=reached).cursor(), done=done,
                    total=count.read(stack) if number else None,
                )  # fmt: skip

    def _data(
        self, data: DataReader | None, commits: Sequence[Commit], repository: Repository
    ) -> Iterator[DataVersion]:  # fmt: skip
        """What the commits changed of DVC's data. Of a clone with a damaged object, what could be read of it."""
        try:
            yield from data.versions(commits) if data is not None else ()
        except GitError as error:
            if error.reason != "damaged" or self._clone is None or repository is not self._clone.repository:
                raise
            LOGGER.warning("What DVC tracks is not known of some commits: %s", error)

    def _no_branch(self, listing: refs.Listing) -> str:
        some = ", ".join(sorted(listing.branches)[:5])
        if self._place.branches:
            wanted = ", ".join(self._place.branches)
            return f"No branch matches {wanted}: set [git] branches. There are {some}."
        return f"There is no default branch to watch: set [git] branches. There are {some}."

    def _untrusted(self) -> str:
        address = canonical_url(self._place.url or "")
        return f"The repository {address} is fetched only after you trust this project: quarterdeck trust."


_NO_REFS: Final = refs.Listing({}, {})


def _on_this_ground(standing: Standing, boundary: str) -> Standing:
    """Where a shallow clone was deepened, what lies below known commits is not known: all is walked again."""
    if boundary == standing.boundary:
        return standing
    return standing.but(known=(), walk=None, boundary=boundary)


def _is_due(fetched_at: Millis | None, now: Millis, interval: float) -> bool:
    """Also when the clock went back behind the last fetch."""
    return fetched_at is None or not 0 <= now - fetched_at < interval * 1000


def _parts(versions: Iterator[DataVersion]) -> Iterator[tuple[DataVersion, ...]]:
    """Of the size of a transaction, at least one; none is read before the one before it was taken."""
    while True:
        part = tuple(islice(versions, _VERSIONS))
        yield part
        if len(part) < _VERSIONS:
            return


def _groups(commits: Iterator[Commit]) -> Iterator[list[Commit]]:
    group: list[Commit] = []
    most, changes, size = _FIRST, 0, 0
    for commit in commits:
        group.append(commit)
        changes += len(commit.changes)
        size += len(commit.body) + len(commit.subject)
        if len(group) >= most or changes >= _CHANGES or size >= _BYTES:
            yield group
            group, most, changes, size = [], _COMMITS, 0, 0
    if group:
        yield group
