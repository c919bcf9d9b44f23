"""`quarterdeck doctor` looks at the webhooks: whether each is set, holds an address, and its host can be reached.

Connected is as far as TLS, through the proxy that is meant for it; nothing is sent there. The address is a secret: of
it only the host is said.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final, Literal
from urllib.parse import urlsplit

from ..errors import QuarterdeckError
from ..paths import config_dir
from ..settings import Settings
from ..sources.http import Connection
from ..sources.reach import login_in
from ..sources.servers import connection_to
from ..sync.webhooks import unfit
from .examine import Finding
from .trying import MENDS


def try_webhooks(settings: Settings) -> Iterator[Finding]:
    """How it is with each."""
    for section in settings.personal.webhooks:
        yield _try(section.url_env, settings)


def _try(name: str, settings: Settings) -> Finding:
    url = settings.environment.get(name, "").strip()
    if why := unfit(url):
        state: Literal["warn", "fail"] = "fail" if url else "warn"
        return Finding("webhook", state, f"${name} {why}", _WRONG if url else _unset())
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    origin = f"{parts.scheme}://{host}"
    try:
        _connect(origin, connection_to(settings, origin, None))
    except (QuarterdeckError, ssl.SSLError, HTTPException, OSError) as error:
        why, mend = _said(error)
        return Finding("webhook", "fail", f"${name}: {host} cannot be reached: {why}.", mend)
    return Finding("webhook", "ok", f"${name} is set, and {host} can be reached. Nothing was sent there.")


_WRONG: Final = "Copy the whole address that the chat gives, from https:// on."


def _unset() -> str:
    where = config_dir() / "environment"
    return f"Set it here; for a syncer that systemd keeps, write it into {where} as NAME=value."


def _connect(origin: str, connection: Connection) -> None:
    """TCP, and TLS where it is https. Raises OSError, ssl.SSLError, HTTPException and SourceError."""
    parts, proxy = urlsplit(origin), connection.proxy_to(origin)
    via = urlsplit(proxy if proxy is None or "://" in proxy else f"http://{proxy}") if proxy else parts
    host, port = via.hostname or "", via.port or (80 if via.scheme == "http" else 443)
    if parts.scheme == "http":
        made = HTTPConnection(host, port, timeout=connection.connect)
    else:
        made = HTTPSConnection(host, port, timeout=connection.connect, context=connection.tls())
    if proxy and parts.scheme == "https":
        login = login_in(via.geturl())
        headers = {"Proxy-Authorization": login.value} if login is not None else {}
        made.set_tunnel(parts.hostname or "", parts.port or 443, headers)
    try:
        made.connect()
    finally:
        made.close()


def _said(error: Exception) -> tuple[str, str]:
    """What went wrong, and what helps."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})", MENDS["tls"]
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or 'no reason given'})", MENDS["tls"]
    if isinstance(error, TimeoutError):
        return "no answer in time", MENDS["unreachable"]
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__, MENDS["unreachable"]
    return str(error).rstrip("."), MENDS["misconfigured"]
