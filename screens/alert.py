"""One alert of the monitoring's own rules: what it says, when it fired, and the lines of the model that it is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from ..app.copies import Copy
from ..app.exact import span
from ..app.monitor_copies import alert_copies
from ..app.monitoring import standing
from ..app.records import Alert, MonitorSeries, Subject
from ..app.store.reading import Reader
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, figure, moment
from ..widgets.freshness import freshness
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .alert_facts import AlertFacts, alert_facts
from .alert_standing import StandsFor
from .changes import Changed
from .deck import Deck
from .page import PageScreen
from .page_lines import draw_thing
from .page_rows import Part, Row, outline
from .run_details import Lines, Sight, pairs, wrap
from .series_lines import alert_lines
from .serving_links import ServingKeys
from .serving_words import alert_said, alert_stands, in_unit, since_said, summary_of, threshold_said, titled
from .subjects import named


class AlertScreen(ServingKeys, StandsFor, PageScreen[AlertFacts]):
    """The page of the alert of this fingerprint."""

    TAB = "serving"

    def __init__(self, deck: Deck, fingerprint: str) -> None:
        super().__init__(deck)
        self.fingerprint = fingerprint

    def reading(self) -> Callable[[Reader], AlertFacts | None]:
        """What reads the facts."""
        return partial(_read, fingerprint=self.fingerprint, now=self.deck.now())

    def named(self) -> tuple[str, str]:
        """The alert."""
        return "alert", self.facts.alert.name if self.facts is not None else self.fingerprint

    def is_about(self, changed: Changed) -> bool:
        """New alerts and points."""
        return changed.monitors

    def rows(self, facts: AlertFacts, width: int) -> list[Row]:
        """Every line."""
        return outline(alert_parts(facts, self.sight(width)), self.needle)

    def draw_row(self, row: Row, facts: AlertFacts, width: int) -> list[Piece]:
        """A line."""
        return draw_alert_row(row, width, self.sight(width))

    def head(self, facts: AlertFacts) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How it stands, since when, and what it says."""
        return alert_head(facts.alert, self.sight(self.room.width))

    def details(self, row: Row, facts: AlertFacts, sight: Sight) -> Lines:
        """What is known of a row."""
        return alert_detail(row, sight)

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else the alert."""
        return super().subject_here() or self.page_subject()

    def page_subject(self) -> Subject:
        """The alert."""
        return named("alert", self.fingerprint)

    def leads_to(self, subject: Subject) -> bool:
        """An alert leads to others, not to itself."""
        return subject != self.page_subject()

    def watched_here(self) -> MonitorSeries | Alert | None:
        """The alert."""
        return self.facts.alert if self.facts is not None else None

    def copies(self) -> Sequence[Copy]:
        """The alert in its forms."""
        return alert_copies([self.facts.alert]) if self.facts is not None else ()

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What it is called, and how fresh its source is."""
        left, right = super().subject()
        source = self.facts.source if self.facts is not None else None
        return left, [*right, ("  ", "text"), *freshness(source, self.deck.now()), (" ", "text")] if source else right


def _read(reader: Reader, fingerprint: str, now: int) -> AlertFacts | None:
    return alert_facts(reader, fingerprint, now)


def alert_head(alert: Alert, sight: Sight) -> tuple[list[Piece], list[Piece]]:
    """`✖ firing 20 m  critical   p95 over 120 ms`, and on the right since when."""
    stands = alert_stands(alert)
    said = f" {glyph(stands)} {alert_said(alert, sight.now)}"
    when = f"since {moment(alert.since, sight.now, sight.zone)} "
    room = sight.width - cells(said) - cells(when) - 5
    return [(said, sign(stands).role), (f"   {fit(summary_of(alert), max(0, room))}", "bright")], [(when, "dim")]


