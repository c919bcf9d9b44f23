"""What can be done with runs, on every screen that shows some: each key once, for the marked or the one in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..app.copies import Copy
from ..app.errors import StoreError
from ..app.records import Run, Subject
from ..widgets.line import Piece
from ..widgets.prompt import Prompt
from ..widgets.status import glyph
from .acting import ask_for_undo
from .baseline import baseline_id, experiment_of, turn
from .copying import copies_of_runs
from .frame import FrameScreen
from .links import show_link
from .registering import answer_model, ask_for_model
from .subjects import subject_of
from .tagging import answer_tag, ask_for_tag, leave_prompt


class RunActs(FrameScreen):
    """Keys that act on `chosen_runs`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "equals_sign",
            "compare",
            "compare",
            id="compare",
            tooltip="Compare the marked runs, or this one with the baseline, by what differs",
            key_display="=",
        ),
        Binding("T", "tag", "tag", id="tag", tooltip="Set a tag on the marked runs, or on this one; asks first"),
        Binding(
            "V",
            "register",
            "register",
            id="register",
            tooltip="Make the models of the marked runs, or of this one, versions of a registered model; asks first",
        ),
        Binding("u", "undo", "undo my last act", id="undo", show=False, tooltip="Take back my last act; asks first"),
        Binding("o", "link", "link", id="link", show=False, tooltip="Show the address of the run in MLflow"),
        Binding("b", "baseline", "baseline", id="baseline", tooltip="Measure the others against this run, or no more"),
    ]

    to_tag: Sequence[Run] = ()
    """The runs that the prompt asks a tag for."""
    to_register: Sequence[Run] = ()
    """The runs that the prompt asks a registered model for."""

    def chosen_runs(self) -> Sequence[Run]:
        """The marked runs, else the one under the cursor or on the page; none where there is no run."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    async def action_compare(self) -> None:
        """Compare the marked runs by what differs, or the run here with its baseline."""
        from .compare import CompareScreen  # here: it is one of these screens itself
        from .comparing import to_compare

        runs = to_compare(self.deck, self.chosen_runs())
        if isinstance(runs, str):
            self.say(runs, "dim")
        else:
            with self.app.batch_update():
                await self.app.push_screen(CompareScreen(self.deck, runs))

    def action_link(self) -> None:
        """Show the address of the run here in MLflow's own interface."""
        show_link(self, self.run_here())

    def run_here(self) -> Run | None:
        """The run under the cursor or on the page, whatever is marked."""
        chosen = self.chosen_runs()
        return chosen[0] if chosen else None

    def subject_here(self) -> Subject | None:
        """The run under the cursor or on the page."""
        return subject_of(self.run_here())

    def action_tag(self) -> None:
        """Ask for a tag to set on the chosen runs."""
        ask_for_tag(self)

    def action_register(self) -> None:
        """Ask for the registered model that the chosen runs become versions of."""
        ask_for_model(self)

    def action_undo(self) -> None:
        """Ask whether to take back what I did last."""
        ask_for_undo(self, "tags")

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Confirm the tag, or the name, that was typed."""
        if event.purpose == "tag":
            answer_tag(self, event.value)
        elif event.purpose == "register":
            answer_model(self, event.value)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """No tag, and no name."""
        if event.purpose in ("tag", "register"):
            leave_prompt(self)

    def copies(self) -> Sequence[Copy]:
        """The chosen runs, in every form."""
        return copies_of_runs(self.deck, self.chosen_runs())

    def action_baseline(self) -> None:
        """Make the run here the baseline of its experiment, or take it away where it is."""
        run = self.run_here()
        if run is None:
            self.say("there is no run here to measure others against", "dim")
            return
        try:
            said = turn(self.deck, run)
        except StoreError as error:
            self.say(str(error), "warn")
            return
        for screen in self.app.screen_stack:
            if isinstance(screen, RunActs) and screen.is_ready:
                screen.baseline_changed()
        self.say(said, "good")

    def baseline_changed(self) -> None:
        """An experiment has another baseline, or none."""
        self.write_frame()

    def role_pieces(self, run: Run, experiment: str | None = None) -> list[Piece]:
        """That a run is watched, or the baseline of its experiment, whose name is looked up where it is not given."""
        experiment = experiment_of(self.deck.reader, run) if experiment is None else experiment
        made: list[Piece] = [(f"  {glyph('watched')} watched", "run")] if run.id in self.deck.watched else []
        if baseline_id(self.deck.tables, experiment) == run.id:
            made.append(("  baseline", "accent"))
        return made
