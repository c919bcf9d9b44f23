"""`quarterdeck datasets`: the data that runs, DVC and checks speak of, and the versions of one of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import click

from ..comparison.datasets import data_changes
from ..errors import FilterError, QuarterdeckError, UsageError
from ..identities import identities
from ..query import DATASETS, Field, parse_sort
from ..records import RUNS_COUNTED, DatasetVersion, Identities, Millis
from ..store.dataset_lists import ListedDataset, dataset_values, listed_datasets
from ..store.reading import Reader
from .boundary import say
from .dataset_json import Changed, dataset_json, version_json
from .filters import filter_of, sort_of
from .options import Options
from .place import settings_of, synced
from .printing import Head, ago, iso, print_json, print_table

DEFAULT: Final = "name,tool,versions,digest,at,runs,rows,size,outcome"
ON_A_TERMINAL: Final = "name,tool,versions,digest,age,runs,rows,outcome"
OF_A_DATASET: Final = 20
"""Versions of each dataset that --json holds; `datasets NAME` gives the further ones."""
OF_ONE: Final = 50

Cell = Callable[[ListedDataset, Millis], str]


class _Column(NamedTuple):
    head: Head
    cell: Cell


@click.command("datasets", short_help="List datasets, or the versions of one.")
@click.argument("name", required=False)
@click.option(
    "--filter",
    "text",
    metavar="TEXT",
    default="",
    help="Only those for which this holds, in the grammar of the screens.",
)
@click.option("--sort", metavar="KEY[:desc]", help="By any field of the filter; default the one last heard of first.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many; of versions 50 unless told.")
@click.option("--columns", metavar="A,B", help="Columns of the table, with commas between: name,tool,rows,commit")
@click.option("--json", "as_json", is_flag=True, help="A JSON array with every field; strings exact.")
@click.pass_obj
def datasets_command(
    options: Options, name: str | None, text: str, sort: str | None, limit: int | None, columns: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """List the datasets that MLflow's runs, DVC and checks speak of; with NAME the versions of one, newest first.

    \b
      quarterdeck datasets --filter 'tool:dvc and outcome:fail'
      quarterdeck datasets orders
      quarterdeck datasets data/orders.csv --json | jq '.[0].changes'

    Names that [[datasets]] of the settings declares to be one dataset are one. Beside each version stands what differs
    from the one before that the same tool tells. Reads the cache only; `quarterdeck status` says how old it is.
    """
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    for word, given in (("--filter", text and name), ("--sort", sort and name), ("--columns", columns and name)):
        if given:
            say(f"{word} has no effect beside the name of a dataset.")
    if columns and as_json and not name:
        say("--columns has no effect with --json: every field is there.")
    shape = [_column(word.strip()) for word in (columns or _usual_columns()).split(",") if word.strip()]
    where = filter_of(text, settings.zone, vocabulary=DATASETS)
    order = None if sort is None else sort_of(sort, vocabulary=DATASETS)
    declared = identities(settings)
    with synced(options, settings) as reader:
        if reader is None:
            if as_json:
                print_json(())
            return
        if name is not None:
            _print_versions(reader, name, declared, OF_ONE if limit is None else limit, as_json=as_json)
            return
        found = listed_datasets(reader.datasets, reader.checks, declared, now, where, order, limit)
        if as_json:
            print_json(dataset_json(one, _versions(reader, one.row.name, declared, OF_A_DATASET)) for one in found)
            return
        print_table([one.head for one in shape], ([one.cell(row, now) for one in shape] for row in found))
        if not found and limit != 0:
            say("No dataset is like that." if text else "No run, file of DVC or check speaks of a dataset.")


def _versions(reader: Reader, name: str, declared: Identities, limit: int) -> list[Changed]:
    reads = reader.datasets
    found: list[Changed] = []
    for version in reads.versions(name, declared, limit):
        before = reads.before(version, declared)
        is_told = before is not None and not before.is_gone and not version.is_gone
        found.append((version, data_changes(before, version) if before is not None and is_told else ()))
    return found


# -- the versions of one ------------------------------------------------------------------------------------------

_HEADS: Final = (
    Head("at"), Head("digest", whole=True), Head("tool"), Head("commit"), Head("runs", right=True),
    Head("rows", right=True), Head("size", right=True), Head("differs"),
)  # fmt: skip


def _print_versions(reader: Reader, name: str, declared: Identities, limit: int, *, as_json: bool) -> None:
    row = reader.datasets.row(name, declared)
    if row is None:
        raise QuarterdeckError(f"There is no dataset “{name}” in the cache: `quarterdeck datasets` lists them.")
    versions = _versions(reader, row.name, declared, limit)
    if as_json:
        print_json(version_json(version, changes) for version, changes in versions)
        return
    print_table(_HEADS, (_line(version, [change.words for change in changes]) for version, changes in versions))
    if not versions and limit:
        say("No tool tells of versions of it: MLflow does where runs log it as an input, DVC where it is tracked.")


def _line(version: DatasetVersion, differs: list[str]) -> list[str]:
    known = (version.rows, version.size)
    return [
        iso(version.at) or "", "gone" if version.is_gone else version.digest[:12], ", ".join(version.tools),
        (version.commit or "")[:7], _runs(version), *("" if one is None else str(one) for one in known),
        "; ".join(differs),
    ]  # fmt: skip


def _runs(version: DatasetVersion) -> str:
    return f"{version.runs}+" if version.runs >= RUNS_COUNTED else str(version.runs)


# -- columns --------------------------------------------------------------------------------------------------------


def _usual_columns() -> str:
    return ON_A_TERMINAL if sys.stdout.isatty() else DEFAULT


def _column(word: str) -> _Column:
    """The column of this name: the word on the command line is the word in the filter. Raises UsageError."""
    if word in _PLAIN:
        return _Column(Head(word, right=word in ("age", "runs"), whole=word in ("name", "digest")), _PLAIN[word])
    try:
        field = parse_sort(word, vocabulary=DATASETS).field
    except FilterError as error:
        raise UsageError(f"--columns: {error}") from error
    return _Column(Head(word, right=field.type == "number", whole=field.type == "time"), _cell(field))


def _cell(field: Field) -> Cell:
    def cell(one: ListedDataset, _: Millis) -> str:
        return ", ".join(_written(field, value) for value in dataset_values(field, one))

    return cell


def _written(field: Field, value: Any) -> str:
    if field.type == "time":
        return iso(value) or ""
    if field.type == "flag":
        return "yes" if value else ""
    return str(value)


def _outcomes(one: ListedDataset) -> str:
    """`2 fail, 40 pass`, the worst first."""
    worst = ("fail", "error", "warn", "skipped", "pass")
    said = [f"{one.outcomes[outcome]} {outcome}" for outcome in worst if one.outcomes.get(outcome)]
    return ", ".join([*said, *([f"{one.silent} silent"] if one.silent else [])])


_PLAIN: Final[Mapping[str, Cell]] = {
    "name": lambda one, _: one.row.name,
    "digest": lambda one, _: "" if one.newest is None else "gone" if one.newest.is_gone else one.newest.digest[:12],
    "age": lambda one, now: "" if one.row.at is None else ago(one.row.at, now),
    "outcome": lambda one, _: _outcomes(one),
    "runs": lambda one, _: "" if one.newest is None else _runs(one.newest),
}
