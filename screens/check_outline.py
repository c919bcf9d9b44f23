"""A check as an outline: headings, rows to choose from, remarks. Pure functions; check_lines draws them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise
from typing import Literal, TypeAlias

from ..app.records import Check, CheckResult, Commit, PastResult, Pipeline, Run
from ..app.text import one_line, shown
from ..widgets.figures import age, count, moment
from ..widgets.status import glyph
from .check_facts import SUSPECTS, CheckFacts
from .check_feeds import Eater
from .check_strip import RULE
from .check_words import (
    SEVERITY,
    against,
    day,
    flaps,
    in_words,
    limit_said,
    moved,
    rows_said,
    rule_said,
    share_said,
    silence,
    tool,
)

Kind: TypeAlias = Literal[
    "gap", "heading", "remark", "rule", "fact", "commit", "run", "pipeline", "data", "result", "eater",
]  # fmt: skip
Thing: TypeAlias = Commit | Run | Pipeline | PastResult | Eater | str | None

NOT_KEPT = "raw values are not kept"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the outline: its kind, its name within the kind, and the record behind it."""

    kind: Kind
    name: str = ""
    thing: Thing = None
    depth: int = 0
    note: str = ""
    """What else is said of it; of a remark all; of a commit, run or pipeline the part that it stands in."""

    @property
    def id(self) -> tuple[str, str]:
        """What names it while the check changes."""
        return (self.kind, f"{self.note} {self.name}" if self.kind in ("commit", "run", "pipeline") else self.name)

    @property
    def is_row(self) -> bool:
        """Whether the cursor can stand on it."""
        return self.kind not in ("gap", "heading", "remark", "rule")

    @property
    def is_heading(self) -> bool:
        """Whether a part begins here."""
        return self.kind == "heading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time, and the zone in which it is told."""

    now: int
    zone: tzinfo


def outline(facts: CheckFacts, clock: Clock, *, needle: str = "", opened: Collection[str] = ()) -> list[Row]:
    """Every line. `needle`: only rows that hold each of its words; `opened`: results that were unfolded."""
    words = needle.casefold().split()
    made: list[Row] = []
    for title, rows, note in _parts(facts, clock, opened):
        found = [row for row in rows if _matches(row, words)] if words else list(rows)
        if not found and (words or not note):
            continue
        made += [Row("gap", title), Row("heading", title, note=note), *found]
    if words and not made:
        made = [Row("gap"), Row("remark", "none", note=f"nothing here holds “{shown(needle)}”")]
    return made[1:] if made and made[0].kind == "gap" else made


def _parts(facts: CheckFacts, clock: Clock, opened: Collection[str]) -> Iterator[tuple[str, Sequence[Row], str]]:
    """Title, rows, what stands beside the title."""
    check = facts.check
    yield "asserts", list(_asserts(check)), ""
    yield "newest", list(_newest(facts, clock)), ""
    yield "since when", list(_since(facts, clock)), ""
    yield "rule", list(_rule(facts, clock)), _rule_note(facts, clock)
    yield "who feeds on it", list(_feeds(facts)), "" if facts.feeding is not None else "…"
    yield "history", list(_history(facts, clock, opened)), _history_note(check)
    yield "facts", list(_facts(check, facts)), ""


def _fact(part: str, name: str, text: str | None) -> Iterator[Row]:
    if text:
        yield Row("fact", f"{part}\0{name}", text)


# -- what it asserts, and what it said ----------------------------------------------------------------------------


def _asserts(check: Check) -> Iterator[Row]:
    newest = check.newest
    yield from _fact("asserts", "that", in_words(check))
    yield from _fact("asserts", "rule", newest.definition or check.name)
    yield from _fact("asserts", "expected", newest.expected)
    for limit in newest.limits:
        if limit.name != SEVERITY:  # the rank of a word, which is told below
            yield Row("fact", f"asserts\0{limit.name}", limit_said(limit.value), note=f"{limit.strict} is stricter")
    yield from _fact("asserts", "severity", newest.severity)
    if not newest.definition:
        yield Row("remark", "no definition", note="its tool does not tell the rule: a change of it would not be seen")


