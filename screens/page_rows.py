"""The rows of a page: headings, rows to choose from, remarks. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..app.records import Check, Commit, DataVersion, Pipeline, Run
from ..app.store.models import VersionRow
from ..widgets.figures import count

NO_ROWS = ("gap", "heading", "remark")


@dataclass(frozen=True, slots=True)
class Row:
    """A line: its kind, its name within the kind, and the record behind it."""

    kind: str
    name: str = ""
    thing: object = None
    note: str = ""

    @property
    def id(self) -> tuple[str, str]:
        """What names it while the thing changes."""
        return (self.kind, self.name)

    @property
    def is_row(self) -> bool:
        """Whether the cursor can stand on it."""
        return self.kind not in NO_ROWS

    @property
    def is_heading(self) -> bool:
        """Whether a part begins here."""
        return self.kind == "heading"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A heading and what stands below it."""

    title: str
    rows: Sequence[Row] = ()
    note: str = ""
    """What stands beside the heading; how many rows there are, where it is not given."""
    empty: str = ""
    """What stands in the place of rows; without it a part without rows is left out."""
    more: str = ""
    """What stands below the rows: that there are more, and how to see them."""


def outline(parts: Iterable[Part], needle: str = "") -> list[Row]:
    """Every line. `needle`: only rows that hold each of its words."""
    words, made = needle.casefold().split(), []
    for part in parts:
        found = [row for row in part.rows if holds(row, words)]
        if not found and (words or not part.empty):
            continue
        number = sum(row.is_row for row in found)
        note = part.note or (count(number) if number > 1 else "")
        below = part.more if found and not words else "" if found else part.empty
        made += [Row("gap", part.title), Row("heading", part.title, note=note), *found]
        made += [Row("remark", f"{part.title} more", note=below)] if below else []
    if words and not made:
        made = [Row("gap"), Row("remark", "none", note=f"nothing here holds “{needle}”")]
    return made[1:] if made and made[0].kind == "gap" else made


def holds(row: Row, words: Sequence[str]) -> bool:
    """Whether a row holds each of the words: in its name, its note or what its record is called."""
    if not words:
        return True
    text = f"{row.kind} {row.name} {row.note} {_said(row.thing)}".casefold()
    return row.is_row and all(word in text for word in words)


def _said(thing: object) -> str:
    if isinstance(thing, Run | Pipeline):
        return f"{thing.name} {thing.status}"
    if isinstance(thing, Commit):
        return f"{thing.subject} {thing.author}"
    if isinstance(thing, Check):
        return f"{thing.name} {thing.dataset} {thing.tool} {thing.newest.outcome}"
    if isinstance(thing, VersionRow):
        return f"{thing.version.model} {' '.join(thing.aliases)}"
    return f"{thing.name} {thing.digest}" if isinstance(thing, DataVersion) else ""
