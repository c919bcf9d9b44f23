"""Cells on the screen: of another picture those that differ are sent, and no others."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from .grid import Grid
from .palette import Palette
from .stripe import STRIPE, Stripe


class Canvas(Widget):
    """Shows a grid of cells. A striped one is painted by stripes, so that little is sent far from the left edge."""

    def __init__(self, palette: Palette, *, is_striped: bool, id: str | None = None) -> None:  # noqa: A002  Textual's name
        super().__init__(id=id)
        self._palette = palette
        self._is_striped = is_striped
        self._grid: Grid | None = None
        self._strips: dict[int, Strip] = {}
        self._stripes: list[Stripe] = []

    def compose(self) -> ComposeResult:
        """The stripes, where there are any."""
        if self._is_striped:
            # those beyond the edge are not seen and cost nothing
            self._stripes = [Stripe(self, start) for start in range(0, max(self.app.size.width, 200), STRIPE)]
        yield from self._stripes

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self._palette = palette
        self._strips.clear()
        self._send_all()

    def show_grid(self, grid: Grid) -> None:
        """Show these cells from now on, and send what differs from those before."""
        before, self._grid = self._grid, grid
        if before is None or (before.width, before.height) != (grid.width, grid.height):
            self._strips.clear()
            self._send_all()
            return
        regions = [Region(x, y, size, 1) for y, x, size in grid.changes(before)]
        for region in regions:
            self._strips.pop(region.y, None)
        self.send(regions)

    def send(self, regions: Sequence[Region]) -> None:
        """Have these cells painted: by the stripes that they are in, and beyond the last stripe by the canvas."""
        for stripe in self._stripes:
            seen = Region(stripe.start, 0, STRIPE, self.size.height)
            parts = [part.translate((-stripe.start, 0)) for region in regions if (part := region.intersection(seen))]
            if parts:
                stripe.refresh(*parts)
        covered = STRIPE * len(self._stripes)
        beyond = [region for region in regions if region.right > covered]
        if beyond:
            self.refresh(*beyond)

    def _send_all(self) -> None:
        if self.size.width > STRIPE * len(self._stripes):
            self.refresh()
        for stripe in self._stripes:
            stripe.refresh()

    def render_line(self, y: int) -> Strip:
        """A line of the grid, where no stripe stands before it."""
        return self.strip(y)

    def strip(self, y: int) -> Strip:
        """A line of the grid."""
        if self._grid is None or y >= self._grid.height:
            return Strip.blank(self.size.width, self._palette.styles["text"])
        if y not in self._strips:
            self._strips[y] = self._grid.strip(y, self._palette.styles)
        return self._strips[y]
