"""GitHub's REST API as far as it is needed: addresses, pages, conditional requests, and the pace that it wants."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, Generic, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from ...errors import SourceError
from ..http import Answer, Http
from ..trouble import AnswerError

T = TypeVar("T")

HEADERS: Final = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_HOSTED: Final = "api.github.com"
_A_SECOND: Final = 12.0
_AT_ONCE: Final = 100
"""820 requests in any 60 s. GitHub's secondary limit is 900 points a minute, of which a read costs one."""
_REMEMBERED: Final = 256
_PAGES: Final = 20
"""Pages of one list that is read whole: 2,000 jobs of a run."""
_NEXT: Final = re.compile(r'<([^<>]*)>\s*;[^<]*?\brel="?next"?')


class Pace:
    """Lets `burst` through at once and then `rate` a second; the others wait, each its turn.

    Somebody who looks at a log during a first sync waits for the few that stand before, not for a minute to end.
    """

    def __init__(
        self,
        rate: float = _A_SECOND,
        burst: int = _AT_ONCE,
        *,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._pause = pause
        self._left = float(burst)
        self._filled = clock()
        self._turn = asyncio.Lock()

    async def wait(self) -> None:
        """Until the next request may begin."""
        async with self._turn:
            self._fill()
            while self._left < 1:
                await self._pause((1 - self._left) / self._rate)
                self._fill()
            self._left -= 1

    def _fill(self) -> None:
        now = self._clock()
        self._left = min(self._left + (now - self._filled) * self._rate, self._burst)
        self._filled = now


class Listed(msgspec.Struct, Generic[T], frozen=True):
    """What was read of one address, and the one that follows."""

    content: T
    next: str | None


class GithubClient:
    """One repository. Unchanged answers are given from memory: a 304 costs nothing against the hourly limit.

    An ETag holds for one login and one full address; a new login makes a new client with an empty memory.
    """

    def __init__(self, http: Http, repository: str, pace: Pace | None = None) -> None:
        self.http = http
        self.repository = repository.strip("/")
        self._pace = pace or (Pace() if http.host == _HOSTED else None)
        self._prefix = _prefix(http)
        self._remembered: OrderedDict[tuple[str, str], tuple[str, Any]] = OrderedDict()

    async def read(self, path: str, kind: type[T], params: Mapping[str, Any] | None = None) -> Listed[T]:
        """An address below the repository, or a whole one that a page named. Raises SourceError."""
        url = self.url(path, params)
        key = (self.http.login_mark, url)
        etag, before = self._remembered.get(key, ("", None))
        await self.ready()
        answer = await self.http.get(url, etag=etag, headers=HEADERS)
        if answer.status == 304 and etag:
            self._remember(key, etag, before)  # others may have taken its place while it was asked
            unchanged: Listed[T] = before
            return unchanged
        found = Listed(answer.json(msgspec.json.Decoder(kind)), _next(answer))
        self._remember(key, answer.headers.get("etag", ""), found)
        return found

    async def act(self, path: str, body: Mapping[str, Any], doing: str) -> None:
        """Post, once. Raises AnswerError with GitHub's own reason; `doing` says what was asked: “re-run it”."""
        await self.ready()
        try:
            await self.http.post(self.url(path), msgspec.json.encode(body), headers=HEADERS)
        except AnswerError as error:
            if error.state in ("limited", "unauthorised"):
                raise
            why = f": {error.reason.rstrip('.')}" if error.reason else ""
            sentence = f"{self.http.host} does not {doing} ({error.status}){why}."
            raise AnswerError(sentence, error.state, error.status, error.code, error.reason, error.retry_at) from error

    async def ready(self) -> None:
        """Wait for the next request's turn."""
        if self._pace is not None:
            await self._pace.wait()

    def url(self, path: str, params: Mapping[str, Any] | None = None) -> str:
        """The whole address of something of the repository. One that a page named is used as it was given."""
        if "://" in path:
            return path  # its host is checked where it is asked
        query = f"?{urlencode(params)}" if params else ""
        return f"{self.http.base_url}{self._prefix}/repos/{self.repository}/{path}{query}"

    async def all(self, path: str, kind: type[T], params: Mapping[str, Any]) -> list[T]:
        """All pages of a list. Raises SourceError."""
        pages = [await self.read(path, kind, params)]
        while pages[-1].next is not None and len(pages) < _PAGES:
            pages.append(await self.read(pages[-1].next, kind))
        return [page.content for page in pages]

    def renamed(self, full_name: str) -> None:
        """GitHub calls the repository so now: asked by the old name it redirects each time, which costs two."""
        if full_name.count("/") == 1 and full_name.lower() != self.repository.lower():
            self.repository = full_name

    def _remember(self, key: tuple[str, str], etag: str, found: Any) -> None:
        if not etag:
            return
        self._remembered[key] = (etag, found)
        self._remembered.move_to_end(key)
        while len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)


def _prefix(http: Http) -> str:
    """Enterprise has its API below /api/v3. Raises nothing: the address of the web pages is said when it is asked."""
    parts = urlsplit(http.base_url)
    return "" if parts.path.strip("/") or (parts.hostname or "").startswith("api.") else "/api/v3"


def _next(answer: Answer) -> str | None:
    found = _NEXT.search(answer.headers.get("link", ""))
    return found.group(1) if found else None


def check_address(http: Http) -> None:
    """Raise SourceError for the address of github.com's web pages, which is no API."""
    if urlsplit(http.base_url).hostname in ("github.com", "www.github.com"):
        raise SourceError("GitHub's API is at https://api.github.com: write that as base_url.", "misconfigured")
