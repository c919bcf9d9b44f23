"""Words for lines of production: how one stands, its figure, its threshold, how fast its budget goes. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, tzinfo
from typing import Final

from ..app.monitoring import Burn
from ..app.records import Alert, Millis, MonitorSeries, SeriesState, SourceState
from ..app.text import one_line, shown
from ..widgets.figures import age, count, figure, moment
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .deck import Deck
from .empty import how_to_begin, nothing_came, nothing_like

WORST_FIRST: Final[tuple[SeriesState, ...]] = ("burning", "bad", "nan", "stale", "no data", "unknown", "good")
"""How a line can stand, the worst first."""

MEANS: Final[Mapping[SeriesState, str]] = {
    "bad": "over its threshold",
    "burning": "its budget goes too fast",
    "nan": "the newest point is no number",
    "stale": "its newest point is too old",
    "no data": "no point of it was ever read",
    "unknown": "nothing says what would be good",
    "good": "as it should be",
}
"""The states in words."""


PERCENT: Final = "%"


def worst(states: Iterable[SeriesState]) -> SeriesState | None:
    """The worst of them; None of none."""
    return min(states, key=WORST_FIRST.index, default=None)


def unit_of(series: MonitorSeries) -> str:
    """What its figures are counted in: of an objective the share of good, in percent."""
    return PERCENT if series.objective is not None else series.unit


def titled(series: MonitorSeries) -> str:
    """`p95 latency ms`: name and unit, as a column is headed."""
    return " ".join(part for part in (series.name, unit_of(series)) if part)


def drawn_value(series: MonitorSeries, value: float) -> float:
    """A value in the unit of its figures."""
    return 100 * value if series.objective is not None else value


def value_said(series: MonitorSeries, value: float | None) -> str:
    """`111`, `99.87`, `NaN`; a dash where there is none."""
    return "–" if value is None else figure(drawn_value(series, value))


def in_unit(series: MonitorSeries, value: float | None) -> str:
    """The same with its unit."""
    unit = unit_of(series)
    return f"{value_said(series, value)}{f' {shown(unit)}' if unit and value is not None else ''}"


def bounds_of(series: MonitorSeries) -> list[tuple[float, str]]:
    """The thresholds that a chart draws a line at, in the unit of its figures, and what each is called."""
    made = [(drawn_value(series, bound), word) for bound, word in ((series.max, "at most"), (series.min, "at least"))
            if bound is not None]  # fmt: skip
    return made if series.objective is None else [(100 * series.objective, "objective"), *made]


def threshold_said(series: MonitorSeries) -> str:
    """`at most 120 ms`, `99.9 % promised`; says so where there is none."""
    said = [f"at least {in_unit(series, series.min)}"] if series.min is not None else []
    said += [f"at most {in_unit(series, series.max)}"] if series.max is not None else []
    if series.objective is not None:
        said.insert(0, f"{figure(100 * series.objective)} % promised")
    return ", ".join(said) or "none: the settings say neither min, max nor objective"


def since_said(series: MonitorSeries, now: Millis, zone: tzinfo = UTC) -> str:
    """`since 21:40 (5 h), good last at 21:39`; "" while it keeps its threshold."""
    if series.bad_since is None:
        return ""
    text = f"since {moment(series.bad_since, now, zone)} ({age(series.bad_since, now)})"
    if series.last_good_at is None:
        return f"{text}, never good as far as the cache goes back"
    return f"{text}, good last at {moment(series.last_good_at, now, zone)}"


def labels_until(series: MonitorSeries, now: Millis, zone: tzinfo = UTC) -> str:
    """Until when predictions have their truth: `02:00`; "" where that is known at once."""
    if series.label_delay is None or series.at is None:
        return ""
    return moment(series.at - series.label_delay, now, zone)


def called_by(labels: Mapping[str, str], without: Iterable[str] = ()) -> str:
    """`region=eu, job=churn`: what tells a line from others of its name."""
    left_out = set(without)
    return ", ".join(f"{shown(key)}={shown(labels[key])}" for key in sorted(labels) if key not in left_out)


# -- how fast a budget goes ---------------------------------------------------------------------------------------


def rate_said(rate: float | None) -> str:
    """`14.4×`: how many times faster than the budget allows; a dash where there are no points."""
    if rate is None:
        return "–"
    return f"{rate:.0f}×" if rate >= 100 else f"{rate:.1f}×"


def burn_piece(burns: Sequence[Burn]) -> Piece:
    """`✖ fast 15.2×` where it is worth waking somebody, `▲ slow 1.4×` where not, else what the day cost: `● 0.3×`."""
    burning = next((burn for burn in burns if burn.is_burning), None)
    if burning is not None:
        stands, word = ("burning", "fast") if burning.window.is_urgent else ("warn", "slow")
        return f"{glyph(stands)} {word} {rate_said(burning.long_rate)}", sign(stands).role
    known = [burn.long_rate for burn in burns if burn.long_rate is not None]
    if not known:
        return ("–", "dim") if burns else ("", "dim")
    return f"{glyph('good')} {rate_said(known[-1])}", "good"


def worst_burn(burns: Iterable[Sequence[Burn]]) -> Sequence[Burn]:
    """Of several budgets the one that goes fastest for its limit."""
    return max(burns, key=_haste, default=())


def _haste(burns: Sequence[Burn]) -> tuple[int, float]:
    for place, burn in enumerate(burns):
        if burn.is_burning:
            return (len(burns) - place, burn.long_rate or 0.0)
    return (0, max((burn.long_rate or 0.0 for burn in burns), default=0.0))


# -- alerts -------------------------------------------------------------------------------------------------------


def alert_stands(alert: Alert) -> str:
    """The status that gives its glyph: a warning is no failure."""
    if alert.state != "firing":
        return alert.state
    return "warn" if alert.severity.casefold() in ("warning", "warn", "info", "low") else "firing"


def alert_said(alert: Alert, now: Millis) -> str:
    """`firing 20 m  critical`: how it stands and since when."""
    end = f", over {age(alert.ended_at, now)} ago" if alert.ended_at is not None else ""
    return "  ".join(part for part in (f"{alert.state} {age(alert.since, now)}{end}", shown(alert.severity)) if part)


def summary_of(alert: Alert) -> str:
    """What its annotations say, in one line."""
    return one_line(alert.summary[:400])


# -- where there is none ------------------------------------------------------------------------------------------


def monitor_states(states: Sequence[SourceState]) -> list[SourceState]:
    """The sources of series and alerts."""
    return [state for state in states if state.kind in ("prometheus", "monitors")]


def empty_words(deck: Deck, filter_text: str) -> list[Piece]:
    """What stands in a list without a row: what is so, and what to do next."""
    if filter_text:
        return nothing_like("line of production", filter_text)
    states = monitor_states(deck.states)
    if not states:
        return _how_to_begin()
    return nothing_came(
        states, deck.now(), reading="what watches production is being",
        missing="no series was found, so nothing is known to be well",
        hint="[[monitors.series]] in quarterdeck.toml names them   r looks again",
    )  # fmt: skip


def _how_to_begin() -> list[Piece]:
    written = (
        "[[monitors]]",
        'kind = "prometheus"',
        'base_url = "https://prometheus.acme"',
        "[[monitors.series]]",
        'name = "p95 latency"',
        "query = 'histogram_quantile(0.95, sum by (le) (rate(seconds_bucket[5m])))'",
        'model = "churn"',
        "max = 0.12",
    )
    return how_to_begin(
        "nothing watches production: say in quarterdeck.toml what does", written,
        'or kind = "mlflow", for metrics that are logged as runs', "`quarterdeck doctor` tries each of its queries",
    )  # fmt: skip


def tally_pieces(states: Sequence[str], alerts: int) -> list[Piece]:
    """`✖ 2 bad  ▲ 1 stale  1 alert fires`; where all is well `● 12 good`. Nothing known is never green."""
    made: list[Piece] = [
        (f"   {glyph(stands)} {count(states.count(stands))} {stands}", sign(stands).role)
        for stands in WORST_FIRST[:-1]
        if stands in states
    ]
    if alerts:
        firing = f"   {glyph('firing')} {count(alerts)} alert{'s' * (alerts != 1)}"
        made.append((firing, "bad"))
    good = states.count("good")
    if good and not made:
        made.append((f"   {glyph('good')} {count(good)} good", "good"))
    return made


def is_number(value: float | None) -> bool:
    """Whether it can be drawn."""
    return value is not None and math.isfinite(value)
