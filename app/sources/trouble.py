"""What went wrong on the way to a server and back, as a SourceError with a sentence to act on.

SourceError
├── HiccupError    a hiccup (connection refused or cut, 502, 503, 504): worth a quick second try
├── TooSlowError   no answer in time: asking for less may help
├── TooLargeError  an answer above the cap: asking for less may help
├── AnswerError    the server understood and said no: `status`, `code` and `reason` are its own words
└── NoModelError   the registry has no such registered model

No sentence holds a credential: the server's own words pass `Words.of` with the secrets to leave out.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Final

import msgspec

from ..errors import SourceError
from ..records import Millis

_DAY: Final = 86_400_000
_UNSAID_WAIT: Final = 60_000
"""What GitHub asks for when a limit names no time: at least a minute."""
_EPOCH_FROM: Final = 1_000_000_000
"""A reset above this is a point in time (seconds since 1970), below it is a number of seconds."""
_QUOTED: Final = 200


class HiccupError(SourceError):
    """A hiccup that may be gone at the next try."""


class TooSlowError(SourceError):
    """No answer in time."""


class TooLargeError(SourceError):
    """The answer is larger than what is accepted."""


class AnswerError(SourceError):
    """The server understood and said no: `status` as sent, `code` and `reason` in its own words."""

    def __init__(
        self, sentence: str, state: str, status: int, code: str = "", reason: str = "", retry_at: Millis | None = None
    ) -> None:
        super().__init__(sentence, state, retry_at)
        self.status = status
        self.code = code
        self.reason = reason


class NoModelError(SourceError):
    """The registry has no registered model of that name."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, "misconfigured")


class _ErrorBody(msgspec.Struct):
    """The error bodies in use: MLflow {error_code, message}, GitHub {message}, others {error} or {detail}."""

    error_code: str = ""
    message: str | dict[str, object] | list[object] = ""
    error: str | dict[str, object] = ""
    detail: str | list[object] | dict[str, object] = ""


class Words(msgspec.Struct, frozen=True):
    """What an answer says about an error, fit to be quoted."""

    code: str
    reason: str
    is_page: bool
    """A web page, which no API answers with."""

    @classmethod
    def of(cls, body: bytes, secrets: Iterable[str] = ()) -> Words:
        """Read the body of a failed answer. Whatever it echoes of `secrets` is left out."""
        head = body[:4096].lstrip()
        if head[:1] == b"<":
            return cls("", quoted(page_title(body), secrets), is_page=True)
        try:
            read = msgspec.json.decode(body, type=_ErrorBody)
        except msgspec.MsgspecError:
            return cls("", quoted(head.decode("utf-8", "replace"), secrets), is_page=False)
        said = read.message or read.error or read.detail
        text = said if isinstance(said, str) else msgspec.json.encode(said).decode()
        return cls(read.error_code, quoted(text, secrets), is_page=False)


def quoted(text: str, secrets: Iterable[str] = ()) -> str:
    """Foreign words cut to a length that fits in a sentence, without line breaks and without secrets."""
    for secret in secrets:
        text = text.replace(secret, "•••")
    text = " ".join(text.split())
    return text if len(text) <= _QUOTED else text[: _QUOTED - 1] + "…"


def page_title(body: bytes) -> str:
    """The title of a web page, or nothing."""
    found = re.search(rb"<title[^>]*>([^<]{0,300})", body[:20_000], re.IGNORECASE)
    return found.group(1).decode("utf-8", "replace").strip() if found else ""


def is_page(body: bytes, headers: Mapping[str, str]) -> bool:
    """Whether an answer is a web page where data was expected."""
    return "html" in headers.get("content-type", "") or body[:64].lstrip()[:1] == b"<"


def http_date(text: str) -> Millis | None:
    """An HTTP date as UTC milliseconds; None when it is none."""
    try:
        when = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return int(when.timestamp() * 1000)


