"""Acts on pipelines: run one again, stop it, let a deployment go on, start a job that waits for a hand.

A vendor may show what was done to it seconds later, and none of these may be done twice. So the journal keeps what the
pipeline was before (attempt, status, jobs, approvals), and what came of an act is read from what is different.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
from typing import Any, Final, Protocol, TypeVar, cast, runtime_checkable

import msgspec

from ..errors import SourceError, UsageError
from ..records import SETTLED, Job, Pipeline, SourceSpec, Subject, Want
from ..sources.ci import TakesActs
from ..store.state import Act, ActState
from . import FORGOTTEN, SECONDS, Outcome, Tried, Verdict, called

T = TypeVar("T")

ABLE: Final[Mapping[str, frozenset[str]]] = {
    "github": frozenset({"rerun", "rerun_failed", "cancel", "approve"}),
    "gitlab": frozenset({"rerun_failed", "cancel", "approve", "play"}),
    "jenkins": frozenset({"rerun", "cancel"}),
    "local": frozenset({"rerun", "cancel"}),
}
"""What the pipelines of each kind of source can be made to do: for screens, which ask no source. The gate asks it."""

MARKS_ITS_RERUNS: Final = frozenset({"github", "gitlab", "local"})
"""Kinds of sources where a re-run that there was can be told: by the attempt, by new jobs, or by the act's key."""

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


def snapshot(pipeline: Pipeline) -> dict[str, Any]:
    """What there was of a pipeline when somebody saw it, for the journal. Jobs None: they were not read."""
    jobs = None if pipeline.jobs is None else {job.id: job.status for job in pipeline.jobs}
    waiting = [approval.id for approval in pipeline.approvals]
    return {"attempt": pipeline.attempt, "status": pipeline.status, "jobs": jobs, "approvals": waiting}


def title(pipeline: Pipeline) -> str:
    """How people call a pipeline: `nightly-train #214`."""
    number = f"#{pipeline.number}" if pipeline.number else pipeline.id
    return f"{pipeline.name} {number}" if pipeline.name else number


def intent(
    pipeline: Pipeline, *, saw: bool, job: Job | None = None, approvals: Sequence[str] = (), undoes: str | None = None
) -> dict[str, Any]:
    """What the journal keeps of an act before it is tried.

    `saw`: the person was shown just this, and the act is refused when it is otherwise by then. `job` is the one to be
    started by hand, `approvals` are the ids of those to be given, `undoes` the entry that this takes back.
    """
    made: dict[str, Any] = {
        "source": pipeline.source, "pipeline": pipeline.id, "name": title(pipeline), "branch": pipeline.branch,
        "commit": pipeline.commit,
    }  # fmt: skip
    names = {approval.id: approval.name for approval in pipeline.approvals}
    made |= {"seen": snapshot(pipeline)} if saw else {}
    made |= {"job": job.id, "job_name": job.name} if job is not None else {}
    made |= {"approvals": {one: names.get(one, one) for one in approvals}} if approvals else {}
    return made | ({"undoes": undoes} if undoes else {})


def subject(act: str, intent: Mapping[str, Any]) -> str:
    """What the journal writes the act under."""
    kind, native = ("job", intent["job"]) if act == "play" else ("pipeline", intent["pipeline"])
    return str(Subject(kind=kind, parts=(str(native),)))


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
    pauses: tuple[float, ...] = (0.2, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 4.0)

    def takes(self, source: object) -> bool:
        """Any CI system."""
        return isinstance(source, ActsOnPipelines)

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
        why = moved(act, thing) or _unfit(act, thing)
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
        became = await _became(source, act)
        pipeline = await read_pipeline(source, became)
        read_back = None if pipeline is None else {"pipeline": pipeline.id, **snapshot(pipeline)}
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


# -- is it still what the person saw ----------------------------------------------------------------------------


