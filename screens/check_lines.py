"""How the lines of a check's page are drawn, and what is said on top of it. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from ..app.records import Check, Commit, PastResult, Pipeline, Run
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, moment
from ..widgets.line import Piece
from ..widgets.spark import spark
from ..widgets.status import glyph, sign, worded
from .check_facts import CheckFacts
from .check_feeds import BY, Eater
from .check_outline import Clock, Row, fact_name
from .check_words import against, ago, flaps, rows_said, share_said, silence, since_said, standing, tool
from .pipeline_columns import called, short
from .pipeline_lines import STATUS
from .run_details import Lines, wrap

NAME = 14
"""Cells of the name of a fact."""

INTERVAL = 12
"""Cells of a data interval, or of the time that stands in its place."""

SHARES = 40
"""Results whose failing share is drawn."""

MEANS = {"fail": "failed", "warn": "warned", "pass": "passed", "error": "could not run", "skipped": "skipped"}
"""Outcomes as what a result did."""


def draw(row: Row, width: int, facts: CheckFacts, clock: Clock) -> list[Piece]:
    """A line of the outline in so many cells."""
    match row.kind:
        case "gap":
            return []
        case "heading":
            return _heading(row, width, facts)
        case "remark":
            return [("  " * (row.depth + 1) + fit(row.note, width - 4), "dim")]
        case "rule":
            return [("    " + fit(row.note, width - 4), "warn" if " loosened" in row.note else "accent")]
        case "fact":
            return _fact(row, width)
        case "result":
            return _result(row, width, facts, clock)
        case "eater":
            return _eater(row, width, clock)
        case _:
            return _tied(row, width, clock)


def _heading(row: Row, width: int, facts: CheckFacts) -> list[Piece]:
    made: list[Piece] = [(row.name, "bright")]
    if row.note:
        made.append((f"  {fit(row.note, width - cells(row.name) - 4)}", "dim"))
    if row.name == "history" and (shares := share_pieces(facts.past, width - 52)):
        made += shares
    return made


def share_pieces(past: Sequence[PastResult], width: int) -> list[Piece]:
    """`   failing rows ▁▁▁▁▇ up to 3.1 %`, the oldest first; nothing where nobody counted, or none ever failed."""
    shares = [one.result.failing_share for one in reversed(past[:SHARES]) if one.result.failing_share is not None]
    if len(shares) < 3 or min(shares) == max(shares):
        return []
    drawn = spark(shares, max(4, min(SHARES, width)))
    return [("   failing rows ", "dim"), (drawn, "accent"), (f" up to {100 * max(shares):.3g} %", "dim")]


def _fact(row: Row, width: int) -> list[Piece]:
    text = row.thing if isinstance(row.thing, str) else ""
    name = "  " * row.depth + clip(fact_name(row), NAME)
    note = f"  {row.note}" if row.note else ""
    room = width - NAME - 2 - cells(note)
    return [(pad(name, NAME), "dim"), ("  ", "dim"), (fit(one_line(text[:500]), room), "text"), (note, "dim")]


def _result(row: Row, width: int, facts: CheckFacts, clock: Clock) -> list[Piece]:
    """`✖ 2026-11-21  21 nov 02:10   3.1 % null     3.1 %  4f2c91a bo`."""
    one = row.thing
    if not isinstance(one, PastResult):
        return []
    role = sign(one.result.outcome).role
    lead = f"{row.note} " if row.note in ("first failed", "last passed") else ""
    when = moment(one.at, clock.now, clock.zone)
    name = lead + (clip(one.interval, INTERVAL) or when)
    made: list[Piece] = [
        (f"{glyph(one.result.outcome)} {pad(name, cells(lead) + INTERVAL)}", role if role != "good" else "text")
    ]
    tail = _tail(one, facts, width)
    said = against(one.result) if one.result.outcome not in ("error", "skipped") else ""
    said = said or one_line(one.result.message[:300]) or MEANS.get(one.result.outcome, one.result.outcome)
    if one.interval and width >= 64:
        made.append((f"  {pad(when, 12, right=True)}", "dim"))
    share = share_said(one.result) if width >= 72 else ""
    room = width - sum(cells(text) for text, _ in made) - cells(tail) - (10 if width >= 72 else 0) - 2
    made.append((f"  {pad(said, room)}", "text"))
    if width >= 72:
        made.append((pad(share, 10, right=True), "dim"))
    return [*made, (tail, "dim")]


def _tail(one: PastResult, facts: CheckFacts, width: int) -> str:
    """Where it was made: the commit, and where there is room who made it and in which pipeline or run."""
    commit = facts.commits.get(one.commit or "")
    parts = [short(one.commit)]
    if width >= 84:
        parts.append(clip(commit.author, 10) if commit is not None else "")
    if width >= 100:
        pipeline, run = facts.pipelines.get(one.pipeline_id or ""), facts.runs.get(one.run_id or "")
        parts.append(called(pipeline, 20) if pipeline is not None else clip(run.name, 20) if run is not None else "")
    said = " ".join(part for part in parts if part)
    return f"  {pad(said, {True: 42, False: 18}[width >= 100] if width >= 84 else 7)}" if width >= 60 else ""


def _eater(row: Row, width: int, clock: Clock) -> list[Piece]:
    """`alias churn@champion  v14   at risk   declared`."""
    eater = row.thing
    if not isinstance(eater, Eater):
        return []
    node = eater.node
    by = BY[eater.by]
    words = "  ".join(clip(word, 40) for word in node.words)
    old = age(node.at, clock.now)
    tail = "  ".join(part for part in (old, f"({by})" if by else "") if part)
    name = f"{node.kind:<8}{clip(node.title, 40)}"
    role = "warn" if node.kind == "alias" else "text"
    room = width - cells(name) - cells(tail) - 4
    status = f"  {worded(node.state)[0]}" if node.state else ""
    return [
        (name, role), (status, sign(node.state).role if node.state else "dim"),
        (pad(fit(f"  {words}" if words else "", room - cells(status)), max(0, room - cells(status))), "dim"),
        (f"  {tail}", "dim"),
    ]  # fmt: skip


def _tied(row: Row, width: int, clock: Clock) -> list[Piece]:
    """A commit, a run, a pipeline or a version of data, which Enter opens."""
    kind = "  " * row.depth + row.kind
    made: list[Piece] = [(pad(kind, NAME), "dim"), ("  ", "dim")]
    room = width - NAME - 2
    thing = row.thing
    if isinstance(thing, Commit):
        when = f"  {clip(thing.author, 16)}  {age(thing.committed_at, clock.now)}"
        subject = pad(one_line(thing.subject[:200]), max(4, room - 9 - cells(when)))
        return [*made, (shown(thing.sha[:7]), "text"), (f"  {subject}", "text"), (when, "dim")]
    if isinstance(thing, Run | Pipeline):
        name = called(thing, 40) if isinstance(thing, Pipeline) else clip(thing.name or thing.id, 40)
        word, role = worded(thing.status)
        return [*made, (name, "text"), (f"  {pad(word, STATUS)}", role)]
    if isinstance(thing, str):
        note = f"  {row.note}" if row.note else ""
        return [*made, (clip(thing, max(8, room - cells(note))), "text"), (note, "dim")]
    return [*made, (clip(row.name, 12), "text"), (fit("  not in the cache", room - 12), "dim")]


# -- on top -------------------------------------------------------------------------------------------------------


def head(check: Check, width: int, clock: Clock) -> tuple[list[Piece], list[Piece]]:
    """How a check stands, in one line: on the left outcome, dataset and tool, on the right where its results are."""
    stands = standing(check, clock.now)
    word = worded(stands)[0] if stands != "error" else f"{glyph('error')} could not run"
    left: list[Piece] = [(f" {word}", sign(stands).role)]
    if check.dataset:
        left += [("   of ", "dim"), (clip(check.dataset, 30), "text")]
    if check.environment:
        left += [("   in ", "dim"), (clip(check.environment, 16), "text")]
    left += [("   by ", "dim"), (f"{tool(check.tool)} {clip(check.suite, 24)}".rstrip(), "text")]
    left += [("   checked ", "dim"), (ago(check.checked_at, clock.now), "text")]
    used = sum(cells(text) for text, _ in left)
    right = f"{clip(check.origin, max(4, width - used - 4))} " if check.origin and width - used >= 20 else ""
    return left, [(right, "dim")] if right else []


def story(check: Check, width: int, clock: Clock) -> list[Piece]:
    """Since when it fails, that it flaps, that it is silent; nothing where all is well."""
    since = since_said(check, clock.now, clock.zone)
    parts: list[Piece] = [(since, "text")] if since else []
    if flaps(check):
        parts.append((f"{glyph('warn')} flaps: {check.flips} turns in its last 20 results", "warn"))
    if quiet := silence(check, clock.now):
        parts.append((f"{glyph('silent')} {quiet}", "warn"))
    made: list[Piece] = [(" ", "text")]
    left = width - 2
    for text, role in parts:
        gap = "   " if len(made) > 1 else ""
        made.append((fit(gap + text, left), role))
        left -= cells(gap + text)
        if left <= 0:
            break
    return made if parts else []


# -- beside the outline -------------------------------------------------------------------------------------------


def detail(row: Row, facts: CheckFacts, width: int, clock: Clock) -> Lines:
    """What is known of the row under the cursor, as lines."""
    thing = row.thing
    if isinstance(thing, PastResult):
        return result_lines(thing, facts, width, clock)
    if isinstance(thing, Commit):
        first: Lines = [[(f" commit {shown(thing.sha[:12])}", "bright")], []]
        said = f"{thing.author}, {moment(thing.committed_at, clock.now, clock.zone)}"
        paths = [[(f"   {change.kind} {clip(change.path, width - 8)}", "dim")] for change in thing.changes[:40]]
        return [*first, *_wrapped(thing.subject, width), [(f" {shown(said)}", "dim")], [], *paths]
    if isinstance(thing, Eater):
        way = " › ".join((*thing.above, thing.node.title))
        by = BY[thing.by] or "id"
        return [[(f" {thing.node.kind} {clip(thing.node.title, width - 12)}", "bright")], [],
                *_wrapped(way, width), [(f" the weakest link on the way: {by}", "dim")]]  # fmt: skip
    if isinstance(thing, str):
        return [[(f" {shown(fact_name(row) if row.kind == 'fact' else row.kind)}", "bright")], [],
                *_wrapped(thing, width)]  # fmt: skip
    if isinstance(thing, Run | Pipeline):
        word, role = worded(thing.status)
        return [[(f" {row.kind} {clip(thing.name or thing.id, width - 14)}", "bright")], [(f" {word}", role)], [],
                [(f" {clip(thing.id, width - 2)}", "dim")]]  # fmt: skip
    return [
        [(f" {row.kind} {clip(row.name, width - 12)}", "bright")],
        [],
        [(" not in the cache: r asks the syncer", "dim")],
    ]


def _wrapped(text: str, width: int) -> Lines:
    return [[(f" {line}", "text")] for line in wrap(one_line(text[:4_000]), max(16, width - 2))]


def result_lines(one: PastResult, facts: CheckFacts, width: int, clock: Clock) -> Lines:
    """One result, whole."""
    result = one.result
    word, role = worded(result.outcome)
    when = f"{moment(one.at, clock.now, clock.zone)} ({age(one.at, clock.now)})"
    lines: Lines = [[(f" {word}", role), (f"   {when}", "text")], []]
    commit = facts.commits.get(one.commit or "")
    about = f"{short(one.commit)} {commit.author}: {commit.subject}" if commit is not None else one.commit
    for name, text in (
        ("interval", one.interval), ("observed", result.observed), ("expected", result.expected),
        ("rows", rows_said(result)), ("share", share_said(result)), ("says", result.message),
        ("rule", result.definition), ("commit", about), ("run", one.run_id), ("pipeline", one.pipeline_id),
        ("data", one.dataset_digest), ("read from", one.origin), ("id", one.id),
    ):  # fmt: skip
        if text:
            wrapped = wrap(one_line(text[:2_000]), max(16, width - 13))
            lines += [[(f" {name if not at else '':<11}", "dim"), (line, "text")] for at, line in enumerate(wrapped)]
    return lines
