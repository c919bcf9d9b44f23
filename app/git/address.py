"""Addresses of remotes: which repository one means, and the credential that may hide in it."""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit

_URL: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_SCP: Final = re.compile(r"(?:[^@/]*@)?(\[[^\]]*\]|[^:/\[\]]+):(?!:)(.*)", re.DOTALL)
"""user@host:path, git's short form of ssh. A slash before the first colon makes it a local path."""
_DEFAULT_PORTS: Final = {"http": 80, "https": 443, "git": 9418}
_LOGIN: Final = re.compile(r"(?<=://)[^/@\s'\"]*@")


class Credential(NamedTuple):
    """A name and a password that stood in a URL. They go to Git through the environment alone."""

    username: str
    password: str

    def __repr__(self) -> str:
        return "Credential(…)"  # the name alone may be a token


def canonical_url(url: str) -> str:
    """One text for all ways to write one remote: `host/path`, or the path of a local repository.

    Without scheme, login, query, `.git` and trailing slashes, so that `git@host:a/b.git` and
    `https://token@host/a/b` are equal. The port is kept where it is not the scheme's own; that of ssh is left
    out, because it never equals the one of https.
    """
    if _URL.match(url):
        parts = urlsplit(url)
        if parts.scheme.lower() == "file":
            return _bare_path(unquote(parts.path)) or "/"
        return f"{_host(parts)}/{_bare_path(unquote(parts.path)).lstrip('/')}"
    short = _SCP.fullmatch(url)
    if short is not None:
        return f"{short[1].lower()}/{_bare_path(short[2]).lstrip('/')}"
    return _bare_path(url) or "/"


def _host(parts: SplitResult) -> str:
    """Lower-case name of the host, with the port where it says more than the scheme does."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    scheme = parts.scheme.lower()
    try:
        port = parts.port
    except ValueError:  # not a number, or above 65535: no server listens there
        port = None
    if port is None or port == _DEFAULT_PORTS.get(scheme) or "ssh" in scheme:
        return host
    return f"{host}:{port}"


def _bare_path(path: str) -> str:
    return path.rstrip("/").removesuffix("/.git").removesuffix(".git").rstrip("/")


def split_credential(url: str) -> tuple[str, Credential | None]:
    """The URL as it may be seen by anybody, and the login that stood in it.

    The name alone stays (`git@host` is no secret) unless it is all there is on http(s), where it is a token.
    """
    if not _URL.match(url):
        return url, None
    scheme, _, rest = url.partition("://")
    place, slash, path = rest.partition("/")
    login, at, host = place.rpartition("@")
    name, colon, password = login.partition(":")
    if not at:
        return url, None
    if scheme.lower() not in ("http", "https"):
        return f"{scheme}://{name}@{host}{slash}{path}", None
    credential = Credential(unquote(name), unquote(password)) if colon else Credential(unquote(name), "")
    return f"{scheme}://{host}{slash}{path}", credential


def masked(text: str) -> str:
    """`text` with the login of every URL in it left out: for messages."""
    return _LOGIN.sub("", text)
