"""The connections of an `Http`: to the server itself, and to those that it sends us to. Opened at the first use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from ..errors import SourceError
from .answers import PACKINGS
from .reach import Connection, without_login

if TYPE_CHECKING:
    import ssl

    import httpx

AGENT: Final = "quarterdeck"


class Clients:
    """Pools of connections. `headers` go to the server at `base_url` alone; `transport` takes the network's place."""

    def __init__(
        self,
        base_url: str,
        connection: Connection,
        headers: Mapping[str, str],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url
        self._connection = connection
        self._headers = headers
        self._transport = transport
        self._own: httpx.AsyncClient | None = None
        self._stranger: httpx.AsyncClient | None = None

    def own(self) -> httpx.AsyncClient:
        """For the server itself. Raises SourceError("misconfigured") for certificates and proxies of no use."""
        if self._own is None:
            # an http address never meets TLS (redirects stay on the origin): spare it the 30 ms of reading authorities
            verify = self._connection.tls() if self._base_url.startswith("https:") else False
            self._own = self._opened(self._base_url, self._headers, verify)
        return self._own

    def stranger(self, url: str) -> httpx.AsyncClient:
        """For a server that learns nothing of who we are; the public authorities count there beside our own."""
        if self._stranger is None:
            tls = replace(self._connection, ca_bundle=None, client_cert=None).tls()
            if self._connection.ca_bundle is not None:
                tls.load_verify_locations(self._connection.ca_bundle)  # was read well for the server itself
            self._stranger = self._opened(url, {"User-Agent": AGENT}, tls)
        return self._stranger

    async def close(self) -> None:
        """Let go of all of them."""
        (own, stranger), self._own, self._stranger = (self._own, self._stranger), None, None
        for client in (own, stranger):
            if client is not None:
                await client.aclose()

    def _opened(self, url: str, headers: Mapping[str, str], verify: ssl.SSLContext | bool) -> httpx.AsyncClient:
        import httpx

        proxy = self._proxy(url)
        try:
            return httpx.AsyncClient(
                headers={"Accept-Encoding": PACKINGS, **headers},
                verify=verify,
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

    def _proxy(self, url: str) -> str | None:
        if self._transport is not None:
            return None
        proxy = self._connection.proxy_to(url)
        if proxy is not None and urlsplit(proxy).scheme not in ("http", "https", "socks5", "socks5h"):
            raise SourceError(f"The proxy “{without_login(proxy)}” is not an http or socks5 address.", "misconfigured")
        return proxy
