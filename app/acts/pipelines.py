"""Acts on pipelines: run one again, stop it, let a deployment go on, start a job that waits for a hand.

A vendor may show what was done to it seconds later, and none of these may be done twice. So the journal keeps what the
pipeline was before (attempt, status, jobs, approvals), and what came of an act is read from what is different.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import Any, Final, Protocol, TypeVar, cast, runtime_checkable

from ..errors import SourceError, UsageError
from ..records import Pipeline, SourceSpec, Want
from ..sources.ci import TakesActs
from ..store.state import Act, ActState
from . import SECONDS, Outcome, Surroundings, Tried, Verdict, called
from .judging import judged
from .sight import intent, moved, snapshot, subject, title, unfit

__all__ = ["ABLE", "ActsOnPipelines", "PipelineOutcome", "Pipelines", "intent", "read_pipeline", "subject", "what"]

T = TypeVar("T")

ABLE: Final[Mapping[str, frozenset[str]]] = {
    "github": frozenset({"rerun", "rerun_failed", "cancel", "approve"}),
    "gitlab": frozenset({"rerun_failed", "cancel", "approve", "play"}),
    "jenkins": frozenset({"rerun", "cancel"}),
    "local": frozenset({"rerun", "cancel"}),
}
"""What the pipelines of each kind of source can be made to do: for screens, which ask no source. The gate asks it."""

PIPELINES_AT_ONCE: Final = 20
"""Pipelines of one request to the syncer."""

_SAID: Final[Mapping[str, str]] = {
    "rerun": "run all its jobs again", "rerun_failed": "run its failed jobs again", "cancel": "cancel a pipeline",
    "approve": "let a deployment go on", "play": "start a job by hand",
}  # fmt: skip


_WHAT: Final[Mapping[str, str]] = {
    "rerun": "re-run of all jobs", "rerun_failed": "re-run of failed jobs", "cancel": "cancel",
}  # fmt: skip


class PipelineOutcome(Outcome, frozen=True):
    """What came of an act on a pipeline."""

    pipeline: str
    became: str | None
    """The pipeline that runs now; where re-runs keep their id, the same."""
    attempt: int | None
    """As it was read back."""
    status: str | None
    job: str | None
    """The job that was started by hand."""


@runtime_checkable
class ActsOnPipelines(TakesActs, Protocol):
    """A source with pipelines that can be acted on."""

    @property
    def spec(self) -> SourceSpec:
        """Which source it is."""

    async def close(self) -> None:
        """Let go of connections."""


def what(act: Act) -> str:
    """What an act does, in a few words; foreign text in it is exact."""
    if act.act == "approve":
        return f"approval of {' and '.join(act.intent['approvals'].values())}"
    if act.act == "play":
        return f"start of {act.intent['job_name']}"
    return _WHAT[act.act]


class Pipelines:
    """Never done twice; what was done shows after a while."""

    acts = frozenset({"rerun", "rerun_failed", "cancel", "approve", "play"})
    nobody = "No source of this project has pipelines that can be acted on: the settings name no [[ci]]."
    once = acts - {"cancel"}  # which may be asked for again: a server may forget it
    pauses: tuple[float, ...] = (0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 4.0)
    patience = SECONDS / 2

    def takes(self, source: object) -> bool:
        """Any CI system."""
        return isinstance(source, ActsOnPipelines)

    def bind(self, source: ActsOnPipelines, around: Surroundings) -> ActsOnPipelines:
        """The source alone."""
        return source

    def check(self, act: Act) -> None:
        """Raise UsageError where it is not said which job, or which approval."""
        needed = {"approve": "approvals", "play": "job"}.get(act.act)
        if needed and not act.intent.get(needed):
            raise UsageError(f"The act names no {needed}.")

    def unable(self, source: ActsOnPipelines, act: Act) -> str:
        """Not every vendor can do everything."""
        if act.act in source.abilities:
            return ""
        return f"{source.spec.name} ({source.spec.kind}) cannot {_SAID[act.act]}. Nothing was changed."

    async def look(self, source: ActsOnPipelines, act: Act) -> Pipeline | None:
        """The pipeline as the vendor has it now. Raises SourceError."""
        return await read_pipeline(source, act.intent["pipeline"])

    def refusal(self, act: Act, thing: Pipeline | None) -> str:
        """A pipeline that is not what the person saw, or in no state for this, is left alone."""
        if thing is None:
            return f"{called(act)} is not there any more. Nothing was changed."
        why = moved(act, thing) or unfit(act, thing)
        return f"{called(act)} {why}. Left as it is." if why else ""

    def before(self, act: Act, thing: Pipeline) -> dict[str, Any]:
        """What is looked for changes in afterwards."""
        return snapshot(thing)

    def alone(self, act: Act) -> str:
        """One act on a pipeline at a time: the next one sees what the one before has done."""
        words = f"{act.intent['source']}\0{act.intent['pipeline']}".encode("utf-8", "surrogateescape")
        return f"pipeline-{blake2b(words, digest_size=12).hexdigest()}"

    async def do(self, source: ActsOnPipelines, act: Act) -> Mapping[str, Any]:
        """Do it, once."""
        native = act.intent["pipeline"]
        if act.act in ("rerun", "rerun_failed"):
            became = await source.rerun(native, failed_only=act.act == "rerun_failed", key=act.id)
            return {"became": became}
        if act.act == "cancel":
            await source.cancel(native)
        elif act.act == "approve":
            await source.approve(native, tuple(act.intent["approvals"]), act.intent.get("comment", ""))
        else:
            await source.play(native, act.intent["job"])
        return {}

    async def verdict(self, source: ActsOnPipelines, act: Act, tried: Tried) -> Verdict:
        """Look at the pipeline, and tell by what is different."""
        became = act.intent["pipeline"] if tried.is_denied else await _became(source, act)
        pipeline = await read_pipeline(source, became)
        read_back = None
        if pipeline is not None:
            read_back = {"pipeline": pipeline.id, "name": title(pipeline), **snapshot(pipeline)}
        state, sentence = judged(act, pipeline, tried, source.spec)
        return Verdict(state, sentence, read_back)  # type: ignore[arg-type]  # one of the four, see judged

    def outcome(self, act: Act, state: ActState, sentence: str, *, is_refused: bool = False) -> PipelineOutcome:
        """With the pipeline that runs now."""
        found = (act.outcome or {}).get("read_back") or {}
        return PipelineOutcome(
            entry=act.id, act=act.act, subject=act.subject, source=act.intent["source"], state=state,
            sentence=sentence, is_refused=is_refused, pipeline=act.intent["pipeline"],
            became=found.get("pipeline"), attempt=found.get("attempt"), status=found.get("status"),
            job=act.intent.get("job"),
        )  # fmt: skip

    def wants(self, outcomes: Sequence[Outcome]) -> list[Want]:
        """The pipelines, and those that run in their place."""
        wanted: list[Want] = []
        of_pipelines = sorted((cast(PipelineOutcome, one) for one in outcomes), key=lambda one: one.source)
        for source, of_it in groupby(of_pipelines, key=lambda one: one.source):
            both = ((one.pipeline, one.became) for one in of_it)
            ids = list(dict.fromkeys(native for pair in both for native in pair if native))
            parts = (ids[start : start + PIPELINES_AT_ONCE] for start in range(0, len(ids), PIPELINES_AT_ONCE))
            wanted += [Want(kind="pipeline", source=source, pipelines=tuple(part)) for part in parts]
        return wanted


async def read_pipeline(source: ActsOnPipelines, native: str) -> Pipeline | None:
    """The pipeline as the vendor has it now, None when it has none of that id. Raises SourceError."""
    return await _in_time(source, source.one(native))


async def _became(source: ActsOnPipelines, act: Act) -> str:
    """The id of the pipeline that shows what came of the act."""
    known = act.intent.get("became")
    if known is None and act.act in ("rerun", "rerun_failed"):
        since = act.begun_at or act.at
        known = await _in_time(source, source.rerun_of(act.intent["pipeline"], key=act.id, since=since))
    return str(known or act.intent["pipeline"])


async def _in_time(source: ActsOnPipelines, answer: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(SECONDS / 3):
            return await answer
    except TimeoutError as error:
        raise SourceError(f"{source.spec.name} did not answer within {SECONDS / 3:.0f} s.") from error
