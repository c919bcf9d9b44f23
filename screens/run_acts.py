"""What can be done with runs, on every screen that shows some: each key once, for the marked or the one in sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from ..app.records import Run
from .frame import FrameScreen


class RunActs(FrameScreen):
    """Keys that act on `chosen_runs`."""

    BINDINGS: ClassVar[list[BindingType]] = []

    def chosen_runs(self) -> Sequence[Run]:
        """The marked runs, else the one under the cursor or on the page; none where there is no run."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together
