"""The pipeline under the cursor, beside a table that leaves room: how it stands, its jobs, since when it is broken."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from ..app.records import Job
from ..app.text import cells, clip, one_line, pad
from ..widgets.figures import age, count, moment, span
from ..widgets.line import Piece
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.status import worded
from ..widgets.strip import has_stages, lasted, latest
from .deck import Deck
from .pipeline_columns import Group, called, short, took
from .pipeline_facts import PipelineFacts
from .pipeline_lines import ago, who_may
from .pipeline_outline import tests_said
from .pipeline_words import broke_pieces
from .run_detail import Upright
from .run_details import Lines, wrap
from .run_pane import WITH_PANE as WITH_PANE

JOBS = 30
"""Jobs that are listed."""


class PipelinePane(Horizontal):
    """A pipeline in one column. It never has the focus: the keys stay with the table."""

    DEFAULT_CSS = """
    PipelinePane { width: 50; }
    """

    def __init__(self, palette: Palette, *, id: str | None = None) -> None:  # noqa: A002  Textual's word
        super().__init__(id=id)
        self._palette = palette

    def compose(self) -> ComposeResult:
        """A rule, and the lines beside it."""
        yield Upright(self._palette)
        with Vertical():
            pages = Pages(self._palette, id="standing")
            pages.can_focus = False
            yield pages

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        self.query_one(Upright).recolour(palette)
        self.query_one(Pages).recolour(palette)

    def take_room(self, width: int) -> None:
        """Stand beside the table where the terminal is `width` columns wide and that is enough."""
        self.display = width >= WITH_PANE
        self.styles.width = pane_width(width)

    def show_facts(self, facts: PipelineFacts | None, group: Group | None, deck: Deck) -> None:
        """Show a pipeline as the cache has it now, or what heads a group; without either the pane is empty."""
        pages = self.query_one(Pages)
        width = pages.size.width
        if self.display and width:
            lines = pane_lines(facts, width, deck) if facts is not None else []
            pages.show(group_lines(group, width, deck.now()) if group is not None else lines)


def pane_width(width: int) -> int:
    """Columns of the pane beside a table, in a terminal of `width`."""
    return max(50, min(60, width - 122))


def group_lines(group: Group, width: int, now: int) -> Lines:
    """A branch or a commit: the worst that ran there last, and all of it by name."""
    word, role = worded(group.status)
    lines: Lines = [
        [(f" {clip(group.name or f'no {group.by}', max(12, width - cells(word) - 4))}  ", "bright"), (word, role)]
    ]
    lines.append([(f" {ago(group.at, now)}", "text"), (f"   {short(group.commit)}", "dim")])
    said = group.says.split("  ") if group.by == "branch" else wrap(one_line(group.says[:400]), width - 2)
    return [*lines, [], *([(f" {part}", "text")] for part in said)]


def pane_lines(facts: PipelineFacts, width: int, deck: Deck) -> Lines:
    """Everything that the table has no room for."""
    one, now = facts.pipeline, deck.now()
    word, role = worded(one.status)
    lines: Lines = [[(f" {called(one, max(12, width - cells(word) - 4))}  ", "bright"), (word, role)]]
    lines += [[(f" {piece}", "text")] for piece in wrap(one_line(one.title[:300]), width - 2)[:2]]
    lines.append(
        [(f" {moment(one.created_at, now, deck.zone)} ({age(one.created_at, now)})", "text"), *_lasts(facts, now)]
    )
    lines.append([(f" {clip(one.branch or 'no branch', 24)}", "text"), (f"  {_commit(facts)}", "dim")])
    by = "  ".join(part for part in (clip(one.event, 20), clip(one.actor, 20)) if part)
    lines += [[(f" {by}", "dim")]] if by else []
    for wait in one.approvals:
        lines += [
            [],
            [(f" ‖ waits for approval of {clip(wait.name, width - 26)}", "warn")],
            [(f"   {who_may(wait)}", "dim")],
        ]
    lines += [[], *_jobs(facts, width, now)]
    if tests := tests_said(one):
        lines += [[], [(" tests ", "bright"), (tests, "text")]]
        failures = one.report.failures if one.report else ()
        lines += [[(f"   {clip(case.name, width - 5)}", "bad")] for case in failures[:8]]
    if facts.broken is not None:
        said = broke_pieces(facts.broken, one.id, now)
        lines += [[], *([(f" {text.lstrip(', ')}", role)] for text, role in said)]
    return lines


def _lasts(facts: PipelineFacts, now: int) -> list[Piece]:
    lasts, role = took(facts.pipeline, facts.usual, now)
    usual = f"  usual {span(facts.usual)}" if facts.usual is not None else ""
    return [(f"   {lasts}", role), (usual, "dim")] if lasts else []


def _commit(facts: PipelineFacts) -> str:
    if facts.commit is not None:
        return f"{short(facts.commit.sha)}  {clip(facts.commit.author, 16)}: {one_line(facts.commit.subject[:200])}"
    return short(facts.pipeline.commit) or "no commit"


def _jobs(facts: PipelineFacts, width: int, now: int) -> Lines:
    jobs = facts.pipeline.jobs
    if jobs is None:
        return [[(" its jobs were asked for …", "dim")]]
    held, made, stage = latest(jobs), [], ""
    name = min(max((cells(clip(job.name, 40)) for job in held), default=8), max(8, width - 28))
    for job in held[:JOBS]:
        if has_stages(held) and job.stage != stage:
            stage = job.stage
            made.append([(f" {clip(stage, width - 2)}", "dim")])
        made.append(_job(job, name, now))
    if len(held) > JOBS:
        made.append([(f"   and {count(len(held) - JOBS)} more", "dim")])
    return made


def _job(job: Job, name: int, now: int) -> list[Piece]:
    word, role = worded(job.status)
    lasts = lasted(job.started_at, job.ended_at, job.status, now)
    text = "bad" if job.status == "failed" else "dim" if job.status in ("skipped", "cancelled") else "text"
    return [(f"   {pad(clip(job.name, name), name)}", text), (f"  {pad(word, 11)}", role), (f"{lasts:>10}", "dim")]
