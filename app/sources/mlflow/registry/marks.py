"""Where a registry's sync stands: the cursor, as typed marks."""

from __future__ import annotations

import msgspec

from ....records import Millis
from ..cursor import CursorMarks
from .aliases import Shown
from .place import Place


class Marks(CursorMarks):
    """The cursor."""

    polled_at: Millis | None = None
    """The server's clock at the last pass. None: never yet."""
    aliases: dict[str, Shown] = msgspec.field(default_factory=dict)
    """By registered model, as at the last pass; those without an alias are left out."""
    sweep: Place = msgspec.field(default_factory=Place)
    in_prompts: bool = False
    """Whether the sweep has done with the versions of models, and is at those of prompts."""
    sweep_began: Millis = 0
    """By our own clock, as the cache's."""
    swept: int = 0
    """Versions that the sweep met so far in the list before."""
    logged: list[str] = msgspec.field(default_factory=list)
    """Logged models of versions that the sweep met, still to be read."""
    whole: bool = False
    """Whether all versions were read once."""
    versions: int = 0
    """Versions that the last whole reading met."""
    sweep_period: int | None = None

    @property
    def met(self) -> int:
        """Versions that the sweep met so far."""
        return self.swept + self.sweep.read

    def begin_sweep(self, now: Millis) -> None:
        """Start over at the newest version."""
        self.sweep, self.in_prompts, self.swept, self.sweep_began = Place(), False, 0, now

    def go_on_with_prompts(self) -> None:
        """The versions of models were all met."""
        self.swept += self.sweep.read
        self.sweep, self.in_prompts = Place(), True

    def end_sweep(self, now: Millis) -> None:
        """All versions were met: keep how long it took and begin the next sweep."""
        self.versions = self.met
        self.sweep_period = max(now - self.sweep_began, 1)
        self.whole = True
        self.begin_sweep(now)

    def expected_period(self, now: Millis) -> int | None:
        """Milliseconds that the sweep under way will take at its present pace; the last one's until it is told."""
        share = self.met / self.versions if self.versions else 0.0
        if share < 0.1:
            return self.sweep_period
        return int((now - self.sweep_began) / share)
