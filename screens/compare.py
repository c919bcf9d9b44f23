"""Compare: two to eight runs side by side, what differs, against one of them; their curves below."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import ClassVar

from msgspec.structs import replace
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widget import Widget

from ..app.comparison import FEWEST, CompareRow, Comparison, compare
from ..app.copies import Copy
from ..app.records import CommitsBetween, Run
from ..app.text import clip
from ..widgets.chart import Chart
from ..widgets.freshness import each_freshness
from ..widgets.frozen_table import FrozenTable
from ..widgets.line import Line, Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from .changes import Changed
from .compare_curves import CHART_KEYS, FOLLOWED_EVERY, CompareCurves
from .compare_detail import detail, sentence_lines
from .compare_rows import CompareLines
from .compare_words import aside, counted, no_rows
from .comparing import commits_from, copies_of, just_read, read_again
from .deck import Deck
from .narrowing import Narrowing
from .run import RunScreen
from .run_acts import RunActs

RESTS = 0.15
"""Seconds without a key before the curves follow the cursor."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two readings while the syncer writes."""

FRAME = 6
"""Lines of the frame, and the rule above the curves."""

FEWEST_BELOW = 6
"""Lines in which curves can be told apart."""


class CompareScreen(RunActs, Narrowing):
    """The comparison of a few runs."""

    TAB = "runs"
    CSS_PATH = "compare.tcss"
    NARROW_HINT = "a part of a row's name: lr, loss, orders"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="open", tooltip="A metric's curves, or the run", key_display="Enter"),
        Binding("d", "same", "what is the same", id="compare.same", tooltip="Show what is the same, too, or hide it"),
        Binding("b", "baseline", "baseline", id="baseline", tooltip="Measure against the run in this column"),
        Binding("x,delete", "remove", "take out", id="compare.remove", tooltip="Take this column's run out"),
        Binding(
            "slash", "filter", "narrow", priority=True, id="filter", tooltip="Only rows called so", key_display="/"
        ),
        Binding("escape", "leave", "back", id="back", key_display="Esc"),
    ]

    def __init__(self, deck: Deck, runs: Sequence[Run]) -> None:
        """`runs`: two to eight, whole and just read, the baseline first."""
        super().__init__(deck)
        self._held = just_read(deck.reader, runs)
        self._wanted = [(run.source, run.id) for run in runs]
        self._hues = {one: hue for hue, one in enumerate(self._wanted)}
        self._commits: dict[str, CommitsBetween | None] = {}
        self._waiting = False
        self._everything = False
        self._lines = self._made()
        self._in_sight = (0, (0, 0))
        self._resting: Timer | None = None
        self._following: Timer | None = None
        self._dirty = False
        palette = deck.palette
        self.sentences = Pages(palette, id="sentences")
        self.table = FrozenTable(palette, id="table")
        self.chart = Chart(palette, zone=deck.zone, id="chart")
        self.detail = Pages(palette, id="detail")
        first = next((row.name for row in self.compared.rows if row.kind == "metric" and row.differs), None)
        self.curves = CompareCurves(deck, self.chart, self._hues, first)

    # -- what is shown ------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """What to know first, the table, and below it curves or details.

        All are filled before Textual lays them out: doing it after costs a second layout and 8 kB of bytes.
        """
        self.sentences.can_focus = self.detail.can_focus = False
        self.detail.display = False
        self.table.show(self._lines)
        self._share(self.app.size.width, self.app.size.height)
        self.table.say(no_rows(self.needle))
        self.curves.draw(self._held)
        return [self.sentences, self.table, Line(self.deck.palette, fill="─", id="below"), self.chart, self.detail]

    @property
    def compared(self) -> Comparison:
        """The comparison as it is now."""
        return self._lines.compared

    def on_mount(self) -> None:
        """What takes longer comes after the first picture."""
        if self.is_composed:
            self.table.focus()
            self.call_after_refresh(self._find_commits)
            self._follow()
            self._rest()

    def _follow(self) -> None:
        """Ask again for the curves while a run still runs."""
        running = self._held.is_running
        if running and self._following is None:
            self._following = self.set_interval(FOLLOWED_EVERY, self._want_curves)
        elif not running and self._following is not None:
            self._following.stop()
            self._following = None

    def _made(self, column: int = 0) -> CompareLines:
        """The comparison of the runs as they are held, the cursor on this column."""
        held, deck = self._held, self.deck
        compared = compare(
            held.runs, better=deck.better, experiments=held.experiments, sources=held.sources,
            commits=self._commits, now=deck.now(),
        )  # fmt: skip
        return self._drawn(compared, column)

    def _drawn(self, compared: Comparison, column: int) -> CompareLines:
        hues = [self._hues[run.source, run.id] for run in compared.runs]
        return CompareLines(
            compared=compared, hues=hues, now=self.deck.now(), zone=self.deck.zone, everything=self._everything,
            narrow=self.needle, here=max(0, min(column, len(hues) - 1)), waiting=self._waiting,
        )  # fmt: skip

    def _show(self, lines: CompareLines) -> None:
        self._lines = lines
        self.table.show(lines, column=lines.here)
        self.table.say(no_rows(self.needle))
        self._share(self.size.width, self.size.height)
        self.write_frame()

    def _share(self, width: int, height: int) -> None:
        """Share the lines between the rules: what the table does not need is the curves."""
        room = height - FRAME - self._say_sentences(width, height)
        self.table.styles.height = max(5, min(self.table.lines_needed, room - max(FEWEST_BELOW, room * 3 // 8)))

    def _say_sentences(self, width: int, height: int) -> int:
        """Write what to know first; gives the lines that it takes."""
        lines = sentence_lines(self.compared.sentences, max(20, width - 4))
        taken = min(4 if height >= 30 else 2, len(lines))
        self.sentences.styles.height = taken
        self.sentences.display = bool(lines)
        self.sentences.show(lines)
        return taken

    # -- what the cursor is on ----------------------------------------------------------------------------------

    def row(self) -> CompareRow | None:
        """The row under the cursor."""
        return self._lines.row(self.table.row)

    def run_here(self) -> Run | None:
        """The run in the column of the cursor."""
        runs = self._held.runs
        return runs[self.table.column] if runs else None

    def chosen_runs(self) -> list[Run]:
        """The run in the column of the cursor."""
        run = self.run_here()
        return [run] if run else []

    def on_frozen_table_moved(self) -> None:
        """Curves and details follow after a rest; the name of the column at once."""
        now = (self.table.column, self.table.hidden)
        if now != self._in_sight:
            self._in_sight, self._lines.here = now, self.table.column
            self.write_frame()
        self._rest()

    def on_frozen_table_opened(self) -> None:
        """A cell was clicked twice."""
        self.action_open()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if not self.is_ready:
            return
        row = self.row()
        if row is not None and row.kind == "metric":
            self.curves.metric = row.name
        width, cell = self.size.width, self.table.cell_width
        said = detail(self._lines, row, self.table.column, width, cell) if row else []
        if self.has_class("-curves"):
            said = []
        self.detail.show(said)
        if self.detail.display != bool(said):  # to say what is so already would cost a layout
            self.detail.display, self.chart.display = bool(said), not said
        if not said:
            self.curves.follow(self._held)

    def _want_curves(self) -> None:
        if self.is_ready:
            self.curves.want(self._held)

    # -- code ---------------------------------------------------------------------------------------------------

    def _find_commits(self) -> None:
        """Walk from the baseline's commit to the others, on a thread: far apart it takes some time."""
        commits = {run.git_commit for run in self._held.runs}
        if len(commits) < 2 or self._held.runs[0].git_commit is None:
            return
        self._waiting = self._lines.waiting = True
        self.run_worker(self._walk, thread=True, group="commits", exclusive=True, exit_on_error=False)

    def _walk(self) -> None:
        runs = list(self._held.runs)
        reader = self.deck.open_reader()
        try:
            found = commits_from(reader, runs, 0)
        except sqlite3.Error as error:
            self.app.call_from_thread(self.say, f"▲ the commits could not be read: {error}", "warn")
            return
        finally:
            reader.close()
        self.app.call_from_thread(self._commits_found, runs[0].git_commit, found)

    def _commits_found(self, base: str, found: dict[str, CommitsBetween | None]) -> None:
        runs = self._held.runs
        if not self.is_ready or not runs or runs[0].git_commit != base:
            return
        self._commits, self._waiting = found, False
        self._lines.compared, self._lines.waiting = replace(self.compared, commits=found), False
        place = self._lines.place("code")
        if place is not None:
            self.table.redraw(place)
        if self.row() is not None and self.table.row == place:
            self._rest()

    # -- keys ---------------------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """On a metric: its curves over the whole screen. Elsewhere the run of the column."""
        row = self.row()
        run = self.run_here()
        if row is not None and row.kind == "metric":
            self.curves.metric = row.name
            self.chart.display, self.detail.display = True, False
            self.add_class("-curves")
            self.curves.follow(self._held)
            self.set_focus(self.chart)
            self.write_frame()
        elif run is not None:
            self.app.push_screen(RunScreen(self.deck, run.id))

    def action_same(self) -> None:
        """Show what is the same, too, or only what differs."""
        self._everything = not self._everything
        self._show(self._drawn(self.compared, self.table.column))
        self.say("everything, what is the same dim" if self._everything else "only what differs", "dim")
        self._rest()

    def action_baseline(self) -> None:
        """Measure against the run in this column from now on; it comes to the front."""
        at = self.table.column
        if at == 0:
            self.say("this run is the baseline here already", "dim")
            return
        places = list(range(len(self._held.runs)))
        self._arrange([at, *places[:at], *places[at + 1 :]], 0)
        self.say(f"measured against {clip(self._held.runs[0].name, 40)}", "good")

    def action_remove(self) -> None:
        """Take the run in this column out; the baseline's place goes to the next."""
        if len(self._held.runs) <= FEWEST:
            self.say("two runs are the fewest that can be compared", "dim")
            return
        at = self.table.column
        gone = self._held.runs[at].name
        self._arrange([place for place in range(len(self._held.runs)) if place != at], at)
        self.say(f"{clip(gone, 40)} is out", "dim")

    def _arrange(self, places: Sequence[int], column: int) -> None:
        """The runs of these places, in this order, the cursor on `column`."""
        base = self._held.runs[0]
        self._held = self._held.arranged(places)
        self._wanted = [(run.source, run.id) for run in self._held.runs]
        if self._held.runs[0] is not base:
            self._commits = {}
            self._find_commits()
        self._show(self._made(column))
        self.curves.draw(self._held)
        self._rest()

    def action_leave(self) -> None:
        """Escape: from the curves to the table, then all rows again, then back."""
        if self.has_class("-curves"):
            self.remove_class("-curves")
            self._in_sight = (-1, (0, 0))  # the table comes back with its size, and tells it then
            self.set_focus(self.table)
        elif self.focused is not self.table:
            self.set_focus(self.table)
        else:
            super().action_leave()
        self.write_frame()

    # -- narrowing ----------------------------------------------------------------------------------------------

    def narrow_words(self) -> Iterable[str]:
        """What rows are called."""
        return {row.name for row in self.compared.rows}

    def narrowed(self) -> None:
        """Show the rows that are called so; the curves follow."""
        self._show(self._drawn(self.compared, self.table.column))
        self._rest()

    def _narrow(self, needle: str) -> None:
        super()._narrow(needle.strip())

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        if changed.runs and not self._dirty:
            self._dirty = True
            self.set_timer(CHANGES_AT_MOST_EVERY, self._look_again)
        if changed.commits:
            self._find_commits()
        super().cache_changed(changed)

    def _look_again(self) -> None:
        self._dirty = False
        held = read_again(self.deck.reader, self._wanted) if self.is_ready else None
        if held is not None and not held.runs:
            self.say("▲ the cache has none of these runs now: what is shown was read before", "warn")
        elif held is not None:
            self._held = held
            self._show(self._made(self.table.column))
            self._follow()
            self.curves.draw(self._held)

    def time_passed(self) -> None:
        """A run that still runs has taken longer."""
        super().time_passed()
        if self._held.is_running:
            self._show(self._made(self.table.column))

    def on_resize(self) -> None:
        """Fold the sentences anew."""
        if self.is_ready:
            self._share(self.size.width, self.size.height)
            self._rest()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        for widget in (self.sentences, self.table, self.chart, self.detail):
            widget.recolour(palette)

    # -- words --------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """These runs are compared already; and nothing is done to a table that the curves hide."""
        of_table = ("open", "same", "baseline", "remove", "filter")
        if action == "compare" or (action in of_table and self.has_class("-curves")):
            return False
        return super().check_action(action, parameters)

    def on_descendant_focus(self) -> None:
        """Tab goes from the table to the curves and back: the line of keys says whose they are."""
        self.write_frame()

    def on_chart_moved(self) -> None:
        """Whether there is a cursor or a bright curve to put away is on the key line."""
        self.write_frame()

    def shown_keys(self) -> list[tuple[str, str]]:
        """What this screen is for comes first; of the chart, while the keys are its."""
        if self.chart.has_focus:
            found = {active.binding.id: active.binding for active in self.active_bindings.values()}
            return [(self.app.get_key_display(found[one]), says) for one, says in CHART_KEYS.items() if one in found]
        order = ["open", "what is the same", "baseline", "take out", "narrow", "copy", "back"]
        return sorted(super().shown_keys(), key=lambda key: order.index(key[1]) if key[1] in order else len(order))

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How many runs of what, how much differs, and how fresh it is."""
        sources = {run.source for run in self.compared.runs}
        states = [state for state in self.deck.states if state.source in sources]
        hidden = 0 if self.has_class("-curves") else sum(self.table.hidden)
        left = counted(self.compared, self._held.experiments, self.needle)
        return left, [*aside(hidden), *each_freshness(states, self.deck.now()), (" ", "text")]

    def copies(self) -> Sequence[Copy]:
        """What is on the screen in three forms, and the command that prints it."""
        return copies_of(self.compared, everything=self._everything)
