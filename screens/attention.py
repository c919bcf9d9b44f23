"""What changed around a thing, or before it broke: suspects with their reasons and evidence, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..app.copies import Copy
from ..app.errors import UsageError
from ..app.records import Attention, Changes, Evidence, Note, Signal, Subject, Suspect, WayBack, parse_subject
from ..app.store.notes import all_notes
from ..app.store.reading import Reader
from ..app.store.state import State
from ..app.text import clip, fit, one_line, pad
from ..app.triage.explain import explain
from ..app.triage.look import look
from ..app.triage.outlook import Outlook
from ..widgets.figures import age, count, moment
from ..widgets.line import Piece
from ..widgets.status import glyph, sign
from .deck import Deck
from .lineage_roots import lineage_root
from .page import PageScreen
from .page_rows import Part, Row, outline
from .run_details import Lines, Sight
from .subject_names import kind_word, name_of
from .suspect_lines import attention_lines, said_lines, signal_pieces, suspect_lines, title_lines
from .watch import log_of, open_log
from .watch_rows import SIGN, suspect_pieces, way_back_pieces, whose


@dataclass(frozen=True, slots=True)
class ChangesFacts:
    """What changed, and what was said of it. `attention`: None where it was asked for a thing that is well."""

    changes: Changes
    attention: Attention | None = None
    notes: Sequence[Note] = field(default=())
    called: str = ""
    """What people call the thing that this is about."""


class ChangesScreen(PageScreen[ChangesFacts]):
    """What changed around a subject."""

    TAB = "watch"
    LEADING_KEYS = ("page.open", "changes.lineage", "changes.log", "ack", "note", "changes.back", "page.filter")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "lineage", "lineage", id="changes.lineage",
                tooltip="What this came from, and what came of it"),
        Binding("l", "log", "log", id="changes.log", tooltip="Read the log that this is about"),
        Binding("a", "acknowledge", "mine", id="ack",
                tooltip="Take on what needs attention here: it is quiet until it changes; again lets go of it"),
        Binding("m", "note", "note", id="note", tooltip="Write a note on what is here, for the team"),
        Binding("B", "roll_back", "roll back", id="changes.back", tooltip="Open the plan of the way back"),
    ]  # fmt: skip

    def __init__(self, deck: Deck, about: Subject) -> None:
        super().__init__(deck)
        self.about = about

    def reading(self) -> Callable[[Reader], ChangesFacts | None]:
        """What reads the facts; an attention by its id is looked for first."""
        path, outlook, about, now = self.deck.state.path, self.deck.outlook, self.about, self.deck.now

        def read(reader: Reader) -> ChangesFacts | None:
            with State(path) as state:
                return changes_facts(reader, state, outlook, about, now())

        return read

    def named(self) -> tuple[str, str]:
        """What it is about, by the name that people know; its id would say nothing until the name is read."""
        facts, about = self.facts, self.about
        if facts is not None and facts.attention is not None:
            return "attention", facts.attention.title
        if about.kind == "attention":
            return "attention", about.parts[0]
        return f"what changed around {kind_word(about)}".rstrip(), facts.called if facts is not None else "…"

    def missing_said(self) -> str:
        """There is always something around a thing; an attention ends."""
        return f"{self.about}: this needs no attention any more, or never did; 1 shows what does"

    def rows(self, facts: ChangesFacts, width: int) -> list[Row]:
        """Every line."""
        return outline(changes_parts(facts), self.needle)

    def draw_row(self, row: Row, facts: ChangesFacts, width: int) -> list[Piece]:
        """A line."""
        return draw_change(row, self.sight(width))

    def head(self, facts: ChangesFacts) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How it stands, and the window."""
        return changes_head(facts, self.sight(self.room.width))

    def details(self, row: Row, facts: ChangesFacts, sight: Sight) -> Lines:
        """What is known of a row."""
        thing = row.thing
        if isinstance(thing, Suspect):
            return suspect_lines(thing, sight)
        if isinstance(thing, Signal) and facts.attention is not None:
            return attention_lines(facts.attention, facts.changes, sight)
        if isinstance(thing, Note):
            return [*title_lines(f"{thing.kind} by {thing.author}", sight), [], *said_lines(thing.text, sight)]
        text = thing.text if isinstance(thing, Evidence) else row.note
        return [*title_lines(text or row.name, sight)]

    def subject_here(self) -> Subject | None:
        """What is under the cursor where it is a thing of its own, else what the page is about."""
        row = self.outline.entry() if self.is_composed else None
        return _subject_of(row) or self._about()

    def _about(self) -> Subject:
        """What all this is about, as a thing that can be opened."""
        attention = self.facts.attention if self.facts is not None else None
        return self.about if attention is None else _parsed(attention.subject) or self.about

    def action_open(self) -> None:
        """Open what is under the cursor."""
        row = self.outline.entry()
        if row is not None and isinstance(row.thing, WayBack):
            self.action_roll_back()
        elif row is not None and row.kind == "other" and self.facts is not None:
            filter_text = events_like(row.name, self.facts.changes, self.deck.zone)
            self.app.action_events(filter_text)  # type: ignore[attr-defined]  # Quarterdeck's
        elif (subject := _subject_of(row)) is not None:
            self._go(subject)
        else:
            super().action_open()

    def action_lineage(self) -> None:
        """Draw what all this is about with what it came from and what came of it, wherever the cursor is."""
        from .lineage import LineageScreen  # with what it brings, when it is wanted

        facts, about = self.facts, self._about()
        line = self.deck.reader.monitors.one(about.parts[0]) if about.kind == "series" else None
        attention, changes = (facts.attention, facts.changes) if facts is not None else (None, None)
        root = lineage_root(about, attention, changes, line)
        if root is None:
            self.say(
                f"nothing here has a lineage: {kind_word(about) or about.kind} comes from no run and no data", "dim"
            )
        else:
            self.app.push_screen(LineageScreen(self.deck, root))

    def action_log(self) -> None:
        """Open the log that the row is about."""
        subject = self._log_here()
        if subject is None:
            self.say("no log is known for this", "dim")
        else:
            open_log(self, subject)

    def _log_here(self) -> Subject | None:
        row = self.outline.entry() if self.is_composed else None
        subject = log_of(row.thing) if row is not None else None
        attention = self.facts.attention if self.facts is not None else None
        return subject or (log_of(attention) if attention is not None else None)

    def idle_keys(self) -> Sequence[str]:
        """Those that need a log, a way back, or something that needs attention, where there is none."""
        back = self.facts.changes.way_back if self.facts is not None else None
        known = {
            "changes.log": self._log_here() is not None,
            "changes.back": back is not None and bool(back.version),
            "ack": self.attention_here() is not None,
        }
        return [key for key, does in known.items() if not does]

    def on_outline_moved(self) -> None:
        """Other keys may do something here."""
        self.write_frame()

    def action_roll_back(self) -> None:
        """Open the plan of the way back."""
        back = self.facts.changes.way_back if self.facts is not None else None
        if back is None or not back.version:
            self.say(back.sentence if back is not None and back.sentence else "there is no way back from this", "dim")
            return
        from .promotion_places import open_promotion  # with what it brings, when it is wanted

        open_promotion(self, back.model, back.alias, version=back.version, kind="rollback")

    def notes_changed(self) -> None:
        """Somebody said something."""
        self.read()

    def attention_here(self) -> Attention | None:
        """What `a` acknowledges."""
        return self.facts.attention if self.facts is not None else None

    def copies(self) -> Sequence[Copy]:
        """What is under the cursor first, then the whole as Markdown."""
        verb = "triage" if self.about.kind == "attention" else "changed"
        own = [Copy("subject", str(self.about)), Copy("command", f"quarterdeck {verb} {self.about}")]
        return [*super().copies(), *own]


