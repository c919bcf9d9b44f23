"""All that happened, of both files: what vendors keep a record of, what only we have seen, and what explains it."""

from __future__ import annotations

from ..records import Event, Millis
from .event_order import find_events
from .explainer import Explainer as Explainer  # here as well, for those who ask what explains a move
from .explainer import governed as governed
from .reading import Reader
from .state import State


def happened(
    reader: Reader | None, state: State, limit: int, since: Millis | None = None, until: Millis | None = None
) -> list[Event]:
    """The newest events, newest first, from `since` until before `until`. None: there is no cache yet."""
    return find_events(reader, state, None, limit=limit, since=since, until=until)
