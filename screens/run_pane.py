"""The run under the cursor, beside a table that leaves room for it: how it stands, one curve, what sets it apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from ..app.records import Run, Want
from ..app.text import cells, clip, one_line, pad, shown
from ..widgets.chart import Chart
from ..widgets.curves import Curve
from ..widgets.figures import age, difference, figure, moment, span
from ..widgets.line import Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.status import glyph, worded
from .baseline import baseline_id
from .deck import Deck
from .run_detail import Upright
from .run_details import Lines
from .run_facts import RunFacts, facts_of, is_system, metric_names

WITH_PANE = 160
"""Columns of the terminal from which on the run under the cursor stands beside the table."""


class RunPane(Horizontal):
    """A run in one column. It never has the focus: the keys stay with the table."""

    DEFAULT_CSS = """
    RunPane { width: 46; }
    RunPane #standing { height: 6; }
    RunPane Chart { height: 10; margin-right: 1; margin-left: 1; }
    RunPane #apart { margin-top: 1; }
    """

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002  Textual's word
        super().__init__(id=id)
        self._palette = palette
        self._asked: set[tuple[str, str]] = set()

    def compose(self) -> ComposeResult:
        """A rule, and beside it how the run stands, its curve, and what sets it apart."""
        yield Upright(self._palette)
        with Vertical():
            chart = Chart(self._palette, compact=True)
            for widget in (Pages(self._palette, id="standing"), chart, Pages(self._palette, id="apart")):
                widget.can_focus = False
                yield widget

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self.query_one(Upright).recolour(palette)
        self.query_one(Chart).recolour(palette)
        for pages in self.query(Pages):
            pages.recolour(palette)

    def take_room(self, width: int) -> None:
        """Stand beside the table where the terminal is `width` columns wide and that is enough."""
        self.display = width >= WITH_PANE
        self.styles.width = max(46, min(66, width - 122))

    def show_run(self, deck: Deck, run_id: str, sort: str = "") -> None:
        """Show a run as the cache has it now. `sort`: the word that the table is sorted by; a metric has its curve."""
        facts = facts_of(deck.reader, run_id, deck.better) if self.display else None
        standing, apart = self.query_one("#standing", Pages), self.query_one("#apart", Pages)
        width = standing.size.width
        if facts is None or not width:
            return
        apart.action_top()
        standing.styles.height = len(lines := standing_lines(facts, width, deck))
        standing.show(lines)
        self._show_curve(deck, facts, told_by(facts.run, sort, deck.better))
        apart.show(apart_lines(facts.run, _baseline(deck, facts), width))

    def _show_curve(self, deck: Deck, facts: RunFacts, name: str | None) -> None:
        chart = self.query_one(Chart)
        chart.display = name is not None
        if name is None:
            return
        series = deck.reader.series(facts.rowid, name)
        if (series is None or series.is_behind) and (facts.run.id, name) not in self._asked:
            self._asked.add((facts.run.id, name))
            deck.ask(Want(kind="history", source=facts.run.source, run_ids=(facts.run.id,), keys=(name,)))
        chart.title = name
        chart.say("asked for …")
        chart.show([Curve(name, name, series)] if series is not None else [])


def told_by(run: Run, sort: str, better: Mapping[str, bool]) -> str | None:
    """The metric that a run is told by: the one sorted by, the first with a direction, the first of its own."""
    sorted_by = sort.removeprefix("metrics.")
    for name in (sorted_by, sorted_by.removesuffix(".min").removesuffix(".max")):
        if sort.startswith("metrics.") and name in run.metrics:
            return name
    names = metric_names(run, better)
    return next((name for name in better if name in run.metrics), names[0] if names else None)


def _baseline(deck: Deck, facts: RunFacts) -> Run | None:
    run_id = baseline_id(deck.tables, facts.experiment)
    found = deck.reader.runs(deck.reader.rowids([run_id])) if run_id and run_id != facts.run.id else []
    return found[0] if found else None


def standing_lines(facts: RunFacts, width: int, deck: Deck) -> Lines:
    """Name, status, times, commit, data."""
    run, now = facts.run, deck.now()
    status, role = worded(run.status)
    lines: Lines = [[(f" {clip(run.name or '–', max(8, width - cells(status) - 4))}  ", "bright"), (status, role)]]
    if run.started_at is not None:
        took = f", took {span(run.ended_at - run.started_at)}" if run.ended_at is not None else ""
        started = f"{moment(run.started_at, now, deck.zone)} ({age(run.started_at, now)})"
        lines.append([(f" {started}{took}", "text"), (f"   {clip(run.user or 'nobody named', 16)}", "dim")])
    else:
        lines.append([(" not started", "text"), (f"   {clip(run.user or 'nobody named', 16)}", "dim")])
    lines.append(_code(facts, width))
    for data in run.datasets[:3]:
        context = f"   {clip(data.context, 16)}" if data.context else ""
        lines.append([(f" {clip(data.name, 24)}@{clip(data.digest, 12)}", "text"), (context, "dim")])
    if not run.datasets:
        lines.append([(f" {glyph('missing')} no dataset was logged", "dim")])
    return [*lines, []]


def _code(facts: RunFacts, width: int) -> list[Piece]:
    if facts.run.git_commit is None:
        return [(f" {glyph('missing')} no commit was logged", "dim")]
    short = shown(facts.run.git_commit[:7])
    if facts.commit is None:
        return [(f" {short}", "text"), ("   not on a branch that is watched", "dim")]
    return [(f" {short}", "text"), (f"   {one_line(facts.commit.subject)}", "dim")]


def apart_lines(run: Run, base: Run | None, width: int) -> Lines:
    """What differs from the baseline; where there is none, the params and metrics."""
    if base is None:
        params = [(name, text, "") for name, text in sorted(run.params.items())]
        return [*_block("metrics", _metrics(run, None), width), [], *_block("params", params, width)]
    names = sorted({*run.params, *base.params})
    params = [
        (name, run.params.get(name, "–"), base.params.get(name, "–"))
        for name in names
        if run.params.get(name) != base.params.get(name)
    ]
    params += _origins(run, base)
    title: list[Piece] = [(" differs from ", "dim"), (clip(base.name or base.id, max(8, width - 16)), "accent")]
    metrics = [row for row in _metrics(run, base) if row[2]]
    if not params and not metrics:
        return [title, [("   in nothing that is known", "dim")]]
    return [title, *_rows(metrics, width), *([[]] if metrics and params else []), *_rows(params, width)]


def _origins(run: Run, base: Run) -> list[tuple[str, str, str]]:
    """Code and data, where they are not the baseline's."""
    made = []
    if run.git_commit != base.git_commit:
        made.append(("commit", (run.git_commit or "–")[:7], (base.git_commit or "–")[:7]))
    theirs = {(data.name, data.digest) for data in base.datasets}
    for data in run.datasets:
        if (data.name, data.digest) not in theirs:
            others = [one.digest for one in base.datasets if one.name == data.name]
            made.append((f"data {data.name}", data.digest, others[0] if others else "–"))
    return made


def _metrics(run: Run, base: Run | None) -> list[tuple[str, str, str]]:
    """Name, value, and the difference to the baseline where there is one."""
    made = []
    for name in [name for name in sorted(run.metrics) if not is_system(name)][:30]:
        value = run.metrics[name].value
        theirs = base.metrics.get(name) if base is not None else None
        lead = difference(value - theirs.value) if theirs is not None and value != theirs.value else ""
        made.append((name, figure(value), lead))
    return made


def _block(title: str, rows: Sequence[tuple[str, str, str]], width: int) -> Lines:
    return [[(f" {title}", "bright")], *(_rows(rows, width) or [[("   none logged", "dim")]])]


def _rows(rows: Sequence[tuple[str, str, str]], width: int) -> Lines:
    column = min(max((cells(clip(name, 26)) for name, _, _ in rows), default=8), max(8, width // 2))
    value = min(max((cells(clip(text, 20)) for _, text, _ in rows), default=6), max(6, (width - column - 8) // 2))
    return [
        [
            (f"   {pad(shown(name[:200]), column)}  ", "dim"),
            (pad(one_line(text[:200]) or "–", value), "text"),
            (f"  {one_line(other[:200])}" if other else "", "dim"),
        ]
        for name, text, other in rows
    ]
