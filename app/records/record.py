"""What all records share."""

from __future__ import annotations

from typing import TypeAlias

import msgspec

Millis: TypeAlias = int
"""UTC milliseconds since 1970."""


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=False):
    """What all records share: frozen, keyword-only, compared by value."""
