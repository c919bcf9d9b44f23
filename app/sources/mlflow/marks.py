"""Where a tracking server's sync stands: the cursor, as typed marks.

Nothing in MLflow says "changed since", and its page tokens are offsets that shift when runs arrive. So history is
read in windows of time, newest first: a window remembers how far down it was read, and a killed sync goes on
there. The windows not yet read to their end are part of the cursor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from ...records import Millis
from .cursor import CursorMarks

TimeColumn = Literal["start_time", "end_time"]


class Window(msgspec.Struct):
    """Runs whose `by` lies in low..high (both included, None: open), read newest first."""

    by: TimeColumn = "start_time"
    low: Millis | None = None
    high: Millis | None = None
    token: str = ""
    """The server's page token, used only while a whole page has one and the same time."""
    read: int = 0
    experiments: list[str] | None = None
    """Only these; None for all of the source."""

    def filter(self) -> str:
        """The window in MLflow's grammar; empty when it is open on both sides."""
        parts = []
        if self.low is not None:
            parts.append(f"attributes.{self.by} >= {self.low}")
        if self.high is not None:
            parts.append(f"attributes.{self.by} <= {self.high}")
        return " and ".join(parts)

    def order(self) -> str:
        """Newest first; the server breaks ties by run id."""
        return f"attributes.{self.by} DESC"

    def advance(self, times: Sequence[int], token: str) -> int:
        """Move below a page that has these times (newest first) and `token` for the next one.

        Gives how many runs of the page are done with: those that share the time of the last one come again with
        the next page, because more of them may follow. A page of one single time is paged through by token.
        """
        if not times or times[0] == times[-1]:
            self.token = token
            self.read += len(times)
            return len(times)
        last = times[-1]
        kept = sum(1 for time in times if time > last)
        self.high, self.token = last, ""
        self.read += kept
        return kept


class Marks(CursorMarks):
    """The cursor."""

    experiments: list[str] = msgspec.field(default_factory=list)
    """Ids met so far: one that is new may bring old runs."""
    polled_at: Millis | None = None
    """The server's clock at the last pass. None: never yet."""
    backlog: list[Window] = msgspec.field(default_factory=list)
    """Windows that the passes opened and did not finish."""
    running: list[str] = msgspec.field(default_factory=list)
    """Runs that were running at the last pass, the newest of them."""
    running_below: Millis | None = None
    """Where the older running runs go on at the next pass, when there are more than a page of them."""
    sweep: Window = msgspec.field(default_factory=Window)
    sweep_began: Millis = 0
    """By our own clock, as the cache's."""
    whole: bool = False
    """Whether the whole history was read once."""
    runs: int = 0
    """Runs that the last whole reading met."""
    sweep_period: int | None = None

    def begin_sweep(self, now: Millis) -> None:
        """Start over at the newest run."""
        self.sweep = Window()
        self.sweep_began = now

    def end_sweep(self, now: Millis) -> None:
        """The whole history was read: keep how long it took and begin the next sweep."""
        self.runs = self.sweep.read
        self.sweep_period = max(now - self.sweep_began, 1)
        self.whole = True
        self.begin_sweep(now)

    def expected_period(self, now: Millis) -> int | None:
        """Milliseconds that the sweep under way will take at its present pace; the last one's until it is told."""
        share = self.sweep.read / self.runs if self.runs else 0.0
        if share < 0.1:
            return self.sweep_period
        return int((now - self.sweep_began) / share)
