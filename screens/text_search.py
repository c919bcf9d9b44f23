"""Looking for a text in what a screen shows with less's keys."""

from __future__ import annotations

from ..widgets.prompt import Prompt
from ..widgets.text_view import TextView
from .frame import FrameScreen


class TextSearch(FrameScreen):
    """A screen whose `#page` is a TextView: `/` asks what to look for in it. The subclass binds `filter`."""

    @property
    def view(self) -> TextView:
        """The text."""
        return self.query_one("#page", TextView)

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
