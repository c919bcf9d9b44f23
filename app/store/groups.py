"""Runs folded into groups by params, tags or their parent: how many, how they ended, and each metric's mean and spread.

How it stays fast at a million runs: every run gets the number of its group in one array (`labels`: half a second),
counts come from it, and a metric is one walk of its own index in which SQLite asks the array for the group
(1.5 s a metric, interruptible, and the interpreter is free between two rows). So the groups can be shown first and
their metrics as they come.

Deviations are taken from a value of the group itself before they are squared: the textbook sum of squares loses all
digits of a metric such as 1e9 ± 1e-3, this one at most as many as n has.
"""

from __future__ import annotations

import math
import sqlite3
import statistics
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import msgspec

from ..errors import QuarterdeckError
from ..query import Compare, Field, Has, Node, Not, all_of, as_number, sql
from ..query.sql import Fragment
from ..records import RUN_STATUSES
from .labels import PARENT, Labels, labels
from .runsets import RunSets, stream, visible

MOST: Final = 100_000
"""Groups at most: more is no summary, and a table of them would take the memory of the runs themselves."""

_BLOCK: Final = 50_000
"""Runs that are handled between two looks at whether somebody interrupted: 5 ms."""

_LARGEST: Final = 1e150
"""Deviations beyond have no square, those below its inverse none but 0: such a group is counted with fractions."""

_COLUMNS: Final = {"last": ("metric", "value"), "min": ("extreme", "min"), "max": ("extreme", "max")}


class TooManyGroupsError(QuarterdeckError):
    """Folded by this, hardly two runs are together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One metric within one group, over its finite values; what is not finite is counted and left out."""

    count: int
    """Finite values."""
    nan: int
    infinite: int
    mean: float | None
    sd: float | None
    """Of a sample (n - 1): None for fewer than two values."""
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Spreads:
    """One metric of all groups, a column a figure."""

    counts: array[int]
    nans: array[int]
    infinites: array[int]
    means: array[float]
    sds: array[float]
    lows: array[float]
    highs: array[float]

    @classmethod
    def none(cls, groups: int) -> Spreads:
        """No value anywhere."""
        zero, unknown = bytes(8 * groups), array("d", [math.nan]) * groups
        return cls(array("q", zero), array("q", zero), array("q", zero), *(array("d", unknown) for _ in range(4)))

    def __getitem__(self, group: int) -> Spread:
        figures = (self.means[group], self.sds[group], self.lows[group], self.highs[group])
        mean, sd, low, high = (None if math.isnan(figure) else figure for figure in figures)
        return Spread(
            count=self.counts[group], nan=self.nans[group], infinite=self.infinites[group], mean=mean, sd=sd,
            low=low, high=high,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Runs that have the same values."""

    values: tuple[str | None, ...]
    """One for each key that was folded by; None where it was not logged."""
    count: int
    states: Mapping[str, int]
    """How many by status; only those that there are."""
    spreads: Mapping[Field, Spread]
    """By metric, those that are known yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Groups:
    """All groups, by their number."""

    by: tuple[Field, ...]
    values: list[tuple[str | None, ...]]
    counts: array[int]
    states: Mapping[str, array[int]]
    of: array[int]
    """The group of the run with this row id, -1 for one that is in none."""
    names: Mapping[str, str]
    """What the parents are called, by native id."""
    spreads: Mapping[Field, Spreads] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, group: int) -> Group:
        return Group(
            values=self.values[group],
            count=self.counts[group],
            states={status: counts[group] for status, counts in self.states.items() if counts[group]},
            spreads={metric: spreads[group] for metric, spreads in self.spreads.items()},
        )

    def with_spreads(self, metric: Field, spreads: Spreads) -> Groups:
        """The same with one more metric."""
        return replace(self, spreads={**self.spreads, metric: spreads})

    def where(self, group: int) -> Node:
        """What holds for the runs of this group, of all that were folded."""
        node = all_of(*(_holds(key, value) for key, value in zip(self.by, self.values[group], strict=True)))
        assert node is not None  # one key at least
        return node

    def order(self, figures: Sequence[float | int | str | None], *, descending: bool) -> list[int]:
        """The groups by these figures, one a group; those without one last, of equal ones the larger group first."""
        numbers = range(len(self))
        size = [-count for count in self.counts]
        known = [number for number in numbers if not _absent(figures[number])]
        known.sort(key=size.__getitem__)
        known.sort(key=lambda number: figures[number], reverse=descending)  # type: ignore[arg-type,return-value]  # one kind a column
        return known + sorted((n for n in numbers if _absent(figures[n])), key=size.__getitem__)

    def column(self, key: int) -> list[float | str | None]:
        """The values of one key for `order`: as numbers where all are."""
        texts = [self.names.get(value[key] or "", value[key]) for value in self.values]
        numbers = [None if text is None else as_number(text) for text in texts]
        numeric = all(number is not None for number, text in zip(numbers, texts, strict=True) if text is not None)
        return [*numbers] if numeric else [*texts]

    def extreme_run(
        self, connection: sqlite3.Connection, group: int, metric: Field, *, greatest: bool, most: int | None = None
    ) -> int | None:
        """Row id of a run of the group that has its largest or smallest value.

        `most`: of so many runs with this very value, in any group; a metric of which half a million are 1.0 would
        take a third of a second else.
        """
        spread = self.spreads[metric][group]
        value = spread.high if greatest else spread.low
        table, column = _COLUMNS[metric.part]
        text = (
            f"SELECT m.run FROM {table} AS m WHERE m.key IN (SELECT id FROM key WHERE kind = 'metric' AND name = ?)"
            f" AND m.{column} = ?"
        )
        rows = () if value is None else connection.execute(text, (metric.name, value))
        return next((int(run) for (run,) in islice(rows, most) if run < len(self.of) and self.of[run] == group), None)


