"""The lineage of a check or of one of its results: what it checked, where it ran, and who feeds on that data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..records import Check, DataVersion, PastResult
from ..store.lineage_reads import KnownData, runs_on
from .checks import check_node, same_names
from .data import DVC, tracked_node
from .downstream import run_below
from .found import Around
from .nodes import data_node, fact, pipeline_node, unknown_node
from .trail import Trail, below, written
from .tree import UNKNOWN, By, Link, Node
from .upstream import commit_above, run_above


def around_check(trail: Trail, parts: tuple[str, ...], depth: int) -> Around | None:
    """A check, by its newest result."""
    check = _check(trail, parts[0])
    return None if check is None else _around(trail, check, None, depth)


def around_result(trail: Trail, parts: tuple[str, ...], depth: int) -> Around | None:
    """One result of a check: `<check id>.<invocation id>`."""
    native, _, invocation = parts[0].partition(".")
    check = _check(trail, native)
    past = trail.reader.checks.result(native, invocation) if check is not None else None
    return None if check is None or past is None else _around(trail, check, past, depth)


def _check(trail: Trail, native: str) -> Check | None:
    rowid = trail.reader.checks.find(native)
    return None if rowid is None else next(iter(trail.reader.checks.rows([rowid]))).check


def _around(trail: Trail, check: Check, past: PastResult | None, depth: int) -> Around:
    trail.tells_serving = False
    node = check_node(check, trail.now, past)
    subject = written("check", check.id) if past is None else written("result", past.id)
    root = Node(
        subject=subject, kind="check" if past is None else "result", title=node.title, at=node.at, since=node.since,
        words=(*_place(check), *node.words), state=node.state,
    )  # fmt: skip
    trail.begin(subject)
    trail.begin(written("check", check.id))
    data = list(_data(trail, check, past))
    consumers, running = _consumers(trail, [known for known, _ in data], depth)
    used = {node.link.from_ for node in consumers.get("children", ()) if node.link is not None}
    above = (
        *_of(trail, check, past, subject),
        *_data_nodes(trail, data, subject, used),
        *_tracked_nodes(trail, check, past, subject),
        *_where(trail, check, past, subject),
    )
    if not any(one.kind == "data" for one in above):
        link = trail.join(UNKNOWN, subject, "checked", "name", known=False)
        above = (unknown_node("data", f"{_called(check)} is no data that a run logged", link), *above)
    return Around(root, above, consumers, running)


def _place(check: Check) -> Iterator[str]:
    yield " ".join(word for word in (check.tool, check.suite if check.suite != check.dataset else "") if word)
    if check.dataset:
        yield check.dataset
    if check.environment:
        yield check.environment


def _called(check: Check) -> str:
    return check.dataset or "what it checked"


def _of(trail: Trail, check: Check, past: PastResult | None, subject: str) -> Iterator[Node]:
    """Of a result its check."""
    if past is not None:
        link = trail.join(written("check", check.id), subject, "result", "id")
        yield check_node(check, trail.now, None, link)


# -- what it checked


def _data(trail: Trail, check: Check, past: PastResult | None) -> Iterator[tuple[KnownData, By]]:
    """Versions of data that it speaks for, the surest link first, the last used ones where it names no content."""
    digest = check.dataset_digest if past is None else past.dataset_digest
    found: dict[str, tuple[KnownData, By]] = {}
    for known in trail.reads.data_of_digest(digest or ""):
        found.setdefault(_subject(known), (known, "digest"))
    declared = [name for tool, name in same_names(trail.identities, check.tool, check.dataset) if tool == "mlflow"]
    names: list[tuple[list[str], By]] = [(declared, "declared"), ([check.dataset] if check.dataset else [], "name")]
    for called, by in names:
        for known in trail.reads.data_called(called, trail.limit)[0] if called else ():
            found.setdefault(_subject(known), (known, by))
    yield from found.values()


def _subject(known: KnownData) -> str:
    return written("dataset", known.data.name, known.data.digest)


def _few(trail: Trail) -> int:
    """Versions of data that are named where a check names no content: it speaks of all that there were and will be."""
    return max(1, trail.limit // 3)


def _data_nodes(trail: Trail, data: list[tuple[KnownData, By]], subject: str, used: set[str]) -> Iterator[Node]:
    """Of this content, the newest, and those that the listed runs used; the others are counted."""
    newest = {_subject(known) for known, _ in [one for one in data if one[1] != "digest"][: _few(trail)]}
    named = [(known, by) for known, by in data if by == "digest" or _subject(known) in newest | used]
    for known, by in named:
        if known.data.digest:
            yield data_node(known.data, trail.join(_subject(known), subject, "checked", by))
    if others := len(data) - len(named):
        yield fact("and", f"{others} more {'version' if others == 1 else 'versions'} of the same data")


def _tracked_nodes(trail: Trail, check: Check, past: PastResult | None, subject: str) -> Iterator[Node]:
    """The same of data that Git tells of: of this content, else the newest of what is declared to be the same."""
    digest = check.dataset_digest if past is None else past.dataset_digest
    declared = [name for tool, name in same_names(trail.identities, check.tool, check.dataset) if tool == DVC]
    named: list[tuple[str, By]] = [*((name, "declared") for name in declared), (check.dataset, "name")]
    found: list[tuple[DataVersion, By]] = [(one, "digest") for one in trail.reads.tracked_of_digest(digest or "", 1)]
    found += [(one, by) for name, by in named for one in trail.reads.newest_tracked(name, _few(trail))]
    for one, by in {(one.name, one.digest): (one, by) for one, by in reversed(found)}.values():
        if not one.is_gone:
            yield tracked_node(one, link=trail.join(written("dataset", one.name, one.digest), subject, "checked", by))


# -- where it ran


def _where(trail: Trail, check: Check, past: PastResult | None, subject: str) -> Iterator[Node]:
    of = check if past is None else past
    if of.run_id is not None:
        yield run_above(trail, of.run_id, subject, 0)  # by itself: what it was made of is its own lineage
    if of.commit is not None:
        yield commit_above(trail, of.commit, subject, "checked")
    if of.pipeline_id is not None:
        yield _pipeline(trail, of.pipeline_id, subject)


def _pipeline(trail: Trail, native: str, subject: str) -> Node:
    link: Link = trail.join(written("pipeline", native), subject, "checked", "id")
    rowid = trail.reader.pipelines.find(native)
    row = next(iter(trail.reader.pipelines.rows([rowid])), None) if rowid is not None else None
    if row is None:
        words = ("not in the cache",)
        return Node(subject=link.from_, kind="pipeline", title=native, words=words, state="unknown", link=link)
    return pipeline_node(row.pipeline, link)


# -- who feeds on it


def _consumers(trail: Trail, data: list[KnownData], depth: int) -> tuple[dict[str, Any], int]:
    """The runs on this data, each by the version of the data that it used, and how many run now."""
    rowids = [rowid for known in data for rowid in known.rowids]
    if not rowids:
        return {}, 0
    of = runs_on(rowids)
    runs, some = trail.runs(of)
    used = {(known.data.name, known.data.digest): _subject(known) for known in data}
    nodes = tuple(
        run_below(trail, run, from_, "used", "digest", depth)
        for run in runs
        if (from_ := next((used[key] for one in run.datasets if (key := (one.name, one.digest)) in used), None))
    )
    return {"children": nodes} | below(some, len(nodes), "runs"), trail.reads.running(of)
