"""Records as nodes of a lineage, without what lies beyond them. Pure."""

from __future__ import annotations

from typing import Any

from ..records import Commit, Dataset, Experiment, Job, Pipeline, Run
from ..store.model_events import called
from ..store.models import ModelRow, VersionRow
from .trail import written
from .tree import UNKNOWN, Link, Node

SHORT = 7
"""Digits of a commit that people read."""
_DIGEST = 12
"""Signs of a digest that tell it from others."""


def unknown_node(kind: str, title: str, link: Link | None, **more: Any) -> Node:
    """What is not known, and is said so."""
    return Node(subject=UNKNOWN, kind=kind, title=title, state="unknown", link=link, **more)


def fact(kind: str, title: str, *words: str, state: str = "", **more: Any) -> Node:
    """Something about the node above that is no thing of its own."""
    return Node(subject="", kind=kind, title=title, words=words, state=state, **more)


def run_node(run: Run, link: Link | None = None, **more: Any) -> Node:
    """`brave-cod-214  bo`."""
    words = tuple(word for word in (run.user,) if word)
    at = run.ended_at if run.ended_at is not None else run.started_at
    return Node(
        subject=written("run", run.id), kind="run", title=run.name or run.id, words=words, state=run.status, at=at,
        link=link, **more,
    )  # fmt: skip


def commit_node(sha: str, commit: Commit | None, link: Link | None = None, **more: Any) -> Node:
    """`4f2c91a  relax null check  bo`."""
    words = (commit.subject, commit.author) if commit else ("not in the history that was read",)
    return Node(
        subject=written("commit", sha), kind="commit", title=sha[:SHORT], words=words, link=link,
        at=commit.committed_at if commit else None, **more,
    )  # fmt: skip


def data_node(data: Dataset, link: Link | None = None, **more: Any) -> Node:
    """`orders@77ab  training`."""
    words = more.pop("words", ()) or tuple(word for word in (data.context,) if word)
    return Node(
        subject=written("dataset", data.name, data.digest), kind="data", words=words, link=link,
        title=f"{data.name}@{data.digest[:_DIGEST]}", **more,
    )  # fmt: skip


def version_node(row: VersionRow, link: Link | None = None, **more: Any) -> Node:
    """`churn v14  bo`."""
    one = row.version
    words = tuple(word for word in (one.user,) if word)
    return Node(
        subject=written("model", one.model, one.version), kind="version", title=f"{one.model} {called(one.version)}",
        words=words, state="" if one.status == "ready" else one.status, at=one.created_at, link=link, **more,
    )  # fmt: skip


def model_node(row: ModelRow) -> Node:
    """`churn  14 versions`."""
    count = f"{row.versions} {'version' if row.versions == 1 else 'versions'}"
    return Node(
        subject=written("model", row.model.name), kind="model", title=row.model.name, words=(count,),
        at=row.model.created_at,
    )  # fmt: skip


def alias_node(model: str, alias: str, version: str, link: Link | None = None, **more: Any) -> Node:
    """`churn@champion  v14`."""
    return Node(
        subject=written("alias", model, alias), kind="alias", title=f"{model}@{alias}", words=(called(version),),
        link=link, **more,
    )  # fmt: skip


def pipeline_node(pipeline: Pipeline, link: Link | None = None, **more: Any) -> Node:
    """`ci #214  3 jobs`."""
    sign = "#" if pipeline.number.isdigit() else ""
    number = f" {sign}{pipeline.number}" if pipeline.number else ""
    at = pipeline.ended_at if pipeline.ended_at is not None else pipeline.started_at or pipeline.created_at
    return Node(
        subject=written("pipeline", pipeline.id), kind="pipeline", title=f"{pipeline.name}{number}",
        words=(_jobs(pipeline), *_deployed(pipeline)), state=pipeline.status, at=at, link=link, **more,
    )  # fmt: skip


def _jobs(pipeline: Pipeline) -> str:
    if pipeline.jobs is None:
        return "jobs not read"
    names = {job.name for job in pipeline.jobs}  # attempts of one job are one
    return f"{len(names)} {'job' if len(names) == 1 else 'jobs'}"


def _deployed(pipeline: Pipeline) -> tuple[str, ...]:
    return tuple(f"deployed to {one.environment}" for one in pipeline.deployments if one.status == "passed")


def job_node(job: Job, link: Link | None = None, **more: Any) -> Node:
    """`test`."""
    at = job.ended_at if job.ended_at is not None else job.started_at
    return Node(
        subject=written("job", job.id), kind="job", title=job.name, state=job.status, at=at, link=link, **more
    )  # fmt: skip


def experiment_node(experiment: Experiment, link: Link | None = None, **more: Any) -> Node:
    """`churn-train`."""
    return Node(
        subject=written("experiment", experiment.id), kind="experiment", title=experiment.name or experiment.id,
        at=experiment.created_at, link=link, **more,
    )  # fmt: skip
