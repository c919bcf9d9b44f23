"""Prometheus' HTTP API as it is spoken since 2.0, also by Thanos, Mimir, Cortex and VictoriaMetrics."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec

from ...errors import SourceError
from ...records import Millis
from ..http import Answer, Http, without_login
from ..monitored import MOST_LINES
from ..trouble import AnswerError, TooLargeError, TooSlowError, quoted
from . import parse

_API: Final = "api/v1/"
_LONG: Final = 1_500
"""Characters of a request's line above which it is posted as a form: proxies cut addresses."""
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_MARGIN: Final = 5.0
"""Seconds by which the server gives up sooner than we do: its own words say more."""


class QueryError(SourceError):
    """One query is refused or too much, and the server is well: the others go on. The message is no whole sentence."""


class Explainer:
    """What Prometheus, and what stands before it, mean by their refusals."""

    def __init__(self, address: str) -> None:
        self._host = urlsplit(without_login(address)).netloc

    def __call__(self, status: int, headers: Mapping[str, str], body: bytes) -> tuple[str, str] | None:
        """State and sentence, or None for the usual ones."""
        said = refused(body)
        if said is not None and status not in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            state = "misconfigured" if said.error_type in ("bad_data", "execution") else "not_understood"
            return state, f"{self._host} refuses ({said.error_type}): “{quoted(said.error)}”."
        if status == HTTPStatus.NOT_FOUND:
            return (
                "misconfigured",
                f"{self._host} has no Prometheus API at this address (404): base_url is what stands before /api/v1,"
                " with the server's prefix if it has one.",
            )
        return None


def refused(body: bytes) -> parse.Refusal | None:
    """The API's own words of refusal; None for what something else answered."""
    try:
        return parse.refusal.decode(body)
    except msgspec.MsgspecError:
        return None


class Span(NamedTuple):
    """A stretch of time that is asked for: its first and last point, and how far apart the points are."""

    start: Millis
    end: Millis
    step: Millis


class Found(NamedTuple):
    """What a query gave, and what the server wants known of it."""

    lines: list[parse.Line]
    warning: str


class PrometheusApi:
    """A server. Every method raises SourceError, of which QueryError is about the one query."""

    def __init__(self, http: Http, patience: float) -> None:
        self._http = http
        self._patience = f"{max(patience - _MARGIN, patience / 2):g}s"

    def server_now(self) -> Millis:
        """The server's clock as far as it is known."""
        return self._http.server_now()

    async def alerts(self) -> list[parse.RawAlert]:
        """All alerts that are active."""
        answer = await self._http.get(_API + "alerts")
        return answer.json(parse.alerts_answer).data.alerts or []

    async def started_at(self) -> Millis | None:
        """When the server's process began; None where the server does not say, as others that speak the same API."""
        try:
            answer = await self._http.get(_API + "status/runtimeinfo")
            return parse.millis(answer.json(parse.runtime_answer).data.start_time)
        except SourceError:
            return None

    async def range(self, query: str, span: Span, most: int = MOST_LINES) -> Found:
        """The lines of a query over a stretch of time: `most`, or one more where there are more."""
        asked = {
            "query": query,
            "start": _seconds(span.start),
            "end": _seconds(span.end),
            "step": _seconds(span.step),
            "timeout": self._patience,
            "limit": str(most + 1),  # newer servers stop there; older ones and others take no notice
        }
        try:
            answer = await self._asked("query_range", asked)
        except AnswerError as error:
            raise _of_query(error) from error
        except (TooSlowError, TooLargeError) as error:
            raise QueryError(str(error).rstrip("."), "not_understood") from error
        found = answer.json(parse.range_answer)
        try:
            lines = parse.parse_lines(found.data)
        except SourceError as error:
            raise QueryError(str(error), error.state) from error
        is_cut = len(lines) > most
        return Found(lines, "" if is_cut else "; ".join(quoted(one) for one in (found.warnings or [])[:3]))

    async def _asked(self, path: str, asked: Mapping[str, str]) -> Answer:
        form = urlencode(asked)
        if len(form) <= _LONG:
            return await self._http.get(_API + path, asked)
        return await self._http.post(_API + path, form.encode(), is_read=True, headers=_FORM)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._http.close()


def _of_query(error: AnswerError) -> SourceError:
    """What a refusal is about: the query where the API itself says so, else the server."""
    if error.status == HTTPStatus.BAD_REQUEST or error.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return QueryError(f"the server refuses the query: “{error.reason}”", "misconfigured")
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE and error.state == "not_understood":
        return QueryError(f"the server gave up: “{error.reason}”", "not_understood")
    return error


def _seconds(at: Millis) -> str:
    """Milliseconds as the API takes them: `1795340700` or `0.25`."""
    return f"{at // 1000}" if at % 1000 == 0 else f"{at / 1000:.3f}"
