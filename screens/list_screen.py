"""What every list has: a table, a filter, a sort, columns, marks and saved views.

A screen of this kind names its columns, how it reads its filter and how it gets its rows; the keys are here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widget import Widget

from ..app.errors import FilterError, QuarterdeckError
from ..app.text import cells, clip, shown
from ..widgets.line import Piece
from ..widgets.palette import Palette
from ..widgets.prompt import Prompt
from ..widgets.record_table import Column, RecordTable
from .deck import Deck
from .frame import FrameScreen
from .picker import Item, Picker

R = TypeVar("R")

TYPING_RESTS = 0.06
"""Seconds after a keystroke in the filter before it is asked: a fast typist asks once a word."""


class ListScreen(FrameScreen, Generic[R]):
    """A list of records of one kind."""

    NAME: ClassVar[str] = ""
    """The word for `:view` and for what is kept of the table: `runs`."""
    FILTER_HINT: ClassVar[str] = "words to look for"
    DEFAULT_SORT: ClassVar[tuple[str, bool]] = ("name", False)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", id="open", tooltip="Open what is under the cursor", key_display="Enter"),
        Binding(
            "slash",
            "filter",
            "filter",
            priority=True,
            id="filter",
            tooltip="Filter in the grammar, live",
            key_display="/",
        ),
        Binding("space", "mark", "mark", id="mark", tooltip="Mark the row and go on", key_display="Space"),
        Binding("s", "sort", "sort", id="sort", tooltip="Choose what to sort by"),
        Binding("S", "reverse", "reverse", id="reverse", show=False),
        Binding("c", "columns", "columns", id="columns", tooltip="Choose the columns"),
        Binding("v", "views", "views", id="views", show=False),
        Binding("escape", "clear", "Clear the filter or go back", id="clear", show=False),
    ]

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self.filter = ""
        self.given = ""
        """The filter that the screen was opened with: Escape does not take it away but goes back."""
        self.sort: tuple[str, bool] = self.DEFAULT_SORT
        self.keys: list[str] = []
        """Words of the columns, in their order."""
        self.chosen = False
        """Whether the user arranged the columns."""
        self._filter_before = ""
        self._typing: Timer | None = None

    # -- what a kind of list names ------------------------------------------------------------------------------

    def column(self, key: str) -> Column[R] | None:
        """The column of a word; None for no such word."""
        raise NotImplementedError

    def all_keys(self) -> list[tuple[str, str]]:
        """Every column there could be: its word, and what it is."""
        raise NotImplementedError

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text cannot be read."""

    def reload(self, *, keep: bool) -> None:
        """Ask for the rows anew. `keep`: stay on the row under the cursor."""
        raise NotImplementedError

    def open_row(self, row: R) -> None:
        """Enter was pressed on a row."""

    def filter_words(self) -> Iterable[str]:
        """Words that complete what is typed into the filter."""
        return [key for key, _ in self.all_keys()]

    # -- the table ----------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """The table."""
        yield RecordTable[R](self.deck.palette, id="table")

    @property
    def table(self) -> RecordTable[R]:
        """The table of this screen."""
        return self.query_one("#table", RecordTable)

    def on_mount(self) -> None:
        """Focus the table and ask for its rows."""
        if self.is_composed:
            self.table.focus()
            self.set_columns()
            self.first_rows()

    def first_rows(self) -> None:
        """The screen is new: get something to show."""
        self.reload(keep=False)

    def set_columns(self) -> None:
        """Give the table the columns of the words in `keys`; words that mean nothing here are passed over."""
        self.table.set_columns(self.columns(), self.sort)

    def columns(self) -> list[Column[R]]:
        """The columns of the words in `keys`."""
        return [column for key in self.keys if (column := self.column(key))]

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.table.recolour(palette)

    def on_record_table_opened(self) -> None:
        """A row was clicked twice."""
        self.action_open()

    def action_open(self) -> None:
        """Open the row under the cursor."""
        row = self.table.row()
        if row is None:
            self.say("there is nothing here to open", "dim")
        else:
            self.open_row(row)

    def action_mark(self) -> None:
        """Mark the row under the cursor and go on."""
        self.table.toggle_mark()
        self.write_frame()

    # -- the filter ---------------------------------------------------------------------------------------------

    def action_filter(self) -> None:
        """Ask for a filter; the table follows while it is typed."""
        self._filter_before = self.filter
        self.query_one("#keys").display = False
        self.prompt.ask("filter", self.filter, self.FILTER_HINT, self.filter_words())

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Follow what is typed after a short rest."""
        if event.purpose == "filter":
            if self._typing is not None:
                self._typing.stop()
            self.say("")
            if not self._begins_a_word(event.value):
                self._typing = self.set_timer(TYPING_RESTS, lambda: self.set_filter(event.value))

    def _begins_a_word(self, text: str) -> bool:
        """`metrics.va` is on its way to a name of the grammar: to look for runs called so would empty the table."""
        last = text[max(text.rfind(" "), text.rfind("(")) + 1 :]
        if not last:
            return False
        # `status:failed` is whole; `name` is a field whose comparison is still to come
        return any(word.startswith(last) and not (word == last and ":" in word) for word in self.filter_words())

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Take the filter and go back to the table."""
        if event.purpose == "filter":
            if self._typing is not None:
                self._typing.stop()
            if self.set_filter(event.value):
                self.close_prompt()

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Put the filter back that was there before."""
        if event.purpose == "filter":
            if self._typing is not None:
                self._typing.stop()
            self.close_prompt()
            self.set_filter(self._filter_before)

    def close_prompt(self) -> None:
        """Put the prompt away and give the keys back to the table."""
        self.prompt.close()
        self.query_one("#keys").display = True
        self.set_focus(self.table)  # at once: the line of keys is written for what has the focus
        self.write_frame()

    def set_filter(self, text: str) -> bool:
        """Filter by this text; where it cannot be read, say where, and keep what is shown. Gives whether it could."""
        text = text.strip()
        if not self.is_ready:
            return False
        try:
            self.check_filter(text)
        except FilterError as error:
            unfinished = error.column >= len(text)
            self.say(
                f"… {error}" if unfinished else f"▲ at {error.column + 1}: {error}", "dim" if unfinished else "warn"
            )
            return False
        self.say("")
        if text != self.filter:
            self.filter = text
            self.reload(keep=False)
        self.write_frame()
        return True

    def action_clear(self) -> None:
        """Escape takes the filter away, then the marks, then goes back."""
        if self.filter != self.given:
            self.set_filter(self.given)
        elif self.table.marked:
            self.table.clear_marks()
            self.write_frame()
        else:
            self.action_back()

    # -- sort and columns ---------------------------------------------------------------------------------------

    def action_sort(self) -> None:
        """Choose what to sort by."""
        shown_first = sorted(self.all_keys(), key=lambda pair: pair[0] not in self.keys)
        items = [Item(key, what, key) for key, what in shown_first]
        picker = Picker("sort by", items, self.deck.palette, here=self.sort[0])
        self.app.push_screen(picker, lambda found: self.sort_by(found[0]) if found else None)

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """Sort by a column: figures and times from the largest, words from A, the other way when it is so already."""
        if descending is None:
            column = self.column(key)
            descending = not self.sort[1] if key == self.sort[0] else bool(column and column.right)
        self.sort = (key, descending)
        self.set_columns()
        self.reload(keep=False)
        self.remember()
        self.write_frame()

    def action_reverse(self) -> None:
        """Sort the other way round."""
        self.sort_by(self.sort[0], not self.sort[1])

    def action_columns(self) -> None:
        """Choose the columns; their order is the order of ticking."""
        ordered = sorted(self.all_keys(), key=lambda p: self.keys.index(p[0]) if p[0] in self.keys else 10_000)
        items = [Item(key, what, key) for key, what in ordered]
        picker = Picker("columns", items, self.deck.palette, several=True, ticked=self.keys)
        self.app.push_screen(picker, self._take_columns)

    def _take_columns(self, keys: list[str] | None) -> None:
        if keys and keys != self.keys:
            self.keys, self.chosen = keys, True
            self.set_columns()
            self.reload(keep=True)
            self.remember()

    # -- what is kept -------------------------------------------------------------------------------------------

    def kept_name(self) -> str:
        """The name under which this table is kept."""
        return f"table/{self.NAME}"

    def looks(self) -> dict[str, Any]:
        """Filter, sort and columns as they are kept and saved as views."""
        direction = "desc" if self.sort[1] else "asc"
        columns = self.keys if self.chosen else []
        return {"filter": self.filter, "sort": f"{self.sort[0]}:{direction}", "columns": columns}

    def look(self, kept: Mapping[str, Any]) -> None:
        """Take filter, sort and columns from what was kept."""
        self.filter = str(kept.get("filter", ""))
        key, _, direction = str(kept.get("sort") or ":".join(("", ""))).rpartition(":")
        self.sort = (key, direction == "desc") if key else self.DEFAULT_SORT
        columns = kept.get("columns") or []
        self.chosen = bool(columns)
        if columns:
            self.keys = [str(key) for key in columns]

    def remember(self) -> None:
        """Keep how the table looks for the next session: all but the filter, which would hide what is new then."""
        self._keep(self.kept_name(), self.looks() | {"filter": ""})

    def _keep(self, name: str, looks: Mapping[str, Any]) -> bool:
        try:
            self.deck.tables.save_table(name, looks)
        except QuarterdeckError as error:
            self.say(str(error), "warn")
            return False
        return True

    def save_view(self, name: str) -> None:
        """`:view save NAME`."""
        if self._keep(f"view/{self.NAME}/{name}", self.looks()):
            self.say(f"kept as view {name}: `:view {name}` or v brings it back", "good")

    def show_view(self, name: str) -> None:
        """`:view NAME`."""
        kept = self.deck.tables.get_table(f"view/{self.NAME}/{name}")
        if kept is None:
            self.say(f"there is no view {name}: `:view save {name}` keeps the present one under this name", "warn")
            return
        self.look(kept)
        self.set_columns()
        self.reload(keep=False)
        self.write_frame()

    def action_views(self) -> None:
        """Choose a saved view."""
        prefix = f"view/{self.NAME}/"
        names = [name.removeprefix(prefix) for name in self.deck.tables.tables(prefix)]
        if not names:
            self.say("no view is saved yet: `:view save NAME` keeps filter, sort and columns", "dim")
            return
        items = [Item(name, self._view_says(prefix + name), name) for name in names]
        picker = Picker("views", items, self.deck.palette)
        self.app.push_screen(picker, lambda found: self.show_view(found[0]) if found else None)

    def _view_says(self, name: str) -> str:
        kept = self.deck.tables.get_table(name) or {}
        return "  ".join(str(kept[part]) for part in ("filter", "sort") if kept.get(part))

    # -- the subject line ---------------------------------------------------------------------------------------

    def filter_pieces(self, room: int) -> list[Piece]:
        """The filter and the sort, as the subject line says them."""
        made: list[Piece] = []
        if self.filter:
            text = shown(self.filter)
            made.append((f"  {text}" if cells(text) < room else "  filtered", "accent"))
        return made

    def sorted_pieces(self, by: str) -> list[Piece]:
        """By what the list is sorted, and which way."""
        return [(f"by {clip(by, 20)} {'↓' if self.sort[1] else '↑'}   ", "dim")]

    def marked_pieces(self) -> Sequence[Piece]:
        """How many rows are marked."""
        number = len(self.table.marked)
        return [(f"  {number} marked", "mark")] if number else []
