"""What checks and pipelines said of a thing in a lineage: the worst few of them, and how many in all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from ..records import Check, Dataset, Identities, PastResult
from ..store.check_links import Of, checks_of_names, results_of, standings
from .nodes import pipeline_node
from .trail import Trail, written
from .tree import SUREST, By, Link, Node

_WORST_FIRST: Final = (
    "fail", "failed", "error", "unknown", "cancelled", "warn", "waiting", "running", "queued", "skipped", "pass",
    "passed",
)  # fmt: skip
BAD: Final = frozenset({"fail", "error"})


class Word(NamedTuple):
    """That a check speaks for a thing: by what, and the result that does where it is a certain one."""

    by: By
    past: PastResult | None = None


Words = Mapping[int, Word]
"""By row id of the check."""


# -- which checks


def words_of(trail: Trail, of: Of, value: str) -> Words:
    """The checks of which a result belongs to a run, a pipeline or a commit."""
    by: By = "digest" if of == "commit" else "id"
    return {check: Word(by, past) for check, past in results_of(trail.reader.connection, of, [value])}


def words_on_data(trail: Trail, tool: str, data: Dataset) -> Words:
    """The checks of a version of data: of this content, else of what is declared to be it, else of its name.

    `tool`: whose name it is.
    """
    connection, identities = trail.reader.connection, trail.identities
    found: dict[int, Word] = {}
    if data.digest:
        spoken = results_of(connection, "dataset_digest", [data.digest])
        found |= {check: Word("digest", past) for check, past in spoken}
    for other, name in same_names(identities, tool, data.name):
        for check in checks_of_names(connection, [name], other):
            found.setdefault(check, Word("declared"))
    for check in checks_of_names(connection, [data.name]):
        found.setdefault(check, Word("name"))
    return found


def same_names(identities: Identities, tool: str, name: str) -> tuple[tuple[str, str], ...]:
    """Tool and name of all that is declared to be one dataset with this one; nothing where nothing is declared."""
    declared = identities.name_of(tool, name)
    return () if declared is None else identities.names_of(declared)


# -- as nodes


def asides(trail: Trail, subject: str, words: Words, pipelines: Iterable[Node] = ()) -> dict[str, Any]:
    """The fields of a node that say what checks and pipelines said of it."""
    outcomes = dict(_outcomes(trail, words))
    order = sorted(outcomes, key=lambda check: (_rank(outcomes[check]), SUREST.index(words[check].by), check))
    ran = sorted(pipelines, key=lambda node: _rank(node.state))
    listed = [*ran, *_check_nodes(trail, subject, words, order[: trail.limit])]
    return {
        "asides": tuple(sorted(listed, key=lambda node: _rank(node.state))),
        "asides_more": max(0, len(order) - trail.limit), "told": Counter(outcomes.values()),
    }  # fmt: skip


def _rank(state: str) -> int:
    return _WORST_FIRST.index(state if state in _WORST_FIRST else "unknown")


def _outcomes(trail: Trail, words: Words) -> Iterator[tuple[int, str]]:
    """How each ended, by the result that speaks; those that were removed say nothing of the data any more."""
    known = standings(trail.reader.connection, words)
    for check, word in words.items():
        if word.past is not None:
            yield check, word.past.result.outcome
        elif check in known and not known[check].is_removed:
            yield check, known[check].outcome


def _check_nodes(trail: Trail, subject: str, words: Words, checks: list[int]) -> Iterator[Node]:
    for row in trail.reader.checks.rows(checks) if checks else ():
        word = words[row.rowid]
        link = trail.join(subject, written("check", row.check.id), "checked", word.by)
        yield check_node(row.check, trail.now, word.past, link)


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
    return [pipeline_node(row.pipeline, link) for row, link in zip(rows, links, strict=True) if not trail.met(link.to)]
