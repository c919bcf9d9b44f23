"""Confirming a plan by the name that is typed, and following what becomes of it."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, ClassVar

from msgspec.structs import replace
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.timer import Timer

from ..app.deciding import Decision, Wanted
from ..app.errors import QuarterdeckError
from ..app.promotion import short_id
from ..app.store.state import Act
from ..widgets.field import Field
from ..widgets.pasting import came_alone
from .acting import acts_of
from .deck import Deck
from .promotion_body import Deed, PromotionBody
from .promotion_words import is_promotion, is_typed, number_of, told_gates, word_of

LOOK = 0.2
"""Seconds between two looks at the journal while the alias is moved; none at other times."""

FIELDS = ("reason", "ticket", "typed")
"""In the order of Tab."""


class PromotionDeed(PromotionBody):
    """The page of a plan that can be confirmed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "name", "to the name", id="promotion.name", tooltip="Go where the name is typed that confirms"),
        Binding("tab", "field(1)", "Next field", id="promotion.next", show=False, priority=True),
        Binding("shift+tab", "field(-1)", "Field before", id="promotion.before", show=False, priority=True),
    ]

    def __init__(self, deck: Deck, wanted: Wanted) -> None:
        super().__init__(deck, wanted)
        self._seen: tuple[object, ...] = ()
        self._look_timer: Timer | None = None
        self._came_alone = True

    def on_key(self, event: events.Key) -> None:
        """Remember how a key came, before it is taken for what it does."""
        self._came_alone = came_alone(event)

    def on_descendant_focus(self) -> None:
        """Another field listens: its keys are told."""
        if self.is_ready:
            self.draw()

    # -- fields -------------------------------------------------------------------------------------------------

    def action_field(self, by: int) -> None:
        """Go to the next field, and from the last one to the first: what is typed on must not act as keys."""
        ring = [name for name in FIELDS if self.has_field(name)]
        here = self.focused.id if self.focused is not None else None
        at = ring.index(here) + by if here in ring else min(0, by)
        if ring:
            self._go_to(ring[at % len(ring)])

    def _go_to(self, name: str) -> None:
        self.set_focus(self.outline if name == "page" else self.field(name))
        self.draw()

    def action_name(self) -> None:
        """Go where the name is typed that confirms; text that is pasted without brackets does not get there."""
        if not self._came_alone:
            return
        if self.has_field("typed"):
            self._go_to("typed")
        elif self.deed is not None:
            self.say("it was confirmed: r makes the plan anew", "dim")
        elif self.decision is not None and not self.decision.plan.applicable:
            self.say(f"it is blocked: {self.decision.plan.blocked}", "warn")
        elif self.refused:
            self.say(f"▲ {self.refused}", "warn")

    def on_field_left(self) -> None:
        """Escape gives the keys back to the gates; once more goes back. A name that was begun is begun anew."""
        self.field("typed").clear_text()
        self._go_to("page")

    # -- confirming ---------------------------------------------------------------------------------------------

    def on_field_entered(self, event: Field.Entered) -> None:
        """Enter: of the name the answer, if it came by itself; elsewhere the next field."""
        if event.field.id != "typed":
            self.action_field(1)
        elif not event.alone:
            self.say("▲ Enter came with other keys, so nothing was done: press it by itself", "warn")
        else:
            self._confirm(event.field.value)

    def _confirm(self, typed: str) -> None:
        decision = self.decision
        if decision is None or not self.has_field("typed") or acts_of(self, "models") is None:
            return
        word = word_of(decision.plan)
        reason, ticket = (self.field(name).value.strip() for name in ("reason", "ticket"))
        if not is_typed(word, typed):
            self.field("typed").clear_text()
            self.say(f"that is not {word.text}: nothing was done", "warn")
        elif decision.plan.needs_reason and not reason:
            self._go_to("reason")
            self.say("▲ the policy wants a reason", "warn")
        else:
            self.is_asked, self.change = True, ()
            self.focus_body()
            self.draw()
            work = partial(self._apply, decision, reason, ticket)
            self.run_worker(work, thread=True, group="act", exit_on_error=False)

    def _apply(self, decision: Decision, reason: str, ticket: str) -> None:
        """On a thread: the act is on the disk, and its process started, when this returns."""
        app: App[Any] = self.app
        assert self.deciding is not None
        try:
            batch = self.deciding.apply(decision, reason, ticket)
        except QuarterdeckError as error:
            app.call_from_thread(self.not_asked, str(error))
        else:
            app.call_from_thread(self._asked, batch)

    def not_asked(self, why: str) -> None:
        """It is as it was."""
        self.is_asked = False
        self.say(f"▲ nothing was changed: {why}", "bad")
        self.draw()

    def _asked(self, batch: str) -> None:
        self.is_asked = False
        if self.deck.following is not None:
            self.deck.following.follow(batch)
        if self.deck.acts is not None and (acts := self.deck.acts.entries(batch)) and self.is_ready:
            self._follow(acts[0])

    # -- following ----------------------------------------------------------------------------------------------

    def join(self) -> None:
        """Follow a promotion of this alias that is under way: somebody came back to it."""
        acts = self.deck.acts
        for batch in acts.under_way() if acts is not None else ():
            act = next(iter(acts.entries(batch)), None) if acts is not None else None
            if act is not None and is_promotion(act) and self._is_of(act):
                intent = act.intent
                self.wanted = replace(
                    self.wanted, kind=intent["kind"], version=intent["version"], source=intent["source"]
                )  # fmt: skip
                self._follow(act)

    def _is_of(self, act: Act) -> bool:
        wanted, intent = self.wanted, act.intent
        same = (intent["model"], intent["alias"]) == (wanted.model, wanted.alias)
        return same and wanted.source in (None, intent["source"])

    def _follow(self, act: Act) -> None:
        self.deed = Deed(act)
        self._seen = ()
        if self._look_timer is None:
            self._look_timer = self.set_interval(LOOK, self._look)
        self._look()

    def _look(self) -> None:
        acts, deed = self.deck.acts, self.deed
        if acts is None or deed is None or deed.is_over:
            self._stop_looking()
            return
        stamp, progress = acts.stamp(deed.act.batch), acts.progress(deed.act.batch)
        seen = (*stamp, progress.late_in > 0)
        if seen == self._seen:
            return
        found = acts.entries(deed.act.batch)
        self._seen = seen
        if found:  # one whose process is about to start, or has only just died, is left in peace
            self.deed = Deed(found[0], is_alive=progress.is_alive or progress.late_in > 0)
            self.draw()

    def _stop_looking(self) -> None:
        if self._look_timer is not None:
            self._look_timer.stop()
            self._look_timer = None

    def read_entry(self) -> None:
        """The record, once the syncer has read it."""
        deed = self.deed
        number = number_of(deed.act) if deed is not None else None
        entries = self.deck.reader.ledger(self.wanted.model, self.wanted.alias) if number else ()
        entry = next((one for one in entries if one.number == number), None)
        if deed is not None and entry is not None:
            self.deed = Deed(deed.act, deed.is_alive, entry)
            self.draw()


def as_confirmed(decision: Decision, act: Act) -> Decision:
    """The plan that somebody confirmed, from its text: what the cache says now is what became of it."""
    intent = act.intent
    try:
        gates = told_gates(intent, json.loads(intent["text"]))
    except (ValueError, TypeError, AttributeError):
        gates = ()
    plan = replace(
        decision.plan, id=intent["plan"], short=short_id(intent["plan"]), text=intent["text"], gates=gates,
        from_version=intent["from"], to_version=intent["version"], kind=intent["kind"], notes=(), approvals=(),
    )  # fmt: skip
    return replace(decision, plan=plan)
