"""Of which kinds there may be something new to show since the last look at the cache."""

from __future__ import annotations

from typing import NamedTuple

from ..app.store.reading import Content


class Changed(NamedTuple):
    """A kind a field, as the cache counts them."""

    runs: bool = False
    commits: bool = False
    pipelines: bool = False
    logs: bool = False
    models: bool = False
    promotions: bool = False
    checks: bool = False
    data: bool = False
    monitors: bool = False
    infra: bool = False
    notes: bool = False


def changed(before: Content | None, now: Content | None) -> Changed:
    """What changed between two looks; everything where one of them is not known."""
    if before is None or now is None:
        return Changed(*(True for _ in Changed._fields))
    return Changed(**{kind: getattr(before, kind) != getattr(now, kind) for kind in Changed._fields})
