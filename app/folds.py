"""A fold of runs as words: what a group is called, the filter that selects it, and the table for other programs.

Pure but for `table`, which looks up the best run of each group.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .comparison.forms import code
from .exact import number
from .query import And, Compare, Field, Node, Not, Or, write, write_field
from .records import RUN_STATUSES, Run
from .store.groups import Group, Groups, Spread
from .store.labels import PARENT
from .store.reading import Reader
from .text import shown

NOT_LOGGED: Final = "not logged"
NO_PARENT: Final = "no parent"
MOST: Final = 2_000
"""Groups that a copied table has at most."""


STATES: Final = RUN_STATUSES
"""Words of the columns that count the runs of one status."""


@dataclass(frozen=True, slots=True)
class FoldRow:
    """One line of the table: the group, what its keys say, the filter that selects it, and the best run of a metric."""

    group: Group
    words: tuple[str, ...]
    where: str
    best: Mapping[Field, Run]


@dataclass(frozen=True, slots=True)
class FoldTable:
    """The groups that are written, in their order, out of how many."""

    by: tuple[Field, ...]
    metrics: tuple[Field, ...]
    better: Mapping[str, bool]
    rows: Sequence[FoldRow]
    groups: int


def called(key: Field) -> str:
    """The word of a key on the screen: `params.lr`, `parent`."""
    return "parent" if key == PARENT else write_field(key)


def metric_field(key: str) -> Field | None:
    """The metric of a column's word: `metrics.auc` for its mean, `best.auc`, `best.auc.max`; None for another word."""
    kind, _, name = key.partition(".")
    if kind not in ("metrics", "best") or not name:
        return None
    stem, _, part = name.rpartition(".")
    if stem and part in ("min", "max"):
        return Field("metric", stem, "min" if part == "min" else "max")
    return Field("metric", name)


def ordered(groups: Groups, sort: tuple[str, bool], better: Mapping[str, bool]) -> list[int]:
    """The groups by a column and whether it descends; the largest first where its figures are not known (yet)."""
    figures = _figures_of(groups, sort, better)
    if figures is None:
        return groups.order(groups.counts, descending=True)
    return groups.order(figures, descending=sort[1])


def _figures_of(
    groups: Groups, sort: tuple[str, bool], better: Mapping[str, bool]
) -> Sequence[float | int | str | None] | None:
    key, descending = sort
    words = [called(one) for one in groups.by]
    if key in words:
        return groups.column(words.index(key))
    if key == "n":
        return groups.counts
    if key in STATES:
        return groups.states.get(key) or [0] * len(groups)
    metric = metric_field(key)
    spreads = groups.spreads.get(metric) if metric is not None else None
    if metric is None or spreads is None:
        return None
    if key.startswith("metrics."):
        return spreads.means
    # of a range the end that the eye looks for: the largest first, or the smallest
    return spreads.highs if better.get(metric.name, descending) else spreads.lows


def word(groups: Groups, key: int, value: str | None) -> str:
    """What a group has for one of its keys: the parent by its name. Foreign text, exact."""
    if groups.by[key] == PARENT:
        return NO_PARENT if value is None else groups.names.get(value, value)
    return NOT_LOGGED if value is None else value


def best_of(spread: Spread, better: bool | None) -> float | None:
    """The best value in the declared direction; None without one."""
    return None if better is None else spread.high if better else spread.low


def narrowed(text: str, where: Node | None, group: Node) -> str:
    """The filter as it was typed, and what holds for a group besides."""
    added = " and ".join(_condition(part) for part in (group.parts if isinstance(group, And) else (group,)))
    if where is None:
        return added
    return f"{text} and {added}" if isinstance(where, Compare | And) else f"({text}) and {added}"


def _condition(node: Node) -> str:
    if isinstance(node, Not) and not isinstance(node.part, And | Or):
        return f"{write_field(node.part.field)} is null"  # type: ignore[union-attr]  # of a group: Has
    return write(node)


def table(
    reader: Reader, groups: Groups, order: Sequence[int], better: Mapping[str, bool], text: str, where: Node | None
) -> FoldTable:
    """The groups of `order` with their best runs: an index lookup for each group and metric."""
    rowids = {
        (group, metric): found
        for group in order
        for metric in groups.spreads
        if (best := better.get(metric.name)) is not None
        and (found := groups.extreme_run(reader.connection, group, metric, greatest=best)) is not None
    }
    runs: dict[int, Run] = {}
    wanted = sorted(set(rowids.values()))
    for at in range(0, len(wanted), 1_000):
        runs |= reader.runs_by_rowid(wanted[at : at + 1_000], names=())
    rows = [
        FoldRow(
            group=groups[number],
            words=tuple(word(groups, key, value) for key, value in enumerate(groups.values[number])),
            where=narrowed(text, where, groups.where(number)),
            best={
                metric: runs[rowids[number, metric]]
                for metric in groups.spreads
                if rowids.get((number, metric)) in runs
            },
        )
        for number in order
    ]
    return FoldTable(groups.by, tuple(groups.spreads), better, rows, len(groups))


# -- Markdown


