"""`quarterdeck runs`: the runs that the cache knows, as a table or as JSON."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, Final, NamedTuple

import click

from ..copies import run_json
from ..errors import QuarterdeckError
from ..query import Node
from ..records import Experiment, Extreme, Run
from ..settings import Settings
from ..store.experiments import ExperimentRow
from ..store.order import RunOrder
from ..store.reading import Reader
from ..store.state import view_name
from ..text import shown
from .boundary import say
from .filters import filter_of, sort_of
from .fold import FoldAsked, print_fold
from .options import Options
from .place import settings_of, state_of, synced
from .printing import print_json, print_table, windows
from .run_columns import DEFAULT, Column, Extremes, Labels, columns_named

MOST_EXPERIMENTS: Final = 30_000
"""Experiments whose keys a bare word may mean: SQLite binds 32,766 values at once."""


class Asked(NamedTuple):
    """What is to be listed: the options, filled up from the view where they say nothing."""

    filter: str = ""
    sort: str = "started_at:desc"
    limit: int | None = None
    columns: tuple[str, ...] = tuple(DEFAULT)
    experiment: str | None = None


@click.command("runs", short_help="List runs, filtered and sorted.")
@click.option("--filter", metavar="TEXT", help="Only the runs for which this holds, in the grammar of the screens.")
@click.option("--sort", metavar="KEY[:desc]", help="By any column; default started_at:desc.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@click.option("--columns", metavar="A,B", help="Columns of the table, with commas between: id,name,metrics.val_auc")
@click.option("--view", metavar="NAME", help="Filter, sort and columns that the terminal keeps under this name.")
@click.option("--experiment", metavar="NAME", help="Only this experiment: its name, its id or a pattern.")
@click.option("--fold", metavar="KEY[,KEY]", help="In groups by params, tags or parent: how many, mean, sd, best.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array with every field; strings and numbers exact.")
@click.pass_obj
def runs_command(options: Options, /, view: str | None, as_json: bool, fold: str | None, **given: Any) -> None:
    """List the runs that were synced, newest first.

    \b
      quarterdeck runs --limit 20
      quarterdeck runs --filter 'metrics.val_auc > 0.9 and status:finished' --sort metrics.val_auc:desc
      quarterdeck runs --filter 'started_at > -3d and params.model = "xgb"' --columns name,user,metrics.loss.min
      quarterdeck runs --experiment 'churn*' --json | jq -r '.[].id'
      quarterdeck runs --experiment churn --fold params.lr,params.depth --columns metrics.val_auc

    Reads the cache only; `quarterdeck status` says how old it is. On a terminal the table is cut to the width,
    elsewhere it is whole.
    """
    settings = settings_of(options)
    asked = _asked(given, _view(settings, view) if view else {})
    if as_json and given["columns"] and fold is None:
        say("--columns has no effect with --json: every field is there.")
    with synced(options, settings) as reader:
        if reader is None:
            if as_json:
                print_json([])
            return
        if fold is not None:
            print_fold(reader, _folded(reader, asked, settings, fold, given["sort"]), as_json=as_json)
            return
        listing = _Listing(reader, asked, settings)
        if as_json:
            listing.print_json()
        else:
            listing.print_table(asked.columns)


def _folded(reader: Reader, asked: Asked, settings: Settings, by: str, sort: str | None) -> FoldAsked:
    """What is to be folded: the same runs as without --fold. A view's sort is one of runs, not of groups."""
    rowids, keys, where = _scope(reader, asked, settings, reader.experiments())
    return FoldAsked(
        experiments=rowids, keys=keys, filter=asked.filter, where=where, by=by, sort=sort, columns=asked.columns,
        limit=asked.limit,
        better={name: bool(metric.greater_is_better) for name, metric in settings.metrics.items()},
    )  # fmt: skip


def _scope(
    reader: Reader, asked: Asked, settings: Settings, rows: list[ExperimentRow]
) -> tuple[list[int] | None, Mapping[str, list[str]], Node | None]:
    """Row ids of the experiments (None: all), the keys that they have, and the filter."""
    chosen = rows if asked.experiment is None else _experiments(asked.experiment, rows)
    keys = _keys(reader, [row.rowid for row in chosen][:MOST_EXPERIMENTS])
    where = filter_of(asked.filter, settings.zone, keys)
    return None if asked.experiment is None else [row.rowid for row in chosen], keys, where


