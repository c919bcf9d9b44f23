"""A list that is read whole and held: what filters, sorts and folds it costs no question, and beside it something is
told of the line that the cursor rests on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from textual.timer import Timer

from ..widgets.line import Piece
from .asked_list import AskedList
from .changes import Changed
from .deck import Deck

R = TypeVar("R")
Q = TypeVar("Q")
A = TypeVar("A")

RESTS = 0.15
"""Seconds without a key before what is told of a line follows the cursor."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes."""

BY_TROUBLE = ("", False)
"""The order of the list that nobody sorted: the worst first."""


class HeldList(AskedList[R, Q, A], Generic[R, Q, A]):
    """A list of which there is no more than fits: stacks, lines of production."""

    DEFAULT_SORT = BY_TROUBLE

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._is_stale = False
        self._resting: Timer | None = None

    # -- what a kind of list names ------------------------------------------------------------------------------

    def share_room(self) -> None:
        """Give what is told of a line its room, or take it away."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def show_held(self, *, keep: bool) -> None:
        """Show of what is held the lines that match. `keep`: stay on the row under the cursor."""
        raise NotImplementedError

    def rested(self) -> None:
        """The cursor rests: tell of the line under it."""
        raise NotImplementedError

    def is_about(self, changed: Changed) -> bool:
        """Whether the lines may be others after this."""
        raise NotImplementedError

    def empty_words(self) -> Sequence[Piece]:
        """What stands where there is no line."""
        raise NotImplementedError

    # -- the room, and reading ---------------------------------------------------------------------------------

    def on_resize(self) -> None:
        """There is more room, or less."""
        if self.is_composed:
            self.share_room()
            self._rest()

    def first_rows(self) -> None:
        """Ask for the list."""
        self.share_room()
        self.table.say([("reading …", "dim")])
        self.read()

    def reload(self, *, keep: bool) -> None:
        """Show the lines that match; where nothing was read yet, read."""
        if self._listed is None:
            self.read()
        else:
            self.show_held(keep=keep)

    def read(self) -> None:
        """Read anew, on a thread; what is on the screen stays until the answer is there."""
        self._is_stale = False
        super().reload(keep=True)

    def present(self, answer: A) -> None:
        """Hold this, and show it."""
        self._listed = answer
        self.show_held(keep=True)

    # -- the cursor ---------------------------------------------------------------------------------------------

    def on_record_table_moved(self) -> None:
        """What is told follows after a rest: over a slow line it must not follow each key."""
        self._rest()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if self.is_ready:
            self.rested()

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        self._is_stale = self._is_stale or self.is_about(changed)
        if self._is_stale and self.is_current:
            self.look_again_in(CHANGES_AT_MOST_EVERY)
        if self.is_ready:
            self.table.say(self.empty_words())  # a source was found, or has gone
        super().cache_changed(changed)

    def look_again(self) -> None:
        """The cache has changed, a while ago."""
        if self._is_stale and self.is_current:
            self.read()

    def on_screen_resume(self) -> None:
        """The screen on top is gone: what came in the meantime is shown."""
        if self._is_stale and self.is_ready:
            self.read()
