"""The lines of the Watch, drawn. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import tzinfo
from math import isfinite
from typing import Final

from ..app.query import Node, matches_attention
from ..app.records import Attention, Millis, MonitorSeries, SeriesState, SourceState, Suspect, WayBack
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, count, moment
from ..widgets.line import Piece
from ..widgets.spark import spark
from ..widgets.status import glyph, sign
from .page_rows import Row
from .watch_facts import Strip, WatchFacts

SUSPECTS: Final = 3
"""That stand below an attention; its page has them all."""

UNFOLDED: Final = ("critical", "high")
"""Severities whose suspects stand on the Watch at once."""

SIGN: Final = {"critical": "failed", "high": "warn", "medium": "warn", "low": "missing"}
"""Which status's glyph and colour a severity has; the word is in the title."""

SHORT: Final = {"infrastructure": "infra", "dependency": "deps", "promotion": "promo", "pipeline": "ci"}
"""Kinds of suspects where a column is narrow."""

STRENGTHS: Final = {"strong": "bad", "possible": "warn", "weak": "dim"}

FRESH: Final = 5 * 60_000
"""Milliseconds for which an answer is as good as now."""

TAKEN: Final = "taken"
"""Begins the name under which it is kept that an attention stays in sight which was taken on just now."""

CALM: Final = {
    "well": ("ok", "all is well", "good"),
    "unwatched": ("missing", "nothing of production is watched yet", "text"),
    "unknown": ("unknown", "nothing is known yet: no source has answered", "text"),
}
"""What is said where nothing needs attention, by the kind of the row: status, words, colour."""

WHEN: Final = 13
"""Cells of a time or a range of two."""


def watch_rows(
    facts: WatchFacts, folds: dict[str, bool], needle: str = "", where: Node | None = None, *, is_airy: bool = False
) -> list[Row]:  # fmt: skip
    """Every line, with a filter those for which it holds: `needle` is its text. `folds`: attentions that somebody
    unfolded or folded, and `quiet`. `is_airy`: there is room for a line of nothing between them."""
    listed = [one for one in facts.sight.attentions if where is None or matches_attention(where, one)]
    loud = [one for one in listed if not one.is_quiet]
    quiet = [one for one in listed if one.is_quiet]
    rows = [row for one in loud for row in _attention_rows(one, facts, folds, is_airy=is_airy)]
    rows = rows[1:] if rows and rows[0].kind == "gap" else rows
    if quiet:
        open_ = [one for one in quiet if folds.get("quiet") or folds.get(f"{TAKEN} {one.id}")]
        folded = "" if len(open_) == len(quiet) else ", folded"
        rows.append(Row("quiet", "quiet", note=f"{count(len(quiet))} acknowledged{folded}"))
        rows += [Row("attention", one.id, one) for one in open_]
    if where is not None:
        return rows or [Row("remark", "none", note=f"nothing here holds “{needle}”")]
    return [*rows, *_below(facts, is_well=not loud)]


def _attention_rows(
    attention: Attention, facts: WatchFacts, folds: dict[str, bool], *, is_airy: bool
) -> Iterator[Row]:  # fmt: skip
    if is_airy and is_unfolded(attention, folds):
        yield Row("gap", attention.id)
    yield Row("attention", attention.id, attention)
    if not is_unfolded(attention, folds):
        return
    if (strip := facts.strips.get(attention.id)) is not None:
        yield Row("remark", f"{attention.id} strip", strip)
    elif attention.reason:
        yield Row("remark", f"{attention.id} reason", note=attention.reason)
    changes = facts.changes.get(attention.id)
    if changes is None:
        return
    for number, suspect in enumerate(_telling(attention, changes.suspects)):
        yield Row("suspect", f"{attention.id} {number}", suspect)
    if not changes.suspects:
        yield Row("remark", f"{attention.id} none", note=changes.sentence or "nothing is known that changed before it")
    if changes.way_back is not None:
        yield Row("back", attention.id, changes.way_back)


