"""A history as one small blob: its items are few, though it speaks of them in many ways."""

from __future__ import annotations

from typing import Final

import msgspec

from ..records import Millis
from .check_history import Change, History, Item, TurnKind

_PLACES: Final = (
    "oldest", "newest", "first_firm", "last_firm", "since", "before", "passed", "first_rule", "last_rule",
)  # fmt: skip
_NONE: Final = 255


class _Packed(msgspec.Struct, frozen=True, array_like=True):
    items: tuple[Item, ...]
    places: bytes
    """Which of the items each name of `_PLACES` means, and the two of the change."""
    count: int
    times: tuple[Millis, ...]
    verdicts: str
    change: TurnKind | None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Packed).decode


def packed(history: History) -> bytes:
    """As it is kept: 200 bytes for a check that passes, where 1,000 would name each item anew."""
    change = history.change
    named = [getattr(history, name) for name in _PLACES]
    named += [None, None] if change is None else [change.item, change.before]
    found: dict[Item, int] = {}
    places = bytes(_NONE if item is None else found.setdefault(item, len(found)) for item in named)
    kind = None if change is None else change.kind
    return _encode(_Packed(tuple(found), places, history.count, history.times, history.verdicts, kind))


def unpacked(blob: bytes) -> History:
    """The same again."""
    kept = _decode(blob)
    items = kept.items
    named = [None if place == _NONE else items[place] for place in kept.places]
    oldest, newest, first_firm, last_firm, since, before, passed, first_rule, last_rule, changed, unlike = named
    assert oldest is not None
    assert newest is not None
    change = None if kept.change is None or changed is None or unlike is None else Change(kept.change, changed, unlike)
    return History(
        oldest, newest, kept.count, kept.times, kept.verdicts, first_firm, last_firm, since, before, passed, first_rule,
        last_rule, change,
    )  # fmt: skip
