"""One registered model: where its aliases were, and all its versions in a table that reads windows of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget

from ..app.query import VERSIONS, Node, parse, parse_sort
from ..app.store.models import ModelRow, VersionRow
from ..app.store.state import table_name
from ..app.text import clip, fit, one_line
from ..widgets.figures import count
from ..widgets.freshness import freshness
from ..widgets.line import Line, Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.record_table import Column
from .alias_history import History
from .asked_list import AskedList
from .changes import Changed
from .deck import Deck
from .model_facts import ModelFacts, facts_of
from .model_keys import ModelKeys
from .model_lanes import lane_lines, scale_line
from .model_pane import trend_pieces
from .model_words import LINE_FEED
from .run_detail import Upright
from .run_details import Lines, Sight
from .run_pane import WITH_PANE
from .version import VersionScreen
from .version_columns import UNSORTED, column, fixed, needed, propose
from .version_details import standing_lines
from .version_facts import version_facts
from .version_rows import METRIC, PAGE, Listed, Question, VersionLine, VersionRows, known, listed

RESTS = 0.15
"""Seconds without a key before the version beside the table follows the cursor."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes."""

LANES, LANES_IN_SHORT = 6, 3
"""Aliases of which a lane is drawn, and in a terminal of few rows."""

TALL = 30
"""Rows from which on there are more lanes, and their scale."""


