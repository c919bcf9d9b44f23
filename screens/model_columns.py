"""The columns of a table of registered models. Cells are pure functions of a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from typing import Final

from ..app.store.models import ModelRow
from ..app.text import cells, clip, one_line
from ..widgets.figures import age, count, moment
from ..widgets.line import Piece
from ..widgets.record_table import Column
from ..widgets.status import glyph, sign
from .alias_history import Lane
from .model_glance import Glance, glance_piece
from .model_words import held_text, version_name

ALIAS: Final = "alias."
"""What the word of the column of one alias begins with."""

SEEN_ALIASES = 2
"""Aliases that have a column of their own where nobody arranged the columns."""

NAME = 14
"""Cells of a model's name, at least."""

UNSORTED: Final = ("gates", "versions")
"""Columns by which the cache has no order; those of single aliases as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelLine:
    """A model as the table holds it."""

    row: ModelRow
    lanes: Mapping[str, Lane] = field(default_factory=dict)
    """Of the aliases that it has."""
    glance: Glance | None = None
    is_judged: bool = True
    """Whether the gates of its challenger were read."""
    now: int = 0
    version: int = 4
    """Cells of the widest version, so that what stands beside it is aligned."""
    status: str = ""
    """Of the worst that needs attention of it and that nobody has taken on."""


Cell = Callable[[ModelLine], Piece]


def _name(line: ModelLine) -> Piece:
    """With how what is in production of it stands, where it needs attention."""
    mark = f" {glyph(line.status)}" if line.status else ""
    return f"{clip(line.row.model.name, 60)}{mark}", sign(line.status).role if mark else "text"


def _alias(alias: str) -> Cell:
    def cell(line: ModelLine) -> Piece:
        lane = line.lanes.get(alias)
        return held_text(lane, line.now, line.version) if lane is not None else ("", "text")

    return cell


def _aliases(line: ModelLine) -> Piece:
    aliases = line.row.model.aliases
    return ", ".join(f"{clip(alias, 16)} {version_name(version)}" for alias, version in aliases.items()), "text"


def _gates(line: ModelLine) -> Piece:
    return glance_piece(line.glance) if line.is_judged else ("…", "dim")


def _newest(line: ModelLine) -> Piece:
    return (version_name(line.row.newest) if line.row.newest is not None else ""), "text"


def _versions(line: ModelLine) -> Piece:
    return count(line.row.versions), "dim"


def _source(line: ModelLine) -> Piece:
    return clip(line.row.source_name, 12), "dim"


def _age(get: Callable[[ModelRow], int | None]) -> Cell:
    return lambda line: (age(get(line.row), line.now), "text")


def _time(get: Callable[[ModelRow], int | None], zone: tzinfo) -> Cell:
    return lambda line: (moment(get(line.row), line.now, zone), "text")


def _tag(name: str) -> Cell:
    return lambda line: (clip(line.row.model.tags.get(name, ""), 24), "dim")


def fixed(zone: tzinfo = UTC) -> dict[str, Column[ModelLine]]:
    """The columns that every model has, by their word in the filter."""
    made: tuple[Column[ModelLine], ...] = (
        Column(key="name", title="model", cell=_name, width=NAME, rank=0, grow=True, most=26),
        Column(key="gates", title="gates", cell=_gates, width=18, rank=2),
        Column(key="version", title="newest", cell=_newest, width=8, right=True, rank=3),
        Column(key="versions", title="versions", cell=_versions, width=8, right=True, rank=4),
        Column(key="created_at", title="age", cell=_age(lambda row: row.model.created_at), width=5, right=True, rank=5),
        Column(key="source", title="source", cell=_source, width=8, rank=6),
        Column(key="alias", title="aliases", cell=_aliases, width=24, rank=7, grow=True, most=40),
        Column(key="updated_at", title="updated", cell=_time(lambda row: row.model.updated_at, zone), width=12,
               right=True, rank=8),
        Column(key="description", title="description",
               cell=lambda line: (one_line(line.row.model.description[:200]), "dim"), width=20, rank=8, grow=True,
               most=60),
    )  # fmt: skip
    return {column.key: column for column in made}


def column(
    key: str, zone: tzinfo = UTC, need: Mapping[str, int] | None = None, *, chosen: bool = False
) -> Column[ModelLine] | None:
    """The column of a word: `name`, `alias.champion`, `tags.team`. None for no such word.

    `need`: cells that the rows in sight need. A column that the user chose leaves only when there is no other.
    """
    wide = need or {}
    found = fixed(zone).get(key)
    kind, _, name = key.partition(".")
    if found is None and name and kind == "alias":
        title = clip(name, 16)
        found = Column(key=key, title=title, cell=_alias(name), width=wide.get(key, 22), rank=1)
    elif found is None and name and kind == "tags":
        found = Column(key=key, title=clip(name, 14), cell=_tag(name), width=max(6, wide.get(key, 10)), rank=6)
    if found is None:
        return None
    if key == "name" and key in wide:  # who holds which alias comes first: names get what is left over
        found = replace(found, width=min(NAME, wide[key]), most=max(0, wide[key] - NAME))
    else:
        found = replace(found, width=wide.get(key, found.width))
    return replace(found, rank=min(found.rank, 1)) if chosen else found


def needed(lines: Iterable[ModelLine | None], keys: Iterable[str]) -> dict[str, int]:
    """Cells that the columns of differing width need for these lines."""
    known = [line for line in lines if line is not None]
    made: dict[str, int] = {}
    for key in keys:
        found = column(key)
        if found is not None and (key in ("name", "gates", "source") or "." in key):
            least = max(cells(found.title), 6 if key != "gates" else 18)
            made[key] = max([least, *(min(34, cells(found.cell(line)[0])) for line in known)])
    return made


def versions_need(rows: Iterable[ModelRow]) -> int:
    """Cells of the widest version that an alias of these models points at."""
    return max((cells(version_name(one)) for row in rows for one in row.model.aliases.values()), default=3)


def propose(rows: Iterable[ModelRow], first: Iterable[str], *, judged: bool) -> list[str]:
    """Columns for those who did not arrange them: the aliases in `first` and those that most of these models have.

    `judged`: a policy speaks of challengers, so how their gates stand is shown.
    """
    known = Counter(alias for row in rows for alias in row.model.aliases)
    ordered = [alias for alias in dict.fromkeys(first) if alias in known]
    ordered += sorted((alias for alias in known if alias not in ordered), key=lambda alias: (-known[alias], alias))
    shown = [f"{ALIAS}{alias}" for alias in ordered[:SEEN_ALIASES]]
    others = ["alias"] if len(ordered) > len(shown) else []
    return ["name", *shown, *(["gates"] if judged else []), "version", "versions", "source", *others]
