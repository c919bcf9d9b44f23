"""The two versions of a promotion: who made them, how old they are, what decides. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from ..app.promotion import Plan, Situation, Version
from ..app.promotion.measures import measures
from ..app.promotion.words import called, figure
from ..app.records import Dataset
from ..app.text import cells, clip, pad
from ..widgets.figures import age
from ..widgets.line import Piece

NAME, PERSON, METRIC, DATA = 12, 14, 20, 24
"""Cells of a version, of a person, of the name of a metric and of data, at most."""

METRICS: Final = 4
"""Of so many metrics the values are shown, where there is room."""


class Cell(NamedTuple):
    """What is said of a version in a column: a name for it, and the thing."""

    name: str
    text: str
    role: str = "text"

    @property
    def width(self) -> int:
        """Cells that it takes."""
        return cells(self.name) + cells(self.text) + (1 if self.name and self.text else 0)


class Column(NamedTuple):
    """The same of both versions. The one with the lowest rank is there first."""

    rank: int
    now: Cell
    next: Cell
    gap: int = 3

    @property
    def width(self) -> int:
        """Cells of it, and of the space before it."""
        return max(self.now.width, self.next.width) + self.gap


NOTHING: Final = Cell("", "")


def version_lines(
    plan: Plan, situation: Situation, width: int, now: int, better: Mapping[str, bool]
) -> tuple[list[Piece], list[Piece]]:  # fmt: skip
    """What the alias shows now, and what it would show: as many columns as have room, the same for both."""
    found = _by_name(situation)
    shows = found.get(plan.from_version) if plan.from_version is not None else None
    to = found.get(plan.to_version) if plan.to_version else None
    columns = [column for column in _columns(plan, situation, shows, to, now, better) if column.width > column.gap]
    kept = _kept(columns, width - 6)
    first: list[Piece] = [(" now ", "dim")]
    second: list[Piece] = [(" next", "dim")]
    for column in kept:
        first += _pieces(column.now, column.width, column.gap)
        second += _pieces(column.next, column.width, column.gap)
    if not plan.from_version:
        first = [(" now   ", "dim"), (f"no version is {clip(plan.alias, 24)} yet", "text")]
    if not plan.to_version:
        second = [(" next  ", "dim"), (_unknown(plan), "warn")]
    return first, second


def _by_name(situation: Situation) -> dict[str | None, Version]:
    known = [one for one in (situation.candidate, situation.champion) if one is not None]
    return {one.name: one for one in known if one.name}


def _kept(columns: Sequence[Column], room: int) -> list[Column]:
    """Those that have room, by their rank; in their order."""
    kept: set[int] = set()
    for at in sorted(range(len(columns)), key=lambda at: columns[at].rank):
        if columns[at].width <= room or columns[at].rank == 0:
            room -= columns[at].width
            kept.add(at)
    return [column for at, column in enumerate(columns) if at in kept]


def _pieces(cell: Cell, width: int, gap: int) -> list[Piece]:
    lead = f"{' ' * gap}{cell.name}{' ' if cell.name and cell.text else ''}"
    return [(lead, "dim"), (pad(cell.text, width - cells(lead)), cell.role)]


def _columns(
    plan: Plan, situation: Situation, shows: Version | None, to: Version | None, now: int, better: Mapping[str, bool]
) -> Iterator[Column]:  # fmt: skip
    yield Column(0, _name(plan.from_version), _name(plan.to_version), 2)
    yield Column(1, _who(shows), _who(to), 2)
    yield Column(2, _age(shows, now), _age(to, now), 2)
    for at, name in enumerate(_deciding(situation, better)):
        yield Column(3 + 2 * at, _figure(situation, shows, name), _figure(situation, to, name))
    yield Column(4, _data(shows), _data(to))
    yield Column(6, _run(shows), _run(to))
    yield Column(20, _commit(shows), _commit(to))
    yield Column(21, _held(situation, plan, now), NOTHING)


def _unknown(plan: Plan) -> str:
    return "no version to go back to is known" if plan.kind == "rollback" else "nothing says which version"


def _name(version: str | None) -> Cell:
    return Cell("", clip(called(version), NAME), "bright") if version else NOTHING


def _who(version: Version | None) -> Cell:
    if version is None or version.known is None:
        return NOTHING
    user = (version.run.user if version.run is not None else None) or version.known.user
    return Cell("", clip(user or "–", PERSON))


def _age(version: Version | None, now: int) -> Cell:
    """Since when there is this model: the end of its run, else its registration."""
    if version is None or version.known is None:
        return NOTHING
    ended = version.run.ended_at if version.run is not None else None
    return Cell("", age(ended if ended is not None else version.known.created_at, now), "dim")


def _deciding(situation: Situation, better: Mapping[str, bool]) -> list[str]:
    """The metrics that the policy names, in its order; without one those with a direction."""
    rules = situation.policy.rules
    if rules is not None and rules.metric:
        return list(dict.fromkeys(gate.name for gate in rules.metric))[:METRICS]
    return [name for name in better if measures(situation, situation.candidate, name).found][:2]


def _figure(situation: Situation, version: Version | None, name: str) -> Cell:
    if version is None:
        return NOTHING
    values = sorted({one.value for one in measures(situation, version, name).found})
    if not values:
        return Cell(clip(name, METRIC), "–", "dim")
    text = figure(values[0]) if len(values) == 1 else f"{figure(values[0])} to {figure(values[-1])}"
    return Cell(clip(name, METRIC), text)


def _data(version: Version | None) -> Cell:
    """What it was measured on, else trained on; beside data of a digest that nobody knows stands nothing."""
    if version is None:
        return NOTHING
    if version.logged is not None and (of := [one for one in version.logged.metrics if one.dataset_digest]):
        name = of[0].dataset_name or "data"
        return Cell("", clip(f"{name}@{(of[0].dataset_digest or '')[:6]}", DATA))
    if version.run is None or not version.run.datasets:
        return NOTHING
    found = [one for one in version.run.datasets if not _is_training(one)] or list(version.run.datasets)
    more = f" +{len(found) - 1}" if len(found) > 1 else ""
    return Cell("", f"{clip(f'{found[0].name}@{found[0].digest[:6]}', DATA)}{more}")


def _is_training(data: Dataset) -> bool:
    return (data.context or "").casefold() in ("training", "train")


def _run(version: Version | None) -> Cell:
    run = version.run if version is not None else None
    return Cell("", clip(run.name or run.id[:8], 24), "dim") if run is not None else NOTHING


def _commit(version: Version | None) -> Cell:
    sha = version.commit if version is not None else None
    return Cell("commit", clip(sha[:7], 7), "dim") if sha else NOTHING


def _held(situation: Situation, plan: Plan, now: int) -> Cell:
    """Since when the alias shows what it does, as the ledger says it."""
    entry = situation.entries[-1] if situation.entries else None
    if entry is None or entry.trouble or plan.from_version is None or entry.version != plan.from_version:
        return NOTHING
    who = clip(entry.by.name or "somebody", PERSON)
    return Cell("since", f"{age(entry.at, now)} by {who} (entry {entry.number})", "dim")
