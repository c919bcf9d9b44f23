"""The Watch: what needs attention, worst first, with what changed before it. What quarterdeck opens with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from ..app.copies import Copy
from ..app.errors import FilterError
from ..app.query import ATTENTIONS, Node, parse
from ..app.records import SEVERITIES, Attention, Subject, Suspect, WayBack, parse_subject
from ..app.store.reading import Reader
from ..app.text import cells
from ..widgets.freshness import trouble, unwatched
from ..widgets.line import Piece
from .changes import Changed
from .deck import Deck
from .frame import FrameScreen
from .page import CHANGES_AT_MOST_EVERY, TALL, PageScreen
from .page_rows import Row
from .run_details import Lines, Sight
from .suspect_lines import attention_lines, suspect_lines
from .watch_facts import WatchFacts, kept_facts, reading
from .watch_rows import TAKEN, draw_watch, is_unfolded, looked_said, sources_said, watch_rows


class WatchScreen(PageScreen[WatchFacts]):
    """The attention list. It is painted from what the syncer kept, then looked at anew."""

    TAB = "watch"
    NARROW_HINT = "words, or as in: severity:critical,high model:churn not acknowledged"
    LEADING_KEYS = ("page.open", "changes", "watch.log", "ack", "note", "watch.back", "refresh")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "evidence", id="page.open", key_display="Enter",
                tooltip="Open what stands here: the attention with all its evidence, or what a suspect points at"),
        Binding("l", "log", "log", id="watch.log", tooltip="Read the log that this is about"),
        Binding("B", "roll_back", "roll back", id="watch.back",
                tooltip="Open the plan of the way back of the model in trouble"),
        Binding("a", "acknowledge", "mine", id="ack",
                tooltip="Take on what needs attention here: it is quiet until it changes; again lets go of it"),
        Binding("m", "note", "note", id="note", tooltip="Write a note on what is here, for the team"),
        Binding("t", "unfold", "unfold", id="watch.unfold", show=False,
                tooltip="Show the suspects of what is here, or fold them"),
        Binding("tab", "part(1)", "next part", id="page.part", show=False),
        Binding("escape", "leave", "back", id="page.leave", key_display="Esc", show=False),
    ]  # fmt: skip

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._folds: dict[str, bool] = {}
        self._looking = False
        self._has_moved = False
        self._taken = ""
        """The attention that is being taken on."""
        self._where: Node | None = None
        """The needle as a filter."""
        self.facts = kept_facts(deck.state, deck.reader, deck.outlook)

    # -- what it says -------------------------------------------------------------------------------------------

    def reading(self) -> Callable[[Reader], WatchFacts | None]:
        """What looks anew."""
        return reading(self.deck.state.path, self.deck.outlook, self.deck.now, self.facts)

    def named(self) -> tuple[str, str]:
        """The Watch is one of its kind."""
        return "watch", "watch"

    def rows(self, facts: WatchFacts, width: int) -> list[Row]:
        """Every line."""
        return watch_rows(facts, self._folds, self.needle, self._where, is_airy=self.room.height >= TALL)

    def narrow_words(self) -> Iterable[str]:
        """The fields that what needs attention has, and how grave it is."""
        return [*ATTENTIONS.own, "age", *(f"severity:{severity}" for severity in SEVERITIES)]

    def _narrow(self, needle: str) -> None:
        """Narrow the list by a filter; one that cannot be read narrows nothing, and where it cannot is said."""
        said = ("", "text")
        try:
            self._where = parse(needle, zone=self.deck.zone, now=self.deck.now(), vocabulary=ATTENTIONS)
        except FilterError as error:
            begun = error.column >= len(needle.rstrip())
            said = (f"… {error}", "dim") if begun else (f"▲ at {error.column + 1}: {error}", "warn")
            needle, self._where = "", None
        super()._narrow(needle)
        self.say(*said)

    def draw_row(self, row: Row, facts: WatchFacts, width: int) -> list[Piece]:
        """A line."""
        return draw_watch(row, width, self.deck.now(), self.deck.zone)

    def head(self, facts: WatchFacts) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """Nothing: the list speaks for itself."""
        return (), ()

    def details(self, row: Row, facts: WatchFacts, sight: Sight) -> Lines:
        """What is known of a row, where there is room beside the list."""
        if isinstance(row.thing, Suspect):
            return suspect_lines(row.thing, sight)
        attention = self._attention_of(row)
        return [] if attention is None else attention_lines(attention, facts.changes.get(attention.id), sight)

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """What is in the way of knowing; on the right how old the oldest answer is."""
        deck, now = self.deck, self.deck.now()
        right: list[Piece] = [(f"{looked_said(self.facts, now)} ", "dim")]
        if self.needle:
            return [(" watch ", "dim"), (f" /{self.needle}", "accent")], right
        width = self.size.width * 2 // 3
        left = [*trouble(deck.states, now, deck.zone, width), *unwatched(deck.gaps, now, deck.zone)]
        return left or [(" watch ", "dim")], right

    def _lasting(self) -> list[Piece]:
        return []  # the second line says it already

    def _deck_right(self) -> list[Piece]:
        zone = super()._deck_right()[-1:]
        whole = [sources_said(self.deck.states), ("   ", "dim"), *zone] if zone else []
        room = self.size.width - sum(cells(text) for text, _ in self._deck_left()) - 1
        return whole if sum(cells(text) for text, _ in whole) <= room else zone

    def _lay_out(self) -> None:
        super()._lay_out()
        self.query_one("#head").display = False

    def draw(self) -> None:
        """Show the list. Until somebody moved the cursor it stays on the worst, whatever comes above it."""
        super().draw()
        if not self._has_moved and self.is_composed:
            self.outline.stay_on_top()

    def on_outline_moved(self) -> None:
        """Somebody chose a row: from now on the cursor stays with that."""
        self._has_moved = True
        self.write_frame()  # which keys do something here

    # -- what is under the cursor -------------------------------------------------------------------------------

    def attention_here(self) -> Attention | None:
        """The attention under the cursor, or that what is under it belongs to."""
        row = self.outline.entry() if self.is_composed else None
        return None if row is None else self._attention_of(row)

    def _attention_of(self, row: Row) -> Attention | None:
        if isinstance(row.thing, Attention):
            return row.thing
        listed = () if self.facts is None else self.facts.sight.attentions
        return next((one for one in listed if row.name.partition(" ")[0] == one.id), None)

    def subject_here(self) -> Subject | None:
        """What `w`, `m` and `y` are about: a suspect's own subject, else what needs attention."""
        row = self.outline.entry() if self.is_composed else None
        if row is None:
            return None
        if isinstance(row.thing, Suspect):
            return _parsed(row.thing.subject)
        attention = self._attention_of(row)
        return None if attention is None else Subject(kind="attention", parts=(attention.id,))

    def called_here(self) -> str:
        """What a note is said to be on: nobody knows an attention by its id."""
        row, attention = self.outline.entry() if self.is_composed else None, self.attention_here()
        if row is not None and isinstance(row.thing, Suspect):
            return row.thing.title
        return attention.title if attention is not None else ""

    def idle_keys(self) -> Sequence[str]:
        """`l` where no log is known, and what is done to something that needs attention where nothing does."""
        row = self.outline.entry() if self.is_composed else None
        has_log = row is not None and log_of(row.thing) is not None
        idle = () if has_log else ("watch.log",)
        return idle if self.attention_here() is not None else (*idle, "changes", "ack", "note", "watch.back")

    def copies(self) -> Sequence[Copy]:
        """What is under the cursor."""
        subject, attention = self.subject_here(), self.attention_here()
        if subject is None or attention is None:
            return []
        own = [Copy("subject", str(subject)), Copy("command", f"quarterdeck triage attention/{attention.id}")]
        return [*own, Copy("title", attention.title), Copy("about", attention.subject)]

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Open the evidence: of an attention all of it, of a suspect what it points at."""
        row = self.outline.entry()
        if row is None:
            self.say("nothing needs attention: 2 to 9 lead to everything else", "dim")
        elif isinstance(row.thing, Suspect):
            self._open_suspect(row.thing)
        elif isinstance(row.thing, WayBack):
            self.action_roll_back()
        elif row.kind == "quiet":
            self._toggle("quiet")
        elif row.kind == "happened":
            self.app.action_tab("events")  # type: ignore[attr-defined]  # Quarterdeck's
        elif (attention := self._attention_of(row)) is not None:
            self._open_attention(attention)

    def _open_suspect(self, suspect: Suspect) -> None:
        subject = _parsed(suspect.subject)
        if subject is None:
            self.say("what it points at cannot be opened", "dim")
        else:
            self._go(subject)

    def _open_attention(self, attention: Attention) -> None:
        from .attention import AttentionScreen  # with what it brings, when it is wanted

        known = self.facts.changes.get(attention.id) if self.facts is not None else None
        self.app.push_screen(AttentionScreen(self.deck, attention, known))

    def action_log(self) -> None:
        """Open the log that the row is about: of a failed job or pipeline among its evidence."""
        row = self.outline.entry()
        if row is None or (subject := log_of(row.thing)) is None:
            self.say("no log is known for this", "dim")
            return
        open_log(self, subject)

    def action_roll_back(self) -> None:
        """Open the plan of the way back of the model in trouble."""
        attention = self.attention_here()
        changes = None if attention is None or self.facts is None else self.facts.changes.get(attention.id)
        if attention is not None and changes is None:
            self.say("what it could go back to was not looked for yet: Enter does, and then B", "dim")
            return
        back = changes.way_back if changes is not None else None
        if back is None or not back.version:
            self.say(back.sentence if back is not None and back.sentence else "there is no way back from this", "dim")
            return
        from .promotion_places import open_promotion  # with what it brings, when it is wanted

        open_promotion(self, back.model, back.alias, version=back.version, kind="rollback")

    def action_acknowledge(self) -> None:
        """Take on what is here. The cursor stays with it, and it in sight: a second key would take on the next."""
        attention = self.attention_here()
        self._taken = attention.id if attention is not None and attention.ack is None else ""
        super().action_acknowledge()

    def action_unfold(self) -> None:
        """Show the suspects of what is here, or fold them."""
        attention = self.attention_here()
        row = self.outline.entry()
        if attention is not None:
            self._folds[attention.id] = not is_unfolded(attention, self._folds)
            self.outline.go_to(("attention", attention.id))
            self.draw()
        elif row is not None and row.kind == "quiet":
            self._toggle("quiet")

    def _toggle(self, name: str) -> None:
        self._folds[name] = not self._folds.get(name, False)
        for taken in [one for one in self._folds if one.startswith(TAKEN)]:
            del self._folds[taken]
        self.draw()

    def notes_changed(self) -> None:
        """Somebody has something, or let go of it."""
        self.read()

    # -- news ---------------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Look anew, when the look that is under way has ended: during a first sync none would ever end otherwise."""
        if self._looking:
            self._is_stale = True
            return
        self._looking = True
        super().read()

    def _take(self, number: int, answer: tuple[WatchFacts | None]) -> None:
        self._looking = False
        super()._take(number, answer)
        self._stay_with_what_was_taken()
        if self._is_stale and self.is_ready and self.is_current:
            self.set_timer(CHANGES_AT_MOST_EVERY, self._look_again)

    def _stay_with_what_was_taken(self) -> None:
        quiet = () if self.facts is None else [one.id for one in self.facts.sight.attentions if one.is_quiet]
        if self._taken in quiet:
            self._folds[f"{TAKEN} {self._taken}"] = True  # in sight, for a note on it comes next
            self.draw()
            self.outline.go_to(("attention", self._taken))
            self._taken = ""

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A look that failed has ended, too."""
        if event.worker.group == "page" and event.state in (WorkerState.ERROR, WorkerState.CANCELLED):
            self._looking = False

    def time_passed(self) -> None:
        """A line may be stale by now, though nothing was written."""
        super().time_passed()
        due = self.facts.sight.next_due if self.facts is not None else None
        if due is not None and due <= self.deck.now():
            self.read()

    def is_about(self, changed: Changed) -> bool:
        """Whatever changed may be worth attention."""
        return any(changed)

    def on_unmount(self) -> None:
        """What happened until now was seen."""
        if self.facts is not None:
            self.deck.state.mark_seen("watch", self.facts.sight.at)


def _parsed(written: str) -> Subject | None:
    from ..app.errors import UsageError

    try:
        return parse_subject(written)
    except UsageError:
        return None


def log_of(thing: object) -> Subject | None:
    """The job or pipeline whose log tells of it."""
    written: list[str] = []
    if isinstance(thing, Suspect):
        written = [thing.subject, *(one.subject for one in thing.evidence)]
    elif isinstance(thing, Attention):
        written = [one for signal in thing.signals for one in (signal.subject, *(ref.subject for ref in signal.refs))]
    found = (one for kind in ("job/", "pipeline/") for one in written if one.startswith(kind))
    return next((_parsed(one) for one in found), None)


def open_log(screen: FrameScreen, subject: Subject) -> None:
    """Open the log of a job, or of a pipeline at the job that failed."""
    from .pipeline_places import log_at  # with what it brings, when it is wanted

    log_at(screen, subject)
