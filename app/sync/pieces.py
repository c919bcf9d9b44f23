"""Cuts a batch into pieces whose transactions stay short, so that no writer and no reader waits for long."""

from __future__ import annotations

from collections.abc import Iterator
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
    Series,
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
)

_ROWS_OF_A_RESULT: Final = 3
"""One is a row, and the row of its check is read, folded and written again."""
_ROWS_OF_RESULTS: Final = _ROWS_OF_A_RESULT * FOLDS
"""At most in one piece: when all of them turn each costs thrice what the pace has learnt of those that do not."""

_WHOLE: Final = ("experiments_complete", "models_complete")


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
    if isinstance(record, Run):
        return 4 + len(record.params) + len(record.tags) + len(record.metrics) + 2 * len(record.datasets)
    if isinstance(record, Commit):
        return 3 + 2 * len(record.changes)
    if isinstance(record, Series):
        return 30 + len(record) / 40  # blobs, but each is compared with what is there and has its extremes taken
    if isinstance(record, Pipeline):
        return 4 + sum(2 + len(job.steps) / 4 for job in record.jobs or ())
    if isinstance(record, RegisteredModel):
        return 2 + len(record.aliases)
    if isinstance(record, LoggedModel):
        return 4 + len(record.metrics) + len(record.params) / 4
    if isinstance(record, Invocation):
        return 3 + _ROWS_OF_A_RESULT * len(record.results)
    if isinstance(record, ArtifactContent | LogPart):
        return 3 + len(record.data) / 1_000
    return 2


def pieces(batch: Batch, pace: Pace) -> Iterator[tuple[Batch, float]]:
    """The batch in pieces in their order, each with its rows; the last one carries the cursor.

    Experiments and registered models go first (and whole: they may be said to be all that there are), refs,
    promotions and what is gone with the last piece. Killed in between, the cursor stands where it stood and the same
    batch comes again.
    """
    held: dict[str, Any] = {
        "experiments": batch.experiments,
        "experiments_complete": batch.experiments_complete,
        "models": batch.models,
        "models_complete": batch.models_complete,
    }
    rows = 2.0 * len(batch.experiments) + sum(map(rows_of, batch.models))
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
    nothing = dict.fromkeys(("experiments", "models", *_CUT), ()) | dict.fromkeys(_WHOLE, False)
    rows += len(batch.refs or ()) + len(batch.promotions.entries if batch.promotions else ())
    yield msgspec.structs.replace(batch, **(nothing | _frozen(held))), rows


def _cut(record: Any, room: float) -> tuple[Any, Any]:
    """What of a record has room, and the rest: of an invocation some results, of all others everything.

    Parts of an invocation have the same id, and only the last is whole: before that nothing is missing from it.
    """
    most = max(1, int(room / _ROWS_OF_A_RESULT))
    if not isinstance(record, Invocation) or len(record.results) <= most:
        return record, None
    some, others = record.results[:most], record.results[most:]
    return msgspec.structs.replace(record, results=some, is_whole=False), msgspec.structs.replace(
        record, results=others
    )


def _frozen(held: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in held.items()}
