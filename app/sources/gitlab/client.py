"""GitLab's REST API of one project: paths, pages, and what its refusals mean. Nothing is interpreted here.

- A page is followed by what `X-Next-Page` or the `Link` says, but asked for at our own address: behind a proxy GitLab
  links to a host that is not the one that was asked. `X-Total` is not looked at: it is missing on long lists.
- A project that is gone or hidden answers 404 as a missing pipeline does. Only the latter leaves as 404 here: nobody
  shall take a token without rights for the deletion of everything.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, quote, urlsplit

import msgspec

from ...errors import SourceError
from ..http import LARGEST, Answer, Http
from ..trouble import AnswerError
from .pace import Pace

T = TypeVar("T")

API: Final = "api/v4"
PER_PAGE: Final = 100
"""The most that GitLab gives at once."""
_MOST_PAGES: Final = 50
"""Pages of the parts of one thing: a pipeline has at most some thousands of jobs."""
_NEXT_LINK: Final = re.compile(r'<([^<>]*)>\s*;[^,<]*\brel="?next"?', re.IGNORECASE)
_PAGING: Final = ("page", "cursor", "id_after", "id_before")
"""What of a link to the next page is followed; the rest of the request we write ourselves."""

Params = Mapping[str, str | int]


class GitlabClient:
    """One project, by its path (`group/team/project`) or its number."""

    def __init__(self, http: Http, project: str | int) -> None:
        self.http = http
        self._pace = Pace(http.server_now)
        self.project = str(project).strip("/")
        begin = "" if http.base_url.endswith(f"/{API}") else f"{API}/"
        self._root = f"{begin}projects/{quote(self.project, safe='')}"

    async def read(self, path: str, kind: type[T], params: Params | None = None, *, limit: int | None = None) -> T:
        """One thing below the project. Raises AnswerError with status 404 where there is none, else SourceError."""
        return (await self._get(path, params, limit)).json(msgspec.json.Decoder(kind))

    async def page(self, path: str, kind: type[T], params: Params, token: str | None) -> tuple[list[T], str | None]:
        """One page of a list, and what leads to the next one. Raises SourceError."""
        following = {name: values[-1] for name, values in parse_qs(token or "").items()}
        answer = await self._get(path, {"per_page": PER_PAGE, **params, **following})
        rows: list[T] = answer.json(msgspec.json.Decoder(list[kind]))  # type: ignore[valid-type]  # a type made now
        return rows, next_page(answer.headers, len(rows), following.get("page", "1"))

    async def pages(self, path: str, kind: type[T], params: Params) -> AsyncIterator[list[T]]:
        """All pages of a list that is not long. Raises SourceError."""
        token: str | None = None
        for _ in range(_MOST_PAGES):
            rows, token = await self.page(path, kind, params, token)
            yield rows
            if token is None:
                return

    async def all(self, path: str, kind: type[T], params: Params) -> list[T]:
        """The items of all pages of a list that is not long. Raises SourceError."""
        return [item async for page in self.pages(path, kind, params) for item in page]

    async def tell(self, path: str, body: bytes = b"{}") -> Answer:
        """Have GitLab do something. Raises SourceError."""
        try:
            return await self.http.post(f"{self._root}/{path}", body)
        except AnswerError as error:
            raise self._understood(_act_refused(self.http.host, error)) from error

    def stream(self, path: str, *, elsewhere: bool = False) -> AbstractAsyncContextManager[AsyncIterable[bytes]]:
        """A body, piece by piece; `elsewhere`: GitLab may send us to its store for it.

        Raises AnswerError with status 404 where there is none, else SourceError.
        """
        return self.http.stream(f"{self._root}/{path}", None, elsewhere=elsewhere)

    async def _get(self, path: str, params: Mapping[str, Any] | None, limit: int | None = None) -> Answer:
        await self._pace.wait()
        try:
            answer = await self.http.get(f"{self._root}/{path}", params, limit=limit or LARGEST)
        except AnswerError as error:
            raise self._understood(error) from error
        self._pace.told(answer.headers)
        return answer

    def _understood(self, error: SourceError) -> SourceError:
        if not isinstance(error, AnswerError) or error.status != HTTPStatus.NOT_FOUND:
            return error
        if "project not found" not in error.reason.lower():
            return error
        login = "this login may not see it" if self.http.has_login else "it wants a login: give a token in the settings"
        return SourceError(
            f"{self.http.host} has no project “{self.project}”, or {login} (404).",
            "forbidden" if self.http.has_login else "unauthorised",
        )


def next_page(headers: Mapping[str, str], rows: int, page: str) -> str | None:
    """What leads to the page after this one, as a query; None at the end.

    Where a proxy took both headers away, a full page is followed by another one.
    """
    if "x-next-page" in headers:
        number = headers["x-next-page"].strip()
        return f"page={number}" if number else _linked(headers.get("link", ""))
    if "link" in headers:
        return _linked(headers["link"])
    return f"page={int(page) + 1}" if rows >= PER_PAGE and page.isdigit() else None


def _linked(link: str) -> str | None:
    found = _NEXT_LINK.search(link)
    if found is None:
        return None
    query = parse_qs(urlsplit(found.group(1)).query)
    return "&".join(f"{name}={quote(query[name][-1], safe='')}" for name in _PAGING if name in query) or None


def _act_refused(host: str, error: AnswerError) -> AnswerError:
    """A refusal of an act in words about acts: the usual ones speak of reading."""
    said = f" It says: “{error.reason}”." if error.reason else ""
    if error.status == HTTPStatus.FORBIDDEN and error.state != "limited":
        need = "The token needs the scope “api”, and its owner the right to run pipelines here."
        why = "" if "retryable" in error.reason.lower() else f" {need}"
        return AnswerError(f"{host} does not do that (403).{said}{why}", "forbidden", error.status, reason=error.reason)
    if error.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY):
        sentence = f"{host} does not do that ({error.status}).{said}"
        return AnswerError(sentence, error.state, error.status, reason=error.reason)
    return error
