"""Where a server may send us: on its own origin anywhere, and elsewhere only as nobody."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from ..errors import SourceError
from .reach import origin

_LOGIN_WORDS: Final = ("login", "signin", "sign_in", "auth", "sso", "oidc", "saml", "dex")


def joined(url: str, location: str) -> str:
    """The address that `url` redirects to, without a fragment. Raises SourceError("not_understood") for what is none.

    Not "misconfigured": it is not the settings that hold it, and what a redirect answers may have been done.
    """
    try:
        target = urlunsplit(urlsplit(urljoin(url, location))._replace(fragment=""))
        origin(target)
    except (ValueError, SourceError) as error:
        raise nowhere(urlsplit(url).netloc.rpartition("@")[2]) from error
    return target


def nowhere(host: str) -> SourceError:
    """The error for a redirect to what is no address."""
    return SourceError(
        f"{host} redirects to what is no http or https address: it, or a proxy before it, is set up wrongly.",
        "not_understood",
    )


def redirected(base_url: str, url: str, location: str, login_hint: str) -> str:
    """The address that `url` redirects to, on the origin of `base_url`. Raises SourceError for any other."""
    target = joined(url, location)
    there, home = origin(target), origin(base_url)
    if there == home:
        return target
    parts, host = urlsplit(target), urlsplit(base_url).netloc
    if parts.hostname == urlsplit(url).hostname and there.startswith("https:") and home.startswith("http:"):
        better = f"https://{parts.netloc.rpartition('@')[2]}{urlsplit(base_url).path}"
        raise SourceError(
            f"{host} wants https: write {better} in the settings. A redirect is not followed from http to"
            " https, because the login would have travelled in clear text first.",
            "misconfigured",
        )
    if any(word in f"{parts.hostname}{parts.path}".lower() for word in _LOGIN_WORDS):
        raise SourceError(f"{host} sends us to a login page at {parts.hostname}. {login_hint}", "unauthorised")
    raise SourceError(
        f"{host} redirects to another server ({parts.hostname}), which gets no login from us:"
        " if that is the right one, write its address in the settings.",
        "misconfigured",
    )


def may_follow(home: str, target: str) -> bool:
    """Whether a redirect leads to another server, and not out of the encrypted connection. `home` is an origin."""
    there = origin(target)
    return there != home and (there.startswith("https:") or home.startswith("http:"))
