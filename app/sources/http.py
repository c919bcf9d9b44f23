"""The one way to a server: every source that speaks HTTP holds one `Http`.

What it owes (and tests/app/sources/test_http.py shows): a credential reaches the origin that it is bound to and
nothing else, redirects included; connect within 5 s, an answer within 30 s; two quick retries of reads on a
hiccup; rate limits obeyed without asking again; answers capped in size; every failure a SourceError whose
sentence names the host and what to do, and holds no secret.

httpx and stamina are imported when the first request is made (0.2 s): building sources stays cheap.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from copy import copy
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urlsplit

from ..errors import SourceError
from ..records import Millis
from . import trouble
from .answers import LARGEST, Answer, Cut, check_packing, content
from .clients import AGENT, Clients
from .reach import Connection, Credential, login_in, origin, without_login
from .redirects import joined, may_follow, redirected
from .silence import failures, no_answer
from .stream import Pieces

if TYPE_CHECKING:
    import httpx

__all__ = [
    "LARGEST",
    "Answer",
    "Connection",
    "Credential",
    "Cut",
    "Explain",
    "Http",
    "Pieces",
    "login_in",
    "origin",
    "without_login",
]

T = TypeVar("T")

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MOST_REDIRECTS: Final = 3
_UNCHANGED: Final = 304
_LARGEST_REFUSAL: Final = 64 * 1024

Explain = Callable[[int, Mapping[str, str], bytes], "tuple[str, str] | None"]
"""A source's own reading of a refusal (status, headers, body): state and sentence, or None for the usual one."""


