"""Jenkins as a CI system: one job, the branches of a multibranch project, or all jobs below a folder."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from typing import Final, NamedTuple, Self

import msgspec

from ...errors import SourceError
from ...records import Job, LogPart, Millis, Pipeline, SourceSpec
from ..ci import ArtifactFile, Mark, Page
from ..http import Http
from . import parse, reports
from .acts import Acts, Pause, place_and_number
from .artifacts import artifacts
from .client import CHUNK, JenkinsClient, QueuePayload
from .history import Build, History
from .jobs import Head, heads, place_of
from .logs import Logs
from .parse import BuildPayload
from .places import QUEUED, Place, cleaned, taken_apart

_FAILED_STAGES: Final = 3
"""Failed stages of a build whose steps are read: parallel ones tend to fail of the same."""
_REMEMBERED: Final = 10_000


class _Told(NamedTuple):
    """What a build says of the requests that are worth making for it."""

    may_have_stages: bool
    has_report: bool

    @classmethod
    def of(cls, build: BuildPayload) -> Self:
        return cls(build.may_have_stages, build.has_report and not build.is_building)


class JenkinsVendor:
    """A Jenkins that is read from one path on. See ci.Vendor, ci.TakesActs and ci.HasArtifacts."""

    width: Final = 4
    """Jenkins reads builds from its disk, one thread a request, and has no limits that it would tell."""
    abilities: Final = frozenset({"rerun", "cancel"})
    """A build is started anew as a whole."""

    def __init__(self, spec: SourceSpec, http: Http, *, job: str, pause: Pause = asyncio.sleep) -> None:
        """`job` is a path such as team/train; "" reads all jobs of the server. `pause` waits for its queue."""
        self._spec = spec
        self._path = cleaned(job)
        self._client = JenkinsClient(http)
        self._logs = Logs(self._client, spec.key)
        self._acts = Acts(self._client, pause)
        self._history: History | None = None
        self._ended: OrderedDict[str, _Told] = OrderedDict()
        """What lists said of builds that are over: detail needs not ask for them again."""
        self._has_stages: bool | None = None
        """Whether the server has the plugin that tells stages; None: not known yet."""

    async def recent(self, mark: Mark) -> AsyncIterator[Page]:
        """One request for the newest build of each job, and one for each job that has new ones."""
        found = await heads(self._client, self._path)
        last = mark.get("last", {})
        if mark:
            new = [one for head in found for one in await self._new(head, int(last.get(head.place.path, 0)))]
        else:
            new = await History(self._client, found).more()
        new.sort(key=lambda one: one[1].timestamp, reverse=True)
        now = {"last": {head.place.path: head.number for head in found}}
        yield Page(pipelines=self._listed(new), mark=now)

    async def page(self, token: str | None) -> Page:
        """One page of the builds of all jobs. One request, and one more for the first page."""
        history = self._history
        if token is None or history is None or history.token != token:
            history = self._history = History(self._client, await heads(self._client, self._path), token)
        builds = await history.more()
        return Page(pipelines=self._listed(builds), next=history.token)

    async def detail(self, pipeline: Pipeline) -> Pipeline:
        """With its stages, the steps of those that failed, and its tests."""
        path, number = place_and_number(pipeline.id)
        place = Place(path=path, is_branch=pipeline.name != path)
        told = self._ended.pop(pipeline.id, None)
        if told is not None:
            return await self._detailed(place, pipeline, told)
        build = await self._client.build(place, number)
        return pipeline if build is None else await self._detailed(place, self._row(place, build), _Told.of(build))

    async def one(self, pipeline_id: str) -> Pipeline | None:
        """As it is now. What waits in the queue (PATH#q57) becomes a build with a number."""
        taken = taken_apart(pipeline_id)
        if taken is None:
            return None
        place, number = await place_of(self._client, taken[0]), taken[1]
        if number.startswith(QUEUED):
            item = await self._client.queued(number.removeprefix(QUEUED))
            if item is None or item.executable is None:
                return _waiting(self._spec.key, place, number, item)
            number = str(item.executable.number)
        build = await self._client.build(place, number)
        return None if build is None else await self._detailed(place, self._row(place, build), _Told.of(build))

    def log(self, pipeline_id: str, job_id: str, start: int) -> AsyncIterator[LogPart]:
        """The build's log, whichever of its stages is asked for."""
        return self._logs.parts(pipeline_id, job_id, start)

    def artifacts(self, pipeline: Pipeline, pattern: str, beside: str = "") -> AsyncIterator[ArtifactFile]:
        """The files that the build kept and the pattern names. Raises SourceError."""
        path, number = place_and_number(pipeline.id)
        return artifacts(self._client, Place(path=path), number, pattern, beside)

    async def rerun(self, pipeline_id: str, *, failed_only: bool, key: str) -> str:
        """The same once more, as a new build. Jenkins takes no `key`: see rerun_of."""
        if failed_only:
            raise SourceError("Jenkins runs a build again as a whole, not its failed stages alone.", "misconfigured")
        return await self._acts.rerun(*await self._where(pipeline_id))

    async def rerun_of(self, pipeline_id: str, *, key: str, since: Millis) -> str | None:
        """The first build since then with the same parameters that our login started; None: there is none yet."""
        place, number = await self._where(pipeline_id)
        return await self._acts.rerun_of(place, number, since)

    async def cancel(self, pipeline_id: str) -> None:
        """Stop it, or take it out of the queue."""
        await self._acts.cancel(*await self._where(pipeline_id))

    async def approve(self, pipeline_id: str, approvals: tuple[str, ...], comment: str) -> None:
        """Always refused: a paused build may ask for more than a yes."""
        raise SourceError("A build that waits for input is answered in Jenkins itself.", "misconfigured")

    async def play(self, pipeline_id: str, job_id: str) -> None:
        """Always refused: Jenkins has no stages that are started by hand."""
        raise SourceError("Jenkins has no stages that are started by hand.", "misconfigured")

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.http.close()

    async def _where(self, pipeline_id: str) -> tuple[Place, str]:
        path, number = place_and_number(pipeline_id)
        return await place_of(self._client, path), number

    async def _new(self, head: Head, known: int) -> list[Build]:
        """Builds above the number that is known; of a job that is new here, the newest hundred."""
        if head.number == known:
            return []
        if not 0 < known < head.number:  # a new job, or one that was made anew and counts from 1 again
            return [(head.place, one) for one in await self._client.builds(head.place) or []]
        found: list[BuildPayload] = []
        missing = head.number - known
        for start in range(0, missing, CHUNK):
            chunk = await self._client.builds(head.place, start, min(CHUNK, missing - start)) or []
            found += [one for one in chunk if one.number > known]
            if not chunk or chunk[-1].number <= known:
                break
        return [(head.place, one) for one in found]

    def _row(self, place: Place, build: BuildPayload) -> Pipeline:
        return parse.pipeline(self._spec.key, place, build, self._client.http.base_url)

    def _listed(self, builds: list[Build]) -> tuple[Pipeline, ...]:
        rows = tuple(self._row(*one) for one in builds)
        for row, (_, build) in zip(rows, builds, strict=True):
            if not build.is_building:
                self._ended[row.id] = _Told.of(build)
        while len(self._ended) > _REMEMBERED:
            self._ended.popitem(last=False)
        return rows

    async def _detailed(self, place: Place, row: Pipeline, told: _Told) -> Pipeline:
        whole = parse.with_stages(row, await self._stages(place, row.number) if told.may_have_stages else None)
        found = await self._client.report(place, row.number) if told.has_report else None
        if found is not None:
            whole = msgspec.structs.replace(whole, report=reports.report(found))
        return await self._with_steps(place, whole)

    async def _stages(self, place: Place, number: str) -> parse.RunPayload | None:
        if self._has_stages is False:
            return None
        run = await self._client.stages(place, number)
        if run is not None:
            self._has_stages = True
        elif self._has_stages is None:
            self._has_stages = await self._client.has_stages(place)
        return run

    async def _with_steps(self, place: Place, pipeline: Pipeline) -> Pipeline:
        """With the steps of stages that failed: which one, and what it said."""
        jobs: list[Job] = list(pipeline.jobs or ())
        failed = [index for index, job in enumerate(jobs) if job.raw_status == "FAILED" and job.id != pipeline.id]
        for index in failed[:_FAILED_STAGES]:
            node = await self._client.stage(place, pipeline.number, jobs[index].id.rpartition("/")[2])
            if node is not None:
                jobs[index] = parse.with_steps(jobs[index], node)
        return msgspec.structs.replace(pipeline, jobs=tuple(jobs))


def _waiting(source: str, place: Place, number: str, item: QueuePayload | None) -> Pipeline | None:
    """What is still in the queue; None for what was taken out of it."""
    if item is None or item.cancelled:
        return None
    since = item.in_queue_since or None
    return Pipeline(
        source=source,
        id=place.build_id(number),
        name=place.name,
        status="queued",
        title=item.why or "",
        branch=place.branch,
        created_at=since,
        jobs=(),
    )
