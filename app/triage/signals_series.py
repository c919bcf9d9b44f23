"""Lines of production that break a threshold, burn a budget or fell silent."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

from ..monitoring import GAP_STEPS, STALE_STEPS, WINDOWS, Burn, burn_rates, is_silent
from ..records import Millis, MonitorSeries, Samples, Severity, Signal
from ..store.reading import Reader
from ..store.watch_reads import WatchReads
from ..store.watch_rows import HeldVersion
from .attention import SINCE_UNKNOWN
from .burning import burning_since
from .production import Production, model_group, of_model, titled, with_eater
from .severity import severity
from .signals_alerts import MOST_ALERTS, Version, alert_signs, named_version
from .signs import Found, Group, Sign, figure, ref, written

_HOURS: Final = 3_600_000
_NEARLY: Final = 0.999
"""Of what makes a budget burn: sums of floats are never exact."""
_LEAST: Final = 5 * 60_000


def look_at_series(reader: Reader, production: Production, in_force: Mapping[Version, Millis]) -> Found:
    """What the cache says of all lines and alerts. Nothing of it depends on the clock.

    `in_force`: since when versions have been in production, as far as that is known.
    """
    series, alerts = reader.monitors.series(), reader.monitors.alerts(limit=MOST_ALERTS)
    histories = {one.key: found for one in series if (found := _history(reader, one)) is not None}
    strange = _strange(reader, production, [*map(_named, series), *map(named_version, alerts)])
    return Found(
        signs=(
            *series_signs(series, histories, production, strange, in_force), *alert_signs(alerts, production, strange)
        ),
        watched=(("series", len(series)),),
    )  # fmt: skip


def _named(one: MonitorSeries) -> Version:
    return one.model, one.version


def _strange(reader: Reader, production: Production, named: Iterable[Version]) -> frozenset[Version]:
    """Versions of registered models that no registry has: labels may say what was built instead, and production may
    well run that."""
    asked = {one for one in named if one[1] and one[0] in production.models and production.of(*one) is None}
    return frozenset(asked - WatchReads(reader.connection).registered(asked)) if asked else frozenset()


def _history(reader: Reader, series: MonitorSeries) -> Samples | None:
    """The points of an objective whose budget burns, or nearly does, as far back as that may have begun."""
    if series.objective is None or series.at is None or not _may_burn(reader, series.key, series.objective, series.at):
        return None
    return reader.monitors.samples(series.key, series.at - 2 * WINDOWS[-1].long, series.at + 1)


def _may_burn(reader: Reader, key: str, objective: float, at: Millis) -> bool:
    """By sums that the cache makes, which is ten times faster than to read the points of one that is well."""
    reads = WatchReads(reader.connection)
    return any(
        # the short one first: where all is well now, nothing burns, and it has few points
        all(
            reads.bad_share(key, at - length, at) >= _NEARLY * window.factor * (1 - objective)
            for length in (window.short, window.long)
        )
        for window in WINDOWS
    )


def series_signs(
    series: Sequence[MonitorSeries], histories: Mapping[str, Samples], production: Production,
    strange: Set[Version] = frozenset(), in_force: Mapping[Version, Millis] = {},
) -> list[Sign]:  # fmt: skip
    """The signals of these lines. `histories`: the points of those with an objective, by key; `strange`: versions that
    no registry has; `in_force`: since when those of production are there, where that is known."""
    found: list[Sign] = []
    for one in series:
        eater = production.of(one.model, one.version) if one.model else None
        is_registered = eater is None and one.model in production.models
        # one that no registry has may be what runs, as long as points of it come
        is_other = is_registered and (_named(one) not in strange or is_silent(one))
        found += _threshold(one, eater, is_other)
        if (samples := histories.get(one.key)) is not None:
            found += _burn(one, samples, eater, is_other)
        if not is_registered:  # one of a version that was replaced ends, as it should
            found += _silence(one, eater, _owed_from(one, eater, in_force))
    return found


# -- its threshold ------------------------------------------------------------------------------------------------


def _threshold(one: MonitorSeries, eater: HeldVersion | None, is_other: bool) -> list[Sign]:
    if one.bad_since is None or _keeps(one):
        return []
    case = "other" if is_other else "no model" if eater is None else "production"
    said = f"{one.name} {_value(one)}, {_bound(one)}"
    return [
        _sign(
            one, eater, kind="threshold", severity=severity("threshold", case), state="bad", since=one.bad_since,
            not_before=one.last_good_at, title=f"{_whose(one, eater)}  {said}",
            reason=_why_bad(one),
        )
    ]  # fmt: skip


def _keeps(one: MonitorSeries) -> bool:
    """Whether its value keeps its thresholds after all: they were changed, and its points are not yet judged anew."""
    return one.value is not None and not math.isnan(one.value) and not one.is_bad(one.value)


def _why_bad(one: MonitorSeries) -> str:
    words = [f"{one.name} is {'below' if _is_low(one) else 'above'} {figure(one.bound or 0.0, one.unit)}"]
    if is_silent(one):
        words.append("no newer point came since")
    if one.label_delay:
        words.append(f"its labels come {figure(one.label_delay / _HOURS)} h later")
    return "; ".join(words)


def _is_low(one: MonitorSeries) -> bool:
    return one.min is not None and one.value is not None and one.value < one.min


def _value(one: MonitorSeries) -> str:
    return "unknown" if one.value is None or math.isnan(one.value) else figure(one.value, one.unit)


def _bound(one: MonitorSeries) -> str:
    """`floor 0.78`, `limit 0.2 s`: the one that it breaks, else the nearer."""
    if _is_low(one) or (one.max is None and one.min is not None):
        return f"floor {figure(one.min or 0.0, one.unit)}"
    return f"limit {figure(one.max if one.max is not None else 0.0, one.unit)}"


# -- its budget ---------------------------------------------------------------------------------------------------


def _burn(one: MonitorSeries, samples: Samples, eater: HeldVersion | None, is_other: bool) -> list[Sign]:
    assert one.objective is not None
    assert one.at is not None  # there is a history
    burns = [burn for burn in burn_rates(samples, one.objective, one.at) if burn.is_burning]
    if not burns:
        return []
    worst = burns[0]
    case = "other" if is_other else "urgent" if worst.window.is_urgent else "slow"
    since, before = burning_since(samples, one.objective, one.at)
    return [
        _sign(
            one, eater, kind="burn", severity=severity("burn", case), since=since, not_before=before,
            state="burning" if worst.window.is_urgent else "burning slowly",
            title=f"{_whose(one, eater)}  {one.name} burns its budget {figure(worst.long_rate or 0.0)} times too fast",
            reason=_why_burning(worst, one.objective),
        )
    ]  # fmt: skip


def _why_burning(worst: Burn, objective: float) -> str:
    long, short = worst.window.long // _HOURS, worst.window.short / _HOURS
    over = f"{long} h and {figure(short * 60)} min" if short < 1 else f"{long} h and {figure(short)} h"
    return f"over {over} more than {figure(worst.window.factor)} times of what {100 * objective:.6g} % allows"


# -- its silence --------------------------------------------------------------------------------------------------


class _Silent(NamedTuple):
    """How a line says nothing."""

    state: str
    severity: Severity
    since: Millis
    not_before: Millis | None
    said: str


def _owed_from(one: MonitorSeries, eater: HeldVersion | None, in_force: Mapping[Version, Millis]) -> Millis:
    """From when on a line of one version owes points: since that came into force, and its truths are known; else 0."""
    if eater is None or not one.version:
        return 0
    came_at = in_force.get((eater.model, eater.version))
    return 0 if came_at is None else came_at + (one.label_delay or 0)


def _silence(one: MonitorSeries, eater: HeldVersion | None, owed_from: Millis) -> list[Sign]:
    how = _how_silent(one, owed_from)
    if how is None:
        return []
    return [
        _sign(
            one, eater, kind="series stale", severity=how.severity, state=how.state, since=how.since,
            not_before=how.not_before, title=f"{_whose(one, eater)}  {one.name} {how.said}",
            reason=f"its source answers, and a point is due every {_roughly(one.step)}",
        )
    ]  # fmt: skip


def _roughly(step: Millis) -> str:
    """A step in a whole number of its unit, as one says it: what was inferred is a few seconds off."""
    for size, unit, most in ((1_000, "s", 59_500), (60_000, "min", 3_570_000), (_HOURS, "h", 171_000_000)):
        if step < most:
            return f"{max(round(step / size), 1)} {unit}"
    return f"{round(step / (24 * _HOURS))} d"


def _how_silent(one: MonitorSeries, owed_from: Millis) -> _Silent | None:
    patience = max(STALE_STEPS * one.step, _LEAST)
    nothing = severity("series stale", "no number")
    if one.at is None:
        if one.looked_at is None:
            return None  # nobody asked yet
        return _Silent(f"no data, {SINCE_UNKNOWN}", nothing, one.looked_at, None, "gave no point yet")
    if is_silent(one, owed_from):
        level, last = severity("series stale", "production"), max(one.at, owed_from)
        return _Silent("silent", level, last + GAP_STEPS * one.step, last, "gives no new point")
    if one.value is not None and math.isnan(one.value) and _lasts(one, patience):
        began = one.at if one.last_good_at is None else one.last_good_at + one.step
        return _Silent("no number", nothing, began, one.last_good_at, "gives no number")
    return None


def _lasts(one: MonitorSeries, patience: Millis) -> bool:
    """A share of nothing is NaN while there is no traffic: that is no trouble of a line with an objective."""
    return one.objective is None and one.at is not None and one.at - (one.last_good_at or 0) > patience


# -- what they share ----------------------------------------------------------------------------------------------


def _sign(one: MonitorSeries, eater: HeldVersion | None, **facts: Any) -> Sign:
    signal = Signal(
        subject=written("series", one.key), refs=with_eater(ref("series", one.key), eater),
        **of_model(one.model, one.version, eater), **facts,
    )  # fmt: skip
    group: Group = model_group(eater) if eater else ("line", one.model, one.version, "" if one.model else one.key)
    return Sign(signal, group, source=one.source)


def _whose(one: MonitorSeries, eater: HeldVersion | None) -> str:
    if eater is not None:
        return titled(eater)
    return " ".join(word for word in (one.model or "production", f"v{one.version}" if one.version else "") if word)
