"""What every screen of pipelines shares: logs, addresses, copies, and what is asked of the syncer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..app.copies import Copy
from ..app.pipeline_copies import pipeline_copies
from ..app.records import SETTLED, Job, Pipeline, Subject, Want
from ..widgets.strip import agreeing, latest
from .deck import Deck
from .links import LinkSheet
from .pipeline_acts import PipelineActs
from .pipeline_questions import waiting_jobs
from .subjects import subject_of

NEWS = 5.0
"""Seconds between two questions for news of a pipeline that is not settled, while somebody looks at it."""

TICK = 1.0
"""Seconds between two looks at what is told in seconds; without any nothing is drawn."""

TESTS_ON_SIGHT = ("github",)
"""Kinds of sources that read what tests said only of pipelines that are opened: it takes downloads."""


class PipelineKeys(PipelineActs):
    """Keys for the pipeline in sight."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "l", "log", "log", id="pipeline.log", tooltip="Read the log of the job here, or of the first that failed"
        ),
        Binding("o", "address", "link", id="pipeline.link", show=False, tooltip="Show the address of what is here"),
    ]

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._asked: set[tuple[str, str, int]] = set()

    def on_mount(self) -> None:
        """Begin to ask for news."""
        if self.is_composed:
            self.set_interval(NEWS, self._ask_for_news)
            self.set_interval(TICK, self._second)

    # -- what a screen names ------------------------------------------------------------------------------------

    def pipeline_here(self) -> Pipeline | None:
        """The pipeline under the cursor or on the page, with its jobs."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def chosen_pipelines(self) -> Sequence[Pipeline]:
        """The marked pipelines, else the one here."""
        here = self.pipeline_here()
        return [here] if here is not None else []

    def job_here(self) -> Job | None:
        """The job under the cursor; None where there is none."""
        return None

    def subject_here(self) -> Subject | None:
        """The job under the cursor, else the pipeline."""
        return subject_of(self.job_here()) or subject_of(self.pipeline_here())

    # -- the line of keys ---------------------------------------------------------------------------------------

    def shown_keys(self) -> list[tuple[str, str]]:
        """Without what would be refused here, and `A` where nothing waits: `?` has them, and pressed they say why."""
        hidden = {"re-run", "cancel", "approve"} if self.deck.read_only else {"approve"} - self._waiting_here()
        return [(key, says) for key, says in super().shown_keys() if says not in hidden]

    def _waiting_here(self) -> set[str]:
        here = self.pipeline_here() if self.is_ready else None
        return {"approve"} if here is not None and (here.approvals or waiting_jobs(here)) else set()

    def second_passed(self) -> None:
        """A second went by: what is told in seconds is written anew."""

    def _second(self) -> None:
        if self.is_ready and self.is_current:
            self.second_passed()

    # -- the syncer ---------------------------------------------------------------------------------------------

    def want_pipeline(self, pipeline: Pipeline, *, is_open: bool = False) -> None:
        """Ask once for what nobody has read of a pipeline, or for how it stands where it is not settled.

        Where it is opened that may be its tests, or what others say of its commit.
        """
        asked = (pipeline.source, pipeline.id, pipeline.updated_at or 0)
        is_unread = (
            pipeline.jobs is None
            or not pipeline.is_settled
            or agreeing(pipeline) != pipeline.jobs
            or (is_open and (self._lacks_tests(pipeline) or any(one.status not in SETTLED for one in pipeline.checks)))
        )
        if asked not in self._asked and is_unread:
            self._asked.add(asked)
            self._want(pipeline)

    def _lacks_tests(self, pipeline: Pipeline) -> bool:
        kinds = {state.source: state.kind for state in self.deck.states}
        return pipeline.report is None and kinds.get(pipeline.source) in TESTS_ON_SIGHT

    def _want(self, pipeline: Pipeline) -> None:
        self.deck.ask(Want(kind="pipeline", source=pipeline.source, pipelines=(pipeline.id,)))

    def _ask_for_news(self) -> None:
        """Ask how it goes on: while it is not settled or read, its source answers and this screen is the one on top."""
        here = self.pipeline_here() if self.is_ready and self.is_current else None
        if here is None or (here.is_settled and here.jobs is not None):
            return
        state = next((state for state in self.deck.states if state.source == here.source), None)
        if state is not None and state.state == "ok":
            self._want(here)

    def action_sync_now(self) -> None:
        """Ask for a pass now, and again for what never came."""
        self._asked.clear()
        if (here := self.pipeline_here()) is not None:
            self._want(here)
        super().action_sync_now()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_log(self) -> None:
        """Open the log of the job here, else of the job that says most."""
        pipeline = self.pipeline_here()
        if pipeline is None:
            self.say("there is no pipeline here to read the log of", "dim")
            return
        job = self.job_here() or telling_job(pipeline)
        if job is None:
            said = "its jobs were asked for; wait a moment" if pipeline.jobs is None else "it has no job, so no log"
            self.say(said, "dim")
            return
        self.open_log(pipeline, job)

    def open_log(self, pipeline: Pipeline, job: Job) -> None:
        """Open the log of a job."""
        from .log import LogScreen  # with what it brings, when it is wanted

        self.app.push_screen(LogScreen(self.deck, pipeline, job))

    def action_address(self) -> None:
        """Show the address of the job or the pipeline here."""
        pipeline, job = self.pipeline_here(), self.job_here()
        if pipeline is None:
            self.say("there is nothing here to show the address of", "dim")
        elif job is not None and job.url:
            self.app.push_screen(LinkSheet("job", job.url, self.deck.palette))
        elif pipeline.url:
            self.app.push_screen(LinkSheet("pipeline", pipeline.url, self.deck.palette))
        else:
            self.say("its source has no page for it: there is no address to open", "dim")

    def copies(self) -> Sequence[Copy]:
        """The chosen pipelines, in every form."""
        names = {state.source: state.name for state in self.deck.states}
        return pipeline_copies([(one, names.get(one.source, one.source)) for one in self.chosen_pipelines()])


def telling_job(pipeline: Pipeline) -> Job | None:
    """The job whose log says most: the first that failed, else one that runs, else the last that began."""
    jobs = latest(pipeline.jobs or ())
    for status in ("failed", "running"):
        found = next((job for job in jobs if job.status == status and not (status == "failed" and job.may_fail)), None)
        if found is not None:
            return found
    failed = next((job for job in jobs if job.status == "failed"), None)
    began = [job for job in jobs if job.started_at is not None]
    return failed or (began[-1] if began else jobs[-1] if jobs else None)
