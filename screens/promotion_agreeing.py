"""What others are asked of a plan: to approve it, or to let a gate go unmet."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..app.deciding import Wanted
from ..app.text import shown
from ..widgets.prompt import Prompt
from .acting import acts_of, confirm
from .deck import Deck
from .promotion_asks import approve_lines, ask_lines, waive_lines, why_no_waiver
from .promotion_deed import PromotionDeed


class PromotionAgreeing(PromotionDeed):
    """The page of a plan that is spoken of. Each word of it asks first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "A", "approve", "ask", id="promotion.approve",
            tooltip="Ask others to approve the plan, or approve it; asks first",
        ),
    ]  # fmt: skip

    def __init__(self, deck: Deck, wanted: Wanted) -> None:
        super().__init__(deck, wanted)
        self._waives = ""

    # -- what others are asked ----------------------------------------------------------------------------------

    def action_approve(self) -> None:
        """Ask others to approve the plan, or approve it."""
        decision, deciding = self.decision, self.deciding
        if decision is None or deciding is None or self.deed is not None:
            self.say("there is no plan here to agree to", "dim")
        elif acts_of(self, "models") is None:
            return
        elif self.answer.does == "ask":
            work = partial(deciding.ask_approval, decision)
            confirm(self, f"ask for approval of plan {decision.plan.short}", ask_lines(decision), work)
        elif self.answer.does == "approve":
            work = partial(deciding.approve, decision)
            confirm(self, f"approve plan {decision.plan.short}", approve_lines(decision), work)
        else:
            self.say(self.answer.says, "dim")

    def waive(self, name: str) -> None:
        """Ask for the reason why a gate is to be waived; without a name the one under the cursor."""
        row = self.outline.entry()
        name = name or (row.name if row is not None and row.gate is not None else "")
        if self.decision is None or self.deed is not None or acts_of(self, "models") is None:
            return
        if why := why_no_waiver(self.decision, self.decision.plan.gate(name), name):
            self.say(f"▲ {why}", "warn")
            return
        self._waives = name
        # when its turn comes: the prompt has yet to hear that the command was answered, and left
        self.prompt.call_later(self._ask_why)

    def _ask_why(self) -> None:
        self.query_one("#keys").display = False
        said = f"why {shown(self._waives)} may go unmet; Enter shows what will happen, Esc leaves"
        self.prompt.ask("waive", "", said)

    def command_words(self) -> Sequence[str]:
        """What completes a command here: the gates that can be waived."""
        gates = self.decision.plan.gates if self.decision is not None else ()
        return [gate.id for gate in gates if gate.waivable and gate.blocks]

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """The reason was typed: ask."""
        if event.purpose != "waive":
            return
        if not event.value.strip():
            self.say("▲ a waiver needs its reason; Esc leaves", "warn")
            return
        self._close_prompt()
        decision, deciding, name, why = self.decision, self.deciding, self._waives, event.value.strip()
        gate = decision.plan.gate(name) if decision is not None else None
        if decision is not None and deciding is not None and gate is not None:
            lines = waive_lines(decision, gate, why)
            confirm(self, f"waive {shown(name)}", lines, partial(deciding.waive, decision, name, why))

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Nothing is waived."""
        if event.purpose == "waive":
            self._close_prompt()

    def _close_prompt(self) -> None:
        self.prompt.close()
        self.query_one("#keys").display = True
        self.say("")
        self.focus_body()
