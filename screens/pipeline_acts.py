"""What can be done to pipelines, on every screen that shows some: run again, cancel, approve or start, take back."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..app.acting import MOST_PIPELINES
from ..app.records import Approval, Job, Pipeline
from .acting import Acts, acts_of, ask_for_undo, confirm
from .choice import Choice, Way
from .frame import FrameScreen
from .pipeline_questions import (
    approve_lines,
    cancel_lines,
    job_count,
    play_lines,
    rerun_lines,
    rerun_title,
    waiting_jobs,
    why_not,
)


class PipelineActs(FrameScreen):
    """Keys that act on `chosen_pipelines`. Each asks first, and says why where it cannot."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "R", "rerun", "re-run", id="pipeline.rerun",
            tooltip="Run the marked pipelines, or this one, again: all or the failed jobs; asks first",
        ),
        Binding(
            "X", "cancel", "cancel", id="pipeline.cancel", tooltip="Cancel the marked pipelines or this one; asks first"
        ),
        Binding(
            "A", "approve", "approve", id="pipeline.approve",
            tooltip="Approve a deployment that waits here, or start a job that waits for a hand; asks first",
        ),
        Binding(
            "u", "undo_pipeline", "undo my last act", id="pipeline.undo", show=False,
            tooltip="Cancel what I ran again last; asks first",
        ),
    ]  # fmt: skip

    def chosen_pipelines(self) -> Sequence[Pipeline]:
        """The marked pipelines, else the one here; none where there is no pipeline."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def job_here(self) -> Job | None:
        """The job under the cursor; None where there is none."""
        return None

    def action_rerun(self) -> None:
        """Ask whether to run all the jobs again, or the failed ones."""
        if (acts := self._may(self.chosen_pipelines(), "run again")) is None:
            return
        found = self.chosen_pipelines()
        fit = {
            act: [one for one in found if not why_not(self.deck, acts, act, one)] for act in ("rerun_failed", "rerun")
        }
        ways = [way for way in (self._way(acts, "f", fit["rerun_failed"]), self._way(acts, "a", fit["rerun"])) if way]
        if not ways:
            self.say(why_not(self.deck, acts, "rerun", found[0]), "dim")
        elif len(ways) == 1:
            ways[0].act()
        else:
            self.app.push_screen(Choice(f"re-run {rerun_title(found)}", ways, self.deck.palette), _go)

    def _way(self, acts: Acts, key: str, fit: Sequence[Pipeline]) -> Way | None:
        """`f` runs failed jobs again, `a` all."""
        failed_only = key == "f"
        if not fit:
            return None
        says = f"{job_count(fit, failed_only=failed_only)}{' of ' + rerun_title(fit) if len(fit) > 1 else ''}"
        return Way(key, says, partial(self._confirm_rerun, acts, fit, failed_only))

    def _confirm_rerun(self, acts: Acts, fit: Sequence[Pipeline], failed_only: bool) -> None:
        lines = rerun_lines(self.deck, self.chosen_pipelines(), fit, failed_only=failed_only)
        confirm(self, f"re-run {rerun_title(fit)}", lines, partial(acts.rerun, fit, failed_only=failed_only))

    def action_cancel(self) -> None:
        """Ask whether to stop the chosen pipelines."""
        if (acts := self._may(self.chosen_pipelines(), "cancel")) is None:
            return
        found = self.chosen_pipelines()
        fit = [one for one in found if not why_not(self.deck, acts, "cancel", one)]
        if not fit:
            self.say(why_not(self.deck, acts, "cancel", found[0]), "dim")
            return
        confirm(self, f"cancel {rerun_title(fit)}", cancel_lines(self.deck, found, fit), partial(acts.cancel, fit))

    def action_approve(self) -> None:
        """Ask whether to let a deployment go on, or to start a job that waits for a hand."""
        found = self.chosen_pipelines()
        if (acts := self._may(found, "approve")) is None:
            return
        if len(found) > 1:
            self.say(f"{len(found)} pipelines are marked: approvals are given one by one", "warn")
            return
        (one,) = found
        ways = [*self._approvals(acts, one), *self._starts(acts, one)]
        if not ways:
            self.say(self._nothing_waits(acts, one), "dim")
        elif len(ways) == 1:
            ways[0].act()
        else:
            self.app.push_screen(Choice(f"{rerun_title([one])} waits", ways[:9], self.deck.palette), _go)

    def _approvals(self, acts: Acts, one: Pipeline) -> list[Way]:
        if why_not(self.deck, acts, "approve", one):
            return []
        mine = [approval for approval in one.approvals if approval.is_mine is not False]
        return [
            Way(str(number), f"approve {approval.name}", partial(self._confirm_approval, acts, one, approval))
            for number, approval in enumerate(mine, 1)
        ]

    def _starts(self, acts: Acts, one: Pipeline) -> list[Way]:
        """The job under the cursor where it waits, else all that wait."""
        if why_not(self.deck, acts, "play", one):
            return []
        waiting, here = waiting_jobs(one), self.job_here()
        jobs = [job for job in waiting if here is not None and job.id == here.id] or waiting
        first = 1 + len(self._approvals(acts, one))
        return [
            Way(str(number), f"start {job.name}", partial(self._confirm_start, acts, one, job))
            for number, job in enumerate(jobs, first)
        ]

    def _nothing_waits(self, acts: Acts, one: Pipeline) -> str:
        """The reason that tells most: of what waits here, why it cannot be answered."""
        return why_not(self.deck, acts, "play" if waiting_jobs(one) and not one.approvals else "approve", one)

    def _confirm_approval(self, acts: Acts, one: Pipeline, approval: Approval) -> None:
        lines = approve_lines(self.deck, one, approval)
        confirm(self, f"approve {approval.name}", lines, partial(acts.approve, one, (approval.id,)))

    def _confirm_start(self, acts: Acts, one: Pipeline, job: Job) -> None:
        confirm(self, f"start {job.name}", play_lines(self.deck, one, job), partial(acts.play, one, job))

    def action_undo_pipeline(self) -> None:
        """Ask whether to cancel what I ran again last; say so where there is no way back."""
        ask_for_undo(self, "pipelines")

    def _may(self, found: Sequence[Pipeline], verb: str) -> Acts | None:
        """The acts, or None: then it has been said why nothing can be done here."""
        if (acts := acts_of(self, "pipelines")) is None:
            return None
        if not found:
            self.say(f"there is no pipeline here to {verb}", "dim")
            return None
        if len(found) > MOST_PIPELINES:
            self.say(f"{len(found)} pipelines are marked: {MOST_PIPELINES} are acted on at once at most", "warn")
            return None
        return acts


def _go(way: Way | None) -> None:
    """Ask the question that the chosen way leads to."""
    if way is not None:
        way.act()
