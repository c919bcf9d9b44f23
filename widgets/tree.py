"""An outline whose rows stand in a tree: Space and the arrows fold and unfold."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from .outline import E, Outline


class TreeOutline(Outline[E]):
    """The rows, and keys that ask for more or less of the one under the cursor. What is folded the screen knows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "space", "turn", "fold", id="tree.turn", key_display="Space", tooltip="Unfold the row, or fold it away"
        ),
        Binding("left", "fold", "Fold, then go to what it hangs on", id="tree.fold", show=False),
        Binding("right", "unfold", "Unfold, then go below", id="tree.unfold", show=False),
    ]

    class Folded(Message):
        """A key asks for less of the row under the cursor, for more of it, or for the next of both in turn."""

        def __init__(self, to: str) -> None:
            super().__init__()
            self.to = to

    def action_turn(self) -> None:
        """More of it while there is more, then less."""
        self.post_message(self.Folded("turn"))

    def action_fold(self) -> None:
        """Less of it."""
        self.post_message(self.Folded("fold"))

    def action_unfold(self) -> None:
        """More of it."""
        self.post_message(self.Folded("unfold"))