def markdown(folded: FoldTable) -> str:
    """A GitHub-flavoured table: keys, runs, mean ± standard deviation of each metric, best run."""
    heads = [*(code(called(key)) for key in folded.by), "runs", "not finished"]
    for metric in folded.metrics:
        heads += [f"{code(_metric(metric))} mean ± sd", _best_head(folded, metric)]
    lines = [_line(heads), _line(["---"] * len(folded.by) + ["---:"] * (len(heads) - len(folded.by)))]
    lines += [_line([*_keys(row), *_counts(row), *_figures(folded, row)]) for row in folded.rows]
    if len(folded.rows) < folded.groups:
        lines += ["", f"The first {len(folded.rows)} of {folded.groups} groups."]
    return "\n".join(lines) + "\n"


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _metric(metric: Field) -> str:
    return write_field(metric).partition(".")[2]


def _best_head(folded: FoldTable, metric: Field) -> str:
    return "min to max" if folded.better.get(metric.name) is None else "best"


def _keys(row: FoldRow) -> Iterator[str]:
    for value, said in zip(row.group.values, row.words, strict=True):
        yield f"*{said}*" if value is None else code(said)


def _counts(row: FoldRow) -> list[str]:
    others = {status: count for status, count in row.group.states.items() if status != "finished"}
    return [str(row.group.count), ", ".join(f"{count} {status}" for status, count in others.items())]


def _figures(folded: FoldTable, row: FoldRow) -> Iterator[str]:
    for metric in folded.metrics:
        spread = row.group.spreads[metric]
        yield said(spread)
        best = best_of(spread, folded.better.get(metric.name))
        run = row.best.get(metric)
        if best is not None:
            yield f"{best:.6g} {code(run.name or run.id) if run else ''}".strip()
        else:
            yield "" if spread.low is None else f"{spread.low:.6g} to {spread.high:.6g}"


def said(spread: Spread) -> str:
    """`0.9312 ± 0.0041 (n 5, 1 NaN left out)`, empty where there is no value at all."""
    if spread.mean is None:
        return left_out(spread)
    sd = "–" if spread.sd is None else f"{spread.sd:.3g}"
    rest = left_out(spread)
    return f"{spread.mean:.6g} ± {sd} (n {spread.count}{', ' + rest if rest else ''})"


def left_out(spread: Spread) -> str:
    """`1 NaN and 2 infinite left out`; empty where nothing was."""
    parts = [f"{count} {name}" for count, name in ((spread.nan, "NaN"), (spread.infinite, "infinite")) if count]
    return " and ".join(parts) + " left out" if parts else ""


# -- CSV


def csv_text(folded: FoldTable) -> str:
    """RFC 4180: a line a group, exact figures; what a spreadsheet would run as a formula gets an apostrophe."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    heads = [*(called(key) for key in folded.by), "runs", "states"]
    for metric in folded.metrics:
        heads += [f"{_metric(metric)} {part}" for part in _PARTS]
    writer.writerow([*map(tame, heads), "filter"])
    for row in folded.rows:
        states = " ".join(f"{status}:{count}" for status, count in row.group.states.items())
        keys = ("" if value is None else tame(one) for value, one in zip(row.group.values, row.words, strict=True))
        figures = [cell for metric in folded.metrics for cell in _cells(row, metric)]
        writer.writerow([*keys, row.group.count, states, *figures, tame(row.where)])
    return out.getvalue()


_PARTS: Final = ("count", "nan", "infinite", "mean", "sd", "min", "max", "best run")


def _cells(row: FoldRow, metric: Field) -> list[str]:
    spread, run = row.group.spreads[metric], row.best.get(metric)
    figures = (spread.count, spread.nan, spread.infinite, spread.mean, spread.sd, spread.low, spread.high)
    return [*("" if figure is None else repr(figure) for figure in figures), tame(run.id) if run else ""]


def tame(exact: str) -> str:
    """Text for a spreadsheet: on one line, and never a formula."""
    text = shown(exact)
    if text[:1] not in ("=", "+", "-", "@"):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


# -- JSON


def json_value(folded: FoldTable) -> list[dict[str, Any]]:
    """A group an object, as `quarterdeck runs --fold --json` prints them; docs/commands.md explains the fields."""
    return [
        {
            "by": {called(key): value for key, value in zip(folded.by, row.group.values, strict=True)},
            "shown": [shown(one) for one in row.words],
            "filter": row.where,
            "count": row.group.count,
            "states": dict(row.group.states),
            "metrics": {_metric(metric): _metric_json(folded, row, metric) for metric in folded.metrics},
        }
        for row in folded.rows
    ]


def _metric_json(folded: FoldTable, row: FoldRow, metric: Field) -> dict[str, Any]:
    spread, run, better = row.group.spreads[metric], row.best.get(metric), folded.better.get(metric.name)
    return {
        "count": spread.count, "nan": spread.nan, "infinite": spread.infinite,
        "mean": number(spread.mean), "sd": number(spread.sd), "min": number(spread.low), "max": number(spread.high),
        "greater_is_better": better, "best": number(best_of(spread, better)), "best_run": run.id if run else None,
    }  # fmt: skip


def json_text(folded: FoldTable) -> str:
    """The same as text."""
    return json.dumps(json_value(folded), indent=2, allow_nan=False) + "\n"
