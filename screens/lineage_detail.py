"""What is known of one row of a lineage, as lines: all its words, by what it is joined, what was said of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..app.lineage.tree import KINDS, UNKNOWN, Node
from ..app.text import clip, one_line
from ..widgets.figures import age, count, moment
from ..widgets.line import Piece
from ..widgets.status import glyph, sign, worded
from .lineage_lines import Ink, name_of
from .lineage_tree import Row, worst_first
from .run_details import Lines, wrap

BY: Final = {
    "id": "one names the other by its id",
    "digest": "the content is the same, by its digest",
    "declared": "[[datasets]] of the settings says that these are one dataset",
    "name": "nothing but the name is the same: no gate passes by this",
}
"""What each way to be joined is worth."""

MOST = 40
"""Things that are listed."""


def detail(row: Row, ink: Ink, width: int) -> Lines:
    """The lines on a row, in `width` cells."""
    node = row.node
    if node is None:
        return [[(f" {row.note}", "text")]]
    return [[*line] for line in _lines(node, ink, max(20, width - 2))]


def _lines(node: Node, ink: Ink, width: int) -> Iterator[list[Piece]]:
    is_known = node.subject != UNKNOWN
    lead = "" if is_known else f"{glyph('unknown')} "
    yield [(f" {lead}{clip(name_of(node), width)}", "bright" if is_known else "dim")]
    if node.state and is_known:
        state, role = worded(node.state)
        since = f"   since {moment(node.since, ink.now, ink.zone)} ({age(node.since, ink.now)})" if node.since else ""
        yield [(f" {state}", role), (since, "text")]
    if node.at is not None:
        yield [(f" {moment(node.at, ink.now, ink.zone)} ({age(node.at, ink.now)})", "dim")]
    for word in node.words:
        for line in wrap(one_line(word), width):
            yield [(f" {line}", "text")]
    yield from _joined(node, width)
    yield from _said(node, ink, width)
    yield from _below(node)


def _joined(node: Node, width: int) -> Iterator[list[Piece]]:
    link = node.link
    if link is None:
        return
    yield []
    yield [(" joined by ", "dim"), (link.by if link.known else "nothing that is known", "text")]
    says = KINDS.get(link.kind, link.kind)
    for line in wrap(f"{says}; {BY[link.by]}" if link.known else f"{says}; which one is not known", width):
        yield [(f" {line}", "dim")]


def _said(node: Node, ink: Ink, width: int) -> Iterator[list[Piece]]:
    """What was said of it, the worst first."""
    if not node.asides:
        return
    yield []
    yield [(" said of it", "bright"), (f"  {count(len(node.asides) + node.asides_more)}", "dim")]
    for one in worst_first(node.asides)[:MOST]:
        since = f"   since {moment(one.since, ink.now, ink.zone)}" if one.since is not None else ""
        word = f"   {one_line(one.words[0])}" if one.words else ""
        text = clip(f"{name_of(one)}{word}{since}", width - 2)
        yield [(f" {glyph(one.state)} ", sign(one.state).role), (text, "text")]
    more = len(node.asides) - MOST if len(node.asides) > MOST else 0
    if more + node.asides_more:
        yield [(f"   and {count(more + node.asides_more)} more", "dim")]


def _below(node: Node) -> Iterator[list[Piece]]:
    if node.more:
        least = "at least " if node.at_least else ""
        yield []
        yield [(f" and {least}{count(node.more)} more {node.more_of}".rstrip(), "dim")]
