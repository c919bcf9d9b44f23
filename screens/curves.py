"""All curves of a run as a grid of small charts: as many as fit, a page at a time, the machine's own metrics last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import ceil, log
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Grid
from textual.widget import Widget

from ..app.text import cells, clip, shown
from ..widgets.chart import Chart
from ..widgets.curves import AXES, Curve
from ..widgets.figures import count
from ..widgets.line import Piece
from ..widgets.palette import Palette
from ..widgets.prompt import Prompt
from .curve import CurveScreen
from .deck import Deck
from .run_facts import is_system, metric_names
from .run_view import RunView

CELL_WIDTH, CELL_HEIGHT = 38, 8
"""Cells that a small chart wants: two beside each other on 80 columns, two below each other on 24 rows."""

TALLEST = 28
"""Rows of a chart at most where there are several: higher it says no more, and its neighbours are far away."""

SHAPE = 3.5
"""Columns to a row of a chart that is neither a tower nor a ribbon."""

WORDS = 15
"""Cells that a chart's title needs beside its name: the mark before it, the last value after it."""

GUTTER = 2
"""Cells between two charts beside each other; below each other it is one."""


def shared(width: int, height: int, number: int) -> tuple[int, int]:
    """How many charts beside and below each other: all of them, as large and as well shaped as they can be.

    Where they do not fit at their least size, it is as many as fit. `width` and `height` are the room's cells.
    """
    across_most = max(1, (width + GUTTER) // (CELL_WIDTH + GUTTER))
    down_most = max(1, (height + 1) // (CELL_HEIGHT + 1))
    if number >= across_most * down_most:
        return across_most, down_most
    number = max(1, number)
    shapes = [(across, ceil(number / across)) for across in range(1, min(across_most, number) + 1)]
    return min((one for one in shapes if one[1] <= down_most), key=lambda one: _cost(width, height, number, one))


def _cost(width: int, height: int, number: int, shape: tuple[int, int]) -> float:
    """How far a chart is from its shape, and twice how much of the room no chart fills."""
    wide, high = (width + GUTTER) / shape[0] - GUTTER, (height + 1) / shape[1] - 1
    high = high if number == 1 else min(high, TALLEST)
    filled = number * (wide + GUTTER) * (high + 1) / ((width + GUTTER) * (height + 1))
    return abs(log(max(wide, 1) / max(high, 1) / SHAPE)) - 2 * log(max(filled, 1e-9))


class SmallChart(Chart, can_focus=False, inherit_bindings=False):
    """A chart in a grid: it has no keys of its own, and its title is bright while it is the chosen one."""

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette, compact=True)

    def choose(self, is_chosen: bool) -> None:
        """Look as if it had the focus, or not: giving it would make Textual paint the whole grid again."""
        if is_chosen:
            self.on_focus()
        else:
            self.on_blur()


class CurvesScreen(RunView):
    """The grid. Only the charts in sight exist, and only their histories are read and asked for."""

    TAB = "runs"
    CSS_PATH = "curves.tcss"
    AUTO_FOCUS = ""  # the keys are the screen's own; Textual would give them to the prompt

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "whole screen", id="curves.open", tooltip="This curve alone", key_display="Enter"),
        Binding("left,h", "move(-1,0)", "Left", id="curves.left", show=False),
        Binding("right,l", "move(1,0)", "Right", id="curves.right", show=False),
        Binding("up,k", "move(0,-1)", "Up", id="curves.up", show=False),
        Binding("down,j", "move(0,1)", "Down", id="curves.down", show=False),
        Binding("pagedown,ctrl+f,space", "page(1)", "next page", id="curves.page_down", key_display="PgDn"),
        Binding("pageup,ctrl+b", "page(-1)", "Page before", id="curves.page_up", show=False),
        Binding("g,home", "go(0)", "First curve", id="curves.first", show=False),
        Binding("G,end", "go(-1)", "Last curve", id="curves.last", show=False),
        Binding(
            "slash",
            "filter",
            "filter",
            priority=True,
            id="curves.filter",
            tooltip="Only names that hold this",
            key_display="/",
        ),
        Binding("x", "axis", "axis", id="curves.axis", tooltip="Step, time, or time since the start, for all"),
        Binding("e", "log", "log", id="curves.log", tooltip="A log scale for all, and back"),
        Binding("less_than_sign", "smooth(-1)", "Less smoothing", id="curves.less", show=False),
        Binding("greater_than_sign", "smooth(1)", "More smoothing", id="curves.more", show=False),
        Binding("escape,f", "leave", "back", id="curves.leave", key_display="Esc"),
    ]

    def __init__(self, deck: Deck, run_id: str, needle: str = "") -> None:
        super().__init__(deck, run_id)
        self.needle = needle
        self.chosen = 0
        """Index of the chosen curve among those that are not filtered out."""
        self._names: list[str] = []
        self._across, self._down = 1, 1
        self._laid_out: tuple[int, int, int, int] | None = None

    def body(self) -> Iterable[Widget]:
        """A grid of as many charts as fit; those that are not needed are hidden before anything is painted."""
        across, down = shared(*self._grid_room, 10_000)
        yield Grid(*(SmallChart(self.deck.palette) for _ in range(across * down)), id="grid")

    def on_mount(self) -> None:
        """Read the run and show the first page, before anything is painted."""
        if self.is_composed:
            self.read()

    def on_resize(self) -> None:
        """As many charts as fit now."""
        if self.is_composed:
            self.draw()

    @property
    def _grid_room(self) -> tuple[int, int]:
        """Columns and rows that the charts have together."""
        return max(1, self.room.width - 2), max(1, self.room.height - 5)

    def _lay_out(self) -> None:
        """Share the room out over the charts that there are."""
        width, height = self._grid_room
        self._across, self._down = shared(width, height, len(self._names))
        if self._laid_out == (here := (width, height, self._across, self._down)):
            return  # a new point moves no chart
        self._laid_out = here
        self._mount_charts()
        styles = self.query_one("#grid", Grid).styles
        styles.grid_size_columns, styles.grid_size_rows = self._across, self._down
        # Textual calls the gutter between rows horizontal
        styles.grid_gutter_horizontal, styles.grid_gutter_vertical = 1, GUTTER
        is_capped = self.page_size > 1 and (height + 1) // self._down - 1 > TALLEST
        styles.grid_rows = str(TALLEST) if is_capped else "1fr"

    def _mount_charts(self) -> None:
        """Show as many charts as a page has, and hide the others: they are needed again when a filter is let go of."""
        found = list(self.query(SmallChart))
        new = [SmallChart(self.deck.palette) for _ in range(self.page_size - len(found))]
        for chart in new:
            chart.axis, chart.log_y, chart.smoothing = found[0].axis, found[0].log_y, found[0].smoothing
        if new:
            self.query_one("#grid", Grid).mount(*new)
        for at, chart in enumerate([*found, *new]):
            chart.display = at < self.page_size

    @property
    def charts(self) -> list[SmallChart]:
        """The charts of a page, row by row."""
        return list(self.query(SmallChart))[: self.page_size]

    @property
    def page_size(self) -> int:
        """Charts on a page."""
        return self._across * self._down

    @property
    def _first(self) -> int:
        return self.chosen // self.page_size * self.page_size

    @property
    def in_sight(self) -> list[str]:
        """The metrics on this page."""
        return self._names[self._first : self._first + self.page_size]

    def curves_in_sight(self) -> Sequence[str]:
        """The metrics on this page."""
        return self.in_sight

    # -- drawing ------------------------------------------------------------------------------------------------

    def draw(self) -> None:
        """Show the page: each chart its curve, and nothing of what is there already."""
        if not self.is_composed:
            return
        self._names = self._found()
        self._lay_out()
        self.chosen = max(0, min(self.chosen, len(self._names) - 1))
        names = self.in_sight
        self._read_series(names)
        self.want_histories(names)
        for at, chart in enumerate(self.charts):
            self._fill(chart, names[at] if at < len(names) else None)
            self._entitle(at)
        self.write_frame()

    def _found(self) -> list[str]:
        words = self.needle.casefold().split()
        names = metric_names(self.facts.run, self.deck.better) if self.facts else []
        return [name for name in names if all(word in name.casefold() for word in words)]

    def _read_series(self, names: Sequence[str]) -> None:
        """The histories of a page in one question."""
        new = [name for name in names if name not in self._series]
        if self.facts is not None and new:
            found = self.deck.reader.series_of([self.facts.rowid], new)
            self._series.update({name: found.get((self.facts.rowid, name)) for name in new})

    def _fill(self, chart: SmallChart, name: str | None) -> None:
        series = self.series(name) if name is not None else None
        if series is None:
            chart.say("asked for …" if name is not None else self._nothing() if chart is self.charts[0] else "")
        chart.show([Curve(name, name, series)] if name is not None and series is not None else [])

    def _entitle(self, at: int) -> None:
        """Write the name of a chart of this page; the chosen one has the mark and is bright."""
        chart, names, is_chosen = self.charts[at], self.in_sight, self._first + at == self.chosen
        chart.title = f"{'▸' if is_chosen else ' '} {self._short(names[at])}" if at < len(names) else ""
        chart.choose(is_chosen and bool(names))

    def _short(self, name: str) -> str:
        """A name in its cell: of a long path the end tells more than the beginning."""
        room = (self._grid_room[0] + GUTTER) // self._across - GUTTER - WORDS
        return f"…/{name.rpartition('/')[2]}" if "/" in name and cells(shown(name)) > room else name

    def _nothing(self) -> str:
        if self.needle:
            return f"no metric is called “{shown(self.needle)}”"
        return "this run has logged no metric" if self.facts else "the cache has no such run"

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        for chart in self.query(SmallChart):
            chart.recolour(palette)

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_move(self, across: int, down: int) -> None:
        """Go to the chart beside, above or below; over the edge is the next page."""
        self._go(self.chosen + across + down * self._across)

    def action_page(self, by: int) -> None:
        """Go a page on."""
        self._go(self.chosen + by * self.page_size)

    def action_go(self, to: int) -> None:
        """Go to the first curve (0) or the last one (-1)."""
        self._go(to % max(1, len(self._names)))

    def _go(self, to: int) -> None:
        before, page = self.chosen, self._first
        self.chosen = max(0, min(to, len(self._names) - 1))
        if self._first != page:
            self.draw()
        elif self.chosen != before:
            self._entitle(before - page)
            self._entitle(self.chosen - page)

    def action_open(self) -> None:
        """Show the chosen curve on the whole screen."""
        if self._names:
            self.app.push_screen(CurveScreen(self.deck, self.run_id, self._names[self.chosen], self._names))

    def action_axis(self) -> None:
        """The next kind of axis, on every chart."""
        axis = AXES[(AXES.index(self.charts[0].axis) + 1) % len(AXES)]
        for chart in self.query(SmallChart):
            chart.axis = axis
        self.say({"step": "over steps", "time": "over time", "relative": "over time since the start"}[axis], "dim")

    def action_log(self) -> None:
        """A log scale on every chart, and back."""
        log = not self.charts[0].log_y
        for chart in self.query(SmallChart):
            chart.log_y = log

    def action_smooth(self, by: int) -> None:
        """Smooth every chart more, or less."""
        for chart in self.query(SmallChart):
            chart.action_smooth(by)

    def action_leave(self) -> None:
        """Escape takes the filter away, then goes back."""
        if self.needle:
            self._narrow("")
        else:
            self.action_back()

    # -- the filter ---------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Only curves whose names hold what is typed."""
        self.query_one("#keys").display = False
        self.prompt.ask("narrow", self.needle, "words that a name holds")

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Follow what is typed."""
        if event.purpose == "narrow":
            self._narrow(event.value)

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Keep it."""
        if event.purpose == "narrow":
            self._close_prompt()

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Show all again."""
        if event.purpose == "narrow":
            self._narrow("")
            self._close_prompt()

    def _narrow(self, needle: str) -> None:
        if needle != self.needle:
            self.needle, self.chosen = needle, 0
            self.draw()

    def _close_prompt(self) -> None:
        self.prompt.close()
        self.query_one("#keys").display = True
        self.focus_body()

    def focus_body(self) -> None:
        """Give the keys back to the grid: they are the screen's own."""
        self.set_focus(None)
        self.write_frame()

    # -- the frame ----------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The run, which of its curves are in sight, and how fresh the source is."""
        name = self.facts.run.name if self.facts else self.run_id
        left: list[Piece] = [(f" {clip(name or '–', 40)} › ", "dim"), ("curves", "bright")]
        if self._names:
            last = self._first + len(self.in_sight)
            here = count(last) if last == self._first + 1 else f"{count(self._first + 1)} to {count(last)}"
            left.append((f"   {here} of {count(len(self._names))}", "dim"))
        if self.needle:
            left.append((f"  /{shown(self.needle)}", "accent"))
        machine = sum(is_system(one) for one in self._names)
        if machine and last < len(self._names):
            left.append((f"   {count(machine)} system metrics last", "dim"))
        return left, self.fresh()
