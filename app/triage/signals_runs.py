"""Runs that log nothing any more, and experiments whose newest runs fail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ..exact import span
from ..records import Millis, Signal
from ..store.reading import Reader
from ..store.watch_reads import WatchReads
from ..store.watch_rows import FailedRuns, RunningRun
from ..watching import INTERVALS
from .clocks import Clocks, until
from .production import Production
from .severity import severity
from .signs import Found, Sign, earliest, ref, written

FAILED_FOR: Final = 7 * 86_400_000
"""Milliseconds for which a failure is told, and a run that hangs: later nobody waits for it any more."""
QUIET: Final = 3_600_000
"""Milliseconds without a metric before which no run is called stuck: clocks of trainers differ ..."""
QUIET_UNKNOWN: Final = 24 * 3_600_000
"""... and of one that logged too little to tell how often it does."""
RHYTHM: Final = 3
"""Steps from which on a run's pace is known."""
TOLD: Final = 20
"""Runs of one experiment that a signal names."""


def look_at_runs(reader: Reader, production: Production, known: Clocks, now: Millis) -> Found:
    """What the cache says of runs."""
    reads = WatchReads(reader.connection)
    return run_signs(
        reads.failing_experiments(now - FAILED_FOR), reads.running_runs(now - FAILED_FOR), production, known, now
    )  # fmt: skip


def run_signs(
    failing: Sequence[FailedRuns], running: Sequence[RunningRun], production: Production, known: Clocks, now: Millis
) -> Found:  # fmt: skip
    """The signals of these: one an experiment whose newest runs failed, and one an experiment whose runs are stuck."""
    ours = production.experiments()
    stuck = [one for one in running if until(known, one.source, now) > _stuck_at(one)]
    signs = [
        *(_failed(one, one.experiment in ours) for one in failing),
        *(_stuck(own, own[0].experiment in ours) for own in _by_experiment(stuck)),
    ]
    return Found(
        signs=tuple(signs), due=earliest(_moments(failing, running), now), watched=(("runs", len(running)),)
    )  # fmt: skip


def _moments(failing: Sequence[FailedRuns], running: Sequence[RunningRun]) -> Iterable[Millis]:
    yield from (run[2] + FAILED_FOR for one in failing for run in one.runs[:1] if run[2] is not None)
    for one in running:
        yield _stuck_at(one) + 1
        yield one.started_at + FAILED_FOR


def _by_experiment(runs: Iterable[RunningRun]) -> list[list[RunningRun]]:
    found: dict[int, list[RunningRun]] = {}
    for one in sorted(runs, key=lambda one: (_stuck_at(one), one.native)):
        found.setdefault(one.experiment, []).append(one)
    return list(found.values())


# -- failed -------------------------------------------------------------------------------------------------------


def _failed(one: FailedRuns, is_ours: bool) -> Sign:
    """Of a row of failures the first: it stays the same while more of them come."""
    native, name, ended_at, user = one.runs[-1]
    number = len(one.runs)
    title = f"{one.name}  {name} failed" if number == 1 else f"{one.name}  the last {number} runs failed"
    signal = Signal(
        kind="run failed", subject=written("run", native), severity=severity("run failed", _case(is_ours)),
        since=ended_at or one.runs[0][2] or one.finished_at or 0, not_before=one.finished_at, title=title, owner=user,
        reason=_whose(is_ours), state="failed",
        refs=(*(ref("run", run[0]) for run in reversed(one.runs[:TOLD])), ref("experiment", one.experiment_id)),
    )  # fmt: skip
    return Sign(signal, ("failed runs", one.source, one.experiment_id), source=one.source)


def _case(is_ours: bool) -> str:
    return "production" if is_ours else "other"


def _whose(is_ours: bool) -> str:
    return "what is in production came from this experiment" if is_ours else "nothing in production came from it"


# -- stuck --------------------------------------------------------------------------------------------------------


def _stuck_at(one: RunningRun) -> Millis:
    """When it is quiet for longer than it ever is as a rule."""
    if one.newest_at is None or one.steps < RHYTHM:
        return (one.newest_at or one.started_at) + QUIET_UNKNOWN
    pace = max(0, one.newest_at - one.started_at) // one.steps
    return one.newest_at + max(QUIET, INTERVALS * pace)


def _stuck(own: Sequence[RunningRun], is_ours: bool) -> Sign:
    lead = own[0]
    said = f"{lead.name} logs nothing" if len(own) == 1 else f"{len(own)} runs log nothing"
    newest = lead.newest_at or lead.started_at
    signal = Signal(
        kind="run stuck", subject=written("run", lead.native), severity=severity("run stuck", _case(is_ours)),
        since=newest, title=f"{lead.experiment_name}  {said}", owner=lead.user, state="stuck",
        reason=_how_long(lead), refs=(*(ref("run", one.native) for one in own[:TOLD]),
                                      ref("experiment", lead.experiment_id)),
    )  # fmt: skip
    return Sign(signal, ("stuck runs", lead.source, lead.experiment_id), source=lead.source)


def _how_long(one: RunningRun) -> str:
    if one.newest_at is None:
        return f"it runs and has logged no metric for {span(QUIET_UNKNOWN)}"
    if one.steps < RHYTHM:
        return f"its server says that it runs; for {span(QUIET_UNKNOWN)} it logged nothing"
    return f"its server says that it runs; a step usually takes {span((one.newest_at - one.started_at) // one.steps)}"
