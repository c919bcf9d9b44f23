"""What a pipeline was when somebody saw it, and whether it still is that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..records import Job, Pipeline, Subject
from ..store.state import Act


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
    is_of_job = act == "play" and "job" in intent
    kind, native = ("job", intent["job"]) if is_of_job else ("pipeline", intent["pipeline"])
    return str(Subject(kind=kind, parts=(str(native),)))


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
    new = new_jobs(seen, now)
    return f"has other jobs now: somebody ran {new[0].name} again" if new else ""


def _job_moved(act: Act, now: Pipeline) -> str:
    job = job_of(act, now)
    before = (act.intent["seen"]["jobs"] or {}).get(act.intent["job"])
    if job is None or before is None or job.status == before:
        return ""
    return f"waits no more for {job.name}: somebody started it, and it is {job.status}"


def unfit(act: Act, now: Pipeline) -> str:
    """Why this cannot be done to a pipeline that is as it is; "" when it can."""
    if act.act == "cancel":
        return f"is over already ({now.status}): there is nothing to cancel" if now.is_settled else ""
    if act.act == "approve":
        waiting = snapshot(now)["approvals"]
        missing = [name for one, name in act.intent["approvals"].items() if one not in waiting]
        return f"does not wait for {' and '.join(missing)}" if missing else ""
    if act.act == "play":
        job = job_of(act, now)
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


def job_of(act: Act, now: Pipeline) -> Job | None:
    """The job that the act names, as it is now."""
    return next((job for job in now.jobs or () if job.id == act.intent["job"]), None)


def new_jobs(before: Mapping[str, Any], now: Pipeline) -> list[Job]:
    """Jobs that there were not before; none where it is not known which there were."""
    known = before.get("jobs")
    return [] if known is None else [job for job in now.jobs or () if job.id not in known]
