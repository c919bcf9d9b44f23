"""What is new in a registry: all models with all their aliases, and the versions that changed last."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

from ....records import Batch, Millis, ModelVersion, RegisteredModel
from .aliases import Found, Shown, moved, named, seen
from .api import RegistryApi
from .logged import LoggedModels, model_ids
from .marks import Marks
from .place import Place

_MODELS_A_PAGE: Final = 1_000
"""The most that MLflow gives."""
_TRIES: Final = 3
_NEWEST_PAGE: Final = 100
_OVERLAP: Final = 300_000
"""Milliseconds that a pass looks back: several servers on one database have clocks of their own."""
_LOGGED_REQUESTS: Final = 5
"""For the logged models of versions that are new: what is left over comes with the next passes."""


class _Listing(NamedTuple):
    models: tuple[RegisteredModel, ...]
    is_complete: bool


class Looks:
    """Looks again at what may have changed. Three requests where nothing did."""

    def __init__(self, api: RegistryApi, logged: LoggedModels) -> None:
        self._api = api
        self._logged = logged
        self.prompts: bool | None = None
        """Whether the server keeps prompts apart; None before the first look."""
        self.met: dict[str, Shown] = {}
        """What models showed that somebody asked for since the last pass: the cursor does not know of it."""

    async def batches(self, marks: Marks) -> AsyncIterator[Batch]:
        """All models and what became of aliases that moved; then what changed. The marks are moved as it is read."""
        listing = await self._listing()
        now = self._api.server_now()
        since = marks.polled_at
        before, self.met = marks.aliases | self.met, {}
        asked = [] if since is None else moved(before, listing.models)
        found = await named(self._api.version, asked, forgiving=True)
        known = {} if listing.is_complete else marks.aliases
        marks.aliases = known | seen(listing.models)
        if since is None:
            marks.polled_at = now
        yield await self._with_logged(marks, found, listing)
        if since is not None:
            async for batch in self._newest(marks, listing, since - _OVERLAP, found):
                yield batch
            marks.polled_at = now

    async def _with_logged(self, marks: Marks, found: Found, listing: _Listing) -> Batch:
        logged, left = await self._logged.take(model_ids(found.versions), _LOGGED_REQUESTS)
        marks.logged += left
        return Batch(
            models=listing.models, models_complete=listing.is_complete, versions=tuple(found.versions),
            versions_gone=tuple(found.gone), logged_models=tuple(logged), cursor=marks.dump(),
        )  # fmt: skip

    async def _listing(self) -> _Listing:
        """All registered models and prompts."""
        models, is_complete = await self._all(prompts=False)
        if self.prompts is None:
            self.prompts = await self._api.knows_prompts()
        if not self.prompts:
            return _Listing(tuple(models), is_complete)
        prompts, are_complete = await self._all(prompts=True)
        return _Listing((*models, *prompts), is_complete and are_complete)

    async def _all(self, *, prompts: bool) -> tuple[list[RegisteredModel], bool]:
        """One list of models, and whether it is certain that none is missing: one may be deleted while it is read."""
        found: list[RegisteredModel] = []
        for _ in range(_TRIES):
            found, place = [], Place()
            while True:
                page = await self._api.models(_MODELS_A_PAGE, place.asked, prompts=prompts)
                names = [model.name for model in page.records]
                known = place.joins(names)
                if known is None:
                    break
                found += page.records[known:]
                place.advance(names, page.token, len(names) - known)
                if not page.token:
                    return found, True
        return found, False

    async def _newest(self, marks: Marks, listing: _Listing, since: Millis, met: Found) -> AsyncIterator[Batch]:
        """Versions that were made or changed since, of models and, where one of them changed, of prompts."""
        kinds = [False]
        if self.prompts and any(_is_new_prompt(model, since) for model in listing.models):
            kinds.append(True)
        for prompts in kinds:
            async for versions in self._changed(since, prompts=prompts):
                fresh = [version for version in versions if version not in met.versions]
                if fresh:
                    logged, left = await self._logged.take(model_ids(fresh), _LOGGED_REQUESTS)
                    marks.logged += left
                    yield Batch(versions=tuple(fresh), logged_models=tuple(logged))

    async def _changed(self, since: Millis, *, prompts: bool) -> AsyncIterator[Sequence[ModelVersion]]:
        token = ""
        while True:
            page = await self._api.versions("last_updated_timestamp DESC", _NEWEST_PAGE, token, prompts=prompts)
            new = [version for version in page.records if (version.updated_at or 0) >= since]
            yield new
            token = page.token
            if not token or len(new) < len(page.records):
                return


def _is_new_prompt(model: RegisteredModel, since: Millis) -> bool:
    return model.kind == "prompt" and (model.updated_at or 0) >= since
