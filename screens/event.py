"""One event: what happened, when that is known to have been, who did it, and all that it speaks of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..app.copies import Copy
from ..app.event_copies import event_copies
from ..app.records import Event, Gap, SourceState, Subject
from ..app.store.event_lookup import event_by_id
from ..app.store.reading import Reader
from ..app.store.state import State
from ..app.text import clip, fit, shown
from ..widgets.figures import age, moment
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .changes import Changed
from .deck import Deck
from .event_subjects import opened_by, subjects_of
from .event_words import actor_said, gap_said, stands_of, title_of, when_said
from .page import PageScreen
from .page_lines import draw_thing, thing_lines
from .page_rows import Part, Row, outline
from .places import ROOTS
from .run_details import Lines, Sight, wrap
from .subjects import named

NEAR = 60 * 60 * 1000
"""Milliseconds around an event in which stretches without a sync are told."""

MEANS = {
    "signed": "signed: verified against the allowed signers",
    "forge": "the provider vouches for the name",
    "claimed": "claimed: anybody can write this name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """An event with what is known around it."""

    event: Event
    gaps: tuple[Gap, ...] = ()
    """Stretches without a sync that its time may lie in."""
    source: SourceState | None = None


def event_facts(reader: Reader, state: Path, name: str, known: Event | None) -> EventFacts | None:
    """The facts; None for an event that nothing tells of."""
    with State(state) as held:
        event = known if known is not None else event_by_id(reader, held, name)
        if event is None:
            return None
        begin = event.not_before if event.not_before is not None else event.at
        gaps = [gap for gap in held.gaps(begin - NEAR) if gap.since <= event.at and gap.until >= begin]
        source = next((one for one in reader.source_states() if one.source == event.source), None)
        return EventFacts(event=event, gaps=tuple(gaps), source=source)


class EventScreen(PageScreen[EventFacts]):
    """The page of the event of this id. `known`: the event, where somebody has it at hand."""

    TAB = "events"

    def __init__(self, deck: Deck, name: str, known: Event | None = None) -> None:
        super().__init__(deck)
        self.event_id, self._known = name, known

    def reading(self) -> Callable[[Reader], EventFacts | None]:
        """What reads the facts."""
        return partial(event_facts, state=self.deck.state.path, name=self.event_id, known=self._known)

    def named(self) -> tuple[str, str]:
        """The event."""
        return "event", self.facts.event.kind if self.facts is not None else self.event_id

    def is_about(self, changed: Changed) -> bool:
        """What happened does not change."""
        return False

    def rows(self, facts: EventFacts, width: int) -> list[Row]:
        """Every line."""
        return outline(event_parts(facts, self.sight(width)), self.needle)

    def draw_row(self, row: Row, facts: EventFacts, width: int) -> list[Piece]:
        """A line."""
        if row.kind == "ref":
            return [(f"{row.note:<12}", "dim"), (f"  {clip(row.name, max(8, width - 14))}", "text")]
        return draw_thing(row, width, self.deck.now())

    def head(self, facts: EventFacts) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What happened, and when."""
        event, sight = facts.event, self.sight(self.room.width)
        stands = stands_of(event)
        when = f"{when_said(event, sight.now, sight.zone, 40)} ({age(event.at, sight.now)}) "
        left: list[Piece] = [(f" {glyph(stands)} ", sign(stands).role)]
        return [*left, (fit(title_of(event), max(8, sight.width - 4 - len(when))), "bright")], [(when, "dim")]

    def details(self, row: Row, facts: EventFacts, sight: Sight) -> Lines:
        """What is known of a row."""
        if row.kind == "ref":
            has_screen = isinstance(row.thing, Subject) and row.thing.kind in ROOTS
            hint = "Enter opens it" if has_screen else "it has no screen of its own"
            lines = wrap(shown(row.name), max(16, sight.width - 2))
            return [*([(f" {line}", "bright")] for line in lines), [(f" {row.note}", "dim")], [], [(f" {hint}", "dim")]]
        return thing_lines(row, sight)

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else what the event speaks of."""
        facts = self.facts
        own = opened_by(facts.event) if facts is not None else None
        return super().subject_here() or own or named("event", self.event_id)

    def leads_to(self, subject: Subject) -> bool:
        """Things that have a screen."""
        return subject.kind in ROOTS and subject != named("event", self.event_id)

    def copies(self) -> Sequence[Copy]:
        """The event in its forms."""
        if self.facts is None:
            return ()
        return event_copies([self.facts.event], {state.source: state.name for state in self.deck.states})


def event_parts(facts: EventFacts, sight: Sight) -> Iterator[Part]:
    """What it speaks of first, then when it was, who did it, and how it is known."""
    event, now, zone = facts.event, sight.now, sight.zone
    roles = {ref.subject: ref.role for ref in event.refs}
    refs = [Row("ref", str(one), one, note=roles.get(str(one), "")) for one in subjects_of(event)]
    yield Part(title="speaks of", rows=refs, empty="it names nothing that could be opened")
    title = wrap(title_of(event), max(16, sight.width - 4))
    said = [Row("title", f"title {at}" if at else "title", line) for at, line in enumerate(title)]
    said += [Row("fact", "when", when_said(event, now, zone, 60))]
    if event.not_before is not None and event.not_before < event.at:
        said.append(Row("fact", "known as", "a range: it was found by looking again"))
    said += [Row("fact", "gap", gap_said(gap, now, zone)) for gap in facts.gaps]
    if event.seen_at is not None:
        said.append(Row("fact", "seen", f"{moment(event.seen_at, now, zone)} ({age(event.seen_at, now)})"))
    yield Part(title="what happened", rows=said, note=" ")
    who = [Row("fact", "who", actor_said(event))] if event.actor else []
    if event.actor and event.strength:
        who.append(Row("fact", "known by", MEANS[event.strength]))
    yield Part(title="who", rows=who, note=" ", empty="nobody is named")
    source = facts.source
    yield Part(title="told by", rows=[Row("fact", "source", f"{source.name}  {source.kind}")] if source else [],
               note=" ", empty="" if event.source else "what was written here")  # fmt: skip
