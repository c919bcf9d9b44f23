"""`quarterdeck compare`: runs side by side by what differs, as a table, Markdown, CSV or JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from itertools import groupby

import click

from ..comparison import FEWEST, MOST, Cell, CompareRow, Comparison, compare, csv_text, difference, json_value, markdown
from ..comparison.forms import said_span
from ..errors import QuarterdeckError, UsageError
from ..records import CommitsBetween, Run
from ..settings import Settings
from ..store.reading import Reader
from ..text import shown
from .boundary import say
from .options import Options
from .place import settings_of, synced
from .printing import Head, print_object, print_table


@click.command("compare", short_help="Show runs side by side, by what differs.")
@click.argument("runs", nargs=-1, required=True, metavar="RUN RUN...")
@click.option("--all", "everything", is_flag=True, help="What is the same, too.")
@click.option("--json", "as_json", is_flag=True, help="An object with every cell; strings and numbers exact.")
@click.option("--csv", "as_csv", is_flag=True, help="A line for each row, a column for each run.")
@click.option("--markdown", "as_markdown", is_flag=True, help="A table for a review or an issue.")
@click.pass_obj
def compare_command(options: Options, /, runs: Sequence[str], everything: bool, **forms: bool) -> None:
    """Show 2 to 8 runs side by side: params, data, code, tags and metrics in which they differ.

    \b
      quarterdeck compare brave-cod-214 calm-ox-198
      quarterdeck compare 4f2c91ab 91ab3107 20aa4d15 --markdown
      quarterdeck compare 4f2c91ab 91ab3107 --all --json | jq '.rows[] | select(.kind == "metric")'

    A RUN is an id, the beginning of one, or a name, as long as only one run fits. The others are measured against the
    first. The best of a metric is marked where the settings declare a direction.
    """
    if not FEWEST <= len(runs) <= MOST:
        raise UsageError(
            f"{len(runs)} {'run' if len(runs) == 1 else 'runs'} cannot be compared: name {FEWEST} to {MOST}."
        )
    form = _form([name.removeprefix("as_") for name in ("as_json", "as_csv", "as_markdown") if forms[name]])
    settings = settings_of(options)
    with synced(options, settings) as reader:
        if reader is None:
            raise QuarterdeckError("There is no run to compare.")
        _print(_compared(reader, settings, runs), form, everything=everything)


def _form(asked: Sequence[str]) -> str | None:
    if len(asked) > 1:
        raise UsageError(f"{' and '.join(f'--{form}' for form in asked)} cannot be printed at once: say one of them.")
    return asked[0] if asked else None


def _compared(reader: Reader, settings: Settings, words: Sequence[str]) -> Comparison:
    rowids = [_found(reader, word) for word in words]
    for rowid, word in zip(rowids, words, strict=True):
        if rowids.count(rowid) > 1:
            raise UsageError(f"“{shown(word)}” is named twice: a run is not compared with itself.")
    runs = reader.runs(rowids)
    if len(runs) < len(rowids):  # the syncer took one away in between
        raise QuarterdeckError("One of these runs is gone: run the command again.")
    return compare(
        runs,
        better={name: bool(metric.greater_is_better) for name, metric in settings.metrics.items()},
        experiments={(r.experiment.source, r.experiment.id): r.experiment.name for r in reader.experiments()},
        sources={state.source: state.name for state in reader.source_states()},
        commits=_commits(reader, runs),
        now=time.time_ns() // 1_000_000,
    )


def _commits(reader: Reader, runs: Sequence[Run]) -> dict[str, CommitsBetween | None]:
    base = runs[0].git_commit
    heads = {run.git_commit for run in runs if run.git_commit and run.git_commit != base}
    return {head: reader.commits_between(base, head) for head in heads} if base else {}


def _found(reader: Reader, word: str) -> int:
    """The row id of the one run of this id, else of this beginning of an id, else of this name."""
    for rowids in (reader.rowids([word]), reader.rowids_beginning(word), reader.rowids_named(word)):
        if len(rowids) == 1:
            return rowids[0]
        if rowids:
            ids = ", ".join(shown(run.id) for run in reader.runs(rowids[:5], names=()))
            raise UsageError(f"“{shown(word)}” fits more than one run: {ids}. Say more of the id.")
    raise QuarterdeckError(f"There is no run “{shown(word)}” in the cache. `quarterdeck runs` lists them.")


def _print(compared: Comparison, form: str | None, *, everything: bool) -> None:
    if form == "json":
        print_object(json_value(compared, everything=everything))
    elif form == "csv":
        sys.stdout.write(csv_text(compared, everything=everything))
    elif form == "markdown":
        sys.stdout.write(markdown(compared, everything=everything))
    else:
        _print_table(compared, everything=everything)


def _print_table(compared: Comparison, *, everything: bool) -> None:
    for sentence in compared.sentences:
        say(f"{shown(sentence[:1].upper() + sentence[1:])}.")
    rows = compared.rows if everything else compared.differing()
    heads = [Head("", False), *(Head(shown(run.name) or shown(run.id[:8])) for run in compared.runs)]
    print_table(heads, list(_lines(compared, rows)), aligned=True)
    if not rows:
        say("These runs differ in nothing. --all shows what is the same.")


def _lines(compared: Comparison, rows: Sequence[CompareRow]) -> Iterator[Sequence[str]]:
    yield ["run", *(run.id for run in compared.runs)]
    for kind, group in groupby(rows, key=lambda row: row.kind):
        for row in group:
            name = row.name if kind in ("attribute", "code") else f"{kind}s.{row.name}"
            yield [name, *(_cell(compared, row, at, cell) for at, cell in enumerate(row.cells))]


def _cell(compared: Comparison, row: CompareRow, at: int, cell: Cell) -> str:
    from ...widgets.figures import difference as signed
    from ...widgets.figures import figure

    if cell.text is None:
        return "–"
    if row.kind == "attribute" and row.name == "took":
        return said_span(cell)
    if row.kind != "metric" or cell.number is None:
        return cell.text
    less = difference(row, at, compared.baseline)
    best = " (best)" if at in row.best else ""
    return figure(cell.number) + ("" if less is None else f" {signed(less)}") + best
