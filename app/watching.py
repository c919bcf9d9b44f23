"""Watching runs: what of those that somebody marked is worth a bell. Pure functions over records, clock passed in.

Two clocks are never compared: times of metrics are those of the machine that trained. Gaps between them are
measured with that clock, and how long a run has been quiet with ours, in the time in which its source was looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Literal, TypeAlias

from msgspec.structs import replace

from .records import Millis, Record, Run, RunStatus, Series, SourceState

Kind: TypeAlias = Literal["ended", "odd", "stalled", "resumed", "beats"]

AT_LEAST: Millis = 60_000
"""Nothing is called a stall before this."""
INTERVALS = 3
"""A stall is so many of the run's usual intervals ..."""
HABIT = 1.5
"""... and this much longer than the second longest pause so far: what came twice is a habit, as a validation
between epochs is, and not a stall."""
LONGEST_PASS: Millis = 300_000
"""Two good looks that are further apart, and further than twice what they were before: in between nobody looked."""
KEPT_GAPS = 32
"""Pauses that are remembered of a run whose history is not in the cache."""
LATEST = 1_000
"""Points of a history that are looked at: the present rhythm, a tenth of a millisecond."""
SYSTEM = "system/"
"""Begins the metrics of the machine. They are logged by a thread of their own, also while the training hangs."""


class Seen(Record, frozen=True):
    """What is known of a watched run since somebody marked it. Kept over restarts."""

    source: str
    run_id: str
    experiment: str
    """The experiment's name, which finds its baseline."""
    status: RunStatus
    odd: tuple[str, ...] = ()
    """Metrics that are no finite number: known when it was marked, or told since."""
    against: str | None = None
    """The baseline of the last look ..."""
    ahead: bool = False
    """... and whether the run was better then, or was said to be."""
    newest: tuple[Millis, int] | None = None
    """Time of the newest metric on the trainer's clock, and the sum of the steps: it logs when either moves."""
    marked_at: Millis = 0
    """The newest metric when it was marked, on the trainer's clock."""
    looked_at: Millis | None = None
    """The last good look at its source."""
    blind: bool = True
    """The source failed since: what lies between does not count."""
    pace: Millis = 0
    """Between the last two good looks."""
    quiet: Millis = 0
    """Time looked at since the newest metric came."""
    gaps: tuple[Millis, ...] = ()
    """How long it was quiet between metrics, newest last; the first pause is cut short by the marking."""
    moved: bool = False
    stalled: bool = False


class Notice(Record, frozen=True):
    """Something that is told once."""

    kind: Kind
    run_id: str
    name: str
    """The run's, exactly."""
    at: Millis
    status: RunStatus
    metrics: tuple[str, ...] = ()
    """odd: all that turned; else the one that decides, where there is one."""
    value: float | None = None
    step: int | None = None
    lead: float | None = None
    """By how much its value lies above the baseline's (below: negative); None where they cannot be compared."""
    better: bool = False
    """Whether `lead` is in the declared direction."""
    lasted: Millis | None = None
    """ended: how long the run took; stalled, resumed: how long nothing came."""
    usual: Millis | None = None
    """stalled: between two metrics, as a rule."""


class Sight(Record, frozen=True):
    """What one look at the watched runs goes by."""

    now: Millis
    better: Mapping[str, bool]
    """Metrics with a declared direction, the deciding one first: whether greater is better."""
    states: Mapping[str, SourceState]
    """Sources by their keys."""
    baselines: Mapping[str, Run] = {}
    """By the experiment's name."""
    series: Mapping[str, Sequence[Series]] = {}
    """By run id: the histories that are in the cache."""


def begin(run: Run, experiment: str, sight: Sight) -> Seen:
    """Start to watch a run. What is so already is no news."""
    state = sight.states.get(run.source)
    newest = _newest(run)
    seen = Seen(
        source=run.source, run_id=run.id, experiment=experiment, status=run.status,
        odd=tuple(sorted(_odd(run))), newest=newest, marked_at=newest[0] if newest else 0,
        looked_at=state.last_ok_at if state else None, blind=not _is_well(state),
    )  # fmt: skip
    return _compared(seen, run, sight)[0]


def look(watched: Mapping[str, Seen], runs: Iterable[Run], sight: Sight) -> tuple[list[Notice], dict[str, Seen]]:
    """What is new of the watched runs, and what is known of those that are watched on: all that have not ended.

    A run that is not among `runs` (a cache that is being filled anew) stays as it was.
    """
    notices: list[Notice] = []
    after = dict(watched)
    for run in runs:
        seen = watched.get(run.id)
        if seen is not None:
            told, now = _look_at(seen, run, sight)
            notices += told
            after[run.id] = now
            if has_ended(run):
                del after[run.id]
    return notices, after


