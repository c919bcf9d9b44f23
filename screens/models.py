"""Models: what is registered, who holds which alias since when, and how the challengers stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widget import Widget

from ..app.copies import Copy
from ..app.model_copies import models_copies
from ..app.query import MODELS, Node, parse, parse_sort
from ..app.records import ModelKind
from ..app.store.models import ModelRow, VersionRow
from ..app.text import clip
from ..widgets.figures import count
from ..widgets.freshness import each_freshness
from ..widgets.line import Piece
from ..widgets.palette import Palette
from ..widgets.record_table import Column
from .alias_history import History
from .asked_list import AskedList
from .changes import Changed
from .deck import Deck
from .model import ModelScreen
from .model_columns import ALIAS, UNSORTED, ModelLine, column, fixed, needed, propose, versions_need
from .model_facts import ModelFacts, challenge, facts_of, rules_of
from .model_glance import Glances
from .model_keys import ModelKeys
from .model_pane import ModelPane
from .model_rows import PAGE, Listed, ModelRows, Question, listed
from .model_words import empty_words, registries

RESTS = 0.15
"""Seconds without a key before the pane follows the cursor, and the gates of what is in sight are read."""

CHANGES_AT_MOST_EVERY = 0.5
"""Seconds between two questions while the syncer writes."""

MODELS_AT_ONCE = 20
"""Models that are asked for at once."""

GLANCES_AT_ONCE = 4
"""Models whose gates are read in one go: 2 ms each, so that no key waits."""


class ModelsScreen(AskedList[ModelLine, Question, Listed], ModelKeys):
    """The table of registered models, and the one under the cursor."""

    NAME = "models"
    TAB = "models"
    FILTER_HINT = "alias:champion tags.team:risk"
    DEFAULT_SORT = ("name", False)
    CSS_PATH = "models.tcss"
    answers = staticmethod(listed)
    LEADING_KEYS = ("open", "model.promote", "model.roll_back", "filter", "mark", "sort", "columns")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "kind", "prompts", id="model.kind", show=False, tooltip="Models, or the registries' prompts"),
    ]

    def __init__(self, deck: Deck, kind: ModelKind = "model") -> None:
        super().__init__(deck)
        self.kind: ModelKind = kind
        self._history = History(deck.reader, deck.state)
        self._glances = Glances()
        self._facts: ModelFacts | None = None
        self._rows: ModelRows | None = None
        self._need: dict[str, int] = {}
        self._version = 0
        self._resting: Timer | None = None
        self.keys = ["name"]
        self.look({**(deck.tables.get_table(self.kept_name()) or {}), "filter": ""})

    # -- the widgets --------------------------------------------------------------------------------------------

    def body(self) -> Iterable[Widget]:
        """The table, and the model under the cursor."""
        with Horizontal():
            yield from super().body()
            yield ModelPane(self.deck.palette, id="pane")

    @property
    def pane(self) -> ModelPane:
        """The model under the cursor."""
        return self.query_one("#pane", ModelPane)

    def on_resize(self) -> None:
        """Give the pane its room."""
        self._share()
        self.set_columns()
        self._rest()

    def _share(self) -> None:
        total = self._listed.total if self._listed is not None else 0
        self.pane.take_room(self.size.width, self.size.height, total)

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.pane.recolour(palette)

    # -- what is under the cursor -------------------------------------------------------------------------------

    def model_here(self) -> ModelRow | None:
        """The model under the cursor."""
        line = self.table.row()
        return line.row if line is not None else None

    def to_compare(self) -> Sequence[VersionRow] | str:
        """Whoever challenges the champion, and the champion."""
        return challenge(self._facts, self.deck.reader) if self._facts is not None else "there is no model here"

    def on_record_table_moved(self) -> None:
        """The pane follows after a rest: over a slow line it must not follow each key."""
        self._rest()

    def on_record_table_scrolled(self) -> None:
        """Other models are on the screen."""
        self._rest()

    def _rest(self) -> None:
        if self._resting is not None:
            self._resting.stop()
        self._resting = self.set_timer(RESTS, self._rested)

    def _rested(self) -> None:
        if self.is_ready:
            self._read_facts()
            self._tell()
            self._judge()

    def _read_facts(self) -> None:
        here = self.model_here()
        self._facts = None
        if here is not None:
            self._facts = facts_of(
                self.deck.reader, self._history, self.deck.better, here.model.name, here.model.source
            )

    def _tell(self) -> None:
        """Write of the model under the cursor what the table has no room for."""
        self.pane.show_facts(self._facts, self.deck)

    def _judge(self) -> None:
        """Read how the gates of the challengers in sight stand, a few at a time, and draw what is new."""
        if "gates" not in self.keys or self._rows is None:
            return
        window = self.table.window
        lines = self._rows.rows(window.start, window.stop)
        waiting = self._glances.waiting(line.row for line in lines if line is not None)
        some = waiting[:GLANCES_AT_ONCE]
        self._glances.read(some, self.deck.reader, self.deck.state, self.deck.now())
        if some:
            self._draw_rows()
        if len(waiting) > len(some):
            self._resting = self.set_timer(0.01, self._judge)

    def copies(self) -> Sequence[Copy]:
        """The marked models, else the one here in every form."""
        marked = self._marked()
        return models_copies(marked) if len(marked) > 1 else super().copies()

    def _marked(self) -> list[ModelRow]:
        return self.deck.reader.models.rows([int(key) for key in self.table.marked])

    def action_sync_now(self) -> None:
        """Ask for a pass now, and for the marked models in any case, else for the one here."""
        for row in self._marked()[:MODELS_AT_ONCE]:
            self.want_model(row.model)
        super().action_sync_now()

    # -- columns, filter, order ---------------------------------------------------------------------------------

    def column(self, key: str) -> Column[ModelLine] | None:
        """The column of a word."""
        return column(key, self.deck.zone, self._need, chosen=self.chosen)

    def all_keys(self) -> list[tuple[str, str]]:
        """What every model has, each alias and each tag of those in sight."""
        rows = self._sample()
        aliases = dict.fromkeys(alias for row in rows for alias in row.model.aliases)
        tags = dict.fromkeys(tag for row in rows for tag in row.model.tags)
        return [
            *((key, made.title) for key, made in fixed().items()),
            *((f"{ALIAS}{alias}", "who holds it, since when") for alias in aliases),
            *((f"tags.{tag}", "tag") for tag in tags),
        ]

    def _sample(self) -> list[ModelRow]:
        ids = self._listed.ids if self._listed is not None else []
        return self.deck.reader.models.rows(ids[:PAGE])

    def sort_by(self, key: str, descending: bool | None = None) -> None:
        """Sort by a column that the cache knows of."""
        if key in UNSORTED or key.startswith(ALIAS):
            self.say(f"there is no order by {clip(key, 30)}: /alias:NAME lists those that have an alias", "dim")
        else:
            super().sort_by(key, descending)

    def filter_words(self) -> Iterable[str]:
        """The fields, and the aliases in sight."""
        aliases = dict.fromkeys(alias for row in self._sample() for alias in row.model.aliases)
        plain = [f"alias:{alias}" for alias in aliases if not set(alias) & set(" ()\"'`")]
        return [*MODELS.own, "age", *plain]

    def check_filter(self, text: str) -> None:
        """Raise FilterError where the text is not of the grammar."""
        self._parsed(text)

    def _parsed(self, text: str) -> Node | None:
        return parse(text, zone=self.deck.zone, now=self.deck.now(), vocabulary=MODELS)

    def question(self) -> Question:
        """What is listed, in which order."""
        sort = parse_sort(f"{self.sort[0]}:{'desc' if self.sort[1] else 'asc'}", vocabulary=MODELS)
        return Question(where=self._parsed(self.filter), sort=sort, kind=self.kind)

    def first_rows(self) -> None:
        """Paint what there is at once: it costs a millisecond."""
        self.present_now()

    def present(self, answer: Listed) -> None:
        """Draw it, and go on where the cursor was."""
        self._listed = answer
        self._share()
        self._make_room()
        self._draw_rows(keep=self._stays)
        self._stays = True
        self.table.say(empty_words(self.deck, self.filter, self.kind))
        self.write_frame()
        self._rest()

    def _draw_rows(self, *, keep: bool = True) -> None:
        if self._listed is not None:
            self._rows = self._read(self._listed)
            self.table.show(self._rows, keep=keep)

    def _read(self, answer: Listed) -> ModelRows:
        deck = self.deck
        return ModelRows(deck.reader, self._history, answer.ids, self._glances, deck.now(), self._version, deck.areas)

    def _make_room(self) -> None:
        """Give the columns what the models in sight need; they never get less while the screen is open."""
        sample = self._sample()
        self._version = max(self._version, versions_need(sample))
        if not self.chosen:
            self.keys = propose(sample, self._governed(sample), judged=self._is_judged(sample))
        assert self._listed is not None
        need = needed(self._read(self._listed).rows(0, min(len(self._listed.ids), PAGE)), self.keys)
        self._need = {key: max(size, self._need.get(key, 0)) for key, size in need.items()}
        self.set_columns()

    def _governed(self, sample: Sequence[ModelRow]) -> list[str]:
        """Aliases that policies speak of, the one that is moved first."""
        text = self._history.promotions.policy
        rules = [found for row in sample if (found := rules_of(text, row.model.name)) is not None]
        return [alias for one in rules for alias in (one.to, one.candidate) if alias]

    def _is_judged(self, sample: Sequence[ModelRow]) -> bool:
        text = self._history.promotions.policy
        return any((found := rules_of(text, row.model.name)) is not None and found.candidate for row in sample)

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Look again, but not at each of the batches of a first sync."""
        if any((changed.models, changed.promotions, changed.runs, changed.pipelines)):
            self.look_again_in(CHANGES_AT_MOST_EVERY)
        self.table.say(empty_words(self.deck, self.filter, self.kind))  # a source was found, or has gone
        super().cache_changed(changed)

    def look_again(self) -> None:
        """Read where aliases were, and the gates, anew too."""
        self._history = History(self.deck.reader, self.deck.state)
        self._glances.forget()
        super().look_again()

    def time_passed(self) -> None:
        """Write the ages anew; what is in the same bucket is not sent. What was unexplained so far may not be now."""
        super().time_passed()
        if self._listed is not None and not self.prompt.display:
            self._history = History(self.deck.reader, self.deck.state)
            self._glances.forget()
            self._draw_rows()
            self._rested()

    # -- keys ---------------------------------------------------------------------------------------------------

    def open_row(self, line: ModelLine) -> None:
        """Open the model."""
        self.app.push_screen(ModelScreen(self.deck, line.row.model.name, line.row.model.source))

    def action_kind(self) -> None:
        """Models, or prompts: MLflow keeps them in the same tables, here they are never mixed."""
        self.show_kind("prompt" if self.kind == "model" else "model")

    def show_kind(self, kind: ModelKind) -> None:
        """List these from now on."""
        if kind != self.kind:
            self.kind = kind
            if self.is_ready:
                self.table.clear_marks()
                self.reload(keep=False)
                self.write_frame()

    def look(self, kept: Mapping[str, Any]) -> None:
        """Take what was kept."""
        super().look(kept)
        if self.sort[0] in UNSORTED or column(self.sort[0]) is None:
            self.sort = self.DEFAULT_SORT

    # -- words --------------------------------------------------------------------------------------------------

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """How many of how many, the filter, what is listed apart, and how fresh each registry is."""
        left: list[Piece] = [(f" {self.kind}s", "bright"), *self._counts()]
        left += [*self.filter_pieces(self.size.width - 60), *self.marked_pieces()]
        return left, self._freshness()

    def _counts(self) -> list[Piece]:
        answer = self._listed
        if answer is None:
            return []
        number = f"{count(len(answer.ids))} of {count(answer.total)}" if self.filter else count(answer.total)
        made: list[Piece] = [(f"   {number}", "text")]
        if answer.others and self.size.width >= 100:
            other = "prompt" if self.kind == "model" else "model"
            several = "" if answer.others == 1 else "s"
            made.append((f"   and {count(answer.others)} {other}{several}: :{other}s", "dim"))
        return made

    def _freshness(self) -> list[Piece]:
        order = self.sorted_pieces(self.sort[0]) if self.sort != self.DEFAULT_SORT else []
        states = registries(self.deck.states)[: 2 if self.size.width < 120 else 6]
        return [*order, *each_freshness(states, self.deck.now()), (" ", "text")] if states else order
