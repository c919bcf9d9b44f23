"""What is known of one row of a run's outline, as lines. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from math import isfinite, isnan
from typing import Any

import msgspec

from ..app.records import Artifact, ArtifactListing, Commit, Dataset, Metric, Run, Series
from ..app.text import cells, clip, one_line, pad, shown
from ..widgets.figures import age, count, figure, moment, size, span
from ..widgets.line import Piece
from ..widgets.status import glyph, worded
from .run_facts import RunFacts, SameData, metric_names
from .run_metrics import bound
from .run_outline import NOTE, OWN_TAGS, Row, tree_state

Lines = list[list[Piece]]

CHANGED = 500
"""Paths of a commit that are listed."""

LONGEST = 20_000
"""Characters of a param, a tag or a message that are shown."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Where lines are laid out: cells, and the time in which zone."""

    width: int
    now: int
    zone: tzinfo
    better: Mapping[str, bool]


def head(facts: RunFacts, sight: Sight) -> tuple[list[Piece], list[Piece]]:
    """How a run stands, in one line: on the left status and times, on the right its id."""
    run = facts.run
    status, role = worded(run.status)
    left: list[Piece] = [(f" {status}", role)]
    if run.started_at is not None:
        started = f"{moment(run.started_at, sight.now, sight.zone)} ({age(run.started_at, sight.now)})"
        left += [("   started ", "dim"), (started, "text")]
        if run.ended_at is not None:  # of one that runs the age says it, in words that seldom change
            left += [("   took ", "dim"), (span(run.ended_at - run.started_at), "text")]
    else:
        left.append(("   not started", "dim"))
    left += [("   by ", "dim"), (clip(run.user or "nobody named", 24), "text")]
    room = sight.width - sum(cells(text) for text, _ in left) - 8
    run_id = shown(run.id) if cells(shown(run.id)) <= room else clip(run.id, 9)
    return left, [("run ", "dim"), (f"{run_id} ", "dim")] if room >= 9 else []


def detail(row: Row, facts: RunFacts, sight: Sight, others: SameData | None = None) -> Lines:
    """The lines on a row; for files see artifact_page, for metrics `metric_facts` stands below the chart."""
    thing = row.thing
    match row.kind:
        case "param" | "tag":
            assert isinstance(thing, str)
            title = _title("note" if row.name == NOTE else row.name, row.kind, sight)
            return [title, [], *_wrapped(thing, sight.width)]
        case "data":
            assert isinstance(thing, Dataset)
            return data_lines(thing, sight, others)
        case "commit":
            return commit_lines(row.name, thing if isinstance(thing, Commit) else None, facts.run, sight)
        case "folder":
            return folder_lines(row.name, facts.listings.get(row.name), sight)
        case "parent" | "child":
            return run_lines(thing, row.kind, sight) if isinstance(thing, Run) else _unknown_run(row.name, sight)
        case _:
            return []


def _title(name: str, kind: str, sight: Sight) -> list[Piece]:
    return [(f" {clip(name, max(8, sight.width - cells(kind) - 4))}", "bright"), (f"  {kind}", "dim")]


