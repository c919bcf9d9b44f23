"""GitLab as one of the CI systems: what its API gives, in the shape that all of them share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Final, TypeVar

import msgspec
from msgspec.structs import replace

from ...errors import SourceError
from ...records import SETTLED, CaseReport, LogPart, Millis, Pipeline, SourceSpec
from ...text import shown
from ..ci import ArtifactFile, Mark, Page
from ..http import Http
from ..trouble import AnswerError
from . import parse, reports
from .artifacts import artifacts
from .changes import LIST, Changes, first_mark
from .client import GitlabClient
from .deployments import Deployments
from .traces import Traces

T = TypeVar("T")

_LARGEST_REPORT: Final = 16 * 1024 * 1024
"""Bytes of a test report with all its cases; of a larger one only the counts are shown."""
_NEWEST: Final[dict[str, str | int]] = {"order_by": "id", "sort": "desc"}


class GitlabVendor:
    """A Vendor, TakesActs and HasArtifacts: GitLab CI of one project.

    A detail costs 3 requests (the pipeline, its jobs, its bridges), one more where there is a test report, one more
    where a test failed, and one for all of a pass that asks for deployments.
    """

    width = 6
    """A small server of one's own has a dozen workers, and they are not all for us."""
    abilities = frozenset({"rerun_failed", "cancel", "approve", "play"})
    """Not "rerun": GitLab runs a pipeline's failed and cancelled jobs again, or makes another pipeline."""

    def __init__(self, spec: SourceSpec, http: Http, *, project: str | int) -> None:
        self.spec = spec
        self._http = http
        self._client = GitlabClient(http, project)
        self._deployments = Deployments(self._client)
        self._traces = Traces(self._client, spec.key)

    async def recent(self, mark: Mark) -> AsyncIterator[Page]:
        """What is new or changed since `mark`; with an empty mark the newest page alone. Raises SourceError."""
        if not mark:
            rows, _ = await self._client.page(LIST, parse.PipelinePayload, _NEWEST, None)
            yield Page(pipelines=self._pipelines(rows), mark=first_mark(rows, self._http.server_now()))
            return
        changes = Changes(self._client, mark)
        async for rows in changes.pages():
            if rows:
                yield Page(pipelines=self._pipelines(rows))
        yield Page(mark=changes.mark)

    async def page(self, token: str | None) -> Page:
        """A hundred pipelines of the whole history, newest first. Raises SourceError."""
        try:
            rows, following = await self._client.page(LIST, parse.PipelinePayload, _NEWEST, token)
        except AnswerError as error:
            if error.status == HTTPStatus.METHOD_NOT_ALLOWED and "offset" in error.reason:
                return Page()  # servers may end counted pages at row 50,000, and have no other pages for pipelines
            raise
        return Page(pipelines=self._pipelines(rows), next=following)

    async def detail(self, pipeline: Pipeline) -> Pipeline:
        """The same with jobs, bridges, tests and deployments. Raises AnswerError with status 404 when it is gone."""
        return await self._with_detail(await self._client.read(f"{LIST}/{pipeline.id}", parse.PipelinePayload))

    async def _with_detail(self, raw: parse.PipelinePayload) -> Pipeline:
        found = parse.pipeline(self.spec.key, raw, self._client.project)
        jobs = await self._client.all(f"{LIST}/{raw.id}/jobs", parse.JobPayload, {"include_retried": "true"})
        bridges = await self._bridges(raw.id)
        deployed = await self._deployments.of(found)
        return replace(
            found,
            title=parse.title(jobs) or found.title,
            jobs=parse.jobs([*jobs, *bridges]),
            report=await self._report(found, jobs),
            approvals=parse.approvals(deployed),
            deployments=tuple(parse.deployment(one) for one in deployed),
        )

    async def one(self, pipeline_id: str) -> Pipeline | None:
        """The pipeline as it is now, with its detail; None when GitLab has it no more. Raises SourceError."""
        if not _is_number(pipeline_id):
            return None
        try:
            raw = await self._client.read(f"{LIST}/{pipeline_id}", parse.PipelinePayload)
            return await self._with_detail(raw)
        except AnswerError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise

    def log(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        """A job's log from byte `start` on; a log that is not there is one part with a sentence."""
        return self._traces.log(pipeline_id, job_id, start)

    def artifacts(self, pipeline: Pipeline, pattern: str, beside: str = "") -> AsyncIterator[ArtifactFile]:
        """The files that its jobs kept and the pattern names. Raises SourceError."""
        return artifacts(self._client, f"{LIST}/{_number(pipeline.id)}", pipeline, pattern, beside)

    async def rerun(self, pipeline_id: str, *, failed_only: bool, key: str) -> str:
        """Run the failed and cancelled jobs once more; the pipeline stays the same one. Raises SourceError."""
        if not failed_only:
            raise SourceError(
                "GitLab runs the failed and cancelled jobs of a pipeline again, not all of them: that would be another"
                " pipeline, of whatever the branch holds now.",
                "forbidden",
            )
        await self._client.tell(f"{LIST}/{_number(pipeline_id)}/retry")
        return pipeline_id

    async def rerun_of(self, pipeline_id: str, *, key: str, since: Millis) -> str | None:
        """None: a re-run makes no new pipeline here."""
        return None

    async def cancel(self, pipeline_id: str) -> None:
        """Stop what runs and waits of it. Raises SourceError."""
        await self._client.tell(f"{LIST}/{_number(pipeline_id)}/cancel")

    async def approve(self, pipeline_id: str, approvals: tuple[str, ...], comment: str) -> None:
        """Approve blocked deployments, by their ids. Raises SourceError."""
        body = msgspec.json.encode({"status": "approved", **({"comment": comment} if comment else {})})
        for deployment_id in approvals:
            await self._client.tell(f"deployments/{_number(deployment_id)}/approval", body)

    async def play(self, pipeline_id: str, job_id: str) -> None:
        """Start a job that waits to be started by hand. Raises SourceError."""
        await self._client.tell(f"jobs/{_number(job_id)}/play")

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()

    def _pipelines(self, rows: list[parse.PipelinePayload]) -> tuple[Pipeline, ...]:
        return tuple(parse.pipeline(self.spec.key, raw, self._client.project) for raw in rows)

    async def _bridges(self, pipeline_id: int) -> list[parse.JobPayload]:
        try:
            return await self._client.all(f"{LIST}/{pipeline_id}/bridges", parse.JobPayload, {})
        except AnswerError as error:
            if error.status in (HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN) and error.state != "limited":
                return []  # an older server, or a login that may see the jobs and not what they started
            raise

    async def _report(self, pipeline: Pipeline, jobs: list[parse.JobPayload]) -> CaseReport | None:
        """What the tests said, once all have spoken: while jobs run, GitLab reads their files anew each time."""
        if pipeline.status not in SETTLED or not parse.has_test_report(jobs):
            return None
        counts = await self._optional(f"{LIST}/{pipeline.id}/test_report_summary", reports.SummaryPayload)
        told = None if counts is None else reports.summary(counts)
        if told is None or not (told.failed or told.errors):
            return told
        cases = await self._optional(f"{LIST}/{pipeline.id}/test_report", reports.ReportPayload)
        return told if cases is None else reports.report(cases) or told

    async def _optional(self, path: str, kind: type[T]) -> T | None:
        """A report, or None: it may be large enough to break the server, which shall not keep the jobs from us."""
        try:
            return await self._client.read(path, kind, limit=_LARGEST_REPORT)
        except SourceError as error:
            if error.state in ("limited", "unauthorised"):
                raise
            return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _number(text: str) -> str:
    if not _is_number(text):
        raise SourceError(f"“{shown(text)}” is no id of GitLab's: those are numbers.", "misconfigured")
    return text
