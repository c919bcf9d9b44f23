"""A run as an outline: headings, rows to choose from, remarks. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from ..app.records import Artifact, Commit, Dataset, Extreme, Metric, Run
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, count, figure, size
from ..widgets.line import Piece
from ..widgets.status import glyph, worded
from .run_facts import RunFacts, is_system, metric_names

Kind: TypeAlias = Literal[
    "gap", "heading", "remark", "metric", "param", "data", "commit", "folder", "file", "tag", "parent", "child"
]
Thing: TypeAlias = Metric | Dataset | Commit | Artifact | Run | str | None

OWN_TAGS = ("mlflow.runName", "mlflow.user", "mlflow.source.git.commit", "mlflow.parentRunId")
"""Tags that the rest of the page says already."""

SMALL_FOLDER = 8
"""Entries that a folder may have to be open without being asked."""

SPARK = 8
"""Cells of the small curve in a metric's row, at least."""

VALUE, WITH_STEP = 11, 18
"""Cells of best, min or max: the value alone, and with the step at which it was reached."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the outline: its kind, its name within the kind, and the record behind it."""

    kind: Kind
    name: str = ""
    thing: Thing = None
    depth: int = 0
    note: str = ""

    @property
    def id(self) -> tuple[str, str]:
        """What names it while the run changes."""
        return (self.kind, self.name)

    @property
    def is_row(self) -> bool:
        """Whether the cursor can stand on it."""
        return self.kind not in ("gap", "heading", "remark")

    @property
    def is_heading(self) -> bool:
        """Whether a part begins here."""
        return self.kind == "heading"


def outline(
    facts: RunFacts, *, better: Iterable[str] = (), needle: str = "", toggled: Collection[str] = ()
) -> list[Row]:
    """Every line. `needle`: only rows that hold each of its words; `toggled`: folders that were opened or closed."""
    words = needle.casefold().split()
    made: list[Row] = []
    for title, rows, empty in _parts(facts, better, toggled):
        found = [row for row in rows if _matches(row, words)] if words else list(rows)
        if not found and (words or not empty):
            continue
        number = sum(row.is_row for row in found)
        note = f"{count(number)} of {count(len(rows))}" if words else count(number) if number > 1 else ""
        made += [Row("gap", title), Row("heading", title, note=note), *(found or [Row("remark", title, note=empty)])]
    if words and not made:
        made = [Row("gap"), Row("remark", "none", note=f"nothing here holds “{needle}”")]
    return made[1:] if made and made[0].kind == "gap" else made


def _parts(
    facts: RunFacts, better: Iterable[str], toggled: Collection[str]
) -> Iterator[tuple[str, Sequence[Row], str]]:
    run, missing = facts.run, glyph("missing")
    names = metric_names(run, better)
    own = [Row("metric", name, run.metrics[name]) for name in names if not is_system(name)]
    yield "metrics", own, "none logged yet" if facts.is_live else "none logged"
    yield "params", [Row("param", name, text) for name, text in sorted(run.params.items())], "none logged"
    data = [Row("data", f"{data.name}\0{data.digest}\0{data.context or ''}", data) for data in run.datasets]
    yield "data", data, f"{missing} no dataset was logged"
    yield (
        "code",
        [Row("commit", run.git_commit, facts.commit)] if run.git_commit else [],
        f"{missing} no commit was logged",
    )
    root = facts.listings.get("")
    yield "artifacts", list(_files(facts, "", 0, toggled)), "none under the run" if root else "asked for …"
    tags = [Row("tag", name, text) for name, text in sorted(run.tags.items()) if name not in OWN_TAGS]
    yield "tags", tags, ""
    yield "parent", _parent(facts), ""
    children = [Row("child", child.id, child) for child in facts.children]
    more = (
        [Row("remark", "more children", note=f"and {count(facts.more_children)} more")] if facts.more_children else []
    )
    yield "children", [*children, *more], ""
    yield "system", [Row("metric", name, run.metrics[name]) for name in names if is_system(name)], ""


def _parent(facts: RunFacts) -> list[Row]:
    return [Row("parent", facts.run.parent_id, facts.parent)] if facts.run.parent_id else []


def is_open(facts: RunFacts, folder: str, toggled: Collection[str]) -> bool:
    """Whether a folder shows what is in it: a small one does until it is closed, a large one when it is opened."""
    listing = facts.listings.get(folder)
    small = listing is not None and len(listing.artifacts) <= SMALL_FOLDER
    return small != (folder in toggled)


