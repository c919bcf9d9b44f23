"""Infra: stacks, and below each what its plan would do and what was changed outside the code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

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
from .changes import Changed
from .deck import Deck
from .held_list import BY_TROUBLE, HeldList
from .infra_columns import COLUMNS, USUAL, across, column, sort_key
from .infra_lines import about_resource, about_stack
from .infra_rows import InfraLine, InfraRows, Listed, Question, fold_key, lines_of, listed
from .infra_words import empty_words, infra_states, tally_pieces
from .run_detail import Upright
from .run_details import Sight
from .run_pane import WITH_PANE
from .subjects import named


class InfraScreen(HeldList[InfraLine, Question, Listed]):
    """The table of stacks."""

    NAME = "infra"
    TAB = "infra"
    FILTER_HINT = "action:delete type:aws_lb drift:update model:churn words"
    CSS_PATH = "infra.tcss"
    answers = staticmethod(listed)
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
        self._toggled: set[str] = set()
        self._shows_all = False
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

    def share_room(self) -> None:
        """Give the pane its room, or take it away."""
        self.pane.display = self.query_one(Upright).display = self.app.size.width >= WITH_PANE
        self.pane.styles.width = max(50, self.app.size.width - 128)

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

    def question(self) -> Question:
        """All stacks, as of now."""
        return Question(now=self.deck.now())

    def show_held(self, *, keep: bool) -> None:
        """Show the lines that match, as they are folded and sorted."""
        stacks = self._listed.stacks if self._listed is not None else ()
        if self.sort != BY_TROUBLE and self.sort[0]:
            stacks = tuple(sorted(stacks, key=sort_key(self.sort[0]), reverse=self.sort[1]))
        lines = lines_of(stacks, self._toggled, self._parsed(self.filter), self.deck.now(), unfolds=self._shows_all)
        self.set_columns()
        self.table.show(InfraRows(lines), keep=keep)
        self.table.say(self.empty_words())
        self.write_frame()
        self._rest()

    def empty_words(self) -> Sequence[Piece]:
        """What stands where there is no line."""
        return empty_words(self.deck, self.filter)

    # -- the pane, and news -------------------------------------------------------------------------------------

    def rested(self) -> None:
        """Tell of the line under the cursor, where there is room."""
        if not self.pane.display or not self.pane.size.width:
            return
        line = self.table.row()
        sight = Sight(self.pane.size.width, self.deck.now(), self.deck.zone, {})
        if line is None:
            self.pane.show([])
        elif line.resource is not None:
            self.pane.show(about_resource(line.resource, sight))
        else:
            self.pane.show(about_stack(line.held, sight))

    def is_about(self, changed: Changed) -> bool:
        """Whether the lines may be others."""
        return changed.infra or changed.commits

    def time_passed(self) -> None:
        """Write the ages anew."""
        super().time_passed()
        if self._listed is not None and not self.prompt.display:
            self.show_held(keep=True)

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
        self.show_held(keep=True)
        if line.kind == "resource":
            self.table.go_to(f"{line.stack.source}/{line.stack.name}")

    def action_all(self) -> None:
        """Show what no plan changes of every stack, or fold it."""
        self._shows_all = not self._shows_all
        self._toggled.clear()
        self.show_held(keep=True)
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
