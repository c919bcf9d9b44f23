"""A lineage as rows: what stands in the tree, what is folded away, and the lines that lead to it. Pure functions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from ..app.lineage.tree import Lineage, Node
from ..widgets.figures import count
from ..widgets.status import glyph, sign

Path: TypeAlias = tuple[str, ...]
"""The part of the tree and the nodes that lead to a row, each by what tells it from its neighbours."""

Fold: TypeAlias = Literal["closed", "brief", "open"]
"""closed: what lies below is folded away. brief: what was said of it is told in a word at the right edge. open: all."""

Side: TypeAlias = Literal["both", "upstream", "downstream"]
SIDES: Final[tuple[Side, ...]] = ("both", "upstream", "downstream")

SIDE_TITLES: Final = {"upstream": "came from", "downstream": "led to"}
ASIDES: Final = {"check": "checks", "result": "checks", "pipeline": "ci", "job": "ci"}
"""What stands over what was said of the thing itself."""

_ORDER: Final = ("bad", "warn", "run", "dim", "good")
"""Roles of states, the worst first."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the tree."""

    kind: Literal["gap", "heading", "remark", "root", "node", "more"]
    path: Path
    node: Node | None = None
    guide: str = ""
    fold: Fold = "brief"
    hidden: tuple[Node, ...] = ()
    """What is folded away below it, the nearest first."""
    hidden_more: int = 0
    """Further ones that nobody listed."""
    note: str = ""

    @property
    def id(self) -> tuple[str, Path]:
        """What names it while the lineage changes."""
        return (self.kind, self.path)

    @property
    def is_row(self) -> bool:
        """Whether the cursor can stand on it."""
        return self.kind in ("root", "node", "more")

    @property
    def is_heading(self) -> bool:
        """Whether a part begins here."""
        return self.kind in ("heading", "root")


def rows_of(
    lineage: Lineage, *, side: Side = "both", folds: Mapping[Path, Fold] | None = None, needle: str = "",
    is_tall: bool = False,
) -> list[Row]:  # fmt: skip
    """Every line of the tree. `needle`: only nodes that hold each of its words, and what leads to them."""
    folds, words = folds or {}, needle.casefold().split()
    made = [Row("root", ("root",), lineage.root, fold=folds.get(("root",), "brief"))]
    for title, rows in _parts(lineage, side, folds, words):
        gap = [Row("gap", (title, "gap"))] if is_tall else []
        made += [*gap, Row("heading", (title,), note=title), *rows]
    if words and len(made) == 1:
        made.append(Row("remark", ("none",), note=f"nothing here holds “{needle}”"))
    return made


def _parts(
    lineage: Lineage, side: Side, folds: Mapping[Path, Fold], words: Sequence[str]
) -> Iterator[tuple[str, list[Row]]]:
    yield from _asides(lineage.root, folds, words)
    if side != "downstream":
        rows = list(_level(lineage.upstream, ("upstream",), "", folds, words))
        if rows or not words:
            yield SIDE_TITLES["upstream"], rows or [_nothing("upstream", "nothing is known that it came from")]
    if side != "upstream":
        more = (lineage.more, lineage.more_of, lineage.at_least)
        rows = list(_level(lineage.downstream, ("downstream",), "", folds, words, more))
        if rows or not words:
            yield SIDE_TITLES["downstream"], rows or [_nothing("downstream", "nothing is known that came of it")]


def _nothing(side: str, says: str) -> Row:
    return Row("remark", (side, "nothing"), note=f"{glyph('unknown')} {says}")


def _asides(root: Node, folds: Mapping[Path, Fold], words: Sequence[str]) -> Iterator[tuple[str, list[Row]]]:
    """What was said of the thing itself: what is not good, and the rest in a word unless it is unfolded."""
    is_open = folds.get(("root",)) == "open" or bool(words)
    for title in dict.fromkeys(ASIDES.get(one.kind, "said of it") for one in root.asides):
        own = [one for one in root.asides if ASIDES.get(one.kind, "said of it") == title]
        listed = [one for one in own if is_open or sign(one.state).role != "good"] or own[: 1 if len(own) == 1 else 0]
        rest = len(own) - len(listed) + (root.asides_more if title == _first_title(root) else 0)
        rows = list(_level(listed, (title,), "", folds, words, (0 if words else rest, "", False), root=True))
        if rows:
            yield title, rows