def _telling(attention: Attention, suspects: Sequence[Suspect]) -> Sequence[Suspect]:
    """The few that say most. Weak ones are named where production is broken, or where there are no others."""
    strong = [one for one in suspects if one.strength != "weak"]
    return (suspects if attention.severity == "critical" or not strong else strong)[:SUSPECTS]


def is_unfolded(attention: Attention, folds: dict[str, bool]) -> bool:
    """Whether its suspects are shown here."""
    return folds.get(attention.id, attention.severity in UNFOLDED and not attention.is_quiet)


def _below(facts: WatchFacts, *, is_well: bool) -> Iterator[Row]:
    sight = facts.sight
    if is_well:
        yield Row("unknown" if sight.oldest is None else "unwatched" if sight.is_blind else "well", "well")
        yield Row("remark", "watched", note=_watched(facts))
        if sight.oldest is not None and sight.is_blind:
            yield Row(
                "remark", "begin", note="2 3 4 7 say how; `quarterdeck init` begins, `quarterdeck demo` shows one"
            )
        yield Row("gap", "calm")
    else:
        yield Row("gap", "also")
    if sight.happened:
        told = ", ".join(f"{count(number)} × {kind}" for kind, number in sight.happened)
        yield Row("happened", "happened", note=told)
    elif is_well:
        yield Row("remark", "nothing", note="nothing happened since you last looked")


def _watched(facts: WatchFacts) -> str:
    if facts.sight.oldest is None:
        return ":sources says what is read and why nothing came; r asks for it now"
    parts = [f"{count(number)} {_one(name, number)}" for name, number in facts.sight.watched if number]
    if facts.sight.is_blind:
        return "no model, check or line of it is known: :sources says what is read"
    return f"watched: {', '.join(parts)}"


def _one(name: str, number: int) -> str:
    return name.removesuffix("s") if number == 1 and name != "series" else name


# -- drawing ------------------------------------------------------------------------------------------------------


def draw_watch(row: Row, width: int, now: Millis, zone: tzinfo) -> list[Piece]:
    """A line in `width` cells."""
    thing = row.thing
    if isinstance(thing, Attention):
        return attention_pieces(thing, width, now, zone)
    if isinstance(thing, Strip):
        return strip_pieces(thing, width, now, zone)
    if isinstance(thing, Suspect):
        return suspect_pieces(thing, width, now, zone)
    if isinstance(thing, WayBack):
        return way_back_pieces(thing, width)
    if row.kind == "gap":
        return []
    if row.kind in CALM:
        status, said, role = CALM[row.kind]
        return [(f"{glyph(status)} {said}", role)]
    if row.kind == "quiet":
        return [(row.note, "dim")]
    if row.kind == "happened":
        return [("since you looked", "dim"), (fit(f": {row.note}", max(0, width - 16)), "dim")]
    return [(fit(f"  {one_line(row.note)}", width), "dim")]


def attention_pieces(attention: Attention, width: int, now: Millis, zone: tzinfo) -> list[Piece]:
    """`✖ churn@champion v14  precision 0.71, floor 0.78    since 21:40 (5 h)   no owner`."""
    status = "skipped" if attention.is_quiet else SIGN[attention.severity]
    title = one_line(attention.title)
    right = _since_and_whose(attention, width - cells(title) - 2, now, zone)
    room = max(12, width - cells(right) - 2)
    title = fit(title, room)
    role = "dim" if attention.is_quiet else "bright"
    return [
        (f"{glyph(status)} ", sign(status).role),
        (pad(title, room), role),
        (right, "dim" if attention.is_quiet else "text"),
    ]


