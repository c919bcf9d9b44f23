"""A thing that was found in the cache, with what lies above and below it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from .tree import Node


class Around(NamedTuple):
    """What a lineage is put together from."""

    root: Node
    above: tuple[Node, ...] = ()
    below: Mapping[str, Any] = {}
    """The fields of a node for what came of it: children, more, more_of."""
    running: int = 0