class _Listing:
    """The runs that were asked for, read a window at a time."""

    def __init__(self, reader: Reader, asked: Asked, settings: Settings) -> None:
        self._reader = reader
        now = time.time_ns() // 1_000_000
        rows = reader.experiments()
        rowids, self._keys, where = _scope(reader, asked, settings, rows)
        sort = sort_of(asked.sort, self._keys)
        _say_unknown(sort.field.kind, sort.field.name, self._keys, "to sort by: newest first instead")
        order = RunOrder(reader.connection, experiments=rowids, where=where, sort=sort)
        # eight bytes a row: a million of them are 8 MB
        self._ids: Sequence[int] = order.all() if asked.limit is None else order.first(asked.limit)
        self._labels = Labels(
            sources={state.source: state.name for state in reader.source_states()},
            experiments={(row.experiment.source, row.experiment.id): row.experiment.name for row in rows},
            now=now,
        )

    def print_json(self) -> None:
        """Every field of every run."""
        print_json(self._json(run, extremes) for run, extremes in self._read(None))

    def _json(self, run: Run, extremes: Extremes) -> dict[str, Any]:
        experiment = self._labels.experiments.get((run.source, run.experiment_id))
        return run_json(run, extremes, source=self._labels.sources.get(run.source, run.source), experiment=experiment)

    def print_table(self, words: Sequence[str]) -> None:
        """The columns of these names; a word on stderr when there is no run."""
        columns = columns_named(words, self._keys)
        for kind, name in filter(None, (column.needs for column in columns)):
            _say_unknown(kind, name, self._keys, "to show: its column is empty")
        rows = (
            [column.cell(run, extremes, self._labels) for column in columns] for run, extremes in self._read(columns)
        )
        print_table([column.head for column in columns], rows)
        if not self._ids:
            self._say_nothing_found()

    def _say_nothing_found(self) -> None:
        unread = [s for s in self._reader.source_states() if s.kind == "mlflow" and s.last_ok_at is None]
        for state in unread:
            say(f"{shown(state.name)} was never read: {shown(state.sentence) or 'run `quarterdeck sync`.'}")
        if not unread:
            say("No run is like that.")

    def _read(self, columns: Sequence[Column] | None) -> Iterator[tuple[Run, Extremes]]:
        """The runs in windows; with columns only what they show."""
        names = None if columns is None else [column.needs for column in columns if column.needs is not None]
        for ids in windows(self._ids):
            pairs = self._pairs(ids, names)
            wanted = {key for _, run in pairs for key in run.metrics}
            extremes = _by_run(self._reader, ids, sorted(wanted))
            yield from ((run, extremes[rowid]) for rowid, run in pairs)

    def _pairs(self, ids: Sequence[int], names: list[tuple[str, str]] | None) -> list[tuple[int, Run]]:
        """Row id and run. The syncer may take a run away in between: then one by one, to know which."""
        runs = self._reader.runs(ids, names=names)
        if len(runs) == len(ids):
            return list(zip(ids, runs, strict=True))
        return [(rowid, run) for rowid in ids for run in self._reader.runs([rowid], names=names)]


def _by_run(reader: Reader, ids: Sequence[int], keys: Sequence[str]) -> Mapping[int, dict[str, Extreme]]:
    found: dict[int, dict[str, Extreme]] = defaultdict(dict)
    for (rowid, key), extreme in (reader.extremes(ids, keys) if keys else {}).items():
        found[rowid][key] = extreme
    return found


def _keys(reader: Reader, experiments: Sequence[int]) -> Mapping[str, list[str]]:
    """The names that there are, by kind: what a bare word in a filter may mean."""
    found: dict[str, list[str]] = defaultdict(list)
    for key in reader.keys(experiments):
        found[key.kind].append(key.name)
    return found


def _say_unknown(kind: str, name: str, keys: Mapping[str, list[str]], so: str) -> None:
    """A word on stderr for a metric, param or tag that no run has. No error: runs to come may have it."""
    if not keys or kind in ("attribute", "dataset") or name in keys.get(kind, ()):
        return
    close = get_close_matches(name, keys.get(kind, ()), n=3)
    hint = f" Did you mean {' or '.join(f'“{shown(one)}”' for one in close)}?" if close else ""
    say(f"No run has a {kind} “{shown(name)}” {so}.{hint}")


def _experiments(wanted: str, rows: list[ExperimentRow]) -> list[ExperimentRow]:
    """The experiments of this name, else of this id, else of this pattern. Raises QuarterdeckError."""
    for fits in (_named, _numbered, _like):
        if found := [row for row in rows if fits(row.experiment, wanted)]:
            return found
    close = get_close_matches(wanted, [row.experiment.name for row in rows], n=1)
    hint = f" Did you mean “{close[0]}”?" if close else ""
    raise QuarterdeckError(f"There is no experiment “{wanted}” in the cache.{hint}")


def _named(experiment: Experiment, wanted: str) -> bool:
    return experiment.name == wanted


def _numbered(experiment: Experiment, wanted: str) -> bool:
    return experiment.id == wanted


def _like(experiment: Experiment, wanted: str) -> bool:
    return fnmatchcase(experiment.name, wanted)


def _asked(given: Mapping[str, Any], view: Mapping[str, Any]) -> Asked:
    """What the options say, else the view, else the default."""
    said = {name: value for name, value in given.items() if value is not None}
    if "columns" in said:
        said["columns"] = [word.strip() for word in said["columns"].split(",") if word.strip()]
    known = {name: view[name] for name in ("filter", "sort", "columns", "experiment") if view.get(name)}
    asked = Asked(**(known | said))
    return asked._replace(columns=tuple(asked.columns))


def _view(settings: Settings, name: str) -> Mapping[str, Any]:
    with state_of(settings) as state:
        view = state.get_table(view_name("runs", name))
        prefix = view_name("runs", "")
        names = [known.removeprefix(prefix) for known in state.tables(prefix)]
    if view is None:
        known = f"There are {', '.join(names)}." if names else "None is saved yet: `:view save NAME` keeps one."
        raise QuarterdeckError(f"There is no view “{name}”. {known}")
    return view
