"""What the page of a line of production says, part by part, and each of its rows drawn. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..app.exact import span
from ..app.monitoring import Burn
from ..app.records import Alert, Millis
from ..app.text import cells, clip, fit, one_line, pad
from ..widgets.figures import age, moment
from ..widgets.freshness import condition
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .page_lines import pair
from .page_rows import Part, Row
from .run_details import Lines, Sight, pairs, wrap
from .series_facts import Move, SeriesFacts, Stretch
from .serving_pane import span_word
from .serving_words import (
    MEANS,
    alert_said,
    alert_stands,
    called_by,
    in_unit,
    labels_until,
    rate_said,
    since_said,
    summary_of,
    threshold_said,
)

FACT = "fact"


def series_head(facts: SeriesFacts, sight: Sight) -> tuple[list[Piece], list[Piece]]:
    """`✖ bad  0.71, at least 0.78   since 21:40 (5 h)`, and on the right the age of the newest point."""
    series, stands = facts.series, facts.seen.state(sight.now)
    role = sign(stands).role
    bound = threshold_said(series) if series.bound is not None or series.objective is not None else MEANS[stands]
    left: list[Piece] = [
        (f" {glyph(stands)} {stands}", role),
        (f"   {in_unit(series, series.value)}", "bright"),
        (f"   {bound}", "text"),
    ]
    since = since_said(series, sight.now, sight.zone)
    until = labels_until(series, sight.now, sight.zone)
    old = age(series.at, sight.now)
    right: list[Piece] = [(f"{f'labels until {until}   ' if until else ''}newest {old or 'never'} ", "dim")]
    room = sight.width - sum(cells(text) for text, _ in (*left, *right)) - 6
    # when it was good last goes before since when it is bad
    said = next((text for text in (since, since.partition(",")[0]) if text and cells(text) <= room), "")
    return [*left, (f"   {said}" if said else "", "text")], right


def series_parts(facts: SeriesFacts, sight: Sight) -> Iterator[Part]:
    """How long it was bad, how fast its budget goes, what happened around, and what it is."""
    back = f"none in the last {span_word(facts.drawn.until - facts.drawn.since)}"
    rows = [Row("stretch", str(began), (began, ended)) for began, ended in facts.stretches]
    has_bound = facts.series.min is not None or facts.series.max is not None
    yield Part(title="over its threshold", rows=rows, empty=back if has_bound else "")
    if facts.series.objective is not None:
        burns = [Row("burn", str(burn.window.long), burn) for burn in facts.seen.burns]
        promised = threshold_said(facts.series)
        yield Part(title="budget", rows=burns, note=promised, empty=f"{promised}: no point tells how fast it goes")
    yield Part(title="around", rows=_around(facts), empty=f"no alias moved and no alert fired: {back}")
    yield Part(title="what it is", rows=list(_facts(facts, sight)), note=" ")


def _around(facts: SeriesFacts) -> list[Row]:
    """Moves and alerts, newest first."""
    made: list[tuple[Millis, Row]] = [(move.at, Row("move", f"{move.at} {move.label}", move)) for move in facts.moves]
    made += [(alert.since, Row("alert", f"{alert.fingerprint} {alert.since}", alert)) for alert in facts.alerts]
    return [row for _, row in sorted(made, key=lambda one: -one[0])]


def _facts(facts: SeriesFacts, sight: Sight) -> Iterator[Row]:
    series, now, zone = facts.series, sight.now, sight.zone
    until = labels_until(series, now, zone)
    said = [
        ("threshold", threshold_said(series)),
        ("model", f"{series.model}{f' v{series.version}' if series.version else ', whichever version is in force'}"
         if series.model else "none"),
        ("kind", series.kind),
        ("labels", called_by(series.labels) or "none"),
        ("truth until", f"{until}: a point speaks of predictions {span(series.label_delay)} before" if until else ""),
        ("step", f"{span(series.step)} between two points"),
        ("query", one_line(series.query[:2_000])),
        ("source", _source(facts, now)),
    ]  # fmt: skip
    for name, text in said:
        if text:
            yield Row(FACT, name, text)


def _source(facts: SeriesFacts, now: Millis) -> str:
    state, looked = facts.source, age(facts.series.looked_at, now)
    asked = f"asked {looked}{'' if looked in ('now', 'ahead') else ' ago'}" if looked else "never asked"
    if state is None:
        return asked
    stands = condition(state, now)
    return f"{state.name}  {glyph(stands)} {stands.replace('_', ' ')}  {asked}"


# -- drawing ------------------------------------------------------------------------------------------------------


def draw_series_row(row: Row, width: int, sight: Sight) -> list[Piece]:
    """A line in `width` cells."""
    thing = row.thing
    if row.kind == "heading":
        return [(row.name, "bright"), (f"  {row.note}" if row.note.strip() else "", "dim")]
    if row.kind in ("gap", "remark"):
        return [(f"  {row.note}", "dim")] if row.note else []
    if isinstance(thing, Burn):
        return burn_pieces(thing, width)
    if isinstance(thing, Move):
        return [(pad(moment(thing.at, sight.now, sight.zone), 13), "dim"), (f"┊ {thing.label}", "accent"),
                ("  an alias of production came to it", "dim")]  # fmt: skip
    if isinstance(thing, Alert):
        return alert_pieces(thing, width, sight)
    if isinstance(thing, tuple):
        return stretch_pieces(thing, sight)
    return pair(row.name, thing if isinstance(thing, str) else row.note, width)


def stretch_pieces(stretch: Stretch, sight: Sight) -> list[Piece]:
    """`21:40 to now        5 h 27 m  lasts`."""
    began, ended = stretch
    until = moment(ended, sight.now, sight.zone) if ended is not None else "now"
    when = f"{moment(began, sight.now, sight.zone)} to {until}"
    stands = "failed" if ended is None else "over"
    took = span((sight.now if ended is None else ended) - began)
    role = sign(stands).role if ended is None else "text"
    lasts: list[Piece] = [("  lasts", "bad")] if ended is None else []
    return [(f"{glyph(stands)} {pad(when, 30)}", role), (f"{took:>10}", "text"), *lasts]


def burn_pieces(burn: Burn, width: int) -> list[Piece]:
    """`1 h and 5 m    15.2× and 16.0×   burns from 14.4×   ✖ fast`."""
    window = burn.window
    spans = f"{span_word(window.long)} and {span_word(window.short)}"
    rates = f"{rate_said(burn.long_rate)} and {rate_said(burn.short_rate)}"
    if burn.is_burning:
        stands, word = ("burning", "fast: worth waking somebody") if window.is_urgent else ("warn", "slow")
    elif burn.long_rate is None or burn.short_rate is None:
        stands, word = "missing", "no points to tell"
    else:
        stands, word = "good", "within its budget"
    made: list[Piece] = [
        (pad(spans, 14), "text"), (f"{rates:>20}", "text"), (f"   from {rate_said(window.factor):>5}", "dim"),
    ]  # fmt: skip
    return [*made, (fit(f"   {glyph(stands)} {word}", max(0, width - 48)), sign(stands).role)]


def alert_pieces(alert: Alert, width: int, sight: Sight) -> list[Piece]:
    """`02:40         ✖ HighLatency   firing 20 m  critical   p95 over 120 ms`."""
    stands = alert_stands(alert)
    when = pad(moment(alert.since, sight.now, sight.zone), 13)
    name = f"{glyph(stands)} {clip(alert.name, 30)}"
    said = f"   {alert_said(alert, sight.now)}   {summary_of(alert)}"
    return [(when, "dim"), (name, sign(stands).role), (fit(said, max(0, width - cells(when) - cells(name))), "dim")]


# -- beside it ----------------------------------------------------------------------------------------------------


def series_detail(row: Row, facts: SeriesFacts, sight: Sight) -> Lines:
    """What is known of a row."""
    thing = row.thing
    if isinstance(thing, Alert):
        return alert_lines(thing, sight)
    if isinstance(thing, Burn):
        return _burn_lines(thing, facts, sight)
    if isinstance(thing, Move):
        said = [("when", moment(thing.at, sight.now, sight.zone)), ("to", thing.label)]
        if thing.label.startswith("?"):
            said.append(("why", "no entry of the ledger explains it"))
        return [[(" an alias of production moved", "bright")], [], *pairs(said, sight.width), [],
                [(" Enter opens the model", "dim")]]  # fmt: skip
    if isinstance(thing, tuple):
        return _stretch_lines(thing, facts, sight)
    text = thing if isinstance(thing, str) else row.note
    return [
        [(f" {row.name}", "bright")],
        [],
        *([(f" {line}", "text")] for line in wrap(text, max(16, sight.width - 2))),
    ]


def _stretch_lines(stretch: Stretch, facts: SeriesFacts, sight: Sight) -> Lines:
    began, ended = stretch
    said = [
        ("first bad", moment(began, sight.now, sight.zone)),
        ("good again", moment(ended, sight.now, sight.zone) if ended is not None else "not yet"),
        ("for", span((sight.now if ended is None else ended) - began)),
        ("threshold", threshold_said(facts.series)),
    ]
    return [[(" over its threshold", "bright")], [], *pairs(said, sight.width), [],
            *_told("Enter draws it closer   w shows what changed around it", sight)]  # fmt: skip


def _burn_lines(burn: Burn, facts: SeriesFacts, sight: Sight) -> Lines:
    window = burn.window
    said = [
        (f"last {span_word(window.long)}", rate_said(burn.long_rate)),
        (f"last {span_word(window.short)}", rate_said(burn.short_rate)),
        ("burns from", rate_said(window.factor)),
        ("promised", threshold_said(facts.series)),
    ]
    why = "At 1× the budget of 30 days lasts exactly 30 days. Both windows must agree before it counts as burning."
    return [[(" how fast the budget goes", "bright")], [], *pairs(said, sight.width), [], *_told(why, sight)]


def alert_lines(alert: Alert, sight: Sight) -> Lines:
    """An alert: what it says, how it stands and since when."""
    stands = alert_stands(alert)
    said = [
        ("since", f"{moment(alert.since, sight.now, sight.zone)} ({age(alert.since, sight.now)})"),
        ("over", moment(alert.ended_at, sight.now, sight.zone)),
        ("severity", alert.severity),
        ("model", alert.model),
        ("says", summary_of(alert)),
        ("labels", called_by(alert.labels, ("alertname",))),
    ]
    title: list[Piece] = [(f" {clip(alert.name, max(8, sight.width - 14))}  ", "bright"),
                          (f"{glyph(stands)} {alert.state}", sign(stands).role)]  # fmt: skip
    return [title, [], *pairs([one for one in said if one[1]], sight.width), [], [(" Enter opens it", "dim")]]


def _told(text: str, sight: Sight) -> Sequence[list[Piece]]:
    return [[(f" {line}", "dim")] for line in wrap(text, max(16, sight.width - 2))]