class Http:
    """One server, and the connections to it. Make one per source and `close` it."""

    def __init__(
        self,
        base_url: str,
        *,
        credential: Credential | None = None,
        connection: Connection | None = None,
        headers: Mapping[str, str] | None = None,
        login_hint: str = "Give a token in the settings.",
        tls_hint: str = "If it is your own authority's, name its file as ca_bundle.",
        explain: Explain | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.base_url = without_login(base_url).rstrip("/")
        self.origin = origin(self.base_url)
        self.host = urlsplit(self.base_url).netloc
        self.skew: Millis | None = None
        """Milliseconds that the server's clock is ahead of ours, from its `Date`; None until an answer came."""
        credential = credential or login_in(base_url)
        self.asked = 0
        """Requests that were made."""
        self._credential = credential if credential is not None and credential.origin == self.origin else None
        self._connection = connection or Connection()
        self._login_hint = login_hint
        self._tls_hint = tls_hint
        self._explain = explain
        self._clock = clock
        sent = {"User-Agent": AGENT, "Accept": "application/json", **(headers or {})}
        self._clients = Clients(self.base_url, self._connection, sent, transport)
        self._closed_until: SourceError | None = None

    @property
    def has_login(self) -> bool:
        """Whether a credential is bound to this server."""
        return self._credential is not None

    @property
    def password(self) -> tuple[str, str] | None:
        """User name and password, where that is the login which is bound to this server."""
        return self._credential.password if self._credential is not None else None

    def bearing(self, token: str) -> Http:
        """The same server over the same connections, with this token in place of the login."""
        other = copy(self)
        other._credential = Credential.bearer(self.base_url, token)
        return other

    def now(self) -> Millis:
        """Our own clock, in UTC milliseconds."""
        return int(self._clock() * 1000)

    def server_now(self) -> Millis:
        """The server's clock as far as it is known, in UTC milliseconds."""
        return self.now() + (self.skew or 0)

    @property
    def login_mark(self) -> str:
        """Tells logins apart and says nothing about them (8 hex digits); "" without one.

        An ETag holds for one login only.
        """
        if self._credential is None:
            return ""
        return blake2b(self._credential.value.encode(), digest_size=4).hexdigest()

    async def get(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        etag: str = "",
        headers: Mapping[str, str] | None = None,
        limit: int = LARGEST,
    ) -> Answer:
        """Read `path` (below the base URL, or a whole URL of the same origin). Raises SourceError.

        With the `etag` of an earlier answer, what did not change since comes as status 304 and an empty body.
        """
        sent = {**(headers or {}), **({"If-None-Match": etag} if etag else {})}
        return await self._retried(lambda: self._once("GET", path, params, None, limit, sent))

    async def post(
        self,
        path: str,
        body: bytes = b"{}",
        *,
        is_read: bool = False,
        headers: Mapping[str, str] | None = None,
        redirect_is_done: bool = False,
        limit: int = LARGEST,
    ) -> Answer:
        """Post JSON, or what `headers` name as its Content-Type. Asked once only, since nobody knows what a try did.

        `is_read`: a search that may be asked again after a hiccup. `redirect_is_done`: a 302 or 303 says that it was
        done (Jenkins) and is given back as it is; where it points is not asked for. Raises SourceError.
        """
        sent = {"Content-Type": "application/json", **(headers or {})}
        if is_read:
            return await self._retried(lambda: self._once("POST", path, None, body, limit, sent))
        return await self._once("POST", path, None, body, limit, sent, is_act=True, redirect_is_done=redirect_is_done)

    async def act(self, method: str, path: str, body: bytes = b"{}") -> Answer:
        """PATCH or DELETE with JSON, asked once only, as `post` that is no read. Raises SourceError."""
        sent = {"Content-Type": "application/json"}
        return await self._once(method, path, None, body, LARGEST, sent, is_act=True)

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        elsewhere: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[Pieces]:
        """Read a body of any size piece by piece: `async with http.stream(path) as pieces: async for piece in pieces`.

        `pieces.status` and `pieces.headers` are there at once. `elsewhere`: one redirect to another server
        (a store of logs) is followed, without our credential, our certificate and our own headers, and never
        from https to http. Raises SourceError, at the beginning and between two pieces.
        """
        response, host = await self._retried(lambda: self._begun(path, params, headers or {}, elsewhere))
        try:
            yield Pieces(response, host, lambda error: self._no_answer(error, str(response.url)))
        finally:
            await response.aclose()

    async def close(self) -> None:
        """Let go of the connections."""
        await self._clients.close()

    async def _retried(self, ask: Callable[[], Awaitable[T]]) -> T:
        import stamina
        from stamina.instrumentation import set_on_retry_hooks

        set_on_retry_hooks(())  # by itself it would log each retry, onto the terminal of whoever typed `sync`
        # two tries more within about a second: the syncer's own backoff is for anything longer
        tries = stamina.retry_context(
            on=trouble.HiccupError, attempts=3, timeout=8, wait_initial=0.1, wait_max=1.0, wait_jitter=0.2
        )
        async for attempt in tries:
            with attempt:
                return await ask()
        raise AssertionError("unreachable")  # stamina raises the last error itself

    async def _once(
        self,
        method: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: bytes | None,
        limit: int,
        sent: Mapping[str, str],
        *,
        is_act: bool = False,
        redirect_is_done: bool = False,
    ) -> Answer:
        self._stay_out_while_limited()
        url = self._url(path)
        for _ in range(_MOST_REDIRECTS + 1):
            status, headers, found = await self._exchange(method, url, params, body, limit, sent)
            if status not in _REDIRECTS:
                return self._judged(status, headers, found)
            if is_act and status in (301, 302, 303):
                return self._done(url, Answer(self.host, status, headers, found), redirect_is_done)
            url = self._redirected(url, headers.get("location", ""))
            params = None  # the new address brings its own
            if status == 303 or (status in (301, 302) and method == "POST"):
                raise SourceError(f"{self.host} redirects a request for data to a page.", "not_understood")
        raise self._in_a_circle()

    def _done(self, url: str, answer: Answer, redirect_is_done: bool) -> Answer:
        """What a redirect after a POST says. It may have been done, whatever it says: no error of these denies that."""
        try:
            self._redirected(url, answer.headers.get("location", ""))
        except SourceError as error:  # to another server, as Jenkins does where its root URL is not the one we use
            if error.state == "unauthorised":
                raise
        if redirect_is_done and answer.status != 301:
            return answer
        raise SourceError(f"{self.host} answers with a redirect: whether it was done is not known.", "not_understood")

    async def _begun(
        self, path: str, params: Mapping[str, Any] | None, sent: Mapping[str, str], elsewhere: bool
    ) -> tuple[httpx.Response, str]:
        """A good answer whose body is still to be read, and the host that sends it."""
        self._stay_out_while_limited()
        url = self._url(path)
        for _ in range(_MOST_REDIRECTS + 1):
            response = await self._asked(self._clients.own(), "GET", url, params, None, {**sent, **self._login(url)})
            if response.status_code not in _REDIRECTS:
                return await self._welcome(response, self.host)
            await response.aclose()
            location = response.headers.get("location", "")
            target = joined(url, location)
            if elsewhere and may_follow(self.origin, target):
                response = await self._asked(self._clients.stranger(target), "GET", target, None, None, {})
                return await self._welcome(response, urlsplit(target).netloc.rpartition("@")[2])
            url, params = self._redirected(url, location), None
        raise self._in_a_circle()

    async def _welcome(self, response: httpx.Response, host: str) -> tuple[httpx.Response, str]:
        if response.status_code < 300:
            return response, host
        try:
            async with asyncio.timeout(self._connection.read):
                body = await content(response, Cut(_LARGEST_REFUSAL))
        except failures() as error:
            raise self._no_answer(error, str(response.url)) from error
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        if host == self.host:
            self._judged(response.status_code, headers, body)
        words = "It was asked without a login, as it should be."
        raise trouble.refusal(
            host, response.status_code, headers, body, now=self.now(), login=words, secrets=self._secrets()
        )

    def _in_a_circle(self) -> SourceError:
        return SourceError(f"{self.host} redirects in a circle: check the URL in the settings.", "misconfigured")

    def _stay_out_while_limited(self) -> None:
        told = self._closed_until
        if told is not None and told.retry_at is not None and self.now() < told.retry_at:
            raise SourceError(str(told), "limited", told.retry_at)
        self._closed_until = None

    def _url(self, path: str) -> str:
        if "://" not in path:
            return f"{self.base_url}/{path.lstrip('/')}"
        if origin(path) != self.origin:
            raise SourceError(
                f"{self.host} points to another server ({urlsplit(path).hostname}), which is not asked.",
                "not_understood",
            )
        return path

    def _redirected(self, url: str, location: str) -> str:
        return redirected(self.base_url, url, location, self._login_hint)

    def _judged(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        if status < 300 or status == _UNCHANGED:
            return Answer(self.host, status, headers, body)
        secrets = self._secrets()
        own = self._explain(status, headers, body) if self._explain else None
        error = trouble.refusal(
            self.host, status, headers, body, now=self.now(), login=self._login_words(), secrets=secrets
        )
        if own is not None and error.state != "limited":
            words = trouble.Words.of(body, secrets)
            error = trouble.AnswerError(own[1], own[0], status, words.code, words.reason, error.retry_at)
        if error.state == "limited":
            self._closed_until = error
        raise error

    def _login_words(self) -> str:
        if self._credential is None:
            return self._login_hint
        return "It does not accept the login that it was given: wrong, or expired. " + self._login_hint

    def _secrets(self) -> tuple[str, ...]:
        return self._credential.secrets if self._credential else ()

    def _login(self, url: str) -> Mapping[str, str]:
        """The header that proves who we are, for its own origin alone."""
        if self._credential is None or origin(url) != self._credential.origin:
            return {}
        return {self._credential.header: self._credential.value}

    async def _exchange(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        body: bytes | None,
        limit: int,
        sent: Mapping[str, str],
    ) -> tuple[int, Mapping[str, str], bytes]:
        client, began = self._clients.own(), self._clock()
        try:
            # the whole exchange has an end: httpx's read timeout starts anew with every byte that drips in
            async with asyncio.timeout(self._connection.connect + self._connection.read):
                response = await self._asked(client, method, url, params, body, {**sent, **self._login(url)})
                try:
                    found = await content(response, limit)
                finally:
                    await response.aclose()
        except failures() as error:
            raise self._no_answer(error, url) from error
        self._learn_skew(response.headers, began)
        return response.status_code, {name.lower(): value for name, value in response.headers.items()}, found

    async def _asked(
        self,
        client: httpx.AsyncClient,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> httpx.Response:
        """The answer's head, in time; its body is still to be read."""
        self.asked += 1
        try:
            async with asyncio.timeout(self._connection.connect + self._connection.read):
                request = client.build_request(method, url, params=params, content=body, headers=headers)
                response = await client.send(request, stream=True)
        except failures() as error:
            raise self._no_answer(error, url) from error
        try:
            check_packing(response)
        except SourceError:
            await response.aclose()
            raise
        return response

    def _learn_skew(self, headers: Mapping[str, str], began: float) -> None:
        said = trouble.http_date(headers.get("date", ""))
        ended = self._clock()
        if said is not None and ended - began < 5:
            middle = int((began + ended) * 500)
            self.skew = said + 500 - middle  # a Date is cut to whole seconds

    def _no_answer(self, error: BaseException, url: str) -> SourceError:
        there = self.base_url if origin(url) == self.origin else url
        return no_answer(there, self._connection, error, self._tls_hint)