def is_limit(status: int, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a refusal is a rate limit. GitHub says 403 for it too, with four different marks."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if status != HTTPStatus.FORBIDDEN:
        return False
    exhausted = headers.get("x-ratelimit-remaining") == "0"
    named = "retry-after" in headers or "gh-limited-by" in headers
    return exhausted or named or b"rate limit" in body[:4096].lower()


def retry_at(headers: Mapping[str, str], now: Millis) -> Millis | None:
    """When the server lets us in again, by our own clock `now`; None when it does not say.

    The three shapes: `Retry-After` in seconds, `Retry-After` as a date, and a reset header (GitHub's is a
    point in time, others count seconds). Dates are read against the server's own `Date`, so that a wrong clock
    on either side does no harm. At most a day: a longer wait is a mistake more often than a wish.
    """
    server_now = http_date(headers.get("date", "")) or now
    asked = _retry_after(headers.get("retry-after", ""), server_now)
    if asked is None:
        asked = _reset(headers, server_now)
    return None if asked is None else now + min(max(asked, 0), _DAY)


def _retry_after(text: str, server_now: Millis) -> Millis | None:
    text = text.strip()
    if re.fullmatch(r"\d{1,12}(\.\d+)?", text):
        return int(float(text) * 1000)
    when = http_date(text) if text else None
    return None if when is None else when - server_now


def _reset(headers: Mapping[str, str], server_now: Millis) -> Millis | None:
    if headers.get("x-ratelimit-remaining", headers.get("ratelimit-remaining", "0")) != "0":
        return None  # a secondary limit: the hourly reset is not what it waits for
    text = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
    if not re.fullmatch(r"\d{1,12}(\.\d+)?", text.strip()):
        return None
    seconds = float(text)
    return int(seconds * 1000) - server_now if seconds > _EPOCH_FROM else int(seconds * 1000)


def refusal(
    host: str, status: int, headers: Mapping[str, str], body: bytes, *, now: Millis, login: str, secrets: Iterable[str]
) -> SourceError:
    """The error that an answer of status 400 and above stands for. `login` says how to log in."""
    words = Words.of(body, secrets)
    said = f" It says: “{words.reason}”." if words.reason else ""
    if is_limit(status, headers, body):
        until = retry_at(headers, now) or now + _UNSAID_WAIT
        sentence = f"{host} asks to be left alone for {_wait(until - now)} ({status}, too many requests).{said}"
        return AnswerError(sentence, "limited", status, words.code, words.reason, until)
    state, sentence = _refusal_words(host, status, login)
    if status == HTTPStatus.BAD_REQUEST and (b"HTTPS server" in body or b"HTTPS port" in body):
        state, sentence = "misconfigured", f"{host} wants https: its address begins with https://, not http://."
    until_or_none = retry_at(headers, now)
    if status in (502, 503, 504) and (until_or_none is None or until_or_none - now <= 1000):
        return HiccupError(sentence + said, state, until_or_none)
    return AnswerError(sentence + said, state, status, words.code, words.reason, until_or_none)


def _refusal_words(host: str, status: int, login: str) -> tuple[str, str]:
    if status == HTTPStatus.UNAUTHORIZED:
        return "unauthorised", f"{host} wants a login (401). {login}"
    if status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        return "misconfigured", f"The proxy before {host} wants a login (407): put it in the proxy's address."
    if status == HTTPStatus.FORBIDDEN:
        return "forbidden", f"{host} forbids it (403): this login may not read here."
    if status == HTTPStatus.NOT_FOUND:
        return "misconfigured", f"{host} knows no such address (404): check the path in the settings' URL."
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "unreachable", f"{host} failed on its own side ({status} {_phrase(status)}): its log knows more."
    return "not_understood", f"{host} did not accept the request ({status} {_phrase(status)})."


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "of its own making"


def _wait(milliseconds: int) -> str:
    seconds = max(milliseconds // 1000, 1)
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"


def broken_json(host: str, body: bytes, headers: Mapping[str, str], error: msgspec.MsgspecError) -> SourceError:
    """The error for a body that is not the JSON that was asked for."""
    if is_page(body, headers):
        title = quoted(page_title(body))
        named = f" (“{title}”)" if title else ""
        return SourceError(
            f"{host} answered with a web page{named} instead of data: the address leads to a login page, a proxy or"
            " another program. Check the URL in the settings.",
            "not_understood",
        )
    if "truncated" in str(error) or not body:
        return SourceError(
            f"{host} broke off its answer after {len(body):,} bytes: a proxy or the server cuts it. It is tried again.",
            "not_understood",
        )
    return SourceError(f"{host} answered in a form that is not understood: {quoted(str(error))}.", "not_understood")


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and everything that led to it, groups included."""
    queue: list[BaseException] = [error]
    seen: set[int] = set()
    while queue:
        one = queue.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        queue.extend(cause for cause in (one.__cause__, one.__context__) if cause is not None)
        if isinstance(one, BaseExceptionGroup):
            queue.extend(one.exceptions)


def no_connection(host: str, error: BaseException, hint: str) -> SourceError:
    """The error for a connection that could not be made: TLS, name, or nobody listening."""
    for cause in causes(error):
        if isinstance(cause, ssl.SSLError):
            return _tls(host, cause, hint)
        if isinstance(cause, socket.gaierror):
            return SourceError(
                f"{host} has no address: the name is misspelt, or it needs the VPN or another DNS.", "unreachable"
            )
        if isinstance(cause, ConnectionRefusedError):
            return HiccupError(f"Nothing listens at {host}: the server is down, or the port is wrong.", "unreachable")
    return HiccupError(f"No way to {host}: {quoted(_first_words(error))}.", "unreachable")


def _first_words(error: BaseException) -> str:
    told = [str(cause) for cause in causes(error) if isinstance(cause, OSError) and str(cause)]
    return told[-1] if told else str(error) or type(error).__name__


def _tls(host: str, error: ssl.SSLError, hint: str) -> SourceError:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = error.verify_message.rstrip(".")
        return SourceError(f"The certificate of {host} is not accepted: {why}. {hint}", "tls")
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if reason in ("wrong version number", "http request", "record layer failure"):
        return SourceError(f"{host} does not speak TLS: its address begins with http://, not https://.", "tls")
    return SourceError(f"{host} refused the encrypted connection ({reason}): it may want a client certificate.", "tls")
