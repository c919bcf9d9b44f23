"""How far a list was read that the server pages by offset.

MLflow's page token is base64 of `{"offset": n}`. What is deleted above shifts the rest up: the next page would leave
as many rows out. So each page begins a few rows early, and counts only when those rows are there. Tokens of another
make are sent back as they came.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import msgspec

_EARLY: Final = 10
"""Rows that two pages share: so many less one may be deleted between two requests."""


class _Offset(msgspec.Struct, forbid_unknown_fields=True):
    offset: int


class Place(msgspec.Struct):
    """Where a list is read on, as part of a cursor."""

    token: str = ""
    """The server's, for the next page; "" at the beginning."""
    tail: list[str] = msgspec.field(default_factory=list)
    """The last rows before it."""
    read: int = 0

    @property
    def asked(self) -> str:
        """The token to send."""
        offset = _offset(self.token)
        if offset is None or not self.tail:
            return self.token
        return _token(max(offset - len(self.tail), 0))

    def joins(self, rows: Sequence[str]) -> int | None:
        """How many of the page's first rows were read before; None when some may be missing in between."""
        if not self.tail or _offset(self.token) is None:
            return 0
        known = set(self.tail)
        met = [index for index, row in enumerate(rows) if row in known]
        return met[-1] + 1 if met else None

    def advance(self, rows: Sequence[str], token: str, fresh: int) -> None:
        """Move below a page; `fresh` of its rows were not read before."""
        self.token = token
        self.tail = list(rows[-_EARLY:])
        self.read += fresh


def _offset(token: str) -> int | None:
    try:
        return msgspec.json.decode(base64.b64decode(token, validate=True), type=_Offset).offset
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None


def _token(offset: int) -> str:
    return base64.b64encode(msgspec.json.encode({"offset": offset})).decode() if offset else ""
