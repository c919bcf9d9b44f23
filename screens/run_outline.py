"""A run as an outline: headings, rows to choose from, remarks. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from ..app.records import Artifact, Commit, Dataset, Extreme, Metric, Pipeline, Run
from ..app.store.models import VersionRow
from ..app.text import cells, clip, fit, one_line, pad, shown
from ..widgets.figures import age, count, count_in, figure, figure_in, size
from ..widgets.line import Piece
from ..widgets.status import glyph, worded
from .pipeline_lines import pipeline_pieces
from .registered import registered_pieces
from .run_facts import RunFacts, is_system, metric_names, telling

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

CURVE = 8
"""Cells of the small curve in a metric's row, at least."""

VALUE, WITH_STEP = 11, 18
"""Cells of best, min or max: the value alone, and with the step at which it was reached."""

FIGURE, STEP = 10, 8
"""Cells of a figure and of a step: one of them stays empty, so that no two columns run together."""

LONGEST_STEP = 12
"""Cells that the column of steps takes at most: what is longer is written with a power of ten."""


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
            return _metric(row, width, ink)
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


@dataclass(frozen=True, slots=True)
class _Table:
    """Which columns of the metrics have room, from the left: the small curve, then best, min and max."""

    name: int
    curve: int
    step: int
    bounds: tuple[tuple[str, int], ...]
    """best, min or max, and the cells for it: VALUE or WITH_STEP."""

    @classmethod
    def of(cls, width: int, ink: Ink, *, system: bool) -> _Table:
        """Best before the curve, the curve before steps, then min and max; what is left makes them wider."""
        longest = ink.longest_system if system else ink.longest_metric
        name = min(max(12, longest), 40, max(12, width - VALUE - FIGURE - ink.step - 2))
        room = width - name - FIGURE - ink.step - 2  # last and step
        has_best = ink.has_best and not system
        words = [*(["best"] if has_best else []), "min", "max"]
        bounds = {words[0]: VALUE} if has_best and room >= VALUE else {}
        room -= sum(bounds.values())
        curve = CURVE if room >= CURVE + 2 else 0
        room -= curve + 2 if curve else 0
        for word in words:
            taken = WITH_STEP if room + bounds.get(word, 0) >= WITH_STEP else VALUE if room >= VALUE else 0
            if taken > bounds.get(word, 0):
                room -= taken - bounds.get(word, 0)
                bounds[word] = taken
        wider = min(max(0, room), 16 - CURVE) if curve else 0
        return cls(name + min(room - wider, 4), curve + wider, ink.step, tuple(bounds.items()))


def _heading(row: Row, width: int, ink: Ink) -> list[Piece]:
    title: list[Piece] = [(row.name, "bright"), (f"  {row.note}" if row.note else "", "dim")]
    if row.name in ("children", "parent") and ink.told:
        used = sum(cells(text) for text, _ in title)
        end = _names_room(width - 2, ink) + 29  # a heading stands two cells left of its rows
        return [*title, (pad(clip(ink.told, 24), max(0, end + 2 - used), right=True), "dim")]
    is_table = row.name == "system" or (row.name == "metrics" and not all(map(is_system, ink.facts.run.metrics)))
    return [*title, *_titles(row, width, ink)] if is_table else title


def _titles(row: Row, width: int, ink: Ink) -> list[Piece]:
    table = _Table.of(width - 2, ink, system=row.name == "system")
    used = cells(row.name) + (cells(row.note) + 2 if row.note else 0)
    # a heading stands two cells left of its rows
    lead = " " * max(1, table.name + 2 - used + (table.curve + 2 if table.curve else 0))
    words = "".join(f"{word:>10}{' @step  ' if taken == WITH_STEP else ' '}" for word, taken in table.bounds)
    return [(f"{lead}{'last':>{FIGURE}}{'step':>{table.step}}  {words}".rstrip(), "dim")]


def _metric(row: Row, width: int, ink: Ink) -> list[Piece]:
    metric, table = row.thing, _Table.of(width, ink, system=is_system(row.name))
    assert isinstance(metric, Metric)
    role = "text" if metric.state == "finite" else "warn"
    made: list[Piece] = [(clip(row.name, table.name), "text")]
    made.append((" " * (table.name - cells(made[0][0])), "text"))
    if table.curve:
        made.append((f"  {pad(ink.curve(row.name, table.curve), table.curve)}", "hue0"))
    made.append((f"{figure_in(metric.value, FIGURE - 1):>{FIGURE}}", role))
    made.append((f"{count_in(metric.step, table.step - 1):>{table.step}}  ", "dim"))
    known = ink.facts.extremes.get(row.name)
    for word, taken in table.bounds:
        made += _bound(known, word, taken, ink.better.get(row.name))
    return made


def bound(known: Extreme | None, word: str, better: bool | None, room: tuple[int, int] = (12, 26)) -> tuple[str, str]:
    """The value of best, min or max as it is known, and its step: "…" while asked for, "–" where there is none.

    `room`: characters that value and step may have; as it is given, every one has its room.
    """
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
    written = unsure + figure_in(value, room[0] - len(unsure))
    return written, "" if step is None else count_in(step, room[1])


def _bound(known: Extreme | None, word: str, taken: int, better: bool | None) -> list[Piece]:
    value, step = bound(known, word, better, (FIGURE - 1, STEP - 1))
    role = "bright" if word == "best" else "text"
    if taken < WITH_STEP:
        return [(f"{value:>{taken - 1}} ", role)]
    return [(f"{value:>{FIGURE}}", role), (pad(f"@{step}" if step else "", taken - FIGURE), "dim")]


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
