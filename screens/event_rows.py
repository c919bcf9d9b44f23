"""The rows of the list of events: a window of what happened, and between them the stretches in which nobody looked."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..app.records import Event, Gap, Millis

AHEAD = 60
"""Events that are read beyond a window: the next page is there when it is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLine:
    """A line of the table."""

    event: Event | None = None
    gap: Gap | None = None
    now: Millis = 0

    @property
    def key(self) -> str:
        """What names it across changes."""
        return self.event.id if self.event is not None else f"gap {self.gap.since}" if self.gap is not None else ""


class EventRows:
    """The rows of the table. `starts`: by the end of each gap, how many events are newer than that."""

    def __init__(
        self,
        events: Mapping[int, Event],
        count: int,
        gaps: Sequence[Gap],
        starts: Mapping[Millis, int],
        window: Callable[[int, int], Mapping[int, Event]],
        now: Millis,
    ) -> None:
        self._events = dict(events)
        self._count = count
        self._window = window
        self._now = now
        placed = sorted(((starts[gap.until], gap) for gap in gaps if gap.until in starts), key=lambda one: one[0])
        self._gaps = [gap for _, gap in placed]
        self._rows_of_gaps = [start + at for at, (start, _) in enumerate(placed)]
        self.is_waiting = False
        """Some were asked for and did not come in time."""

    def count(self) -> int:
        """How many there are."""
        return self._count + len(self._gaps)

    def rows(self, start: int, stop: int) -> Sequence[EventLine | None]:
        """These lines; those that did not come in time are None."""
        stop = min(stop, self.count())
        wanted = [self._place(index) for index in range(start, stop) if self._gap(index) is None]
        if any(place not in self._events for place in wanted):
            self._fetch(wanted[0], wanted[-1] + 1)
        return [self._line(index) for index in range(start, stop)]

    def key(self, index: int) -> str | None:
        """What names the line; None where it is not known yet."""
        line = self._line(index) if 0 <= index < self.count() else None
        return line.key if line is not None else None

    def depth(self, index: int) -> int:
        """A flat list."""
        return 0

    def context(self, index: int) -> bool:
        """All of them match."""
        return False

    def index_of(self, place: int) -> int:
        """In which row the event at a place stands."""
        # a gap before it moves it on, which may bring it behind the next one
        index = place
        for row in self._rows_of_gaps:
            index += row <= index
        return index

    def event(self, index: int) -> Event | None:
        """The event in a row, where it is known."""
        line = self._line(index) if 0 <= index < self.count() else None
        return line.event if line is not None else None

    def _gap(self, index: int) -> Gap | None:
        at = bisect_left(self._rows_of_gaps, index)
        return self._gaps[at] if at < len(self._gaps) and self._rows_of_gaps[at] == index else None

    def _place(self, index: int) -> int:
        return index - bisect_right(self._rows_of_gaps, index)

    def _line(self, index: int) -> EventLine | None:
        gap = self._gap(index)
        if gap is not None:
            return EventLine(gap=gap, now=self._now)
        event = self._events.get(self._place(index))
        return EventLine(event=event, now=self._now) if event is not None else None

    def _fetch(self, start: int, stop: int) -> None:
        if len(self._events) > 4_000:  # somebody pages through a million
            self._events.clear()
        found = self._window(max(0, start - AHEAD), min(self._count, stop + AHEAD))
        self._events.update(found)
        self.is_waiting = any(place not in self._events for place in range(start, min(stop, self._count)))


def starts_in(events: Mapping[int, Event], gaps: Sequence[Gap]) -> dict[Millis, int]:
    """Where the gaps stand among the first events: those that end before the last of them are left out."""
    if not events:
        return {}
    times = [-events[place].at for place in sorted(events)]
    return {gap.until: bisect_left(times, -gap.until) for gap in gaps if -gap.until <= times[-1]}
