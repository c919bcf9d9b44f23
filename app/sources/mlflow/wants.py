"""What somebody looks at right now: histories, extremes, artifact listings, single runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from ...errors import SourceError
from ...records import Batch, Want
from .histories import Histories
from .pages import Api
from .rest import is_missing


class Wants:
    """Answers wants over an `Api`."""

    def __init__(self, api: Api, pause: Callable[[float], Awaitable[None]]) -> None:
        self._api = api
        self._histories = Histories(api, pause)

    def batches(self, want: Want) -> AsyncIterator[Batch]:
        """The batches that a want asks for. What the server no longer has is left out."""
        return {
            "run": self._runs,
            "history": self._histories.histories,
            "extremes": self._histories.extremes,
            "artifacts": self._listings,
            "artifact": self._contents,
        }[want.kind](want)

    async def _runs(self, want: Want) -> AsyncIterator[Batch]:
        for run_id in want.run_ids:
            try:
                yield Batch(runs=(await self._api.run(run_id),))
            except SourceError as error:
                if not is_missing(error):
                    raise

    async def _contents(self, want: Want) -> AsyncIterator[Batch]:
        for run_id in want.run_ids:
            for path in want.keys:
                yield Batch(contents=(await self._api.content(run_id, path),))

    async def _listings(self, want: Want) -> AsyncIterator[Batch]:
        for run_id in want.run_ids:
            for folder in want.keys or ("",):
                yield Batch(listings=(await self._api.listing(run_id, folder),))
