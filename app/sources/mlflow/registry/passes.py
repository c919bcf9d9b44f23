"""The passes over a registry: first sync, looks, sweep, and what somebody looks at.

Nothing in MLflow says that an alias moved, so each pass reads all registered models with all their aliases. A pass
costs at most five requests, and one more for each further thousand models: models, prompts, the versions that changed
last, and one step of the sweep (a page of versions, or the logged models of some, for which two may be needed). Only
what really is new costs more.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from ....records import Batch, LoggedModel, Millis, ModelVersion, RegisteredModel, SourceSpec, Want
from ... import Cursor
from .aliases import named, seen
from .api import RegistryApi
from .logged import LoggedModels, model_ids
from .looks import Looks
from .marks import Marks
from .sweeping import FIRST_PAGE, Sweep
from .writes import RegistryWrites

_WANTED_REQUESTS: Final = 20


class RegistrySource(RegistryWrites):
    """A registry over a `RegistryApi`. `page` is how many versions are asked for at first: the pace decides later."""

    def __init__(
        self, spec: SourceSpec, api: RegistryApi, *, page: int = FIRST_PAGE, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(spec, api)
        self._api = api
        self._logged = LoggedModels(api)
        self._looks = Looks(api, self._logged)
        self._sweep = Sweep(api, self._logged, self._looks, page, clock)

    def server_now(self) -> Millis:
        """The server's clock as far as it is known."""
        return self._api.server_now()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._api.close()

    async def get_model(self, model: str) -> RegisteredModel | None:
        """A registered model with all its aliases as it is there now; None when it is gone. Raises SourceError."""
        return await self._api.model(model)

    async def get_version(self, model: str, version: str) -> ModelVersion | None:
        """A version as it is there now; None when it is gone. Raises SourceError."""
        return await self._api.version(model, version)

    async def versions_of_run(self, run_id: str) -> list[ModelVersion]:
        """The versions of all models that were made of a run. Raises SourceError."""
        return await self._api.versions_of_run(run_id)

    async def versions_with_tag(self, key: str, value: str) -> list[ModelVersion]:
        """The versions of all models that have a tag with this value. Raises SourceError."""
        return await self._api.versions_with_tag(key, value)

    async def logged_of_run(self, experiment: str, run_id: str) -> list[LoggedModel]:
        """The models that a run logged. Raises SourceError."""
        return await self._api.logged_of_run(experiment, run_id)

    async def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """One pass; with an empty cursor, or one that stopped half-way, the first sync as well."""
        marks, is_opening = self._marks(cursor), self._looks.prompts is None
        async for batch in self._looks.batches(marks):
            yield batch
        if not marks.whole:
            async for batch in self._sweep.whole(marks):
                yield batch
        elif is_opening:  # it was asked which server this is, in place of a step
            yield Batch(cursor=marks.dump())
        else:
            yield await self._sweep.step(marks)

    async def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """All versions at once. One that is killed begins anew; the passes' marks move at its end only."""
        marks = self._marks(cursor)
        async for batch in self._looks.batches(marks):
            yield batch
        if marks.whole:
            marks.begin_sweep(self._sweep.now())
            marks.logged = []
        async for batch in self._sweep.whole(marks):
            yield batch

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """A registered model with all its aliases, those of its versions that are named, and their logged models."""
        if want.kind != "model":
            return
        model = await self._api.model(want.model)
        self._looks.met |= seen([model] if model is not None else [])
        found = await named(self._api.version, [(want.model, version) for version in want.keys])
        logged, _ = await self._logged.take(model_ids(found.versions), _WANTED_REQUESTS)
        yield Batch(
            models=() if model is None else (model,), versions=tuple(found.versions), versions_gone=tuple(found.gone),
            logged_models=tuple(logged),
        )  # fmt: skip

    def _marks(self, cursor: Cursor) -> Marks:
        marks = Marks.load(cursor, ())
        if marks.polled_at is None:
            marks.begin_sweep(self._sweep.now())
        # a clock that was set back would make all that is met look unmet
        marks.sweep_began = min(marks.sweep_began, self._sweep.now())
        return marks
