"""Moving an alias: the plan by its gates, the name that confirms it, and what became of it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from functools import partial
from typing import Any, ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

from ..app.copies import Copy
from ..app.deciding import Decision, Wanted
from ..app.promotion import differences
from ..app.records import Want
from ..app.store.reading import Reader
from ..widgets.field import Field
from ..widgets.status import glyph
from .acting import ask_for_undo
from .asking import Asking
from .changes import Changed
from .choice import Choice
from .deck import Deck
from .promotion_agreeing import PromotionAgreeing
from .promotion_copies import plan_copies
from .promotion_deed import as_confirmed
from .promotion_gate import names_of
from .promotion_places import evidence_ways, open_promotion
from .promotion_words import changed_words

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two plans while the cache changes."""


class PromotionScreen(PromotionAgreeing):
    """The page of one plan."""

    CSS_PATH = "promotion.tcss"
    LEADING_KEYS = ("promotion.open", "promotion.approve", "promotion.name", "promotion.unfold", "promotion.roll_back")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "evidence", id="promotion.open", key_display="Enter",
            tooltip="Open what the gate was judged by; of those that passed unfold the list",
        ),
        Binding("right", "unfold", "more", id="promotion.unfold", tooltip="All that is known of the gate, below it",
                key_display="→"),
        Binding("left", "fold", "Less", id="promotion.fold", show=False),
        Binding("B", "roll_back", "roll back", id="promotion.roll_back", tooltip="Open the way back of this alias"),
        Binding("u", "undo", "undo my last act", id="promotion.undo", show=False,
                tooltip="Open the way back of what I promoted last"),
        Binding("down", "gate(1)", "Next gate", id="promotion.down", show=False),
        Binding("up", "gate(-1)", "Gate before", id="promotion.up", show=False),
        Binding("escape", "back", "back", id="promotion.back", key_display="Esc"),
    ]  # fmt: skip

    def __init__(self, deck: Deck, wanted: Wanted) -> None:
        super().__init__(deck, wanted)
        self._asking: Asking[Wanted, tuple[Decision, str]] = Asking(deck.open_reader, self._decided, self._answered)
        self._is_dirty = False
        self._states: tuple[object, ...] = ()

    def on_mount(self) -> None:
        """Begin to read; a promotion of this alias that is under way is followed at once."""
        if not self.is_composed:
            return
        self.outline.focus()
        self._states = self._conditions()
        self.join()
        self.draw()
        self.read()

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._asking.close()

    def on_resize(self) -> None:
        """Lay all out for the new size."""
        if self.is_composed:
            self.draw()

    # -- the plan -----------------------------------------------------------------------------------------------

    def read(self) -> None:
        """Make the plan anew; what is there stays until it is."""
        if self.deciding is None:
            self.trouble = "no settings were given here"
            self.draw()
            return
        work = partial(self._asking.ask, self._asking.stop(), self.wanted)
        self.run_worker(work, thread=True, group="plan", exit_on_error=False)

    def _decided(self, reader: Reader, wanted: Wanted) -> Generator[tuple[Decision, str]]:
        """On a thread: the plan, and why nothing can be changed from here."""
        assert self.deciding is not None
        refused = self.deck.acts.refusal("models") if self.deck.acts is not None else "no act can be asked for here"
        with closing(self.deck.open_reader()) as newest:  # the syncer may have begun another file since
            read = reader if reader.path == newest.path else newest
            yield self.deciding.decide(read, wanted, self.deck.now()), refused

    def _answered(self, number: int, answer: tuple[Decision, str]) -> None:
        app: App[Any] = self.app
        app.call_from_thread(self._show, number, *answer)

    def _show(self, number: int, decision: Decision, refused: str) -> None:
        if self.is_ready and self._asking.is_current(number):
            self.refused = refused
            self._take(decision)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A plan that could not be made, or asked for, is a sentence, not an exit."""
        if event.worker.group == "act" and event.state is WorkerState.ERROR and self.is_asked:
            self.not_asked(str(event.worker.error))
        if event.worker.group == "plan" and event.state is WorkerState.ERROR:
            self.trouble = str(event.worker.error)
            if self.decision is not None:
                self.say(f"▲ the plan could not be made anew: {self.trouble}", "warn")
            self.draw()

    def _take(self, decision: Decision) -> None:
        """Show this one. What was typed for another plan counts no more, and it is said what has changed."""
        if self.deed is not None:
            decision = self.decision or as_confirmed(decision, self.deed.act)
        elif self.decision is not None and self.decision.plan.id != decision.plan.id:
            self._tell_changes(self.decision, decision)
        first = self.decision is None
        self.decision, self.trouble = decision, ""
        self.judge_answer()
        self._leave_field_that_goes()
        self.draw()
        if first:
            self.outline.action_top()

    def _tell_changes(self, old: Decision, new: Decision) -> None:
        typed = self.field("typed")
        was_typed = bool(typed.value)
        typed.clear_text()
        said = changed_words(differences(old.plan.text, new.plan), was_typed)
        self.change = ((f" {glyph('warn')} {said} ", "warn" if was_typed else "text"),)

    def _leave_field_that_goes(self) -> None:
        field = self.focused
        if isinstance(field, Field) and not self.has_field(field.id or ""):
            self.focus_body()

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Make the plan anew, but not at each of the batches of a first sync."""
        states = self._conditions()
        news = changed.models or changed.promotions or changed.pipelines or changed.runs or changed.commits
        if (news or states != self._states) and not self._is_dirty:
            self._is_dirty = True
            self.set_timer(CHANGES_AT_MOST_EVERY, self._look_again)
        self._states = states
        super().cache_changed(changed)

    def _conditions(self) -> tuple[object, ...]:
        return tuple((state.source, state.state, state.sentence) for state in self.deck.states)

    def _look_again(self) -> None:
        self._is_dirty = False
        if not self.is_ready:
            return
        if self.deed is None:
            self.read()
        elif self.deed.is_over and self.deed.entry is None:
            self.read_entry()

    def time_passed(self) -> None:
        """Evidence grows old, approvals expire, a freeze begins: judge again what is known."""
        if self.decision is not None and self.deed is None:
            self._take(self.decision.at(self.deck.now()))
        super().time_passed()

    # -- keys ---------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In a field every sign is a letter; where the prompt is, Tab completes."""
        if self.is_ready and action == "command" and self.is_in_field:
            return False
        if self.is_ready and action == "field" and self.prompt.display:
            return False
        return super().check_action(action, parameters)

    def shown_keys(self) -> list[tuple[str, str]]:
        """Those that do something here; `A` says what it does."""
        if self.is_in_field:
            enters = "does it" if self.focused is self.field("typed") else "next field"
            return [("Enter", enters), ("Tab", "next field"), ("↑ ↓", "gates"), ("Esc", "leave the field")]
        does = "" if self.refused or self.deed is not None else self.answer.does
        hidden = {"ask"} if not does else set()
        hidden |= set() if self.has_field("typed") else {"to the name"}
        hidden |= {"roll back"} if self.wanted.kind == "rollback" or self.deck.read_only else set()
        said = [(key, does if says == "ask" else says) for key, says in super().shown_keys() if says not in hidden]
        if self.deed is not None and self.deed.is_over:
            said.insert(0, ("r", "look anew"))
        waives = self.decision is not None and any(g.blocks and g.waivable for g in self.decision.plan.gates)
        return [*said[:3], (":waive", "GATE"), *said[3:]] if waives and self.deed is None else said

    def help_key(self) -> str:
        """In a field `?` is a letter."""
        return "^p" if self.is_ready and self.is_in_field else super().help_key()

    def action_gate(self, by: int) -> None:
        """Move over the gates, also while something is written."""
        self.outline.action_move(by)

    def on_outline_moved(self) -> None:
        """What stands beside the gates follows."""
        self.draw_detail()

    def on_outline_opened(self) -> None:
        """A row was clicked twice."""
        self.action_open()

    def action_unfold(self) -> None:
        """Show the rest of the row under the cursor."""
        self._fold(fold=False)

    def action_fold(self) -> None:
        """Show it no more."""
        self._fold(fold=True)

    def _fold(self, *, fold: bool) -> None:
        if name := self.fold:
            (self.unfolded.discard if fold else self.unfolded.add)(name)
            self.draw()

    def action_open(self) -> None:
        """Open what the gate under the cursor was judged by; of several ask which."""
        row, names = self.outline.entry(), names_of(self.decision.situation) if self.decision is not None else {}
        ways = evidence_ways(self, row.gate, names) if row is not None and row.gate is not None else []
        if not ways:
            self._fold(fold=self.fold in self.unfolded)
        elif len(ways) == 1:
            ways[0].act()
        else:
            title = f"evidence of {row.name if row is not None else ''}"
            self.app.push_screen(Choice(title, ways, self.deck.palette), lambda way: way.act() if way else None)

    def action_sync_now(self) -> None:
        """Ask the syncer for policy, ledger and the versions as they are now; a deed that is over is put away."""
        if self.deed is not None and self.deed.is_over:
            self._put_away()
        self.change = ()
        decision = self.decision
        if decision is not None:
            plan, git = decision.plan, decision.git
            keys = tuple(name for name in (plan.from_version, plan.to_version) if name)
            if git:
                self.deck.ask(Want(kind="ledger", source=git))
            if plan.source:
                self.deck.ask(Want(kind="model", source=plan.source, model=plan.model, keys=keys))
        super().action_sync_now()
        self.read()

    def _put_away(self) -> None:
        self.deed = self.decision = None
        self.draw()

    def action_roll_back(self) -> None:
        """Open the way back of this alias."""
        if self.wanted.kind == "rollback" and self.deed is None:
            self.say("this is the way back", "dim")
        else:
            open_promotion(
                self, self.wanted.model, self.wanted.alias, kind="rollback",
                source=self.decision.plan.source if self.decision is not None else self.wanted.source,
            )  # fmt: skip

    def action_undo(self) -> None:
        """Open the way back of what I promoted last."""
        ask_for_undo(self, "models")

    def copies(self) -> Sequence[Copy]:
        """The plan in every form."""
        return plan_copies(self.decision.plan, self.deck.now()) if self.decision is not None else ()
