"""Rows of pages that stand for records of any kind, drawn, and what is known of each beside them. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from ..app.records import Change, Check, Commit, DataPart, DataVersion, Millis, Pipeline, Run
from ..app.store.models import VersionRow
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, count, moment, size
from ..widgets.line import Piece
from ..widgets.status import glyph, sign, worded
from .check_words import said as check_said
from .check_words import since_said, standing, tool
from .page_rows import Row
from .pipeline_details import pipeline_lines
from .pipeline_lines import AGE, STATUS, pipeline_pieces
from .registered import registered_pieces
from .registered_details import registered_lines
from .run_details import Lines, Sight, commit_said, pairs, run_lines

DIGEST = 12
"""Cells of a digest."""

QUIET: Final = ("pass", "skipped", "removed")
"""Standings of checks that are named only while there are few of them."""

FEW = 6
"""Quiet checks that are named."""

T = TypeVar("T")


def telling(checks: Sequence[T], check: Callable[[T], Check], now: Millis) -> tuple[list[T], int]:
    """The checks to name, the loud ones first and a few of the quiet ones, and how many quiet ones are left."""
    loud = [one for one in checks if standing(check(one), now) not in QUIET]
    quiet = [one for one in checks if standing(check(one), now) in QUIET]
    return [*loud, *quiet[:FEW]], max(0, len(quiet) - FEW)


def draw_thing(row: Row, width: int, now: int) -> list[Piece]:
    """A line in `width` cells."""
    thing = row.thing
    if row.kind == "gap":
        return []
    if row.kind == "heading":
        return [(row.name, "bright"), (f"  {row.note}" if row.note else "", "dim")]
    if row.kind == "remark":
        return [(f"  {row.note}", "dim")]
    if isinstance(thing, Run):
        return run_pieces(thing, width, now, row.note)
    if isinstance(thing, Pipeline):
        return pipeline_pieces(thing, width, now)
    if isinstance(thing, VersionRow):
        return registered_pieces(thing, width, now)
    return _other(row, thing, width, now)


def _other(row: Row, thing: object, width: int, now: int) -> list[Piece]:
    if isinstance(thing, Check):
        return check_pieces(thing, width, now)
    if isinstance(thing, Commit):
        return commit_pieces(thing, width, now, row.note)
    if isinstance(thing, DataVersion):
        return data_pieces(thing, width, row.note)
    if isinstance(thing, DataPart):
        digest = f"   {clip(thing.digest, DIGEST)}" if thing.digest else ""
        return [(clip(thing.path, max(8, width - DIGEST - 4)), "text"), (digest, "dim")]
    if isinstance(thing, Change):
        return change_pieces(thing, width)
    return pair(row.name, thing if isinstance(thing, str) else row.note, width)


def pair(name: str, text: str, width: int) -> list[Piece]:
    """A name and a value."""
    room = min(22, max(8, width // 3))
    return [(pad(clip(name, room), room), "dim"), (f"  {fit(one_line(text), max(1, width - room - 2))}", "text")]


def run_pieces(run: Run, width: int, now: int, note: str = "") -> list[Piece]:
    """A run: `brave-cod-214   ● finished   9 h   bo   training`."""
    word, role = worded(run.status)
    room = max(14, min(34, width - STATUS - AGE - 22))
    about = "".join(f"   {clip(text, 24)}" for text in (run.user or "", note) if text)
    return [
        (pad(clip(run.name or "–", room), room), "text"),
        (f"  {pad(word, STATUS)}", role),
        (f"{age(run.started_at, now):>{AGE}}", "dim"),
        (fit(about, max(0, width - room - STATUS - AGE - 2)), "dim"),
    ]


def check_pieces(check: Check, width: int, now: int, by: str = "") -> list[Piece]:
    """A check: `✖ not_null(customer_id)  gx  (digest)  3.1 % null`. `by`: how it is known to speak of it."""
    stands = standing(check, now)
    room = max(16, min(34, width * 2 // 5))
    name = pad(f"{glyph(stands)} {clip(check.name, room)}", room + 2)
    role = sign(stands).role
    made: list[Piece] = [(name, "text" if role == "good" else role), (f"  {pad(tool(check.tool), 7)}", "dim")]
    if by:
        made.append((f"  {pad(f'({by})', 10)}", "warn" if by == "name" else "dim"))
    left = width - sum(cells(text) for text, _ in made)
    return [*made, (fit(f"  {check_said(check, now)}", max(0, left)), "dim")]


def commit_pieces(commit: Commit, width: int, now: int, note: str = "") -> list[Piece]:
    """A commit: `4f2c91a  relax null check   bo  9 h`."""
    when = f"  {clip(commit.author, 16)}  {age(commit.committed_at, now)}"
    about = f"   {clip(note, 30)}" if note else ""
    room = max(4, width - 10 - cells(when) - cells(about))
    return [(shown(commit.sha[:7]), "text"), (f"   {fit(one_line(commit.subject), room)}", "text"),
            (about, "accent"), (when, "dim")]  # fmt: skip


def data_pieces(data: DataVersion, width: int, was: str = "") -> list[Piece]:
    """A version of data: `data/orders.csv  51c2ee → 77ab01   12.4 MB   prepare`."""
    if data.is_gone:
        return [(clip(data.name, max(8, width - 24)), "text"), ("   is tracked no more", "warn")]
    digest = f"{clip(was, DIGEST)} → {clip(data.digest, DIGEST)}" if was else clip(data.digest, DIGEST)
    room = max(12, min(36, width - cells(digest) - 24))
    held = "   ".join(part for part in (size(data.size), f"{count(data.files)} files" if data.files else "") if part)
    stage = f"   {clip(data.stage, 20)}" if data.stage else ""
    return [
        (pad(clip(data.name, room), room), "text"),
        (f"  {digest}", "text"),
        (fit(f"   {held}{stage}", max(0, width - room - cells(digest) - 2)) if held or stage else "", "dim"),
    ]


def change_pieces(change: Change, width: int) -> list[Piece]:
    """A path that a commit touched: `M  conf/train.yaml`."""
    old = f"   from {clip(change.old_path, 40)}" if change.old_path else ""
    lead = f"{clip(change.kind, 2)}  {clip(change.path, max(8, width - 3 - min(cells(old), width // 2)))}"
    return [(lead, "text"), (fit(old, max(0, width - cells(lead))), "dim")]


# -- beside it ----------------------------------------------------------------------------------------------------


def thing_lines(row: Row, sight: Sight) -> Lines:
    """What is known of a row's record."""
    thing = row.thing
    if isinstance(thing, Run):
        return run_lines(thing, "run", sight)
    if isinstance(thing, Pipeline):
        return pipeline_lines(thing, sight)
    if isinstance(thing, VersionRow):
        return registered_lines(thing, sight)
    if isinstance(thing, Commit):
        return commit_said(thing.sha, thing, [], sight)
    if isinstance(thing, Check):
        return check_lines(thing, sight)
    if isinstance(thing, DataVersion):
        return data_version_lines(thing, sight)
    return _plain(row, thing, sight)


