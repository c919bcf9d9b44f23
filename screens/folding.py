"""From a list of runs to groups of them, and to points of one metric against one param: the keys, and what they ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType

from ..app.errors import UsageError
from ..app.folds import called, metric_field
from ..app.query import Field, parse_sort
from ..app.store.experiments import ExperimentRow
from ..app.store.labels import MANY, Foldable, foldable
from ..app.store.state import table_name
from ..widgets.figures import count
from .deck import Deck
from .frame import FrameScreen
from .picker import Item, Picker


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsInSight:
    """The runs of a list: where they are, the filter, and the metrics that the list shows."""

    experiment: ExperimentRow | None
    """None: all of them."""
    filter: str
    metrics: tuple[str, ...]
    """Words of columns: `metrics.auc`, the one that the list is sorted by first."""

    @property
    def scope(self) -> list[int] | None:
        """Row ids of the experiments."""
        return None if self.experiment is None else [self.experiment.rowid]

    def kept_name(self, screen: str) -> str:
        """Under which a screen keeps how it looked for this experiment."""
        return table_name(screen, f"experiment/{self.experiment.experiment.name}" if self.experiment else "all")


class Folding(FrameScreen):
    """Keys that say something about all runs of a list at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "fold", "fold", id="fold", tooltip="Fold the runs into groups by params, tags or parent"),
        Binding("h", "scatter", "points", id="scatter", tooltip="One metric against one param, a point a run"),
    ]

    def in_sight(self) -> RunsInSight:
        """The runs that this list shows."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    # -- groups -------------------------------------------------------------------------------------------------

    def action_fold(self) -> None:
        """Ask what to fold by; those that differ first."""
        seen = self.in_sight()
        found = foldable(self.deck.reader.connection, _all(self.deck, seen))
        if not found:
            self.say("these runs have neither params nor tags nor parents to fold by", "dim")
            return
        kept = self.deck.tables.get_table(seen.kept_name("groups")) or {}
        words = {called(one.field) for one in found}
        ticked = [key for key in self.folded_by() or kept.get("by") or () if key in words]
        items = [Item(called(one.field), _says(one), called(one.field)) for one in found]
        items.sort(key=lambda item: item.value not in ticked)
        picker = Picker("fold by", items, self.deck.palette, several=True, ticked=ticked, at_least_one=True)
        self.app.push_screen(picker, lambda keys: self.fold_by(keys) if keys else None)

    def folded_by(self) -> Sequence[str]:
        """Words of the keys that are folded by already."""
        return ()

    def fold_by(self, words: Sequence[str]) -> None:
        """Open the groups by these keys (`params.lr`, `parent`, or `lr` where it is clear). Raises UsageError."""
        from .groups import GroupsScreen  # the two open each other

        seen = self.in_sight()
        self.app.push_screen(GroupsScreen(self.deck, seen, fields_of(self.deck, seen, words)))

    # -- points -------------------------------------------------------------------------------------------------

    def action_scatter(self) -> None:
        """Ask for the param, those that differ first, and then for the metric."""
        seen = self.in_sight()
        found = foldable(self.deck.reader.connection, _all(self.deck, seen))
        found = [one for one in found if one.field.kind != "attribute"]
        metrics = _last_values(self.deck, seen)
        if not found or not metrics:
            self.say("points need a param and a metric, and these runs have none", "dim")
            return
        by = self.folded_by()
        found.sort(key=lambda one: called(one.field) not in by)
        items = [
            Item(word := called(one.field), _says(one), word, is_minor=one.distinct < 2 and word not in by)
            for one in found
        ]
        self.app.push_screen(
            Picker("points: which param", items, self.deck.palette),
            lambda param: self._ask_metric(param[0], metrics) if param else None,
        )

    def _ask_metric(self, param: str, metrics: Sequence[str]) -> None:
        items = [Item(key, "", key) for key in metrics]
        picker = Picker(f"points: which metric against {param}", items, self.deck.palette)
        self.app.push_screen(picker, lambda metric: self.scatter_of([param, metric[0]]) if metric else None)

    def scatter_of(self, words: Sequence[str]) -> None:
        """Open the points of a metric against a param: `["params.lr", "metrics.auc"]`. Raises UsageError."""
        from .scatter import ScatterScreen  # it opens lists of runs as well

        seen = self.in_sight()
        if not words or len(words) > 2:
            raise UsageError("say a param and a metric: `:scatter params.lr metrics.val_auc`")
        metrics = _last_values(self.deck, seen)
        if len(words) == 1 and not metrics:
            raise UsageError("these runs have no metric")
        param, metric = (_field(self.deck, seen, word) for word in [*words, *metrics][:2])
        if metric.part != "last":
            raise UsageError(f"points show the last value of a metric: `:scatter params.lr metrics.{metric.name}`")
        if metric.kind != "metric" or param.kind not in ("param", "tag"):
            raise UsageError("say a param or a tag first, then a metric: `:scatter params.lr metrics.val_auc`")
        self.app.push_screen(ScatterScreen(self.deck, seen, param, metric))


def _all(deck: Deck, seen: RunsInSight) -> list[int]:
    return seen.scope or [row.rowid for row in deck.reader.experiments()]


def _last_values(deck: Deck, seen: RunsInSight) -> list[str]:
    """The metrics of which every run has a value; minima and maxima are known of some only."""
    found = metrics_of(deck, seen)
    return [key for key in found if (metric := metric_field(key)) is not None and metric.part == "last"]


def _says(one: Foldable) -> str:
    if one.distinct > MANY:
        return f"more than {count(MANY)} values"
    return f"{one.distinct} values" if one.distinct > 1 else "one value: the same in all"


def _field(deck: Deck, seen: RunsInSight, word: str) -> Field:
    return parse_sort(word, deck.reader.names(seen.scope)).field


def fields_of(deck: Deck, seen: RunsInSight, words: Sequence[str]) -> tuple[Field, ...]:
    """The keys of these words, each once. Raises UsageError."""
    found = tuple(dict.fromkeys(_field(deck, seen, word) for word in words if word))
    wrong = [one for one in found if one.kind not in ("param", "tag") and one.name != "parent_id"]
    if wrong or not found:
        raise UsageError("runs fold by params, tags and parent: `:fold params.lr params.depth`")
    return found


def metrics_of(deck: Deck, seen: RunsInSight) -> list[str]:
    """Words of all metrics of these runs, those in sight first."""
    names = deck.reader.names(seen.scope)["metric"]
    found = [f"metrics.{name}" for name in names if not name.startswith("system/")]
    return list(dict.fromkeys([*seen.metrics, *found]))
