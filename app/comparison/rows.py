"""Runs side by side: in which rows they differ, which is best, and whether the comparison is fair. Pure functions.

Rows stand in the order of `KINDS`; the cells of a row in the order of the runs. What differs is decided on the exact
texts and figures: `1` and `1.0` as logged are two params, two NaN are one metric.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal, TypeAlias

from ..exact import iso, number
from ..records import CommitsBetween, Dataset, Millis, Record, Run

Kind: TypeAlias = Literal["attribute", "param", "dataset", "code", "tag", "metric"]
KINDS: Final[tuple[Kind, ...]] = ("attribute", "param", "dataset", "code", "tag", "metric")

FEWEST, MOST = 2, 8
"""How many runs can be compared at once: eight curves are what an eye can tell apart."""

_OWN_TAGS: Final = frozenset(("mlflow.runName", "mlflow.user", "mlflow.source.git.commit", "mlflow.parentRunId"))
"""Tags that other rows say already."""

_DIRTY: Final = "mlflow.source.git.dirty"
"""MLflow's tag for a tree with changes that were not committed; most of its clients do not set it."""


class Cell(Record, frozen=True, kw_only=True):
    """What one run has in one row."""

    text: str | None = None
    """Exact; None where the run has nothing there."""
    number: float | None = None
    """The same as a number where it is one: a metric (NaN, too), a param that parses, a time or span in ms."""


_ABSENT: Final = Cell()


class CompareRow(Record, frozen=True, kw_only=True):
    """One thing that runs have, and what each of them has there."""

    kind: Kind
    name: str
    """Exact: the key of a metric, param or tag; the context of a dataset."""
    cells: tuple[Cell, ...]
    differs: bool
    best: frozenset[int] = frozenset()
    """Places of the best cells, where a direction is declared and they are not all alike."""
    better: bool | None = None
    """For a metric with a declared direction: whether greater is better."""
    numeric: bool = False
    """Whether every cell that is there is a number."""


class Comparison(Record, frozen=True, kw_only=True):
    """Runs side by side."""

    runs: tuple[Run, ...]
    baseline: int
    """The place of the run that the others are measured against."""
    rows: tuple[CompareRow, ...]
    sentences: tuple[str, ...] = ()
    """What a person should know before reading the figures. Names in them are exact."""
    commits: Mapping[str, CommitsBetween | None] = {}
    """By a run's commit: what lies between the baseline's and it; None where the cache does not know both."""

    def differing(self) -> tuple[CompareRow, ...]:
        """The rows in which the runs differ."""
        return tuple(row for row in self.rows if row.differs)


def compare(
    runs: Sequence[Run],
    *,
    baseline: int = 0,
    better: Mapping[str, bool] | None = None,
    experiments: Mapping[tuple[str, str], str] | None = None,
    sources: Mapping[str, str] | None = None,
    commits: Mapping[str, CommitsBetween | None] | None = None,
    now: Millis | None = None,
) -> Comparison:
    """These runs side by side, measured against the run at `baseline`.

    `better`: whether greater is better, by metric. `experiments`: names by source key and native id; `sources`: labels
    by key; ids stand where a name is not given. `now` ends the span of a run that still runs.
    """
    rows = [
        *_attributes(runs, experiments or {}, sources or {}, now),
        *_texts("param", [run.params for run in runs]),
        *_datasets(runs),
        _row("code", "commit", [Cell(text=run.git_commit) for run in runs]),
        *_texts("tag", [{k: v for k, v in run.tags.items() if k not in _OWN_TAGS} for run in runs]),
        *_metrics(runs, better or {}),
    ]
    return Comparison(
        runs=tuple(runs), baseline=baseline, rows=tuple(rows), sentences=sentences(runs), commits=commits or {}
    )


def _row(kind: Kind, name: str, cells: Sequence[Cell], *, numeric: bool = False) -> CompareRow:
    first = cells[0].text
    differs = any(cell.text != first for cell in cells)
    return CompareRow(kind=kind, name=name, cells=tuple(cells), differs=differs, numeric=numeric)


def _attributes(
    runs: Sequence[Run], experiments: Mapping[tuple[str, str], str], sources: Mapping[str, str], now: Millis | None
) -> Iterator[CompareRow]:
    names = [experiments.get((run.source, run.experiment_id), run.experiment_id) for run in runs]
    yield _row("attribute", "source", [Cell(text=sources.get(run.source, run.source)) for run in runs])
    yield _row("attribute", "experiment", [Cell(text=name) for name in names])
    yield _row("attribute", "status", [Cell(text=run.status) for run in runs])
    yield _row("attribute", "user", [Cell(text=run.user) for run in runs])
    yield _row("attribute", "started", [Cell(text=iso(run.started_at), number=run.started_at) for run in runs])
    yield _row("attribute", "took", [_took(run, now) for run in runs])
    yield _row("attribute", "parent", [Cell(text=run.parent_id) for run in runs])


def _took(run: Run, now: Millis | None) -> Cell:
    end = run.ended_at if run.ended_at is not None else now
    if run.started_at is None or end is None:
        return Cell()
    span = max(0, end - run.started_at)  # a clock was set back
    return Cell(text=str(timedelta(milliseconds=span)), number=span)


