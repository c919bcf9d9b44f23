"""`quarterdeck monitors`: the lines of production and how they stand, and the alerts that fire."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import click

from ..errors import FilterError, UsageError
from ..exact import span
from ..monitor_copies import alert_json, series_json
from ..monitoring import WINDOWS, Burn, burn_rates, standing
from ..query import SERIES, Field, Node, SeriesFacts, Sort, matches_series, parse_sort, series_values
from ..records import Alert, Millis, MonitorSeries, SeriesState
from ..settings import Settings
from ..store.reading import Reader
from ..text import shown
from .boundary import say
from .events import moment
from .filters import filter_of, sort_of
from .options import Options
from .place import settings_of, synced
from .printing import Head, ago, iso, number, print_json, print_table

DEFAULT: Final = "name,state,model,version,value,unit,min,max,objective,burn,at,bad_since,key"
ON_A_TERMINAL: Final = "state,name,model,version,value,bound,age,since"
OF_ALERTS: Final = (
    Head("state", whole=True), Head("alert"), Head("severity"), Head("model"), Head("since", whole=True),
    Head("summary"),
)  # fmt: skip
WORST_FIRST: Final[tuple[SeriesState, ...]] = ("burning", "bad", "nan", "stale", "no data", "unknown", "good")
BAD: Final = ("burning", "bad", "nan", "stale")
"""States in which nobody may call it well."""
USUAL_POINTS: Final = 240
"""Points of a line in --json: of a day one each six minutes, the smallest and largest of each twelve."""

Cell = Callable[["_Row", Millis], str]


class _Row(NamedTuple):
    facts: SeriesFacts
    burns: tuple[Burn, ...]
    is_replaced: bool = False
    """It fell silent, and a line of the same series and model speaks on: its version is served no more."""

    @property
    def is_bad(self) -> bool:
        """Whether somebody should look."""
        return self.facts.state in BAD and not self.is_replaced


class _Column(NamedTuple):
    head: Head
    cell: Cell


@click.command("monitors", short_help="List lines of production: how they stand, and alerts that fire.")
@click.option(
    "--filter",
    "text",
    metavar="TEXT",
    default="",
    help="Only those for which this holds, in the grammar of the screens.",
)
@click.option("--sort", metavar="KEY[:desc]", help="By any field of the filter; default the worst first.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@click.option("--columns", metavar="A,B", help="Columns of the table, with commas between: name,value,label,query")
@click.option("--since", default="1d", metavar="T", help="How far back the points of --json go: 6h, 2d, a date.")
@click.option(
    "--points", type=click.IntRange(min=0), default=USUAL_POINTS, metavar="N",
    help="At most about so many points of a line in --json, those that stand out; 0 for none.",
)  # fmt: skip
@click.option("--alerts", is_flag=True, help="The alerts that fire or are pending instead.")
@click.option("--past", is_flag=True, help="With --alerts those that are over as well.")
@click.option("--exit-code", is_flag=True, help="End with 1 when a line is not well, an alert fires, or there is none.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array with every field; strings exact.")
@click.pass_obj
def monitors_command(
    options: Options, text: str, sort: str | None, limit: int | None, columns: str | None, since: str, points: int,
    alerts: bool, past: bool, exit_code: bool, as_json: bool,
) -> int:  # fmt: skip
    """List what watches production: each line with its newest figure, its threshold and how it stands.

    \b
      quarterdeck monitors --filter 'model:churn and not state:good'
      quarterdeck monitors --filter 'kind:business' --columns name,version,value,min,label_delay
      quarterdeck monitors --json --since 6h | jq '.[] | [.name, .state, .points[-1]]'
      quarterdeck monitors --alerts

    good, bad (over its threshold), burning (its budget goes too fast in two windows at once), stale (the newest point
    is too old), nan, no data, or unknown where nothing says what would be good. Reads the cache only; `quarterdeck
    status` says how old it is.
    """
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    if as_json and columns:
        say("--columns has no effect with --json: every field is there.")
    for word, given in (("--filter", text), ("--sort", sort), ("--columns", columns)):
        if given and alerts:
            say(f"{word} has no effect with --alerts.")
    shape = [_column(word.strip()) for word in (columns or _usual_columns()).split(",") if word.strip()]
    where = filter_of(text, settings.zone, vocabulary=SERIES)
    order = None if sort is None else sort_of(sort, vocabulary=SERIES)
    start = moment(since, now, settings.zone)
    with synced(options, settings) as reader:
        if reader is None:
            if as_json:
                print_json(())
            return int(exit_code)
        if alerts:
            return _print_alerts(reader, now, limit, past=past, as_json=as_json, exit_code=exit_code)
        rows = _rows(reader, now, where, order)
        kept = rows[:limit]
        if as_json:
            print_json(_json(reader, row, start, now, points) for row in kept)
        else:
            print_table([one.head for one in shape], ([one.cell(row, now) for one in shape] for row in kept))
        firing = _tell(reader, settings, rows, is_narrowed=bool(text))
    return int(exit_code and (firing or not rows or any(row.is_bad for row in rows)))


def _rows(reader: Reader, now: Millis, where: Node | None, order: Sort | None) -> list[_Row]:
    """The lines that pass, in order; those without a value come last."""
    names = {one.source: one.name for one in reader.source_states()}
    found = [_row(reader, series, now, names.get(series.source, "")) for series in reader.monitors.series()]
    found = [row for row in _marked(found) if where is None or matches_series(where, row.facts)]
    if order is None:
        return sorted(found, key=lambda row: (row.is_replaced, WORST_FIRST.index(row.facts.state)))
    told = [(series_values(order.field, row.facts), row) for row in found]
    present = sorted((pair for pair in told if pair[0]), key=lambda pair: pair[0], reverse=order.descending)
    return [row for _, row in present] + [row for values, row in told if not values]


def _marked(rows: Sequence[_Row]) -> list[_Row]:
    """The lines, with those marked that were replaced."""
    live = {_line_of(row) for row in rows if row.facts.state != "stale" and row.facts.series.at is not None}
    return [row._replace(is_replaced=row.facts.state == "stale" and _line_of(row) in live) for row in rows]


def _line_of(row: _Row) -> tuple[str, str, str]:
    return row.facts.series.source, row.facts.series.name, row.facts.series.model


def _row(reader: Reader, series: MonitorSeries, now: Millis, source: str) -> _Row:
    burns = _burns(reader, series, now)
    rates = [(one.long_rate, one.short_rate) for one in burns]
    burn = max((min(long, short) for long, short in rates if long is not None and short is not None), default=None)
    return _Row(SeriesFacts(series, standing(series, now, burns), burn, source), burns)


def _burns(reader: Reader, series: MonitorSeries, now: Millis) -> tuple[Burn, ...]:
    if series.objective is None or series.at is None:
        return ()
    samples = reader.monitors.samples(series.key, now - 2 * WINDOWS[-1].long, now + 1)
    return () if samples is None else burn_rates(samples, series.objective, now)


def _json(reader: Reader, row: _Row, start: Millis, now: Millis, points: int) -> dict[str, Any]:
    """As a script gets it."""
    series = row.facts.series
    samples = reader.monitors.thinned(series.key, start, now + 1, points) if points else None
    made = series_json(series, now, row.burns, samples)
    return {"points": [], **made, "burn": number(row.facts.burn), "source_name": row.facts.source}


def _print_alerts(
    reader: Reader, now: Millis, limit: int | None, *, past: bool, as_json: bool, exit_code: bool
) -> int:  # fmt: skip
    found = reader.monitors.alerts(past=past, limit=200 if limit is None else limit)
    if as_json:
        print_json(alert_json(alert) for alert in found)
    else:
        print_table(OF_ALERTS, (_alert_cells(alert, now) for alert in found))
    if not found and limit != 0:
        say("No alert fires, and none was seen before." if past else "No alert fires.")
    return int(exit_code and any(alert.state == "firing" for alert in found))


def _alert_cells(alert: Alert, now: Millis) -> list[str]:
    lasted = "" if alert.ended_at is None else f" ({span(alert.ended_at - alert.since)})"
    since = f"{iso(alert.since)}{lasted}" if not sys.stdout.isatty() else f"{ago(alert.since, now)}{lasted}"
    return [alert.state, alert.name, alert.severity, alert.model, since, alert.summary]


def _tell(reader: Reader, settings: Settings, rows: Sequence[_Row], *, is_narrowed: bool) -> bool:
    """What stands beside the list: alerts, and why there is nothing; gives whether any alert fires."""
    firing = [alert for alert in reader.monitors.alerts() if alert.state == "firing"]
    if firing:
        names = ", ".join(dict.fromkeys(shown(alert.name) for alert in firing))
        say(f"{len(firing)} {'alert fires' if len(firing) == 1 else 'alerts fire'}: {names}. `--alerts` lists them.")
    if not settings.monitors:
        say("No monitoring is in the settings: [[monitors]] names one.")
    elif not rows and is_narrowed:
        say("No line is like that.")
    elif not rows:
        for state in _unread(reader):
            say(state)
    return bool(firing)


def _unread(reader: Reader) -> Iterator[str]:
    for state in reader.source_states():
        if state.kind in ("prometheus", "monitors"):
            yield f"{shown(state.name)}: {shown(state.sentence) or 'nothing was read of it yet: `quarterdeck sync`.'}"


# -- columns


def _usual_columns() -> str:
    return ON_A_TERMINAL if sys.stdout.isatty() else DEFAULT


def _column(word: str) -> _Column:
    """The column of this name: the word on the command line is the word in the filter. Raises UsageError."""
    if word in _PLAIN:
        return _Column(Head(word, right=word in ("value", "bound", "age")), _PLAIN[word])
    try:
        field = parse_sort(word, vocabulary=SERIES).field
    except FilterError as error:
        raise UsageError(f"--columns: {error}") from error
    is_word = field.type in ("time", "status") or field.name == "key"
    return _Column(Head(word, right=field.type in ("number", "seconds"), whole=is_word), _cell(field))


def _cell(field: Field) -> Cell:
    write = _WRITTEN.get(field.type, str)
    return lambda row, now: ", ".join(write(one) for one in series_values(field, row.facts))


def _figure(value: float) -> str:
    return f"{value:.6g}"


def _bound(row: _Row) -> str:
    """`>= 0.78`, `<= 0.2`, `99 %`: what it is measured by."""
    series = row.facts.series
    if series.objective is not None:
        return f"{100 * series.objective:.6g} %"
    bounds = ((">=", series.min), ("<=", series.max))
    return " ".join(f"{sign} {bound:.4g}" for sign, bound in bounds if bound is not None)


def _value(row: _Row) -> str:
    series = row.facts.series
    return "" if series.value is None else f"{series.value:.4g} {series.unit}".rstrip()


def _exact_value(row: _Row) -> str:
    value = row.facts.series.value
    return "" if value is None else f"{value!r}"


_WRITTEN: Final[Mapping[str, Callable[[Any], str]]] = {
    "time": lambda at: iso(at) or "",
    "seconds": lambda seconds: span(round(seconds * 1000)),
    "number": _figure,
}
_PLAIN: Final[Mapping[str, Cell]] = {
    "age": lambda row, now: ago(row.facts.series.at, now),
    "since": lambda row, now: "" if row.facts.series.bad_since is None else ago(row.facts.series.bad_since, now),
    "value": lambda row, _: _value(row) if sys.stdout.isatty() else _exact_value(row),
    "bound": lambda row, _: _bound(row),
}
