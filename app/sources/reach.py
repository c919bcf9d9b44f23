"""Who we are to a server, and the way there: origins, credentials, certificates, proxies. Nothing is connected here."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import unquote, urlsplit

from ..errors import SourceError

T = TypeVar("T")

_PORTS: Final = {"http": 80, "https": 443}


def origin(url: str) -> str:
    """Scheme, host and port of a URL, written one way: `https://mlflow.acme:443`.

    Raises SourceError("misconfigured") for anything but http and https.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise SourceError(f"“{without_login(url)}” is not an address: {error}.", "misconfigured") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise SourceError(f"“{without_login(url)}” is not an http or https address.", "misconfigured")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port or _PORTS[parts.scheme]}"


def without_login(url: str) -> str:
    """A URL without user name, password and query: what may be shown and stored."""
    scheme, found, rest = url.partition("://")
    if not found:
        return url
    authority, slash, path = rest.partition("/")
    path = path.partition("?")[0].partition("#")[0]
    return f"{scheme}://{authority.rpartition('@')[2]}{slash}{path}"


def login_in(url: str) -> Credential | None:
    """The login that is written into a URL (`https://ann:secret@host`), bound to that URL's origin."""
    parts = urlsplit(url)
    if parts.username is None and parts.password is None:
        return None
    return Credential.basic(without_login(url), unquote(parts.username or ""), unquote(parts.password or ""))


def _is_direct(host: str, no_proxy: str) -> bool:
    """Whether NO_PROXY (`*`, or names whose subdomains count too) exempts this host."""
    exempt = [name.strip().lstrip(".").lower() for name in no_proxy.split(",") if name.strip()]
    return any(name == "*" or host == name or host.endswith("." + name) for name in exempt)


@dataclass(frozen=True)
class Credential:
    """A header that proves who we are, bound to one origin. Its value never shows in a repr."""

    origin: str
    header: str
    value: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False, default=())
    """What must not be quoted when a server echoes it."""

    def __post_init__(self) -> None:
        """Raises SourceError for what no header can carry: the HTTP library would quote it in its complaint."""
        if not (self.value.isascii() and self.value.isprintable()):
            raise SourceError(
                f"The login for {self.origin} holds characters that no HTTP header can carry: look for a line break"
                " or a letter that is not ASCII in it.",
                "misconfigured",
            )

    @property
    def password(self) -> tuple[str, str] | None:
        """User name and password, where that is what it is: a server may want them in a form of its own."""
        kind, _, packed = self.value.partition(" ")
        if self.header != "Authorization" or kind != "Basic":
            return None
        username, _, password = base64.b64decode(packed).decode().partition(":")
        return username, password

    @classmethod
    def basic(cls, url: str, username: str, password: str) -> Credential:
        """User name and password, for the origin of `url`."""
        packed = base64.b64encode(f"{username}:{password}".encode()).decode()
        secrets = tuple(text for text in (password, packed) if text)
        return cls(origin(url), "Authorization", f"Basic {packed}", secrets)

    @classmethod
    def bearer(cls, url: str, token: str) -> Credential:
        """A token, for the origin of `url`."""
        token = token.strip()  # a file or a command ends it with a line break
        return cls(origin(url), "Authorization", f"Bearer {token}", (token,) if token else ())

    @classmethod
    def named(cls, url: str, header: str, token: str) -> Credential:
        """A token in a header of the vendor's own (`PRIVATE-TOKEN`), for the origin of `url`."""
        token = token.strip()
        return cls(origin(url), header, token, (token,) if token else ())


@dataclass(frozen=True)
class Connection:
    """How a server is reached: certificates, proxy, seconds."""

    ca_bundle: Path | None = None
    client_cert: Path | None = None
    """PEM with certificate and key."""
    proxy: str | None = field(default=None, repr=False)
    """May hold a login. None: what `environment` says."""
    verify: bool = True
    connect: float = 5.0
    read: float = 30.0
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY are read from here."""

    def proxy_to(self, url: str) -> str | None:
        """The proxy on the way to `url`, or None."""
        if self.proxy is not None:
            return self.proxy or None
        names = {name.lower(): value for name, value in self.environment.items() if name.lower().endswith("_proxy")}
        parts = urlsplit(url)
        if _is_direct(parts.hostname or "", names.get("no_proxy", "")):
            return None
        return names.get(f"{parts.scheme}_proxy") or names.get("all_proxy") or None

    def tls(self) -> ssl.SSLContext:
        """The TLS settings. Raises SourceError("misconfigured") when a file cannot be used."""
        context = ssl.create_default_context()
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif self.ca_bundle is not None:
            context = self._use(self.ca_bundle, lambda path: ssl.create_default_context(cafile=path))
        else:
            import certifi  # comes with httpx: machines without a system store still know the public authorities

            context.load_verify_locations(certifi.where())
        if self.client_cert is not None:
            self._use(self.client_cert, context.load_cert_chain)
        return context

    @staticmethod
    def _use(path: Path, load: Callable[[str], T]) -> T:
        try:
            return load(str(path))
        except (OSError, ssl.SSLError) as error:
            why = error.strerror or "it holds no certificate in PEM form"
            raise SourceError(f"The certificate file {path} cannot be used: {why}.", "misconfigured") from error
