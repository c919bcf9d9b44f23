"""A run as lines: what it was given, what came out, on which data and code. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any

import msgspec

from ..app.records import ArtifactListing, Commit, Extreme, Run, SourceState
from ..app.text import cells, clip, fit, pad, shown
from ..widgets.figures import age, count, figure, moment, size, span
from ..widgets.line import Piece
from ..widgets.status import glyph, worded

Lines = list[list[Piece]]

SIDE_BY_SIDE = 118
"""From this width on metrics and params stand beside each other."""

WITH_BOUNDS = 54
"""Below this width a metric is shown without its minimum and maximum."""

_OWN_TAGS = ("mlflow.runName", "mlflow.user", "mlflow.source.git.commit", "mlflow.parentRunId")
"""Tags that the top of the page says already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """All that the cache knows of one run."""

    run: Run
    experiment: str
    extremes: Mapping[str, Extreme] = field(default_factory=dict)
    commit: Commit | None = None
    parent: Run | None = None
    children: Sequence[Run] = ()
    listings: Mapping[str, ArtifactListing] = field(default_factory=dict)
    state: SourceState | None = None


def page(facts: RunFacts, width: int, now: int, zone: tzinfo) -> Lines:
    """The whole page for a width."""
    half = width >= SIDE_BY_SIDE
    column = (width - 4) // 2 if half else width - 2
    left = [*_metrics(facts, column), *_datasets(facts, column), *_artifacts(facts, column)]
    right = [*_params(facts, column), *_tags(facts, column), *_children(facts, column, now)]
    below = _beside(left, right, column) if half else [*left, *right]
    return [*_top(facts, width, now, zone), *below]


def narrow_page(facts: RunFacts, width: int, now: int, zone: tzinfo) -> Lines:
    """The page as a pane beside a table: one column behind a thin rule."""
    inner = width - 3
    blocks = [*_top(facts, inner, now, zone), *_metrics(facts, inner), *_params(facts, inner), *_datasets(facts, inner)]
    return [[(" │", "rule"), *_cut(line, inner)] for line in [*blocks, *_children(facts, inner, now)]] + [
        [(" │", "rule")] for _ in range(200)
    ]


def _cut(line: list[Piece], width: int) -> list[Piece]:
    made: list[Piece] = []
    for text, role in line:
        if width <= 0:
            break
        fitted = text if cells(text) <= width else fit(text, width)
        width -= cells(fitted)
        made.append((fitted, role))
    return made


def _top(facts: RunFacts, width: int, now: int, zone: tzinfo) -> Lines:
    run = facts.run
    status, role = worded(run.status)
    took = "" if run.started_at is None else span((run.ended_at or now) - run.started_at)
    when = f"{moment(run.started_at, now, zone)}  ({age(run.started_at, now)})" if run.started_at else ""
    lines: Lines = [
        [(f" {clip(run.name or '–', width - 20)}  ", "bright"), (status, role)],
        _pair(
            "started", f"{when.strip() or 'not known'}   took {took or '–'}   by {shown(run.user or 'nobody named')}"
        ),
        _pair("run", f"{shown(run.id)}   experiment {clip(facts.experiment, 40)}"),
        _code(facts, width),
    ]
    if facts.commit and facts.commit.changes:
        paths = ", ".join(shown(change.path) for change in facts.commit.changes[:4])
        more = f" and {len(facts.commit.changes) - 4} more" if len(facts.commit.changes) > 4 else ""
        lines.append(_pair("", f"touched {paths}{more}"))
    if facts.parent is not None:
        lines.append(_pair("parent", f"{clip(facts.parent.name, 40)}   {shown(facts.parent.id)}"))
    elif run.parent_id:
        lines.append(_pair("parent", f"{shown(run.parent_id)}, not in the cache"))
    return [*lines, []]


def _code(facts: RunFacts, width: int) -> list[Piece]:
    if facts.run.git_commit is None:
        return [*_pair("commit", ""), (f"{glyph('missing')} none was logged", "dim")]
    short = shown(facts.run.git_commit[:10])
    if facts.commit is None:
        return [*_pair("commit", short), ("   not on a branch that is watched; tree state unknown", "dim")]
    commit = facts.commit
    said = f'   "{clip(commit.subject, max(20, width - 70))}"  {clip(commit.author, 20)}'
    # MLflow keeps the commit but not whether the tree was clean
    return [*_pair("commit", short), (said, "text"), ("   tree state unknown", "dim")]


def _pair(name: str, value: str) -> list[Piece]:
    return [(f" {name:<9}", "dim"), (value, "text")]


def _heading(title: str, note: str = "") -> list[Piece]:
    return [(f" {title}", "bright"), (f"  {note}" if note else "", "dim")]