def moved(act: Act, now: Pipeline) -> str:
    """What became of the pipeline since the person saw it, where that matters for the act; "" else."""
    seen = act.intent.get("seen")
    if seen is None:
        return ""
    if now.attempt != seen["attempt"]:
        return f"was run again meanwhile: it is at attempt {now.attempt} ({now.status}), not {seen['attempt']}"
    if act.act == "cancel":
        return ""
    if act.act == "approve":
        gone = [name for one, name in act.intent["approvals"].items() if one not in snapshot(now)["approvals"]]
        return f"waits no more for {' and '.join(gone)}: somebody answered, and it is {now.status}" if gone else ""
    if act.act == "play":
        return _job_moved(act, now)
    if now.status != seen["status"]:
        return f"is {now.status} now, not {seen['status']}"
    new = _new_jobs(seen, now)
    return f"has other jobs now: somebody ran {new[0].name} again" if new else ""


def _job_moved(act: Act, now: Pipeline) -> str:
    job = _job(act, now)
    before = (act.intent["seen"]["jobs"] or {}).get(act.intent["job"])
    if job is None or before is None or job.status == before:
        return ""
    return f"waits no more for {job.name}: somebody started it, and it is {job.status}"


def _unfit(act: Act, now: Pipeline) -> str:
    """Why this cannot be done to a pipeline that is as it is; "" when it can."""
    if act.act == "cancel":
        return f"is over already ({now.status}): there is nothing to cancel" if now.is_settled else ""
    if act.act == "approve":
        waiting = snapshot(now)["approvals"]
        missing = [name for one, name in act.intent["approvals"].items() if one not in waiting]
        return f"does not wait for {' and '.join(missing)}" if missing else ""
    if act.act == "play":
        job = _job(act, now)
        if job is None:
            return f"has no job {act.intent.get('job_name') or act.intent['job']}"
        return "" if job.is_manual and job.status == "waiting" else f"does not wait for {job.name}: it is {job.status}"
    if now.status in ("queued", "running"):
        return f"is {now.status} still: cancel it first, or wait"
    if act.act == "rerun_failed" and now.jobs is not None and not failed_jobs(now):
        return "has no failed job"
    return ""


def failed_jobs(pipeline: Pipeline) -> list[Job]:
    """What a re-run of the failed jobs would run again: of each job the last attempt, where that failed or was cut."""
    last: dict[tuple[str, str], Job] = {}
    for job in pipeline.jobs or ():
        known = last.get((job.stage, job.name))
        if known is None or job.attempt >= known.attempt:
            last[job.stage, job.name] = job
    return [job for job in last.values() if job.status in ("failed", "cancelled") and not job.may_fail]


def _job(act: Act, now: Pipeline) -> Job | None:
    return next((job for job in now.jobs or () if job.id == act.intent["job"]), None)


def _new_jobs(before: Mapping[str, Any], now: Pipeline) -> list[Job]:
    """Jobs that there were not before; none where it is not known which there were."""
    known = before.get("jobs")
    return [] if known is None else [job for job in now.jobs or () if job.id not in known]


# -- what came of it --------------------------------------------------------------------------------------------


def judged(act: Act, now: Pipeline | None, tried: Tried, spec: SourceSpec) -> tuple[str, str]:
    """The state of a Verdict and its sentence, from what the pipeline is now."""
    name, where = called(act), spec.name
    if now is None:
        return _missing(act, tried, where)
    did = _DID[act.act](act, now)
    if did.is_done:
        return "done", f"{name}{did.sentence} at {where}."
    if tried.is_denied:
        return "failed", f"{_because(tried)}{name}{did.sentence}."
    if did.is_over:
        return "failed", f"{_because(tried)}{name}{did.sentence}."
    if act.intent.get("accepted"):
        waited = tried.is_late and tried.age > FORGOTTEN
        return "unknown" if waited else "open", f"{where} took it, and does not show it yet: {name}{did.sentence}."
    if not tried.is_late:
        return "open", f"{_because(tried)}What came of it is not known yet: {name}{did.sentence}."
    if did.is_certain and (not act.act.startswith("rerun") or spec.kind in MARKS_ITS_RERUNS):
        return "failed", f"It was cut off before it reached {where}: {name}{did.sentence}."
    return "unknown", f"It was cut off, and whether it reached {where} cannot be said: {name}{did.sentence}."