def has_ended(run: Run) -> bool:
    """Nothing more comes of it."""
    return run.status not in ("scheduled", "running")


def _look_at(seen: Seen, run: Run, sight: Sight) -> tuple[list[Notice], Seen]:
    told: list[Notice] = []
    for step in (_ended, _turned, _compared_notice, _pulse):
        notice, seen = step(seen, run, sight)
        if notice is not None:
            told.append(notice)
    return told, seen


def _notice(kind: Kind, run: Run, sight: Sight) -> Notice:
    return Notice(kind=kind, run_id=run.id, name=run.name, at=sight.now, status=run.status)


# -- its end


def _ended(seen: Seen, run: Run, sight: Sight) -> tuple[Notice | None, Seen]:
    seen_now = replace(seen, status=run.status)
    if not has_ended(run):
        return None, seen_now
    notice = _notice("ended", run, sight)
    if run.started_at is not None and run.ended_at is not None:
        notice = replace(notice, lasted=max(0, run.ended_at - run.started_at))
    name = deciding_metric(run, sight.better)
    if name is None:
        return notice, seen_now
    metric = run.metrics[name]
    lead = _lead(run, sight.baselines.get(seen.experiment), name)
    better = lead is not None and name in sight.better and is_better(lead, sight.better[name])
    return replace(notice, metrics=(name,), value=metric.value, step=metric.step, lead=lead, better=better), seen_now


def deciding_metric(run: Run, better: Mapping[str, bool]) -> str | None:
    """The first metric with a declared direction that the run has, else the first by name; the machine's never."""
    declared = next((name for name in better if name in run.metrics), None)
    return declared or min((name for name in run.metrics if not name.startswith(SYSTEM)), default=None)


# -- numbers that are none


def _odd(run: Run) -> set[str]:
    return {name for name, metric in run.metrics.items() if metric.state != "finite"}


def _turned(seen: Seen, run: Run, sight: Sight) -> tuple[Notice | None, Seen]:
    """All metrics that are no finite number any more, or were none in between: one notice."""
    at: dict[str, tuple[int, float]] = {name: (run.metrics[name].step, run.metrics[name].value) for name in _odd(run)}
    for series in sight.series.get(run.id, ()):
        at |= _first_odd(series, seen.marked_at)
    new = sorted(set(at).difference(seen.odd), key=lambda name: (name.startswith(SYSTEM), at[name][0], name))
    if not new:
        return None, seen
    step, value = at[new[0]]
    notice = replace(_notice("odd", run, sight), metrics=tuple(new), value=value, step=step)
    return notice, replace(seen, odd=tuple(sorted({*seen.odd, *new})))


def _first_odd(series: Series, after: Millis) -> dict[str, tuple[int, float]]:
    """The first value that is no finite number among those logged since it was marked."""
    if math.isfinite(sum(series.values[-LATEST:])):  # a NaN or an infinity would stay one
        return {}
    columns = (column[-LATEST:] for column in (series.steps, series.times, series.values))
    for step, at, value in zip(*columns, strict=True):
        if at > after and not math.isfinite(value):
            return {series.key: (step, value)}
    return {}


# -- the baseline


def _compared(seen: Seen, run: Run, sight: Sight) -> tuple[Seen, str | None, float]:
    """Whether the run is ahead of its baseline, by which metric, and by how much.

    Against another baseline than at the last look, what is so already is no news.
    """
    base = sight.baselines.get(seen.experiment)
    if base is None or base.id == run.id:
        return replace(seen, against=None, ahead=False), None, 0.0
    lead, name = _declared_lead(run, base, sight.better)
    ahead = name is not None and is_better(lead, sight.better[name])
    is_new = ahead and not seen.ahead and seen.against == base.id
    ahead = ahead or (seen.ahead and seen.against == base.id)
    return replace(seen, against=base.id, ahead=ahead), name if is_new else None, lead


def _compared_notice(seen: Seen, run: Run, sight: Sight) -> tuple[Notice | None, Seen]:
    after, name, lead = _compared(seen, run, sight)
    if name is None:
        return None, after
    metric = run.metrics[name]
    notice = _notice("beats", run, sight)
    return replace(notice, metrics=(name,), value=metric.value, step=metric.step, lead=lead, better=True), after


