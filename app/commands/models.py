"""`quarterdeck models`: registered models, their versions, and who holds or held which alias."""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import click

from ..errors import FilterError, UsageError
from ..query import MODELS, Field, model_values, parse_sort
from ..records import Millis, ModelKind
from ..store.happened import Explainer
from ..store.model_events import called
from ..store.models import ModelRow
from ..store.reading import Reader
from ..store.state import State
from ..text import shown
from .boundary import say
from .events import moment
from .filters import filter_of, sort_of
from .model_json import Told, model_json
from .models_at import Chosen, print_held
from .options import Options
from .place import settings_of, state_of, synced
from .printing import Head, ago, iso, print_json, print_table, windows

DEFAULT: Final = "name,source,aliases,version,versions,created_at,moved"
ON_A_TERMINAL: Final = "name,aliases,version,versions,age,moved"

REGISTRIES: Final = ("registry",)
"""Kinds of sources that know models."""

History = Mapping[tuple[str, str], Sequence[Told]]
"""Moves of aliases by source and model, newest first."""
Cell = Callable[[ModelRow, History, Millis], str]


class _Column(NamedTuple):
    head: Head
    cell: Cell


@click.command("models", short_help="List registered models, filtered and sorted.")
@click.option(
    "--filter",
    "text",
    metavar="TEXT",
    default="",
    help="Only those for which this holds, in the grammar of the screens.",
)
@click.option("--sort", metavar="KEY[:desc]", help="By any field of the filter; default name.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@click.option("--columns", metavar="A,B", help="Columns of the table, with commas between: name,aliases,tags.team")
@click.option("--at", "at", metavar="TIME", help="Who held which alias then: 3h, 2d, 2026-03-07, 2026-03-07T03:00Z.")
@click.option("--prompts", is_flag=True, help="Prompts instead, which MLflow keeps in the same tables.")
@click.option(
    "--json", "as_json", is_flag=True, help="A JSON array with every field, versions and history too; strings exact."
)
@click.pass_obj
def models_command(
    options: Options, text: str, sort: str | None, limit: int | None, columns: str | None, at: str | None,
    prompts: bool, as_json: bool,
) -> None:  # fmt: skip
    """List the registered models of all registries, by name.

    \b
      quarterdeck models
      quarterdeck models --filter 'alias:champion tags.team:risk' --sort updated_at:desc
      quarterdeck models --at 2026-03-07T03:00Z
      quarterdeck models --json | jq '.[] | .alias_history[] | select(.explained == false)'

    Reads the cache only; `quarterdeck status` says how old it is. No registry keeps the history of aliases: it is what
    quarterdeck saw since it first looked. On a terminal the table is cut to the width, elsewhere it is whole.
    """
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    then = None if at is None else moment(at, now, settings.zone)
    for word, given in (("--columns", columns), ("--sort", then is not None and sort)):
        if given and (as_json or then is not None):
            say(f"{word} has no effect here.")
    shape = [_column(word.strip()) for word in (columns or _usual_columns()).split(",") if word.strip()]
    where = filter_of(text, settings.zone, vocabulary=MODELS)
    order = None if sort is None else sort_of(sort, vocabulary=MODELS)
    kind: ModelKind = "prompt" if prompts else "model"
    with synced(options, settings) as reader, state_of(settings) as state:
        if reader is None:
            if as_json:
                print_json(())
            return
        if then is not None:
            print_held(reader, state, Chosen(then, kind, where, limit), as_json=as_json)
            return
        rowids = reader.models.ids(where, order, limit, kind)
        rows = _read(reader, rowids)
        history = _history(reader, state)
        if as_json:
            print_json(model_json(reader, row, history[row.model.source, row.model.name]) for row in rows)
            return
        print_table([one.head for one in shape], ([one.cell(row, history, now) for one in shape] for row in rows))
        if not rowids:
            _say_nothing_found(reader, kind)


def _usual_columns() -> str:
    return ON_A_TERMINAL if sys.stdout.isatty() else DEFAULT


def _read(reader: Reader, rowids: Sequence[int]) -> Iterator[ModelRow]:
    """The models, a window at a time. One that the syncer takes away in between is left out."""
    return (row for some in windows(rowids) for row in reader.models.rows(some))


def _history(reader: Reader, state: State) -> dict[tuple[str, str], list[Told]]:
    explains = Explainer.of(reader, state)
    found: dict[tuple[str, str], list[Told]] = defaultdict(list)
    for move in state.alias_moves():
        found[move.source, move.model].append((move, explains(move)))
    return found


def _say_nothing_found(reader: Reader, kind: ModelKind) -> None:
    sources = [state for state in reader.source_states() if state.kind in REGISTRIES]
    unread = [state for state in sources if state.last_ok_at is None]
    for state in unread:
        say(f"{shown(state.name)} was never read: {shown(state.sentence) or 'run `quarterdeck sync`.'}")
    if not sources:
        say("No model registry is in the settings: tracking_uri or registry_uri under [mlflow] names one.")
    elif not unread:
        say(f"No {kind} is like that.")


def _column(word: str) -> _Column:
    """The column of this name: the word on the command line is the word in the filter. Raises UsageError."""
    if word in _PLAIN:
        return _Column(Head(word, right=word in ("version", "versions", "age"), whole=word == "name"), _PLAIN[word])
    try:
        field = parse_sort(word, vocabulary=MODELS).field
    except FilterError as error:
        raise UsageError(f"--columns: {error}") from error
    if field.kind == "version":
        raise UsageError(f"--columns: “{word}” is of versions, of which a model has many: --json shows them all.")
    return _Column(Head(word, whole=field.type == "time"), _cell(field))


def _cell(field: Field) -> Cell:
    def cell(row: ModelRow, _: History, __: Millis) -> str:
        found: list[Any] = model_values(field, row.model, source=row.source_name)
        return ", ".join((iso(one) or "") if field.type == "time" else str(one) for one in found)

    return cell


def _aliases(row: ModelRow) -> str:
    return ", ".join(f"{alias} {called(version)}" for alias, version in row.model.aliases.items())


def _moved(row: ModelRow, history: History, now: Millis) -> str:
    """The last move that was seen: `champion v13 → v14, 2 h, ann`; `?` where the ledger should explain it."""
    told = history.get((row.model.source, row.model.name), ())
    move, why = next(((move, why) for move, why in told if move.reason != "first seen"), (None, None))
    if move is None or why is None:
        return ""
    before, after = (called(one) if one else "none" for one in (move.previous, move.version))
    who = why.entry.by.name if why.entry else "?" if why.is_explained is False else ""
    return ", ".join([f"{move.alias} {before} → {after}", ago(move.at, now), *([who] if who else [])])


_PLAIN: Final[Mapping[str, Cell]] = {
    "name": lambda row, _, __: row.model.name,
    "aliases": lambda row, _, __: _aliases(row),
    "version": lambda row, _, __: row.newest or "",
    "versions": lambda row, _, __: str(row.versions),
    "age": lambda row, _, now: "" if row.model.created_at is None else ago(row.model.created_at, now),
    "moved": _moved,
}
