"""A lineage as text: a tree both ways that fits 80 columns, trouble at the right edge. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from ..records import Millis
from ..text import cells, clip, fit, one_line
from .tree import UNKNOWN, Lineage, Node

GLYPHS: Final = {
    "passed": "●", "pass": "●", "warn": "▲", "fail": "✖", "failed": "✖", "error": "!", "running": "▶", "queued": "○",
    "waiting": "‖", "skipped": "–", "cancelled": "–", "killed": "–", "deleted": "–", "pending": "○",
    "good": "●", "bad": "✖", "burning": "✖", "nan": "!", "stale": "▲",
}  # fmt: skip
"""Any other word is not known, and is drawn so."""
NOT_KNOWN: Final = "◌"
WORDS: Final = {"fail": "fails", "error": "could not run", "pass": "passes", "warn": "warns"}
_QUIET: Final = frozenset({"", "finished", "unknown"})
"""States of a thing that are no news."""
MARK: Final = 32
"""Cells that marks at the right edge have at least."""
LONGEST: Final = 50
"""Cells of one word."""


class _Drawn(NamedTuple):
    left: str
    marks: tuple[str, ...] = ()
    """What stands at the right edge, in as many words as there may be room for, the most first."""


def lines(lineage: Lineage, now: Millis, width: int = 80) -> list[str]:
    """The lines of the tree, each at most `width` cells and safe to print.

    What it came from stands first; what came of it is led to by an arrow. An alias and its version are one line.
    """
    root, above = _folded(lineage)
    drawn = [_Drawn(_title(root), _root_marks(lineage, now)), *_asides(root, "    ", now)]
    branches = [*((node, "─") for node in above), *((node, "→") for node in lineage.downstream)]
    for at, (node, way) in enumerate(branches):
        is_last = at == len(branches) - 1 and not lineage.more
        drawn += _branch(node, "", is_last, way, now)
    if lineage.more:
        drawn.append(_Drawn(f"└→ {_more(lineage.more, lineage.more_of)}"))
    edge = _edge(drawn, width)
    return [_line(one, width - 1, edge) for one in drawn]


def _folded(lineage: Lineage) -> tuple[Node, Sequence[Node]]:
    """An alias stands for its version: what lies above the version is drawn above the alias."""
    if lineage.root.kind != "alias":
        return lineage.root, lineage.upstream
    facts = [node for node in lineage.upstream if node.kind != "version"]
    above = [one for node in lineage.upstream if node.kind == "version" for one in node.children]
    return lineage.root, [*above, *facts]


def _branch(node: Node, guide: str, is_last: bool, way: str, now: Millis) -> Iterator[_Drawn]:
    corner = "└" if is_last else "├"
    if node.kind == "tree":
        yield _Drawn(f"{guide}{' ' if is_last else '│'} {_said(node)}")
        return
    yield _Drawn(f"{guide}{corner}{way} {_said(node)}{_when(node, now)}", _marks(node, now))
    below = guide + ("   " if is_last else "│  ")
    yield from _asides(node, below + ("│  " if node.children or node.more else "   "), now)
    for at, child in enumerate(node.children):
        yield from _branch(child, below, at == len(node.children) - 1 and not node.more, way, now)
    if node.more:
        yield _Drawn(f"{below}└{way} {_more(node.more, node.more_of)}")


def _asides(node: Node, guide: str, now: Millis) -> Iterator[_Drawn]:
    """Of what was said of a thing all that is bad, but for the worst, which stands at the right edge."""
    bad = [one for one in node.asides if one.state in ("fail", "failed", "error")]
    for one in bad[1:]:
        yield _Drawn(f"{guide} {_said(one)}", _marks(one, now))


_ONE: Final = {"runs": "run", "versions": "version", "copies": "copy", "jobs": "job", "child runs": "child run"}


def _more(count: int, of: str) -> str:
    return f"… and {count:,} more {_ONE.get(of, of) if count == 1 else of}".replace(",", " ")


# -- what is said of a node ---------------------------------------------------------------------------------------


def _title(node: Node) -> str:
    kind = "" if node.kind in ("alias",) else f"{_kind(node)} "
    words = "  ".join(clip(one_line(word), LONGEST) for word in node.words if word)
    return f"{kind}{clip(node.title, LONGEST)}" + (
        f" {words}" if node.kind == "alias" else f"  {words}" if words else ""
    )


def _kind(node: Node) -> str:
    return {"version": "model"}.get(node.kind, node.kind)


def _said(node: Node) -> str:
    """`commit 4f2c91a "relax null check"  bo`, `data orders@77ab  training (digest)`."""
    name = clip(node.title, LONGEST)
    words = [clip(one_line(word), LONGEST) for word in node.words if word]
    if node.kind == "tree":
        return name
    if node.subject == UNKNOWN or (not node.subject and node.state == "unknown"):
        return "  ".join([f"{NOT_KNOWN} {name}", *words])
    if node.kind == "params":
        return " · ".join([f"params {name}", *words])
    if node.kind == "commit" and len(words) > 1:
        words = [f'"{words[0]}"', *words[1:]]
        return f"commit {name} {'  '.join(words)}"
    if node.kind == "data" and words and words[0].partition(" ")[0] == "dvc":
        return f"{words[0]}{' →' if ' ' in words[0] else ''} {name}{_by(node)}"
    kind = "" if node.kind == "alias" else f"{_kind(node)} "
    return "  ".join([f"{kind}{name}{_by(node)}", *words])  # first, since it is what makes a link weak or sure


def _by(node: Node) -> str:
    return f" ({node.link.by})" if node.link is not None and node.link.by != "id" else ""


def _when(node: Node, now: Millis) -> str:
    return "" if node.at is None or node.kind in ("commit", "data", "alias", "experiment") else f"  {age(node.at, now)}"


def age(at: Millis, now: Millis) -> str:
    """An age in words: now, 4 min, 3 h, 12 d."""
    minutes = max(now - at, 0) // 60_000
    if minutes < 60:
        return f"{minutes} min" if minutes else "now"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} d"


# -- trouble ------------------------------------------------------------------------------------------------------


def _marks(node: Node, now: Millis) -> tuple[str, ...]:
    """Its own state where that is news, else the worst that was said of it."""
    if node.kind in ("check", "result", "pipeline", "job") or (node.state not in _QUIET and not node.asides):
        said = f"{_glyph(node.state)} {WORDS.get(node.state, clip(node.state, LONGEST))}"
        return () if node.subject == UNKNOWN or not node.state else _since(said, node, now)
    if not node.asides:
        return ()
    worst, others = node.asides[0], len(node.asides) - 1 + node.asides_more
    if worst.state == "pass" and others:
        return (f"● {node.told.get('pass', 0)} checks pass",)  # what the lineage is of is told, and no aside
    words = (
        f" {one_line(worst.words[0])}" if worst.kind == "pipeline" and worst.words and worst.state == "passed" else ""
    )
    found = _since(f"{_glyph(worst.state)} {clip(worst.title, LONGEST)}{words}", worst, now)
    return (f"{found[0]}  +{others}", *found) if others else found


def _since(said: str, node: Node, now: Millis) -> tuple[str, ...]:
    if node.since is None:
        return (said,)
    return f"{said} since {age(node.since, now)}", f"{said} {age(node.since, now)}", said


def _glyph(state: str) -> str:
    return GLYPHS.get(state, NOT_KNOWN)


def _root_marks(lineage: Lineage, now: Millis) -> tuple[str, ...]:
    """How a check or what ran stands; of other things what fails upstream."""
    own = _marks(lineage.root, now)
    return own if own and lineage.root.kind in ("check", "result", "pipeline", "job") else _summary(lineage) or own


def _summary(lineage: Lineage) -> tuple[str, ...]:
    """The one thing to know: checks that fail upstream, who is at risk."""
    if count := len(lineage.failing):
        return (f"✖ {count} failing {'check' if count == 1 else 'checks'} upstream",)
    if lineage.could_not_run:
        return (f"! {len(lineage.could_not_run)} upstream could not run",)
    return (f"▶ {lineage.running:,} running".replace(",", " "),) if lineage.running else ()


# -- one line -------------------------------------------------------------------------------------------------------


def _edge(drawn: Sequence[_Drawn], width: int) -> int:
    """The column where marks begin: beside the longest line that has one, as far as that leaves them room."""
    longest = max((cells(one.left) for one in drawn if one.marks), default=0)
    return min(longest + 2, max(width - MARK, width // 2))


def _line(one: _Drawn, width: int, edge: int) -> str:
    if not one.marks:
        return " " + fit(one.left, width)
    left, room = fit(one.left, edge - 2), width - edge
    mark = next((mark for mark in one.marks if cells(mark) <= room), one.marks[-1])
    return " " + fit(left + " " * (edge - cells(left)) + mark, width)