def _declared_lead(run: Run, base: Run, better: Mapping[str, bool]) -> tuple[float, str | None]:
    for name in better:
        if name in run.metrics and name in base.metrics:
            lead = _lead(run, base, name)
            return (lead, name) if lead is not None else (0.0, None)
    return 0.0, None


def _lead(run: Run, base: Run | None, name: str) -> float | None:
    """The difference to the baseline, None where it says nothing: not finite, absent, unlike data, the run itself."""
    if base is None or base.id == run.id or name not in base.metrics or unlike_data(run, base):
        return None
    lead = run.metrics[name].value - base.metrics[name].value
    return lead if math.isfinite(lead) else None


def is_better(lead: float, greater: bool) -> bool:
    """Whether a difference is in the declared direction."""
    return lead > 0 if greater else lead < 0


def unlike_data(run: Run, other: Run) -> bool:
    """Both were given data of one context, and not the same: their metrics cannot simply be compared.

    A run without datasets is not known to be unlike.
    """
    mine, theirs = _digests(run), _digests(other)
    return any(mine[context] != theirs[context] for context in mine.keys() & theirs.keys())


def _digests(run: Run) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for data in run.datasets:
        found.setdefault(data.context or "", set()).add(data.digest)
    return found


# -- its pulse


def _newest(run: Run) -> tuple[Millis, int] | None:
    metrics = [metric for name, metric in run.metrics.items() if not name.startswith(SYSTEM)]
    if not metrics:
        return None
    return max(metric.at or 0 for metric in metrics), sum(metric.step for metric in metrics)


def _is_well(state: SourceState | None) -> bool:
    return state is not None and state.state == "ok"


def _pulse(seen: Seen, run: Run, sight: Sight) -> tuple[Notice | None, Seen]:
    """Count the time in which nothing came, and say when it is too long, or over."""
    if run.status != "running":
        return None, seen
    newest = _newest(run)
    seen, step = _looked(seen, sight.states.get(run.source), sight.now if newest != seen.newest else None)
    if newest != seen.newest:
        return _moved(replace(seen, newest=newest), run, sight, seen.quiet + step)
    seen = replace(seen, quiet=seen.quiet + step)
    if seen.stalled or seen.quiet <= AT_LEAST:
        return None, seen
    usual, longest = _rhythm(seen, sight.series.get(run.id, ()))
    if usual is None or seen.quiet <= longest:
        return None, seen
    notice = replace(_notice("stalled", run, sight), lasted=seen.quiet, usual=usual)
    return notice, replace(seen, stalled=True)


def _looked(seen: Seen, state: SourceState | None, moved_at: Millis | None) -> tuple[Seen, Millis]:
    """Advance to the latest good look; how much of the time since the one before was looked at."""
    if moved_at is None and not _is_well(state):
        return replace(seen, blind=True), 0
    looked = [at for at in (seen.looked_at, moved_at, state.last_ok_at if state else None) if at is not None]
    at = max(looked, default=None)
    if at is None or seen.looked_at is None or at == seen.looked_at:
        return replace(seen, looked_at=at), 0
    step = at - seen.looked_at
    counts = not seen.blind and step <= max(LONGEST_PASS, 2 * seen.pace)
    return replace(seen, looked_at=at, blind=not _is_well(state), pace=step), step if counts else 0


def _moved(seen: Seen, run: Run, sight: Sight, gap: Millis) -> tuple[Notice | None, Seen]:
    """A metric came."""
    gaps = (*seen.gaps, gap)[-KEPT_GAPS:] if seen.moved and gap and not seen.stalled else seen.gaps
    after = replace(seen, gaps=gaps, moved=True, quiet=0, stalled=False)
    if not seen.stalled:
        return None, after
    return replace(_notice("resumed", run, sight), lasted=gap), after


def _rhythm(seen: Seen, series: Sequence[Series]) -> tuple[Millis | None, Millis]:
    """The usual interval of the run, None where too little is known, and how long it may be quiet."""
    known = [gaps for one in series if one.history == "complete" and len(gaps := _gaps(one)) >= 2]
    gaps = min(known, key=median, default=list(seen.gaps))  # the metric that comes most often
    if len(gaps) < 2:
        return None, 0
    usual, second = int(median(gaps)), sorted(gaps)[-2]
    return usual, max(AT_LEAST, INTERVALS * usual, int(HABIT * second))


def _gaps(series: Series) -> list[Millis]:
    """Between the times at which it was logged. Of a metric: several are logged a moment after each other."""
    if series.key.startswith(SYSTEM):
        return []
    return [later - earlier for earlier, later in pairwise(sorted(set(series.times[-LATEST:])))]
