"""A compositor that renders only the widgets that lie where something is to be painted.

Textual asks all widgets of a screen for their lines whenever one of them changed, whatever lies between: for a cursor
that moves in the list of checks that was 0.3 of 3.1 ms of CPU.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual._compositor import Compositor
from textual.geometry import Region
from textual.strip import Strip


class NearbyCompositor(Compositor):
    """What Textual's gives, without the widgets that are elsewhere."""

    def _get_renders(self, crop: Region | None = None) -> Iterable[tuple[Region, Region, list[Strip]]]:
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            if seen and (crop is None or crop.overlaps(seen)):
                yield region, clip, widget.render_lines(seen.translate((-region.x, -region.y)))
