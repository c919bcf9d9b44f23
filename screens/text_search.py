"""A text that fills a screen, moved through with less's keys and searched, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable

from textual.widget import Widget

from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.prompt import Prompt
from ..widgets.text_view import TextView
from .frame import FrameScreen


class TextSearch(FrameScreen):
    """The text, and in its place where there is none some lines. The subclass shows one of both, and binds `filter`."""

    def body(self) -> Iterable[Widget]:
        """The text, or a few lines that say why there is none."""
        yield TextView(self.deck.palette, id="page")
        said = Pages(self.deck.palette, id="said")
        said.can_focus = False
        yield said

    @property
    def view(self) -> TextView:
        """The text."""
        return self.query_one("#page", TextView)

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.view.recolour(palette)
        self.query_one("#said", Pages).recolour(palette)

    def on_text_view_scrolled(self) -> None:
        """Tell which lines are in sight."""
        self.write_frame()

    def action_filter(self) -> None:
        """Ask what to look for."""
        self.query_one("#keys").display = False
        self.prompt.ask("search", self.view.needle, "text to look for; n and N lead on and back")

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Look for it."""
        if event.purpose == "search":
            self._close_prompt()
            if not self.view.find(event.value):
                self.say(f"“{event.value}” is nowhere in it", "warn")

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Look for nothing."""
        if event.purpose == "search":
            self.view.find("")
            self._close_prompt()

    def _close_prompt(self) -> None:
        self.prompt.close()
        self.query_one("#keys").display = True
        self.focus_body()
