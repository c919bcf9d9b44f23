"""Cuts a batch into pieces whose transactions stay short, so that no writer and no reader waits for long."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from math import inf
from typing import Any, Final

import msgspec

from ..records import (
    ArtifactContent,
    Batch,
    Commit,
    Invocation,
    LoggedModel,
    LogPart,
    Pipeline,
    RegisteredModel,
    Run,
    Samples,
    Series,
    Stack,
)
from ..store.check_folding import FOLDS

_AIM: Final = 0.120
"""Seconds that one transaction should take. The limit is 0.2: a slow disk or a busy core may double the time."""

_CUT: Final = (
    "runs",
    "histories",
    "tails",
    "listings",
    "contents",
    "commits",
    "pipelines",
    "log_parts",
    "versions",
    "logged_models",
    "invocations",
    "samples",
    "stacks",
)

_ROWS_OF_A_RESULT: Final = 3
"""One is a row, and the row of its check is read, folded and written again."""
_ROWS_OF_RESULTS: Final = _ROWS_OF_A_RESULT * FOLDS
"""At most in one piece: when all of them turn each costs thrice what the pace has learnt of those that do not."""

_FIRST: Final = ("experiments", "models", "series")
_WHOLE: Final = ("experiments_complete", "models_complete", "series_complete")
_BUCKET: Final = 600_000
"""Histories of lines are cut at whole ten minutes: of what is old enough to be thinned these are written at once."""


class Pace:
    """How many rows fit in one transaction, learnt from the transactions before."""

    def __init__(self) -> None:
        self._rows_a_second = 40_000.0  # a slow disk; a fast one is learnt within three pieces

    @property
    def rows(self) -> float:
        """The size of the next piece."""
        return self._rows_a_second * _AIM

    def learn(self, rows: float, seconds: float) -> None:
        """A piece of that many rows took that long. Tiny ones say nothing: they are all commit."""
        if rows >= 200 and seconds > 0:
            rate = rows / seconds
            weight = 0.7 if rate < self._rows_a_second else 0.3  # slower is believed sooner
            self._rows_a_second += weight * (rate - self._rows_a_second)


def rows_of(record: Any) -> float:
    """About how many rows of the cache a record becomes."""
    count = _ROWS.get(type(record))
    return 2 if count is None else count(record)


def _rows_of_run(run: Run) -> float:
    return 4 + len(run.params) + len(run.tags) + len(run.metrics) + 2 * len(run.datasets)


def _rows_of_series(series: Series) -> float:
    return 30 + len(series) / 40  # blobs, but each is compared with what is there and has its extremes taken


def _rows_of_pipeline(pipeline: Pipeline) -> float:
    return 4 + sum(2 + len(job.steps) / 4 for job in pipeline.jobs or ())


def _rows_of_bytes(part: ArtifactContent | LogPart) -> float:
    return 3 + len(part.data) / 1_000


_ROWS: Final[Mapping[type, Callable[[Any], float]]] = {
    Run: _rows_of_run,
    Commit: lambda commit: 3 + 2 * len(commit.changes),
    Series: _rows_of_series,
    Pipeline: _rows_of_pipeline,
    RegisteredModel: lambda model: 2 + len(model.aliases),
    LoggedModel: lambda model: 4 + len(model.metrics) + len(model.params) / 4,
    Invocation: lambda invocation: 3 + _ROWS_OF_A_RESULT * len(invocation.results),
    ArtifactContent: _rows_of_bytes,
    LogPart: _rows_of_bytes,
    Samples: lambda samples: 6 + len(samples) / 4,
    Stack: lambda stack: 4 + len(stack.resources),
}


def pieces(batch: Batch, pace: Pace) -> Iterator[tuple[Batch, float]]:
    """The batch in pieces in their order, each with its rows; the last one carries the cursor.

    Experiments, registered models and lines of production go first (and whole: they may be said to be all that there
    are), refs, promotions, alerts, notes and what is gone with the last piece. Killed in between, the cursor stands
    where it stood and the same batch comes again.
    """
    held: dict[str, Any] = {name: getattr(batch, name) for name in (*_FIRST, *_WHOLE)}
    rows = 2.0 * len(batch.experiments) + sum(map(rows_of, batch.models)) + sum(map(rows_of, batch.series))
    for name in _CUT:
        most = _ROWS_OF_RESULTS if name == "invocations" else inf
        for record in getattr(batch, name):
            rest = record
            while rest is not None:
                room = min(most, pace.rows)
                if rows >= room:
                    yield Batch(**_frozen(held)), rows
                    held, rows = {}, 0.0
                part, rest = _cut(rest, room - rows)
                held.setdefault(name, []).append(part)
                rows += rows_of(part)
    nothing = dict.fromkeys((*_FIRST, *_CUT), ()) | dict.fromkeys(_WHOLE, False)
    if batch.stacks_complete:
        held["stacks"] = batch.stacks  # all of them once more, so that the others are known: written, each costs a hash
    rows += len(batch.refs or ()) + len(batch.promotions.entries if batch.promotions else ())
    rows += len(batch.alerts or ()) + len(batch.past_alerts) + len(batch.notes or ()) + len(batch.notes_more)
    yield msgspec.structs.replace(batch, **(nothing | _frozen(held))), rows


def _cut(record: Any, room: float) -> tuple[Any, Any]:
    """What of a record has room, and the rest: of an invocation some results, of samples some points, of all others
    everything.

    Parts of an invocation have the same id, and only the last is whole: before that nothing is missing from it.
    """
    if isinstance(record, Samples):
        return _cut_samples(record, max(1_000, int(4 * room)))
    most = max(1, int(room / _ROWS_OF_A_RESULT))
    if not isinstance(record, Invocation) or len(record.results) <= most:
        return record, None
    some, others = record.results[:most], record.results[most:]
    return msgspec.structs.replace(record, results=some, is_whole=False), msgspec.structs.replace(
        record, results=others
    )


def _cut_samples(samples: Samples, most: int) -> tuple[Samples, Samples | None]:
    if len(samples) <= most:
        return samples, None
    end = bisect_left(samples.times, samples.times[most] // _BUCKET * _BUCKET)
    if not 0 < end < len(samples):  # more than that in ten minutes, or not by time
        return samples, None
    return _part(samples, 0, end), _part(samples, end, len(samples))


def _part(samples: Samples, first: int, last: int) -> Samples:
    totals = None if samples.totals is None else samples.totals[first:last]
    return msgspec.structs.replace(
        samples, times=samples.times[first:last], values=samples.values[first:last], totals=totals
    )


def _frozen(held: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in held.items()}
