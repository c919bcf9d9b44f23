"""What somebody looks at right now: histories, extremes, artifact listings, single runs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from ...errors import SourceError
from ...records import Batch, Want
from .pages import Api
from .rest import is_missing

_BETWEEN_HISTORIES: Final = 1.0
"""Seconds: smallest and largest values are filled in at no more than a request a second."""
_EXTREME_POINTS: Final = 500
"""A metric with fewer points is wholly known from one request for a hundred runs."""


class Wants:
    """Answers wants over an `Api`."""

    def __init__(self, api: Api, pause: Callable[[float], Awaitable[None]]) -> None:
        self._api = api
        self._pause = pause

    def batches(self, want: Want) -> AsyncIterator[Batch]:
        """The batches that a want asks for. What the server no longer has is left out."""
        return {
            "run": self._runs,
            "history": self._histories,
            "extremes": self._extremes,
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

    async def _histories(self, want: Want) -> AsyncIterator[Batch]:
        for key in want.keys:
            if want.points is not None:
                found = await self._api.sampled(want.run_ids, key, want.points)
                if found is not None:
                    yield Batch(histories=tuple(found))
                    continue
            for run_id in want.run_ids:
                yield Batch(histories=(await self._api.history(run_id, key),))

    async def _extremes(self, want: Want) -> AsyncIterator[Batch]:
        """Thinned out histories of all runs first, then the whole one of each that was not whole already."""
        for key in want.keys:
            found = await self._api.sampled(want.run_ids, key, _EXTREME_POINTS)
            whole: set[str] = set()
            if found is not None:
                yield Batch(histories=tuple(found))
                whole = {history.run_id for history in found if history.history == "complete"}
            for run_id in want.run_ids:
                if run_id not in whole:
                    await self._pause(_BETWEEN_HISTORIES)
                    yield Batch(histories=(await self._api.history(run_id, key),))

    async def _contents(self, want: Want) -> AsyncIterator[Batch]:
        for run_id in want.run_ids:
            for path in want.keys:
                yield Batch(contents=(await self._api.content(run_id, path),))

    async def _listings(self, want: Want) -> AsyncIterator[Batch]:
        for run_id in want.run_ids:
            for folder in want.keys or ("",):
                yield Batch(listings=(await self._api.listing(run_id, folder),))
