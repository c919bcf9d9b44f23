"""The list of checks as it is asked for and arranged: columns, filter, order, folds, what a column of the strip is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.timer import Timer

from ..app.query import CHECKS, Node, Sort, parse, parse_sort
from ..app.records import OUTCOMES
from ..widgets.record_table import Column
from .asked_list import AskedList
from .check_columns import SAYS, STRIP, UNSORTED, CheckLine, column, columns, needed, propose
from .check_feeds import Feeds
from .check_keys import CheckKeys
from .check_rows import PAGE, CheckRows, Listed, Question, entries, is_open, listed
from .check_strip import UNITS, Intervals, Unit, intervals, many
from .check_words import empty_words
from .deck import Deck

BY_TROUBLE = ("", False)
"""The order of the list that nobody sorted: datasets in trouble first, in each the worst first."""


class CheckList(AskedList[CheckLine, Question, Listed], CheckKeys):
    """What is asked of the cache, and which lines are drawn. A subclass has the widgets and follows the cursor."""

    NAME = "checks"
    TAB = "checks"
    FILTER_HINT = "outcome:fail dataset:orders silent:yes"
    DEFAULT_SORT = BY_TROUBLE
    answers = staticmethod(listed)

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "flat", "flat", id="check.flat", tooltip="By dataset with what is well folded, or a flat list"),
        Binding("i", "unit", "interval", id="check.interval", show=False,
                tooltip="What a column is: an hour, a day, a week, a month; as suits most checks"),
    ]  # fmt: skip

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._rows: CheckRows | None = None
        self._toggled: set[str] = set()
        self._unit: Unit | None = None
        self._flat = False
        self._feeds = Feeds()
        self._need: dict[str, int] = {}
        self._resting: Timer | None = None
        self.keys = ["name"]
        self.look({**(deck.tables.get_table(self.kept_name()) or {}), "filter": ""})

    # -- what a subclass has ------------------------------------------------------------------------------------

    @property
    def room(self) -> int:
        """Columns of the table."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def rest(self) -> None:
        """Other lines are under the cursor or on the screen: what follows them does so after a rest."""
        raise NotImplementedError

    # -- columns, filter, order ---------------------------------------------------------------------------------

    def column(self, key: str) -> Column[CheckLine] | None:
        """The column of a word."""
        return column(key, self._intervals(), self.deck.zone, self.room, self._need, chosen=self.chosen)

    def _intervals(self) -> Intervals:
        if self._listed is not None:
            return self._listed.intervals
        return intervals(self._unit or "day", many(self.room), self.deck.now(), (), self.deck.zone)

    def all_keys(self) -> list[tuple[str, str]]:
        """Every column there is."""
        made = columns(self._intervals(), self.deck.zone)
        told = {STRIP: "what it said of each data interval", SAYS: "what it says now"}
        return [(key, told.get(key, one.title)) for key, one in made.items()]

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """Sort by a column that the cache knows of: a flat list; `t` brings the datasets back."""
        if key in UNSORTED:
            self.say(f"there is no order by {key}: sort by outcome, share or first_failed_at", "dim")
            return
        self._flat = True
        super().sort_by(key, descending)

    def filter_words(self) -> Iterable[str]:
        """The fields, and the words of outcome."""
        datasets = [section.dataset.name for section in (self._listed.sections if self._listed is not None else ())]
        plain = [f"dataset:{name}" for name in datasets[:40] if name and not set(name) & set(" ()\"'`")]
        common = (*(f"outcome:{word}" for word in OUTCOMES), "silent:yes", "flapping:yes", "rule:loosened", "tool:gx")
        return [*CHECKS.own, "age", *common, *plain]

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text is not of the grammar."""
        self._parsed(text)

    def _parsed(self, text: str) -> Node | None:
        return parse(text, zone=self.deck.zone, now=self.deck.now(), vocabulary=CHECKS)

    def _sorted(self) -> Sort | None:
        if not self._flat:
            return None
        key = self.sort[0] or "outcome"
        return parse_sort(f"{key}:{'desc' if self.sort[1] else 'asc'}", vocabulary=CHECKS)

    def question(self) -> Question:
        """What is listed, in which order and intervals."""
        return Question(
            where=self._parsed(self.filter), sort=self._sorted(), now=self.deck.now(), unit=self._unit,
            columns=many(self.room), zone=self.deck.zone, identities=self.deck.identities,
        )  # fmt: skip

    def first_rows(self) -> None:
        """Paint what there is at once."""
        self.present_now()

    def present(self, answer: Listed) -> None:
        """Draw it, and go on where the cursor was."""
        self._listed = answer
        if not self.chosen:
            self.keys = propose(answer.sample, self.deck.environment, flat=answer.is_flat, room=self.room)
        self.draw_rows(keep=self._stays, has_changed=True)
        self._stays = True
        self.table.say(empty_words(self.deck, self.filter))
        self.write_frame()
        self.rest()

    def draw_rows(self, *, keep: bool = True, has_changed: bool = False) -> None:
        """Read what is in sight anew and draw it. `has_changed`: other lines may need other widths."""
        if (rows := self._read_rows()) is not None:
            self._rows = rows
            if has_changed:
                self._make_room(rows)
            self.table.show(rows, keep=keep)

    def _read_rows(self) -> CheckRows | None:
        answer = self._listed
        if answer is None:
            return None
        lines = entries(answer, self._toggled, unfolds=self._unfolds)
        opened = partial(is_open, toggled=self._toggled, unfolds=self._unfolds)
        return CheckRows(self.deck.reader, answer, lines, self.deck.now(), feeds=self._feeds.known, is_open=opened)

    @property
    def _unfolds(self) -> bool:
        """Whoever filters wants to see what is found."""
        return bool(self.filter)

    def _make_room(self, rows: CheckRows) -> None:
        """Give the columns what the lines in sight need; while the same list is shown they never get less."""
        first = self.table.top if self._stays else 0
        need = needed(rows.rows(first, min(rows.count(), first + PAGE)))
        if self._stays:
            need = {key: max(size, self._need.get(key, 0)) for key, size in (self._need | need).items()}
        self._need = need
        self.set_columns()

    def action_flat(self) -> None:
        """By dataset, or a flat list."""
        self._flat = not self._flat
        if not self._flat:
            self.sort = BY_TROUBLE
        said = "a flat list, the worst first" if self._flat else "by dataset, what is well is folded"
        self.set_columns()
        self.reload(keep=False)
        self.remember()
        self.say(said, "dim")

    def action_unit(self) -> None:
        """What a column of the strip is."""
        units = (None, *UNITS)
        self._unit = units[(units.index(self._unit) + 1) % len(units)]
        self.reload(keep=True)
        self.remember()
        self.say(f"a column is a{'n' * (self._unit == 'hour')} {self._unit}" if self._unit else
                 "a column is what suits most checks", "dim")  # fmt: skip

    def looks(self) -> dict[str, Any]:
        """Filter, sort, columns, whether it is flat, and what a column of the strip is."""
        return super().looks() | {"flat": self._flat, "unit": self._unit}

    def look(self, kept: Mapping[str, Any]) -> None:
        """Take what was kept."""
        super().look(kept)
        self._flat = bool(kept.get("flat"))
        self._unit = found if (found := kept.get("unit")) in UNITS else None
        known = columns(intervals("day", 1, 0, ()))
        if self.sort[0] in UNSORTED or self.sort[0] not in known or not self._flat:
            self.sort = BY_TROUBLE
