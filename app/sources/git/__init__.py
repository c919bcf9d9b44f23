"""Git as a source: commits of the watched branches with the paths they changed, branch heads, tags.

The user's clone is only read: nothing is refreshed, locked or fetched there. Where the network is allowed, the
remote is fetched into a bare mirror of our own; else what the clone knows is read in place.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Sequence
from pathlib import Path

from ...errors import SourceError
from ...git import GitError
from ...records import Batch, SourceSpec, Want
from .. import Cursor
from .calls import Calls
from .objects import Target
from .reading import Pass, Place
from .standing import Standing, read_standing

__all__ = ["GitSource"]


class GitSource:
    """The Git repository of a project.

    `path` is any folder of the user's clone, None for a project without a checkout; `url` is the remote (a login
    in it is used and never stored), None for the clone's own remote (origin, else the only one). `mirror` is
    where our own bare mirror belongs (a folder ending in .git, in the cache), None to read the clone in place.
    `branches` are patterns (`release/*`; none: the remote's default branch, main, master or the current one).
    `policy` is the path of the settings there. `fetch_interval` in seconds. Without `allow_network` nothing connects
    and no mirror is made.
    """

    def __init__(
        self,
        spec: SourceSpec,
        *,
        path: Path | None,
        url: str | None = None,
        mirror: Path | None = None,
        branches: Sequence[str] = (),
        policy: str = "quarterdeck.toml",
        fetch_interval: float = 120.0,
        allow_network: bool = False,
    ) -> None:
        self._spec = spec
        self._place = Place(path, url, mirror, tuple(branches), fetch_interval, allow_network, policy)
        self._targets: dict[str, Target] = {}
        self._calls = Calls()
        self._known = Standing()
        """What the cache had when it was last asked for what is new."""

    @property
    def spec(self) -> SourceSpec:
        """Which source this is."""
        return self._spec

    def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """What is new: a fetch where one is due, then the refs, then commits newest first. Raises SourceError.

        Nothing new costs one Git call of some 5 ms, two with a mirror. A fetch that fails is told after what could
        be read without it was handed over.
        """
        self._known = read_standing(cursor)
        return self._batches(self._known)

    def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """A fetch at once, and the whole history from its newest commit. Raises SourceError."""
        return self._batches(Standing())

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """What is written down of promotions, and notes, fetched now; what a commit changed in a file.

        poll hands all else over. Raises SourceError.
        """
        calls = Calls()
        asked = Pass(calls, self._spec.key, self._place, {})
        try:
            if want.kind == "ledger":
                yield await asyncio.to_thread(asked.ledger, self._known)
            elif want.kind == "patch" and len(want.keys) >= 2:
                yield await asyncio.to_thread(asked.patch, want.keys[0], want.keys[1:3])
        except GitError as error:
            raise SourceError(str(error), state=error.state) from error
        finally:
            calls.stop()

    async def close(self) -> None:
        """End every Git that still runs."""
        self._calls.stop()

    async def _batches(self, standing: Standing) -> AsyncIterator[Batch]:
        """The blocking pass on a thread, batch by batch; leaving early ends its Git and waits for the thread."""
        calls = self._calls = Calls()
        batches = self._pass(calls, standing)
        step: asyncio.Future[Batch | None] | None = None
        try:
            while True:
                step = asyncio.get_running_loop().run_in_executor(None, next, batches, None)
                batch = await asyncio.shield(step)
                if batch is None:
                    return
                yield batch
        finally:
            calls.stop()
            if step is not None and not step.done():
                await asyncio.wait([step])
                step.exception()  # it was stopped: taken, so that nobody reports it as forgotten
            batches.close()

    def _pass(self, calls: Calls, standing: Standing) -> Generator[Batch, None, None]:
        try:
            yield from Pass(calls, self._spec.key, self._place, self._targets).batches(standing)
        except GitError as error:
            raise SourceError(str(error), state=error.state) from error
