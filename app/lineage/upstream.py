"""What things came from: an alias from its version, that from a run, that from a commit and from data."""

from __future__ import annotations

from collections.abc import Iterator

from ..comparison.rows import tree_state
from ..records import Dataset, Run
from ..store.models import VersionRow
from .checks import asides, ci_of, words_of_commit, words_of_run, words_on_data
from .data import tracked_above
from .nodes import commit_node, data_node, fact, run_node, unknown_node, version_node
from .params import params_fact
from .trail import Trail, written
from .tree import UNKNOWN, Node

COMMIT_TAGS = ("mlflow.source.git.commit", "git_commit")
"""Tags of a version that name its commit, where it has no run."""


def above_run(trail: Trail, run: Run, depth: int, before: VersionRow | None = None) -> tuple[Node, ...]:
    """Commit, data, params, and the run that it is part of. `before`: the version whose params it is compared with."""
    if depth <= 0:
        return ()
    return tuple(_above_run(trail, run, depth, before))


def _above_run(trail: Trail, run: Run, depth: int, before: VersionRow | None) -> Iterator[Node]:
    subject = written("run", run.id)
    if run.git_commit:
        tree = tree_state(run)
        state = {"tree clean": "", "tree state unknown": "unknown"}.get(tree, "warn")
        yield commit_above(trail, run.git_commit, subject, "ran", fact("tree", tree, state=state))
    else:
        link = trail.join(UNKNOWN, subject, "ran", "digest", known=False)
        yield unknown_node("commit", "commit unknown", link)
    yield from _data_of(trail, run, depth)
    yield params_fact(trail, run, before)
    if run.parent_id:
        yield _parent(trail, run.parent_id, subject)


def commit_above(trail: Trail, sha: str, of: str, kind: str, *facts: Node) -> Node:
    """The commit that something is of, with what ran on it and what was checked there."""
    commit = trail.reader.commit(sha)
    whole = commit.sha if commit else sha
    subject = written("commit", whole)
    link = trail.join(subject, of, kind, "digest")
    if not trail.enter(subject):
        return commit_node(whole, commit, link, children=facts)
    told = asides(trail, subject, words_of_commit(trail, whole), ci_of(trail, whole))
    return commit_node(whole, commit, link, children=facts, **told)


def _data_of(trail: Trail, run: Run, depth: int) -> Iterator[Node]:
    subject = written("run", run.id)
    if not run.datasets:
        link = trail.join(UNKNOWN, subject, "used", "digest", known=False)
        yield unknown_node("data", "no dataset was logged", link)
    for data in run.datasets[: 4 * trail.limit]:
        yield data_above(trail, data, subject, "used", run.git_commit, depth - 1)


def data_above(trail: Trail, data: Dataset, of: str, kind: str, commit: str | None, depth: int) -> Node:
    """A version of data that something was made of, with its checks and with what another tool has of it."""
    if not data.digest:
        link = trail.join(UNKNOWN, of, kind, "name", known=False)
        return unknown_node("data", f"{data.name}, digest unknown", link)
    subject = written("dataset", data.name, data.digest)
    link = trail.join(subject, of, kind, "digest")
    if not trail.enter(subject):
        return data_node(data, link)
    told = asides(trail, subject, words_on_data(trail, "mlflow", data))
    return data_node(data, link, children=tracked_above(trail, data, commit, depth), **told)


def _parent(trail: Trail, parent: str, child: str) -> Node:
    link = trail.join(written("run", parent), child, "nested", "id")
    run = trail.run(parent)
    if run is None:
        return Node(subject=link.from_, kind="run", title=parent, words=("not in the cache",), link=link)
    return run_node(run, link)


# -- versions


def above_version(trail: Trail, row: VersionRow, depth: int, before: VersionRow | None = None) -> tuple[Node, ...]:
    """What it is a copy of, else its run; and the data that the logged model was measured on."""
    if depth <= 0:
        return ()
    return tuple(_above_version(trail, row, depth, before))


def _above_version(trail: Trail, row: VersionRow, depth: int, before: VersionRow | None) -> Iterator[Node]:
    one = row.version
    subject = written("model", one.model, one.version)
    if one.copied_from is not None:
        yield _original(trail, row, *one.copied_from, depth - 1)
    run_id = one.run_id or (row.logged.run_id if row.logged else None)
    if run_id is not None:
        yield run_above(trail, run_id, subject, depth - 1, before, _logged(row))
    elif one.copied_from is None:
        link = trail.join(UNKNOWN, subject, "registered", "id", known=False)
        yield unknown_node("run", "run unknown: the registry names none", link)
    tagged = next((one.tags[tag] for tag in COMMIT_TAGS if one.tags.get(tag)), None)
    if tagged is not None and run_id is None:
        yield commit_above(trail, tagged, subject, "ran", fact("tree", "tree state unknown", state="unknown"))
    yield from _measured(trail, row, depth)


def _logged(row: VersionRow) -> tuple[str, ...]:
    return (f"logged as {row.version.model_id}",) if row.version.model_id else ()


def _original(trail: Trail, row: VersionRow, model: str, version: str, depth: int) -> Node:
    copy = written("model", row.version.model, row.version.version)
    subject = written("model", model, version)
    link = trail.join(subject, copy, "copied", "id")
    found = trail.version(model, version, row.version.source)
    if found is None:
        return Node(
            subject=subject, kind="version", title=f"{model} v{version}", words=("not in the cache",), link=link
        )  # fmt: skip
    children = above_version(trail, found, depth) if trail.enter(subject) else ()
    return version_node(found, link, children=children)


def run_above(
    trail: Trail, run_id: str, of: str, depth: int, before: VersionRow | None = None, words: tuple[str, ...] = ()
) -> Node:
    """The run that a version or a result is of."""
    kind = "registered" if of.startswith("model/") else "checked"
    subject = written("run", run_id)
    link = trail.join(subject, of, kind, "id")
    run = trail.run(run_id)
    if run is None:
        return Node(subject=subject, kind="run", title=run_id, words=("not in the cache",), state="unknown", link=link)
    node = run_node(run, link)
    if not trail.enter(subject):
        return node
    told = asides(trail, subject, words_of_run(trail, run_id))
    return run_node(run, link, children=above_run(trail, run, depth, before), **told)


def _measured(trail: Trail, row: VersionRow, depth: int) -> Iterator[Node]:
    """Data that the logged model was measured on, which its run need not have logged."""
    subject = written("model", row.version.model, row.version.version)
    metrics = row.logged.metrics if row.logged else ()
    named = {(one.dataset_name, one.dataset_digest) for one in metrics if one.dataset_name and one.dataset_digest}
    for name, digest in sorted(named, key=str)[: trail.limit]:
        if trail.enter(f"measured {name}@{digest}"):
            data = Dataset(name=str(name), digest=str(digest), context="measured on")
            yield data_above(trail, data, subject, "measured", None, depth - 1)