def pairs(rows: Iterable[tuple[str, str]], width: int, indent: int = 1) -> Lines:
    """Names and values in two columns; a value goes on below itself where it is long."""
    held = [(shown(name), value) for name, value in rows]
    column = min(max((cells(name) for name, _ in held), default=0), max(6, width // 3), 26)
    lines: Lines = []
    for name, value in held:
        room = max(8, width - column - indent - 3)
        lead = f"{' ' * indent}{pad(name, column)}  "
        for piece in wrap(one_line(value[:LONGEST]), room) or ["–"]:
            lines.append([(lead, "dim"), (piece, "text")])
            lead = " " * (column + indent + 2)
    return lines


def wrap(text: str, width: int) -> list[str]:
    """A shown text in lines of at most `width` cells, broken at spaces where there are some."""
    made: list[str] = []
    while text and cells(text) > width:
        end = len(text) if len(text) <= width else width
        while cells(text[:end]) > width:
            end -= 1
        end = max(1, end)
        space = text.rfind(" ", 1, end + 1)
        cut = space if space > end // 2 else end
        made.append(text[:cut].rstrip())
        text = text[cut:].lstrip() if cut == space else text[cut:]
    return [*made, text] if text else made


def _wrapped(text: str, width: int, role: str = "text") -> Lines:
    if not text:
        return [[(" (empty)", "dim")]]
    lines = text[:LONGEST].replace("\r\n", "\n").split("\n")
    made: Lines = []
    for line in lines:
        made += [[(f" {piece}", role)] for piece in wrap(shown(line.replace("\t", "    ")), max(8, width - 2))] or [[]]
    if len(text) > LONGEST:
        made.append([(f" and {count(len(text) - LONGEST)} characters more", "dim")])
    return made


# -- a metric -----------------------------------------------------------------------------------------------------


def metric_facts(name: str, facts: RunFacts, series: Series | None, sight: Sight) -> Lines:
    """What stands below a metric's chart: its ends, its extremes and their steps, and what its history is like."""
    metric, known = facts.run.metrics[name], facts.extremes.get(name)
    better = sight.better.get(name)
    said: list[tuple[str, str, str]] = [("last", figure(metric.value), count(metric.step))]
    words = ["min", "max"] if better is None else ["best", "min" if better else "max"]  # best is the other one
    said += [(word, *bound(known, word, better)) for word in words]
    if series is not None and len(series):
        said.append(("first", figure(series.values[0]), count(series.steps[0])))
    shown_as = [_figure(*one, warn=one[0] == "last" and metric.state != "finite") for one in said]
    across = 4 if sight.width >= 120 else 2 if sight.width >= 56 else 1
    lines: Lines = [
        [piece for cell in shown_as[at : at + across] for piece in cell] for at in range(0, len(shown_as), across)
    ]
    if series is not None and len(series):
        direction = "" if better is None else f"; {'greater' if better else 'smaller'} is better"
        lines += [[(f" {part}", "dim")] for part in wrap(_history(series) + direction, max(8, sight.width - 2))]
        lines += [[(f" {glyph('stale')} {odd}", "warn")] for odd in _odd(series)]
    return lines


def _figure(word: str, value: str, step: str, *, warn: bool = False) -> list[Piece]:
    role = "warn" if warn else "bright" if word in ("last", "best") else "text"
    return [(f" {word:<6}", "dim"), (f"{value:>10}", role), (f" @{step}".ljust(12) if step else " " * 12, "dim")]


def _history(series: Series) -> str:
    number = len(series)
    took = series.times[-1] - series.times[0]
    every = f", one every {span(took // (number - 1))}" if number > 1 and took > 0 else ""
    kept = "" if series.history == "complete" else " (thinned out: every point with Enter)"
    low, high = min(series.steps), max(series.steps)
    return f"{count(number)} point{'s' * (number != 1)}{kept}, steps {count(low)} to {count(high)}{every}"


def _odd(series: Series) -> list[str]:
    """What a curve cannot show: values that are no numbers, steps that were logged twice."""
    made = []
    if wrong := sum(not isfinite(value) for value in series.values):
        nans = sum(map(isnan, series.values))
        kinds = [f"{count(n)} {word}" for n, word in ((wrong - nans, "infinite"), (nans, "NaN")) if n]
        made.append(f"{', '.join(kinds)} point{'s' * (wrong != 1)}: in neither min nor max")
    if repeated := len(series) - len(set(series.steps)):
        made.append(f"{count(repeated)} steps logged more than once")
    return made


# -- data ---------------------------------------------------------------------------------------------------------


def data_lines(data: Dataset, sight: Sight, others: SameData | None) -> Lines:
    """A dataset: what it is, where it came from, its columns, its profile, and who else used it."""
    facts = [("digest", data.digest), ("context", data.context or "none given")]
    facts += [("source", text) for text in [_origin(data)] if text]
    lines: Lines = [_title(data.name, "data", sight), [], *pairs(facts, sight.width)]
    lines += _block("profile", pairs(_flat(_json(data.profile) or data.profile), sight.width, 3))
    columns = _columns(data.schema)
    lines += _block("columns", _schema(columns, sight.width), count(len(columns)))
    return [*lines, *_others(others, sight)]


def _block(title: str, lines: Lines, note: str = "") -> Lines:
    return [[], [(f" {title}", "bright"), (f"  {note}" if note else "", "dim")], *lines] if lines else []


def _json(text: str | None) -> Any:
    """A JSON text; None where there is none or it is something else."""
    try:
        return msgspec.json.decode(text) if text else None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _origin(data: Dataset) -> str:
    """Where data came from: MLflow keeps `{"uri": ...}`, and more for some kinds."""
    found = _json(data.origin)
    if isinstance(found, dict):
        return "  ".join(str(found[key]) for key in ("uri", "url", "path") if found.get(key)) or (data.origin or "")
    return data.origin or data.source_type or ""


def _flat(value: Any) -> list[tuple[str, str]]:
    """JSON as names and values: `num_rows` → `num rows`, what is empty left out."""
    if isinstance(value, str):
        return [("", value)]
    if not isinstance(value, dict):
        return [("", _text(value))] if value is not None else []
    return [
        (str(key).replace("_", " "), _text(inner)) for key, inner in value.items() if inner not in (None, {}, [], "")
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return figure(value)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _columns(schema: str | None) -> list[tuple[str, str, bool]]:
    """Name, type and whether it must be there, of MLflow's column and tensor schemas; none of another schema."""
    found = _json(schema)
    if not isinstance(found, dict):
        return []
    made: list[tuple[str, str, bool]] = []
    for value in found.values():
        value = _json(value) if isinstance(value, str) else value  # tensor schemas are JSON inside JSON
        entries = [entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, dict)]
        made += [(str(one.get("name", "–")), _type(one), one.get("required") is not False) for one in entries]
    return made


def _type(entry: Mapping[str, Any]) -> str:
    tensor = entry.get("tensor-spec")
    if isinstance(tensor, dict):
        return f"{tensor.get('dtype', 'tensor')} {tensor.get('shape', '')}"
    found = entry.get("type", "–")
    return found if isinstance(found, str) else _text(found)


def _schema(columns: Sequence[tuple[str, str, bool]], width: int) -> Lines:
    room = min(max((cells(clip(name, 40)) for name, _, _ in columns), default=0), max(8, width // 2))
    return [
        [
            (f"   {pad(clip(name, room), room)}", "text"),
            (f"  {clip(kind, max(4, width - room - 18))}", "dim"),
            ("" if needed else "  may be missing", "dim"),
        ]
        for name, kind, needed in columns[:1_000]
    ]


def _others(others: SameData | None, sight: Sight) -> Lines:
    if others is None:
        return []
    if not others.runs:
        return _block("the same data", [[("   no other run that is known here names this digest", "dim")]])
    lines = [[("   ", "text"), *run_line(run, sight)] for run in others.runs]
    told = next(iter(sight.better), None) if any(run.metrics for run in others.runs) else None
    note = f"{count(others.number)} other run{'s' * (others.number != 1)}{f', {shown(told)}' if told else ''}"
    return _block("the same data", lines, note)


def run_line(run: Run, sight: Sight) -> list[Piece]:
    """A run in a line: name, status, age, and the first metric that was read of it."""
    status, role = worded(run.status)
    room = max(8, min(28, sight.width - 40))
    told = next(iter(run.metrics), None)
    made: list[Piece] = [(f"{pad(clip(run.name or '–', room), room)}  ", "text"), (f"{status:<12}", role)]
    made.append((f"{age(run.started_at, sight.now):>5}", "dim"))
    return [*made, (f"  {figure(run.metrics[told].value):>9}", "text")] if told else made


# -- code ---------------------------------------------------------------------------------------------------------


def commit_lines(sha: str, commit: Commit | None, run: Run, sight: Sight) -> Lines:
    """A commit: the whole message, who and when, every path that it touched, and what is known of the tree."""
    return commit_said(sha, commit, code_facts(run), sight)


def code_facts(run: Run) -> list[tuple[str, str]]:
    """What a run says of the code that it ran, beside the commit."""
    told = (
        ("branch", "mlflow.source.git.branch"),
        ("ran", "mlflow.source.name"),
        ("repository", "mlflow.source.git.repoURL"),
    )
    return [("tree state", tree_state(run)), *((word, run.tags[tag]) for word, tag in told if run.tags.get(tag))]


def commit_said(sha: str, commit: Commit | None, facts: Sequence[tuple[str, str]], sight: Sight) -> Lines:
    """The same with other facts about it."""
    if commit is None:
        known = [("commit", sha), ("", "not on a branch that is watched: its message and files are not known here")]
        return [_title(clip(sha, 12), "commit", sight), [], *pairs([*known, *facts], sight.width)]
    when = f"{moment(commit.authored_at, sight.now, sight.zone)} ({age(commit.authored_at, sight.now)})"
    email = f" <{commit.email}>" if commit.email else ""
    about = [("commit", commit.sha), ("author", f"{commit.author}{email}"), ("when", when)]
    if commit.committed_at - commit.authored_at > 60_000:
        about.append(("committed", moment(commit.committed_at, sight.now, sight.zone)))
    message = [*_wrapped(commit.subject, sight.width, "bright")]
    if commit.body.strip():
        message += [[], *_wrapped(commit.body.strip("\n"), sight.width)]
    return [*message, [], *pairs([*about, *facts], sight.width), *_changes(commit, sight)]


def _changes(commit: Commit, sight: Sight) -> Lines:
    roles = {"A": "good", "D": "bad", "R": "run", "C": "run"}
    lines: Lines = [
        [
            (f"   {clip(change.kind, 2)} ", roles.get(change.kind, "dim")),
            (clip(change.path, max(8, sight.width - 6)), "text"),
            (f"  from {clip(change.old_path, 40)}" if change.old_path else "", "dim"),
        ]
        for change in commit.changes[:CHANGED]
    ]
    if len(commit.changes) > CHANGED:
        lines.append([(f"   and {count(len(commit.changes) - CHANGED)} more", "dim")])
    return _block("files", lines, count(len(commit.changes))) or [[], [(" it touched no file", "dim")]]


# -- folders and runs ---------------------------------------------------------------------------------------------


def folder_lines(path: str, listing: ArtifactListing | None, sight: Sight) -> Lines:
    """What a folder of artifacts holds."""
    if listing is None:
        return [_title(f"{path}/", "folder", sight), [], [(" asked for …", "dim")]]
    entries = listing.artifacts
    room = max(8, sight.width - 14)
    lines: Lines = [[(f" {pad(_base(entry), room)}", "text"), (f"{size(entry.size):>9}", "dim")] for entry in entries]
    total = sum(entry.size or 0 for entry in entries)
    note = [(f" {count(len(entries))} entries, {size(total)}", "dim")]
    return [_title(f"{path}/", "folder", sight), [], *(lines or [[(" it is empty", "dim")]]), [], note]


def _base(entry: Artifact) -> str:
    return shown(entry.path.rpartition("/")[2] or entry.path) + ("/" if entry.is_dir else "")


def run_lines(run: Run, role: str, sight: Sight) -> Lines:
    """The key figures of another run."""
    status, of = worded(run.status)
    lines: Lines = [_title(run.name or "–", role, sight), [], [(f" {status}", of), *_when(run, sight)], []]
    metrics = [(name, run.metrics[name]) for name in metric_names(run, sight.better)[:40]]
    room = max((cells(clip(name, 34)) for name, _ in metrics), default=8)
    lines += _block("metrics", [_metric_line(name, metric, room, sight) for name, metric in metrics])[1:]
    lines += _block("params", pairs(sorted(run.params.items()), sight.width, 3))
    tags = [(name, text) for name, text in sorted(run.tags.items()) if name not in OWN_TAGS]
    lines += _block("tags", pairs(tags, sight.width, 3))
    return [*lines, [], [(" Enter opens it", "dim")]]


def _when(run: Run, sight: Sight) -> list[Piece]:
    if run.started_at is None:
        return [("   not started", "dim")]
    took = f", took {span(run.ended_at - run.started_at)}" if run.ended_at is not None else ""
    return [(f"   {age(run.started_at, sight.now)} ago{took}   by {clip(run.user or 'nobody named', 20)}", "dim")]


def _metric_line(name: str, metric: Metric, room: int, sight: Sight) -> list[Piece]:
    room = max(8, min(room, sight.width - 24))
    role = "text" if metric.state == "finite" else "warn"
    return [
        (f"   {pad(clip(name, room), room)}", "dim"),
        (f"{figure(metric.value):>10}", role),
        (f"{count(metric.step):>8}", "dim"),
    ]


def _unknown_run(run_id: str, sight: Sight) -> Lines:
    return [_title(run_id, "run", sight), [], [(" it is not in the cache", "dim")]]