def _absent(figure: float | int | str | None) -> bool:
    return figure is None or figure != figure  # NaN alone differs from itself


def _holds(key: Field, value: str | None) -> Node:
    return Not(Has(key)) if value is None else Compare(key, "=", value)


class RunGroups:
    """Folds the runs of some experiments (`experiment.id`; None: all of visible sources) that pass the filter."""

    def __init__(
        self, connection: sqlite3.Connection, *, experiments: Sequence[int] | None, where: Node | None,
        by: Sequence[Field],
    ) -> None:  # fmt: skip
        self._connection = connection
        self._sets = RunSets(connection, visible(connection, experiments))
        self._where = where
        self._by = tuple(by)

    def groups(self) -> Groups:
        """The groups with how many runs each has and how they ended. Raises TooManyGroupsError."""
        with self._sets.snapshot():
            values, of = self._numbered()
            counts, states = self._counted(of, len(values))
            at = self._by.index(PARENT) if PARENT in self._by else None
            names = {} if at is None else self._names({parent for value in values if (parent := value[at])})
            return Groups(by=self._by, values=values, counts=counts, states=states, of=of, names=names)

    def spreads(self, groups: Groups, metric: Field) -> Spreads:
        """One metric of these groups. Sample standard deviation; exact to about 1e-9 of itself."""
        first: dict[int, float] = {}
        # before the snapshot: SQLite replaces no function while a statement runs
        self._connection.create_function("qd_group", 1, groups.of.__getitem__)
        self._connection.create_function("qd_first", 2, first.setdefault)
        found = Spreads.none(len(groups))
        with self._sets.snapshot():
            self._not_finite(found, groups, metric)
            query = self._deviations(metric, len(groups.of))
            for group, count, total, squares, low, high in self._connection.execute(query.text, query.parameters):
                found.counts[group] = count
                found.lows[group], found.highs[group] = low, high
                if first[group] == low == high:
                    mean, sd = low, 0.0
                elif 1 / _LARGEST < high - low < _LARGEST:
                    mean = first[group] + total / count
                    sd = math.sqrt(max(0.0, squares - total * total / count) / max(1, count - 1))
                else:
                    mean, sd = self._exactly(metric, groups, group)
                found.means[group], found.sds[group] = min(max(mean, low), high), sd if count > 1 else math.nan
        return found

    # the number of each run's group

    def _numbered(self) -> tuple[list[tuple[str | None, ...]], array[int]]:
        """What the runs of each group share, and the group of each row id."""
        chosen = self._sets.everything() if self._where is None else self._sets.of(self._where)
        members = self._sets.members(chosen)
        of: array[int] = array("i", [member - 1 for member in members])
        values: list[tuple[str | None, ...]] = [()]
        for key in self._by:
            values = self._split(values, of, labels(self._sets, key))
        return values, of

    def _split(
        self, values: Sequence[tuple[str | None, ...]], of: array[int], known: Labels
    ) -> list[tuple[str | None, ...]]:
        """Splits each group by one more key; numbers go in the order in which runs come."""
        numbers: dict[int, int] = {}
        wide = len(known.texts) + 1
        for at in range(0, self._sets.size, _BLOCK):
            pairs = zip(of[at : at + _BLOCK], known.codes[at : at + _BLOCK], strict=True)
            # one number for both: a tuple would take twice as long
            both = [group * wide + code if group >= 0 else -1 for group, code in pairs]
            of[at : at + _BLOCK] = array("i", [numbers.setdefault(i, len(numbers)) if i >= 0 else -1 for i in both])
            self._sets.pause()
            if len(numbers) > MOST:
                raise TooManyGroupsError(f"These are more than {MOST:,} groups: fold by something that repeats.")
        texts = [None, *known.texts]
        return [(*values[number // wide], texts[number % wide]) for number in numbers]

    # counts

    def _counted(self, of: array[int], groups: int) -> tuple[array[int], dict[str, array[int]]]:
        counts = array("q", bytes(8 * groups))
        states: dict[str, array[int]] = {}
        scope = sql.scoped("experiment", self._sets.experiments)
        for status in RUN_STATUSES:
            text = f"SELECT id FROM run INDEXED BY run_status WHERE {scope.text} AND status = ?"
            found: Counter[int] = Counter()
            for block in stream(self._connection, Fragment(text, (*scope.parameters, status))):
                found.update(map(of.__getitem__, block))
                self._sets.pause()
            found.pop(-1, None)
            if found:
                states[status] = array("q", bytes(8 * groups))
            for group, count in found.items():
                states[status][group] = count
                counts[group] += count
        return counts, states

    def _names(self, natives: Iterable[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        coming = iter(natives)
        while some := list(islice(coming, 10_000)):
            text = (
                "SELECT native, name FROM run WHERE source IN (SELECT id FROM source WHERE NOT hidden)"
                " AND native IN (SELECT value FROM json_each(?))"
            )
            found.update(self._connection.execute(text, (msgspec.json.encode(some).decode(),)).fetchall())
        return found

    # one metric

    def _values_of(self, metric: Field, condition: str, columns: str, *bound: object) -> Fragment:
        table, column = _COLUMNS[metric.part]
        keys = sql.all_keys(Field("metric", metric.name), self._sets.experiments)
        text = (
            f"SELECT {columns.format(column)} FROM {table} WHERE key IN ({keys.text})"
            f" AND run < ? AND {condition.format(column)}"
        )
        return Fragment(text, (*keys.parameters, *bound))

    def _deviations(self, metric: Field, size: int) -> Fragment:
        finite = self._values_of(metric, "{0} > -9e999 AND {0} < 9e999", "qd_group(run) AS g, {0} AS v", size)
        # LIMIT keeps SQLite from asking the array anew for each column
        return Fragment(
            "SELECT g, count(*), total(d), total(d * d), min(v), max(v) FROM"
            f" (SELECT g, v, v - qd_first(g, v) AS d FROM ({finite.text} LIMIT -1) WHERE g >= 0 LIMIT -1) GROUP BY g",
            finite.parameters,
        )

    def _not_finite(self, found: Spreads, groups: Groups, metric: Field) -> None:
        conditions = [("{0} >= 9e999", found.infinites), ("{0} <= -9e999", found.infinites)]
        if metric.part == "last":
            conditions.append(("{0} IS NULL", found.nans))
        for condition, counts in conditions:
            query = self._values_of(metric, condition, "qd_group(run)", len(groups.of))
            for (group,) in self._connection.execute(query.text, query.parameters):
                if group >= 0:
                    counts[group] += 1

    def _exactly(self, metric: Field, groups: Groups, group: int) -> tuple[float, float]:
        """Mean and deviation with fractions: for figures whose squares are no numbers any more."""
        query = self._values_of(
            metric, "{0} > -9e999 AND {0} < 9e999 AND qd_group(run) = ?", "{0}", len(groups.of), group
        )
        values = [value for (value,) in self._connection.execute(query.text, query.parameters)]
        return statistics.mean(values), statistics.stdev(values)
