"""Where a pipeline or a job that is spoken of is shown."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Job, Pipeline, Subject
from ..app.store.reading import Reader
from .deck import Deck
from .frame import FrameScreen
from .pipeline import PipelineScreen


def named_pipeline(reader: Reader, native: str) -> Pipeline:
    """The pipeline of this id, or the only one whose id begins so, or that has this number. Raises UsageError."""
    reads = reader.pipelines
    found = reads.find(native)
    begun = [found] if found is not None else reads.beginning(native, 2) or reads.numbered(native, 2)
    rows = reads.rows(begun)
    if len(begun) != 1 or not rows:
        several, none = "several pipelines begin so or have that number", "the cache has no pipeline with this id"
        said = several if len(begun) > 1 else none
        raise UsageError(f"pipeline/{native}: {said}; `quarterdeck pipelines` lists them")
    return rows[0].pipeline


def named_job(reader: Reader, native: str) -> tuple[Pipeline, Job]:
    """The job of this id and its pipeline. Raises UsageError."""
    found = reader.pipelines.job(native)
    rows = reader.pipelines.rows([found[0]]) if found is not None else []
    if found is None or not rows:
        raise UsageError(
            f"job/{native}: the cache has no job with this id; a pipeline's page names the ids of its jobs"
        )
    return rows[0].pipeline, found[1]


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screens for `pipeline/ID` or `job/ID`, the uppermost last: a job's log lies on its pipeline's page."""
    if subject.kind == "pipeline":
        pipeline = named_pipeline(deck.reader, subject.parts[0])
        return [PipelineScreen(deck, pipeline.source, pipeline.id)]
    from .log import LogScreen

    pipeline, job = named_job(deck.reader, subject.parts[0])
    page = PipelineScreen(deck, pipeline.source, pipeline.id, job.id)
    return [page, LogScreen(deck, pipeline, job)]


def log_at(screen: FrameScreen, subject: Subject) -> None:
    """Open the log of a job, or of a pipeline that of the job that says most; else its page. Says what is missing."""
    from .log import LogScreen
    from .pipeline_keys import telling_job

    job: Job | None
    try:
        if subject.kind == "job":
            pipeline, job = named_job(screen.deck.reader, subject.parts[0])
        else:
            pipeline = named_pipeline(screen.deck.reader, subject.parts[0])
            job = telling_job(pipeline)
    except UsageError as error:
        screen.say(f"▲ {error}", "warn")
        return
    if job is None:
        screen.app.push_screen(PipelineScreen(screen.deck, pipeline.source, pipeline.id))
    else:
        screen.app.push_screen(LogScreen(screen.deck, pipeline, job))
