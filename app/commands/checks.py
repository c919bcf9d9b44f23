"""`quarterdeck checks`: what every tool says of the data, in one list, as a table or as JSON."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import click

from ..check_copies import check_json
from ..errors import FilterError, UsageError
from ..exact import span
from ..identities import identities
from ..query import CHECKS, Field, check_values, parse_sort
from ..records import Check, Millis
from ..store.checks import CheckRow
from ..store.reading import Reader
from ..text import shown
from .boundary import say
from .filters import filter_of, sort_of
from .options import Options
from .place import settings_of, synced
from .printing import Head, ago, iso, print_json, print_table, windows

DEFAULT: Final = "id,outcome,name,dataset,tool,environment,checked_at,observed,expected,first_failed_at,silent_since"
ON_A_TERMINAL: Final = "outcome,name,dataset,tool,age,silent,observed,expected"

BAD: Final = ("fail", "error")
"""Outcomes after which nobody may call the data good."""

Cell = Callable[[Check, Millis], str]


class _Column(NamedTuple):
    head: Head
    cell: Cell


@click.command("checks", short_help="List what tools say of the data, filtered and sorted.")
@click.option(
    "--filter",
    "text",
    metavar="TEXT",
    default="",
    help="Only those for which this holds, in the grammar of the screens.",
)
@click.option("--sort", metavar="KEY[:desc]", help="By any field of the filter; default trouble first, by dataset.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@click.option("--columns", metavar="A,B", help="Columns of the table, with commas between: outcome,name,share,rule")
@click.option(
    "--exit-code", is_flag=True, help="End with 1 when one of them failed or could not run, or there is none at all."
)
@click.option("--json", "as_json", is_flag=True, help="A JSON array with every field; strings exact.")
@click.pass_obj
def checks_command(
    options: Options, text: str, sort: str | None, limit: int | None, columns: str | None, exit_code: bool,
    as_json: bool,
) -> int:  # fmt: skip
    """List the checks of all tools by their newest result: datasets in trouble first, and in them the worst.

    \b
      quarterdeck checks --filter 'dataset:orders and not removed'
      quarterdeck checks --filter 'outcome:fail,error or silent' --columns name,dataset,first_failed_at,commit
      quarterdeck checks --filter 'rule:loosened' --sort rule_changed_at:desc
      quarterdeck checks --filter 'environment:prod' --exit-code || page-somebody

    Reads the cache only; `quarterdeck status` says how old it is. With --exit-code, what is skipped or was removed does
    not count, whatever --limit cuts off does, and where nothing is left that counts it is not well. On a terminal the
    table is cut to the width, elsewhere it is whole.
    """
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    if as_json and columns:
        say("--columns has no effect with --json: every field is there.")
    shape = [_column(word.strip()) for word in (columns or _usual_columns()).split(",") if word.strip()]
    where = filter_of(text, settings.zone, vocabulary=CHECKS)
    order = None if sort is None else sort_of(sort, vocabulary=CHECKS)
    declared = identities(settings)
    with synced(options, settings) as reader:
        rowids = [] if reader is None else reader.checks.ids(where, order, now=now, identities=declared)
        rows = _read(reader, rowids if limit is None else rowids[:limit])
        if as_json:
            print_json(check_json(row.check, now) for row in rows)
        else:
            print_table([one.head for one in shape], ([one.cell(row.check, now) for one in shape] for row in rows))
        if reader is None:
            return int(exit_code)
        if not rowids:
            _say_nothing_found(reader)
        complained = _complain(reader) and not text
        summary = reader.checks.summary(where, now, declared)
        if summary.overdue_passes:
            say(_silent(summary.overdue_passes))
    bad = any(summary.outcomes.get(outcome) for outcome in BAD)
    known = summary.total > summary.outcomes.get("skipped", 0)
    return int(exit_code and (bad or not known or complained))


def _silent(number: int) -> str:
    if number == 1:
        return "1 check passed and should have spoken since: it is silent. `--filter silent` names it."
    return f"{number} checks passed and should have spoken since: they are silent. `--filter silent` names them."


def _usual_columns() -> str:
    return ON_A_TERMINAL if sys.stdout.isatty() else DEFAULT


def _read(reader: Reader | None, rowids: Sequence[int]) -> Iterator[CheckRow]:
    """The checks, a window at a time. One that the syncer takes away in between is left out."""
    for some in windows(rowids):
        assert reader is not None  # there are ids
        yield from reader.checks.rows(some)


def _complain(reader: Reader) -> bool:
    """Tell of suites whose newest run is no good as such."""
    complaints = reader.checks.complaints()
    for one in complaints:
        where = f" ({shown(one.origin)})" if one.origin else ""
        say(f"{shown(one.suite or one.source_name)}, {iso(one.at)}{where}: {shown(one.sentence)}")
    return bool(complaints)


def _say_nothing_found(reader: Reader) -> None:
    sources = [state for state in reader.source_states() if state.kind == "checks"]
    unread = [state for state in sources if state.last_ok_at is None]
    for state in unread:
        say(f"{shown(state.name)} was never read: {shown(state.sentence) or 'run `quarterdeck sync`.'}")
    if not sources:
        say("No source of checks is in the settings: [[checks]] names one.")
    elif not unread:
        say("No check is like that.")


def _column(word: str) -> _Column:
    """The column of this name: the word on the command line is the word in the filter. Raises UsageError."""
    if word in _PLAIN:
        return _Column(Head(word, right=word == "age"), _PLAIN[word])
    try:
        field = parse_sort(word, vocabulary=CHECKS).field
    except FilterError as error:
        raise UsageError(f"--columns: {error}") from error
    is_figure, is_word = field.type in ("seconds", "number"), field.name in ("id", "outcome", "checked_at")
    return _Column(Head(word, right=is_figure, whole=is_word), _cell(field))


def _cell(field: Field) -> Cell:
    write = _WRITTEN.get("share" if field.name == "share" else field.type, str)
    return lambda check, now: "".join(write(one) for one in check_values(field, check, now)[:1])


def _figure(value: float) -> str:
    return f"{value:.12g}"


_WRITTEN: Final[Mapping[str, Callable[[Any], str]]] = {
    "time": lambda at: iso(at) or "",
    "seconds": lambda seconds: span(round(seconds * 1000)),
    "flag": lambda value: "yes" if value else "",
    "number": _figure,
    "share": lambda share: f"{100 * share:.3g} %",
}
_PLAIN: Final[Mapping[str, Cell]] = {
    "age": lambda check, now: ago(check.checked_at, now),
    "silent_since": lambda check, now: iso(check.silent_since(now)) or "",
    "silent": lambda check, now: "" if check.silent_since(now) is None else ago(check.silent_since(now), now),
    "definition": lambda check, _: check.newest.definition,
    "definition_hash": lambda check, _: check.newest.definition_hash or "",
    "message": lambda check, _: check.newest.message,
    "removed_at": lambda check, _: iso(check.removed_at) or "",
    "origin": lambda check, _: check.origin,
}
