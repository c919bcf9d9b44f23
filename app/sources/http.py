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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

import msgspec

from ..errors import SourceError
from ..records import Millis
from . import trouble
from .reach import Connection, Credential, login_in, origin, without_login

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
    "login_in",
    "origin",
    "without_login",
]

T = TypeVar("T")

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of one answer (unpacked) that are accepted unless the caller says otherwise."""
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_MOST_REDIRECTS: Final = 3
_LOGIN_WORDS: Final = ("login", "signin", "sign_in", "auth", "sso", "oidc", "saml", "dex")

Explain = Callable[[int, Mapping[str, str], bytes], "tuple[str, str] | None"]
"""A source's own reading of a refusal (status, headers, body): state and sentence, or None for the usual one."""


@dataclass(frozen=True)
class Answer:
    """A good answer (status below 300): headers with names in lower case, and the body."""

    host: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, decoder: msgspec.json.Decoder[T]) -> T:
        """The body, decoded. Raises SourceError("not_understood") for a web page, a cut or another shape."""
        try:
            return decoder.decode(self.body)
        except msgspec.MsgspecError as error:
            raise trouble.broken_json(self.host, self.body, self.headers, error) from error


class Cut(int):
    """A limit in bytes at which the reading of an answer ends well, instead of being refused."""


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
        self._credential = credential if credential is not None and credential.origin == self.origin else None
        self._connection = connection or Connection()
        self._headers = {"User-Agent": "quarterdeck", "Accept": "application/json", **(headers or {})}
        self._login_hint = login_hint
        self._tls_hint = tls_hint
        self._explain = explain
        self._transport = transport
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._closed_until: SourceError | None = None

    @property
    def has_login(self) -> bool:
        """Whether a credential is bound to this server."""
        return self._credential is not None

    def now(self) -> Millis:
        """Our own clock, in UTC milliseconds."""
        return int(self._clock() * 1000)

    def server_now(self) -> Millis:
        """The server's clock as far as it is known, in UTC milliseconds."""
        return self.now() + (self.skew or 0)

    async def get(self, path: str, params: Mapping[str, Any] | None = None, *, limit: int = LARGEST) -> Answer:
        """Read `path` (below the base URL, or a whole URL of the same origin). Raises SourceError."""
        return await self._retried("GET", path, params, None, limit)

    async def post(self, path: str, body: bytes, *, is_read: bool = False, limit: int = LARGEST) -> Answer:
        """Post JSON. `is_read`: a search that may be asked again after a hiccup. Raises SourceError."""
        if is_read:
            return await self._retried("POST", path, None, body, limit)
        return await self._once("POST", path, None, body, limit)

    async def close(self) -> None:
        """Let go of the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _retried(
        self, method: str, path: str, params: Mapping[str, Any] | None, body: bytes | None, limit: int
    ) -> Answer:
        import stamina
        from stamina.instrumentation import set_on_retry_hooks

        set_on_retry_hooks(())  # by itself it would log each retry, onto the terminal of whoever typed `sync`
        # two tries more within about a second: the syncer's own backoff is for anything longer
        tries = stamina.retry_context(
            on=trouble.HiccupError, attempts=3, timeout=8, wait_initial=0.1, wait_max=1.0, wait_jitter=0.2
        )
        async for attempt in tries:
            with attempt:
                return await self._once(method, path, params, body, limit)
        raise AssertionError("unreachable")  # stamina raises the last error itself

    async def _once(
        self, method: str, path: str, params: Mapping[str, Any] | None, body: bytes | None, limit: int
    ) -> Answer:
        self._stay_out_while_limited()
        url = self._url(path)
        for _ in range(_MOST_REDIRECTS + 1):
            status, headers, content = await self._exchange(method, url, params, body, limit)
            if status not in _REDIRECTS:
                return self._judged(status, headers, content)
            url = self._redirected(url, headers.get("location", ""))
            params = None  # the new address brings its own
            if status == 303 or (status in (301, 302) and method == "POST"):
                raise SourceError(f"{self.host} redirects a request for data to a page.", "not_understood")
        raise SourceError(f"{self.host} redirects in a circle: check the URL in the settings.", "misconfigured")

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
        target = urljoin(url, location)
        there = origin(target)
        if there == self.origin:
            return urlunsplit(urlsplit(target)._replace(fragment=""))
        parts = urlsplit(target)
        if parts.hostname == urlsplit(url).hostname and there.startswith("https:") and self.origin.startswith("http:"):
            better = f"https://{parts.netloc.rpartition('@')[2]}{urlsplit(self.base_url).path}"
            raise SourceError(
                f"{self.host} wants https: write {better} in the settings. A redirect is not followed from http to"
                " https, because the login would have travelled in clear text first.",
                "misconfigured",
            )
        if any(word in f"{parts.hostname}{parts.path}".lower() for word in _LOGIN_WORDS):
            raise SourceError(
                f"{self.host} sends us to a login page at {parts.hostname}. {self._login_hint}", "unauthorised"
            )
        raise SourceError(
            f"{self.host} redirects to another server ({parts.hostname}), which gets no login from us:"
            " if that is the right one, write its address in the settings.",
            "misconfigured",
        )

    def _judged(self, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        if status < 300:
            return Answer(self.host, status, headers, body)
        secrets = self._credential.secrets if self._credential else ()
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

    async def _exchange(
        self, method: str, url: str, params: Mapping[str, Any] | None, body: bytes | None, limit: int
    ) -> tuple[int, Mapping[str, str], bytes]:
        client = self._opened()
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if self._credential is not None and origin(url) == self._credential.origin:
            headers[self._credential.header] = self._credential.value
        import httpx

        began = self._clock()
        try:
            # the whole exchange has an end: httpx's read timeout starts anew with every byte that drips in
            async with asyncio.timeout(self._connection.connect + self._connection.read):
                request = client.build_request(method, url, params=params, content=body, headers=headers)
                response = await client.send(request, stream=True)
                try:
                    content = await self._content(response, limit)
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError, OSError) as error:
            raise self._no_answer(error) from error
        self._learn_skew(response.headers, began)
        return response.status_code, {name.lower(): value for name, value in response.headers.items()}, content

    async def _content(self, response: httpx.Response, limit: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        async for piece in response.aiter_bytes():
            size += len(piece)
            if size > limit and isinstance(limit, Cut):
                pieces.append(piece)
                break
            if size > limit:
                raise trouble.TooLargeError(
                    f"{self.host} sends more than {limit // 2**20} MB in one answer: it is not read further.",
                    "not_understood",
                )
            pieces.append(piece)
        return b"".join(pieces)[:limit]

    def _learn_skew(self, headers: Mapping[str, str], began: float) -> None:
        said = trouble.http_date(headers.get("date", ""))
        ended = self._clock()
        if said is not None and ended - began < 5:
            middle = int((began + ended) * 500)
            self.skew = said + 500 - middle  # a Date is cut to whole seconds

    def _no_answer(self, error: BaseException) -> SourceError:
        import httpx

        seconds = self._connection
        if isinstance(error, httpx.ConnectTimeout):
            return SourceError(
                f"{self.host} takes no connection within {seconds.connect:g} s: down, or behind a firewall or VPN.",
                "unreachable",
            )
        if isinstance(error, (httpx.TimeoutException, TimeoutError)):
            return trouble.TooSlowError(f"{self.host} gave no whole answer within {seconds.read:g} s.", "unreachable")
        if isinstance(error, httpx.ProxyError):
            return SourceError(f"The proxy on the way to {self.host} refused to go there.", "misconfigured")
        if isinstance(error, httpx.RemoteProtocolError):
            return self._cut(str(error))
        if isinstance(error, httpx.DecodingError):
            return SourceError(f"{self.host} packed its answer wrongly.", "not_understood")
        if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError)):
            return SourceError(f"“{self.base_url}” is not an address that can be asked.", "misconfigured")
        return trouble.no_connection(self.host, error, self._tls_hint)

    def _cut(self, said: str) -> SourceError:
        if "without sending a response" in said:
            or_tls = ": down, or it wants https://" if self.origin.startswith("http:") else ""
            return trouble.HiccupError(f"{self.host} hung up without an answer{or_tls}.", "unreachable")
        if "without sending complete" in said or "incomplete" in said:
            return trouble.HiccupError(
                f"{self.host} broke off in the middle of its answer: a proxy or the server cuts it.", "not_understood"
            )
        return SourceError(
            f"{self.host} does not speak HTTP as we know it: perhaps the port belongs to another program, or wants"
            " https://.",
            "not_understood",
        )

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            import httpx

            # an http address never meets TLS (redirects stay on the origin): spare it the 30 ms of reading authorities
            is_tls = self.origin.startswith("https:")
            proxy = self._proxy()
            try:
                self._client = httpx.AsyncClient(
                    headers=self._headers,
                    verify=self._connection.tls() if is_tls else False,
                    proxy=proxy,
                    transport=self._transport,
                    timeout=httpx.Timeout(self._connection.read, connect=self._connection.connect),
                    follow_redirects=False,
                    trust_env=False,  # ~/.netrc would send a login that nobody bound to this host
                )
            except (ImportError, ValueError, httpx.InvalidURL):
                why = "a socks proxy needs the package socksio" if "socks" in (proxy or "")[:5] else "check its address"
                raise SourceError(
                    f"The proxy “{without_login(proxy or '')}” cannot be used: {why}.", "misconfigured"
                ) from None  # the cause may quote the proxy's login
        return self._client

    def _proxy(self) -> str | None:
        if self._transport is not None:
            return None
        proxy = self._connection.proxy_to(self.base_url)
        if proxy is not None and urlsplit(proxy).scheme not in ("http", "https", "socks5", "socks5h"):
            raise SourceError(f"The proxy “{without_login(proxy)}” is not an http or socks5 address.", "misconfigured")
        return proxy
