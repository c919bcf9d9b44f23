"""The times that CI systems put before each line of a log."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from ..records import Millis

# GitHub: 2024-03-01T10:00:00.1234567Z; GitLab: 2024-03-01T10:00:00.123456Z 00O (stream, and + where the line goes on);
# Jenkins' Timestamper: [2024-03-01T10:00:00.123Z]. A time without a zone belongs to the text: nobody knows whose it is.
_STAMP: Final = (
    r"\xef\xbb\xbf?\[?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)\]?(?: \d\d[OE](?:\+| |$)| |$)"
).replace(r"\xef\xbb\xbf?", r"(?:\xef\xbb\xbf)?")
STAMP: Final = re.compile(_STAMP.encode())
STAMPS: Final = re.compile(b"(?m)^" + _STAMP.encode())
LONGEST: Final = 48
"""Bytes that a time takes at most."""


def split(raw: bytes) -> tuple[Millis | None, bytes]:
    """The time before a line, in UTC milliseconds, and the line without it. What is no time stays in the line."""
    if not raw[:4].strip(b"[\xef\xbb\xbf").isdigit():
        return None, raw
    found = STAMP.match(raw, 0, LONGEST) or STAMP.match(raw)
    if found is None:
        return None, raw
    at = moment(found.group())
    return (None, raw) if at is None else (at, raw[found.end() :])


def moment(stamp: bytes) -> Millis | None:
    """A time as it stands before a line, in UTC milliseconds; None when it is on no calendar."""
    text = stamp.decode("ascii", "ignore").strip(" [").partition(" ")[0].rstrip("]").replace(",", ".")
    whole, _, rest = text.partition(".")
    digits = re.match(r"\d*", rest)
    fraction = digits.group() if digits else ""
    zone = rest[len(fraction) :] if rest else ""
    try:
        at = datetime.fromisoformat(whole + zone)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return round(at.timestamp()) * 1000 + int(fraction[:3].ljust(3, "0"))
