"""What a server answered, and how much of its body is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

from ..errors import SourceError
from . import trouble

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

LARGEST: Final = 64 * 1024 * 1024
"""Bytes of one answer (unpacked) that are accepted unless the caller says otherwise."""
PACKINGS: Final = "gzip, deflate"
"""Ways of packing a body that are asked for."""
_PACKINGS: Final[tuple[list[str], ...]] = ([], ["identity"], ["gzip"], ["deflate"])


@dataclass(frozen=True)
class Answer:
    """A good answer (below 300; 304 with an empty body): headers with names in lower case, and the body."""

    host: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, decoder: msgspec.json.Decoder[T]) -> T:
        """The body, decoded. Raises SourceError("not_understood") for a web page, a cut or another shape."""
        try:
            return decoder.decode(self.body)
        except msgspec.MsgspecError as error:
            raise trouble.broken_json(self.host, self.body, self.headers, error) from error


class Cut(int):
    """A limit in bytes at which the reading of an answer ends well, instead of being refused."""


def check_packing(response: httpx.Response) -> None:
    """Raise SourceError("not_understood") for a body that is packed otherwise than once in a way that is asked for.

    The HTTP library unpacks all but the last layer whole: a few hundred bytes, packed twice, become gigabytes before
    a piece of them is seen and counted.
    """
    named = [name.strip().lower() for name in response.headers.get_list("content-encoding", split_commas=True)]
    if [name for name in named if name] not in _PACKINGS:
        raise SourceError(
            f"{_host(response)} packs its answer in a way that is not asked for ({trouble.quoted(', '.join(named))}):"
            " it is not read. A proxy may be to blame.",
            "not_understood",
        )


async def content(response: httpx.Response, limit: int) -> bytes:
    """The body, unpacked, of at most `limit` bytes. Raises TooLargeError, unless `limit` is a Cut."""
    pieces: list[bytes] = []
    size = 0
    async for piece in response.aiter_bytes():
        size += len(piece)
        if size > limit and isinstance(limit, Cut):
            pieces.append(piece)
            break
        if size > limit:
            raise trouble.TooLargeError(
                f"{_host(response)} sends more than {limit // 2**20} MB in one answer: it is not read further.",
                "not_understood",
            )
        pieces.append(piece)
    return b"".join(pieces)[:limit]


def _host(response: httpx.Response) -> str:
    return response.url.netloc.decode("ascii")
