"""`quarterdeck pipelines`: the pipelines that the cache knows, whoever ran them, as a table or as JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import click

from ..errors import FilterError, UsageError
from ..exact import span
from ..pipeline_copies import pipeline_json
from ..query import PIPELINES, Field, parse_sort, pipeline_values
from ..records import Millis
from ..store.pipelines import PipelineRow
from ..store.reading import Reader
from ..text import shown
from .boundary import say
from .filters import filter_of, sort_of
from .options import Options
from .place import settings_of, synced
from .printing import Head, ago, iso, print_json, print_table, windows

DEFAULT: Final = "id,name,number,status,branch,commit,event,created_at,duration"
ON_A_TERMINAL: Final = "id,status,name,number,branch,age,duration,event"

NO_CI: Final = ("git", "mlflow", "registry", "checks")
"""Kinds of sources that know no pipelines."""

Cell = Callable[[PipelineRow, Millis], str]


class _Column(NamedTuple):
    head: Head
    cell: Cell


@click.command("pipelines", short_help="List what CI ran, filtered and sorted.")
@click.option(
    "--filter",
    "text",
    metavar="TEXT",
    default="",
    help="Only those for which this holds, in the grammar of the screens.",
)
@click.option("--sort", metavar="KEY[:desc]", help="By any column; default created_at:desc.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@click.option(
    "--columns", metavar="A,B", help="Columns of the table, with commas between: name,status,job.failed,usual"
)
@click.option(
    "--json", "as_json", is_flag=True, help="A JSON array with every field, jobs and steps too; strings exact."
)
@click.pass_obj
def pipelines_command(
    options: Options, text: str, sort: str | None, limit: int | None, columns: str | None, as_json: bool
) -> None:
    """List the pipelines of all sources, newest first.

    \b
      quarterdeck pipelines --limit 20
      quarterdeck pipelines --filter 'status:failed branch:main' --columns name,number,job.failed,url
      quarterdeck pipelines --filter 'duration > 30m and age < 7d' --sort duration:desc
      quarterdeck pipelines --filter 'job.failed:train' --json | jq -r '.[].commit'

    Reads the cache only; `quarterdeck status` says how old it is. On a terminal the table is cut to the width,
    elsewhere it is whole.
    """
    settings = settings_of(options)
    if as_json and columns:
        say("--columns has no effect with --json: every field is there.")
    shape = [_column(word.strip()) for word in (columns or _usual_columns()).split(",") if word.strip()]
    where = filter_of(text, settings.zone, vocabulary=PIPELINES)
    order = None if sort is None else sort_of(sort, vocabulary=PIPELINES)
    with synced(options, settings) as reader:
        rowids = [] if reader is None else reader.pipelines.ids(where, order, limit)
        rows = _read(reader, rowids)
        if as_json:
            print_json(pipeline_json(row.pipeline, row.source_name) for row in rows)
            return
        now = time.time_ns() // 1_000_000
        print_table([one.head for one in shape], ([one.cell(row, now) for one in shape] for row in rows))
        if reader is not None and not rowids:
            _say_nothing_found(reader)


def _usual_columns() -> str:
    return ON_A_TERMINAL if sys.stdout.isatty() else DEFAULT


def _read(reader: Reader | None, rowids: Sequence[int]) -> Iterator[PipelineRow]:
    """The pipelines, a window at a time. One that the syncer takes away in between is left out."""
    for some in windows(rowids):
        assert reader is not None  # there are ids
        yield from reader.pipelines.rows(some)


def _say_nothing_found(reader: Reader) -> None:
    sources = [state for state in reader.source_states() if state.kind not in NO_CI]
    unread = [state for state in sources if state.last_ok_at is None]
    for state in unread:
        say(f"{shown(state.name)} was never read: {shown(state.sentence) or 'run `quarterdeck sync`.'}")
    if not sources:
        say("No source of pipelines is in the settings: [[ci]] names one.")
    elif not unread:
        say("No pipeline is like that.")


def _column(word: str) -> _Column:
    """The column of this name: the word on the command line is the word in the filter. Raises UsageError."""
    if word in _PLAIN:
        return _Column(Head(word, right=True), _PLAIN[word])
    try:
        field = parse_sort(word, vocabulary=PIPELINES).field
    except FilterError as error:
        raise UsageError(f"--columns: {error}") from error
    is_figure, is_word = field.type in ("seconds", "number"), field.name in ("id", "status", "created_at")
    return _Column(Head(word, right=is_figure, whole=is_word), _cell(field))


def _cell(field: Field) -> Cell:
    write = _WRITTEN.get(field.type, str)
    return lambda row, _: _joined(write(one) for one in pipeline_values(field, row.pipeline, row.source_name))


def _joined(texts: Iterable[str]) -> str:
    """Each once: a pipeline may have many jobs of one stage."""
    return ", ".join(dict.fromkeys(texts))


_WRITTEN: Final[Mapping[str, Callable[[Any], str]]] = {
    "time": lambda at: iso(at) or "",
    "seconds": lambda seconds: span(round(seconds * 1000)),
}
_PLAIN: Final[Mapping[str, Cell]] = {
    "age": lambda row, now: "" if row.pipeline.created_at is None else ago(row.pipeline.created_at, now),
    "usual": lambda row, _: span(row.usual),
}
