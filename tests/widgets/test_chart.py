"""A chart: what is drawn, what the keys do, and how little a new point sends."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.binding import Binding
from textual.geometry import Region

from quarterdeck.app.records import History, Series
from quarterdeck.widgets.braille import Layer
from quarterdeck.widgets.bundle import Bundle
from quarterdeck.widgets.chart import Chart
from quarterdeck.widgets.curves import Curve, bins, prepare
from quarterdeck.widgets.palette import Palette
from quarterdeck.widgets.plot import draw
from quarterdeck.widgets.scales import fitted
from quarterdeck.widgets.scene import View
from quarterdeck.widgets.status import mark_of, use_ascii
from quarterdeck.widgets.tracing import trace

Picture = Callable[[App[Any]], list[str]]
NAN, INF = math.nan, math.inf
START = 1_790_000_000_000
FLOATS = st.floats(allow_nan=True, allow_infinity=True)


def series(
    values: list[float], steps: list[int] | None = None, run: str = "run", began: int = START, how: History = "complete"
) -> Series:
    steps = list(range(len(values))) if steps is None else steps
    times = array("q", [began + 1000 * step for step in steps])
    return Series(run, "loss", array("q", steps), times, array("d", values), how)


def curve(values: list[float], steps: list[int] | None = None, key: str = "a", hue: int = 0, **more: Any) -> Curve:
    return Curve(key, f"run-{key}", series(values, steps, run=key, **more), hue)


class Board(App[None]):
    BINDINGS = [Binding("escape", "away", "Away")]  # noqa: RUF012  Textual's own form

    def __init__(self, *curves: Curve, **options: Any) -> None:
        super().__init__()
        self.chart = Watched(Palette(), **{"title": "loss", **options})
        self._curves = curves
        self.news: list[str] = []
        self.left = False

    def compose(self) -> ComposeResult:
        yield self.chart

    def on_mount(self) -> None:
        self.chart.show(self._curves)

    def on_chart_moved(self) -> None:
        self.news.append("moved")

    def on_chart_changed(self) -> None:
        self.news.append("changed")

    def action_away(self) -> None:
        self.left = True


class Watched(Chart):
    def __init__(self, *words: Any, **options: Any) -> None:
        self.painted: list[Region] = []
        super().__init__(*words, **options)

    def send(self, regions: Sequence[Region]) -> None:
        self.painted += regions
        super().send(regions)

    @property
    def painted_cells(self) -> int:
        return sum(region.area for region in self.painted)


@pytest.fixture
def ascii_terminal() -> Iterator[None]:
    use_ascii(True)
    yield
    use_ascii(False)


# -- what is drawn ------------------------------------------------------------------------------------------------


async def test_a_curve_stands_on_axes_with_its_value_and_range(picture: Picture) -> None:
    app = Board(curve([1.0, 3.0, 2.0, 2.5]))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        lines = picture(app)
        assert lines[0] == " loss  ● run-a 2.500  1..3"
        assert lines[1].startswith("   3.0 ┈")
        assert lines[-1].split() == ["step", "0", "1", "2", "3"]
        assert lines[-2].strip().strip("─┬") == ""
        assert app.chart.cursor is None


async def test_each_curve_has_its_own_mark_in_the_legend_and_at_its_end(picture: Picture) -> None:
    app = Board(curve([1.0, 2.0]), curve([2.0, 1.0], key="b", hue=1))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        lines = picture(app)
        assert lines[1] == " ● run-a 2       ▲ run-b 1"
        assert lines[2][-1] == "●"
        assert lines[-3][-1] == "▲"


async def test_on_a_wide_screen_the_legend_stands_beside_the_curves(picture: Picture) -> None:
    app = Board(curve([1.0, 2.0]), curve([2.0, 1.0], key="b", hue=1))
    async with app.run_test(size=(120, 14)) as pilot:
        await pilot.pause()
        assert [line[99:].split() for line in picture(app)[1:3]] == [["●", "run-a", "2"], ["▲", "run-b", "1"]]


def test_curves_of_one_hue_have_different_marks() -> None:
    bundle = Bundle()
    bundle.show([curve([1.0], key=str(number), hue=number % 8) for number in range(16)])
    assert len({line.mark for line in bundle.lines}) == 16
    assert bundle.lines[3].mark == mark_of(3)


async def test_nan_is_marked_on_the_axis_and_counted(picture: Picture) -> None:
    app = Board(curve([1.0, 2.0, NAN, NAN, 1.0]))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        lines = picture(app)
        assert lines[0].endswith("2 NaN")
        assert lines[-2].count("×") == 2


async def test_infinities_leave_at_the_edges(picture: Picture) -> None:
    app = Board(curve([1.0, INF, 2.0, -INF, 1.0]))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        lines = picture(app)
        assert "1 +inf" in lines[0]
        assert "1 -inf" in lines[0]
        assert "↑" in lines[1]
        assert "↓" in lines[-3]


async def test_what_is_nothing_but_nan_says_so(picture: Picture) -> None:
    app = Board(curve([NAN, NAN]))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        lines = picture(app)
        assert lines[0].split() == ["loss", "●", "run-a", "NaN", "2", "NaN"]
        assert any("no value that can be drawn" in line for line in lines)


async def test_a_log_scale_says_what_it_cannot_show(picture: Picture) -> None:
    app = Board(curve([100.0, 0.0, -1.0, 0.01]))
    async with app.run_test(size=(70, 14)) as pilot:
        await pilot.press("e")
        await pilot.pause()
        assert picture(app)[0].endswith("2 points ≤ 0 not shown  log")


async def test_many_points_that_are_not_shown_are_counted_in_groups(picture: Picture) -> None:
    app = Board(curve([NAN, INF, 1.0, *[-1.0, NAN] * 1_200]))
    async with app.run_test(size=(120, 14)) as pilot:
        app.chart.log_y = True
        await pilot.pause()
        assert picture(app)[0].endswith("1 201 NaN  1 +inf  1 200 points ≤ 0 not shown  log")


async def test_thinned_out_points_are_said() -> None:
    app = Board(curve([1.0, 2.0], how="sampled"))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        assert app.chart.render_line(0).text.rstrip().endswith("sampled")


async def test_an_empty_chart_says_why(picture: Picture) -> None:
    app = Board()
    async with app.run_test(size=(60, 14)) as pilot:
        app.chart.say("no points yet")
        await pilot.pause()
        assert [line.strip() for line in picture(app) if line] == ["loss", "no points yet"]
        app.chart.show([curve([])])
        await pilot.pause()
        assert "no points yet" in "".join(picture(app))


async def test_a_compact_chart_is_a_line_of_words_and_the_curve(picture: Picture) -> None:
    app = Board(curve([1.0, 3.0, 2.5]), compact=True)
    async with app.run_test(size=(40, 3)) as pilot:
        await pilot.pause()
        lines = picture(app)
        assert lines[0] == "loss 2.500  1..3"
        assert all(0x2800 <= ord(sign) < 0x2900 or sign in "• ●" for line in lines[1:] for sign in line)
        assert any(line.strip() for line in lines[1:])


async def test_times_are_labelled_in_the_zone(picture: Picture) -> None:
    app = Board(curve([1.0, 2.0], steps=[0, 7200]), zone=ZoneInfo("Europe/Berlin"))
    async with app.run_test(size=(80, 14)) as pilot:
        app.chart.axis = "time"
        await pilot.pause()
        assert picture(app)[-1].split() == ["21", "sep", "16:30", "17:00", "17:30", "18:00"]


async def test_names_are_shown_as_they_may_be_and_never_as_markup(picture: Picture) -> None:
    app = Board(Curve("a", "\x1b[31m界[b]x", series([1.0, 2.0])), title="l\no")
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        assert picture(app)[0].startswith(" l\\u{a}o  ● \\u{1b}[31m界[b]x 2")


@pytest.mark.usefixtures("ascii_terminal")
async def test_an_ascii_terminal_gets_plain_characters(picture: Picture) -> None:
    app = Board(curve([1.0, 3.0, NAN, 2.5]))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.press("left")
        await pilot.pause()
        assert all(line.isascii() for line in picture(app))


@given(st.lists(FLOATS, max_size=400), st.sampled_from([(1, 1), (5, 2), (20, 3), (60, 14), (130, 40)]), st.booleans())
@settings(deadline=None, max_examples=150)
def test_whatever_the_numbers_are_there_is_a_picture(
    values: list[float], size: tuple[int, int], odd_view: bool
) -> None:
    bundle = Bundle()
    bundle.show([curve(values), curve(values[::-2], key="b", hue=1)])
    bundle.turn("time" if odd_view else "step", odd_view)
    start, stop = bundle.whole()
    view = View(start, stop, bundle.axis, odd_view, 0.9 if odd_view else 0.0, cursor=start, title="loss")
    grid = draw(bundle.lines, view, *size).grid
    assert all(len(texts) == size[0] for texts in grid.texts)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=500), st.integers(1, 30), st.integers(1, 12))
def test_no_spike_is_lost_between_the_points_and_the_dots(values: list[float], width: int, height: int) -> None:
    track = prepare(series(values))
    scale = fitted(min(values), max(values), height)
    layer, row = Layer(width, height), scale.rows(4 * height)
    found = bins(track, -0.5, len(values) - 0.5, 2 * width)
    trace(layer, found, row)
    dots = layer.dots()
    for column, _, low, high, _, _ in found:
        assert (column, row(low)) in dots
        assert (column, row(high)) in dots
    assert min(y for _, y in dots) == row(max(values))
    assert max(y for _, y in dots) == row(min(values))


def test_a_spike_of_one_point_in_ten_thousand_reaches_the_picture_smoothed_or_not() -> None:
    values = [1.0 + 0.01 * math.sin(step) for step in range(10_000)]
    values[7777] = 5.0
    bundle = Bundle()
    bundle.show([curve(values)])
    for smoothing in (0.0, 0.99):
        picture = draw(bundle.lines, View(*bundle.whole(), smoothing=smoothing), 80, 24)
        top = [text for text in picture.grid.texts[picture.area.y] if 0x2800 <= ord(text) < 0x2900]
        assert len(top) == 1


def test_a_spike_stands_in_the_colour_of_its_line_and_not_in_that_of_the_range_behind() -> None:
    values = [1.0 + 0.01 * math.sin(step) for step in range(10_000)]
    values[7777] = 5.0
    bundle = Bundle()
    bundle.show([curve(values)])
    picture = draw(bundle.lines, View(*bundle.whole()), 80, 24)
    top = picture.area.y
    assert "hue0" in picture.grid.roles[top]
    assert "faint0" not in picture.grid.roles[top]


def test_more_curves_than_there_is_room_for_are_counted() -> None:
    bundle = Bundle()
    bundle.show([curve([1.0, 2.0], key=f"name-{number}") for number in range(40)])
    for size, said in (((60, 14), "+"), ((120, 14), "more")):
        grid = draw(bundle.lines, View(*bundle.whole()), *size).grid
        assert any(said in grid.line(row) for row in range(14))


def test_a_gap_is_not_drawn_over() -> None:
    bundle = Bundle()
    bundle.show([curve([1.0] * 20, steps=[*range(10), *range(90, 100)])])
    picture = draw(bundle.lines, View(*bundle.whole()), 80, 14)
    middle = picture.area.x + picture.area.width // 2
    assert all(picture.grid.texts[row][middle] in " ┈" for row in range(picture.area.y, 12))


def test_what_is_said_to_be_a_gap_is_one_and_nothing_else_is() -> None:
    line = curve([1.0] * 8, steps=[0, 1, 2, 3, 7, 8, 9, 10])
    for parted, is_cut in ((frozenset({START + 7_000.0}), True), (frozenset[float](), False)):
        bundle = Bundle()
        bundle.turn("time", False)
        bundle.show([replace(line, parted=parted)])
        picture = draw(bundle.lines, View(*bundle.whole(), axis="time"), 80, 14)
        middle = picture.area.x + picture.area.width // 2
        free = all(picture.grid.texts[row][middle] in " ┈" for row in range(picture.area.y, 12))
        assert free is is_cut


def test_a_level_is_a_line_across_with_its_words_and_value_and_never_out_of_sight() -> None:
    bundle = Bundle()
    bundle.show([curve([0.71, 0.72, 0.70])])
    grid = draw(bundle.lines, View(*bundle.whole(), levels=((0.78, "floor"),)), 80, 14).grid
    (across,) = (grid.line(row) for row in range(14) if "floor" in grid.line(row))
    assert across.lstrip().startswith("0.7800")
    assert across.count("╌") > 40


async def test_a_stretch_of_time_is_shown_whole_wherever_the_points_end() -> None:
    app = Board(curve([1.0, 2.0, 3.0]))
    async with app.run_test(size=(80, 16)):
        chart = app.chart
        chart.axis = "time"
        hour = 3_600_000.0
        chart.annotate([(START + hour, "v14")], [(2.5, "at most")], (START - hour, START + 2 * hour))
        assert chart._span() == (START - hour, START + 2 * hour)
        assert not chart._view.zoomed
        lines = [chart.strip(y).text for y in range(16)]
        assert any("┊v14" in line for line in lines)
        assert any("at most" in line for line in lines)


# -- keys ---------------------------------------------------------------------------------------------------------


async def press(app: Board, pilot: Any, *keys: str) -> Watched:
    app.chart.focus()
    await pilot.pause()
    await pilot.press(*keys)
    await pilot.pause()
    return app.chart


@pytest.mark.parametrize(
    ("keys", "step"),
    [
        (["left"], 9),
        (["left", "left", "left"], 7),
        (["home"], 0),
        (["home", "left"], 0),
        (["home", "shift+right"], 9),
        (["end", "shift+left"], 0),
        (["home", "right", "right"], 2),
    ],
)
async def test_the_cursor_goes_from_point_to_point(keys: list[str], step: int) -> None:
    app = Board(curve([float(value) for value in range(10)]))
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, *keys)
        (reading,) = chart.readout()
        assert (reading.step, reading.value, reading.state) == (step, float(step), "finite")
        assert "moved" in app.news


async def test_where_points_are_dense_the_cursor_goes_on_a_column() -> None:
    app = Board(curve([0.0] * 10_000))
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, "home", "right")
        assert chart.cursor is not None
        assert chart.cursor == pytest.approx(9999 / 52, abs=2)


async def test_the_cursor_says_where_it_is_and_the_legend_what_is_there(picture: Picture) -> None:
    app = Board(curve([1.0, 7.0, 2.0]), curve([4.0], key="b", hue=1))
    async with app.run_test(size=(60, 14)) as pilot:
        await press(app, pilot, "home", "right")
        lines = picture(app)
        assert lines[1] == " ● run-a 7       ▲ run-b –"
        assert all("│" in line or "●" in line for line in lines[3:-2])


async def test_a_click_puts_the_cursor_on_the_nearest_point() -> None:
    app = Board(curve([1.0, 7.0, 2.0]))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.click(Chart, offset=(35, 6))
        assert app.chart.cursor == 1


async def test_zoom_halves_around_the_cursor_and_back() -> None:
    app = Board(curve([float(value) for value in range(101)]))
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, "home", *["right"] * 10, "plus")
        assert chart.cursor is not None
        assert chart.window is not None
        start, stop = chart.window
        assert stop - start == 50
        assert (chart.cursor - start) / 50 == pytest.approx(chart.cursor / 100)
        await pilot.press("minus")
        assert chart.window is None
        await pilot.press("plus", "plus", "z")
        assert chart.window is None
        assert "changed" in app.news


async def test_the_window_follows_the_cursor_out_of_it() -> None:
    app = Board(curve([float(value) for value in range(101)]))
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, "home", "plus", "plus", "end")
        assert chart.window == (75, 100)


async def test_the_axis_changes_under_the_cursor() -> None:
    app = Board(curve([5.0, 6.0, 7.0], steps=[10, 20, 30]))
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, "home", "right", "x")
        assert (chart.axis, chart.cursor) == ("time", START + 20_000)
        await pilot.press("x")
        assert (chart.axis, chart.cursor) == ("relative", 10_000)
        await pilot.press("x")
        assert (chart.axis, chart.cursor) == ("step", 20)
        assert chart.readout()[0].value == 6.0


async def test_relative_time_begins_with_each_run() -> None:
    app = Board(curve([1.0, 2.0], began=START), curve([3.0, 4.0], key="b", began=START + 99_000))
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, "x", "x", "home", "right")
        assert chart.cursor == 1000
        assert [reading.value for reading in chart.readout()] == [2.0, 4.0]


async def test_smoothing_goes_up_and_down_and_stays_in_its_bounds(picture: Picture) -> None:
    app = Board(curve([1.0, 2.0, 1.0, 2.0]))
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, "less_than_sign")
        assert chart.smoothing == 0
        await pilot.press("greater_than_sign", "greater_than_sign")
        assert chart.smoothing == 0.6
        await pilot.pause()
        assert picture(app)[0].endswith("smooth 0.6")
        with pytest.raises(ValueError, match="below 1"):
            chart.smoothing = 1.0


async def test_one_curve_after_the_other_is_brought_out() -> None:
    app = Board(curve([1.0, 2.0]), curve([2.0, 1.0], key="b"))
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, "n")
        seen = [chart.bright]
        for _ in range(3):
            await pilot.press("n")
            seen.append(chart.bright)
        assert seen == ["a", "b", None, "a"]
        await pilot.press("N")
        assert chart.bright is None


async def test_the_bright_curve_lies_over_the_others() -> None:
    bundle = Bundle()
    bundle.show([curve([1.0, 1.0], key=key, hue=number) for number, key in enumerate("abc")])
    for bright, hue in ((None, "hue0"), ("b", "hue1"), ("c", "hue2")):
        picture = draw(bundle.lines, View(*bundle.whole(), bright=bright), 60, 14)
        area = picture.area
        roles = {role for row in picture.grid.roles[area.y : area.y + area.height] for role in row}
        assert hue in roles
        assert not {"hue0", "hue1", "hue2", "faint0", "faint1", "faint2"} & roles - {hue}


async def test_escape_puts_the_cursor_away_and_then_is_the_screens() -> None:
    app = Board(curve([1.0, 2.0]))
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, "left", "n", "escape")
        assert (chart.cursor, chart.bright, app.left) == (None, None, False)
        await pilot.press("escape")
        assert app.left


async def test_every_key_is_explained_and_can_be_mapped() -> None:
    bindings = [binding for binding in Chart.BINDINGS if isinstance(binding, Binding)]
    assert len(bindings) == len(Chart.BINDINGS)
    assert all(binding.id and binding.description for binding in bindings)


async def test_keys_on_an_empty_chart_do_nothing() -> None:
    app = Board()
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, "left", "home", "end", "plus", "minus", "z", "x", "e", "n", "greater_than_sign")
        assert chart.cursor is None
        assert chart.readout() == []


# -- live ---------------------------------------------------------------------------------------------------------


async def test_a_new_point_paints_a_few_cells() -> None:
    values = [1.0 + 0.5 * math.sin(step / 40) for step in range(400)]
    app = Board(curve(values[:300]))
    async with app.run_test(size=(110, 30)) as pilot:
        await pilot.pause()
        app.chart.show([curve(values[:301])])  # the axis makes room ahead
        app.chart.painted.clear()
        app.chart.show([curve(values[:302])])
        assert 0 < app.chart.painted_cells < 40


async def test_a_move_of_the_cursor_paints_stripes_and_not_the_screen(picture: Picture) -> None:
    app = Board(curve([1.0 + 0.5 * math.sin(step / 40) for step in range(400)]))
    async with app.run_test(size=(230, 30)) as pilot:
        chart = await press(app, pilot, "left", *["shift+left"] * 4)
        before = picture(app)
        chart.painted.clear()
        await pilot.press("left")
        assert 0 < chart.painted_cells < 30 * 4 + 40
        await pilot.pause()
        now = picture(app)
        assert now != before
        assert now == [chart.render_line(y).text.rstrip() for y in range(30)]


async def test_the_same_points_paint_nothing() -> None:
    app = Board(curve([1.0, NAN, 3.0]))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        app.chart.painted.clear()
        app.chart.show([curve([1.0, NAN, 3.0])])
        assert app.chart.painted == []


async def test_the_axis_of_a_growing_curve_moves_once_in_many_points() -> None:
    app = Board(curve([1.0] * 100))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.pause()
        seen = set()
        for size in range(101, 200):
            app.chart.show([curve([1.0] * size)])
            seen.add(app.chart.render_line(13).text)
        assert len(seen) <= 8


async def test_another_metric_begins_with_its_own_window() -> None:
    app = Board(curve([float(value) for value in range(101)]))
    async with app.run_test(size=(60, 14)) as pilot:
        chart = await press(app, pilot, "home", "plus")
        chart.show([curve([1.0, 2.0], key="z")])
        assert (chart.window, chart.cursor) == (None, None)


async def test_a_mark_stands_where_something_happened(picture: Picture) -> None:
    app = Board(curve([1.0, 2.0, 3.0]))
    async with app.run_test(size=(60, 14)) as pilot:
        app.chart.mark(1, "v14")
        await pilot.pause()
        lines = picture(app)
        assert "┊v14" in lines[1]
        app.chart.axis = "time"
        await pilot.pause()
        assert "v14" not in "".join(picture(app))


async def test_other_colours_and_sizes_draw_it_anew(picture: Picture) -> None:
    app = Board(curve([1.0, 2.0, 3.0]))
    async with app.run_test(size=(60, 14)) as pilot:
        await pilot.resize_terminal(100, 20)
        app.chart.recolour(Palette("light"))
        await pilot.pause()
        assert picture(app)[-1].split()[0] == "step"
        assert app.chart.render_line(0)._segments[0].style == Palette("light").styles["text"]