class AttentionScreen(ChangesScreen):
    """An attention with all its evidence. `known`: what the Watch had of it, so that the page opens with it."""

    def __init__(self, deck: Deck, attention: Attention, known: Changes | None = None) -> None:
        super().__init__(deck, Subject(kind="attention", parts=(attention.id,)))
        if known is not None:
            self.facts = ChangesFacts(known, attention)


def events_like(kind: str, changes: Changes, zone: tzinfo) -> str:
    """The filter for events of a kind in the time that is looked at."""
    # to the minute, as people write it: what came within the last one belongs to it
    ends = (datetime.fromtimestamp(at / 1000, zone) for at in (changes.since, changes.until + 59_999))
    since, until = (f'"{end:%Y-%m-%dT%H:%M}"' for end in ends)
    return f'kind:"{kind}" at >= {since} at <= {until}'


# -- what is read -------------------------------------------------------------------------------------------------


def changes_facts(reader: Reader, state: State, outlook: Outlook, about: Subject, now: int) -> ChangesFacts | None:
    """The facts of a subject or an attention; None for an attention that is over."""
    attention = None
    if about.kind == "attention":
        sight = look(reader, state, outlook, now=now)
        attention = next((one for one in sight.attentions if one.id == about.parts[0]), None)
        if attention is None:
            return None
    changes = explain(reader, state, attention or about, outlook, now=now)
    written = {str(about), *((attention.subject,) if attention is not None else ())}
    notes = [note for note in all_notes(reader, state) if note.subject in written]
    return ChangesFacts(changes, attention, notes, name_of(reader, state, about) if attention is None else "")


# -- rows ---------------------------------------------------------------------------------------------------------


