"""A page that is an outline, narrowed to the rows that hold what is typed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from ..widgets.prompt import Prompt
from .deck import Deck
from .frame import FrameScreen


class Narrowing(FrameScreen):
    """What `/` and Escape do on such a page. A subclass draws `needle` when `narrowed` is called."""

    NARROW_HINT: ClassVar[str] = "words that a name or value holds"

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self.needle = ""
        """Words of which each row holds every one; "" for all rows."""

    def narrowed(self) -> None:
        """Show other rows from now on, from the first."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def narrow_words(self) -> Iterable[str]:
        """What completes the words that are typed."""
        return ()

    def action_filter(self) -> None:
        """Narrow the page to rows that hold what is typed."""
        self.query_one("#keys").display = False
        self.prompt.ask("narrow", self.needle, self.NARROW_HINT, self.narrow_words())

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Follow what is typed."""
        if event.purpose == "narrow":
            self._narrow(event.value)

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Keep it."""
        if event.purpose == "narrow":
            self._narrow(event.value)
            self._close_prompt()

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Show everything again."""
        if event.purpose == "narrow":
            self._narrow("")
            self._close_prompt()

    def _narrow(self, needle: str) -> None:
        if needle != self.needle:
            self.needle = needle
            self.narrowed()

    def _close_prompt(self) -> None:
        self.prompt.close()
        self.query_one("#keys").display = True
        self.focus_body()

    def action_leave(self) -> None:
        """Escape takes the filter away, then goes back."""
        if self.needle:
            self._narrow("")
        else:
            self.action_back()
