"""What checks and pipelines said of a thing in a lineage: the worst few of them, and how many in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from ..records import Check, Dataset, Identities, PastResult
from ..store.check_links import checks_of_name
from ..store.checks import CheckRow, Where
from .nodes import pipeline_node
from .trail import Trail, written
from .tree import SUREST, By, Link, Node

_WORST_FIRST: Final = (
    "fail", "failed", "error", "unknown", "cancelled", "warn", "waiting", "running", "queued", "skipped", "pass",
    "passed",
)  # fmt: skip
BAD: Final = frozenset({"fail", "error"})


class Word(NamedTuple):
    """That a check speaks for a thing, and by what."""

    by: By
    outcome: str
    there: tuple[Where, str] | None = None
    """Where the result is that speaks; None: its newest does."""


Words = Mapping[int, Word]
"""By row id of the check."""


# -- which checks


def words_of_run(trail: Trail, run_id: str) -> Words:
    """The checks of which a result is an artifact of this run, or names it."""
    return _certain(trail, "id", "run", run_id)


def words_of_pipeline(trail: Trail, native: str) -> Words:
    """The checks of which a pipeline left a result."""
    return _certain(trail, "id", "pipeline", native)


def words_of_commit(trail: Trail, sha: str) -> Words:
    """The checks that were run on a commit."""
    return _certain(trail, "digest", "commit", sha)


def _certain(trail: Trail, by: By, where: Where, native: str) -> dict[int, Word]:
    said = trail.reader.checks.said(where, native)
    return {rowid: Word(by, outcome, (where, native)) for rowid, outcome in said.items()}


def words_on_data(trail: Trail, tool: str, data: Dataset) -> Words:
    """The checks of a version of data: of this content, else of what is declared to be it, else of its name.

    `tool`: whose name it is. Checks that were removed say nothing of it any more.
    """
    connection = trail.reader.connection
    found = _certain(trail, "digest", "digest", data.digest)
    named: list[tuple[By, str, str | None]] = [
        ("declared", name, other) for other, name in same_names(trail.identities, tool, data.name)
    ]
    for by, name, other in (*named, ("name", data.name, None)):
        for check, standing in checks_of_name(connection, name, other).items():
            if not standing.is_removed:
                found.setdefault(check, Word(by, standing.outcome))
    return found


def same_names(identities: Identities, tool: str, name: str) -> tuple[tuple[str, str], ...]:
    """Tool and name of all that is declared to be one dataset with this one; nothing where nothing is declared."""
    declared = identities.name_of(tool, name)
    return () if declared is None else identities.names_of(declared)


# -- as nodes


def asides(trail: Trail, subject: str, words: Words, pipelines: Iterable[Node] = ()) -> dict[str, Any]:
    """The fields of a node that say what checks and pipelines said of it."""
    order = sorted(words, key=lambda check: (_rank(words[check].outcome), SUREST.index(words[check].by), check))
    listed = [*pipelines, *_check_nodes(trail, subject, words, order[: trail.limit])]
    return {
        "asides": tuple(sorted(listed, key=lambda node: _rank(node.state))),
        "asides_more": max(0, len(order) - trail.limit), "told": Counter(word.outcome for word in words.values()),
    }  # fmt: skip


def _rank(state: str) -> int:
    return _WORST_FIRST.index(state if state in _WORST_FIRST else "unknown")


def _check_nodes(trail: Trail, subject: str, words: Words, checks: list[int]) -> Iterator[Node]:
    rows: dict[int, CheckRow] = {}
    for there in {words[check].there for check in checks}:
        own = [check for check in checks if words[check].there == there]
        reads = trail.reader.checks
        found = reads.rows(own) if there is None else reads.spoke(*there, among=own)
        rows |= {row.rowid: row for row in found}
    for row in (rows[check] for check in checks if check in rows):
        link = trail.join(subject, written("check", row.check.id), "checked", words[row.rowid].by)
        if not trail.is_root(link.to):
            yield check_node(row.check, trail.now, row.then, link)


def check_node(check: Check, now: int, past: PastResult | None = None, link: Link | None = None, **more: Any) -> Node:
    """`not_null(customer_id)  3.1 % null, at most 1 %`: by a result of it, else by the newest."""
    result = check.newest if past is None else past.result
    is_newest = past is None or past.at == check.checked_at
    words = [word for word in (", ".join(filter(None, (result.observed, result.expected))), result.message) if word]
    if not is_newest and check.newest.outcome != result.outcome:
        words.append(f"now {check.newest.outcome}")
    if is_newest and check.silent_since(now) is not None:
        words.append("silent")
    return Node(
        subject=written("check", check.id), kind="check", title=check.name, words=tuple(words), state=result.outcome,
        at=check.checked_at if past is None else past.at, link=link,
        since=check.first_failed_at if result.outcome in BAD and check.newest.outcome in BAD else None, **more,
    )  # fmt: skip


def ci_of(trail: Trail, sha: str) -> list[Node]:
    """What ran on a commit, of each name the newest, the worst first."""
    checks = trail.reader.pipelines.of_commits([sha]).get(sha)
    if checks is None:
        return []
    rows = trail.reader.pipelines.rows(checks.rowids[: trail.limit])
    links = [trail.join(written("commit", sha), written("pipeline", row.pipeline.id), "ran", "digest") for row in rows]
    return [
        pipeline_node(row.pipeline, link) for row, link in zip(rows, links, strict=True) if not trail.is_root(link.to)
    ]
