"""The lines of a lineage, drawn: a name, words that tell more, by what it is joined, and trouble at the right edge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TypeAlias
from urllib.parse import unquote

from ..app.lineage.tree import UNKNOWN, Lineage, Node
from ..app.text import cells, clip, fit, one_line
from ..widgets.figures import age, count, moment
from ..widgets.line import Piece
from ..widgets.status import FAILED, glyph, sign
from .lineage_tree import Row, worst_first

MARK = 27
"""Cells that a mark at the right edge has at least."""

Mark: TypeAlias = tuple[tuple[str, ...], str]
"""What stands at the right edge, in as many words as there may be room for, the most first; and its role."""

NAME = 20
"""Cells that a name has at least before words go."""

LONGEST = 60
"""Cells of a name at most, and of a word."""

QUIET = ("good", "dim")
"""Roles of states that a row with a word of its own does not tell at the right edge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ink:
    """What the rows are drawn with."""

    lineage: Lineage | None = None
    now: int
    zone: tzinfo
    edge: int = 0
    """The column where marks begin."""


def edge_of(rows: Sequence[Row], width: int, ink: Ink) -> int:
    """Where marks begin, so that they stand below each other: beside the longest line that has one."""
    marked = [(row, mark) for row in rows if row.node is not None and (mark := mark_of(row, ink))]
    longest = max(
        (cells(row.guide) + sum(cells(text) for text, _ in said_of(row, ink)) for row, _ in marked), default=0
    )
    shortest = max((cells(texts[-1]) for _, (texts, _) in marked), default=0)
    return max(min(longest + 3, width - max(MARK, min(shortest, width * 2 // 5))), width // 3)


def draw(row: Row, width: int, ink: Ink) -> list[Piece]:
    """A line in `width` cells."""
    if row.kind in ("gap", "heading", "remark"):
        return [("  " * (row.kind == "remark") + row.note, "title" if row.kind == "heading" else "dim")]
    if row.kind == "more" or row.node is None:
        return [(row.guide, "rule"), (fit(row.note, max(1, width - cells(row.guide))), "dim")]
    mark = mark_of(row, ink)
    room = width - cells(row.guide)
    if mark is None:
        return [*_guide(row), *_fitted(said_of(row, ink), room)]
    begins = max(1, min(max(NAME, ink.edge - cells(row.guide) - 2), room - 4))
    left = _fitted(said_of(row, ink), begins)
    used = sum(cells(text) for text, _ in left)
    texts, role = mark
    for_mark = max(0, room - begins - 2)
    text = next((text for text in texts if cells(text) <= for_mark), fit(texts[-1], for_mark))
    return [*_guide(row), *left, (" " * (begins + 2 - used), "text"), (text, role)]


def _guide(row: Row) -> list[Piece]:
    return [(row.guide, "rule")] if row.guide else []


def _fitted(pieces: Sequence[Piece], room: int) -> list[Piece]:
    """A name with the words that there is room for: whole ones, from the left; the last of them may be cut."""
    made: list[Piece] = []
    for place, (text, role) in enumerate(pieces):
        if place and cells(text) > room and room < 12:
            break
        made.append((fit(text, max(0, room)), role))
        room -= cells(made[-1][0])
    return made


# -- what is said of a node -----------------------------------------------------------------------------------------


def said_of(row: Row, ink: Ink) -> list[Piece]:
    """Its name and the words that tell more, the most telling first, each as a piece."""
    node = row.node
    assert node is not None
    is_known = node.subject != UNKNOWN and not (node.subject == "" and node.state == "unknown")
    name = name_of(node) if is_known else f"{glyph('unknown')} {name_of(node)}"
    role = "bright" if row.kind == "root" else "text" if is_known else "dim"
    made: list[Piece] = [(name, role)]
    by = node.link.by if node.link is not None and is_known else "id"
    if by != "id":  # before the other words: it is what makes a link weak or sure
        made.append((f" ({by})", "warn" if by == "name" else "dim"))
    made += [(f"  {fit(one_line(word), LONGEST)}", "dim") for word in node.words if word]
    if node.at is not None and row.kind != "root":
        made.append((f"  {age(node.at, ink.now)}", "dim"))
    if row.fold == "closed" and (row.hidden or node.more):
        made.append((f"  ▸ {count(sum(1 for _ in node.walk()) - 1 + node.more)} folded", "accent"))
    return made


def name_of(node: Node) -> str:
    """`run brave-cod-214`, `churn@champion`: what it is and what it is called."""
    is_said = node.kind in ("alias", "tree") or node.title.startswith(f"{node.kind} ")
    return f"{'' if is_said else node.kind} {clip(node.title, LONGEST)}".strip()


# -- trouble at the right edge --------------------------------------------------------------------------------------


def mark_of(row: Row, ink: Ink) -> Mark | None:
    """What stands at the right edge of a row: its own trouble, else the worst of what is folded away below it."""
    node = row.node
    assert node is not None
    if row.kind == "root":
        return summary(ink.lineage) if ink.lineage is not None else None
    own = _own(node, ink)
    if own is None and ink.lineage is not None and node.subject in ink.lineage.at_risk and puts_at_risk(ink.lineage):
        own = (f"{glyph('warn')} at risk",), "warn"
    below = _told(worst_first(one for hidden in row.hidden for one in hidden.walk()), row.hidden_more, ink)
    if own is None or (below is not None and own[1] in QUIET):
        return below or own
    return own


def _own(node: Node, ink: Ink) -> Mark | None:
    """How a thing stands. A run that finished or a version that is ready is no news."""
    role = sign(node.state).role
    is_judged = node.kind in ("check", "result", "pipeline", "job")
    if not node.state or node.subject == UNKNOWN or (role in QUIET and not is_judged):
        return None
    return _since(f"{glyph(node.state)} {word_of(node.state)}", node, ink), role


def word_of(state: str) -> str:
    """A status or an outcome as it is said of one thing."""
    return {"error": "could not run", "fail": "fails", "pass": "passes", "warn": "warns"}.get(
        state, state.replace("_", " ")
    )


def _told(nodes: Sequence[Node], more: int, ink: Ink) -> Mark | None:
    """What was said of a thing, in a few words: the worst by its name, or how many are good."""
    if not nodes:
        return None
    good = [node for node in nodes if sign(node.state).role == "good"]
    if good and sign(nodes[0].state).role == "dim":
        nodes = good  # what was cancelled or skipped says less than what passed
    worst, number = nodes[0], len(nodes) + more
    role, lead = sign(worst.state).role, f"{glyph(worst.state)} "
    if role == "good" and number > 1:
        return (f"{lead}{_several(nodes, more)}",), role
    words = f" {one_line(worst.words[0])}" if worst.kind == "pipeline" and worst.words and role == "good" else ""
    texts = _since(f"{lead}{clip(worst.title, LONGEST)}{words}", worst, ink)
    return ((f"{texts[0]}  +{count(number - 1)}", *texts) if number > 1 else texts), role


def _several(nodes: Sequence[Node], more: int) -> str:
    kinds = list(dict.fromkeys(node.kind for node in nodes))
    if len(kinds) > 1 and more:
        return f"{count(len(nodes) + more)} good"
    numbers = {kind: sum(node.kind == kind for node in nodes) + more * (len(kinds) == 1) for kind in kinds}
    return ", ".join(f"{count(number)} {kind}{'s' * (number != 1)}" for kind, number in numbers.items())


def _since(text: str, node: Node, ink: Ink) -> tuple[str, ...]:
    """With since when that is so, exactly where there is room."""
    if node.since is None:
        return (text,)
    return (f"{text} since {moment(node.since, ink.now, ink.zone)}", f"{text} {age(node.since, ink.now)}")


def summary(lineage: Lineage) -> Mark | None:
    """What stands at the right edge of the thing itself: how it stands, and checks that fail, its own or upstream."""
    root, number, dumb = lineage.root, len(lineage.failing), len(lineage.could_not_run)
    where = "" if any(one.kind in ("check", "result") and _is_bad(one) for one in root.asides) else " upstream"
    said = [f"{count(number)} failing check{'s' * (number != 1)}{where}"] if number else []
    if dumb:
        said.append(f"{count(dumb)} could not run" if said else f"{count(dumb)} could not run{where}")
    own = sign(root.state).role
    if root.state and own not in QUIET:
        return tuple(f"{glyph(root.state)} {', '.join([word_of(root.state), *said[:n]])}" for n in (2, 1, 0)), own
    if not said:
        return None
    state = "fail" if number else "error"
    return tuple(f"{glyph(state)} {', '.join(said[:n])}" for n in (2, 1)), sign(state).role


def _is_bad(node: Node) -> bool:
    return sign(node.state).role == "bad"


def stakes(lineage: Lineage) -> list[Piece]:
    """Who is at risk, and what runs on it: what stands beside the name of the thing."""
    made: list[Piece] = []
    if lineage.at_risk:
        first = clip(unquote(champions_first(lineage.at_risk)[0].partition("/")[2]), 40)
        more = len(lineage.at_risk) - 1
        named = f"{first} +{count(more)}" if more else first
        is_bad = puts_at_risk(lineage)
        made.append(
            (f"   {glyph('warn')} {named} at risk" if is_bad else f"   feeds {named}", "warn" if is_bad else "text")
        )
    if lineage.running:
        made.append((f"   {glyph('running')} {count(lineage.running)} running", "run"))
    return made


def champions_first(aliases: Sequence[str]) -> list[str]:
    """Written subjects of aliases, those in use before those that only challenge."""
    return sorted(aliases, key=lambda alias: not alias.endswith("@champion"))


def puts_at_risk(lineage: Lineage) -> bool:
    """Whether what came of it has to fear something: it or what it came from fails. What could not run says nothing."""
    return bool(lineage.failing) or any(sign(one.state) is FAILED for one in (lineage.root, *lineage.root.asides))
