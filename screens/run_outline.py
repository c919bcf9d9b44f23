"""A run as an outline: headings, rows to choose from, remarks. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from ..app.records import Artifact, Commit, Dataset, Metric, Pipeline, Run
from ..app.store.models import VersionRow
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, count, figure, size
from ..widgets.line import Piece
from ..widgets.status import glyph, worded
from .pipeline_lines import pipeline_pieces
from .registered import registered_pieces
from .run_facts import RunFacts, is_system, metric_names, telling
from .run_metrics import LONGEST_STEP, STEP, metric_pieces, titles

Kind: TypeAlias = Literal[
    "gap", "heading", "remark", "metric", "param", "data", "commit", "pipeline", "version", "folder", "file", "tag",
    "parent", "child",
]  # fmt: skip
Thing: TypeAlias = Metric | Dataset | Commit | Artifact | Run | Pipeline | VersionRow | str | None

OWN_TAGS = ("mlflow.runName", "mlflow.user", "mlflow.source.git.commit", "mlflow.parentRunId")
"""Tags that the rest of the page says already."""

NOTE = "mlflow.note.content"
"""What somebody wrote about the run; a part of its own."""

DIRTY = "mlflow.source.git.dirty"
"""Where some clients write whether the tree had changes that were not committed."""

SMALL_FOLDER = 8
"""Entries that a folder may have to be open without being asked."""


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
    yield "note", [Row("tag", NOTE, run.tags[NOTE])] if run.tags.get(NOTE) else [], ""
    yield "params", [Row("param", name, text) for name, text in sorted(run.params.items())], "none logged"
    data = [Row("data", f"{data.name}\0{data.digest}\0{data.context or ''}", data) for data in run.datasets]
    yield "data", data, f"{missing} no dataset was logged"
    yield (
        "code",
        [Row("commit", run.git_commit, facts.commit)] if run.git_commit else [],
        f"{missing} no commit was logged",
    )
    yield "ci", [Row("pipeline", f"{one.source} {one.id}", one) for one in facts.pipelines], ""
    versions = [Row("version", f"{one.version.model} {one.version.version}", one) for one in facts.versions]
    yield "registered as", versions, ""
    root = facts.listings.get("")
    yield "artifacts", list(_files(facts, "", 0, toggled)), "none under the run" if root else "asked for …"
    tags = [Row("tag", name, text) for name, text in sorted(run.tags.items()) if name not in (*OWN_TAGS, NOTE)]
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
    more = f"{thing.name} {thing.status}" if isinstance(thing, Pipeline) else more
    text = f"{row.name} {more}".casefold()
    return row.is_row and all(word in text for word in words)


# -- drawing ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ink:
    """What a row is drawn with."""

    facts: RunFacts
    now: int
    better: Mapping[str, bool]
    curve: Callable[[str, int], str]
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
    def step(self) -> int:
        """Cells of the column of last steps."""
        longest = max((abs(metric.step) for metric in self.facts.run.metrics.values()), default=0)
        return min(max(STEP, len(count(-longest))), LONGEST_STEP)

    @cached_property
    def longest_param(self) -> int:
        """Cells of the longest name of a param."""
        return _longest(self.facts.run.params)

    @cached_property
    def longest_tag(self) -> int:
        """Cells of the longest name of a tag."""
        return _longest(name for name in self.facts.run.tags if name not in (*OWN_TAGS, NOTE))

    @cached_property
    def told(self) -> str | None:
        """The metric by which parent and children are told."""
        runs = [*self.facts.children, *([self.facts.parent] if self.facts.parent else [])]
        return next(
            (name for name in telling(self.facts.run, self.better) if any(name in r.metrics for r in runs)), None
        )

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
            return metric_pieces(row, width, ink)
        case "param" | "tag":
            return _pair(row, width, ink)
        case "data":
            return _data(row, width, ink)
        case "commit":
            return _commit(row, width, ink)
        case "folder" | "file":
            return _file(row, width)
        case "parent" | "child" | "pipeline" | "version":
            return _other(row, width, ink)


def _heading(row: Row, width: int, ink: Ink) -> list[Piece]:
    title: list[Piece] = [(row.name, "bright"), (f"  {row.note}" if row.note else "", "dim")]
    if row.name in ("children", "parent") and ink.told:
        used = sum(cells(text) for text, _ in title)
        end = _names_room(width - 2, ink) + 29  # a heading stands two cells left of its rows
        return [*title, (pad(clip(ink.told, 24), max(0, end + 2 - used), right=True), "dim")]
    is_table = row.name == "system" or (row.name == "metrics" and not all(map(is_system, ink.facts.run.metrics)))
    return [*title, *titles(row, width, ink)] if is_table else title


def _pair(row: Row, width: int, ink: Ink) -> list[Piece]:
    assert isinstance(row.thing, str)
    if row.name == NOTE:
        return [(_value(row.thing, width), "text")]
    column = min(ink.longest_param if row.kind == "param" else ink.longest_tag, max(8, width // 2))
    name = clip(row.name, column)
    return [
        (name, "dim"),
        (" " * (column - cells(name) + 2), "text"),
        (_value(row.thing, max(1, width - column - 2)), "text"),
    ]


def _value(text: str, width: int) -> str:
    return fit(one_line(text[: 5 * width + 5]), width) if text else "(empty)"[:width]


def _data(row: Row, width: int, ink: Ink) -> list[Piece]:
    data = row.thing
    assert isinstance(data, Dataset)
    column = min(_longest((f"{one.name}@{one.digest}" for one in ink.facts.run.datasets), 40), max(8, width - 12))
    name = clip(f"{data.name}@{data.digest}", column)
    context = fit(f"   {shown(data.context or 'no context')}", max(0, width - column))
    return [(name, "text"), (" " * (column - cells(name)), "text"), (context, "dim")]


def _commit(row: Row, width: int, ink: Ink) -> list[Piece]:
    short, commit = shown(row.name[:10]), row.thing
    if not isinstance(commit, Commit):
        return [(short, "text"), (fit("   not on a branch that is watched", width - cells(short)), "dim")]
    when = f"  {clip(commit.author, 16)}  {age(commit.committed_at, ink.now)}"
    # said where there is room; the detail says it in any case
    tree = f"   tree state {tree_state(ink.facts.run)}" if width >= 72 else ""
    room = width - cells(short) - cells(when) - cells(tree) - 3
    return [(short, "text"), (f"   {fit(one_line(commit.subject), max(4, room))}", "text"), (f"{when}{tree}", "dim")]


def tree_state(run: Run) -> str:
    """Whether the code was just this commit: MLflow does not say, but a client may have written it down."""
    said = run.tags.get(DIRTY, "").casefold()
    if said in ("true", "1", "yes"):
        return "had changes that were not committed"
    return "clean" if said in ("false", "0", "no") else "unknown"


def _file(row: Row, width: int) -> list[Piece]:
    entry = row.thing
    assert isinstance(entry, Artifact)
    lead = "  " * row.depth + (("▾ " if row.note == "open" else "▸ ") if entry.is_dir else "  ")
    base = entry.path.rpartition("/")[2] or entry.path
    room = max(4, width - cells(lead) - 12)
    name = lead + clip(base, room) + ("/" if entry.is_dir else "")
    return [(name, "text"), (" " * max(1, width - 10 - cells(name)) + f"{size(entry.size):>9}", "dim")]


def _names_room(width: int, ink: Ink) -> int:
    runs = [*ink.facts.children, *([ink.facts.parent] if ink.facts.parent else [])]
    return min(_longest((run.name or "–" for run in runs), 60), max(8, width - 30))


def _other(row: Row, width: int, ink: Ink) -> list[Piece]:
    """Another run, a pipeline, or a version of a model."""
    if isinstance(row.thing, Pipeline):
        return pipeline_pieces(row.thing, width, ink.now)
    if isinstance(row.thing, VersionRow):
        return registered_pieces(row.thing, width, ink.now)
    return _run(row, width, ink)


def _run(row: Row, width: int, ink: Ink) -> list[Piece]:
    run = row.thing
    if not isinstance(run, Run):
        return [(clip(row.name, 40), "text"), ("   not in the cache", "dim")]
    status, role = worded(run.status)
    room = _names_room(width, ink)
    name = clip(run.name or "–", room)
    metric = run.metrics.get(ink.told or "")
    value = ("", "text") if metric is None else (figure(metric.value), "text" if metric.state == "finite" else "warn")
    return [
        (name, "text"),
        (" " * (room - cells(name) + 2), "text"),
        (f"{status:<12}", role),
        (f"{age(run.started_at, ink.now):>5}", "dim"),
        (f"{value[0]:>10}", value[1]),
    ]
