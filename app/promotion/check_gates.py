"""ci:NAME: what was checked of the candidate's own commit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Final, get_args

from ..records import CommitCheck, Job, Millis, Pipeline, PipelineStatus, Record
from ..settings import Ci, RequiredChecks
from ..text import clip
from .ages import age_of
from .facts import Situation
from .gate import WORST_FIRST, Gate, GateState
from .words import NAME, abbreviated, about, called, listed

_STATES: Final[dict[str, GateState]] = {
    "passed": "pass", "failed": "fail", "cancelled": "fail", "running": "inconclusive", "queued": "inconclusive",
    "waiting": "inconclusive",
}  # fmt: skip
"""Any other word, and what was skipped, proves nothing."""

_CI: Final = frozenset(section.kind for section in get_args(Ci))


class Finding(Record, frozen=True, kw_only=True):
    """One thing that was checked, whatever checked it."""

    name: str
    status: PipelineStatus
    subject: str
    at: Millis | None = None
    """When it ended."""
    trouble: str = ""
    """Why the word of its source does not count now."""


class Known(Record, frozen=True, kw_only=True):
    """What was found for one pattern."""

    findings: tuple[Finding, ...] = ()
    unknown: str = ""
    """What might have been found besides and is not known; or why there is nothing."""


def ci_gates(situation: Situation, rules: RequiredChecks, now: Millis) -> Iterator[Gate]:
    """A gate for each pipeline or job that must have passed on the candidate's commit."""
    for pattern in dict.fromkeys(rules.ci):
        yield judged(f"ci:{pattern}", _on_commit(situation, pattern), rules.max_age, now)


def judged(name: str, known: Known, max_age: str | None, now: Millis) -> Gate:
    """The gate of what was found: the worst of it decides, and nothing at all is never good."""
    title, _, pattern = name.partition(":")
    gate = Gate(id=name, title=title, state="missing", sentence="", bound=f"{pattern} passed")
    if max_age is not None:
        gate = gate.but(bound=f"{gate.bound}, at most {max_age} old")
    said = [_said(one, max_age, now) for one in known.findings]
    if known.unknown or not said:
        said.append(("missing", f"{clip(pattern, NAME)}: {known.unknown or 'nothing is known'}"))
    state, words = min(said, key=lambda one: WORST_FIRST.index(one[0]))
    if state == "pass" and len(said) > 1:
        words = f"{clip(pattern, NAME)}: {len(said)} passed"
    ended = [one.at for one in known.findings if one.at is not None]
    return gate.but(
        state=state, sentence=words, value=_value(known.findings), at=min(ended, default=None),
        evidence=tuple(dict.fromkeys(one.subject for one in known.findings)),
    )  # fmt: skip


def _said(one: Finding, max_age: str | None, now: Millis) -> tuple[GateState, str]:
    name = clip(one.name, NAME)
    if one.trouble:
        return "missing", f"{name}: {one.trouble}"
    state = _STATES.get(one.status, "missing")
    if state != "pass":
        return state, f"{name} is {one.status}" if state in (
            "inconclusive",
            "missing",
        ) else f"{name} {_did(one.status)}"
    old = next(age_of(one.at, max_age, now), None)
    return ("pass", f"{name} passed") if old is None else (old[0], f"{name} passed, {old[1]}")


def _did(status: str) -> str:
    return "was cancelled" if status == "cancelled" else status


def _value(findings: Sequence[Finding]) -> str | None:
    """How it ended, as a plan keeps it: names and words, in a fixed order."""
    return ", ".join(sorted({f"{one.name} {one.status}" for one in findings})) or None


# -- what ran on the commit


def _on_commit(situation: Situation, pattern: str) -> Known:
    candidate = situation.candidate
    if candidate.commit is None:
        return Known(unknown=f"no commit of {called(candidate.name)} is known")
    commits = {pipeline.commit for pipeline in situation.pipelines}
    if len(commits) > 1:
        return Known(unknown=f"{clip(candidate.commit, 12)} is more than one commit")
    newest = _newest(situation.pipelines)
    found = (*_pipelines(situation, newest, pattern), *_checks(situation, pattern))
    unknown = _unread(newest, bool(found)) or ("" if found else _silence(situation, candidate.commit))
    return Known(findings=found, unknown=unknown)


def _fits(name: str, pattern: str) -> bool:
    """Also a name that would be a pattern: `test [3.11]` is itself."""
    return name == pattern or fnmatchcase(name, pattern)


def _newest(pipelines: Iterable[Pipeline]) -> list[Pipeline]:
    """Of each name of each source the newest; they come newest first."""
    found: dict[tuple[str, str], Pipeline] = {}
    for pipeline in pipelines:
        found.setdefault((pipeline.source, pipeline.name), pipeline)
    return list(found.values())


def _pipelines(situation: Situation, newest: Iterable[Pipeline], pattern: str) -> Iterator[Finding]:
    """Those of this name, and the jobs of this name in any of them. While all of it runs again a job may yet do so."""
    for pipeline in newest:
        trouble = situation.trouble(pipeline.source)
        if _fits(pipeline.name, pattern):
            yield Finding(
                name=pipeline.name, status=pipeline.status, subject=about("pipeline", pipeline.id),
                at=pipeline.ended_at, trouble=trouble,
            )  # fmt: skip
        for job in _last_attempts(pipeline.jobs or ()):
            if _fits(job.name, pattern):
                subject = about("job", job.id) if job.id else about("pipeline", pipeline.id)
                status = job.status if pipeline.is_settled or job.attempt >= pipeline.attempt else pipeline.status
                yield Finding(name=job.name, status=status, subject=subject, at=job.ended_at, trouble=trouble)


def _last_attempts(jobs: Iterable[Job]) -> list[Job]:
    last: dict[str, int] = {}
    held = list(jobs)
    for job in held:
        last[job.name] = max(job.attempt, last.get(job.name, 0))
    return [job for job in held if job.attempt == last[job.name]]


def _checks(situation: Situation, pattern: str) -> Iterator[Finding]:
    """What other apps said of the commit: of each app and name the last."""
    found: dict[tuple[str, str, str], CommitCheck] = {}
    for pipeline in situation.pipelines:
        for check in pipeline.checks:
            key = (pipeline.source, check.app, check.name)
            if _fits(check.name, pattern) and (key not in found or _when(check) > _when(found[key])):
                found[key] = check
    for (source, _, name), check in found.items():
        commit = situation.candidate.commit or ""
        yield Finding(
            name=name, status=check.status, subject=about("commit", commit), at=check.ended_at,
            trouble=situation.trouble(source),
        )  # fmt: skip


def _when(check: CommitCheck) -> Millis:
    return check.ended_at or check.started_at or 0


def _unread(newest: Iterable[Pipeline], is_found: bool) -> str:
    """A pipeline whose jobs nobody has read may hold one of this name; if it passed, so did they."""
    names = [
        f"{clip(one.name, NAME)} {clip(one.number or one.id, NAME)}"
        for one in newest
        if one.jobs is None and not (is_found and one.status == "passed")
    ]
    return f"the jobs of {listed(names)} were not read yet" if names else ""


def _silence(situation: Situation, commit: str) -> str:
    """Why nothing was found: nothing ran, or the source that would know does not answer."""
    sources = [key for key, state in situation.sources.items() if state.kind in _CI]
    troubles = [trouble for trouble in map(situation.trouble, sources) if trouble]
    if troubles:
        return troubles[0]
    return f"nothing of this name ran on {abbreviated(commit)}" if sources else "no CI is in the settings"
