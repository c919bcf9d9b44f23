"""Checks: what every tool said of the data, by data interval, the datasets in trouble first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from textual.containers import Horizontal
from textual.widget import Widget

from ..app.records import Check, Subject
from ..app.text import clip, fit
from ..widgets.figures import count
from ..widgets.freshness import each_freshness
from ..widgets.line import Line, Piece
from ..widgets.palette import Palette
from ..widgets.parted_table import PartedTable
from .asking import Asking
from .changes import Changed
from .check_columns import STRIP, CheckLine, across, line_said
from .check_feeds import Feeding, Feeds, feeds_of
from .check_feeds import Question as FeedQuestion
from .check_list import CheckList
from .check_pane import WITH_PANE, CheckPane, Here, pane_width
from .check_rows import Section, is_open
from .check_strip import many
from .check_words import check_states, empty_words, standing_pieces
from .deck import Deck

RESTS = 0.15
"""Seconds without a key before what follows the cursor does, and who feeds on the data in sight is read."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes ..."""

REST_AFTER_A_LIST = 5
"""... and so many times as long as the last one took."""

SHORT = 100
"""Columns of a terminal below which the words behind glyphs leave."""

TALL = 30
"""Rows from which on a rule parts the table from what is said below it."""

PAST = 60
"""Results of the check under the cursor that are read for the pane."""


class ChecksScreen(CheckList):
    """The table of checks, and the one under the cursor."""

    CSS_PATH = "checks.tcss"
    LEADING_KEYS = ("open", "changes", "check.log", "filter", "mark", "sort", "columns")

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._tracing = Asking(deck.open_reader, feeds_of, self._traced)
        self._traced_for: tuple[tuple[str, int], ...] = ()

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
    def room(self) -> int:
        """Columns of the table."""
        width = self.app.size.width
        return width - pane_width(width) if width >= WITH_PANE else width

    def on_resize(self) -> None:
        """Give the pane its room, or take it away; the strip gets as many intervals as fit."""
        self.pane.take_room(self.size.width)
        for line in ("#says", "#since"):
            self.query_one(line).display = not self.pane.display
        self.query_one("#between").display = not self.pane.display and self.size.height >= TALL
        if self._listed is not None and self._listed.intervals.count != many(self.room):
            self.reload(keep=True)
        self.set_columns()
        self.rest()

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
        self.rest()

    def on_record_table_scrolled(self) -> None:
        """Other datasets are on the screen."""
        self.rest()

    def rest(self) -> None:
        """Follow after a while without a key."""
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if self.is_ready:
            self._tell()
            self._ask_for_feeds()
            self.write_frame()  # Enter does something else on a head

    def _tell(self) -> None:
        """Write of what is under the cursor what the table has no room for."""
        line, here = self.table.row(), self.table.key_here()
        section = self.section_here()
        dataset = self._feeds.named(section) if section is not None else None
        if self.pane.display:
            self.pane.show(self._read_here(line, here if isinstance(here, int) else None), dataset, self.deck)
        room = self.size.width - 2
        said = line_said(line, self.deck.zone, self.room) if line is not None else []
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

    def _ask_for_feeds(self) -> None:
        """Have read who feeds on the data whose heads are in sight."""
        waiting = self._feeds.waiting(self._heads_in_sight())
        if not set(waiting) <= set(self._traced_for):
            self._traced_for = waiting
            question = FeedQuestion(waiting, self.deck.identities, self.deck.now())
            work = partial(self._tracing.ask, self._tracing.stop(), question)
            self.run_worker(work, thread=True, group="feeds", exit_on_error=False)

    def _traced(self, number: int, found: Mapping[str, Feeding]) -> None:
        """On the thread that asks."""
        self.app.call_from_thread(self._show_feeds, number, found)

    def _show_feeds(self, number: int, found: Mapping[str, Feeding]) -> None:
        if self._tracing.is_current(number) and self.is_ready:
            self._feeds.learn(found)
            self.draw_rows()
            self._tell()

    def on_unmount(self) -> None:
        """Let go of the file."""
        self._tracing.close()

    def _heads_in_sight(self) -> list[Section]:
        rows = self._rows
        if rows is None:
            return []
        window = self.table.window
        heads = [at for at in window if (entry := rows.entry(at)) is not None and entry.kind == "dataset"]
        return [section for at in heads if (section := rows.section(at)) is not None]

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        if changed.checks or changed.data or changed.models or changed.commits:
            self.look_again_in(max(CHANGES_AT_MOST_EVERY, REST_AFTER_A_LIST * self._asking.cost))
        self.table.say(empty_words(self.deck, self.filter))  # a source was found, or has gone
        super().cache_changed(changed)

    def look_again(self) -> None:
        """Trace what feeds the data anew, too."""
        self._feeds, self._traced_for = Feeds(), ()
        super().look_again()

    def time_passed(self) -> None:
        """Write the ages anew; what fell silent in the meantime is asked for."""
        super().time_passed()
        if self._listed is not None and not self.prompt.display:
            self.draw_rows()
            self._tell()

    # -- keys ---------------------------------------------------------------------------------------------------

    def shown_keys(self) -> list[tuple[str, str]]:
        """On a head Enter opens no page."""
        line = self.table.row() if self.is_composed else None
        if line is None or line.kind not in ("dataset", "fold", "rest"):
            return super().shown_keys()
        return [(key, "fold" if says == "open" else says) for key, says in super().shown_keys()]

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
        self.draw_rows(has_changed=True)
        if key is not None and line.kind == "dataset":
            self.table.go_to(key)
        self.rest()

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
        order = self.sorted_pieces(self.sort[0] or "outcome") if self._flat else []
        states = check_states(self.deck.states)[: 1 if self.size.width < 120 else 4]
        return [*order, *each_freshness(states, self.deck.now()), (" ", "text")] if states else order
