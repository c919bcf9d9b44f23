"""What Jenkins answers, to records. Pure functions; few fields are required, and every word may be a new one.

There is no official specification: the shapes are those of the server's own /api pages, of recorded answers, and of
the sample bodies of the Pipeline REST API plugin (wfapi).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from ...records import Job, Millis, Pipeline, Step
from ...records.pipeline import SETTLED, PipelineStatus
from .places import Place

RESULTS: Final[Mapping[str, PipelineStatus]] = {
    "SUCCESS": "passed",
    "UNSTABLE": "failed",  # tests failed: never green, whatever colour Jenkins gives it
    "FAILURE": "failed",
    "ABORTED": "cancelled",
    "NOT_BUILT": "skipped",
}
STAGES: Final[Mapping[str, PipelineStatus]] = {
    "SUCCESS": "passed",
    "UNSTABLE": "failed",
    "FAILED": "failed",
    "ABORTED": "cancelled",
    "NOT_EXECUTED": "skipped",
    "IN_PROGRESS": "running",
    "PAUSED_PENDING_INPUT": "waiting",
    "QUEUED": "queued",
}
PAUSED: Final = "PAUSED_PENDING_INPUT"
BUILDING: Final = "BUILDING"
"""Jenkins has no word for a build that runs: its `result` is null."""
_WHY: Final[Mapping[str, str]] = {
    "UserIdCause": "manual",
    "UserCause": "manual",
    "SCMTriggerCause": "scm",
    "TimerTriggerCause": "timer",
    "UpstreamCause": "upstream",
    "BuildUpstreamCause": "upstream",
    "RemoteCause": "remote",
    "BranchEventCause": "push",
    "BranchIndexingCause": "branch indexing",
    "GitHubPushCause": "push",
    "GitLabWebHookCause": "push",
    "BitBucketPushCause": "push",
    "ReplayCause": "replay",
}
_WITHOUT_STAGES: Final = (
    "hudson.model.FreeStyleBuild",
    "hudson.matrix.",
    "hudson.maven.",
    "hudson.model.ExternalRun",
)


class Actions(msgspec.Struct, frozen=True, kw_only=True):
    """What plugins hang on a build, or on what waits to be one."""

    actions: list[Any] | None = None
    """Whatever they like; many entries are {} or null."""

    def acts(self, field: str) -> list[Mapping[str, Any]]:
        """The actions that have such a field."""
        return [one for one in self.actions or () if isinstance(one, dict) and one.get(field) is not None]


class BuildPayload(Actions, frozen=True, kw_only=True):
    """One build, as far as it is read."""

    number: int
    timestamp: Millis = 0
    duration: int = 0
    """Milliseconds; 0 while it builds."""
    result: str | None = None
    building: bool | None = None
    class_: str = msgspec.field(name="_class", default="")
    display_name: str | None = msgspec.field(name="displayName", default=None)
    url: str | None = None

    @property
    def is_building(self) -> bool:
        """A result may be there already while the last steps still run."""
        return self.result is None if self.building is None else self.building

    @property
    def may_have_stages(self) -> bool:
        """Whether asking for stages can give any."""
        return not self.class_.startswith(_WITHOUT_STAGES)

    @property
    def has_report(self) -> bool:
        """Whether tests were published: their action names the page of the report."""
        return any(one["urlName"] == "testReport" for one in self.acts("urlName"))


class ErrorPayload(msgspec.Struct, frozen=True):
    """Why a stage or a step failed."""

    message: str | None = None


class StagePayload(msgspec.Struct, frozen=True, rename="camel"):
    """A stage, or a step of one (`stageFlowNodes`)."""

    name: str = ""
    status: str = ""
    id: str = ""
    start_time_millis: Millis = 0
    duration_millis: int = 0
    error: ErrorPayload | None = None
    stage_flow_nodes: list[StagePayload] | None = None


class RunPayload(msgspec.Struct, frozen=True):
    """wfapi/describe of a build: its stages."""

    status: str = ""
    stages: list[StagePayload] = []


def pipeline(source: str, place: Place, build: BuildPayload, base_url: str) -> Pipeline:
    """A build as a list gives it: without its jobs. `place` is the job's."""
    status, raw = _result(build)
    commit, branch = _revision(build, place.branch)
    event, actor = _cause(build)
    began = build.timestamp or None
    return Pipeline(
        source=source,
        id=place.build_id(build.number),
        name=place.name,
        number=str(build.number),
        title=_title(build),
        status=status,
        raw_status=raw,
        branch=place.branch or branch,
        commit=commit,
        event=event,
        actor=actor,
        url=_url(build, place, base_url),
        created_at=began,
        started_at=began,
        ended_at=began + max(build.duration, 0) if began and status in SETTLED else None,
    )


def with_stages(pipeline: Pipeline, run: RunPayload | None) -> Pipeline:
    """With its stages as jobs; without any (no plugin, or it failed before the first): one job, the build itself."""
    if run is None or not run.stages:
        return msgspec.structs.replace(pipeline, jobs=(_whole(pipeline),))
    jobs = tuple(_stage(pipeline, stage, place) for place, stage in enumerate(run.stages, 1))
    if run.status == PAUSED and pipeline.status == "running":
        return msgspec.structs.replace(pipeline, jobs=jobs, status="waiting", raw_status=PAUSED)
    return msgspec.structs.replace(pipeline, jobs=jobs)


