"""Requests to a Jenkins: always with `tree=`, so that it reads and sends no more than is used.

| what | requests |
| --- | --- |
| all jobs below a folder, five deep | 1 (and 1 for each folder that lies deeper) |
| up to 100 builds of a job | 1 |
| a build with its stages | 2; 1 more with tests, 1 more for each failed stage (at most 3) |
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from ...errors import SourceError
from .. import trouble
from ..http import LARGEST, Answer, Http
from .parse import Actions, BuildPayload, RunPayload, StagePayload
from .places import Place, address
from .reports import ReportPayload

T = TypeVar("T")

CHUNK: Final = 100
"""Builds of one request: what `builds` holds at all. Older ones stand in `allBuilds`, which is slower there."""
DEPTH: Final = 5
"""Folders in folders that one request sees."""
_BUILD: Final = (
    "number,url,result,building,timestamp,duration,displayName,actions[urlName,"
    "lastBuiltRevision[SHA1,branch[name]],causes[_class,shortDescription,userId,userName]]"
)
_HEAD: Final = "name,lastBuild[number,timestamp]"
_CASES: Final = "suites[name,cases[className,name,status,duration,errorDetails,errorStackTrace]]"
_COUNTS: Final = "failCount,passCount,skipCount"
_LARGEST_REPORT: Final = 32 * 1024 * 1024
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_HINT: Final = "Name user and API token in the settings, as username_env and password_env."
_LOGIN_PAGE: Final = re.compile(r"sign in|log ?in|anmeld|connexion|authenticat", re.IGNORECASE)


class HeadPayload(msgspec.Struct, frozen=True):
    """A build by its number and time."""

    number: int
    timestamp: int = 0


class ItemPayload(msgspec.Struct, frozen=True):
    """A job or a folder. Whatever has `jobs` is a folder, whoever's plugin made it."""

    name: str = ""
    class_: str = msgspec.field(name="_class", default="")
    last_build: HeadPayload | None = msgspec.field(name="lastBuild", default=None)
    jobs: list[ItemPayload] | None = None

    @property
    def is_multibranch(self) -> bool:
        """Its jobs are branches."""
        return "MultiBranchProject" in self.class_

    @property
    def is_folder(self) -> bool:
        """It holds jobs, as far as its class tells: where `jobs` were not asked for."""
        return self.jobs is not None or self.is_multibranch or self.class_.endswith(("Folder", "TeamProject"))


class _Builds(msgspec.Struct):
    builds: list[BuildPayload] = []
    all_builds: list[BuildPayload] = msgspec.field(name="allBuilds", default=[])


class QueuePayload(msgspec.Struct, frozen=True):
    """What waits to become a build, or has become one a few minutes ago at most."""

    id: int = 0
    why: str | None = None
    cancelled: bool = False
    executable: HeadPayload | None = None
    in_queue_since: int = msgspec.field(name="inQueueSince", default=0)


class StartedPayload(msgspec.Struct, frozen=True, rename="camel"):
    """What a job was started with lately."""

    builds: list[BuildPayload] = []
    queue_item: WaitingPayload | None = None


class WaitingPayload(Actions, frozen=True, rename="camel"):
    """What waits in a job's queue: the first where there are several."""

    id: int
    in_queue_since: int = 0


class _File(msgspec.Struct):
    relative_path: str = msgspec.field(name="relativePath", default="")


class _Kept(msgspec.Struct):
    artifacts: list[_File] = []


class _Who(msgspec.Struct):
    name: str = ""
    anonymous: bool = False


class _Crumb(msgspec.Struct):
    crumb: str = ""
    field: str = msgspec.field(name="crumbRequestField", default="Jenkins-Crumb")