class ModelScreen(AskedList[VersionLine, Question, Listed], ModelKeys):
    """The versions of the model of this name."""

    NAME = "versions"
    TAB = "models"
    FILTER_HINT = "status:failed alias:champion version > 10"
    DEFAULT_SORT = ("version", True)
    CSS_PATH = "model.tcss"
    answers = staticmethod(listed)
    LEADING_KEYS = ("open", "model.promote", "model.roll_back", "model.compare", "filter", "mark", "sort", "columns")

    def __init__(self, deck: Deck, name: str, source: str | None = None, version: str | None = None) -> None:
        """`version`: where the cursor begins."""
        super().__init__(deck)
        self.name_of_model, self.source = name, source
        self.facts: ModelFacts | None = None
        self._first_version = version
        self._need: dict[str, int] = {}
        self._resting: Timer | None = None
        self._read_facts()
        self.keys = ["version"]
        self.look({**(deck.tables.get_table(self.kept_name()) or {}), "filter": ""})

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """Where its aliases were; the table; and beside it the version under the cursor."""
        palette = self.deck.palette
        for name in ("lanes", "standing"):
            pages = Pages(palette, id=name)
            pages.can_focus = False
            if name == "lanes":
                yield pages
                yield Line(palette, fill="─", id="between")
                continue
            with Horizontal():
                yield from super().body()
                yield Upright(palette)
                yield pages

    @property
    def lanes(self) -> Pages:
        """Where its aliases were."""
        return self.query_one("#lanes", Pages)

    def on_resize(self) -> None:
        """Lay all out for the new size."""
        self.set_class(self.size.width >= WITH_PANE, "-beside")
        self.query_one("#standing").styles.width = max(56, min(80, self.size.width - 122))
        self._tell_lanes()
        self.set_columns()
        self._rest()

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        for pages in self.query(Pages):
            pages.recolour(palette)
        self.query_one(Upright).recolour(palette)

    def _tell_lanes(self) -> None:
        lines = self._lane_lines()
        self.lanes.display = self.query_one("#between").display = bool(lines)
        self.lanes.styles.height = len(lines)
        self.lanes.show(lines)

    def _lane_lines(self) -> Lines:
        facts, width, now = self.facts, self.app.size.width, self.deck.now()
        if facts is None:
            return []
        is_tall = self.app.size.height >= TALL
        lines = lane_lines(facts.lanes, width, now, LANES if is_tall else LANES_IN_SHORT)
        if is_tall and lines:
            lines.append(scale_line(facts.lanes[:LANES], width, now, self.deck.zone))
        trend = trend_pieces(facts, min(60, max(8, width - 60)))
        about = one_line(facts.row.model.description[:300]) if is_tall else ""
        first = [[(f" {fit(about, width - 2)}", "dim")]] if about else []
        return [*first, *([[(" ", "text"), *trend]] if trend else []), *lines]

    # -- what is under the cursor -------------------------------------------------------------------------------

    def model_here(self) -> ModelRow | None:
        """The model that the screen is about."""
        return self.facts.row if self.facts is not None else None

    def version_here(self) -> VersionRow | None:
        """The version under the cursor."""
        line = self.table.row() if self.is_composed else None
        return line.row if line is not None else None

    def chosen_versions(self) -> Sequence[VersionRow]:
        """The marked versions in their order, else the one under the cursor."""
        ids = self._listed.ids if self._listed is not None else ()
        marked = [rowid for rowid in ids if rowid in self.table.marked] if self.table.marked else []
        return self.deck.reader.models.versions(marked) if marked else super().chosen_versions()

    def to_compare(self) -> Sequence[VersionRow] | str:
        """The marked versions, the champion first where it is marked; one alone is compared with the champion."""
        rows, champion = list(self.chosen_versions()), self.facts.champion if self.facts is not None else None
        if len(rows) == 1 and champion is not None and rows[0].rowid != champion.rowid:
            return [champion, rows[0]]
        return sorted(rows, key=lambda row: champion is None or row.rowid != champion.rowid)

    def on_record_table_moved(self) -> None:
        """What stands beside the table follows after a rest."""
        self._rest()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if self.is_ready and self.has_class("-beside"):
            self._tell()

    def _tell(self) -> None:
        pages, here = self.query_one("#standing", Pages), self.version_here()
        facts = version_facts(self.deck, self.facts, here) if here is not None and self.facts is not None else None
        sight = Sight(pages.size.width, self.deck.now(), self.deck.zone, self.deck.better)
        pages.show(standing_lines(facts, sight) if facts is not None and pages.size.width else [])

    # -- columns, filter, order ---------------------------------------------------------------------------------

    def _read_facts(self) -> None:
        history = History(self.deck.reader, self.deck.state)
        self.facts = facts_of(self.deck.reader, history, self.deck.better, self.name_of_model, self.source)

    def column(self, key: str) -> Column[VersionLine] | None:
        """The column of a word."""
        width = self.app.size.width
        deciding = self.facts.deciding if self.facts is not None else None
        champion = self.facts.champion if self.facts is not None else None
        held = champion.version.version if champion is not None else ""
        return column(key, self.deck.zone, width, self._need, deciding, held, chosen=self.chosen)

    def all_keys(self) -> list[tuple[str, str]]:
        """What every version has, the deciding metric, and the tags of those in sight."""
        facts = self.facts
        measured: list[tuple[str, str]] = []
        if facts is not None and facts.deciding is not None:
            measured = [(f"{METRIC}{facts.deciding.name}", "the metric that decides"), ("delta", "to the champion")]
        tags = dict.fromkeys(tag for line in self._sample() for tag in line.row.version.tags)
        return [
            *((key, made.title) for key, made in fixed().items()), *measured, *((f"tags.{tag}", "tag") for tag in tags),
        ]  # fmt: skip

    def _sample(self) -> list[VersionLine]:
        if self._listed is None or self.facts is None:
            return []
        return known(self._rows(self._listed, self.facts).rows(0, min(PAGE, len(self._listed.ids))))

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """Sort by a column of which every version is known."""
        if key in UNSORTED:
            self.say(f"versions have no order by {key}", "dim")
        else:
            super().sort_by(key, descending)

    def filter_words(self) -> Iterable[str]:
        """The fields, and the aliases of the model."""
        aliases = self.facts.row.model.aliases if self.facts is not None else ()
        plain = [f"alias:{alias}" for alias in aliases if not set(alias) & set(" ()\"'`")]
        return [*VERSIONS.own, "age", *(f"status:{word}" for word in VERSIONS.statuses), *plain]

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text is not of the grammar."""
        self._parsed(text)

    def _parsed(self, text: str) -> Node | None:
        return parse(text, zone=self.deck.zone, now=self.deck.now(), vocabulary=VERSIONS)

    def question(self) -> Question | None:
        """Which versions, in which order; None before the model itself is known."""
        facts = self.facts
        if facts is None:
            return None
        key, descending = self.sort
        by_metric = key.startswith(METRIC)
        plain = by_metric or key == "version"
        by = None if plain else parse_sort(f"{key}:asc", vocabulary=VERSIONS).field
        return Question(
            model=facts.row.rowid, where=self._parsed(self.filter), by=by, descending=descending,
            values=facts.values if by_metric else {}, by_metric=by_metric,
        )  # fmt: skip

    def first_rows(self) -> None:
        """Paint the newest at once: by number the ids of 5,000 versions take two milliseconds."""
        if self.facts is None:
            self.table.say(self._nothing())
            return
        if self.sort[0] == "version" and not self.filter:
            self.present_now()
        else:
            self.reload(keep=False)

    def present(self, answer: Listed) -> None:
        """Draw it, and go on where the cursor was."""
        self._listed = answer
        self._make_room()
        self._draw_rows(keep=self._stays)
        self._stays = True
        self._to_first_version(answer)
        self.table.say(self._nothing())
        self.write_frame()
        self._rest()

    def _to_first_version(self, answer: Listed) -> None:
        name, self._first_version = self._first_version, None
        row = self.deck.reader.models.version(self.name_of_model, name, self.source) if name is not None else None
        if row is not None and row.rowid in answer.ids:
            self.table.go_to(row.rowid)

    def _rows(self, answer: Listed, facts: ModelFacts) -> VersionRows:
        return VersionRows(self.deck.reader, answer.ids, facts, self.deck.now())

    def _draw_rows(self, *, keep: bool = True) -> None:
        if self._listed is not None and self.facts is not None:
            self.table.show(self._rows(self._listed, self.facts), keep=keep)

    def _make_room(self) -> None:
        """Give the columns what the first versions need; they never get less while the screen is open."""
        sample = self._sample()
        facts = self.facts
        if not self.chosen and facts is not None:
            self.keys = propose(sample, facts.deciding, has_champion=facts.champion is not None)
        need = needed(sample, self.keys)
        self._need = {key: max(size, self._need.get(key, 0)) for key, size in need.items()}
        self.set_columns()

    def _nothing(self) -> list[Piece]:
        if self.facts is None:
            return [(f"the cache has no model {clip(self.name_of_model, 60)}", "text"), LINE_FEED, LINE_FEED,
                    ("r asks the syncer for it   Esc goes back", "dim")]  # fmt: skip
        if self.filter:
            return [(f"no version is like {clip(self.filter, 80)}", "text"), LINE_FEED, LINE_FEED,
                    ("Esc takes the filter away   / changes it", "dim")]  # fmt: skip
        return [("it has no version yet", "text"), LINE_FEED, LINE_FEED, ("r looks again", "dim")]

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        if any((changed.models, changed.promotions, changed.runs, changed.pipelines)):
            self.look_again_in(CHANGES_AT_MOST_EVERY)
        super().cache_changed(changed)

    def look_again(self) -> None:
        """Read the model itself anew, too."""
        self._read_facts()
        self._tell_lanes()
        if self.facts is not None:
            super().look_again()

    def time_passed(self) -> None:
        """Write the ages anew; what is in the same bucket is not sent."""
        super().time_passed()
        if not self.prompt.display:
            self._read_facts()  # what was unexplained so far may not be now
            self._draw_rows()
            self._tell_lanes()

    def action_sync_now(self) -> None:
        """Ask for a pass now, and for this model in any case, known or not."""
        if self.facts is None:
            self.want_unknown(self.name_of_model)
        super().action_sync_now()

    # -- keys ---------------------------------------------------------------------------------------------------

    def open_row(self, line: VersionLine) -> None:
        """Open the version."""
        version = line.row.version
        self.app.push_screen(VersionScreen(self.deck, version.model, version.version, version.source))

    def kept_name(self) -> str:
        """One arrangement a model: the metrics differ."""
        return table_name("versions", f"model/{self.name_of_model}")

    def look(self, kept: Mapping[str, Any]) -> None:
        """Take what was kept; a metric that decides no more is nothing to sort by."""
        super().look(kept)
        if self.column(self.sort[0]) is None or self.sort[0] in UNSORTED:
            self.sort = self.DEFAULT_SORT

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """The model, how many versions of how many, the filter, and how fresh its registry is."""
        facts = self.facts
        left: list[Piece] = [(f" {facts.row.model.kind if facts else 'model'} ", "dim")]
        left.append((clip(self.name_of_model, 40), "bright"))
        if facts is None:
            return left, []
        if (answer := self._listed) is not None:
            number = f"{count(len(answer.ids))} of {count(answer.total)}" if self.filter else count(answer.total)
            left.append((f"   {number} version{'' if answer.total == 1 else 's'}", "text"))
        left += [*self.filter_pieces(self.size.width - 60), *self.marked_pieces()]
        return left, [*self._sorted(), *self._freshness(facts)]

    def _sorted(self) -> list[Piece]:
        if self.sort == self.DEFAULT_SORT:
            return []
        return [(f"by {clip(self.sort[0].removeprefix(METRIC), 20)} {'↓' if self.sort[1] else '↑'}   ", "dim")]

    def _freshness(self, facts: ModelFacts) -> list[Piece]:
        state = next((one for one in self.deck.states if one.source == facts.row.model.source), None)
        return [*freshness(state, self.deck.now()), (" ", "text")] if state is not None else []
