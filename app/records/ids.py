"""Identifiers of our own making."""

from __future__ import annotations

import secrets

from .record import Millis


def ulid(now: Millis) -> str:
    """A ULID: 48 bits of time and 80 of chance in Crockford's base 32, so that ids sort by time."""
    number = now << 80 | secrets.randbits(80)
    return "".join("0123456789ABCDEFGHJKMNPQRSTVWXYZ"[number >> shift & 31] for shift in range(125, -1, -5))
