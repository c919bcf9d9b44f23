"""A body that is read piece by piece, because it may be of any size."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from .silence import failures

if TYPE_CHECKING:
    import httpx

    from ..errors import SourceError

_PIECE: Final = 256 * 1024
"""Bytes of one piece at most."""
_LONGEST: Final = 600.0
"""Seconds that a body may take in all: 100 MB at 1.4 Mbit/s."""


class Pieces:
    """The body of a good answer, once: `async for piece in pieces`. `headers` have names in lower case."""

    def __init__(self, response: httpx.Response, host: str, failure: Callable[[BaseException], SourceError]) -> None:
        self.host = host
        """Who sends it: another server than was asked, after a redirect."""
        self.status = response.status_code
        self.headers: Mapping[str, str] = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._failure = failure

        self._body = response.aiter_bytes(_PIECE)
        self._end = time.monotonic() + _LONGEST

    def __aiter__(self) -> Pieces:
        """The pieces, once."""
        return self

    async def __anext__(self) -> bytes:
        """The next piece, unpacked, of at most 256 KB. Raises SourceError when the connection breaks."""
        try:
            # a time limit for each piece: one around them all would strike while the reader writes a piece away
            async with asyncio.timeout(max(self._end - time.monotonic(), 0)):
                return await anext(self._body)
        except failures() as error:
            raise self._failure(error) from error
