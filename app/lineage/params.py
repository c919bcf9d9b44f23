"""How many params a run was given, and how many of them differ from those of another version."""

from __future__ import annotations

from ..records import Run
from ..store.model_events import called
from ..store.models import VersionRow
from .nodes import fact
from .trail import Trail
from .tree import Node


def params_fact(trail: Trail, run: Run, before: VersionRow | None) -> Node:
    """`12  2 differ from v13`; without a version to compare with the count alone."""
    words = (_differing(trail, run, before),) if before is not None else ()
    return fact("params", str(len(run.params)) if run.params else "none", *words)


def _differing(trail: Trail, run: Run, before: VersionRow) -> str:
    name = called(before.version.version)
    other = next(iter(trail.reader.runs([before.run])), None) if before.run is not None else None
    if other is None:
        return f"those of {name} are not known"
    count = sum(run.params.get(key) != other.params.get(key) for key in {*run.params, *other.params})
    if not count:
        return f"the same as {name}"
    return f"{count} {'differs' if count == 1 else 'differ'} from {name}"
