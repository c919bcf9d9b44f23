"""The columns of a table of runs. Cells are pure functions of a record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo

from ..app.query import Field
from ..app.records import Dataset, Extreme, Run
from ..app.store.pipelines import CommitChecks
from ..app.store.run_checks import RunChecks
from ..app.text import clip
from ..widgets.figures import age, figure, moment, span
from ..widgets.line import Piece
from ..widgets.record_table import Column
from ..widgets.status import glyph, sign, watched_words, worded


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow:
    """A run as the table holds it: the record, what is known of its histories, and the clock."""

    run: Run
    extremes: Mapping[str, Extreme] = field(default_factory=dict)
    now: int = 0
    watched: bool = False
    """Somebody is told what becomes of it."""
    base: RunRow | None = None
    """The baseline of its experiment."""
    checks: CommitChecks | None = None
    """What pipelines say of its commit; None where none ran on it, or nobody asked."""
    data_checks: RunChecks | None = None
    """What data checks said in it, or of its data; None where none did, or nobody asked."""


Cell = Callable[[RunRow], Piece]

CI = "ci"
"""The column that is no field of a run: neither filter nor sort knows it."""

CHECKS = "checks"
"""The column of data checks, which is no field of a run either."""

NAME_WIDTH = 22
DEFAULT_HEAD = ("name", "status", "started_at")
DEFAULT_TAIL = ("dataset", "commit", "user")
SEEN_METRICS, SEEN_PARAMS = 4, 3
"""How many metrics and params a table shows that nobody arranged."""


def _name(row: RunRow) -> Piece:
    return clip(row.run.name, 60) or "–", "text" if row.run.status != "deleted" else "dim"


def _status(row: RunRow) -> Piece:
    return watched_words(row.run.status) if row.watched else worded(row.run.status)


def _duration(row: RunRow) -> Piece:
    run = row.run
    if run.started_at is None:
        return "", "text"
    end = run.ended_at if run.ended_at is not None else row.now if run.status == "running" else None
    return (span(end - run.started_at) if end is not None else ""), "text"


def data_of(run: Run) -> Dataset | None:
    """The data that a run was trained on, else the first that it names."""
    trained = (data for data in run.datasets if data.context in ("training", "train"))
    return next(trained, run.datasets[0] if run.datasets else None)


def _dataset(row: RunRow) -> Piece:
    datasets, first = row.run.datasets, data_of(row.run)
    if first is None:
        return glyph("missing"), "dim"
    more = f" +{len(datasets) - 1}" if len(datasets) > 1 else ""
    return f"{clip(first.name, 11)}@{clip(first.digest, 60)[:4]}{more}", "dim"


def _ci(row: RunRow) -> Piece:
    if row.checks is None:
        return "", "text"  # nothing ran on its commit; ◌ is a word that nobody here knows
    several = f" {row.checks.failed}" if row.checks.failed > 1 else ""
    return glyph(row.checks.status) + several, sign(row.checks.status).role


def _data_checks(row: RunRow) -> Piece:
    found = row.data_checks
    if found is None:
        return "", "text"
    number = found.outcomes.get(found.outcome, 0) if found.outcome not in ("pass", "skipped") else 0
    several = f" {number}" if number > 1 else ""
    return glyph(found.outcome) + several, sign(found.outcome).role


def _text(get: Callable[[Run], str | None], width: int) -> Cell:
    def cell(row: RunRow) -> Piece:
        return clip(get(row.run) or "", width), "dim"

    return cell


def _time(get: Callable[[Run], int | None], zone: tzinfo) -> Cell:
    def cell(row: RunRow) -> Piece:
        return moment(get(row.run), row.now, zone), "text"

    return cell


def _age(row: RunRow) -> Piece:
    return age(row.run.started_at, row.now), "text"


def _last(name: str) -> Cell:
    def cell(row: RunRow) -> Piece:
        metric = row.run.metrics.get(name)
        if metric is None:
            return "", "text"
        return figure(metric.value), "text" if metric.state == "finite" else "warn"

    return cell


def _extreme(name: str, aggregate: str) -> Cell:
    def cell(row: RunRow) -> Piece:
        if name not in row.run.metrics:
            return "", "text"
        known = row.extremes.get(name)
        value = getattr(known, aggregate) if known and known.history != "unread" else None
        if value is None:
            return "…", "dim"
        # a sampled history may have missed the peak: the figure is a bound, and says so
        bound = "" if known and known.history == "complete" else "≥" if aggregate == "max" else "≤"
        return bound + figure(value), "text"

    return cell


def _param(name: str) -> Cell:
    def cell(row: RunRow) -> Piece:
        return clip(row.run.params.get(name, ""), 24), "text"

    return cell


def _tag(name: str) -> Cell:
    def cell(row: RunRow) -> Piece:
        return clip(row.run.tags.get(name, ""), 24), "dim"

    return cell


def fixed(zone: tzinfo = UTC) -> dict[str, Column[RunRow]]:
    """The columns that every run has, by their word in the filter."""
    columns: tuple[Column[RunRow], ...] = (
        Column(key="name", title="name", cell=_name, width=NAME_WIDTH, rank=0, grow=True),
        Column(key="status", title="status", cell=_status, width=10, rank=1),
        Column(key="started_at", title="age", cell=_age, width=5, right=True, rank=2),
        Column(key="duration", title="took", cell=_duration, width=9, right=True, rank=8),
        Column(key="ended_at", title="ended", cell=_time(lambda run: run.ended_at, zone), width=12, right=True, rank=8),
        Column(key="ci", title="ci", cell=_ci, width=3, rank=5),
        Column(key=CHECKS, title="checks", cell=_data_checks, width=6, rank=6),
        Column(key="dataset", title="data", cell=_dataset, width=17, rank=7),
        Column(key="commit", title="commit", cell=_text(lambda run: (run.git_commit or "")[:7], 7), width=7, rank=6),
        Column(key="user", title="user", cell=_text(lambda run: run.user, 12), width=8, rank=6),
        Column(key="id", title="id", cell=_text(lambda run: run.id, 32), width=32, rank=9),
        Column(key="parent", title="parent", cell=_text(lambda run: run.parent_id, 32), width=32, rank=9),
    )
    return {column.key: column for column in columns}


def column(key: str, width: int | None = None, zone: tzinfo = UTC, chosen: bool = False) -> Column[RunRow] | None:
    """The column of a word: `name`, `metrics.val_auc`, `metrics.val_auc.max`, `params.lr`. None for no such word.

    A column that the user chose leaves only when there is no other.
    """
    if found := fixed(zone).get(key):
        return replace(found, rank=min(found.rank, 1)) if chosen else found
    kind, _, name = key.partition(".")
    if not name:
        return None
    rank = 1 if chosen else 3
    if kind == "metrics":
        stem, _, aggregate = name.rpartition(".")
        cell = _extreme(stem, aggregate) if stem and aggregate in ("min", "max") else _last(name)
        title = clip(name, 16)
        return Column(key=key, title=title, cell=cell, width=width or max(8, len(title)), right=True, rank=rank)
    if kind in ("params", "tags"):
        cell = _param(name) if kind == "params" else _tag(name)
        title = clip(name, 14)
        wide = width or max(6, len(title))
        return Column(key=key, title=title, cell=cell, width=wide, right=kind == "params", rank=rank + 1)
    return None


def is_open(run: Run, known: Extreme | None) -> bool:
    """Whether smallest and largest of a metric are to be asked for: unknown, or in part where the run has ended."""
    return known is None or (known.history == "sampled" and run.status not in ("running", "scheduled"))


def metric_of(key: str) -> tuple[str, str] | None:
    """`metrics.val_auc.max` -> ("val_auc", "max"); None where the column shows no minimum or maximum."""
    kind, _, name = key.partition(".")
    stem, _, aggregate = name.rpartition(".")
    return (stem, aggregate) if kind == "metrics" and stem and aggregate in ("min", "max") else None


def field_of(key: str) -> Field:
    """The field of the grammar that a column shows."""
    kind, _, name = key.partition(".")
    if kind == "metrics" and name:
        stem, part = metric_of(key) or (name, "last")
        return Field("metric", stem, "min" if part == "min" else "max" if part == "max" else "last")
    if kind in ("params", "tags") and name:
        return Field("param" if kind == "params" else "tag", name)
    if key == "dataset":
        return Field("dataset", "")
    return Field("attribute", {"commit": "git_commit", "parent": "parent_id"}.get(key, key))


def read_names(keys: Iterable[str]) -> list[tuple[str, str]]:
    """Which metrics, params and tags the cache has to read for these columns."""
    found: list[tuple[str, str]] = []
    for key in keys:
        kind, _, name = key.partition(".")
        if kind in ("metrics", "params", "tags") and name:
            found.append((kind.rstrip("s"), (metric_of(key) or (name,))[0]))
            found.append((kind.rstrip("s"), name))
    return found


def propose(sample: Sequence[Run], better: Iterable[str], *, ci: bool = False, checks: bool = False) -> list[str]:
    """Columns for an experiment that nobody arranged yet, from some of its newest runs.

    Metrics with a declared direction first, then the most frequent; params that differ between the runs. `ci`: there
    are pipelines, so what they say of the commits is shown; `checks`: the same of data checks and the runs' data.
    """
    metrics = Counter(name for run in sample for name in run.metrics if not name.startswith("system/"))
    declared = [name for name in better if name in metrics]
    frequent = sorted((n for n in metrics if n not in declared), key=lambda n: (-metrics[n], n))
    values: dict[str, set[str]] = {}
    for run in sample:
        for name, text in run.params.items():
            values.setdefault(name, set()).add(text)
    present = Counter(name for run in sample for name in run.params)
    differing = [n for n, v in values.items() if len(v) > 1 and present[n] * 2 >= len(sample)]
    differing.sort(key=lambda n: (len(values[n]) > 30, n))
    return [
        *DEFAULT_HEAD,
        *(f"metrics.{name}" for name in [*declared, *frequent][:SEEN_METRICS]),
        *(f"params.{name}" for name in differing[:SEEN_PARAMS]),
        *([CI] if ci else []),
        *([CHECKS] if checks else []),
        *DEFAULT_TAIL,
    ]


def widths(sample: Sequence[Run], keys: Iterable[str]) -> dict[str, int]:
    """How wide params and tags are in some of the runs, so that a column need not change its width later."""
    found: dict[str, int] = {}
    for key in keys:
        kind, _, name = key.partition(".")
        if kind in ("params", "tags"):
            values = [len((run.params if kind == "params" else run.tags).get(name, "")) for run in sample]
            found[key] = max(6, min(14, max(values, default=0)), min(14, len(name)))
    return found
