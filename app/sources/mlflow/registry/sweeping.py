"""Going over all versions of a registry, newest first: the first sync at once, later a step a pass."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from typing import Final

from ....records import Batch, LoggedModel, Millis, ModelVersion
from ...trouble import TooLargeError, TooSlowError
from .api import Page, RegistryApi
from .logged import LoggedModels, model_ids
from .looks import Looks
from .marks import Marks
from .place import Place

FIRST_PAGE: Final = 200
_SMALLEST_PAGE: Final = 100
_LARGEST_PAGE: Final = 1_000
"""Measured on 3.17.2 with SQLite: 200 versions take 0.07 s, 1,000 take 0.25 s (550 KB), 5,000 take 1.8 s."""
_STEP: Final = 500
_AIM: Final = 0.3
"""Seconds that a page of versions should take."""
_BETWEEN_LOOKS: Final = 60.0
"""Seconds after which a long first sync looks for what is new."""
_STEP_REQUESTS: Final = 2
_ALL: Final = 1_000_000


class Sweep:
    """The way over all versions; where it stands is in the marks."""

    def __init__(
        self, api: RegistryApi, logged: LoggedModels, looks: Looks, page: int, clock: Callable[[], float]
    ) -> None:
        self._api = api
        self._logged = logged
        self._looks = looks
        self._page = page
        self._clock = clock

    def now(self) -> Millis:
        """Our own clock, as the cache's."""
        return int(self._clock() * 1000)

    async def whole(self, marks: Marks) -> AsyncIterator[Batch]:
        """All versions that are left of the sweep, with their logged models.

        In the first sync each batch has the cursor that goes on below it; later only the last.
        """
        looked, is_first = time.monotonic(), not marks.whole
        while True:
            versions, is_last = await self._next_page(marks, _LARGEST_PAGE)
            logged, _ = await self._logged.take(model_ids(versions), _ALL)
            if is_last:
                yield self._swept(marks, versions, logged)
                return
            yield Batch(
                versions=tuple(versions), logged_models=tuple(logged), cursor=marks.dump() if is_first else None,
                done=marks.met, total=None if is_first else max(marks.versions, marks.met),
            )  # fmt: skip
            if is_first and time.monotonic() - looked > _BETWEEN_LOOKS:
                async for batch in self._looks.batches(marks):
                    yield batch
                looked = time.monotonic()

    async def step(self, marks: Marks) -> Batch:
        """One step, with the cursor after it: some logged models while any are left, else a page of versions."""
        if marks.logged:
            logged, marks.logged = await self._logged.take(marks.logged, _STEP_REQUESTS)
            return Batch(logged_models=tuple(logged), cursor=marks.dump())
        versions, is_last = await self._next_page(marks, _STEP)
        marks.logged = model_ids(versions)
        if is_last:
            return self._swept(marks, versions, [])
        return Batch(
            versions=tuple(versions), cursor=marks.dump(), sweep_period=marks.expected_period(self.now())
        )  # fmt: skip

    def _swept(self, marks: Marks, versions: list[ModelVersion], logged: list[LoggedModel]) -> Batch:
        """The last batch of a whole reading: what it did not meet is gone."""
        began = marks.sweep_began
        marks.end_sweep(self.now())
        return Batch(
            versions=tuple(versions),
            versions_gone_unless_seen_since=began,
            logged_models=tuple(logged),
            cursor=marks.dump(),
            done=marks.versions,
            total=marks.versions,
            sweep_period=marks.sweep_period,
        )

    async def _next_page(self, marks: Marks, most: int) -> tuple[list[ModelVersion], bool]:
        """The next versions, and whether they are the last. It begins anew where some may be missing in between."""
        page = await self._fetch(marks.sweep.asked, most, prompts=marks.in_prompts)
        rows = [f"{version.version} {version.model}" for version in page.records]
        known = marks.sweep.joins(rows)
        if known is None:
            marks.sweep = Place()
            return [], False
        marks.sweep.advance(rows, page.token, len(rows) - known)
        if page.token or marks.in_prompts or not self._looks.prompts:
            return list(page.records[known:]), not page.token
        marks.go_on_with_prompts()
        return list(page.records[known:]), False

    async def _fetch(self, token: str, most: int, *, prompts: bool) -> Page[ModelVersion]:
        """A page of a size that the server delivers in time: fewer versions are asked for when it does not."""
        while True:
            size, began = min(self._page, most), time.monotonic()
            try:
                page = await self._api.versions("creation_timestamp DESC", size, token, prompts=prompts)
            except (TooSlowError, TooLargeError):
                if self._page <= _SMALLEST_PAGE:
                    raise
                self._page = max(_SMALLEST_PAGE, size // 4)
                continue
            self._learn(size, time.monotonic() - began, is_full=len(page.records) == size)
            return page

    def _learn(self, size: int, took: float, *, is_full: bool) -> None:
        if took > 2 * _AIM:
            self._page = max(_SMALLEST_PAGE, size // 2)
        elif took < _AIM / 2 and is_full and size == self._page:
            self._page = min(_LARGEST_PAGE, size * 2)