def changes_parts(facts: ChangesFacts) -> Iterator[Part]:
    """Suspects first, for they are what one came for; each with what proves it below."""
    changes, attention = facts.changes, facts.attention
    rows = [row for number, suspect in enumerate(changes.suspects) for row in _suspect_rows(number, suspect)]
    number = len(changes.suspects)
    title = "what may have caused it" if attention is not None else "what changed"
    yield Part(title=title, rows=rows, note=count(number) if number > 1 else " ",
               empty=changes.sentence or f"{glyph('missing')} nothing is known that changed")  # fmt: skip
    if changes.way_back is not None:
        yield Part(title="the way back", rows=[Row("back", "back", changes.way_back)], note=" ")
    if attention is not None:
        signals = [Row("signal", f"{one.kind} {one.subject}", one) for one in attention.signals]
        yield Part(title="what is wrong", rows=signals)
    yield Part(title="what people said", rows=[Row("note", note.id, note) for note in reversed(facts.notes)])
    others = [Row("other", kind, note=f"{count(number)} {kind}") for kind, number in changes.others]
    yield Part(title="also in this time, on no path to it", rows=others, note=" ")
    gaps = [Row("remark", f"gap {since}", note="", thing=(since, until)) for since, until in changes.gaps]
    yield Part(title="no sync: times in it are ranges", rows=gaps, note=" ")


def _suspect_rows(number: int, suspect: Suspect) -> Iterator[Row]:
    yield Row("suspect", f"{number}", suspect)
    for at, reason in enumerate(suspect.reasons[:3]):
        yield Row("remark", f"{number} why {at}", note=f"{'–' if reason.startswith('but ') else '+'} {reason}")
    for at, evidence in enumerate(suspect.evidence):
        yield Row("evidence", f"{number} {at}", evidence)


def draw_change(row: Row, sight: Sight) -> list[Piece]:
    """A line."""
    thing, width = row.thing, sight.width
    if row.kind == "gap":
        return []
    if row.kind == "heading":
        return [(row.name, "bright"), (f"  {row.note}" if row.note else "", "dim")]
    if isinstance(thing, Suspect):
        return suspect_pieces(thing, width, sight.now, sight.zone)
    if isinstance(thing, Evidence):
        return _evidence_row(thing, sight)
    if isinstance(thing, Signal):
        return signal_pieces(thing, sight)
    if isinstance(thing, WayBack):
        return way_back_pieces(thing, width)
    if isinstance(thing, Note):
        return _note_row(thing, sight)
    if isinstance(thing, tuple):
        since, until = (moment(one, sight.now, sight.zone) for one in thing)
        return [(f"  {since} to {until}", "dim")]
    return [(fit(f"         {one_line(row.note)}" if row.kind == "remark" else one_line(row.note), width), "dim")]


def _evidence_row(evidence: Evidence, sight: Sight) -> list[Piece]:
    at = moment(evidence.at, sight.now, sight.zone)
    leads = f"  {evidence.subject.partition('/')[0]}" if evidence.subject else ""
    room = max(8, sight.width - 9 - 14 - len(leads))
    return [
        (f"         {pad(at, 12)}", "dim"),
        (f"  {fit(one_line(evidence.text), room)}", "text"),
        (leads, "accent"),
    ]


def _note_row(note: Note, sight: Sight) -> list[Piece]:
    when = f"{moment(note.at, sight.now, sight.zone)}"
    here = "   only here" if note.is_here_only else ""
    what = {"ack": "has it", "unack": "let go", "handover": "handed over"}.get(note.kind, "")
    text = "  ".join(part for part in (what, one_line(note.text)) if part)
    room = max(8, sight.width - 30 - len(here))
    return [(pad(when, 13), "dim"), (pad(clip(note.author or "somebody", 14), 15), "text"), (fit(text, room), "text"),
            (here, "warn")]  # fmt: skip


def changes_head(facts: ChangesFacts, sight: Sight) -> tuple[list[Piece], list[Piece]]:
    """`✖ high   since 21:40 (5 h)   bo has it`, and on the right the window."""
    changes, attention = facts.changes, facts.attention
    since, until = (moment(one, sight.now, sight.zone) for one in (changes.since, changes.until))
    window: list[Piece] = [(f"changes of {since} to {until} ", "dim")]
    if attention is None:
        return [(" what changed", "text")], window
    status = SIGN[attention.severity]
    left: list[Piece] = [(f" {glyph(status)} {attention.severity}", sign(status).role)]
    began = f"{moment(attention.since, sight.now, sight.zone)} ({age(attention.since, sight.now)})"
    return [*left, (f"   since {began}", "text"), (f"   {clip(whose(attention), 24)}", "dim")], window


def _subject_of(row: Row | None) -> Subject | None:
    """What a row leads to."""
    thing = row.thing if row is not None else None
    if isinstance(thing, Suspect | Evidence | Signal):
        return _parsed(thing.subject)
    return None


def _parsed(written: str) -> Subject | None:
    try:
        return parse_subject(written)
    except UsageError:
        return None
