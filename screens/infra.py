"""Infra: stacks, and below each what its plan would do and what was changed outside the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from ..app.copies import Copy
from ..app.infra_copies import resource_copies, stack_copies
from ..app.query import RESOURCES, Node, parse
from ..app.records import RESOURCE_ACTIONS, Subject
from ..widgets.figures import count
from ..widgets.freshness import freshness
from ..widgets.line import Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.parted_table import PartedTable
from ..widgets.record_table import Column
from .asking import Asking
from .changes import Changed
from .deck import Deck
from .infra_columns import COLUMNS, USUAL, across, column, sort_key
from .infra_lines import about_resource, about_stack
from .infra_rows import InfraLine, InfraRows, Listed, Question, fold_key, lines_of, listed
from .infra_words import empty_words, infra_states, tally_pieces
from .list_screen import ListScreen
from .run_detail import Upright
from .run_details import Sight
from .run_pane import WITH_PANE
from .subjects import named

RESTS = 0.15
"""Seconds without a key before the pane follows the cursor."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes."""

BY_TROUBLE = ("", False)
"""The order of the list that nobody sorted: the worst first."""


class InfraScreen(ListScreen[InfraLine]):
    """The table of stacks."""

    NAME = "infra"
    TAB = "infra"
    FILTER_HINT = "action:delete type:aws_lb drift:update model:churn words"
    DEFAULT_SORT = BY_TROUBLE
    CSS_PATH = "infra.tcss"
    LEADING_KEYS = ("open", "changes", "infra.all", "mark", "filter", "sort", "columns")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("w", "changes", "changes", id="changes", tooltip="What changed around this; w again draws its lineage"),
        Binding(
            "t", "all", "unchanged", id="infra.all", tooltip="Show what no plan changes of every stack, or fold it"
        ),
        Binding("space", "mark", "fold", id="mark", key_display="Space", tooltip="Fold the stack away, or show it"),
    ]

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._listed: Listed | None = None
        self._toggled: set[str] = set()
        self._shows_all = False
        self._resting: Timer | None = None
        self._dirty = False
        self._is_stale = False
        self._asking = Asking(deck.open_reader, listed, self._answered)
        self.keys = list(USUAL)
        self.look({**(deck.tables.get_table(self.kept_name()) or {}), "filter": ""})

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """The table, and what is under the cursor beside it."""
        palette = self.deck.palette
        with Horizontal():
            yield PartedTable[InfraLine](palette, across, lambda line: line.is_remark, id="table")
            yield Upright(palette)
            pages = Pages(palette, id="pane")
            pages.can_focus = False
            yield pages

    @property
    def pane(self) -> Pages:
        """What is known of the line under the cursor, where there is room."""
        return self.query_one("#pane", Pages)

    def on_resize(self) -> None:
        """Give the pane its room, or take it away."""
        if self.is_composed:
            self.pane.display = self.query_one(Upright).display = self.app.size.width >= WITH_PANE
            self.pane.styles.width = max(50, self.app.size.width - 128)
            self._rest()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.pane.recolour(palette)
        self.query_one(Upright).recolour(palette)

    # -- columns, filter, order ---------------------------------------------------------------------------------

    def column(self, key: str) -> Column[InfraLine] | None:
        """The column of a word."""
        return column(key, chosen=self.chosen)

    def all_keys(self) -> list[tuple[str, str]]:
        """Every column there is."""
        return [(key, made.title) for key, made in COLUMNS.items()]

    def filter_words(self) -> Iterable[str]:
        """The fields, what can happen to a resource, and types of those that are here."""
        stacks = self._listed.stacks if self._listed is not None else ()
        types = dict.fromkeys(f"type:{one.type}" for held in stacks for one in held.stack.resources[:200])
        return [*RESOURCES.own, "age", *(f"action:{action}" for action in RESOURCE_ACTIONS), *types]

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text is not of the grammar."""
        self._parsed(text)

    def _parsed(self, text: str) -> Node | None:
        return parse(text, zone=self.deck.zone, now=self.deck.now(), vocabulary=RESOURCES)

    def reload(self, *, keep: bool) -> None:
        """Show the lines that match; where nothing was read yet, read."""
        if self._listed is None:
            self.read()
        else:
            self._show(keep=keep)

    def first_rows(self) -> None:
        """Ask for the list."""
        self.on_resize()
        self.table.say([("reading …", "dim")])
        self.read()

    def read(self) -> None:
        """Read anew, on a thread; what is on the screen stays until the answer is there."""
        self._is_stale = False
        work = partial(self._asking.ask, self._asking.stop(), Question(now=self.deck.now()))
        self.run_worker(work, thread=True, group="list", exit_on_error=False)

    def _answered(self, number: int, answer: Listed) -> None:
        """On the thread that asks."""
        self.call_later(self._take, number, answer)

    def _take(self, number: int, answer: Listed) -> None:
        if self._asking.is_current(number) and self.is_ready:
            self._listed = answer
            self._show(keep=True)

    def _show(self, *, keep: bool) -> None:
        stacks = self._listed.stacks if self._listed is not None else ()
        if self.sort != BY_TROUBLE and self.sort[0]:
            stacks = tuple(sorted(stacks, key=sort_key(self.sort[0]), reverse=self.sort[1]))
        lines = lines_of(stacks, self._toggled, self._parsed(self.filter), self.deck.now(), unfolds=self._shows_all)
        self.set_columns()
        self.table.show(InfraRows(lines), keep=keep)
        self.table.say(empty_words(self.deck, self.filter))
        self.write_frame()
        self._rest()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed question is a sentence, not an exit."""
        if event.state is WorkerState.ERROR and event.worker.group == "list":
            self.say(f"▲ the list could not be read: {event.worker.error}", "warn")

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._asking.close()

    # -- the pane -----------------------------------------------------------------------------------------------

    def on_record_table_moved(self) -> None:
        """The pane follows after a rest: over a slow line it must not follow each key."""
        self._rest()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if not self.is_ready or not self.pane.display or not self.pane.size.width:
            return
        line = self.table.row()
        sight = Sight(self.pane.size.width, self.deck.now(), self.deck.zone, {})
        if line is None:
            self.pane.show([])
        elif line.resource is not None:
            self.pane.show(about_resource(line.resource, sight))
        else:
            self.pane.show(about_stack(line.held, sight))

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        self._is_stale = self._is_stale or changed.infra or changed.commits
        if self._is_stale and self.is_current and not self._dirty:
            self._dirty = True
            self.set_timer(CHANGES_AT_MOST_EVERY, self._look_again)
        if self.is_ready:
            self.table.say(empty_words(self.deck, self.filter))  # a source was found, or has gone
        super().cache_changed(changed)

    def _look_again(self) -> None:
        self._dirty = False
        if self._is_stale and self.is_ready and self.is_current:
            self.read()

    def on_screen_resume(self) -> None:
        """The screen on top is gone: what came in the meantime is shown."""
        if self._is_stale and self.is_ready:
            self.read()

    def time_passed(self) -> None:
        """Write the ages anew."""
        super().time_passed()
        if self._listed is not None and not self.prompt.display:
            self._show(keep=True)

    # -- keys ---------------------------------------------------------------------------------------------------

    def open_row(self, line: InfraLine) -> None:
        """Open the stack's plan or the resource; a fold is opened here."""
        if line.kind == "fold":
            self._toggle(line)
            return
        from .places import screens_at  # here: it leads to all screens

        subject = self.subject_here()
        assert subject is not None
        self.app.push_screen(screens_at(self.deck, subject)[-1])

    def action_mark(self) -> None:
        """Fold the stack away, or show it."""
        line = self.table.row()
        if line is not None:
            self._toggle(line)

    def _toggle(self, line: InfraLine) -> None:
        self._toggled ^= {fold_key(line)}
        self._show(keep=True)
        if line.kind == "resource":
            self.table.go_to(f"{line.stack.source}/{line.stack.name}")

    def action_all(self) -> None:
        """Show what no plan changes of every stack, or fold it."""
        self._shows_all = not self._shows_all
        self._toggled.clear()
        self._show(keep=True)
        self.say("what no plan changes is shown too" if self._shows_all else "what no plan changes is folded", "dim")

    def subject_here(self) -> Subject | None:
        """The resource under the cursor, else its stack."""
        line = self.table.row() if self.is_composed else None
        if line is None:
            return None
        return named("resource", line.stack.name, *([line.resource.address] if line.resource is not None else []))

    def copies(self) -> Sequence[Copy]:
        """The resource or the stack under the cursor, in every form."""
        line = self.table.row()
        if line is None:
            return ()
        if line.resource is not None:
            return resource_copies(line.resource, line.stack)
        return stack_copies(line.stack, line.held.counts)

    # -- what is kept, and words ----------------------------------------------------------------------------------

    def look(self, kept: Mapping[str, Any]) -> None:
        """Take what was kept."""
        super().look(kept)
        if column(self.sort[0]) is None:
            self.sort = BY_TROUBLE

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How many stacks, how they stand, the filter, and how fresh the sources are."""
        left: list[Piece] = [(" infra", "bright")]
        stacks = [held.stack for held in self._listed.stacks] if self._listed is not None else []
        if stacks:
            left.append((f"   {count(len(stacks))} stack{'s' * (len(stacks) != 1)}", "text"))
            left += tally_pieces(stacks)
        left += self.filter_pieces(self.size.width - 60)
        made: list[Piece] = []
        if self.sort != BY_TROUBLE:
            made = [(f"by {self.sort[0]} {'↓' if self.sort[1] else '↑'}   ", "dim")]
        for state in infra_states(self.deck.states)[: 1 if self.size.width < 120 else 3]:
            made += [*freshness(state, self.deck.now()), ("  ", "text")]
        return left, [*made[:-1], (" ", "text")] if made else []