def _since_and_whose(attention: Attention, left: int, now: Millis, zone: tzinfo) -> str:
    """As much as there is room for beside the title: what is broken comes before since when, and that before whose."""
    how_long = age(attention.since, now)
    at = f"{moment(attention.since, now, zone)} ({how_long})"
    forms = (f"  since {at}   {clip(whose(attention), 16)}", f"  since {at}", f"  {at}", f"  {how_long}")
    return next((form for form in forms if cells(form) <= left), forms[2])


def whose(attention: Attention) -> str:
    """Who has it, else whose it is."""
    if attention.ack is not None:
        return f"{attention.ack.author or 'somebody'} has it"
    return attention.owner or "no owner"


def suspect_pieces(suspect: Suspect, width: int, now: Millis, zone: tzinfo) -> list[Piece]:
    """`strong  data   orders 77ab → 9c1e     19:02–20:55  customer_id null 0 → 3.1 %`."""
    kind = SHORT.get(suspect.kind, suspect.kind)
    when = span_said(suspect.not_before, suspect.at, now, zone)
    lead = f"  {pad(suspect.strength, 9)}"
    room = max(18, min(50, width - cells(lead) - 7 - WHEN - 3))
    about = "   ".join(part for part in (suspect.actor, first_reason(suspect)) if part)
    left = width - cells(lead) - 7 - room - WHEN - 2
    return [
        (lead, STRENGTHS[suspect.strength]),
        (pad(clip(kind, 6), 7), "dim"),
        (pad(fit(one_line(suspect.title), room), room), "text"),
        (f"  {pad(fit(when, WHEN), WHEN)}", "dim"),
        (fit(f"  {one_line(about)}", left) if left > 12 else "", "dim"),
    ]


def first_reason(suspect: Suspect) -> str:
    """What weighs most, for the end of a line."""
    return suspect.reasons[0] if suspect.reasons else ""


def span_said(since: Millis | None, until: Millis, now: Millis, zone: tzinfo) -> str:
    """`16:48`, or `19:02–20:55` where nobody looked in between."""
    if since is None or until - since < 60_000:
        return moment(until, now, zone)
    begun, ended = moment(since, now, zone), moment(until, now, zone)
    days = [said.rpartition(" ")[0] for said in (begun, ended)]
    if days[0] != days[1]:  # no room for times as well
        return "–".join(day or said for day, said in zip(days, (begun, ended), strict=True))
    return f"{begun}–{ended.rpartition(' ')[2]}" if not days[0] else f"{ended}"


def way_back_pieces(back: WayBack, width: int) -> list[Piece]:
    """`way back: v13, champion 12 d, precision 0.82 then; own gates 4 ● 1 ◌`: as of now, those of the moment aside."""
    if not back.version:
        return [(fit(f"  way back: {one_line(back.sentence)}", width), "dim")]
    held = f", {clip(back.alias, 16)} {age(0, back.held_for)}" if back.held_for else ""
    made: list[Piece] = [("  way back: ", "dim"), (f"v{clip(back.version, 12)}", "text"), (held, "dim")]
    gates: list[Piece] = [(f" {number} {glyph(state)}", sign(state).role) for state, number in back.gates]
    gates = [("; own gates", "dim"), *gates] if gates else []
    room = width - sum(cells(text) for text, _ in (*made, *gates))
    made += [(_figures(back, room), "dim"), *gates]
    left = width - sum(cells(text) for text, _ in made)
    return [*made, (fit(f"  {one_line(back.sentence)}", left), "dim")] if back.sentence and left > 8 else made


def _figures(back: WayBack, room: int) -> str:
    """As many of its figures as fit; the first is the one that is bad now."""
    said = ""
    for figure in back.figures:
        longer = f"{said.removesuffix(' then')}, {clip(figure, 30)} then"
        if cells(longer) > room:
            break
        said = longer
    return said


# -- the strip ----------------------------------------------------------------------------------------------------