def _plain(row: Row, thing: object, sight: Sight) -> Lines:
    if isinstance(thing, Change):
        facts = [("path", thing.path), ("was", thing.old_path or ""), ("how", HOW.get(thing.kind[:1], thing.kind))]
        return [_title(thing.path, sight), [], *_known(facts, sight)]
    if isinstance(thing, DataPart):
        return [_title(thing.path, sight), [], *_known([("digest", thing.digest or "the tool does not say it")], sight)]
    text = thing if isinstance(thing, str) else row.note
    return [_title(row.name, sight), [], *pairs([(row.kind, text)], sight.width)]


HOW = {"A": "added", "M": "changed", "D": "deleted", "R": "renamed", "C": "copied", "T": "another kind of file"}
"""What Git's letters mean."""


def _title(name: str, sight: Sight) -> list[Piece]:
    return [(f" {clip(name, max(8, sight.width - 4))}", "bright")]


def _known(facts: list[tuple[str, str]], sight: Sight) -> Lines:
    return pairs([(name, text) for name, text in facts if text], sight.width)


def check_lines(check: Check, sight: Sight) -> Lines:
    """A check: what it said last, since when, and by which tool."""
    stands = standing(check, sight.now)
    word, role = worded(stands)
    facts = [
        ("said", check_said(check, sight.now, sight.zone)),
        ("since", since_said(check, sight.now, sight.zone)),
        ("asks", check.newest.definition),
        ("dataset", check.dataset),
        ("column", check.column),
        ("tool", check.tool),
        ("suite", check.suite),
        ("environment", check.environment),
        ("checked", f"{moment(check.checked_at, sight.now, sight.zone)} ({age(check.checked_at, sight.now)})"),
    ]
    return [[*_title(check.name, sight), ("  ", "text"), (word, role)], [], *_known(facts, sight), [],
            [(" Enter opens it", "dim")]]  # fmt: skip


def data_version_lines(data: DataVersion, sight: Sight) -> Lines:
    """A version of data as DVC tells it: its content, who wrote it, of what."""
    at = f"{moment(data.at, sight.now, sight.zone)} ({age(data.at, sight.now)})"
    facts = [
        ("digest", data.digest or "tracked no more"),
        ("committed", at),
        ("commit", data.commit),
        ("size", size(data.size)),
        ("files", count(data.files) if data.files else ""),
        ("defined in", data.defined_in),
        ("stage", data.stage),
        ("command", data.command),
    ]
    lines: Lines = [_title(data.name, sight), [], *_known(facts, sight)]
    if data.deps:
        lines += [[], [(" read", "bright")], *pairs([(dep.path, dep.digest or "–") for dep in data.deps], sight.width)]
    if data.params:
        lines += [[], [(" params", "bright")], *pairs(list(data.params.items()), sight.width)]
    return lines
