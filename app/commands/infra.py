"""`quarterdeck infra`: the stacks, what a plan would do to them, and what was changed outside the code."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import click
from msgspec.structs import replace

from ..errors import FilterError, UsageError
from ..infra_copies import resource_json, stack_json
from ..query import RESOURCES, Field, Node, Sort, matches_resource, parse_sort, resource_values
from ..records import Millis, Resource, Stack
from ..settings import Settings
from ..store.reading import Reader
from ..text import clip, shown
from .boundary import say
from .filters import filter_of, sort_of
from .options import Options
from .place import settings_of, synced
from .printing import Head, ago, iso, print_json, print_table, print_text

DEFAULT: Final = "stack,address,action,drift,type,provider,changed,reason,commit"
ON_A_TERMINAL: Final = "stack,address,action,drift,changed"
BAD: Final = ("drifted", "failed")
"""How a stack stands when somebody has to look."""
_ORDER: Final = ("delete", "replace", "forget", "unknown", "update", "create", "read", "no-op")
"""Actions, those first that take most away."""
_SIGNS: Final = {
    "create": "+", "update": "~", "delete": "-", "replace": "-/+", "read": "<=", "forget": ".", "unknown": "?",
}  # fmt: skip
"""As the tools draw them."""
_STANDS: Final[Mapping[str, str]] = {"drifted": "≠ drifted", "failed": "✖ failed"}

Cell = Callable[["_Row"], str]


class _Row(NamedTuple):
    stack: Stack
    """Its `commit` is the last that changed its code, as far as Git was read."""
    resource: Resource
    planned_commit: str | None
    """The one that was planned or applied, where it is known."""


class _Column(NamedTuple):
    head: Head
    cell: Cell


@click.command("infra", short_help="List stacks and resources: what a plan would do, what drifted.")
@click.argument("words", nargs=-1, metavar="[run [STACK]...]")
@click.option(
    "--filter",
    "text",
    metavar="TEXT",
    default="",
    help="Only resources for which this holds, in the grammar of the screens.",
)
@click.option("--sort", metavar="KEY[:desc]", help="By any field of the filter; default what takes most away first.")
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="At most so many.")
@click.option("--columns", metavar="A,B", help="Columns of the table, with commas between: address,action,drift,forces")
@click.option("--stacks", "of_stacks", is_flag=True, help="The stacks alone, without their resources.")
@click.option("--exit-code", is_flag=True, help="End with 1 when a stack drifted or failed, or there is none at all.")
@click.option("--json", "as_json", is_flag=True, help="A JSON array of all resources, or of all stacks with --stacks.")
@click.pass_obj
def infra_command(
    options: Options, words: tuple[str, ...], text: str, sort: str | None, limit: int | None, columns: str | None,
    of_stacks: bool, exit_code: bool, as_json: bool,
) -> int:  # fmt: skip
    """Show each stack with its counts, and below them all that a plan would do and that drifted.

    \b
      quarterdeck infra
      quarterdeck infra --filter 'action:delete,replace or has drift'
      quarterdeck infra --filter 'stack:serving and changed:image' --columns address,action,changed,commit
      quarterdeck infra --json | jq '.[] | select(.drift != "")'
      quarterdeck infra run serving     have the command of [[infra]] make its plan now

    With --filter, --sort or --columns every resource is listed, a line each. Values are nowhere: none is ever read.
    Reads the cache only; `quarterdeck status` says how old it is.
    """
    if words:
        return _run(options, words, as_json=as_json)
    settings, now = settings_of(options), time.time_ns() // 1_000_000
    if as_json and columns:
        say("--columns has no effect with --json: every field is there.")
    shape = [_column(word.strip()) for word in (columns or _usual_columns()).split(",") if word.strip()]
    where = filter_of(text, settings.zone, vocabulary=RESOURCES)
    order = None if sort is None else sort_of(sort, vocabulary=RESOURCES)
    with synced(options, settings) as reader:
        stacks = [] if reader is None else reader.infra.stacks(resources=True)
        commits = {} if reader is None else _commits(reader, stacks, now)
        rows = _rows(stacks, commits, where, order)
        if of_stacks:
            _print_stacks(stacks[:limit], commits, now, as_json=as_json)
        elif as_json:
            print_json(_json(row) for row in rows[:limit])
        elif text or sort or columns:
            print_table([one.head for one in shape], ([one.cell(row) for one in shape] for row in rows[:limit]))
        else:
            _print_stacks(stacks, commits, now, as_json=False)
            _print_pending(rows, limit)
        if reader is not None:
            _tell(reader, settings, stacks, bool(rows))
    return int(exit_code and (not stacks or any(stack.status in BAD for stack in stacks)))


def _run(options: Options, words: Sequence[str], *, as_json: bool) -> int:
    if words[0] != "run":
        raise UsageError(f"There is `infra` and `infra run`, and no “{clip(words[0], 40)}”: --filter finds resources.")
    from .infra_run import run_stacks  # brings the sources, when it is clear that something runs

    return run_stacks(options, words[1:], as_json=as_json)


def _commits(reader: Reader, stacks: Sequence[Stack], now: Millis) -> Mapping[str, str]:
    """Of each stack the last commit that changed its code, as far as Git was read."""
    found = {stack.name: reader.infra.code_commits(stack.folder, 0, now + 1, 1) for stack in stacks}
    return {name: commits[0].sha for name, commits in found.items() if commits}


def _rows(stacks: Sequence[Stack], commits: Mapping[str, str], where: Node | None, order: Sort | None) -> list[_Row]:
    """The resources that pass, in order; those without a value come last."""
    found = []
    for stack in stacks:
        of_code = replace(stack, commit=commits.get(stack.name))
        found += [
            _Row(of_code, one, stack.commit)
            for one in stack.resources
            if where is None or matches_resource(where, one, of_code)
        ]
    if order is None:
        return sorted(found, key=lambda row: (row.stack.name, _place(row.resource), row.resource.address))
    told = [(resource_values(order.field, row.resource, row.stack), row) for row in found]
    present = sorted((pair for pair in told if pair[0]), key=lambda pair: pair[0], reverse=order.descending)
    return [row for _, row in present] + [row for values, row in told if not values]


def _place(resource: Resource) -> int:
    """What takes away first; what only drifted before what nothing happens to."""
    return 2 * _ORDER.index(resource.action) - bool(resource.drift)


def _json(row: _Row) -> dict[str, Any]:
    """As a script gets it."""
    return {**resource_json(row.resource, row.stack), "planned_commit": row.planned_commit}


# -- the stacks, and what is to be done


def _print_stacks(stacks: Sequence[Stack], commits: Mapping[str, str], now: Millis, *, as_json: bool) -> None:
    if as_json:
        print_json({**stack_json(stack), "code_commit": commits.get(stack.name)} for stack in stacks)
        return
    words = ("create", "update", "replace", "delete", "drift")
    heads = [
        Head("stack"), Head("status", whole=True), *(Head(word, right=True) for word in words),
        Head("resources", right=True), Head("planned", right=True), Head("applied", right=True),
        Head("commit", whole=True), Head("models"),
    ]  # fmt: skip
    print_table(heads, (_stack_cells(stack, commits.get(stack.name), words, now) for stack in stacks))


def _stack_cells(stack: Stack, commit: str | None, words: Iterable[str], now: Millis) -> list[str]:
    counts = stack.counts()
    managed = sum(one.mode == "managed" for one in stack.resources)
    return [
        stack.name, _STANDS.get(stack.status, stack.status), *(str(counts[word] or "") for word in words),
        str(managed), ago(stack.planned_at, now), ago(stack.applied_at, now), (commit or "")[:8],
        ", ".join(stack.models),
    ]  # fmt: skip


def _print_pending(rows: Sequence[_Row], limit: int | None) -> None:
    """What a plan would do, and what drifted."""
    pending = [row for row in rows if _is_told(row.resource)]
    if not pending:
        return
    print_text("")
    heads = [
        Head("", whole=True),
        Head("action", whole=True),
        Head("stack"),
        Head("address"),
        Head("drift"),
        Head("why"),
    ]
    print_table(heads, (_pending_cells(row) for row in pending[:limit]))


def _is_told(one: Resource) -> bool:
    return one.action != "no-op" or bool(one.drift or one.moved_from) or one.reason not in ("", "tainted")


def _pending_cells(row: _Row) -> list[str]:
    one = row.resource
    action = "" if one.action == "no-op" else one.action
    drift = ": ".join(filter(None, (one.drift, ", ".join(one.drifted))))
    return [_SIGNS.get(one.action, ""), action, row.stack.name, one.address, drift, _why(one)]


def _why(one: Resource) -> str:
    """Which attributes are other, and what the tool says of it."""
    parts = [
        ", ".join(f"{name}!" if name in one.forces else name for name in one.changed),
        one.reason.replace("_", " "), f"was {one.moved_from}" if one.moved_from else "",
        "holds secrets" if one.is_sensitive else "",
    ]  # fmt: skip
    return "; ".join(filter(None, parts))


def _tell(reader: Reader, settings: Settings, stacks: Sequence[Stack], is_any: bool) -> None:
    """What is wrong with the stacks as such, and why there is nothing."""
    for stack in stacks:
        for sentence in (*stack.errors, stack.complaint):
            if sentence:
                say(f"{shown(stack.name)}: {shown(sentence)}")
    if not settings.infra:
        say("No stack is in the settings: [[infra]] names one.")
    elif not stacks:
        for state in (one for one in reader.source_states() if one.kind == "infra"):
            say(f"{shown(state.name)}: {shown(state.sentence) or 'never read: run `quarterdeck sync`.'}")
    elif not is_any:
        say("No resource is like that.")


# -- columns


def _usual_columns() -> str:
    return ON_A_TERMINAL if sys.stdout.isatty() else DEFAULT


def _column(word: str) -> _Column:
    """The column of this name: the word on the command line is the word in the filter. Raises UsageError."""
    try:
        field = parse_sort(word, vocabulary=RESOURCES).field
    except FilterError as error:
        raise UsageError(f"--columns: {error}") from error
    return _Column(Head(word, whole=field.name in ("action", "drift", "commit")), _cell(field))


def _cell(field: Field) -> Cell:
    if field.type == "time":
        return lambda row: "".join(iso(at) or "" for at in resource_values(field, row.resource, row.stack))
    if field.type == "flag":
        return lambda row: "yes" if any(resource_values(field, row.resource, row.stack)) else ""
    return lambda row: ", ".join(map(str, resource_values(field, row.resource, row.stack)))
