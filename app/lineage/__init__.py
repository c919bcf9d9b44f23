"""What a thing came from and what came of it: commit, data, run, model, version, alias, pipeline and checks.

`trace` reads it from the cache: a tree both ways, and every link flat with what proves it.
"""

from __future__ import annotations

from .trace import DEPTH, LIMIT, TRACED, trace
from .tree import KINDS, SUREST, UNKNOWN, By, Lineage, Link, Node

__all__ = ["DEPTH", "KINDS", "LIMIT", "SUREST", "TRACED", "UNKNOWN", "By", "Lineage", "Link", "Node", "trace"]
