"""What one look saw, as it is kept and shown: attentions, what was looked at, and how old that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ..errors import StoreError
from ..records import Attention, Changes, Millis, Record
from ..store.state import State

_FORM: Final = 1
"""Of the snapshot. One of another form was written by another program, and is looked for anew."""


class Sight(Record, frozen=True, kw_only=True):
    """What a look saw at a moment."""

    at: Millis
    attentions: tuple[Attention, ...] = ()
    """The worst first, of equals what began last; those that somebody has at the end."""
    watched: tuple[tuple[str, int], ...] = ()
    """What was looked at, and how many of it: series, models (in production), checks, pipelines (by name and branch),
    runs (that run now), datasets (that production uses), stacks, sources."""
    oldest: Millis | None = None
    """Of the newest answers of all sources the oldest: when that was true. None: no source ever answered."""
    oldest_source: str = ""
    """The label of that source."""
    happened: tuple[tuple[str, int], ...] = ()
    """Events since `since`: kind and how many, what happens least often first."""
    since: Millis | None = None
    """When the user last looked at the Watch, at most seven days ago; a day ago where nobody ever did."""
    next_due: Millis | None = None
    """When a look may see something else though nothing was written: a line gets stale, a check falls silent."""
    memory: Any = None
    """What the next look goes on from. Never kept: another process looks at everything once."""

    @property
    def is_blind(self) -> bool:
        """Nothing but sources was looked at: that nothing needs attention says nothing."""
        return not any(number for name, number in self.watched if name != "sources")


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot, as JSON."""

    form: int
    at: Millis
    attentions: tuple[Attention, ...]
    watched: tuple[tuple[str, int], ...]
    oldest: Millis | None
    oldest_source: str
    happened: tuple[tuple[str, int], ...]
    since: Millis | None
    next_due: Millis | None
    changes: dict[str, Changes]


_OWN: Final = ("at", "attentions", "watched", "oldest", "oldest_source", "happened", "since", "next_due")


def sight_to_json(sight: Sight, changes: Mapping[str, Changes]) -> dict[str, Any]:
    """A sight, with what changed before each attention by its id, as values that JSON takes."""
    own = {name: getattr(sight, name) for name in _OWN}
    kept: dict[str, Any] = msgspec.to_builtins(_Kept(form=_FORM, changes=dict(changes), **own))
    return kept


def sight_from_json(kept: Mapping[str, Any]) -> tuple[Sight, dict[str, Changes]]:
    """The other way. Raises StoreError for a snapshot of another form."""
    try:
        read = msgspec.convert(kept, _Kept)
    except msgspec.ValidationError as error:
        raise StoreError(f"What was seen last cannot be read: {error}.") from error
    if read.form != _FORM:
        raise StoreError(f"What was seen last is of another form: {read.form}.")
    return Sight(**{name: getattr(read, name) for name in _OWN}), read.changes


def kept_sight(state: State) -> tuple[Millis, Sight, dict[str, Changes]] | None:
    """What the syncer saw last, when it kept that, and what had changed; None where there is nothing to go by."""
    kept = state.sight()
    if kept is None:
        return None
    try:
        return (kept[0], *sight_from_json(kept[1]))
    except StoreError:
        return None  # of another version of this program: the next look writes it anew
