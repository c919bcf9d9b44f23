"""The cursor: how far the history was handed over.

Whatever can be reached from a commit in `known` was handed over. A walk that was cut short is kept with the tips
that it began at, so that it goes on behind its last commit even when the branches have moved since; the new
commits follow in a second walk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from ...records import Millis

_REMEMBERED: Final = 64
"""Former heads that are kept: after a force-push and a gc one of them is still there to stop the next walk."""


class Walk(msgspec.Struct, frozen=True):
    """One walk over the history: all that `tips` reach and `known` do not."""

    tips: tuple[str, ...]
    known: tuple[str, ...] = ()
    done: int = 0
    """Commits handed over so far ..."""
    last: str = ""
    """... and the last of them: a walk that does not meet it again in its place starts anew."""


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where the source stands."""

    known: tuple[str, ...] = ()
    """Oldest first."""
    walk: Walk | None = None
    refs: str = ""
    """Digest of the refs that were handed over last, and of which of them are watched."""
    boundary: str = ""
    """Digest of where a shallow clone's history is cut off; it moves when the clone is deepened."""
    fetched_at: Millis | None = None
    promotions: str = ""
    """Digest of what was handed over last of what is written down of promotions, and of the policy."""
    notes: str = ""
    """The commit of the notes that were handed over last ..."""
    noted: int = 0
    """... and how many they are with those before; 0: what is new to them cannot be told."""

    def walked(self, tips: Iterable[str]) -> Standing:
        """After a walk from `tips` has ended: they and the latest former ones are known."""
        now = tuple(dict.fromkeys(tips))
        before = [sha for sha in self.known if sha not in now]
        return msgspec.structs.replace(self, known=(*before[-_REMEMBERED:], *now), walk=None)

    def but(self, **changes: Any) -> Standing:
        """A copy with these fields changed."""
        return msgspec.structs.replace(self, **changes)

    def cursor(self) -> dict[str, Any]:
        """As JSON values."""
        built = msgspec.to_builtins(self)
        assert isinstance(built, dict)
        return built


def read_standing(cursor: Mapping[str, Any]) -> Standing:
    """The standing that a cursor holds; the very beginning where it is empty or another version's."""
    try:
        return msgspec.convert(dict(cursor), Standing)
    except msgspec.ValidationError:
        return Standing()
