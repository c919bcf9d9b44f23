"""The columns of a table of groups. Cells are pure functions of a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..app.folds import STATES, best_of, called, left_out, metric_field, word
from ..app.query import Field, as_number
from ..app.store.groups import Group, Groups, Spread
from ..app.store.labels import PARENT
from ..app.text import cells, clip
from ..widgets.figures import count, figure
from ..widgets.line import Piece
from ..widgets.record_table import Column
from ..widgets.status import WARNING, glyph, sign

WIDEST_KEY = 24
SPREAD = 18
"""Cells of `0.9312 ± 0.0041 ▲`, with room for a sign and an exponent."""
RANGE = 17
_SD = 8


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as the table holds it."""

    number: int
    group: Group
    words: tuple[str, ...]
    """What its keys say: foreign text, exact."""


def rows_of(groups: Groups, numbers: Iterable[int]) -> list[GroupRow]:
    """The rows of these groups."""
    return [
        GroupRow(number, group, tuple(word(groups, at, value) for at, value in enumerate(group.values)))
        for number in numbers
        for group in (groups[number],)
    ]


class GroupRows:
    """All groups in an order; a row is made when it is on the screen."""

    def __init__(self, groups: Groups, order: Sequence[int]) -> None:
        self.groups = groups
        self.order = order

    def count(self) -> int:
        """How many groups there are."""
        return len(self.order)

    def rows(self, start: int, stop: int) -> list[GroupRow | None]:
        """These groups."""
        return [*rows_of(self.groups, self.order[start:stop])]

    def key(self, index: int) -> str | None:
        """What its runs share."""
        return repr(self.groups.values[self.order[index]]) if 0 <= index < len(self.order) else None

    def depth(self, index: int) -> int:
        """The list is flat."""
        return 0

    def context(self, index: int) -> bool:
        """All of them match."""
        return False


# -- cells


def spread_text(spread: Spread) -> str:
    """`0.9312 ± 0.0041`, with ▲ where values were left out.

    The deviation has the decimals of the mean, or two digits where those would say 0.
    """
    if spread.mean is None:
        return ""
    mean = figure(spread.mean)
    return f"{mean} ± {(deviation(mean, spread.sd) + _mark(spread)).ljust(_SD)}"


def _mark(spread: Spread) -> str:
    """That something was left out: the line below the table says what."""
    return f" {WARNING.glyph}" if spread.nan or spread.infinite else ""


def deviation(mean: str, sd: float | None) -> str:
    """The standard deviation beside its mean."""
    if sd is None:
        return "–"
    decimals = len(mean.partition(".")[2]) if "e" not in mean else 0
    if not decimals or sd >= 1e5:
        return figure(sd)
    return f"{sd:.{decimals}f}" if sd == 0 or sd >= 10**-decimals else f"{sd:.1e}"


def _spread(metric: Field) -> Callable[[GroupRow], Piece]:
    def cell(row: GroupRow) -> Piece:
        spread = row.group.spreads.get(metric)
        if spread is None:
            return "…" + " " * (_SD + 2), "dim"
        if spread.mean is None:
            return (left_out(spread).removesuffix(" left out") or "–") + " " * _SD, "warn" if left_out(
                spread
            ) else "dim"
        return spread_text(spread), "warn" if spread.nan or spread.infinite else "text"

    return cell


def _best(metric: Field, better: bool) -> Callable[[GroupRow], Piece]:
    def cell(row: GroupRow) -> Piece:
        spread = row.group.spreads.get(metric)
        best = best_of(spread, better) if spread else None
        return ("…" if spread is None else "" if best is None else figure(best)), "text" if spread else "dim"

    return cell


def _range(metric: Field) -> Callable[[GroupRow], Piece]:
    def cell(row: GroupRow) -> Piece:
        spread = row.group.spreads.get(metric)
        if spread is None or spread.low is None or spread.high is None:
            return ("…" if spread is None else ""), "dim"
        return f"{figure(spread.low)} … {figure(spread.high)}", "text"

    return cell


def _key(at: int) -> Callable[[GroupRow], Piece]:
    def cell(row: GroupRow) -> Piece:
        known = row.group.values[at] is not None
        return (clip(row.words[at], WIDEST_KEY) or "(empty)"), "text" if known else "dim"

    return cell


def _count(row: GroupRow) -> Piece:
    return count(row.group.count), "text"


def _ended(status: str) -> Callable[[GroupRow], Piece]:
    def cell(row: GroupRow) -> Piece:
        number = row.group.states.get(status)
        return (f"{glyph(status)} {count(number)}" if number else ""), sign(status).role

    return cell


# -- columns


def column(
    key: str, by: Sequence[Field], widths: Mapping[str, int], better: Mapping[str, bool]
) -> Column[GroupRow] | None:
    """The column of a word; None where it means nothing in this fold."""
    words = [called(field) for field in by]
    if key in words:
        title = clip(key.partition(".")[2] or key, WIDEST_KEY)
        width = max(widths.get(key, 8), cells(title))
        at = words.index(key)
        right = widths.get(f"{key} numeric", 0) == 1
        return Column(key=key, title=title, cell=_key(at), width=width, right=right, rank=0 if at == 0 else 1)
    if key == "n":
        return Column(key=key, title="n", cell=_count, width=5, right=True, rank=0)
    if key in STATES:
        return Column(key=key, title=key, cell=_ended(key), width=max(7, len(key)), right=True, rank=2)
    metric = metric_field(key)
    if metric is None:
        return None
    title, kind = clip(key.partition(".")[2], 15), key.partition(".")[0]
    if kind == "metrics":
        return Column(key=key, title=title + " " * (_SD - 5), cell=_spread(metric), width=SPREAD, right=True, rank=3)
    direction = better.get(metric.name)
    if direction is not None:
        return Column(key=key, title="best", cell=_best(metric, direction), width=8, right=True, rank=3)
    return Column(key=key, title="min … max", cell=_range(metric), width=RANGE, right=True, rank=3)


def words_of(by: Sequence[Field], metrics: Iterable[str]) -> list[str]:
    """The columns of a fold that nobody arranged. `metrics`: words such as `metrics.auc`."""
    found = [called(field) for field in by] + ["n", "failed", "running"]
    for key in metrics:
        found += [key, f"best.{key.partition('.')[2]}"]
    return found


def widths_of(groups: Groups, order: Sequence[int]) -> dict[str, int]:
    """How wide the keys are in the first of the groups, and whether they are numbers (1)."""
    found: dict[str, int] = {}
    some = rows_of(groups, order[:200])
    for at, field in enumerate(groups.by):
        key = called(field)
        texts = [row.words[at] for row in some]
        found[key] = min(WIDEST_KEY, max((cells(clip(text, WIDEST_KEY)) for text in texts), default=6))
        known = [value for row in some if (value := row.group.values[at]) is not None]
        numeric = field != PARENT and all(as_number(value) is not None for value in known)
        found[f"{key} numeric"] = int(numeric and bool(known))
    return found
