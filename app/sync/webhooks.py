"""Webhooks: what needs attention is said to a chat, once, by the syncer that was started with `--notify`.

It is said on a thread of its own, so that no slow server holds up a pass. That something was said is written down
after the chat has taken it, under a lock of all syncers of the project: what a crash or a lost answer leaves in doubt
is said again, since twice is better than never at night. The address is a secret: it is in no message of ours.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import queue
import random
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from ..errors import QuarterdeckError, SettingsError, SourceError
from ..records import SEVERITIES, Attention
from ..store import act_lock
from ..store.state import State
from ..triage.attention import beginning
from .log import LOGGER, account
from .messages import New, Place, message

if TYPE_CHECKING:
    from ..settings import Settings
    from ..sources.http import Http

PATIENCE: Final = 10.0
"""Seconds for a chat to answer."""
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 300.0
"""Seconds between two tries of one message; half of it by dice. What the chat asks for itself is waited for."""
GIVEN_UP: Final = 3_600.0
"""Seconds after which a message is tried again that the chat would not have."""
RESTS: Final = 900.0
"""Seconds for which what was said is not said again because it began anew: it comes and goes."""
_RETRIED: Final = frozenset({"unreachable", "limited", "tls"})


class Hook:
    """One webhook of the settings."""

    def __init__(self, name: str, url: str, settings: Settings) -> None:
        parts = urlsplit(url)
        self.name = name
        """The environment's variable that holds the address."""
        self.host = parts.netloc.rpartition("@")[2]
        self._origin = f"{parts.scheme}://{self.host}"
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._settings = settings

    def __repr__(self) -> str:
        return f"Hook({self.name!r})"

    async def send(self, body: bytes) -> None:
        """Have the chat take it. Raises SourceError, whose sentence holds no part of the path."""
        http = self._http()
        try:
            await http.post(self._path, body)
        finally:
            await http.close()

    def _http(self) -> Http:
        from dataclasses import replace

        from ..sources.http import Http
        from ..sources.servers import connection_to

        for logger in ("httpx", "httpcore"):  # at INFO they write whole addresses
            logging.getLogger(logger).setLevel(logging.WARNING)
        connection = connection_to(self._settings, self._origin, None)
        return Http(
            self._origin, connection=replace(connection, read=min(connection.read, PATIENCE)), explain=_explain,
            login_hint=f"Look at what ${self.name} holds.",
        )  # fmt: skip


def teller(settings: Settings, state: Path, command: str = "quarterdeck") -> Teller | None:
    """Tells the webhooks of the personal settings; None where there is none that can be told.

    `state` is state.db, `command` how the terminal is opened on this project. What is wrong with an address is
    written into the log.
    """
    hooks = []
    for section in settings.personal.webhooks:
        url = settings.environment.get(section.url_env, "").strip()
        if why := unfit(url):
            LOGGER.warning("webhook $%s: %s", section.url_env, why)
        else:
            hooks.append(Hook(section.url_env, url, settings))
    if not hooks:
        return None
    place = Place(settings.name, settings.project.environment, settings.zone, command)
    return Teller(hooks, state, place)


class Teller:
    """Call it with what needs attention, all of it or what is new: what was said already is not said again.

    Calls return at once. `close` ends it; what was not said by then is said by the next syncer that sees it.
    """

    def __init__(self, hooks: Sequence[Hook], state: Path, place: Place) -> None:
        self._place = place
        self._ended = threading.Event()
        self._lines = [_Line(hook, state, place, self._ended) for hook in hooks]

    def __call__(self, new: Sequence[New]) -> None:
        """Say these, but for those that somebody has."""
        loud = [(one, changes) for one, changes in new if not one.is_quiet]
        for line in self._lines if loud else ():
            line.add(loud)

    def close(self, seconds: float = 5.0) -> None:
        """End the threads; one that waits for a chat is left to end with the process."""
        self._ended.set()
        for line in self._lines:
            line.close(seconds)