def with_steps(job: Job, node: StagePayload) -> Job:
    """A stage with its steps, and with the error of the first that failed."""
    nodes = node.stage_flow_nodes or []
    told = [one.error.message for one in (*nodes, node) if one.error is not None and one.error.message]
    steps = tuple(_step(number, one) for number, one in enumerate(nodes, 1))
    return msgspec.structs.replace(job, steps=steps, reason=told[0] if told else job.reason)


def parameters(build: Actions) -> dict[str, str | None]:
    """What a build was started with, as a form holds it; None for what Jenkins does not tell (passwords, files)."""
    given = [one for act in build.acts("parameters") for one in act["parameters"] if isinstance(one, dict)]
    return {str(one["name"]): _written(one.get("value")) for one in given if one.get("name")}


def starter(build: Actions) -> str | None:
    """Whose button started it: a login; None when nobody's did."""
    ids = [cause.get("userId") for cause in _causes(build)]
    return next((str(one) for one in ids if one), None)


def _result(build: BuildPayload) -> tuple[PipelineStatus, str]:
    if build.is_building:
        return "running", build.result or BUILDING
    return RESULTS.get(build.result or "", "unknown"), build.result or ""


def _title(build: BuildPayload) -> str:
    said = (build.display_name or "").strip()
    return "" if said == f"#{build.number}" else said


def _url(build: BuildPayload, place: Place, base_url: str) -> str:
    said = build.url or ""
    return said if said.startswith(("http://", "https://")) else f"{base_url}/{place.url}/{build.number}/"


def _revision(build: BuildPayload, of_branch: str) -> tuple[str | None, str]:
    """Commit and branch. Shared libraries leave a checkout too: the one of the job's branch counts, else the first."""
    found: list[tuple[str | None, str]] = []
    for data in build.acts("lastBuiltRevision"):
        revision = data["lastBuiltRevision"]
        if not isinstance(revision, dict):
            continue
        names = [str(one.get("name") or "") for one in revision.get("branch") or () if isinstance(one, dict)]
        sha = revision.get("SHA1")
        found.append((str(sha) if sha else None, branch_of(names[0]) if names else ""))
    return next((one for one in found if of_branch and one[1] == of_branch), found[0] if found else (None, ""))


def branch_of(name: str) -> str:
    """A branch as people call it: `refs/remotes/origin/main` and `origin/main` are main, a detached head is none."""
    if name.startswith("refs/remotes/"):
        return name.removeprefix("refs/remotes/").partition("/")[2]
    name = name.removeprefix("refs/heads/").removeprefix("origin/")
    return "" if name in ("detached", "HEAD") else unquote(name)


def _causes(build: Actions) -> list[Mapping[str, Any]]:
    return [one for act in build.acts("causes") for one in act["causes"] if isinstance(one, dict)]


def _cause(build: BuildPayload) -> tuple[str, str]:
    """Why it ran, and who did it: the first cause that we have a word for, else the first at all."""
    causes = _causes(build)
    if not causes:
        return "", ""
    known = [one for one in causes if _kind(one) in _WHY]
    first = (known or causes)[0]
    kind = _kind(first)
    is_ours = not kind and first.get("userName") is not None  # before _class was sent
    event = _WHY.get(kind) or ("manual" if is_ours else kind.removesuffix("Cause"))
    return event, str(first.get("userId") or first.get("userName") or "")


def _kind(cause: Mapping[str, Any]) -> str:
    """`hudson.model.Cause$UserIdCause` is a UserIdCause."""
    return str(cause.get("_class") or "").rpartition(".")[2].rpartition("$")[2]


def _whole(pipeline: Pipeline) -> Job:
    return Job(
        id=pipeline.id,
        name=pipeline.name.rpartition("/")[2],
        status=pipeline.status,
        raw_status=pipeline.raw_status,
        started_at=pipeline.started_at,
        ended_at=pipeline.ended_at,
        url=pipeline.url,
    )


def _stage(pipeline: Pipeline, stage: StagePayload, place: int) -> Job:
    status = STAGES.get(stage.status, "unknown")
    began, ended = _times(stage, status)
    return Job(
        id=f"{pipeline.id}/{stage.id or place}",
        name=stage.name,
        status=status,
        raw_status=stage.status,
        started_at=began,
        ended_at=ended,
        url=pipeline.url,
        reason=(stage.error.message or "") if stage.error is not None and status != "passed" else "",
    )


def _step(number: int, node: StagePayload) -> Step:
    status = STAGES.get(node.status, "unknown")
    began, ended = _times(node, status)
    return Step(name=node.name, status=status, raw_status=node.status, number=number, started_at=began, ended_at=ended)


def _times(stage: StagePayload, status: str) -> tuple[Millis | None, Millis | None]:
    if status in ("skipped", "queued") or stage.start_time_millis <= 0:
        return None, None
    began = stage.start_time_millis
    return began, began + max(stage.duration_millis, 0) if status in SETTLED else None


def _written(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else None