def _newest(facts: CheckFacts, clock: Clock) -> Iterator[Row]:
    check = facts.check
    newest = check.newest
    yield from _fact("newest", "observed", newest.observed or against(newest))
    was = facts.passed.result.observed if facts.passed is not None and newest.outcome in ("fail", "warn") else None
    yield from _fact("newest", "was", was if was != newest.observed else None)
    rows = rows_said(newest)
    yield from _fact("newest", "rows", f"{rows}, {share_said(newest)}" if rows and share_said(newest) else rows)
    yield from _fact("newest", "says", newest.message)
    yield from _fact("newest", "data interval", check.interval)
    checked = f"{moment(check.checked_at, clock.now, clock.zone)} ({age(check.checked_at, clock.now)})"
    yield from _fact("newest", "checked", checked)
    if check.dataset and not check.dataset_digest:
        yield Row("data", "newest", check.dataset, note="its content is not known")
    yield from _where(facts, "newest", 0, check.commit, check.run_id, check.pipeline_id, check.dataset_digest)
    if newest.failed_rows:
        yield Row("remark", "not kept", note=NOT_KEPT)


def _where(
    facts: CheckFacts, part: str, depth: int, commit: str | None, run: str | None, pipeline: str | None,
    digest: str | None,
) -> Iterator[Row]:  # fmt: skip
    """What a result is tied to: each can be opened."""
    if digest:
        known = facts.is_data_known or digest != facts.check.dataset_digest
        note = "" if known else f"known to {tool(facts.check.tool)} alone"
        yield Row("data", f"{part} {digest}", f"{facts.check.dataset}@{digest}", depth, note)
    if commit:
        yield Row("commit", commit, facts.commits.get(commit), depth, part)
    if run:
        yield Row("run", run, facts.runs.get(run), depth, part)
    if pipeline:
        yield Row("pipeline", pipeline, facts.pipelines.get(pipeline), depth, part)


# -- since when ---------------------------------------------------------------------------------------------------


def _since(facts: CheckFacts, clock: Clock) -> Iterator[Row]:
    """The first that failed, the commits between, the last that passed; flapping and silence said."""
    check = facts.check
    if flaps(check):
        yield Row("remark", "flaps", note=f"{glyph('warn')} it flaps: {check.flips} turns in its last 20 results")
    if quiet := silence(check, clock.now):
        due = check.silent_since(clock.now)
        yield Row(
            "remark", "silent", note=f"{glyph('silent')} {quiet}: it was due {moment(due, clock.now, clock.zone)}"
        )
    if check.removed_at is not None:
        gone = f"its suite was run without it {day(check.removed_at, clock.now, clock.zone)}"
        yield Row("remark", "removed", note=f"{glyph('removed')} {gone}")
    if check.first_failed_at is None:
        return
    if facts.failed is not None:
        yield Row("result", f"first {facts.failed.id}", facts.failed, note="first failed")
    if check.first_failed_not_before is not None and facts.failed is not None and not facts.failed.commit:
        yield from _in_time(facts.while_failing, "since")
    yield from _suspects(facts)
    if facts.passed is not None:
        yield Row("result", f"last {facts.passed.id}", facts.passed, note="last passed")
    else:
        yield Row("remark", "never passed", note="it never passed as far as the cache goes back")


def _in_time(commits: Sequence[Commit], part: str) -> Iterator[Row]:
    """The commits that were made between two results of which nobody knows the commit."""
    told = "in that time came" if commits else "by their time there is none between"
    yield Row("remark", f"{part} between", depth=1, note=f"its commit is not known; {told}")
    for commit in commits[:SUSPECTS]:
        yield Row("commit", commit.sha, commit, 1, part)
    if len(commits) > SUSPECTS:
        yield Row("remark", f"{part} more", depth=1, note="and more")


def _suspects(facts: CheckFacts) -> Iterator[Row]:
    failed, passed = facts.failed, facts.passed
    if failed is None or not failed.commit:
        return
    if passed is not None and passed.commit == failed.commit:
        yield Row("remark", "same commit", depth=1, note="no commit between: the data has changed, or what it ran on")
        return
    commits = facts.between.ahead if facts.between is not None else ()
    for commit in commits[:SUSPECTS]:
        yield Row("commit", commit.sha, commit, 1, "since")
    if len(commits) > SUSPECTS:
        yield Row("remark", "more suspects", depth=1, note=f"and {count(len(commits) - SUSPECTS)} commits more")
    if not commits:
        yield Row("commit", failed.commit, facts.commits.get(failed.commit), 1, "since")


# -- the rule -----------------------------------------------------------------------------------------------------


def _rule_note(facts: CheckFacts, clock: Clock) -> str:
    check = facts.check
    commit = facts.commits.get(check.rule_changed_commit or "")
    said = rule_said(check, clock.now, clock.zone, commit.author if commit is not None else "")
    return said.removeprefix("rule ")


