"""From a subject to its lineage: which thing it is, and what is asked for above and below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from ..errors import UsageError
from ..records import Identities, Millis, Subject
from ..records.subject import article
from ..store.reading import Reader
from ..store.state import State
from .around_checks import around_check, around_result
from .around_models import around_alias, around_model
from .around_runs import around_commit, around_data, around_experiment, around_job, around_pipeline, around_run
from .found import Around
from .trail import Trail
from .tree import Lineage, Node

LIMIT: Final = 5
"""Things of one kind that are listed below one; the rest is counted."""
DEPTH: Final = 8
"""Steps away from the subject: from data to an alias it is five."""

_AROUND: Final[Mapping[str, Callable[[Trail, tuple[str, ...], int], Around | None]]] = {
    "run": around_run, "model": around_model, "alias": around_alias, "pipeline": around_pipeline, "job": around_job,
    "commit": around_commit, "dataset": around_data, "check": around_check, "result": around_result,
    "experiment": around_experiment,
}  # fmt: skip
TRACED: Final = frozenset(_AROUND)
"""Kinds of subjects that have a lineage."""


def trace(
    reader: Reader, subject: Subject, identities: Identities, *, now: Millis, state: State | None = None,
    limit: int = LIMIT, depth: int = DEPTH,
) -> Lineage | None:  # fmt: skip
    """What a thing came from and what came of it; None where the cache has no such thing.

    `identities`: what is declared to be one dataset. `state`: for aliases that no ledger explains. Some 10 ms, whatever
    the cache holds. Raises UsageError for a kind of subject that has no lineage.
    """
    around = _AROUND.get(subject.kind)
    if around is None:
        raise UsageError(f"There is no lineage of {subject}: {article(subject.kind)} is none of {', '.join(_AROUND)}.")
    trail = Trail(reader, identities, now, limit=limit, state=state)
    with reader.at_one_moment():
        found = around(trail, subject.parts, depth)
    return None if found is None else _lineage(trail, found)


def _lineage(trail: Trail, found: Around) -> Lineage:
    below: dict[str, Any] = dict(found.below)
    downstream = below.pop("children", ())
    is_check = found.root.kind in ("check", "result")
    checks = _checks(found.above if is_check else (found.root, *found.above))
    return Lineage(
        subject=found.root.subject, root=found.root, upstream=found.above, downstream=downstream,
        links=tuple(trail.links.values()), failing=tuple(checks["fail"]), could_not_run=tuple(checks["error"]),
        at_risk=tuple(dict.fromkeys(one.subject for node in downstream for one in node.walk() if one.kind == "alias")),
        running=found.running, **below,
    )  # fmt: skip


def _checks(nodes: tuple[Node, ...]) -> dict[str, dict[str, None]]:
    """Checks that fail and that could not run, each once."""
    found: dict[str, dict[str, None]] = {"fail": {}, "error": {}}
    for node in (one for top in nodes for one in top.walk()):
        if node.kind == "check" and node.state in found:
            found[node.state][node.subject] = None
    return found
