"""What came of things: runs of a commit or of data, versions of a run, aliases of a version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..records import Run
from ..store.lineage_reads import RunsOf, runs_below
from ..store.models import VersionRow
from .nodes import alias_node, run_node, version_node
from .serving import serving_below
from .trail import Trail, below, written
from .tree import By, Node


def runs_of(trail: Trail, of: RunsOf, subject: str, kind: str, by: By, depth: int) -> dict[str, Any]:
    """The fields `children`, `more` and `more_of` for the runs that came of a thing, those that tell most first."""
    runs, some = trail.runs(of)
    nodes = tuple(run_below(trail, run, subject, kind, by, depth) for run in runs)
    return {"children": nodes} | below(some, len(nodes), "runs")


def run_below(trail: Trail, run: Run, of: str, kind: str, by: By, depth: int) -> Node:
    """A run that came of a thing, with what came of it."""
    subject = written("run", run.id)
    link = trail.join(of, subject, kind, by)
    if depth <= 1 or not trail.enter(subject, "down"):
        return run_node(run, link)
    return run_node(run, link, **below_run(trail, run, depth - 1))


def below_run(trail: Trail, run: Run, depth: int, *, with_children: bool = False) -> dict[str, Any]:
    """The versions that were registered of a run, and its child runs where they are asked for."""
    subject = written("run", run.id)
    some = trail.reads.versions_of_run(run.id, trail.limit)
    rows = trail.reader.models.versions(some.rowids)
    nodes = tuple(version_below(trail, row, subject, "registered", depth) for row in rows)
    found = {"children": nodes} | below(some, len(nodes), "versions")
    if not with_children:
        return found
    nested = runs_of(trail, runs_below(run.id), subject, "nested", "id", depth)
    more = [(one["more"], one["more_of"]) for one in (found, nested) if one.get("more")]
    return {
        "children": (*nodes, *nested["children"]), "more": sum(count for count, _ in more),
        "more_of": " and ".join("child runs" if name == "runs" else name for _, name in more),
    }  # fmt: skip


def version_below(trail: Trail, row: VersionRow, of: str, kind: str, depth: int) -> Node:
    """A version that came of a run, a model or another version, with what came of it."""
    subject = written("model", row.version.model, row.version.version)
    link = trail.join(of, subject, kind, "id")
    if depth <= 1 or not trail.enter(subject, "down"):
        return version_node(row, link)
    return version_node(row, link, **below_version(trail, row, depth - 1))


def below_version(trail: Trail, row: VersionRow, depth: int) -> dict[str, Any]:
    """The aliases that point at a version, and its copies."""
    subject = written("model", row.version.model, row.version.version)
    some = trail.reads.copies_of(row.version.model, row.version.version, trail.limit)
    copies = trail.reader.models.versions(some.rowids)
    nodes = (
        *_aliases(trail, row, subject),
        *(version_below(trail, copy, subject, "copied", depth) for copy in copies),
    )
    return {"children": nodes} | below(some, len(copies), "copies")


def _aliases(trail: Trail, row: VersionRow, subject: str) -> Iterator[Node]:
    for alias in row.aliases:
        name = written("alias", row.version.model, alias)
        link = trail.join(subject, name, "shown", "id")
        children = (serving_below(trail, name, row.version.model, row.version.version),) if trail.tells_serving else ()
        yield alias_node(row.version.model, alias, row.version.version, link, children=children)