def _rule(facts: CheckFacts, clock: Clock) -> Iterator[Row]:
    check = facts.check
    if check.rule_change is None:
        return
    yield from _fact("rule", "changed", _changed(facts))
    yield from _fact("rule", "before", check.rule_before)
    yield from _fact("rule", "now", check.newest.definition)
    if check.rule_changed_not_before is not None:
        span = [moment(at, clock.now, clock.zone) for at in (check.rule_changed_not_before, check.rule_changed_at)]
        yield from _fact("rule", "between", " and ".join(span))
    if check.rule_changed_commit:
        yield Row("commit", check.rule_changed_commit, facts.commits.get(check.rule_changed_commit), 0, "rule")
    elif check.rule_changed_not_before is not None:
        yield from _in_time(facts.while_changing, "rule")


def _changed(facts: CheckFacts) -> str:
    """`mostly 0.999 → 0.97`; "" where both rules have to be read."""
    past, at = facts.past, facts.check.rule_changed_at
    for now, before in pairwise(past):
        if now.at == at:
            return moved(before.result, now.result)
    return ""


# -- who feeds on it ----------------------------------------------------------------------------------------------


def _feeds(facts: CheckFacts) -> Iterator[Row]:
    feeding = facts.feeding
    if feeding is None:
        return
    for eater in (*feeding.aliases, *feeding.versions, *feeding.runs):
        yield Row("eater", eater.node.subject, eater)
    for noun, number in feeding.more.items():
        yield Row("remark", f"more {noun}", note=f"and {count(number)} {noun} more")
    if not feeding.is_anybody:
        yield Row("remark", "nobody", note=f"{glyph('missing')} nobody is known to feed on this data")


# -- history ------------------------------------------------------------------------------------------------------


def _history_note(check: Check) -> str:
    return f"{count(check.results)} result{'s' * (check.results != 1)}"


def _history(facts: CheckFacts, clock: Clock, opened: Collection[str]) -> Iterator[Row]:
    """The results, newest first; where another rule was first seen a remark says so, below the first result of it."""
    for at, one in enumerate(facts.past):
        is_open = one.id in opened
        yield Row("result", one.id, one, note="open" if is_open else "")
        if is_open:
            yield from _opened(facts, one, clock)
        before = facts.past[at + 1] if at + 1 < len(facts.past) else None
        change = facts.changes.get(one.at)
        if change is not None and before is not None:
            yield Row("rule", one.id, one, note=f"{RULE} rule {change}: {_differing(before.result, one.result)}")
    if facts.is_cut:
        older = facts.check.results - len(facts.past)
        yield Row("remark", "older", note=f"and {count(older)} older one{'s' * (older != 1)}")


def _opened(facts: CheckFacts, one: PastResult, clock: Clock) -> Iterator[Row]:
    part = one.id
    for name, text in (
        ("said", against(one.result)), ("says", one.result.message), ("rows", rows_said(one.result)),
        ("rule", one.result.definition), ("read from", one.origin),
    ):  # fmt: skip
        if text:
            yield Row("fact", f"{part}\0{name}", text, 1)
    yield from _where(facts, part, 1, one.commit, one.run_id, one.pipeline_id, one.dataset_digest)


def _differing(before: CheckResult, now: CheckResult) -> str:
    """`mostly 0.999 → 0.97` where numbers differ, else both rules."""
    return moved(before, now) or f"{one_line(before.definition[:120])} → {one_line(now.definition[:120])}"


# -- facts --------------------------------------------------------------------------------------------------------


def _facts(check: Check, facts: CheckFacts) -> Iterator[Row]:
    """What it is by itself, in the tool's words."""
    for name, text in (
        ("dataset", check.dataset), ("column", check.column), ("tool", check.tool),
        ("suite", check.suite), ("environment", check.environment), ("read from", check.origin),
        ("source", check.source_name), ("id", check.id),
    ):  # fmt: skip
        yield from _fact("facts", name, text)


def fact_name(row: Row) -> str:
    """The name of a fact without that of its part."""
    return row.name.rpartition("\0")[2]


def _matches(row: Row, words: Sequence[str]) -> bool:
    thing = row.thing
    more = thing if isinstance(thing, str) else ""
    if isinstance(thing, PastResult):
        result = thing.result
        more = f"{result.outcome} {result.observed or ''} {result.message} {thing.interval} {thing.commit or ''}"
    elif isinstance(thing, Commit):
        more = f"{thing.subject} {thing.author}"
    elif isinstance(thing, Run | Pipeline):
        more = f"{thing.name} {thing.status}"
    elif isinstance(thing, Eater):
        more = f"{thing.node.title} {' '.join(thing.node.words)}"
    text = f"{row.name} {row.note} {more}".casefold()
    return row.is_row and all(word in text for word in words)