def _missing(act: Act, tried: Tried, where: str) -> tuple[str, str]:
    """The pipeline that would show it is not there: not yet, where it is a new one."""
    waits = not tried.is_late or (bool(act.intent.get("accepted")) and tried.age < FORGOTTEN)
    became = act.intent.get("became")
    if became not in (None, act.intent["pipeline"]):
        told = f"{where} took it, and does not show {became}, which runs in place of {called(act)}, yet."
    else:
        told = f"{_because(tried)}{called(act)} is not there any more: what came of it cannot be said."
    return "open" if waits else "unknown", told


def _because(tried: Tried) -> str:
    return f"{tried.trouble} " if tried.trouble else ""


class _Did(msgspec.Struct, frozen=True):
    """What the pipeline shows of an act."""

    sentence: str
    """What it does now, after its name."""
    is_done: bool = False
    is_over: bool = False
    """Not done, and it will not be."""
    is_certain: bool = True
    """That it does not show after a while means that it was not done."""


def _rerun(act: Act, now: Pipeline) -> _Did:
    before = act.intent["previous"]
    if now.id != act.intent["pipeline"]:
        return _Did(f" runs again as {title(now)}, which is {now.status},", is_done=True)
    if now.attempt > before["attempt"]:
        return _Did(f": attempt {now.attempt} is {now.status}", is_done=True)
    if new := _new_jobs(before, now):
        names = list(dict.fromkeys(job.name for job in new))
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        return _Did(f": {names[0]}{more} {'runs' if now.status == 'running' else 'was run'} again", is_done=True)
    if before["status"] in SETTLED and not now.is_settled:
        return _Did(f" is {now.status} again", is_done=True)
    return _Did(f" is {now.status} as before")


def _cancelled(act: Act, now: Pipeline) -> _Did:
    before = act.intent["previous"]
    if now.attempt != before["attempt"]:
        return _Did(f" was run again meanwhile (attempt {now.attempt})", is_certain=False)
    if now.status == "cancelled":
        return _Did(" is cancelled", is_done=True)
    if stopped := [job for job in _jobs_then_open(before, now) if job.status == "cancelled"]:
        return _Did(f": {stopped[0].name} is cancelled, the whole is {now.status}", is_done=True)
    if now.is_settled:
        return _Did(f" ended by itself ({now.status}) before it could be cancelled", is_over=True)
    if now.raw_status == "canceling":  # GitLab
        return _Did(" is being cancelled", is_done=True)
    return _Did(f" is {now.status} still", is_certain=False)


def _jobs_then_open(before: Mapping[str, Any], now: Pipeline) -> Iterator[Job]:
    known = before.get("jobs") or {}
    return (job for job in now.jobs or () if known.get(job.id) not in SETTLED)


def _approved(act: Act, now: Pipeline) -> _Did:
    names = act.intent["approvals"]
    waiting = [name for one, name in names.items() if one in snapshot(now)["approvals"]]
    if waiting:
        return _Did(f" waits for {' and '.join(waiting)} still")
    if act.intent.get("accepted") or now.status not in ("failed", "cancelled"):
        return _Did(f": {' and '.join(names.values())} is approved, it is {now.status}", is_done=True)
    return _Did(f" waits no more, and it is {now.status}", is_certain=False)


def _played(act: Act, now: Pipeline) -> _Did:
    job = _job(act, now)
    name = act.intent.get("job_name") or act.intent["job"]
    if job is None:
        return _Did(f" has no job {name} any more", is_certain=False)
    if job.status == "waiting":
        return _Did(f" waits for {name} to be started still")
    return _Did(f": {name} is started, it is {job.status}", is_done=True)


_DID: Final = {
    "rerun": _rerun, "rerun_failed": _rerun, "cancel": _cancelled, "approve": _approved, "play": _played,
}  # fmt: skip
