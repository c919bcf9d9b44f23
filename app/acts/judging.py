"""What came of an act on a pipeline, by what is different there from before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from ..records import SETTLED, Job, Pipeline, SourceSpec
from ..store.state import Act
from . import FORGOTTEN, Tried, called
from .sight import job_of, new_jobs, snapshot, title

MARKS_ITS_RERUNS: Final = frozenset({"github", "gitlab", "local"})
"""Kinds of sources where a re-run that there was can be told: by the attempt, by new jobs, or by the act's key."""


def judged(act: Act, now: Pipeline | None, tried: Tried, spec: SourceSpec) -> tuple[str, str]:
    """The state of a Verdict and its sentence, from what the pipeline is now."""
    name, where = called(act), spec.name
    if tried.is_denied:
        return "failed", _denied(act, now, tried)
    if now is None:
        return _missing(act, tried, where)
    did = _DID[act.act](act, now)
    if did.is_done:
        return "done", f"{name}{did.sentence} at {where}."
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


def _denied(act: Act, now: Pipeline | None, tried: Tried) -> str:
    """What shows there nevertheless was somebody else's doing: a journal that claimed it would lie."""
    if now is None:
        return f"{_because(tried)}{called(act)} is not there any more."
    did = _DID[act.act](act, now)
    not_ours = "Somebody else did it: " if did.is_done else ""
    return f"{_because(tried)}{not_ours}{called(act)}{did.sentence}."


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
        return _Did(f" was started again as {title(now)}", is_done=True)
    if now.attempt > before["attempt"]:
        return _Did(f": attempt {now.attempt} is {now.status}", is_done=True)
    if new := new_jobs(before, now):
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
    job = job_of(act, now)
    name = act.intent.get("job_name") or act.intent["job"]
    if job is None:
        return _Did(f" has no job {name} any more", is_certain=False)
    if job.status == "waiting":
        return _Did(f" waits for {name} to be started still")
    return _Did(f": {name} is started, it is {job.status}", is_done=True)


_DID: Final = {
    "rerun": _rerun, "rerun_failed": _rerun, "cancel": _cancelled, "approve": _approved, "play": _played,
}  # fmt: skip
