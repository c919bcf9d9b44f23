"""The list of production as it is read and arranged: versions with their lines, alerts, what belongs to no model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from ..app.monitoring import WINDOWS, Burn, burn_rates, standing
from ..app.query import And, Node, SeriesFacts, Words, leaves, matches_series
from ..app.records import Alert, Millis, MonitorSeries, Samples, SeriesState
from ..app.store.reading import Reader
from .serving_words import WORST_FIRST, worst

DAY: Final = 24 * 3_600_000

LONGEST: Final = max(window.long for window in WINDOWS)
"""Milliseconds back from now that the slowest burn looks at."""

POINTS: Final = 96
"""Points of the last day that are read for the strip in a cell."""

MODELS: Final = 500
"""Models that are asked for what of them is in production."""

ALERTS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A line of production with what was read around it."""

    series: MonitorSeries
    burns: tuple[Burn, ...] = ()
    day: Samples | None = None
    """Its last day, thinned; None before it was read, or where there is none."""
    is_replaced: bool = False
    """It fell silent, and a line of the same name and model speaks on: its version is served no more."""
    source: str = ""
    """The label of its source."""

    def state(self, now: Millis) -> SeriesState:
        """How it stands."""
        return standing(self.series, now, self.burns)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingLine:
    """A line of the table."""

    kind: Literal["version", "series", "alert"]
    model: str = ""
    version: str = ""
    """Of the model; "" where no alias of production says which one it is."""
    aliases: tuple[str, ...] = ()
    is_live: bool = False
    """An alias of production points at it."""
    seen: Mapping[str, tuple[Seen, ...]] = field(default_factory=dict)
    """By name of the series."""
    alerts: tuple[Alert, ...] = ()
    alert: Alert | None = None
    now: Millis = 0

    @property
    def key(self) -> str:
        """What names it across changes."""
        if self.alert is not None:
            return f"alert/{self.alert.fingerprint}"
        if self.kind == "series":
            return f"series/{self.each[0].series.key}"
        return f"model/{self.model}/{self.version}"

    @property
    def each(self) -> list[Seen]:
        """All of its lines, in the order of the columns."""
        return [one for some in self.seen.values() for one in some]

    def states(self) -> list[SeriesState]:
        """How its lines stand, without those that were replaced."""
        return [one.state(self.now) for one in self.each if not one.is_replaced]

    @property
    def is_replaced(self) -> bool:
        """Its version is served no more."""
        return bool(self.seen) and all(one.is_replaced for one in self.each)

    def stands(self) -> SeriesState | None:
        """The worst that is so, alerts that fire among it; None for a version that nothing watches any more."""
        firing = any(alert.state == "firing" for alert in (*self.alerts, *([self.alert] if self.alert else ())))
        return worst([*self.states(), *(["bad"] if firing else [])])  # type: ignore[list-item]  # words of the type

    @property
    def newest(self) -> Millis | None:
        """The newest point of any of its lines."""
        return max((one.series.at for one in self.each if one.series.at is not None), default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of the cache."""

    now: Millis
    production: tuple[str, ...]
    """Aliases by which a model is in production, the weightiest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The answer, or a part of it."""

    lines: tuple[ServingLine, ...]
    is_whole: bool = False
    """Strips and budgets are read too."""


Live = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Model -> version -> aliases that point at it, of models that are in production."""


def listed(reader: Reader, question: Question) -> Generator[Listed]:
    """The lines by what the cache has at hand; then with their last day, and how fast their budgets go."""
    with reader.at_one_moment():
        series = reader.monitors.series()
        alerts = [alert for alert in reader.monitors.alerts(limit=ALERTS) if alert.state != "over"]
        live = in_production(reader, question.production)
        labels = {state.source: state.name for state in reader.source_states()}
    bare = [Seen(series=one, source=labels.get(one.source, "")) for one in series]
    yield Listed(lines=lines_of(marked(bare, question.now), alerts, live, question))
    seen = [_read(reader, one, question.now) for one in bare]
    yield Listed(lines=lines_of(marked(seen, question.now), alerts, live, question), is_whole=True)


def marked(seen: Sequence[Seen], now: Millis) -> list[Seen]:
    """The lines, with those marked that were replaced."""
    live = {_line_of(one) for one in seen if one.series.at is not None and one.state(now) != "stale"}
    return [replace(one, is_replaced=one.state(now) == "stale" and _line_of(one) in live) for one in seen]


def _line_of(seen: Seen) -> tuple[str, str, str]:
    return seen.series.source, seen.series.name, seen.series.model


def _read(reader: Reader, seen: Seen, now: Millis) -> Seen:
    day = reader.monitors.thinned(seen.series.key, now - DAY, now, POINTS)
    return replace(seen, burns=burns_of(reader, seen.series, now), day=day if len(day) else None)


def burns_of(reader: Reader, series: MonitorSeries, now: Millis) -> tuple[Burn, ...]:
    """How fast its budget goes; nothing for a line without an objective or without points."""
    if series.objective is None:
        return ()
    # twice as far: the windows end at the newest point, which may be older than now
    samples = reader.monitors.samples(series.key, now - 2 * LONGEST, now + 1)
    if samples is None or samples.totals is None or not len(samples):
        return ()
    return burn_rates(samples, series.objective, now)


def in_production(reader: Reader, production: Sequence[str]) -> dict[str, dict[str, tuple[str, ...]]]:
    """Which versions the aliases of production point at. Aliases of other names are told where they point there too."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in reader.models.rows(reader.models.ids(None)[:MODELS]):
        held = defaultdict(list)
        # those of production first, in their order
        names = sorted(row.model.aliases, key=lambda alias: (_rank(alias, production), alias))
        for alias in names:
            held[row.model.aliases[alias]].append(alias)
        if names and _rank(names[0], production) < len(production):
            found.setdefault(row.model.name, {version: tuple(some) for version, some in held.items()})
    return found


def _rank(alias: str, production: Sequence[str]) -> int:
    return production.index(alias) if alias in production else len(production)


def lines_of(
    seen: Sequence[Seen], alerts: Sequence[Alert], live: Live, question: Question
) -> tuple[ServingLine, ...]:  # fmt: skip
    """Versions, the worst first, each with its alerts below; then lines and alerts that belong to no model."""
    order = column_order(one.series for one in seen)
    versions = _versions(seen, alerts, live, question)
    made: list[ServingLine] = []
    for line in sorted((_in_order(line, order) for line in versions), key=_trouble):
        made += [line, *(ServingLine(kind="alert", alert=alert, now=question.now) for alert in line.alerts)]
    lone = [one for one in seen if not one.series.model]
    made += sorted(
        (ServingLine(kind="series", seen={one.series.name: (one,)}, now=question.now) for one in lone), key=_trouble
    )
    told = {alert.fingerprint for line in made for alert in line.alerts}
    made += [ServingLine(kind="alert", alert=alert, now=question.now)
             for alert in alerts if alert.fingerprint not in told]  # fmt: skip
    return tuple(made)


def _versions(
    seen: Sequence[Seen], alerts: Sequence[Alert], live: Live, question: Question
) -> list[ServingLine]:  # fmt: skip
    """A line a version. What names no version speaks of the one in production."""
    by_version: dict[tuple[str, str], dict[str, list[Seen]]] = {}
    if seen or alerts:  # where nothing watches anything, what is in production is no news here
        for model, held in live.items():
            by_version.setdefault((model, _live_version(held, question.production)), {})
    for one in seen:
        if one.series.model:
            version = one.series.version or _live_version(live.get(one.series.model, {}), question.production)
            of = by_version.setdefault((one.series.model, version), {})
            of.setdefault(one.series.name, []).append(one)
    carriers = _carriers(by_version, live, question.production)
    return [
        ServingLine(
            kind="version", model=model, version=version, aliases=live.get(model, {}).get(version, ()),
            is_live=any(alias in question.production for alias in live.get(model, {}).get(version, ())),
            seen={name: tuple(some) for name, some in found.items()}, now=question.now,
            alerts=tuple(alert for alert in alerts if carriers.get(alert.model) == (model, version)),
        )
        for (model, version), found in by_version.items()
    ]  # fmt: skip


def _live_version(held: Mapping[str, tuple[str, ...]], production: Sequence[str]) -> str:
    """The version that the weightiest alias of production points at; "" where there is none."""
    ranked = {version: min(_rank(alias, production) for alias in aliases) for version, aliases in held.items()}
    found = min(ranked, key=lambda version: ranked[version], default="")
    return found if found and ranked[found] < len(production) else ""


def _carriers(
    versions: Iterable[tuple[str, str]], live: Live, production: Sequence[str]
) -> dict[str, tuple[str, str]]:  # fmt: skip
    """Below which line the alerts of a model stand: below what is in production, else below the first."""
    found: dict[str, tuple[str, str]] = {}
    for model, version in versions:
        if model not in found or version == _live_version(live.get(model, {}), production):
            found[model] = (model, version)
    return found


def column_order(series: Iterable[MonitorSeries]) -> list[str]:
    """Names of the series of models as the columns stand: operational ones first, then business ones."""
    found: dict[str, tuple[bool, int]] = {}
    for at, one in enumerate(series):
        if one.model:
            found.setdefault(one.name, (one.kind == "business", at))
    return sorted(found, key=lambda name: found[name])


def _in_order(line: ServingLine, order: Sequence[str]) -> ServingLine:
    return replace(line, seen={name: line.seen[name] for name in order if name in line.seen})


def _trouble(line: ServingLine) -> tuple[int, bool, str, int, str]:
    """The worst first; what is in production before what is not; of one model the newest version first."""
    stands = line.stands()
    number = int(line.version) if line.version.isdecimal() else 0
    name = line.model or (line.each[0].series.name if line.seen else "")
    return (WORST_FIRST.index(stands) if stands else len(WORST_FIRST), not line.is_live, name, -number, line.version)


def passing(lines: Sequence[ServingLine], where: Node | None) -> list[ServingLine]:
    """The lines that pass a filter of the vocabulary SERIES, those whose series do; of mere words also what holds them
    in its alias or is an alert. Alerts stay below the version that they stand below."""
    if where is None:
        return list(lines)
    found = [line for line in lines if line.alert is None and _passes(line, where)]
    told = {alert.fingerprint for line in found for alert in line.alerts}
    kept = {line.key for line in found}
    return [
        line
        for line in lines
        if line.key in kept or (line.alert is not None and (line.alert.fingerprint in told or _passes(line, where)))
    ]


def _passes(line: ServingLine, where: Node) -> bool:
    words = [leaf.text for leaf in leaves(where) if isinstance(leaf, Words)]
    if isinstance(where, Words) or (isinstance(where, And) and len(words) == len(where.parts)):
        return holds(line, [word.casefold() for word in words])
    facts = (SeriesFacts(one.series, one.state(line.now), _fastest(one.burns), one.source) for one in line.each)
    return any(matches_series(where, one) for one in facts)


def _fastest(burns: Sequence[Burn]) -> float | None:
    rates = [(one.long_rate, one.short_rate) for one in burns]
    return max((min(long, short) for long, short in rates if long is not None and short is not None), default=None)


def holds(line: ServingLine, words: Sequence[str]) -> bool:
    """Whether a line holds each of the words: in its names and labels, and in how it stands."""
    stands = line.stands() or "unwatched"
    parts = [line.model, f"v{line.version}", *line.aliases, stands]
    for one in line.each:
        parts += [one.series.name, *one.series.labels.values(), one.state(line.now)]
    for alert in (*line.alerts, *([line.alert] if line.alert else ())):
        parts += [alert.name, alert.state, alert.severity, alert.model, alert.summary]
    text = " ".join(parts).casefold()
    return all(word in text for word in words)


class ServingRows:
    """The rows of the table: some tens, so that all of them are at hand."""

    def __init__(self, lines: Sequence[ServingLine]) -> None:
        self.lines = lines

    def count(self) -> int:
        """How many there are."""
        return len(self.lines)

    def rows(self, start: int, stop: int) -> Sequence[ServingLine | None]:
        """These lines."""
        return self.lines[start:stop]

    def key(self, index: int) -> str | None:
        """What names the line."""
        return self.lines[index].key if 0 <= index < len(self.lines) else None

    def depth(self, index: int) -> int:
        """A flat list."""
        return 0

    def context(self, index: int) -> bool:
        """All of them match."""
        return False