def _texts(kind: Kind, found: Sequence[Mapping[str, str]]) -> Iterator[CompareRow]:
    # MLflow's own tags stand last: they are about the machinery
    for name in sorted({name for one in found for name in one}, key=lambda name: (name.startswith("mlflow."), name)):
        numbers = [_number(one.get(name)) for one in found]
        cells = [Cell(text=one.get(name), number=value) for one, value in zip(found, numbers, strict=True)]
        numeric = all(cell.number is not None for cell in cells if cell.text is not None)
        yield _row(kind, name, cells, numeric=numeric)


def _number(text: str | None) -> float | None:
    """A param as a number. `nan` and `1_000` are words here: nobody means them so."""
    if not text or "_" in text:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def named(data: Dataset) -> str:
    """A dataset as one word: `orders@77ab`."""
    return f"{data.name}@{data.digest}"


def _by_context(run: Run) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for data in run.datasets:
        found.setdefault(data.context or "", set()).add(named(data))
    return {context: ", ".join(sorted(names)) for context, names in found.items()}


def _datasets(runs: Sequence[Run]) -> Iterator[CompareRow]:
    found = [_by_context(run) for run in runs]
    for context in sorted({context for one in found for context in one}):
        yield _row("dataset", context, [Cell(text=one.get(context)) for one in found])


def _metrics(runs: Sequence[Run], better: Mapping[str, bool]) -> Iterator[CompareRow]:
    for name in sorted({name for run in runs for name in run.metrics}, key=lambda name: (name not in better, name)):
        values = [run.metrics[name].value if name in run.metrics else None for run in runs]
        cells = tuple(_ABSENT if value is None else Cell(text=_exact(value), number=value) for value in values)
        direction = better.get(name)
        best = frozenset() if direction is None else _best(values, greater=direction)
        yield CompareRow(
            kind="metric", name=name, cells=cells, differs=_unlike(values), best=best, better=direction, numeric=True
        )


def _exact(value: float) -> str:
    return repr(value) if math.isfinite(value) else str(number(value))


def _unlike(values: Sequence[float | None]) -> bool:
    """0.0 and -0.0 are alike, and so are two NaN."""
    first = values[0]
    if first is None or math.isnan(first):
        return any((value is None) != (first is None) or (value is not None and value == value) for value in values)
    return any(value != first for value in values)


def _best(values: Sequence[float | None], *, greater: bool) -> frozenset[int]:
    finite = {at: value for at, value in enumerate(values) if value is not None and math.isfinite(value)}
    if len(set(finite.values())) < 2:
        return frozenset()
    best = max(finite.values()) if greater else min(finite.values())
    return frozenset(at for at, value in finite.items() if value == best)


def difference(row: CompareRow, at: int, baseline: int) -> float | None:
    """What the cell has more than the baseline's; None where one of them is no finite number."""
    here, there = row.cells[at].number, row.cells[baseline].number
    if at == baseline or here is None or there is None or not (math.isfinite(here) and math.isfinite(there)):
        return None
    return here - there


# -- sentences --------------------------------------------------------------------------------------------------


def _exactly(text: str) -> str:
    return text


def sentences(runs: Sequence[Run], quote: Callable[[str], str] = _exactly) -> tuple[str, ...]:
    """What a person should know before reading the figures. `quote` writes the foreign names in them."""
    contexts = sorted({context for run in runs for context in _by_context(run)})
    found = {context: [_by_context(run).get(context) for run in runs] for context in contexts}
    unlike = {context: names for context, names in found.items() if len(set(names)) > 1}
    trained = [context for context in unlike if context.casefold().startswith("train")]
    measured = [
        f"{f'{quote(context)} data' if context else 'data without a context'} {_counted(unlike[context], quote)}"
        for context in unlike
        if context not in trained
    ]
    said = [f"metrics are not like for like: {'; '.join(measured)}"] if measured else []
    said += [f"trained on unlike data: {_counted(unlike[context], quote)}" for context in trained]
    if running := sum(run.status == "running" for run in runs):
        is_are = "is" if running == 1 else "are"
        said.append(f"{running} of {len(runs)} {is_are} still running: what is best may change")
    return tuple(said)


def _counted(names: Sequence[str | None], quote: Callable[[str], str]) -> str:
    """`orders@77ab in 2 runs, orders@9c1e in 1`; the most frequent first, those without any last."""
    counted = sorted(Counter(names).most_common(), key=lambda pair: pair[0] is None)
    parts = [f"{'none logged' if name is None else quote(name)} in {times}" for name, times in counted]
    parts[0] += " run" if counted[0][1] == 1 else " runs"
    return ", ".join(parts)


# -- code -------------------------------------------------------------------------------------------------------


def tree_state(run: Run) -> str:
    """Whether the run's tree was what its commit says, as far as MLflow was told."""
    if run.git_commit is None:
        return "no commit was logged"
    said = {"true": "with changes that were not committed", "false": "tree clean"}
    return said.get(run.tags.get(_DIRTY, "").casefold(), "tree state unknown")


def distance(between: CommitsBetween) -> str:
    """`+3 −1`: commits that the baseline has not, and those that only it has; `same commit`."""
    if between.base == between.head:
        return "same commit"
    more = "" if between.complete else " or more"
    parts = [f"+{len(between.ahead)}" if between.ahead else "", f"−{len(between.behind)}" if between.behind else ""]
    return " ".join(part for part in parts if part) + more


def kinds(rows: Iterable[CompareRow]) -> Counter[Kind]:
    """How many rows there are of each kind."""
    return Counter(row.kind for row in rows)