def _metrics(facts: RunFacts, width: int) -> Lines:
    metrics = facts.run.metrics
    if not metrics:
        return [_heading("metrics"), [("   none logged", "dim")], []]
    with_bounds = width >= WITH_BOUNDS
    room = max(10, min(36, width - (41 if with_bounds else 21)))
    titles = f"   {'':<{room}}{'last':>10}{'step':>8}" + (f"{'min':>10}{'max':>10}" if with_bounds else "")
    lines: Lines = [_heading("metrics", str(len(metrics))), [(titles, "dim")]]
    for name, metric in sorted(metrics.items()):
        low, high = _bounds(facts.extremes.get(name))
        last = (f"{figure(metric.value):>10}", "text" if metric.state == "finite" else "warn")
        rest = f"{count(metric.step):>8}" + (f"{low:>10}{high:>10}" if with_bounds else "")
        lines.append([(f"   {pad(shown(name), room)}", "text"), last, (rest, "dim")])
    return [*lines, []]


def _bounds(known: Extreme | None) -> tuple[str, str]:
    if known is None or known.history == "unread":
        return "…", "…"
    sure = known.history == "complete"
    low = "–" if known.min is None else ("" if sure else "≤") + figure(known.min)
    high = "–" if known.max is None else ("" if sure else "≥") + figure(known.max)
    return low, high


def _table(pairs: Iterable[tuple[str, str]], width: int) -> Lines:
    rows = sorted(pairs)
    room = max((min(cells(shown(name)), 30) for name, _ in rows), default=8)
    return [
        [(f"   {pad(shown(name), room)}  ", "dim"), (clip(value, max(10, width - room - 6)), "text")]
        for name, value in rows
    ]


def _params(facts: RunFacts, width: int) -> Lines:
    params = facts.run.params
    body = _table(params.items(), width) or [[("   none logged", "dim")]]
    return [_heading("params", str(len(params)) if params else ""), *body, []]


def _tags(facts: RunFacts, width: int) -> Lines:
    tags = {name: text for name, text in facts.run.tags.items() if name not in _OWN_TAGS}
    return [_heading("tags", str(len(tags))), *_table(tags.items(), width), []] if tags else []


def _datasets(facts: RunFacts, width: int) -> Lines:
    datasets = facts.run.datasets
    if not datasets:
        return [_heading("data"), [(f"   {glyph('missing')} no dataset was logged", "dim")], []]
    lines: Lines = [_heading("data")]
    for data in datasets:
        name = f"   {clip(data.name, 28)}@{clip(data.digest, 12)}"
        said = "   ".join(part for part in (data.context or "no context", _profile(data.profile)) if part)
        lines.append([(name, "text"), (f"   {clip(said, max(10, width - cells(name) - 4))}", "dim")])
    return [*lines, []]


def _profile(profile: str | None) -> str:
    """How much data it was, where the profile says so: MLflow's `num_rows`, else the profile as it is."""
    if not profile:
        return ""
    try:
        found = msgspec.json.decode(profile, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeError):
        return profile
    rows = found.get("num_rows")
    return f"{count(rows)} rows" if isinstance(rows, int) else profile


def _artifacts(facts: RunFacts, width: int) -> Lines:
    root = facts.listings.get("")
    if root is None:
        return [_heading("artifacts"), [("   asked for …", "dim")], []]
    if not root.artifacts:
        return [_heading("artifacts"), [("   none under the run", "dim")], []]
    lines: Lines = [_heading("artifacts")]
    for artifact in root.artifacts:
        name = clip(artifact.path, max(10, width - 16)) + ("/" if artifact.is_dir else "")
        lines.append([(f"   {pad(name, max(10, width - 16))}", "text"), (f"{size(artifact.size):>9}", "dim")])
        for inner in facts.listings[artifact.path].artifacts if artifact.path in facts.listings else ():
            lines.append([(f"     {clip(inner.path, max(10, width - 18))}", "dim"), (f"  {size(inner.size)}", "dim")])
    return [*lines, []]


def _children(facts: RunFacts, width: int, now: int) -> Lines:
    if not facts.children:
        return []
    lines: Lines = [_heading("children", str(len(facts.children)))]
    for child in facts.children[:50]:
        status, role = worded(child.status)
        name = pad(clip(child.name, 30), min(30, max(10, width - 30)))
        lines.append([(f"   {name}  ", "text"), (f"{status:<11}", role), (f"{age(child.started_at, now):>6}", "dim")])
    if len(facts.children) > 50:
        lines.append([(f"   and {count(len(facts.children) - 50)} more", "dim")])
    return [*lines, []]


def _beside(left: Lines, right: Lines, width: int) -> Lines:
    lines: Lines = []
    for at in range(max(len(left), len(right))):
        line = list(left[at]) if at < len(left) else []
        used = sum(cells(text) for text, _ in line)
        line.append((" " * max(2, width + 2 - used), "text"))
        lines.append([*line, *(right[at] if at < len(right) else [])])
    return lines
