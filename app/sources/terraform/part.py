"""What one file says of a stack, and the forms that words of it must have to be kept. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import blake2b
from typing import Final, Literal

from ...records import Millis, Record, Resource
from ...records.infra import ResourceAction
from ..checks.masking import masked
from ..checks.reading import UnreadableError

MOST_RESOURCES: Final = 100_000
"""Resources of one stack that are read; a large one has a few thousand."""
MOST_ERRORS: Final = 20
_MOST_NAMES: Final = 100
_LONGEST: Final = 1_000
"""Characters of an address. Those that are longer end with a hash of the whole."""

_NAME: Final = re.compile(r"[^\W\d][\w-]{0,199}")
_PROVIDER: Final = re.compile(r"[\w.-]{1,100}(?:/[\w.-]{1,100}){0,2}")
_WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,79}")
_DEPOSED: Final = re.compile(r"[0-9a-f]{1,16}")
_VERSION: Final = re.compile(r"v?\d{1,4}(?:\.\d{1,6}){0,3}[\w.+-]{0,40}")


class Part(Record, frozen=True, kw_only=True):
    """One plan, state or log."""

    form: Literal["plan", "state", "log"]
    tool: str = ""
    """As far as it says: opentofu or terraform."""
    version: str = ""
    at: Millis | None = None
    """When it was planned or applied, by the file itself."""
    resources: tuple[Resource, ...] = ()
    errors: tuple[str, ...] = ()
    """Summaries, masked."""
    has_failed: bool = False
    is_apply: bool = False
    """A log of what was done, and not of what would be."""
    is_over: bool = True
    """It holds the tool's last word: of a log that nobody has ended, more may come."""
    changes: bool = False
    """It would change something, be it outputs or addresses only."""
    complaint: str = ""
    digest: str = ""
    """Of the file as a whole."""
    written_at: Millis = 0
    """When the file was written, or the pipeline that kept it ended."""
    origin: str = ""
    commit: str | None = None
    pipeline_id: str | None = None

    @property
    def time(self) -> Millis:
        """When it was so."""
        return self.at if self.at is not None else self.written_at


def address_of(text: str, deposed: str = "") -> str:
    """An address as it is kept. An object that a failed replacement left behind has one of its own, as in the tool's
    own words: `aws_lb.api (deposed object 9f3ad1c0)`."""
    plain = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if len(plain) > _LONGEST:
        plain = f"{plain[: _LONGEST - 17]}…{blake2b(plain.encode(), digest_size=8).hexdigest()}"
    if not deposed:
        return plain
    return f"{plain} (deposed object {deposed})" if _DEPOSED.fullmatch(deposed) else f"{plain} (deposed object)"


def name_of(text: str) -> str:
    """A name out of the code or a schema; "" for what is none."""
    return text if _NAME.fullmatch(text) else ""


def names_of(found: Iterable[str]) -> tuple[str, ...]:
    """Names of attributes, each once and in order; at most a hundred."""
    return tuple(sorted({name for name in found if _NAME.fullmatch(name)})[:_MOST_NAMES])


def provider_of(text: str) -> str:
    """A provider's address; "" for what is none."""
    return text if _PROVIDER.fullmatch(text) else ""


def word_of(text: str) -> str:
    """One of the tool's own words, such as a reason; "" for what is none."""
    return text if _WORD.fullmatch(text) else ""


def version_of(text: str) -> str:
    """A version; "" for what is none."""
    return text if _VERSION.fullmatch(text) else ""


def action_of(actions: Iterable[str]) -> ResourceAction:
    """What a plan would do, by its words for it: `["delete", "create"]` is to replace."""
    words = set(actions)
    if "create" in words and words in ({"create", "delete"}, {"create", "forget"}):
        return "replace"
    word = words.pop() if len(words) == 1 else ""
    known: dict[str, ResourceAction] = {
        "no-op": "no-op", "create": "create", "read": "read", "update": "update", "delete": "delete",
        "forget": "forget",
    }  # fmt: skip
    return known.get(word, "unknown")


def error_of(summary: str, address: str = "") -> str:
    """An error as it is kept: its summary alone, masked. Its details quote the code, and values."""
    said = masked(summary) or "An error without words."
    return f"{address_of(address)}: {said}" if address else said


def check_major(path: str, what: str, version: str) -> None:
    """Raise UnreadableError for a format that nobody here knows."""
    major = version.partition(".")[0]
    if major not in ("0", "1"):
        said = version_of(version) or "no version"
        raise UnreadableError(path, f"its {what} is {said}, and 0 and 1 are read")