def strip_pieces(strip: Strip, width: int, now: Millis, zone: tzinfo) -> list[Piece]:
    """`0.83 ▇▇▇▇▆▇┊v14▇▆▅▃▂ 0.71   labels until 02:00   p95 111 ms ●  errors 0.1 % ●`."""
    curve = _curve(strip, max(10, min(40, width // 5)))
    after = _labels(strip.series, now, zone)
    made: list[Piece] = [("  ", "text"), *curve, (f"   {after}" if after else "", "dim")]
    left = width - sum(cells(text) for text, _ in made)
    for series, state in strip.beside:
        said = f"   {clip(series.name if width > 100 else series.name.partition(' ')[0], 16)} {value_said(series)} "
        if cells(said) + 1 > left:
            break
        left -= cells(said) + 1
        made += [(said, "dim"), series_glyph(state)]
    return made


def _labels(series: MonitorSeries, now: Millis, zone: tzinfo) -> str:
    if series.at is None:
        return "no point yet"
    if series.label_delay is not None:
        return f"labels until {moment(series.at - series.label_delay, now, zone)}"
    return f"as of {moment(series.at, now, zone)}"


def _curve(strip: Strip, width: int) -> list[Piece]:
    """The curve with marks where an alias moved; figures at both ends."""
    samples = strip.samples
    values = [] if samples is None else list(samples.shares())
    if samples is None or not any(map(isfinite, values)):
        return [("no points to draw", "dim")]
    finite = [value for value in values if isfinite(value)]
    drawn = _marked(spark(values, width), list(samples.times), strip)
    # what is drawn is thinned to extremes: the newest figure is the one that the title says
    newest = strip.series.value if strip.series.value is not None and isfinite(strip.series.value) else finite[-1]
    ends = (f"{finite[0]:.3g} ", f" {newest:.4g}")
    broken = strip.series.bad_since is not None
    return [(ends[0], "dim"), *drawn, (ends[1], "bad" if broken else "text")]


def _marked(curve: str, times: list[Millis], strip: Strip) -> list[Piece]:
    """The curve cut where production moved: `▇▇▆┊v14▆▅`. A column stands for an equal number of points."""
    made: list[Piece] = []
    at = 0
    for move in strip.moves[-2:]:
        column = sum(time <= move.at for time in times) * len(curve) // max(1, len(times))
        if at <= column < len(curve):
            made += [(curve[at:column], "hue0"), (f"┊v{clip(move.version or '–', 6)}", "accent")]
            at = column
    return [*made, (curve[at:], "hue0")]


def value_said(series: MonitorSeries) -> str:
    """`111 ms`, `0.1 %`."""
    if series.value is None:
        return "–"
    unit = f" {clip(series.unit, 6)}" if series.unit else ""
    return f"{series.value:.3g}{unit}"


SERIES_STATUS: Final[dict[SeriesState, str]] = {
    "good": "ok", "bad": "failed", "burning": "failed", "stale": "warn", "nan": "warn", "no data": "missing",
    "unknown": "missing",
}  # fmt: skip


def series_glyph(state: SeriesState) -> Piece:
    """How a line stands, as one character."""
    status = SERIES_STATUS[state]
    return glyph(status), sign(status).role


# -- the head -----------------------------------------------------------------------------------------------------


def sources_said(states: Sequence[SourceState]) -> Piece:
    """`● 7 of 8`: how many sources answer."""
    well = sum(state.state == "ok" for state in states)
    status = "ok" if well == len(states) else "warn" if well else "failed"
    return f"{glyph(status)} {well} of {len(states)}", sign(status).role if states else "dim"


def looked_said(facts: WatchFacts | None, now: Millis) -> str:
    """How old what stands here is."""
    if facts is None:
        return "looking …"
    oldest = facts.sight.oldest
    if oldest is None:
        return "no source has answered yet"
    if 0 <= now - oldest < FRESH:
        return "all answered within 5 m"  # which source it is, and its minute, changes all night: nothing would be new
    return f"oldest answer {age(oldest, now)} ({shown(facts.sight.oldest_source)})"
