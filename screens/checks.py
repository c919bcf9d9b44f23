"""Checks: what every tool said of the data, by data interval, the datasets in trouble first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget
from textual.worker import Worker, WorkerState

from ..app.query import CHECKS, Node, Sort, parse, parse_sort
from ..app.records import OUTCOMES, Check, Subject
from ..app.text import clip, fit
from ..widgets.figures import count
from ..widgets.freshness import freshness
from ..widgets.line import Line, Piece
from ..widgets.palette import Palette
from ..widgets.parted_table import PartedTable
from ..widgets.record_table import Column
from .asking import Asking
from .changes import Changed
from .check_columns import STRIP, UNSORTED, CheckLine, across, column, columns, line_said, needed, propose
from .check_feeds import Feeds
from .check_keys import CheckKeys
from .check_pane import WITH_PANE, CheckPane, Here, pane_width
from .check_rows import PAGE, CheckRows, Listed, Question, Section, entries, is_open, listed
from .check_strip import UNITS, Intervals, Unit, intervals, many
from .check_words import check_states, empty_words, standing_pieces
from .deck import Deck
from .list_screen import ListScreen

RESTS = 0.15
"""Seconds without a key before what follows the cursor does, and who feeds on the data in sight is read."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes ..."""

REST_AFTER_A_LIST = 5
"""... and so many times as long as the last one took."""

DATASETS_AT_ONCE = 1
"""Datasets of which it is read in one go who feeds on them: some tens of milliseconds where there are many runs."""

SHORT = 100
"""Columns of a terminal below which the words behind glyphs leave."""

TALL = 30
"""Rows from which on a rule parts the table from what is said below it."""

PAST = 60
"""Results of the check under the cursor that are read for the pane."""

BY_TROUBLE = ("", False)
"""The order of the list that nobody sorted: datasets in trouble first, in each the worst first."""


