"""What a lineage is made of: things, and what joins them. The shape that screens draw and scripts get."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal, TypeAlias

from ..records import Millis, Record

By: TypeAlias = Literal["id", "digest", "declared", "name"]
"""By what two things are joined, the surest first. id: one names the other; digest: the same content, of data or of a
commit; declared: [[datasets]] says so; name: they are called the same and nothing else speaks for it."""
SUREST: Final[tuple[By, ...]] = ("id", "digest", "declared", "name")

UNKNOWN: Final = "unknown"
"""The subject of what is not known: nothing can be opened there."""


class Link(Record, frozen=True, kw_only=True):
    """What joins two things: of `from_` came `to`. Both are written subjects, or UNKNOWN."""

    from_: str
    to: str
    kind: str
    """What became of one in the other: ran, used, registered ... see KINDS."""
    by: By
    known: bool = True
    """False: that there must be such a thing is clear, and which is not."""


KINDS: Final = {
    "ran": "a run or pipeline ran on a commit",
    "wrote": "a commit or stage wrote a version of data",
    "read": "a stage read a version of data",
    "same": "two tools hold one version of data",
    "used": "a run used a version of data",
    "measured": "a model was measured on a version of data",
    "nested": "a run has a child run",
    "holds": "an experiment holds a run, or a model a version",
    "registered": "a version was registered of a run",
    "copied": "a version is a copy of another",
    "shown": "an alias points at a version",
    "served": "what an alias points at is served",
    "job": "a pipeline has a job",
    "checked": "something was checked by a check",
    "result": "a check gave a result",
}
"""Kinds of links, each from what was first to what came of it."""


class Node(Record, frozen=True, kw_only=True):
    """A thing in a lineage, with what lies beyond it. Texts are exact: whoever shows them makes them safe."""

    subject: str
    """As it is written: run/4f2c. UNKNOWN for what is not known, "" for a mere fact about the node above it."""
    kind: str
    """run, commit, data, version, model, alias, pipeline, job, check, result, experiment, serving;
    of facts: params, tree, moved, and (how many are not listed)."""
    title: str
    """What people call it, without its kind: brave-cod-214, 4f2c91a, orders@77ab."""
    words: tuple[str, ...] = ()
    """More of it, the most telling first: who, the subject of a commit, a context ..."""
    state: str = ""
    """Status or outcome where it has one; `unknown` for what is not known."""
    at: Millis | None = None
    """When it came about."""
    since: Millis | None = None
    """Of a check that fails: since when."""
    link: Link | None = None
    """What joins it to the node above; None for the root and for facts."""
    asides: tuple[Node, ...] = ()
    """What was said of it: pipelines of a commit, checks of data; the worst first."""
    asides_more: int = 0
    """Further ones that are not listed."""
    told: Mapping[str, int] = {}
    """How many of all its checks ended how: outcome -> count."""
    children: tuple[Node, ...] = ()
    more: int = 0
    """Children beyond those, counted and not listed."""
    more_of: str = ""
    """What those would be: runs, versions."""
    at_least: bool = False
    """There may be still more than `more`."""

    @property
    def is_known(self) -> bool:
        """Whether there is something to open."""
        return self.subject not in ("", UNKNOWN)

    def walk(self) -> Iterator[Node]:
        """This node and all below it, asides too."""
        yield self
        for below in (*self.asides, *self.children):
            yield from below.walk()


class Lineage(Record, frozen=True, kw_only=True):
    """All that lies around one thing."""

    subject: str
    """What it is about, whole where only a beginning was asked for."""
    root: Node
    """The thing itself: its asides, and no children."""
    upstream: tuple[Node, ...] = ()
    """What it came from, each with what that came from."""
    downstream: tuple[Node, ...] = ()
    """What came of it."""
    more: int = 0
    """Of what came of it, counted and not listed ..."""
    more_of: str = ""
    """... and what that would be."""
    at_least: bool = False
    links: tuple[Link, ...] = ()
    """Every link once, flat, in the order of the tree."""
    failing: tuple[str, ...] = ()
    """Checks upstream that fail, by their subjects ..."""
    could_not_run: tuple[str, ...] = ()
    """... and those that could not run, which says nothing about the data."""
    at_risk: tuple[str, ...] = ()
    """Aliases that show what came of it, by their subjects."""
    running: int = 0
    """Runs on this data that run now."""

    def nodes(self) -> Iterator[Node]:
        """All nodes, the root first."""
        yield from self.root.walk()
        for node in (*self.upstream, *self.downstream):
            yield from node.walk()
