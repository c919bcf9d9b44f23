"""`quarterdeck runs --fold`: the runs in groups, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from ..errors import FilterError, UsageError
from ..folds import (
    STATES,
    FoldRow,
    FoldTable,
    best_of,
    called,
    json_value,
    left_out,
    metric_field,
    ordered,
    table,
)
from ..query import Field, Node, parse_sort, write_field
from ..store.groups import RunGroups, Spread
from ..store.labels import PARENT
from ..store.reading import Reader
from .boundary import say
from .printing import Head, print_json, print_table

MOST_METRICS: Final = 4
"""Metrics of a table where none are named with --columns: each is a walk of its index."""


class FoldAsked(NamedTuple):
    """What is folded, and what of it is printed."""

    experiments: Sequence[int] | None
    keys: Mapping[str, list[str]]
    """Names of metrics, params and tags."""
    filter: str
    where: Node | None
    by: str
    sort: str | None
    columns: Sequence[str]
    limit: int | None
    better: Mapping[str, bool]


def print_fold(reader: Reader, asked: FoldAsked, *, as_json: bool) -> None:
    """Folds and prints. Raises UsageError for a key by which runs do not fold or that groups do not sort by."""
    by = _keys(asked)
    metrics = _metrics(asked)
    sort = _sort(asked, by, metrics)
    sorted_by = metric_field(sort[0])
    if sorted_by is not None and sorted_by not in metrics:
        metrics = [*metrics, sorted_by]
    fold = RunGroups(reader.connection, experiments=asked.experiments, where=asked.where, by=by)
    groups = fold.groups()
    for metric in metrics:
        groups = groups.with_spreads(metric, fold.spreads(groups, metric))
    order = ordered(groups, sort, asked.better)[: asked.limit]
    folded = table(reader, groups, order, asked.better, asked.filter, asked.where)
    if as_json:
        print_json(json_value(folded))
        return
    print_table(_heads(folded), (_cells(folded, row) for row in folded.rows))
    if not folded.rows:
        say("No run is like that." if len(groups) == 0 else "--limit leaves no group.")


def _keys(asked: FoldAsked) -> list[Field]:
    found = [_field(word.strip(), asked) for word in asked.by.split(",") if word.strip()]
    wrong = [key for key in found if key.kind not in ("param", "tag") and key != PARENT]
    if wrong or not found:
        raise UsageError("--fold takes params, tags and parent, with commas between: --fold params.lr,params.depth")
    for key in found:
        if key != PARENT and key.name not in asked.keys.get(key.kind, ()):
            say(f"No run has a {key.kind} “{write_field(key)}”: all of them are in one group.")
    return list(dict.fromkeys(found))


def _field(word: str, asked: FoldAsked) -> Field:
    try:
        return parse_sort(word, asked.keys).field
    except FilterError as error:
        raise UsageError(f"--fold: {error}") from error


def _metrics(asked: FoldAsked) -> list[Field]:
    """Those of --columns, else those with a declared direction and then the others."""
    named = [metric for word in asked.columns if (metric := metric_field(word)) is not None]
    if named:
        return list(dict.fromkeys(named))
    known = [name for name in asked.keys.get("metric", ()) if not name.startswith("system/")]
    declared = [name for name in asked.better if name in known]
    return [Field("metric", name) for name in dict.fromkeys([*declared, *known])][:MOST_METRICS]


def _sort(asked: FoldAsked, by: Sequence[Field], metrics: Sequence[Field]) -> tuple[str, bool]:
    if asked.sort is None:
        for metric in metrics:
            if (better := asked.better.get(metric.name)) is not None:
                return write_field(metric), better
        return called(by[0]), False
    key, _, direction = asked.sort.partition(":")
    words = [called(one) for one in by]
    short = {word.partition(".")[2]: word for word in [*map(write_field, metrics), *words]}
    key = short.get(key, key)
    if key not in words and key != "n" and key not in STATES and metric_field(key) is None:
        allowed = ", ".join([*words, "n", "failed", "metrics.NAME for the mean", "best.NAME"])
        raise UsageError(f"Groups do not sort by “{key}”; with --fold there are {allowed}.")
    return key, direction == "desc"


# -- the table


def _heads(folded: FoldTable) -> list[Head]:
    heads = [*(Head(called(key)) for key in folded.by), Head("n", True), Head("failed", True)]
    for metric in folded.metrics:
        name = write_field(metric).partition(".")[2]
        directed = folded.better.get(metric.name) is not None
        heads += [
            Head(name, True),
            Head("sd", True),
            Head("of", True),
            Head("best" if directed else "min to max", True),
        ]
        heads += [Head("best run")] if directed else []
    return heads


def _cells(folded: FoldTable, row: FoldRow) -> list[str]:
    cells = [*row.words, str(row.group.count), str(row.group.states.get("failed", 0))]
    for metric in folded.metrics:
        spread, better = row.group.spreads[metric], folded.better.get(metric.name)
        cells += [_figure(spread.mean), _figure(spread.sd), _of(spread)]
        if better is None:
            cells.append("" if spread.low is None else f"{_figure(spread.low)} to {_figure(spread.high)}")
        else:
            run = row.best.get(metric)
            cells += [_figure(best_of(spread, better)), run.name or run.id if run else ""]
    return cells


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _of(spread: Spread) -> str:
    """How many values the mean is of, and what was left out."""
    return ", ".join(part for part in (str(spread.count), left_out(spread)) if part)
