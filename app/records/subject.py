"""How things are spoken of: run/ID, model/NAME, pipeline/ID ..."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote

from ..errors import UsageError
from .record import Record

SUBJECT_PARTS: Mapping[str, tuple[str, ...]] = {
    "run": ("id",),
    "model": ("name", "version?"),
    "alias": ("name@alias",),
    "pipeline": ("id",),
    "job": ("id",),
    "check": ("id",),
    "result": ("id",),
    "commit": ("sha",),
    "dataset": ("name@digest",),
    "experiment": ("id",),
    "series": ("key",),
    "alert": ("fingerprint",),
    "resource": ("stack", "address?"),
    "source": ("key",),
    "event": ("id",),
    "attention": ("id",),
    "project": ("name",),
}
"""What can be spoken of, and the parts that name it. A `?` part may be left out; `a@b` is one part in two."""


class Subject(Record, frozen=True, kw_only=True):
    """A thing that can be spoken of: `run/ID`, `model/N/V`, `alias/N@A` ... Parts are percent-encoded when written."""

    kind: str
    parts: tuple[str, ...]

    def __str__(self) -> str:
        words = [quote(part, safe="") for part in self.parts]
        if "@" in SUBJECT_PARTS[self.kind][0]:
            return f"{self.kind}/{'@'.join(words)}"
        return "/".join([self.kind, *words])


def article(noun: str) -> str:
    """`a run`, `an event`."""
    return f"{'an' if noun[:1] in tuple('aeio') else 'a'} {noun}"


def parse_subject(written: str) -> Subject:
    """`run/4f2c` -> Subject. Raises UsageError with what is allowed."""
    if any("\ud800" <= character <= "\udfff" for character in written):  # bytes of a command line that are no UTF-8
        raise UsageError("What was given names nothing: it is no UTF-8.")
    kind, slash, rest = written.partition("/")
    shape = SUBJECT_PARTS.get(kind)
    if not slash or not rest or shape is None:
        known = ", ".join(SUBJECT_PARTS)
        raise UsageError(f"“{written}” names nothing: write KIND/NAME with a kind of {known}.")
    words = rest.split("@") if "@" in shape[0] else rest.split("/")
    least = sum(not part.endswith("?") for part in shape) if "@" not in shape[0] else 2
    most = len(shape) if "@" not in shape[0] else 2
    if not least <= len(words) <= most or not all(words):
        form = "/".join([kind, *(part.upper().rstrip("?") for part in shape)])
        raise UsageError(f"“{written}” has the wrong number of parts: {article(kind)} is written {form}.")
    return Subject(kind=kind, parts=tuple(unquote(word) for word in words))
