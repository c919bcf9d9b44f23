"""Records as SQLite and msgpack take them: UTF-8 has no halves of a surrogate pair."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Final, TypeVar

import msgspec

from .pipeline_writes import storable

_Struct = TypeVar("_Struct", bound=msgspec.Struct)

encode: Final = msgspec.msgpack.Encoder(order="deterministic").encode
"""msgpack that does not depend on the order in which a vendor says tags."""


def digest(what: Any) -> bytes:
    """A hash of a record that can be written: equal where nothing changed."""
    return blake2b(encode(what), digest_size=8).digest()


def writable(record: _Struct) -> _Struct:
    """The same record, or where a text of it cannot be written one that has that spelled out, `\\ud800`."""
    try:
        encode(record)
    except UnicodeEncodeError:
        return msgspec.convert(_spelled_out(msgspec.to_builtins(record)), type(record))
    return record


def _spelled_out(what: Any) -> Any:
    if isinstance(what, str):
        return storable(what)
    if isinstance(what, dict):
        return {_spelled_out(name): _spelled_out(value) for name, value in what.items()}
    return [_spelled_out(one) for one in what] if isinstance(what, list | tuple) else what
