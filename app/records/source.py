"""A source and how it is doing."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .record import Millis, Record

SourceCondition: TypeAlias = Literal[
    "ok", "stale", "unauthorised", "forbidden", "limited", "unreachable", "tls", "not_understood",
    "misconfigured", "untrusted", "never",
]  # fmt: skip
SOURCE_STATES: tuple[str, ...] = (
    "ok", "stale", "unauthorised", "forbidden", "limited", "unreachable", "tls", "not_understood",
    "misconfigured", "untrusted", "never",
)  # fmt: skip


class SourceSpec(Record, frozen=True, kw_only=True):
    """Which source this is. `key` = hash(kind, canonical base URL, repository or namespace)."""

    key: str
    kind: str
    """git, mlflow, github ..."""
    name: str
    """The label of the settings; default the kind. Unique in a project."""
    address: str
    """Where it reads, without credentials: a URL or a path."""


class SourceState(Record, frozen=True, kw_only=True):
    """How a source is doing, with a sentence a person can act on when it is not well."""

    source: str
    """Key of the source."""
    kind: str
    name: str
    address: str = ""
    state: str = "never"
    last_ok_at: Millis | None = None
    last_error: str | None = None
    sentence: str = ""
    next_try_at: Millis | None = None
    sweep_period: int | None = None
    """Milliseconds that one sweep over the whole history takes at the present pace."""
    items: int = 0
    as_of: Millis | None = None
    """When what it reads was fetched, for a source that reads a copy (a Git mirror); None: as it is now."""
    done: int | None = None
    """While a first sync or a sweep runs: items so far ..."""
    total: int | None = None
    """... and in all, where that is known."""
