"""Leave some of the server's limit to others: what remains of it is spread over the time until it begins anew.

GitLab's limits are per user or address, set by plan on gitlab.com and by whoever runs a server of one's own, and told
with each answer (`RateLimit-*`) where there are any. Without pacing the first sync of a long history would use up a
minute's 2,000 requests within half of it, and the same person's other tools would be refused for the rest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from ...records import Millis

_SPARED: Final = 0.25
"""Below this share of the limit requests are spread out."""
_LONGEST: Final = 5.0
"""Seconds between two requests at most: where nothing is left the server's own refusal says how long."""


class Pace:
    """Begins requests no faster than the server's limit lets them through."""

    def __init__(self, now: Callable[[], Millis], pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._now = now
        self._pause = pause
        self._turn = asyncio.Lock()
        self._limit = self._remaining = 0
        self._begins_anew: Millis = 0

    async def wait(self) -> None:
        """Until the next request may begin."""
        if self._gap() <= 0:
            return
        async with self._turn:
            if (seconds := self._gap()) > 0:
                await self._pause(seconds)
            self._remaining -= 1

    def told(self, headers: Mapping[str, str]) -> None:
        """What an answer said of the limit; one that says nothing of it sets none."""
        limit, remaining, reset = (headers.get(f"ratelimit-{name}", "") for name in ("limit", "remaining", "reset"))
        self._limit = int(limit) if limit.isdecimal() else 0
        self._remaining = int(remaining) if remaining.isdecimal() else self._limit
        self._begins_anew = int(reset) * 1000 if reset.isdecimal() else 0

    def _gap(self) -> float:
        left = (self._begins_anew - self._now()) / 1000
        if left <= 0 or self._remaining >= self._limit * _SPARED:
            return 0.0
        return min(left / max(self._remaining, 1), _LONGEST)
