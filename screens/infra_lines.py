"""What is known of a stack or a resource, as lines, and the rows of a plan. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from ..app.records import Resource, Stack
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, count, moment
from ..widgets.line import Piece
from ..widgets.status import glyph, sign, worded
from .infra_rows import Held
from .infra_words import (
    DRIFTS,
    MEANS,
    NO_VALUES,
    action_piece,
    by_address,
    commit_said,
    counts_in_words,
    counts_said,
    is_newer,
    is_still,
    why,
)
from .page_rows import Row
from .run_details import Lines, Sight, pairs, wrap

ATTRIBUTE: Final = "attribute"
"""Kind of the rows below a resource: read, not chosen, and drawn in the colour of what happens."""

ATTRIBUTES: Final = 60
"""That are listed below one resource."""


def stack_head(held: Held, sight: Sight) -> tuple[list[Piece], list[Piece]]:
    """`▲ drifted   +1 ~2 ±1   1 changed outside`, and on the right how old the plan is."""
    stack, now = held.stack, sight.now
    word, role = worded(stack.status)
    drifted = held.counts.get("drift", 0)
    planned = age(stack.planned_at, now)
    left: list[Piece] = [
        (f" {word}", role),
        (f"   {counts_said(held.counts, stack.status)}", "bright"),
        (f"   {count(drifted)} changed outside the code" if drifted else f"   {MEANS[stack.status]}", "text"),
    ]
    applied = f"applied {age(stack.applied_at, now)}   " if stack.applied_at is not None else ""
    return left, [(f"{applied}{f'planned {planned}' if planned else 'never planned'} ", "dim")]


def stack_facts(held: Held, sight: Sight) -> list[tuple[str, str]]:
    """Names and values of what a stack is; no empty one."""
    stack, now, zone = held.stack, sight.now, sight.zone

    def when(at: int | None) -> str:
        return f"{moment(at, now, zone)} ({age(at, now)})" if at is not None else ""

    newer = f"  {glyph('stale')} after the plan: it says nothing of this code" if is_newer(held.commit, stack) else ""
    said = [
        ("plan", counts_in_words(held.counts)),
        ("planned", when(stack.planned_at)),
        ("applied", when(stack.applied_at)),
        ("code", f"{commit_said(held.commit, now)}{newer}" if held.commit is not None else ""),
        ("commit", shown(stack.commit or "")),
        ("serves", ", ".join(shown(name) for name in stack.models)),
        ("environment", shown(stack.environment)),
        ("tool", f"{stack.tool} {shown(stack.version)}".strip()),
        ("folder", shown(stack.folder) or "the top of the repository"),
        ("read from", one_line(stack.origin[:400])),
        ("read", when(stack.read_at)),
    ]
    return [one for one in said if one[1]]


def about_stack(held: Held, sight: Sight) -> Lines:
    """A stack beside the table."""
    stack = held.stack
    word, role = worded(stack.status)
    lines: Lines = [
        [(f" {clip(stack.name, max(8, sight.width - 16))}  ", "bright"), (word, role)],
        [(f" {MEANS[stack.status]}", "dim")],
        [],
        *pairs(stack_facts(held, sight), sight.width),
    ]
    for text in stack.errors[:4]:
        lines += [[], *([(f" {line}", "bad")] for line in wrap(one_line(text[:600]), max(16, sight.width - 2)))]
    if stack.complaint:
        lines += [[], *([(f" {line}", "warn")] for line in wrap(one_line(stack.complaint), max(16, sight.width - 2)))]
    return [*lines, [], [(" Enter opens its plan", "dim")]]


def resource_facts(resource: Resource) -> list[tuple[str, str]]:
    """Names and values of what a resource is; no empty one."""
    said = [
        ("type", shown(resource.type)),
        ("name", shown(resource.name)),
        ("module", shown(resource.module)),
        ("provider", shown(resource.provider)),
        ("kind", "data, which is read" if resource.mode == "data" else ""),
        ("moved from", shown(resource.moved_from)),
        ("why", why(resource)),
        ("secret", "the tool says that some of what changes is secret" if resource.is_sensitive else ""),
    ]
    return [one for one in said if one[1]]


def about_resource(resource: Resource, sight: Sight) -> Lines:
    """A resource beside the table or the plan: the diff, and what it is."""
    word, role = action_piece(resource)
    lines: Lines = [[(f" {line}", "bright")] for line in wrap(shown(resource.address), max(12, sight.width - 2))]
    lines += [[(f" {word}", role)], []]
    for title, rows in diff(resource):
        lines.append([(f" {title}", "dim")])
        lines += [[(f"   {clip(text, max(8, sight.width - 4))}", role)] for text, role in rows[:ATTRIBUTES]]
        lines.append([])
    return [*lines, *pairs(resource_facts(resource), sight.width)]


def diff(resource: Resource) -> Iterator[tuple[str, list[Piece]]]:
    """What of it changes, outside the code first: titles, and a line an attribute."""
    if resource.drift:
        rows: list[Piece] = [(f"{glyph('drifted')} {shown(name)}", "warn") for name in resource.drifted]
        title = DRIFTS[resource.drift]
        yield (f"{title}: {NO_VALUES}" if rows else title), rows or [(f"{glyph('drifted')} as a whole", "warn")]
    if resource.action in ("no-op", "forget") and not resource.changed:
        return
    forces = [(f"{glyph('replace')} {shown(name)}   forces the replacement", "bad") for name in resource.forces]
    others: list[Piece] = [
        (f"{glyph('update')} {shown(name)}", "warn") for name in resource.changed if name not in resource.forces
    ]
    found = [*forces, *others]
    mark, role = glyph(resource.action), sign(resource.action).role
    whole = f"{mark} as a whole"
    yield (
        f"the plan: {resource.action}, {NO_VALUES}" if found else f"the plan: {resource.action}",
        found or [(whole, role)],
    )


# -- the rows of a page -------------------------------------------------------------------------------------------


def resource_rows(resource: Resource, *, outside: bool) -> list[Row]:
    """A resource and, below it, a line an attribute. `outside`: what was changed outside the code, else the plan."""
    name = f"{'outside ' if outside else ''}{resource.address}"
    rows = [Row("resource", name, resource, note="outside" if outside else "")]
    for title, lines in diff(resource):
        if title.startswith("the plan") == outside:
            continue
        rows += [Row("remark", f"{name} {text}", resource, note=text) for text, _ in lines[:ATTRIBUTES]
                 if not text.endswith("as a whole")]  # fmt: skip
        if len(lines) > ATTRIBUTES:
            rows.append(Row("remark", f"{name} more", resource, note=f"and {count(len(lines) - ATTRIBUTES)} more"))
    if not outside and resource.is_sensitive:
        rows.append(Row("remark", f"{name} secret", resource, note="some of what changes is secret"))
    if not outside and resource.moved_from:
        rows.append(Row("remark", f"{name} moved", resource, note=f"moved from {shown(resource.moved_from)}"))
    if not outside and not resource.forces and (reason := why(resource)):
        rows.append(Row("remark", f"{name} why", resource, note=reason))
    return rows


def resource_pieces(row: Row, resource: Resource, width: int) -> list[Piece]:
    """`± aws_lb.api["eu"]     replace`; the lines below it in the colour of what happens."""
    if row.kind == "remark":
        mark = row.note[:1]
        role = {glyph("replace"): "bad", glyph("update"): "warn", glyph("drifted"): "warn"}.get(mark, "dim")
        return [(f"      {fit(row.note, max(0, width - 6))}", role)]
    if row.note == "outside":
        word, role = f"{glyph('drifted')} {DRIFTS.get(resource.drift, 'changed')}", "warn"
    else:
        word, role = action_piece(resource)
    wide = max(20, min(64, width - 30))
    name = f"{word[0]} {pad(clip(resource.address, wide), wide)}"
    return [(name, role), (f"  {fit(word[2:], max(0, width - cells(name) - 2))}", "text")]


def still_stack(stack: Stack) -> Sequence[Resource]:
    """Resources to which nothing happens, by address."""
    return sorted((one for one in stack.resources if is_still(one)), key=by_address)