class ChecksScreen(ListScreen[CheckLine], CheckKeys):
    """The table of checks, and the one under the cursor."""

    NAME = "checks"
    TAB = "checks"
    FILTER_HINT = "outcome:fail dataset:orders silent:yes"
    DEFAULT_SORT = BY_TROUBLE
    CSS_PATH = "checks.tcss"
    LEADING_KEYS = ("open", "check.fold", "check.log", "filter", "mark", "sort", "columns")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "flat", "flat", id="check.flat", tooltip="By dataset with what is well folded, or a flat list"),
        Binding("i", "unit", "interval", id="check.interval", show=False,
                tooltip="What a column is: an hour, a day, a week, a month; as suits most checks"),
    ]  # fmt: skip

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._listed: Listed | None = None
        self._rows: CheckRows | None = None
        self._toggled: set[str] = set()
        self._unit: Unit | None = None
        self._flat = False
        self._feeds = Feeds()
        self._here: Here | None = None
        self._need: dict[str, int] = {}
        self._stays = False
        self._dirty = False
        self._resting: Timer | None = None
        self._asking = Asking(deck.open_reader, listed, self._answered)
        self.keys = ["name"]
        self.look({**(deck.tables.get_table(self.kept_name()) or {}), "filter": ""})

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """The table, and what is said of the check under the cursor: beside it or below."""
        palette = self.deck.palette
        with Horizontal():
            yield PartedTable[CheckLine](palette, self._across, lambda line: line.kind == "rule", id="table")
            yield CheckPane(palette, id="pane")
        yield Line(palette, fill="─", id="between")
        yield Line(palette, id="says")
        yield Line(palette, id="since")

    @property
    def pane(self) -> CheckPane:
        """The check under the cursor, where there is room."""
        return self.query_one("#pane", CheckPane)

    def _across(self, line: CheckLine, room: int, first: int) -> Sequence[Piece] | None:
        table = self.table
        strip = table.place(STRIP) if isinstance(table, PartedTable) else None
        return across(line, room, first, strip, self.deck.zone)

    @property
    def _room(self) -> int:
        """Columns of the table."""
        width = self.app.size.width
        return width - pane_width(width) if width >= WITH_PANE else width

    def on_resize(self) -> None:
        """Give the pane its room, or take it away; the strip gets as many intervals as fit."""
        self.pane.take_room(self.size.width)
        for line in ("#says", "#since"):
            self.query_one(line).display = not self.pane.display
        self.query_one("#between").display = not self.pane.display and self.size.height >= TALL
        if self._listed is not None and self._listed.intervals.count != many(self._room):
            self.reload(keep=True)
        self.set_columns()
        self._rest()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.pane.recolour(palette)

    # -- what is under the cursor -------------------------------------------------------------------------------

    def check_here(self) -> Check | None:
        """The check under the cursor; None on the head of some."""
        line = self.table.row() if self.is_composed else None
        return line.check if line is not None else None

    def chosen_checks(self) -> Sequence[Check]:
        """The marked checks, else the one under the cursor."""
        marked = [int(key) for key in self.table.marked]
        return [row.check for row in self.deck.reader.checks.rows(marked)] if marked else super().chosen_checks()

    def section_here(self) -> Section | None:
        """The dataset whose head is under the cursor."""
        line = self.table.row()
        known = line is not None and line.kind == "dataset" and self._rows is not None
        return self._rows.section(self.table.cursor) if known and self._rows is not None else None

    def subject_here(self) -> Subject | None:
        """The check here; of a dataset's head the worst of its checks, whose lineage is that of the data."""
        section = self.section_here() if self.is_composed else None
        if section is None:
            return super().subject_here()
        rows = self.deck.reader.checks.rows([*section.trouble, *section.well][:1])
        return Subject(kind="check", parts=(rows[0].check.id,)) if rows else None

    def on_record_table_moved(self) -> None:
        """What is said of the check follows after a rest: over a slow line it must not follow each key."""
        self._rest()

    def on_record_table_scrolled(self) -> None:
        """Other datasets are on the screen."""
        self._rest()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if self.is_ready:
            self._tell()
            self._read_feeds()

    def _tell(self) -> None:
        """Write of what is under the cursor what the table has no room for."""
        line, here = self.table.row(), self.table.key_here()
        section = self.section_here()
        dataset = self._feeds.named(section) if section is not None else None
        if self.pane.display:
            self._here = self._read_here(line, here if isinstance(here, int) else None)
            self.pane.show(self._here, dataset, self.deck)
        room = self.size.width - 2
        said = line_said(line, self.deck.zone) if line is not None else []
        if dataset is not None:
            said = [self._feeds.words(dataset)]
        self.query_one("#says", Line).show([(f" {fit(said[0], room)}", "text")] if said else [])
        self.query_one("#since", Line).show([(f" {fit('   '.join(said[1:]), room)}", "dim")] if said[1:] else [])

    def _read_here(self, line: CheckLine | None, rowid: int | None) -> Here | None:
        if line is None or line.check is None or rowid is None:
            return None
        reader = self.deck.reader
        shas = {line.check.rule_changed_commit, line.check.first_failed_commit} - {None, ""}
        found = {sha: commit for sha in shas if sha and (commit := reader.commit(sha)) is not None}
        section = self._rows.section(self.table.cursor) if self._rows is not None else None
        feeds = self._feeds.known.get(section.dataset.name, "") if section is not None else ""
        return Here(check=line.check, past=reader.checks.history(rowid, PAST), commits=found, feeds=feeds)

    def _read_feeds(self) -> None:
        """Read who feeds on the data whose heads are in sight, one at a time, and draw what is new."""
        waiting = [section for section in self._heads_in_sight() if section.dataset.name not in self._feeds.known]
        for section in waiting[:DATASETS_AT_ONCE]:
            self._feeds.read(self.deck, section)
        if waiting:
            self._draw_rows()
            self._tell()
        if len(waiting) > DATASETS_AT_ONCE:
            self._resting = self.set_timer(0.01, self._rested)

    def _heads_in_sight(self) -> list[Section]:
        rows = self._rows
        if rows is None:
            return []
        window = self.table.window
        heads = [at for at in window if (entry := rows.entry(at)) is not None and entry.kind == "dataset"]
        return [section for at in heads if (section := rows.section(at)) is not None]

    # -- columns, filter, order ---------------------------------------------------------------------------------

    def column(self, key: str) -> Column[CheckLine] | None:
        """The column of a word."""
        return column(key, self._intervals(), self.deck.zone, self._room, self._need, chosen=self.chosen)

    def _intervals(self) -> Intervals:
        if self._listed is not None:
            return self._listed.intervals
        return intervals(self._unit or "day", many(self._room), self.deck.now(), (), self.deck.zone)

    def all_keys(self) -> list[tuple[str, str]]:
        """Every column there is."""
        made = columns(self._intervals(), self.deck.zone)
        return [(key, "what it said of each data interval" if key in UNSORTED[:1] else one.title)
                for key, one in made.items()]  # fmt: skip

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
        return [*CHECKS.own, "age", *(f"outcome:{word}" for word in OUTCOMES), "silent:yes", "flapping:yes", *plain]

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

    def _question(self) -> Question:
        return Question(
            where=self._parsed(self.filter), sort=self._sorted(), now=self.deck.now(), unit=self._unit,
            columns=many(self._room), zone=self.deck.zone, identities=self.deck.identities,
        )  # fmt: skip

    def reload(self, *, keep: bool) -> None:
        """Ask for the list anew; what is on the screen stays until the answer is there."""
        self._stays = keep
        work = partial(self._asking.ask, self._asking.stop(), self._question())
        self.run_worker(work, thread=True, group="list", exit_on_error=False)

    def first_rows(self) -> None:
        """Paint what there is at once."""
        self._present(next(listed(self.deck.reader, self._question())))

    def _answered(self, number: int, answer: Listed) -> None:
        """On the thread that asks."""
        self.app.call_from_thread(self._show, number, answer)

    def _show(self, number: int, answer: Listed) -> None:
        if self._asking.is_current(number) and self.is_ready:
            self._present(answer)

    def _present(self, answer: Listed) -> None:
        self._listed = answer
        if not self.chosen:
            self.keys = propose(answer.sample, self.deck.environment, flat=answer.is_flat, room=self._room)
        self._draw_rows(keep=self._stays, has_changed=True)
        self._stays = True
        self.table.say(empty_words(self.deck, self.filter))
        self.write_frame()
        self._rest()

    def _draw_rows(self, *, keep: bool = True, has_changed: bool = False) -> None:
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

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A failed question is a sentence, not an exit."""
        if event.state is WorkerState.ERROR and event.worker.group == "list":
            self.say(f"▲ the list could not be read: {event.worker.error}", "warn")

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._asking.close()

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        if (changed.checks or changed.data or changed.models or changed.commits) and not self._dirty:
            self._dirty = True
            self.set_timer(max(CHANGES_AT_MOST_EVERY, REST_AFTER_A_LIST * self._asking.cost), self._look_again)
        self.table.say(empty_words(self.deck, self.filter))  # a source was found, or has gone
        super().cache_changed(changed)

    def _look_again(self) -> None:
        self._dirty = False
        if self.is_ready:
            self._feeds = Feeds()
            self.reload(keep=True)

    def time_passed(self) -> None:
        """Write the ages anew; what fell silent in the meantime is asked for."""
        super().time_passed()
        if self._listed is not None and not self.prompt.display:
            self._draw_rows()
            self._tell()

    # -- keys ---------------------------------------------------------------------------------------------------

    def open_row(self, line: CheckLine) -> None:
        """Open the check; open or fold what a head stands for."""
        if line.check is not None:
            from .check import CheckScreen  # with what it brings, when it is wanted

            self.app.push_screen(CheckScreen(self.deck, line.check.id))
        else:
            self._toggle(line)

    def action_mark(self) -> None:
        """Mark the check and go on; what heads some is opened or folded instead."""
        line = self.table.row()
        if line is None or line.check is not None:
            super().action_mark()
        else:
            self._toggle(line)

    def _toggle(self, line: CheckLine) -> None:
        key = self.table.key_here()
        section = self._rows.section(self.table.cursor) if self._rows is not None else None
        if line.kind == "rest":
            self._toggled ^= {"rest"}
        elif line.kind == "fold" and section is not None:
            self._toggled ^= {f"well {section.dataset.name}"}
        elif line.kind == "dataset" and section is not None:
            self._toggled ^= {section.key}
            if not is_open(section, self._toggled, unfolds=self._unfolds):
                self._toggled -= {f"well {section.dataset.name}"}
        elif line.complaint is not None:
            self.say(f"{line.complaint.sentence} {line.complaint.origin}".strip(), "warn")
            return
        self._draw_rows(has_changed=True)
        if key is not None and line.kind == "dataset":
            self.table.go_to(key)
        self._rest()

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

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How many in how many datasets, how they stand, the filter, and how fresh each source is."""
        left: list[Piece] = [(" checks", "bright"), *self._counts()]
        left += [*self.filter_pieces(self.size.width - 60), *self.marked_pieces()]
        return left, self._freshness()

    def _counts(self) -> list[Piece]:
        answer = self._listed
        if answer is None or not answer.total:
            return []
        environments = {check.environment for check in answer.sample} - {""}
        if len(environments) == 1:
            where = f" · {clip(environments.pop(), 16)}"
        else:
            where = f" · {count(len(environments))} environments" if environments else ""
        total = answer.tally.total
        number = f"{count(total)} of {count(answer.total)}" if self.filter else count(total)
        datasets = answer.tally.datasets
        among = f" in {count(datasets)} dataset{'s' * (datasets != 1)}" if self.size.width >= SHORT or datasets else ""
        made: list[Piece] = [(f"{where} · {number}{among}", "text")]
        return [
            *made,
            *standing_pieces(answer.tally.counts, answer.tally.silent, in_short=self.size.width < SHORT),
        ]

    def _freshness(self) -> list[Piece]:
        made: list[Piece] = []
        if self._flat:
            made = [(f"by {clip(self.sort[0] or 'outcome', 20)} {'↓' if self.sort[1] else '↑'}   ", "dim")]
        for state in check_states(self.deck.states)[: 1 if self.size.width < 120 else 4]:
            made += [*freshness(state, self.deck.now()), ("  ", "text")]
        return [*made[:-1], (" ", "text")] if made else []
