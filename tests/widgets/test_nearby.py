from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual._compositor import Compositor
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Static

from quarterdeck.widgets.nearby import NearbyCompositor


class Box(Static):
    """Letters, and how often somebody asked for them."""

    asked = 0

    def render_lines(self, crop: Region) -> list[Strip]:
        self.asked += 1
        return super().render_lines(crop)


class Boxes(Screen[None]):
    """Two boxes, one below the other, and one that lies half over the second."""

    CSS = """
    Boxes { layers: below above; }
    Box { layer: below; height: 4; width: 1fr; }
    #over { layer: above; offset: 10 6; width: 12; height: 5; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._compositor = NearbyCompositor()

    def compose(self) -> ComposeResult:
        yield Box("a" * 300, id="one")
        yield Box("b" * 300, id="other")
        yield Box("c" * 60, id="over")


class Shown(App[None]):
    def on_mount(self) -> None:
        self.push_screen(Boxes())


async def test_a_widget_is_not_asked_for_its_lines_when_another_changes() -> None:
    app = Shown()
    async with app.run_test(size=(40, 14)) as pilot:
        boxes = {str(box.id): box for box in app.screen.query(Box)}
        await pilot.pause()
        before = {name: box.asked for name, box in boxes.items()}
        boxes["one"].refresh()
        await pilot.pause()
        asked = {name: box.asked - before[name] for name, box in boxes.items()}
    assert asked["one"]
    assert (asked["other"], asked["over"]) == (0, 0)


places = st.builds(Region, st.integers(0, 39), st.integers(0, 13), st.integers(1, 40), st.integers(1, 6))


async def test_what_is_painted_is_what_textual_would_paint() -> None:
    app = Shown()
    async with app.run_test(size=(40, 14)) as pilot:
        await pilot.pause()
        compositor = app.screen._compositor

        def painted(some: list[Region]) -> str:
            compositor._dirty_regions.update(one.intersection(compositor.size.region) for one in some)
            update = compositor.render_partial_update()
            return "" if update is None else update.render_segments(app.console)

        @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(places, min_size=1, max_size=3))
        def paints_the_same(some: list[Region]) -> None:
            ours = painted(some)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(NearbyCompositor, "_get_renders", Compositor._get_renders)
                theirs = painted(some)
            assert ours == theirs != ""

        paints_the_same()
