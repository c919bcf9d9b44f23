"""Histories over an `Api`: what came since where the cache has the rest, whole or thinned out where it has not.

What a run that is looked at costs every few seconds is one request for the run itself, and one for each metric
that went on. A history is read whole again from time to time, because points may come late and out of order.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from ...errors import SourceError
from ...records import Batch, KnownSeries, Run, Series, Want
from .pages import Api
from .rest import is_missing

_BETWEEN_HISTORIES: Final = 1.0
"""Seconds: smallest and largest values are filled in at no more than a request a second."""
_EXTREME_POINTS: Final = 500
"""A metric with fewer points is wholly known from one request for a hundred runs."""
_SEVERAL_POINTS: Final = 2_500
"""What several runs are asked for at once before those that have more are read one by one."""
_ONE_PAGE: Final = 25_000
"""Points that one request reads. A longer history whose new points cannot be told apart waits until it is due."""

_Known = dict[tuple[str, str], KnownSeries]


class Histories:
    """Reads histories and extremes. Every method raises SourceError."""

    def __init__(self, api: Api, pause: Callable[[float], Awaitable[None]]) -> None:
        self._api = api
        self._pause = pause

    async def histories(self, want: Want) -> AsyncIterator[Batch]:
        """A batch for each metric that is read anew, then one with all that was added to the others."""
        known: _Known = {(one.run_id, one.key): one for one in want.known}
        quiet = await self._quiet(want)
        tails: list[Series] = []
        for key in want.keys:
            asked = [one for one in want.run_ids if (one, key) not in quiet]
            added, rest = await self._tails(asked, key, known)
            tails += added
            async for batch in self._anew(rest, key, want.points):
                yield batch
        if tails:
            yield Batch(tails=tuple(tails))

    async def extremes(self, want: Want) -> AsyncIterator[Batch]:
        """Thinned out histories of all runs first, then the whole one of each that was not whole already."""
        known: _Known = {(one.run_id, one.key): one for one in want.known}
        for key in want.keys:
            tails, rest = await self._tails(want.run_ids, key, known)
            if tails:
                yield Batch(tails=tuple(tails))
            found = await self._sampled(rest, key, _EXTREME_POINTS)
            if found:
                yield Batch(histories=tuple(found))
            whole = {series.run_id for series in found or () if series.history == "complete"}
            for run_id in rest:
                if run_id not in whole:
                    await self._pause(_BETWEEN_HISTORIES)
                    async for batch in self._whole((run_id,), key):
                        yield batch

    async def _quiet(self, want: Want) -> set[tuple[str, str]]:
        """Histories that did not go on, by run and key: the runs say so, where they cost less than each metric.

        The runs themselves are not handed over: until the last curve is read a pass may have brought later ones.
        """
        quiet: set[tuple[str, str]] = set()
        if len(want.keys) <= len(want.run_ids):
            return quiet
        for run_id in want.run_ids:
            here = [one for one in want.known if one.run_id == run_id and not one.is_due]
            run = await self._run(run_id) if len(here) > 1 else None
            if run is not None:
                quiet.update((run_id, one.key) for one in here if not _went_on(run, one))
        return quiet

    async def _run(self, run_id: str) -> Run | None:
        try:
            return await self._api.run(run_id)
        except SourceError as error:
            if is_missing(error):
                return None
            raise

    async def _tails(self, run_ids: Sequence[str], key: str, known: _Known) -> tuple[list[Series], list[str]]:
        """What was added to histories that are here whole, and the runs whose history has to be read anew."""
        held = [one for run_id in run_ids if (one := known.get((run_id, key))) and _can_grow(one)]
        found: list[Series] = []
        for some in (held, *([one] for one in held if len(held) > 1)):
            missing = [one for one in some if one.run_id not in {series.run_id for series in found}]
            found += await self._since(missing, key)
        got = {series.run_id for series in found} | {one.run_id for one in held if one.points >= _ONE_PAGE}
        return found, [run_id for run_id in run_ids if run_id not in got]

    async def _since(self, held: Sequence[KnownSeries], key: str) -> list[Series]:
        """The points from the last step on, of those runs where they are certain to be all."""
        if not held:
            return []
        try:
            found = await self._api.since([one.run_id for one in held], key, min(one.last_step for one in held))
        except SourceError as error:
            if is_missing(error):
                return []
            raise
        return [series for series in found or () if series.history == "complete"]

    async def _anew(self, run_ids: Sequence[str], key: str, points: int | None) -> AsyncIterator[Batch]:
        enough = points if points is not None else _SEVERAL_POINTS if len(run_ids) > 1 else None
        found = None if enough is None else await self._sampled(run_ids, key, enough)
        kept = [series for series in found or () if points is not None or series.history == "complete"]
        if kept:
            yield Batch(histories=tuple(kept))
        got = {series.run_id for series in kept}
        async for batch in self._whole([one for one in run_ids if one not in got], key):
            yield batch

    async def _sampled(self, run_ids: Sequence[str], key: str, points: int) -> list[Series] | None:
        """Thinned out histories; None where the server cannot, or has not all of these runs any more."""
        if not run_ids:
            return []
        try:
            return await self._api.sampled(run_ids, key, points)
        except SourceError as error:
            if is_missing(error):
                return None
            raise

    async def _whole(self, run_ids: Sequence[str], key: str) -> AsyncIterator[Batch]:
        for run_id in run_ids:
            try:
                yield Batch(histories=(await self._api.history(run_id, key),))
            except SourceError as error:
                if not is_missing(error):
                    raise


def _can_grow(known: KnownSeries) -> bool:
    return known.history == "complete" and not known.is_due


def _went_on(run: Run, known: KnownSeries) -> bool:
    """Whether the run's last value is later than all that the cache has of this metric."""
    last = run.metrics.get(known.key)
    return last is not None and (last.step > known.last_step or (last.at or 0) > known.last_at)
