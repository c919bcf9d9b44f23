"""GitHub Actions as one of the CI systems: what its API gives, in the shape that all of them share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from msgspec.structs import replace

from ...errors import SourceError
from ...records import Approval, LogPart, Millis, Pipeline, SourceSpec
from ..ci import ArtifactFile, Mark, Page
from ..http import Http
from ..trouble import AnswerError
from . import parse
from .artifacts import artifacts
from .checks import Checks
from .client import GithubClient, Listed, Pace, check_address
from .deployments import Deployments
from .logs import Logs
from .reports import Reports

_RUNS: Final = "actions/runs"
_PAGE: Final[dict[str, Any]] = {"per_page": 100, "exclude_pull_requests": "true"}
_NEWEST: Final[dict[str, Any]] = {"per_page": 50, "exclude_pull_requests": "true"}
"""What each pass asks: a run is 15 KB of JSON, packed to a tenth."""
_RUNNING: Final[dict[str, Any]] = {**_PAGE, "status": "in_progress"}
"""A re-run keeps its date of creation, so an old one stands on no page that a pass reads; while it runs, here."""
_OVERLAP: Final = 600_000
"""Milliseconds below the mark that are read again: runs are listed in the order of their ids."""
_MOST_PAGES: Final = 200


class GithubVendor:
    """A Vendor, TellsMore, TakesActs and HasArtifacts: the workflow runs of one `repository`, written owner/name."""

    width = 8
    """Requests at once. GitHub's limit is 100, and 900 a minute, which the client keeps to on github.com."""
    abilities = frozenset({"rerun", "rerun_failed", "cancel", "approve"})

    def __init__(self, spec: SourceSpec, http: Http, *, repository: str, pace: Pace | None = None) -> None:
        self.spec = spec
        self._client = GithubClient(http, repository, pace)
        self._checks = Checks(self._client)
        self._deployments = Deployments(self._client)
        self._logs = Logs(self._client, spec.key)
        self._reports = Reports(self._client)

    async def recent(self, mark: Mark) -> AsyncIterator[Page]:
        """What is new since `mark`, and all that runs: three requests when there is nothing new. Raises SourceError."""
        await self._deployments.refresh()
        if not mark:
            first = await self.page(None)
            yield Page(pipelines=first.pipelines, total=first.total, mark=_mark(first.pipelines, {}))
            return
        found = await self._runs(_RUNS, _NEWEST)
        page = self._page(found)
        mark_now = _mark(page.pipelines, mark)
        yield page
        read = 1
        while page.next is not None and _reaches(page.pipelines, mark) and read < _MOST_PAGES:
            page = self._page(await self._runs(page.next))
            yield page
            read += 1
        running = self._page(await self._runs(_RUNS, _RUNNING))
        yield Page(pipelines=running.pipelines, mark=mark_now)

    async def page(self, token: str | None) -> Page:
        """A hundred runs of the whole history, newest first. The token is the address that GitHub gave."""
        return self._page(await (self._runs(_RUNS, _PAGE) if token is None else self._runs(token)))

    async def detail(self, pipeline: Pipeline) -> Pipeline:
        """The same with the jobs of all attempts: a request for each hundred.

        One more where a deployment waits, and one for each deployment of its commit. Its test report comes along
        where somebody looked at this attempt. Raises SourceError.
        """
        whole = await self._with_jobs(pipeline)
        return await self._with_report(whole) if self._reports.follows(pipeline) else whole

    async def one(self, pipeline_id: str) -> Pipeline | None:
        """One run as it is now, with its jobs; None when GitHub has it no more. Raises SourceError."""
        if not pipeline_id.isdigit():
            return None
        try:
            found = await self._client.read(f"{_RUNS}/{pipeline_id}", parse.Run)
            return await self.detail(parse.pipeline(self.spec.key, found.content))
        except AnswerError as error:
            if error.status == 404:
                return None
            raise

    async def looked_at(self, pipeline_id: str) -> Pipeline | None:
        """As `one`, with its test report and what other apps said of its commit. Raises SourceError.

        The report costs a request, and two for each artifact; what others said, two.
        """
        found = await self.one(pipeline_id)
        if found is None:
            return None
        return replace(await self._with_report(found), checks=await self._checks.of(found.commit))

    def log(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        """The log of a job, once the job is over; else a sentence. Raises SourceError."""
        return self._logs.parts(pipeline_id, job_id, start)

    def artifacts(self, pipeline: Pipeline, pattern: str, beside: str = "") -> AsyncIterator[ArtifactFile]:
        """The files that the run uploaded and the pattern names. Raises SourceError."""
        return artifacts(self._client, pipeline, pattern, beside)

    async def rerun(self, pipeline_id: str, *, failed_only: bool, key: str) -> str:
        """Run it, or its failed jobs, once more: the same run with the next attempt. Raises SourceError.

        GitHub takes no key: whoever asks looks at `attempt` before and after.
        """
        verb, doing = ("rerun-failed-jobs", "re-run its failed jobs") if failed_only else ("rerun", "re-run it")
        await self._client.act(f"{_RUNS}/{_number(pipeline_id)}/{verb}", {}, doing)
        return pipeline_id

    async def rerun_of(self, pipeline_id: str, *, key: str, since: Millis) -> str | None:
        """None: a re-run is the same run."""
        return None

    async def cancel(self, pipeline_id: str) -> None:
        """Ask GitHub to stop it, which takes it some seconds. Raises SourceError (409: it is over)."""
        await self._client.act(f"{_RUNS}/{_number(pipeline_id)}/cancel", {}, "cancel it")

    async def approve(self, pipeline_id: str, approvals: tuple[str, ...], comment: str) -> None:
        """Let the deployments to these environments go on. Raises SourceError."""
        body = {
            "environment_ids": [int(_number(one)) for one in approvals],
            "state": "approved",
            "comment": comment or "Approved with quarterdeck.",
        }
        await self._client.act(f"{_RUNS}/{_number(pipeline_id)}/pending_deployments", body, "approve the deployment")

    async def play(self, pipeline_id: str, job_id: str) -> None:
        """GitHub has no jobs that are started by hand. Raises SourceError."""
        raise SourceError("GitHub has no jobs that wait to be started by hand.", "misconfigured")

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.http.close()

    async def _with_jobs(self, pipeline: Pipeline) -> Pipeline:
        pages = await self._client.all(f"{_RUNS}/{pipeline.id}/jobs", parse.JobList, {"filter": "all", "per_page": 100})
        jobs = [job for page in pages for job in page.jobs]
        waits = pipeline.status == "waiting" or (
            not pipeline.is_settled and any(job.status == "waiting" for job in jobs)
        )
        approvals = await self._approvals(pipeline.id) if waits else ()
        return parse.with_jobs(pipeline, jobs, approvals, await self._deployments.of(pipeline))

    async def _with_report(self, pipeline: Pipeline) -> Pipeline:
        return replace(pipeline, report=await self._reports.of(pipeline))

    async def _runs(self, path: str, params: dict[str, Any] | None = None) -> Listed[parse.RunList]:
        check_address(self._client.http)
        try:
            found = await self._client.read(path, parse.RunList, params)
        except AnswerError as error:
            if error.status == 404:
                raise AnswerError(self._not_there(), "misconfigured", error.status) from error
            raise
        newest = next(iter(found.content.workflow_runs), None)
        if newest is not None and newest.repository is not None:
            self._client.renamed(newest.repository.full_name)
        return found

    def _not_there(self) -> str:
        host, repository = self._client.http.host, self._client.repository
        if self._client.http.has_login:
            return f"{host} shows no repository {repository} to this login (404): misspelt, or private to others."
        return f"{host} shows no repository {repository} without a login (404): misspelt, or private. Give a token."

    def _page(self, found: Listed[parse.RunList]) -> Page:
        runs = found.content.workflow_runs
        return Page(
            pipelines=tuple(parse.pipeline(self.spec.key, run) for run in runs),
            next=found.next,
            total=found.content.total_count,
        )

    async def _approvals(self, pipeline_id: str) -> tuple[Approval, ...]:
        path = f"{_RUNS}/{pipeline_id}/pending_deployments"
        try:
            found = await self._client.read(path, list[parse.PendingDeployment])
        except AnswerError as error:
            if error.status in (403, 404) and error.state != "limited":
                return ()  # a login that may read runs may not always read who approves them
            raise
        return tuple(parse.approval(one) for one in found.content)


def _mark(pipelines: tuple[Pipeline, ...], before: Mark) -> Mark:
    """The newest creation that was seen."""
    times = [one.created_at for one in pipelines if one.created_at is not None]
    return {"newest": max([*times, int(before.get("newest", 0))])}


def _reaches(pipelines: tuple[Pipeline, ...], mark: Mark) -> bool:
    """Whether a page is above the mark to its end, so that the next one may hold news."""
    times = [one.created_at for one in pipelines if one.created_at is not None]
    return bool(times) and min(times) > int(mark.get("newest", 0)) - _OVERLAP


def _number(text: str) -> str:
    if not text.isascii() or not text.isdigit():
        raise SourceError("GitHub's ids are numbers: this one is of another system.", "misconfigured")
    return text