class _Line:
    """One webhook's thread."""

    def __init__(self, hook: Hook, state: Path, place: Place, ended: threading.Event) -> None:
        self._hook = hook
        self._state = state
        self._place = place
        self._ended = ended
        self._new: queue.SimpleQueue[Sequence[New] | None] = queue.SimpleQueue()
        self._said: set[str] = set()
        """What needs no look into state.db any more."""
        self._left: dict[str, float] = {}
        """What the chat would not have, and when it is tried again."""
        self._last: dict[str, tuple[int, float]] = {}
        """By attention: how grave it was when it was said, and when that was."""
        self._thread: threading.Thread | None = None

    def add(self, new: Sequence[New]) -> None:
        """Say these when it is their turn."""
        if self._thread is None:
            name = f"webhook {self._hook.name}"
            self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
            self._thread.start()
        self._new.put(new)

    def close(self, seconds: float) -> None:
        """End."""
        self._new.put(None)
        if self._thread is not None:
            self._thread.join(seconds)

    def _serve(self) -> None:
        while (new := self._next()) is not None:
            try:
                self._say(new)
            except QuarterdeckError as error:
                LOGGER.warning("webhook $%s: %s", self._hook.name, error)
            except Exception as error:  # the boundary: the next message must have its turn
                LOGGER.error("webhook $%s: %s", self._hook.name, account(error))

    def _next(self) -> Sequence[New] | None:
        """All that waits, as one; what was handed over last counts."""
        found = self._new.get()
        with suppress(queue.Empty):
            while found is not None:
                more = self._new.get_nowait()
                found = (
                    None if more is None else [*{one.id: (one, changes) for one, changes in [*found, *more]}.values()]
                )
        return None if self._ended.is_set() else found

    def _say(self, new: Sequence[New]) -> None:
        keyed = {told_key(self._hook.name, one): (one, changes) for one, changes in new}
        now = time.monotonic()
        fresh = [
            key
            for key, (one, _) in keyed.items()
            if key not in self._said and self._left.get(key, 0.0) <= now and not self._rests(one, now)
        ]
        if not fresh:
            return
        digest = blake2b(self._hook.name.encode(), digest_size=8).hexdigest()
        while not self._ended.is_set():
            with act_lock.held(self._state, f"webhook-{digest}") as ours:
                if ours:
                    self._say_fresh(fresh, keyed)
                    return
            self._ended.wait(random.uniform(0.5, 1.5))  # noqa: S311  another syncer says something just now

    def _rests(self, one: Attention, now: float) -> bool:
        """Whether it was said a short while ago, no less grave. A line about its threshold crosses it every minute."""
        grave, at = self._last.get(one.id, (len(SEVERITIES), 0.0))
        return one.acked_before is None and SEVERITIES.index(one.severity) >= grave and now - at < RESTS

    def _say_fresh(self, fresh: Sequence[str], keyed: Mapping[str, New]) -> None:
        with State(self._state) as state:
            unsaid = [key for key in fresh if not state.was_told(key)]
            self._said.update(set(fresh) - set(unsaid))
            if not unsaid or not self._sent([keyed[key] for key in unsaid]):
                self._left |= dict.fromkeys(unsaid, time.monotonic() + GIVEN_UP)
                return
            now = time.time_ns() // 1_000_000
            for key in (told for one in unsaid for told in _covered(one)):
                state.tell_once(key, now)
        self._said.update(unsaid)
        said = time.monotonic()
        self._last |= {one.id: (SEVERITIES.index(one.severity), said) for one, _ in map(keyed.__getitem__, unsaid)}
        LOGGER.info("webhook $%s (%s): told %d", self._hook.name, self._hook.host, len(unsaid))

    def _sent(self, new: Sequence[New]) -> bool:
        """Whether the chat took it; False where it will not have it, or we end."""
        body = msgspec.json.encode(message(new, self._place))
        pause = FIRST_PAUSE
        while not self._ended.is_set():
            try:
                asyncio.run(self._hook.send(body))
            except (SourceError, SettingsError) as error:
                LOGGER.warning("webhook $%s: %s", self._hook.name, _sentence(error))
                if isinstance(error, SettingsError) or error.state not in _RETRIED:
                    return False
                self._ended.wait(_wait(error, pause))
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                return True
        return False


def told_key(name: str, one: Attention) -> str:
    """Under what it is kept that this was said: again when it began anew, got graver, or came back on who had it."""
    back = f"/{one.state}" if one.acked_before is not None else ""
    return f"webhook/{name}/{one.id}/{beginning(one)}{back}/{one.severity}"


def _covered(key: str) -> list[str]:
    """With it what is less grave is said as well: it gets better without a word."""
    head, _, severity = key.rpartition("/")
    return [f"{head}/{less}" for less in SEVERITIES[SEVERITIES.index(severity) :]]


def _sentence(error: SourceError | SettingsError) -> str:
    if isinstance(error, SourceError) and error.state == "limited":
        return "The chat asks to be left alone for a while."  # its own words may hold the address that it was asked at
    return str(error)


def _wait(error: SourceError, pause: float) -> float:
    """Seconds until the next try: what the chat asked for, or half to whole of the pause."""
    ours = pause * random.uniform(0.5, 1.0)  # noqa: S311  spreads tries, guards nothing
    asked = 0.0 if error.retry_at is None else error.retry_at / 1000 - time.time()
    return max(ours, asked)


def _explain(status: int, headers: Mapping[str, str], body: bytes) -> tuple[str, str] | None:
    """What a refusal means. Never the chat's own words: they may hold the address that it was asked at."""
    if status >= 500:
        return "unreachable", f"The chat failed on its own side ({status})."
    return "misconfigured", f"The chat does not take it ({status}): look whether the webhook still is there."


def unfit(url: str) -> str:
    """Why nothing is sent to this address; "" where it is."""
    if not url:
        return "is not set in the environment: nothing is told there."
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "holds no address: nothing is told there."
    if parts.scheme not in ("https", "http") or not parts.hostname:
        return "holds no https address: nothing is told there."
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        return "holds an address without https: nothing is told there."
    return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
