"""Data as two tools have it: what a tracking server logged, and what DVC tracks through Git."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from ..records import DataPart, Dataset, DataVersion
from ..store.lineage_reads import KnownData, runs_on
from .checks import same_names
from .downstream import runs_of
from .nodes import data_node, unknown_node
from .trail import Trail, written
from .tree import UNKNOWN, By, Node

LOOKED_AT: Final = 200
"""Versions of one path among which the one of a commit is looked for."""
_DIGEST: Final = 7
DVC: Final = "dvc"


def data_root(trail: Trail, name: str, digest: str) -> KnownData | None:
    """A version of data by the name of a tool, or by the one that the settings declare for it."""
    found = {known.data.name: known for known in trail.reads.data_of_digest(digest)}
    declared = [called for tool, called in trail.identities.names_of(name) if tool == "mlflow"]
    return next((found[called] for called in (name, *declared) if called in found), None)


def tracked_root(trail: Trail, name: str, digest: str) -> DataVersion | None:
    """The same of what is tracked through Git."""
    declared = [called for tool, called in trail.identities.names_of(name) if tool == DVC]
    found = (trail.reads.tracked(called, digest) for called in (name, *declared))
    return next((one for one in found if one is not None), None)


# -- what a logged dataset is in Git


def tracked_above(trail: Trail, data: Dataset, commit: str | None, depth: int) -> tuple[Node, ...]:
    """Which tracked version this data is: of the same content, else the one that the commit has of what is declared
    to be the same, else of the same name."""
    if depth <= 0:
        return ()
    subject = written("dataset", data.name, data.digest)
    found = _same(trail, data, [commit] if commit else [])
    nodes = [_tracked_node(trail, one, subject, "same", by, depth) for one, by in found]
    if not nodes and (paths := _paths(trail, data.name)):
        link = trail.join(UNKNOWN, subject, "same", "declared", known=False)
        nodes.append(unknown_node("data", f"which version of {paths[0]} is not known", link, words=(_why(commit),)))
    return tuple(nodes)


def _why(commit: str | None) -> str:
    return "the run names no commit" if commit is None else "its commit tells none"


def _paths(trail: Trail, name: str) -> list[str]:
    """Paths that are declared to be the dataset that MLflow calls so."""
    return [called for tool, called in same_names(trail.identities, "mlflow", name) if tool == DVC]


def _same(trail: Trail, data: Dataset, commits: list[str]) -> list[tuple[DataVersion, By]]:
    alike = trail.reads.tracked_of_digest(data.digest, 1)
    if alike:
        return [(alike[0], "digest")]
    paths = _paths(trail, data.name)
    by: By = "declared" if paths else "name"
    at_commits = (_at_commit(trail, path, commit) for commit in commits for path in paths or [data.name])
    found = {(one.name, one.digest): one for one in at_commits if one is not None and not one.is_gone}
    return [(one, by) for one in found.values()]


def _at_commit(trail: Trail, path: str, sha: str) -> DataVersion | None:
    """The version that a commit has of a path; None where the history does not tell."""
    commit = trail.reader.commit(sha)
    if commit is None:
        return None
    versions = {one.commit: one for one in trail.reads.newest_tracked(path, LOOKED_AT, commit.committed_at)}
    met = trail.reads.first_met(commit.sha, versions) if versions else None
    return None if met is None else versions[met]


# -- tracked data itself


def _tracked_node(trail: Trail, one: DataVersion, of: str, kind: str, by: By, depth: int) -> Node:
    subject = written("dataset", one.name, one.digest)
    link = trail.join(subject, of, kind, by)
    children = made_from(trail, one, depth - 1) if trail.enter(subject) else ()
    return tracked_node(one, link=link, children=children)


def tracked_node(one: DataVersion, **more: Any) -> Node:
    """`data/orders.csv@36973f5  dvc stage prepare`."""
    words = (f"dvc stage {one.stage}" if one.stage else DVC,)
    return Node(
        subject=written("dataset", one.name, one.digest), kind="data", title=f"{one.name}@{one.digest[:_DIGEST]}",
        words=words, at=one.at, **more,
    )  # fmt: skip


def made_from(trail: Trail, one: DataVersion, depth: int) -> tuple[Node, ...]:
    """What the stage read that wrote this version."""
    if depth <= 0:
        return ()
    subject = written("dataset", one.name, one.digest)
    return tuple(_part(trail, part, subject, depth) for part in one.deps[: 4 * trail.limit])


def _part(trail: Trail, part: DataPart, of: str, depth: int) -> Node:
    if not part.digest:
        link = trail.join(UNKNOWN, of, "read", "name", known=False)
        return unknown_node("data", f"{part.path}, digest unknown", link)
    known = trail.reads.tracked(part.path, part.digest)
    if known is not None:
        return _tracked_node(trail, known, of, "read", "digest", depth)
    link = trail.join(written("dataset", part.path, part.digest), of, "read", "digest")
    return Node(subject=link.from_, kind="data", title=f"{part.path}@{part.digest[:_DIGEST]}", words=(DVC,), link=link)


# -- from the version of data down, and around a logged one


def brought(trail: Trail, commit: str) -> Iterator[Node]:
    """What a commit says that tracked data holds."""
    for one in trail.reads.brought_by(commit, trail.limit):
        if not one.is_gone:
            link = trail.join(written("commit", commit), written("dataset", one.name, one.digest), "wrote", "digest")
            yield tracked_node(one, link=link)


def tracked_around(trail: Trail, known: KnownData, depth: int) -> tuple[Node, ...]:
    """Which tracked versions a logged dataset is, by the commits of the runs that used it."""
    subject = written("dataset", known.data.name, known.data.digest)
    found = _same(trail, known.data, _commits(trail, known))
    return tuple(_tracked_node(trail, one, subject, "same", by, depth) for one, by in found)


def _commits(trail: Trail, known: KnownData) -> list[str]:
    return trail.reads.commits_on(runs_on(known.rowids), trail.limit)


def below_tracked(trail: Trail, one: DataVersion, depth: int) -> dict[str, Any]:
    """What stages made of a version, and the datasets of runs that it is."""
    subject = written("dataset", one.name, one.digest)
    made = trail.reads.made_of(one.digest, trail.limit)
    outputs = (
        tracked_node(other, link=trail.join(subject, written("dataset", other.name, other.digest), "read", "digest"))
        for other in made
        if not other.is_gone
    )
    return {"children": (*outputs, *_logged(trail, one, subject, depth))}


def _logged(trail: Trail, one: DataVersion, subject: str, depth: int) -> Iterator[Node]:
    declared = [name for tool, name in same_names(trail.identities, DVC, one.name) if tool == "mlflow"]
    candidates = (
        *trail.reads.data_of_digest(one.digest), *trail.reads.data_called(declared or [one.name], 4 * trail.limit)[0],
    )  # fmt: skip
    for known in dict.fromkeys(candidate.rowids for candidate in candidates):
        data = next(candidate for candidate in candidates if candidate.rowids == known)
        for other, by in _same(trail, data.data, _commits(trail, data)):
            if (other.name, other.digest) == (one.name, one.digest):
                yield _logged_node(trail, data, subject, by, depth)


def _logged_node(trail: Trail, known: KnownData, of: str, by: By, depth: int) -> Node:
    subject = written("dataset", known.data.name, known.data.digest)
    link = trail.join(of, subject, "same", by)
    if depth <= 1 or not trail.enter(subject, "down"):
        return data_node(known.data, link)
    runs = runs_of(trail, runs_on(known.rowids), subject, "used", "digest", depth - 1)
    return data_node(known.data, link, **runs)