def _files(facts: RunFacts, folder: str, depth: int, toggled: Collection[str]) -> Iterator[Row]:
    listing = facts.listings.get(folder)
    for entry in listing.artifacts if listing else ():
        if not entry.is_dir:
            yield Row("file", entry.path, entry, depth)
            continue
        opened = is_open(facts, entry.path, toggled)
        yield Row("folder", entry.path, entry, depth, "open" if opened else "")
        if opened and entry.path not in facts.listings:
            yield Row("remark", f"{entry.path}/", None, depth + 1, "asked for …")
        elif opened and depth < 8:  # a listing is a server's word; nothing says that it ends
            yield from _files(facts, entry.path, depth + 1, toggled)


def _matches(row: Row, words: Sequence[str]) -> bool:
    thing = row.thing
    more = thing if isinstance(thing, str) else thing.name if isinstance(thing, Run) else ""
    more = f"{thing.subject} {thing.author}" if isinstance(thing, Commit) else more
    text = f"{row.name} {more}".casefold()
    return row.is_row and all(word in text for word in words)


# -- drawing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ink:
    """What a row is drawn with."""

    facts: RunFacts
    now: int
    better: Mapping[str, bool]
    spark: Callable[[str, int], str]
    """A metric's name and a width -> its history as a small curve; "" where it is not known."""

    @cached_property
    def longest_metric(self) -> int:
        """Cells of the longest name of a metric of its own."""
        return _longest((name for name in self.facts.run.metrics if not is_system(name)), 40)

    @cached_property
    def longest_system(self) -> int:
        """Cells of the longest name of a metric of the machine."""
        return _longest((name for name in self.facts.run.metrics if is_system(name)), 40)

    @cached_property
    def longest_param(self) -> int:
        """Cells of the longest name of a param."""
        return _longest(self.facts.run.params)

    @cached_property
    def longest_tag(self) -> int:
        """Cells of the longest name of a tag."""
        return _longest(name for name in self.facts.run.tags if name not in OWN_TAGS)

    @cached_property
    def has_best(self) -> bool:
        """Whether any metric has a declared direction."""
        return any(name in self.better for name in self.facts.run.metrics)


def _longest(names: Iterable[str], most: int = 30) -> int:
    return max((cells(clip(name, most)) for name in names), default=8)


def draw(row: Row, width: int, ink: Ink) -> list[Piece]:
    """A line in `width` cells."""
    match row.kind:
        case "gap":
            return []
        case "heading":
            return _heading(row, width, ink)
        case "remark":
            return [("  " * (row.depth + 1) + row.note, "dim")]
        case "metric":
            return _metric(row, width, ink)
        case "param" | "tag":
            return _pair(row, width, ink)
        case "data":
            return _data(row, width)
        case "commit":
            return _commit(row, width, ink)
        case "folder" | "file":
            return _file(row, width)
        case "parent" | "child":
            return _run(row, width, ink)


@dataclass(frozen=True, slots=True)
class _Table:
    """Which columns of the metrics have room, from the left: the small curve, then best, min and max."""

    name: int
    spark: int
    bounds: tuple[tuple[str, int], ...]
    """best, min or max, and the cells for it: VALUE or WITH_STEP."""

    @classmethod
    def of(cls, width: int, ink: Ink, *, system: bool) -> _Table:
        """Best before the curve, the curve before steps, then min and max; what is left makes them wider."""
        longest = ink.longest_system if system else ink.longest_metric
        name = min(max(12, longest), 40, max(12, width - 31))
        room = width - name - 20  # last and step
        has_best = ink.has_best and not system
        words = [*(["best"] if has_best else []), "min", "max"]
        bounds = {words[0]: VALUE} if has_best and room >= VALUE else {}
        room -= sum(bounds.values())
        spark = SPARK if room >= SPARK + 2 else 0
        room -= spark + 2 if spark else 0
        for word in words:
            taken = WITH_STEP if room + bounds.get(word, 0) >= WITH_STEP else VALUE if room >= VALUE else 0
            if taken > bounds.get(word, 0):
                room -= taken - bounds.get(word, 0)
                bounds[word] = taken
        wider = min(max(0, room), 16 - SPARK) if spark else 0
        return cls(name + min(room - wider, 4), spark + wider, tuple(bounds.items()))


def _heading(row: Row, width: int, ink: Ink) -> list[Piece]:
    title: list[Piece] = [(row.name, "bright"), (f"  {row.note}" if row.note else "", "dim")]
    is_table = row.name == "system" or (row.name == "metrics" and not all(map(is_system, ink.facts.run.metrics)))
    return [*title, *_titles(row, width, ink)] if is_table else title


def _titles(row: Row, width: int, ink: Ink) -> list[Piece]:
    table = _Table.of(width - 2, ink, system=row.name == "system")
    used = cells(row.name) + (cells(row.note) + 2 if row.note else 0)
    # a heading stands two cells left of its rows
    lead = " " * max(1, table.name + 2 - used + (table.spark + 2 if table.spark else 0))
    words = "".join(
        f"{word:>10}{'' if taken < WITH_STEP else ' @step  '}"[-taken:].rjust(taken) for word, taken in table.bounds
    )
    return [(f"{lead}{'last':>10}{'step':>8}  {words}".rstrip(), "dim")]


