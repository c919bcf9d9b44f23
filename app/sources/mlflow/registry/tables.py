"""`sqlite:///`: a source that reads the registry's own tables in place.

Reading here costs no server anything: a pass reads all models and aliases, what changed since the last one, and the
next thousand versions of the sweep; nothing at all where nobody wrote into the file since.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from ....errors import SourceError
from ....records import Batch, LoggedModel, Millis, ModelVersion, RegisteredModel, SourceSpec, Want
from ... import Cursor
from ..cursor import CursorMarks
from .aliases import Shown, moved, named, seen
from .client_writes import FileWrites
from .logged import model_ids
from .store import Key, RegistryStore
from .writes import RegistryWrites

T = TypeVar("T")

_WINDOW: Final = 1_000
"""Versions of one read transaction, some 20 ms, and of one step of the sweep."""
_OVERLAP: Final = 300_000
"""Milliseconds that a pass looks back: a version carries the clock of the machine that registered it."""
_USUAL: Final = "default"
"""The workspace of whoever names none."""


class Marks(CursorMarks):
    """The cursor."""

    polled_at: Millis | None = None
    aliases: dict[str, Shown] = msgspec.field(default_factory=dict)
    """By registered model, as at the last pass."""
    below: Key | None = None
    """The sweep (at first: the first sync) goes on below this version; None: at the newest."""
    began: Millis = 0
    read: int = 0
    whole: bool = False
    sweep_period: int | None = None

    def begin_sweep(self, now: Millis) -> None:
        """Start over at the newest version."""
        self.below, self.read, self.began = None, 0, now


class RegistryTables(RegistryWrites):
    """MLflow's tables in a SQLite file."""

    def __init__(
        self, spec: SourceSpec, path: Path, environment: Mapping[str, str], *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(spec, FileWrites(path, spec.key, lambda: self._do(RegistryStore.revision)))
        self._path = path
        self._workspace = environment.get("MLFLOW_WORKSPACE") or _USUAL
        self._clock = clock
        self._store: RegistryStore | None = None
        self._turn = asyncio.Lock()
        self._forget()
        self._met: dict[str, Shown] = {}
        """What models showed that somebody asked for since the last pass: the cursor does not know of it."""

    def _forget(self) -> None:
        """Close the file, and what was concluded from its data versions: they hold for one connection."""
        if self._store is not None:
            self._store.close()
        self._store = None
        self._clean_at: int | None = None
        """The data version that a sweep began with and still met at its end."""
        self._sweep_from: int | None = None

    async def close(self) -> None:
        """Let go of the file."""
        async with self._turn:
            self._forget()

    async def get_model(self, model: str) -> RegisteredModel | None:
        """A registered model with all its aliases as it is in the tables now; None when it is gone."""
        return await self._do(lambda store: store.model(model))

    async def get_version(self, model: str, version: str) -> ModelVersion | None:
        """A version as it is in the tables now; None when it is gone."""
        return await self._do(lambda store: store.version(model, version))

    async def versions_of_run(self, run_id: str) -> list[ModelVersion]:
        """The versions of all models that were made of a run."""
        return await self._do(lambda store: store.versions_of_run(run_id))

    async def versions_with_tag(self, key: str, value: str) -> list[ModelVersion]:
        """The versions of all models that have a tag with this value."""
        return await self._do(lambda store: store.versions_with_tag(key, value))

    async def logged_of_run(self, experiment: str, run_id: str) -> list[LoggedModel]:
        """The models that a run logged."""
        return await self._do(lambda store: store.logged_of_run(run_id))

    async def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """One pass; the first sync as well while it is not done. Nothing at all when nobody wrote since."""
        marks = Marks.load(cursor, ())
        marks.began = min(marks.began, self._now())  # a clock that was set back would make all that is met look unmet
        version = await self._do(RegistryStore.data_version)
        if marks.whole and self._clean_at == version:
            return
        yield await self._news(marks)
        async for batch in self._windows(marks, version, is_all=not marks.whole):
            yield batch

    async def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """All versions at once. One that is killed begins anew; the passes' marks move at its end only."""
        marks = Marks.load(cursor, ())
        self._clean_at, is_first = None, not marks.whole
        version = await self._do(RegistryStore.data_version)
        yield await self._news(marks)
        if not is_first:
            marks.begin_sweep(self._now())
        async for batch in self._windows(marks, version, is_all=True):
            is_last = batch.versions_gone_unless_seen_since is not None
            yield batch if is_first or is_last else msgspec.structs.replace(batch, cursor=None)

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """A registered model with all its aliases, those of its versions that are named, and their logged models."""
        if want.kind != "model":
            return
        model = await self.get_model(want.model)
        self._met |= seen([model] if model is not None else [])
        found = await named(self.get_version, [(want.model, version) for version in want.keys])
        batch = await self._batch(found.versions)
        models = () if model is None else (model,)
        yield msgspec.structs.replace(batch, models=models, versions_gone=tuple(found.gone))

    async def _news(self, marks: Marks) -> Batch:
        """All models, what became of aliases that moved, and the versions that changed since the last pass."""
        since, now = marks.polled_at, self._now()
        models = await self._do(RegistryStore.models)
        before, self._met = marks.aliases | self._met, {}
        asked = [] if since is None else moved(before, models)
        found = await named(self.get_version, asked)
        if since is None:
            marks.begin_sweep(now)
            changed: list[ModelVersion] = []
        else:
            changed, gone = await self._do(lambda store: store.changed(since - _OVERLAP))
            found.gone.extend(gone)
        marks.polled_at, marks.aliases = now, seen(models)
        versions = {(one.model, one.version): one for one in (*found.versions, *changed)}
        batch = await self._batch(list(versions.values()))
        return msgspec.structs.replace(
            batch, models=tuple(models), models_complete=True, versions_gone=tuple(dict.fromkeys(found.gone)),
            cursor=marks.dump(),
        )  # fmt: skip

    async def _windows(self, marks: Marks, version: int, *, is_all: bool) -> AsyncIterator[Batch]:
        """The sweep, a window of it or all that is left, each batch with the cursor below it."""
        total = await self._do(RegistryStore.count)
        while True:
            if marks.below is None:
                self._sweep_from = version
            batch = await self._window(marks)
            if marks.below is None:
                yield self._swept(marks, batch, version, total)
                return
            yield msgspec.structs.replace(
                batch, cursor=marks.dump(), done=marks.read, total=total, sweep_period=marks.sweep_period
            )
            if not is_all:
                return

    async def _window(self, marks: Marks) -> Batch:
        """The next versions of the sweep; the marks move below them."""
        versions, marks.below = await self._do(lambda store: store.newest(marks.below, _WINDOW))
        marks.read += len(versions)
        return await self._batch(versions)

    def _swept(self, marks: Marks, batch: Batch, version: int, total: int) -> Batch:
        """The last batch of a whole reading: what it did not meet is gone."""
        began, now = marks.began, self._now()
        marks.whole, marks.sweep_period = True, max(now - began, 1)
        marks.begin_sweep(now)
        if self._sweep_from == version:
            self._clean_at = version
        return msgspec.structs.replace(
            batch, versions_gone_unless_seen_since=began, cursor=marks.dump(), done=total, total=total,
            sweep_period=marks.sweep_period,
        )  # fmt: skip

    async def _batch(self, versions: Sequence[ModelVersion]) -> Batch:
        logged = await self._do(lambda store: store.logged(model_ids(versions)))
        return Batch(versions=tuple(versions), logged_models=tuple(logged))

    async def _do(self, work: Callable[[RegistryStore], T]) -> T:
        """Blocking work on the open store, in a thread, one at a time."""
        async with self._turn:
            return await asyncio.to_thread(self._with_store, work)

    def _with_store(self, work: Callable[[RegistryStore], T]) -> T:
        if self._store is not None and not self._store.is_current():
            self._forget()
        if self._store is None:
            self._store = RegistryStore(self._path, self._spec.key, self._workspace)
        try:
            return work(self._store)
        except SourceError:
            self._forget()  # whatever it was, the next try begins with a fresh look at the file
            raise

    def _now(self) -> Millis:
        return int(self._clock() * 1000)