def _first_title(root: Node) -> str:
    return ASIDES.get(root.asides[0].kind, "said of it")


def _level(
    nodes: Sequence[Node], path: Path, guide: str, folds: Mapping[Path, Fold], words: Sequence[str],
    more: tuple[int, str, bool] = (0, "", False), *, root: bool = False,
) -> Iterator[Row]:  # fmt: skip
    """The nodes of one level with all below them. `more`: how many are not listed, of what, and whether at least."""
    found = [(step, node) for step, node in zip(_steps(nodes), nodes, strict=True) if _holds(node, words)]
    number, what, at_least = more if not words else (0, "", False)
    for place, (step, node) in enumerate(found):
        is_last = place == len(found) - 1 and not number
        yield from _branch(node, (*path, step), guide, is_last, folds, words)
    if number:
        least = "at least " if at_least else ""
        said = f"and {least}{count(number)} more {what}".rstrip()
        if root:
            said = f"{count(number)} more, none worse" if found else f"{glyph('pass')} {count(number)} good"
        yield Row("more", (*path, "more"), guide=f"{guide}└─ ", note=said)


def _steps(nodes: Sequence[Node]) -> Iterator[str]:
    """What tells each from its neighbours: what it is; and its number where there are several, as of unknown ones."""
    seen: Counter[str] = Counter()
    for node in nodes:
        name = f"{node.subject} {node.kind} {node.title}"
        yield f"{name} {seen[name]}" if seen[name] else name
        seen[name] += 1


def _branch(
    node: Node, path: Path, guide: str, is_last: bool, folds: Mapping[Path, Fold], words: Sequence[str]
) -> Iterator[Row]:
    """A node and what is shown below it."""
    # what is looked for is shown wherever it stands
    fold: Fold = folds.get(path, "brief") if not words else "open"
    below, hidden, hidden_more = _below(node, fold)
    yield Row("node", path, node, f"{guide}{'└─ ' if is_last else '├─ '}", fold, hidden, hidden_more)
    further = f"{guide}{'   ' if is_last else '│  '}"
    more = (node.more, node.more_of, node.at_least) if fold != "closed" else (0, "", False)
    yield from _level(below, path, further, folds, words, more)


def _below(node: Node, fold: Fold) -> tuple[Sequence[Node], tuple[Node, ...], int]:
    """What is shown below a node, what is not, and how many more nobody listed."""
    if fold == "open":
        return (*node.asides, *node.children), (), node.asides_more
    if fold == "brief":
        return node.children, node.asides, node.asides_more
    return (), (*node.asides, *node.children), node.asides_more


def _holds(node: Node, words: Sequence[str]) -> bool:
    """Whether a node, or one below it, holds all the words."""
    return not words or any(all(word in _text(one) for word in words) for one in node.walk())


def _text(node: Node) -> str:
    return " ".join((node.kind, node.title, *node.words, node.state, node.subject)).casefold()


# -- folding ------------------------------------------------------------------------------------------------------


def folded(row: Row) -> Fold | None:
    """What `left` makes of a row; None where there is nothing left to fold."""
    if row.node is None or row.kind == "more" or row.fold == "closed":
        return None
    if row.fold == "open" and row.node.asides:
        return "brief"
    return "closed" if row.kind == "node" and _has_below(row.node) else None


def unfolded(row: Row) -> Fold | None:
    """What `right` makes of a row; None where all of it is shown."""
    if row.node is None or row.kind == "more":
        return None
    if row.fold == "closed":
        return "brief"
    return "open" if row.fold == "brief" and row.node.asides else None


def turned(row: Row) -> Fold | None:
    """What Space makes of a row: more of it while there is more, then nothing, and so round."""
    further = unfolded(row)
    if further is not None or row.node is None or row.kind == "more" or not _has_below(row.node):
        return further
    return "closed" if row.kind == "node" else "brief"


def _has_below(node: Node) -> bool:
    return bool(node.asides or node.children or node.more)


def worst_first(nodes: Iterable[Node]) -> list[Node]:
    """Those that have a state, the worst first; of equal ones in their order."""
    return sorted((node for node in nodes if node.state), key=lambda node: _ORDER.index(_role(node.state)))


def _role(state: str) -> str:
    role = sign(state).role
    return role if role in _ORDER else "dim"
