"""What can be copied of pipelines and jobs: id, address, commands, Markdown, JSON. Pure: records in, text out."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .comparison.forms import code
from .copies import Copy
from .exact import iso, span
from .records import Approval, CaseReport, CommitCheck, Deployment, Job, Pipeline, Step, Subject
from .text import shown

Named = tuple[Pipeline, str]
"""A pipeline and the label of its source."""


def pipeline_copies(pipelines: Sequence[Named]) -> list[Copy]:
    """The forms of one pipeline, or of several at once; none where there is none."""
    if not pipelines:
        return []
    several = "s" if len(pipelines) > 1 else ""
    urls = [one.url for one, _ in pipelines if one.url]
    commits = list(dict.fromkeys(one.commit for one, _ in pipelines if one.commit))
    return [
        Copy(f"id{several}", _lines(one.id for one, _ in pipelines)),
        *([Copy(f"address{'es' if len(urls) > 1 else ''}", _lines(urls))] if urls else []),
        *([Copy(f"commit{'s' if len(commits) > 1 else ''}", _lines(commits))] if commits else []),
        Copy(f"command{several}", _lines(f"quarterdeck open {_subject('pipeline', one.id)}" for one, _ in pipelines)),
        Copy("command to re-run", _lines(f"quarterdeck pipeline rerun {shlex.quote(one.id)}" for one, _ in pipelines)),
        Copy("Markdown", "\n".join(_markdown(one, source) for one, source in pipelines)),
        Copy("JSON", _json([pipeline_json(one, source) for one, source in pipelines])),
    ]


def job_copies(job: Job) -> list[Copy]:
    """What a job is worth copying for."""
    return [
        Copy("id of the job", job.id),
        *([Copy("address of the job", job.url)] if job.url else []),
        Copy("command for its log", f"quarterdeck pipeline log {shlex.quote(job.id)}"),
        Copy("JSON of the job", _json([_job_json(job)])),
    ]


def pipeline_json(one: Pipeline, source: str) -> dict[str, Any]:
    """A pipeline as `quarterdeck pipelines --json` gives it; jobs are null where nobody has read them yet."""
    return {
        "id": one.id,
        "subject": str(Subject(kind="pipeline", parts=(one.id,))),
        "source": source,
        "name": one.name,
        "shown": shown(one.name),
        "number": one.number,
        "title": one.title,
        "status": one.status,
        "raw_status": one.raw_status,
        "branch": one.branch,
        "commit": one.commit,
        "event": one.event,
        "actor": one.actor,
        "attempt": one.attempt,
        "url": one.url,
        "created_at": iso(one.created_at),
        "started_at": iso(one.started_at),
        "ended_at": iso(one.ended_at),
        "jobs": None if one.jobs is None else [_job_json(job) for job in one.jobs],
        "tests": _tests_json(one.report) if one.report is not None else None,
        "approvals": [_approval_json(wait) for wait in one.approvals],
        "deployments": [_deployment_json(put) for put in one.deployments],
        "checks": [_check_json(check) for check in one.checks],
    }


def _tests_json(report: CaseReport) -> dict[str, Any]:
    failures = [{"suite": case.suite, "name": case.name, "message": case.message} for case in report.failures]
    return {
        "total": report.total, "passed": report.passed, "failed": report.failed, "errors": report.errors,
        "skipped": report.skipped, "failures": failures,
    }  # fmt: skip


def _approval_json(wait: Approval) -> dict[str, Any]:
    return {"id": wait.id, "name": wait.name, "since": iso(wait.since), "reviewers": list(wait.reviewers)}


def _deployment_json(put: Deployment) -> dict[str, Any]:
    return {
        "id": put.id, "environment": put.environment, "status": put.status, "commit": put.commit, "at": iso(put.at),
    }  # fmt: skip


def _check_json(check: CommitCheck) -> dict[str, Any]:
    return {
        "name": check.name, "status": check.status, "raw_status": check.raw_status, "app": check.app,
        "started_at": iso(check.started_at), "ended_at": iso(check.ended_at), "url": check.url, "text": check.text,
    }  # fmt: skip


def _job_json(job: Job) -> dict[str, Any]:
    return {
        "id": job.id,
        "name": job.name,
        "status": job.status,
        "raw_status": job.raw_status,
        "stage": job.stage,
        "attempt": job.attempt,
        "started_at": iso(job.started_at),
        "ended_at": iso(job.ended_at),
        "url": job.url,
        "needs": list(job.needs),
        "reason": job.reason,
        "steps": [_step_json(step) for step in job.steps],
    }


def _step_json(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "status": step.status,
        "raw_status": step.raw_status,
        "started_at": iso(step.started_at),
        "ended_at": iso(step.ended_at),
    }


def _subject(kind: str, native: str) -> str:
    # a subject is percent-encoded: nothing in it is special to a shell, whatever a server calls an id
    return shlex.quote(str(Subject(kind=kind, parts=(native,))))


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)


def _json(made: Sequence[dict[str, Any]]) -> str:
    """An object for one, an array for several, in ASCII."""
    return json.dumps(made if len(made) > 1 else made[0], allow_nan=False, indent=2) + "\n"


def _markdown(one: Pipeline, source: str) -> str:
    number = f" {code(f'#{one.number}')}" if one.number else ""
    facts = {
        "title": one.title, "branch": one.branch, "commit": one.commit, "event": one.event, "by": one.actor,
        "began": iso(one.created_at), "ended": iso(one.ended_at), "source": source, "address": one.url,
    }  # fmt: skip
    lines = [f"### pipeline {code(one.name)}{number}: {one.status}", "", _row(("", "pipeline")), _row(("---", "---"))]
    lines += [_row((name, code(value))) for name, value in facts.items() if value]
    if one.jobs:
        lines += ["", _row(("job", "status", "took")), _row(["---"] * 3), *(_row(cells) for cells in _jobs(one.jobs))]
    return _lines(lines) + "\n"


def _jobs(jobs: Iterable[Job]) -> Iterator[tuple[str, str, str]]:
    for job in jobs:
        took = span(job.ended_at - job.started_at) if job.started_at and job.ended_at else ""
        yield code(job.name), job.status, took


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
