"""The log of a job: opened where it failed, followed while it runs, searched, folded by step. less's keys win."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.timer import Timer
from textual.widget import Widget

from ..app.copies import Copy
from ..app.logs import Outline, outline
from ..app.logs.folding import Folding
from ..app.pipeline_copies import job_copies
from ..app.records import SETTLED, Job, Pipeline, Want
from ..app.store.logs import LogHead
from ..app.text import clip, shown
from ..widgets.figures import age, count, size, span
from ..widgets.line import Line, Piece
from ..widgets.log_view import LogView
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.prompt import Prompt
from ..widgets.status import worded
from .changes import Changed
from .deck import Deck
from .links import LinkSheet
from .log_file import default_name, free_path, save_log
from .log_searching import LogSearching, lines_of
from .pipeline_questions import waiting_jobs

ASKS_EVERY: Final = 2.0
"""Seconds between two questions for what a running job has said meanwhile."""
LATE: Final = 15
"""Questions for the rest of a log after its job has ended."""


class LogScreen(LogSearching):
    """One job's log; what acts, acts on its pipeline."""

    TAB = "pipelines"
    HELP_KEY = "^p"  # `?` looks backwards here, as in less
    LEADING_KEYS = (
        "log.follow", "log.error", "log.search", "log.fold", "copy", "log.link", "log.back", "pipeline.rerun",
        "pipeline.approve", "pipeline.cancel", "log.wrap", "log.save", "log.times",
    )  # fmt: skip

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("S", "save", "save", id="log.save", tooltip="Save the log as a file"),
        Binding("o", "link", "link", id="log.link", tooltip="Show the address of the job"),
        Binding("escape", "back", "back", id="log.back", key_display="Esc"),
    ]  # fmt: skip

    def __init__(self, deck: Deck, pipeline: Pipeline, job: Job) -> None:
        super().__init__(deck)
        self.pipeline = pipeline
        self.job = job
        self._shown: tuple[LogHead, Job] | None = None
        self._tries = LATE
        self._was_placed = False
        self._ticker: Timer | None = None

    def body(self) -> Iterable[Widget]:
        """The log, or a few lines that say why there is none; below it where one stands in it."""
        yield LogView(self.deck.palette, self.deck.zone, id="page")
        said = Pages(self.deck.palette, id="said")
        said.can_focus = False
        said.display = False
        yield said
        yield Line(self.deck.palette, id="place")

    def pipeline_here(self) -> Pipeline:
        """The pipeline that the job is of."""
        return self.pipeline

    def job_here(self) -> Job:
        """The job."""
        return self.job

    def on_mount(self) -> None:
        """Show what the cache has, and ask for the rest."""
        if self.is_composed:
            self.view.focus()
            self.read()
            self._ask()
            self.set_interval(ASKS_EVERY, self._ask_again)
            self._tick_while_it_runs()

    def _tick_while_it_runs(self) -> None:
        """Once a second the subject says how long the job has run, until it ends."""
        runs = self.job.status == "running" and self.job.started_at is not None
        if runs and self._ticker is None:
            self._ticker = self.set_interval(1.0, self._tick)
        elif not runs and self._ticker is not None:
            self._ticker.stop()
            self._ticker = None

    def _tick(self) -> None:
        if self.is_ready and self.is_current:
            self.query_one("#subject", Line).show(*self.subject())

    def _ask(self) -> None:
        job = self.job
        self.deck.ask(Want(kind="log", source=self.pipeline.source, pipelines=(self.pipeline.id,), job=job.id))

    def _ask_again(self) -> None:
        """While there may be more and somebody waits for it, or nobody has answered: no syncer may have listened."""
        head, ends = self._head, self.job.status in SETTLED
        if not self.is_current or (head is not None and head.is_whole and head.lines):
            return
        if head is not None and ends:
            # the end of a log may come after the end of its job; one that never comes is not asked for for ever
            self._tries -= 1
        else:
            self._tries = LATE
        if self._tries > 0 and (ends or self._waits):
            self._ask()
        self.view.is_over = self._is_over

    @property
    def _is_over(self) -> bool:
        """Nothing more of it comes."""
        whole = self._head is not None and self._head.is_whole
        return self.job.status in SETTLED and (whole or self._tries <= 0)

    @property
    def _waits(self) -> bool:
        return self.view.following or self._head is None or not self._head.lines

    # -- what the cache has -------------------------------------------------------------------------------------

    def read(self) -> None:
        """Read the log from the cache, and show it when it is another than before."""
        reads, job = self.deck.reader.logs, self.job
        head = reads.head(self.pipeline.source, job.id, self.pipeline.id)
        before, self._head = self._head, head
        if head is not None and head.lines > head.first and (head, job) != self._shown:
            self._shown = head, job
            found = outline(reads.marks(head.rowid), head.lines, job, first=head.first)
            self._show(head, Folding(found, head.lines, head.first, found.folded()), before)
            self._tell_end(head, found)
        self.view.is_over = self._is_over
        self._say()
        self.write_frame()

    def _show(self, head: LogHead, folding: Folding, before: LogHead | None) -> None:
        view, old = self.view, self.view.folding
        lines = lines_of(self.deck, head)
        anew = before is None or (before.rowid, before.began) != (head.rowid, head.began)
        if old is not None and not anew:
            folding = old.grown(folding.outline, head.lines, head.first)
            if self._narrowed is not None and before is not None and before.bytes != head.bytes:
                self._narrow(self._narrowed, told=False)
        if self._was_placed and not anew:
            view.show(lines, folding)
            return
        failure, runs = folding.outline.failure, self.job.status not in SETTLED and not head.is_whole
        # what went wrong without a word that is known says so at its end, if anywhere
        went_wrong = head.is_whole and self.job.status in ("failed", "cancelled")
        start = head.lines - 1 if went_wrong else folding.line(0)
        view.following = runs and failure is None
        # a log that comes in parts fails at its end: until all is here, nobody knows where to stand
        self._was_placed = head.is_whole or runs
        if view.following:
            folding.show(head.lines - 1, all_around=True)
        view.show(lines, folding, at=None if view.following else start if failure is None else failure)

    def _tell_end(self, head: LogHead, found: Outline) -> None:
        """There is nothing to follow any more: say where it failed, and do not carry the reader off."""
        if head.is_whole and self.view.following and self.job.status in SETTLED:
            self.view.action_follow()
            if found.failure is not None:
                self.say(f"it failed in line {count(found.failure + 1)}: E leads there", "bad")

    def _say(self) -> None:
        there = self._head is not None and self._head.lines > self._head.first
        said = self.query_one("#said", Pages)
        if self.view.display != there:
            self.view.display, said.display = there, not there
        if not there:
            said.show([[], *self._why()])

    def _why(self) -> list[list[Piece]]:
        head, job = self._head, self.job
        if head is not None and head.sentence:
            lines: list[list[Piece]] = [[(f" {shown(head.sentence)}", "text")]]
            return [*lines, [], [(" o", "accent"), (" shows where the job is.", "dim")]] if job.url else lines
        if head is not None and head.is_whole:
            return [[(" the job wrote nothing", "text")]]
        if job.status in ("queued", "waiting", "skipped"):
            return [[(f" {worded(job.status)[0]}: it has not begun, so there is no log yet", "dim")]]
        return [[(" asked for …", "dim")]]

    def cache_changed(self, changed: Changed) -> None:
        """Show what came."""
        if changed.pipelines:
            self._read_job()
        if (changed.logs or changed.pipelines) and self.is_ready:
            self.read()
        else:
            self.write_frame()

    def _read_job(self) -> None:
        """The job as it is now."""
        reader = self.deck.reader.pipelines
        rowid = reader.find(self.pipeline.id, self.pipeline.source)
        rows = reader.rows([rowid]) if rowid is not None else []
        jobs = rows[0].pipeline.jobs or () if rows else ()
        self.pipeline = rows[0].pipeline if rows else self.pipeline
        self.job = next((job for job in jobs if job.id == self.job.id), self.job)
        self._tick_while_it_runs()

    # -- what is said of it -------------------------------------------------------------------------------------

    def on_log_view_told(self, event: LogView.Told) -> None:
        """Say why a key did nothing."""
        self.say(event.text, "dim")

    def on_log_view_moved(self) -> None:
        """Tell which line one stands on."""
        self._say_place()

    def write_frame(self) -> None:
        """The lines of the frame, and the one below the log."""
        super().write_frame()
        self._say_place()

    def _say_place(self) -> None:
        if self.is_ready:
            self.query_one("#place", Line).show(*self._place())

    def _place(self) -> tuple[list[Piece], list[Piece]]:
        head, view = self._head, self.view
        if head is None or head.lines <= head.first:
            return [], []
        left: list[Piece] = [
            (f" line {count(view.cursor + 1)} of {count(head.lines)}", "text"),
            ("   following" if view.following else "   not following", "run" if view.following else "dim"),
        ]
        if head.dropped:
            left.append((f"   {size(head.dropped)} dropped", "warn"))
        if head.sentence:
            left.append((f"   {clip(head.sentence, 60)}", "warn"))
        if self._narrowed is not None and view.folding is not None:
            left.append((f"   {count(view.folding.rows)} with {clip(self._narrowed.source, 30)}", "accent"))
        if view.left:
            left.append((f"   from column {view.left + 1}", "dim"))
        return left, [(f"{self._last_byte(head)} ", "dim")]

    def _last_byte(self, head: LogHead) -> str:
        now = self.deck.now()
        if self.job.status in SETTLED and self.job.ended_at is not None:
            ended = age(self.job.ended_at, now)
            return f"ended {ended if ended == 'now' else f'{ended} ago'}"
        came = age(head.grew_at, now)
        return f"last byte {came if came == 'now' else f'{came} ago'}" if came else ""

    def subject(self) -> tuple[Sequence[Piece], Sequence[Piece]]:
        """Whose log it is, and how the job went."""
        pipeline, job = self.pipeline, self.job
        number = f" #{shown(pipeline.number)}" if pipeline.number else ""
        left: list[Piece] = [(f" {clip(pipeline.name, 30)}{number} › ", "dim"), (clip(job.name, 40), "bright")]
        left += [("   ", "text"), worded(job.status)]
        if job.started_at is not None and job.ended_at is not None:
            left.append((f"   {span(job.ended_at - job.started_at)}", "dim"))
        elif job.started_at is not None and job.status == "running":
            left.append((f"   runs {_so_far(self.deck.now() - job.started_at)}", "dim"))
        if job.attempt > 1:
            left.append((f"   attempt {job.attempt}", "dim"))
        where = f"{clip(pipeline.branch, 24)} {(pipeline.commit or '')[:7]}".strip()
        return left, [(f"{where} ", "dim")] if where else []

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.view.recolour(palette)
        self.query_one("#said", Pages).recolour(palette)

    def on_key(self, event: events.Key) -> None:
        """Whoever has moved is not moved by what comes."""
        self._was_placed = self._was_placed or self.view.folding is not None

    # -- keys ---------------------------------------------------------------------------------------------------

    def shown_keys(self) -> list[tuple[str, str]]:
        """The keys that do something to this log, and to its pipeline as it is now."""
        idle = set(self._idle_keys())
        return [(key, says) for key, says in super().shown_keys() if says not in idle]

    def _keys(self) -> list[Piece]:
        """Without the blanks behind the last key: `^p` is a cell longer than `?`, and they would be cut off by `…`."""
        made = super()._keys()
        return [*made[:-1], *((text.rstrip(), role) for text, role in made[-1:])]

    def _idle_keys(self) -> Iterator[str]:
        pipeline, acts = self.pipeline, self.job.status != "passed" and not self.deck.read_only
        if self._is_over:
            yield "follow"
        if not self.job.url:
            yield "link"
        if not acts or not pipeline.is_settled:
            yield "re-run"
        if not acts or pipeline.is_settled:
            yield "cancel"
        if not acts or not (pipeline.approvals or waiting_jobs(pipeline)):
            yield "approve"

    def action_sync_now(self) -> None:
        """Ask for what came since."""
        self._ask()
        self._want(self.pipeline)
        self.say("asked for what the job has said since", "dim")

    def copies(self) -> Sequence[Copy]:
        """The line, what is on the screen, then the job in its forms."""
        line, sight = self.view.line_here(), self.view.lines_in_sight()
        lines = [Copy("line", line.text)] if line is not None and line.text else []
        whole = [Copy("lines on the screen", "\n".join(one.text for one in sight))] if sight else []
        return [*lines, *whole, *job_copies(self.job), *super().copies()]

    def action_link(self) -> None:
        """Show where the job is."""
        if self.job.url:
            self.app.push_screen(LinkSheet(shown(self.job.name), self.job.url, self.deck.palette))
        else:
            self.say("its source does not say where it can be seen", "dim")

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Save the log there."""
        if event.purpose == "save":
            self._close_prompt()
            self._save(event.value)

    def action_save(self) -> None:
        """Ask for the name of a file."""
        if self._head is None:
            self.say("there is nothing to save", "dim")
            return
        self.query_one("#keys").display = False
        self.prompt.ask("save", free_path(default_name(self.pipeline, self.job)), "file to save the log in")

    def _save(self, name: str) -> None:
        if name.strip() and self._head is not None:
            self.run_worker(
                partial(save_log, self, self._head.rowid, name.strip()), thread=True, group="save", exit_on_error=False
            )


def _so_far(milliseconds: int) -> str:
    """How long it runs already, in whole seconds: `16 s`, `12 m 05 s`."""
    seconds = max(0, milliseconds // 1000)
    return f"{seconds} s" if seconds < 60 else span(seconds * 1000)