def _metric(row: Row, width: int, ink: Ink) -> list[Piece]:
    metric, table = row.thing, _Table.of(width, ink, system=is_system(row.name))
    assert isinstance(metric, Metric)
    role = "text" if metric.state == "finite" else "warn"
    made: list[Piece] = [(clip(row.name, table.name), "text")]
    made.append((" " * (table.name - cells(made[0][0])), "text"))
    if table.spark:
        made.append((f"  {pad(ink.spark(row.name, table.spark), table.spark)}", "dim"))
    made += [(f"{figure(metric.value):>10}", role), (f"{count(metric.step):>8}  ", "dim")]
    known = ink.facts.extremes.get(row.name)
    for word, taken in table.bounds:
        made += _bound(known, word, taken, ink.better.get(row.name))
    return made


def bound(known: Extreme | None, word: str, better: bool | None) -> tuple[str, str]:
    """The value of best, min or max as it is known, and its step: "…" while asked for, "–" where there is none."""
    if word == "best":
        if better is None:
            return "", ""
        word = "max" if better else "min"
    if known is None or known.history == "unread":
        return "…", ""
    value, step = (known.min, known.min_step) if word == "min" else (known.max, known.max_step)
    if value is None:
        return "–", ""
    # a thinned out history may have missed the smallest and the largest
    unsure = "" if known.history == "complete" else "≤" if word == "min" else "≥"
    return unsure + figure(value), "" if step is None else count(step)


def _bound(known: Extreme | None, word: str, taken: int, better: bool | None) -> list[Piece]:
    value, step = bound(known, word, better)
    role = "bright" if word == "best" else "text"
    if taken < WITH_STEP:
        return [(f"{value:>{taken - 1}} ", role)]
    return [(f"{value:>10}", role), (pad(f"@{step}" if step else "", taken - 10), "dim")]


def _pair(row: Row, width: int, ink: Ink) -> list[Piece]:
    assert isinstance(row.thing, str)
    column = min(ink.longest_param if row.kind == "param" else ink.longest_tag, max(8, width // 2))
    name = clip(row.name, column)
    return [
        (name, "dim"),
        (" " * (column - cells(name) + 2), "text"),
        (_value(row.thing, max(1, width - column - 2)), "text"),
    ]


def _value(text: str, width: int) -> str:
    return fit(one_line(text[: 5 * width + 5]), width) if text else "(empty)"[:width]


def _data(row: Row, width: int) -> list[Piece]:
    data = row.thing
    assert isinstance(data, Dataset)
    name = f"{clip(data.name, max(8, width // 2 - 10))}@{clip(data.digest, 12)}"
    return [(name, "text"), (fit(f"   {shown(data.context or 'no context')}", max(0, width - cells(name))), "dim")]


def _commit(row: Row, width: int, ink: Ink) -> list[Piece]:
    short, commit = shown(row.name[:10]), row.thing
    if not isinstance(commit, Commit):
        return [(short, "text"), (fit("   not on a branch that is watched", width - cells(short)), "dim")]
    when = f"  {clip(commit.author, 16)}  {age(commit.committed_at, ink.now)}"
    room = width - cells(short) - cells(when) - 3
    return [(short, "text"), (f"   {fit(one_line(commit.subject), max(4, room))}", "text"), (when, "dim")]


def _file(row: Row, width: int) -> list[Piece]:
    entry = row.thing
    assert isinstance(entry, Artifact)
    lead = "  " * row.depth + (("▾ " if row.note == "open" else "▸ ") if entry.is_dir else "  ")
    base = entry.path.rpartition("/")[2] or entry.path
    room = max(4, width - cells(lead) - 12)
    name = lead + clip(base, room) + ("/" if entry.is_dir else "")
    return [(name, "text"), (" " * max(1, width - 10 - cells(name)) + f"{size(entry.size):>9}", "dim")]


def _run(row: Row, width: int, ink: Ink) -> list[Piece]:
    run = row.thing
    if not isinstance(run, Run):
        return [(clip(row.name, 40), "text"), ("   not in the cache", "dim")]
    status, role = worded(run.status)
    room = max(8, min(30, width - 36))
    told = next((name for name in ink.better if name in run.metrics), next(iter(run.metrics), None))
    value = figure(run.metrics[told].value) if told else ""
    name = clip(run.name or "–", room)
    gap = " " * (room - cells(name) + 2)
    after = f"{age(run.started_at, ink.now):>6}"
    figures = f"{value:>10}" + (f"  {clip(told, 20)}" if told else "")
    return [
        (name, "text"),
        (gap, "text"),
        (f"{status:<11}", role),
        (after, "dim"),
        (fit(figures, max(0, width - room - 19)), "text"),
    ]