def alert_parts(facts: AlertFacts, sight: Sight) -> Iterator[Part]:
    """What it says, when it fired, what it is about, its labels."""
    alert = facts.alert
    said = wrap(summary_of(alert), max(20, sight.width - 6))
    first = [Row("text", said[0], summary_of(alert)), *(Row("remark", f"says {at}", note=line)
             for at, line in enumerate(said[1:]))] if said else []  # fmt: skip
    yield Part(title="says", rows=first, note=" ", empty="its annotations have neither summary nor description")
    fired = [Row("firing", f"{one.fingerprint} {one.since}", one) for one in facts.stretches]
    yield Part(title="fired", rows=fired)
    lines = [Row("series", one.key, one) for one in facts.series]
    none = "nothing else watches this model" if alert.model else "its labels name no model that is known here"
    yield Part(title=f"what watches {clip(alert.model, 30)}" if alert.model else "model", rows=lines, empty=none)
    yield Part(title="fires as well", rows=[Row("alert", one.fingerprint, one) for one in facts.others])
    value = [Row("fact", "value", figure(alert.value))] if alert.value is not None else []
    labels = [Row("label", key, one_line(alert.labels[key])) for key in sorted(alert.labels)]
    yield Part(title="labels", rows=[*labels, *value], note=" ")


def draw_alert_row(row: Row, width: int, sight: Sight) -> list[Piece]:
    """A line in `width` cells."""
    thing = row.thing
    if row.kind == "firing" and isinstance(thing, Alert):
        return firing_pieces(thing, sight)
    if isinstance(thing, Alert):
        stands = alert_stands(thing)
        name = pad(f"{glyph(stands)} {clip(thing.name, 30)}", 32)
        said = f"  {alert_said(thing, sight.now)}  {summary_of(thing)}"
        return [(name, sign(stands).role), (fit(said, max(0, width - 32)), "dim")]
    if isinstance(thing, MonitorSeries):
        return series_pieces(thing, width, sight)
    if row.kind == "text":
        return [(fit(row.name, width), "text")]
    return draw_thing(row, width, sight.now)


def firing_pieces(alert: Alert, sight: Sight) -> list[Piece]:
    """`✖ 02:40 to now    27 m  lasts`; where its end was found by looking again, it is a range."""
    lasts = alert.ended_at is None
    stands = alert_stands(alert)
    end = "now" if alert.ended_at is None else moment(alert.ended_at, sight.now, sight.zone)
    if alert.ended_not_before is not None and alert.ended_not_before != alert.ended_at:
        end = f"{moment(alert.ended_not_before, sight.now, sight.zone)}–{end}"
    when = f"{moment(alert.since, sight.now, sight.zone)} to {end}"
    took = span((sight.now if alert.ended_at is None else alert.ended_at) - alert.since)
    return [
        (f"{glyph(stands)} {pad(when, 34)}", sign(stands).role if lasts else "text"),
        (f"{took:>10}", "text"),
        (f"  {alert.state}" if lasts else "", "bad" if alert.state == "firing" else "dim"),
    ]


def series_pieces(series: MonitorSeries, width: int, sight: Sight) -> list[Piece]:
    """`✖ precision            0.7102   at least 0.78   since 21:40 (5 h)`."""
    stands = standing(series, sight.now)
    role = sign(stands).role
    version = f" v{series.version}" if series.version else ""
    name = pad(f"{glyph(stands)} {clip(titled(series) + version, 26)}", 28)
    said = "   ".join(part for part in (threshold_said(series), since_said(series, sight.now, sight.zone)) if part)
    return [
        (name, "text" if role == "good" else role),
        (f"{in_unit(series, series.value):>12}", "text"),
        (fit(f"   {said}", max(0, width - 40)), "dim"),
    ]


def alert_detail(row: Row, sight: Sight) -> Lines:
    """What is known of a row."""
    thing = row.thing
    if isinstance(thing, Alert):
        return alert_lines(thing, sight)[: -2 if row.kind == "firing" else None]
    if isinstance(thing, MonitorSeries):
        said = [
            ("newest", f"{in_unit(thing, thing.value)} ({age(thing.at, sight.now) or 'never'})"),
            ("threshold", threshold_said(thing)),
            ("bad", since_said(thing, sight.now, sight.zone)),
            ("query", one_line(thing.query[:1_000])),
        ]
        return [[(f" {clip(titled(thing), max(8, sight.width - 4))}", "bright")], [],
                *pairs([one for one in said if one[1]], sight.width), [], [(" Enter opens it", "dim")]]  # fmt: skip
    text = thing if isinstance(thing, str) else row.note
    title = "says" if row.kind == "text" else shown(row.name)
    return [[(f" {title}", "bright")], [], *([(f" {line}", "text")] for line in wrap(text, max(16, sight.width - 2)))]
