"""The passes: those of the source of runs, and after each of its batches the histories that went on.

A pass costs what one over the runs does, and a request for each metric of twenty runs that went on.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import aclosing
from typing import Final, cast

from ...errors import IncompleteError
from ...records import Batch, Millis, MonitorSeries, Run, Samples, Series, SourceSpec, Want
from ...settings import seconds
from ...settings.sections import MlflowMonitor
from ...settings.sections import Series as Section
from ...text import clip
from .. import Cursor, TellsTime
from ..mlflow import MlflowSource
from ..monitored import MOST_LINES, make_samples, make_series
from .marks import KnownLine, Marks
from .points import Point, keys_of, labels_of, points_of

_AT_ONCE: Final = 20
"""Runs whose histories are asked for at once."""
_REMEMBERED: Final[Millis] = 86_400_000
"""How long it is remembered how far a run was read that ended: what is logged to it later is met by the runs' sweep."""


class MonitorSource:
    """One `[[monitors]] kind = "mlflow"`, over the source of its runs."""

    def __init__(
        self, spec: SourceSpec, runs: MlflowSource, section: MlflowMonitor, *, clock: Callable[[], float] = time.time
    ) -> None:
        self.spec = spec
        self._runs = runs
        self._section = section
        self._keys = tuple(dict.fromkeys(key for one in section.series for key in keys_of(one)))
        self._clock = clock
        self._crowded: dict[str, None] = {}
        """Series that have more lines than are kept."""

    def server_now(self) -> Millis | None:
        """The server's clock; None where the store is a file, and before the first use."""
        return self._runs.server_now() if isinstance(self._runs, TellsTime) else None

    async def close(self) -> None:
        """Let go of the connections."""
        await self._runs.close()

    async def poll(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """One pass; with an empty cursor, or one that stopped half-way, the first sync as well. Raises SourceError."""
        marks = Marks.load(cursor)
        if marks.meet(self._section):
            yield Batch(series=tuple(self._known(marks)), series_complete=True, cursor=marks.dump())
        async for batch in self._read(self._runs.poll(marks.runs), marks, is_anew=False):
            yield batch
        marks.read_before = self._now() - _REMEMBERED
        yield Batch(series=tuple(self._known(marks)), cursor=marks.dump())
        self._complain(marks)

    async def sweep(self, cursor: Cursor) -> AsyncIterator[Batch]:
        """All runs and histories once more."""
        marks = Marks.load(cursor)
        if marks.meet(self._section):
            yield Batch(series=tuple(self._known(marks)), series_complete=True, cursor=marks.dump())
        async for batch in self._read(self._runs.sweep(marks.runs), marks, is_anew=True):
            yield batch
        marks.read_before = self._now() - _REMEMBERED
        yield Batch(series=tuple(self._known(marks)), cursor=marks.dump())
        self._complain(marks)

    async def want(self, want: Want) -> AsyncIterator[Batch]:
        """Nothing: the next pass is as quick as anything that could be asked here."""
        return
        yield  # makes it a generator, as the other sources are

    async def _read(self, batches: AsyncIterator[Batch], marks: Marks, *, is_anew: bool) -> AsyncIterator[Batch]:
        # what sources call an iterator is a generator, which must be closed when the reader leaves early
        async with aclosing(cast("AsyncGenerator[Batch, None]", batches)) as found:
            async for batch in found:
                if batch.experiments_complete:
                    marks.experiments = {one.id: one.name for one in batch.experiments}
                runs = [run for run in batch.runs if self._is_wanted(run, marks, is_anew=is_anew)]
                for at in range(0, len(runs), _AT_ONCE):
                    yield await self._lines(runs[at : at + _AT_ONCE], marks, is_anew=is_anew)
                marks.forget(batch.runs, self._now() - _REMEMBERED)
                if batch.cursor is not None:
                    marks.runs = dict(batch.cursor)
                    yield Batch(cursor=marks.dump(), done=batch.done, total=batch.total)

    def _is_wanted(self, run: Run, marks: Marks, *, is_anew: bool) -> bool:
        if run.status == "deleted" or run.metrics.keys().isdisjoint(self._keys):
            return False
        return is_anew or marks.went_on(run, self._keys)

    async def _lines(self, runs: Sequence[Run], marks: Marks, *, is_anew: bool) -> Batch:
        """What these runs add to the lines."""
        read = await self._histories(runs, marks, is_anew=is_anew)
        samples: list[Samples] = []
        series: list[MonitorSeries] = []
        for section in self._section.series:
            for line, points in self._points(section, runs, read, marks):
                line.meet([at for at, _, _ in points])
                series.append(self._series(section, line))
                samples.append(make_samples(series[-1], points))
        return Batch(series=tuple(series), samples=tuple(samples))

    def _points(
        self, section: Section, runs: Sequence[Run], read: dict[str, dict[str, Series]], marks: Marks
    ) -> Iterator[tuple[KnownLine, list[Point]]]:
        """Lines of a series with their new points; too many lines are not begun."""
        of_line: dict[int, tuple[KnownLine, list[Point]]] = {}
        for run in runs:
            points = list(points_of(section, read.get(run.id, {})))
            if points:
                labels = labels_of(section, run, marks.experiments.get(run.experiment_id, run.experiment_id))
                line = marks.line(section.name, labels)
                of_line.setdefault(id(line), (line, []))[1].extend(points)
        if len(marks.lines.get(section.name, ())) > MOST_LINES:
            self._crowded[section.name] = None
            del marks.lines[section.name][MOST_LINES:]
        kept = {id(line) for line in marks.lines.get(section.name, ())}
        yield from (found for key, found in of_line.items() if key in kept)

    async def _histories(
        self, runs: Sequence[Run], marks: Marks, *, is_anew: bool
    ) -> dict[str, dict[str, Series]]:  # fmt: skip
        """Run -> metric -> its history, or of one that was read before what came since."""
        found: dict[str, dict[str, Series]] = defaultdict(dict)
        for key in self._keys:
            ids = tuple(run.id for run in runs if key in run.metrics)
            if not ids:
                continue
            held = () if is_anew or self._is_joined(key) else (marks.known(one, key, self._now()) for one in ids)
            known = tuple(one for one in held if one is not None)
            want = Want(kind="history", source=self.spec.key, run_ids=ids, keys=(key,), known=known)
            async for batch in self._runs.want(want):
                for series in (*batch.histories, *batch.tails):
                    found[series.run_id][key] = series
                    marks.note(series, self._now(), is_tail=series in batch.tails)
        return found

    def _is_joined(self, key: str) -> bool:
        """Whether a metric is half of an objective: its other half may have come before it, so both are read whole."""
        return any(key in keys_of(one) for one in self._section.series if one.objective is not None)

    def _known(self, marks: Marks) -> Iterator[MonitorSeries]:
        """All lines, looked at now: a version whose runs stopped among them."""
        for section in self._section.series:
            yield from (self._series(section, line) for line in marks.lines.get(section.name, ()))

    def _series(self, section: Section, line: KnownLine) -> MonitorSeries:
        given = self._section.step
        step = line.step if given is None else round(1000 * seconds(given))
        return make_series(self.spec.key, section, line.labels, step=step, looked_at=self._now(), said=line.labels)

    def _complain(self, marks: Marks) -> None:
        """Raise IncompleteError where there is nothing to read, or more than is kept."""
        if not marks.experiments and self._section.experiments:
            names = ", ".join(clip(name, 60) for name in self._section.experiments[:3])
            raise IncompleteError(f"No experiment is called like {names}: nothing is read of it.", "never")
        if self._crowded:
            names = ", ".join(f"“{clip(name, 60)}”" for name in list(self._crowded)[:3])
            raise IncompleteError(
                f"{names}: only {MOST_LINES} lines are kept, and there are more. Fewer experiments, models or versions"
                " make fewer.",
                "misconfigured",
            )

    def _now(self) -> Millis:
        return int(self._clock() * 1000)
