"""A screen that coalesces its repaints.

Textual paints after each layout, and whatever changes below a whole screen paints that one again: 10 ms and 10 kB each.
"""

from __future__ import annotations

from textual.geometry import Size
from textual.screen import Screen

from .nearby import NearbyCompositor


class CoalescingScreen(Screen[None]):
    """A whole screen that is painted once, when all of it is laid out, and not at all while another lies over it."""

    def __init__(self) -> None:
        super().__init__()
        self._compositor = NearbyCompositor()
        self._paints_after = False
        self._opening = True

    def _on_timer_update(self) -> None:
        """Paint once where Textual would paint after each layout, and then the whole screen."""
        self._opening = False  # what is laid out for the first time is painted when its widgets know their sizes
        self._paints_after = self._layout_required and self._repaint_required
        super()._on_timer_update()

    def _refresh_layout(self, size: Size | None = None, scroll: bool = False) -> None:
        super()._refresh_layout(size, scroll)
        self._paints_after = False

    def _compositor_refresh(self) -> None:
        """Paint nothing while a whole screen lies over this one, or when all of this one is about to be painted.

        For news of what nobody sees Textual would paint all of the upper screen again, 14 KB for each new point of a
        live curve. It loses nothing: Textual paints a screen whole when it comes back.
        """
        stack = self.app.screen_stack
        above = stack[stack.index(self) + 1 :] if self in stack else []
        held = self._opening or self._paints_after
        if not held and not any(isinstance(screen, CoalescingScreen) for screen in above):
            super()._compositor_refresh()
