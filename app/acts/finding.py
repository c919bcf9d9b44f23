"""Which source is meant: the sources of a project, and the one that has a run or a pipeline."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from .. import trust
from ..errors import QuarterdeckError, RefusedError, SourceError, UntrustedError
from ..records import Pipeline, Run
from .model_notes import ModelNotes
from .pipelines import ActsOnPipelines, Pipelines, read_pipeline
from .registry_desk import Registry
from .tags import Tags, TagsRuns, read_run

if TYPE_CHECKING:
    from ..settings import Settings
    from ..sources import Source


class NoPipelineError(QuarterdeckError):
    """No source that was asked has a pipeline of that id."""


async def find_run(sources: Sequence[TagsRuns], run_id: str) -> tuple[TagsRuns, Run]:
    """The one source that has the run, and the run."""
    if not sources:
        raise QuarterdeckError(Tags.nobody)
    asked = [(source, await read_run(source, run_id)) for source in sources]
    found = [(source, run) for source, run in asked if run is not None]
    if not found:
        names = ", ".join(source.spec.name for source in sources)
        raise QuarterdeckError(f"There is no run {run_id} in {names}. Runs are named by their whole id.")
    if len(found) > 1:
        names = " and ".join(source.spec.name for source, _ in found)
        raise RefusedError(f"Refused: {names} both have a run {run_id}.")
    return found[0]


async def run_of(settings: Settings, sources: Sequence[Source], run_id: str) -> tuple[TagsRuns, Run]:
    """The same among all sources of the settings. Raises UntrustedError, SourceError where one may not be read."""
    for each in sources:
        if each.spec.kind == "mlflow":
            await check_readable(settings, each)
    return await find_run([source for source in sources if isinstance(source, TagsRuns)], run_id)


async def registry_of(settings: Settings, sources: Sequence[Source]) -> Registry:
    """The registry whose models can be changed. Raises QuarterdeckError where there is none, or UntrustedError."""
    found = [source for source in sources if isinstance(source, Registry)]
    if not found:
        for each in sources:
            if each.spec.kind == "registry":
                await check_readable(settings, each)
        raise QuarterdeckError(ModelNotes.nobody)
    return found[0]


async def find_pipeline(
    settings: Settings, sources: Sequence[Source], key: str | None, native: str
) -> tuple[ActsOnPipelines, Pipeline]:
    """The one source that has the pipeline, and the pipeline."""
    for source in sources:
        if source.spec.key == key:
            await check_readable(settings, source)
    able = [one for one in sources if isinstance(one, ActsOnPipelines) and key in (None, one.spec.key)]
    if not able:
        for source in sources:
            await check_readable(settings, source)
        raise QuarterdeckError(Pipelines.nobody)
    asked = [(source, await read_pipeline(source, native)) for source in able]
    found = [(source, pipeline) for source, pipeline in asked if pipeline is not None]
    names = " and ".join(source.spec.name for source in able)
    if not found:
        raise NoPipelineError(f"There is no pipeline {native} in {names}.")
    if len(found) > 1:
        names = " and ".join(source.spec.name for source, _ in found)
        raise RefusedError(f"Refused: {names} both have a pipeline {native}. Name one with --source.")
    await check_readable(settings, found[0][0])
    return found[0]


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[list[Source]]:
    """The sources of the settings; all are closed at the end."""
    from ..sources.registry import build  # brings the HTTP client: 150 ms that reading the journal need not pay

    sources = build(settings)
    try:
        yield sources
    finally:
        for source in sources:
            await source.close()


async def check_readable(settings: Settings, source: Source) -> None:
    """Raise UntrustedError, or SourceError, when nothing may be done at a source: with the reason."""
    from ..sources.refused import RefusedSource

    if source.spec.kind == "local":  # its history is ours to read, and running its jobs is not
        for index, section in enumerate(settings.ci):
            if section.kind == "local" and (section.name or section.kind) == source.spec.name:
                trust.check_trusted(settings, f"ci[{index}]")
    if isinstance(source, RefusedSource):
        try:
            await anext(source.poll({}))
        except SourceError as error:
            if error.state == "untrusted":
                raise UntrustedError(str(error)) from error
            raise
