"""The run under the cursor, beside a table that leaves room for it."""

from __future__ import annotations

from ..widgets.pages import Pages
from ..widgets.palette import Palette
from .deck import Deck
from .run import facts_of
from .run_page import narrow_page

WITH_PANE = 160
"""Columns of the terminal from which on the run under the cursor stands beside the table."""


class RunPane(Pages):
    """A run in one column. It never has the focus: the keys stay with the table."""

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002  Textual's word
        super().__init__(palette, id=id)
        self.can_focus = False  # the class says True, for pages that are screens of their own

    def take_room(self, width: int) -> None:
        """Stand beside the table where the terminal is `width` columns wide and that is enough."""
        self.display = width >= WITH_PANE
        self.styles.width = max(46, min(66, width - 122))

    def show_run(self, deck: Deck, run_id: str) -> None:
        """Show a run as the cache has it now."""
        facts = facts_of(deck.reader, run_id) if self.display else None
        if facts is not None:
            self.top = 0
            self.show(narrow_page(facts, self.size.width, deck.now(), deck.zone))