class JenkinsClient:
    """One Jenkins. Methods give None where it answers 404, and raise SourceError for all else."""

    def __init__(self, http: Http) -> None:
        self.http = http
        self._crumb: Mapping[str, str] = {}
        self._multibranch: dict[str, bool] = {}

    async def item(self, path: str) -> ItemPayload | None:
        """A job or a folder ("" is the server) with what lies in it, DEPTH deep."""
        tree = _HEAD
        for _ in range(DEPTH):
            tree = f"{_HEAD},jobs[{tree}]"
        return await self._read(address(path), tree, ItemPayload)

    async def is_multibranch(self, path: str) -> bool:
        """Whether the jobs in this folder are the branches of one project. Asked once for each folder."""
        if path not in self._multibranch:
            item = await self._read(address(path), "name", ItemPayload)
            self._multibranch[path] = item is not None and item.is_multibranch
        return self._multibranch[path]

    async def builds(self, place: Place, start: int = 0, count: int = CHUNK) -> list[BuildPayload] | None:
        """Builds of a job, newest first, from the `start`th newest on, CHUNK at most."""
        field = "allBuilds" if start else "builds"
        found = await self._read(place.url, f"{field}[{_BUILD}]{{{start},{start + count}}}", _Builds)
        return None if found is None else found.builds or found.all_builds

    async def build(self, place: Place, number: str) -> BuildPayload | None:
        """One build."""
        return await self._read(f"{place.url}/{number}", _BUILD, BuildPayload)

    async def started_with(self, place: Place, number: str) -> BuildPayload | None:
        """One build with its parameters, which may hold what is nobody's business: never kept, for an act alone."""
        tree = "number,timestamp,actions[causes[_class,userId],parameters[name,value]]"
        return await self._read(f"{place.url}/{number}", tree, BuildPayload)

    async def lately_started(self, place: Place) -> StartedPayload:
        """The newest builds of a job with their parameters, and what waits in its queue."""
        actions = "actions[causes[_class,userId],parameters[name,value]]"
        tree = f"builds[number,timestamp,{actions}]{{0,20}},queueItem[id,inQueueSince,{actions}]"
        return await self._read(place.url, tree, StartedPayload) or StartedPayload()

    async def stages(self, place: Place, number: str) -> RunPayload | None:
        """The stages of a build; None for a job without any, or a server without the plugin."""
        return await self._decoded(f"{place.url}/{number}/wfapi/describe", None, RunPayload)

    async def has_stages(self, place: Place) -> bool | None:
        """Whether the plugin is there, asked by a job that said nothing of one build; None: the job is gone."""
        if await self._decoded(f"{place.url}/wfapi/describe", None, RunPayload) is not None:
            return True
        return False if await self._read(place.url, "name", ItemPayload) is not None else None

    async def stage(self, place: Place, number: str, node: str) -> StagePayload | None:
        """One stage with its steps and its error."""
        return await self._decoded(f"{place.url}/{number}/execution/node/{node}/wfapi/describe", None, StagePayload)

    async def report(self, place: Place, number: str) -> ReportPayload | None:
        """What the tests said; their counts alone where the whole is too large."""
        path = f"{place.url}/{number}/testReport"
        inner = f"{_COUNTS},{_CASES}"
        try:
            tree = f"{inner},childReports[result[{inner}]]"
            return await self._read(path, tree, ReportPayload, limit=_LARGEST_REPORT)
        except trouble.TooLargeError:
            return await self._read(path, f"{_COUNTS},childReports[result[{_COUNTS}]]", ReportPayload)

    async def artifacts(self, place: Place, number: str) -> list[str]:
        """The paths of the files that a build kept."""
        found = await self._read(f"{place.url}/{number}", "artifacts[relativePath]", _Kept)
        return [] if found is None else [one.relative_path for one in found.artifacts if one.relative_path]

    async def file(self, place: Place, number: str, path: str, limit: int) -> bytes | None:
        """A file that a build kept; None where it is gone. Raises TooLargeError above `limit` bytes."""
        data = bytearray()
        where = f"{place.url}/{number}/artifact/{quote(path)}"
        try:
            async with self.http.stream(where, elsewhere=True) as pieces:
                async for piece in pieces:
                    if not data:
                        self.check_is_no_page({}, piece)
                    data += piece
                    if len(data) > limit:
                        raise trouble.TooLargeError(f"It has more than {limit >> 20} MB.", "not_understood")
        except trouble.AnswerError as error:
            if error.status == 404:
                return None
            raise self._refused(error) from error
        return bytes(data)

    async def queued(self, number: str) -> QueuePayload | None:
        """An item of the queue; None some five minutes after it has left it."""
        return await self._read(
            f"queue/item/{number}", "id,why,cancelled,inQueueSince,executable[number]", QueuePayload
        )

    async def me(self) -> str:
        """The login that Jenkins takes us for; "" for nobody."""
        who = await self._read("whoAmI", "name,anonymous", _Who)
        return "" if who is None or who.anonymous else who.name

    async def post(self, path: str, form: Mapping[str, str] | None = None) -> Answer:
        """Do something. A login by password needs a crumb (a token needs none): it is fetched when Jenkins asks."""
        try:
            return await self._posted(path, form or {})
        except trouble.AnswerError as error:
            if error.status not in (403, 409) or "crumb" not in f"{error.code} {error.reason}".lower():
                raise self._refused(error) from error
        await self._fetch_crumb()
        try:
            return await self._posted(path, form or {})
        except trouble.AnswerError as error:
            raise self._refused(error) from error

    async def _posted(self, path: str, form: Mapping[str, str]) -> Answer:
        headers = {**_FORM, **self._crumb}
        return await self.http.post(path, urlencode(form).encode(), headers=headers, redirect_is_done=True)

    async def _fetch_crumb(self) -> None:
        """The crumb, and with it the cookie of the session that it holds for: the HTTP client keeps that one."""
        found = await self._read("crumbIssuer", "crumb,crumbRequestField", _Crumb)
        if found is None or not found.crumb:
            raise SourceError(
                f"{self.http.host} wants a crumb with the request and gives none: use an API token, not a password.",
                "misconfigured",
            )
        self._crumb = {found.field: found.crumb}

    async def _read(self, path: str, tree: str, kind: type[T], *, limit: int = LARGEST) -> T | None:
        return await self._decoded(f"{path}/api/json".lstrip("/"), {"tree": tree}, kind, limit=limit)

    async def _decoded(
        self, path: str, params: Mapping[str, str] | None, kind: type[T], *, limit: int = LARGEST
    ) -> T | None:
        try:
            answer = await self.http.get(path, params, limit=limit)
        except trouble.AnswerError as error:
            if error.status == 404:
                return None
            raise self._refused(error) from error
        self.check_is_no_page(answer.headers, answer.body)
        return answer.json(msgspec.json.Decoder(kind))

    def check_is_no_page(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises SourceError("unauthorised") for the login page that Jenkins redirects nobody to, with status 200."""
        if trouble.is_page(body, headers) and _LOGIN_PAGE.search(trouble.page_title(body)):
            raise SourceError(f"{self.http.host} answers with its login page. {_HINT}", "unauthorised")

    def _refused(self, error: trouble.AnswerError) -> SourceError:
        """Jenkins answers 403, and not 401, to somebody whom it does not know."""
        if error.status == 403 and not self.http.has_login:
            return SourceError(f"{self.http.host} shows this to nobody without a login (403). {_HINT}", "unauthorised")
        return error
