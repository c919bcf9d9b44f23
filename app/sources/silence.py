"""What it means when a server gives no answer, or none to its end: from the HTTP library's exceptions to sentences."""

from __future__ import annotations

from urllib.parse import urlsplit

from ..errors import SourceError
from . import trouble
from .reach import Connection, without_login
from .redirects import nowhere


def failures() -> tuple[type[Exception], ...]:
    """What the HTTP library raises for a connection that was not made, or that broke."""
    import httpx

    return httpx.HTTPError, httpx.InvalidURL, TimeoutError, UnicodeError, OSError


def no_answer(base_url: str, connection: Connection, error: BaseException, tls_hint: str) -> SourceError:
    """The error for one of `failures` on the way to `base_url`. `tls_hint` says how an authority is named."""
    import httpx

    host = urlsplit(without_login(base_url)).netloc
    if isinstance(error, httpx.ConnectTimeout):
        return SourceError(
            f"{host} takes no connection within {connection.connect:g} s: down, or behind a firewall or VPN.",
            "unreachable",
        )
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return trouble.TooSlowError(f"{host} gave no whole answer within {connection.read:g} s.", "unreachable")
    if isinstance(error, httpx.ProxyError):
        return SourceError(f"The proxy on the way to {host} refused to go there.", "misconfigured")
    if isinstance(error, httpx.RemoteProtocolError):
        return _cut(host, str(error), is_tls=base_url.startswith("https:"))
    if isinstance(error, httpx.DecodingError):
        return SourceError(f"{host} packed its answer wrongly.", "not_understood")
    if isinstance(error, (httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeError)):
        return SourceError(f"“{without_login(base_url)}” is not an address that can be asked.", "misconfigured")
    return trouble.no_connection(host, error, tls_hint)


def _cut(host: str, said: str, *, is_tls: bool) -> SourceError:
    if "location header" in said:
        return nowhere(host)
    if "without sending a response" in said:
        or_tls = "" if is_tls else ": down, or it wants https://"
        return trouble.HiccupError(f"{host} hung up without an answer{or_tls}.", "unreachable")
    if "without sending complete" in said or "incomplete" in said:
        return trouble.HiccupError(
            f"{host} broke off in the middle of its answer: a proxy or the server cuts it.", "not_understood"
        )
    return SourceError(
        f"{host} does not speak HTTP as we know it: perhaps the port belongs to another program, or wants https://.",
        "not_understood",
    )
