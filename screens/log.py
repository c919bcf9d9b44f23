"""The log of a job: opened where it failed, followed while it runs, searched, folded by step. less's keys win."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from functools import partial
from threading import Event
from typing import ClassVar, Final

from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget

from ..app.copies import Copy
from ..app.errors import QuarterdeckError
from ..app.logs import Line as LogLine
from ..app.logs import Outline, Pattern, compiled, outline
from ..app.logs.folding import Folding, Narrowed
from ..app.pipeline_copies import job_copies
from ..app.records import SETTLED, Job, Pipeline, Want
from ..app.store.log_search import all_lines, find_line
from ..app.store.logs import LogHead
from ..app.text import clip, shown
from ..widgets.figures import age, count, size, span
from ..widgets.line import Line, Piece
from ..widgets.log_view import LogView
from ..widgets.pages import Pages
from ..widgets.palette import Palette
from ..widgets.prompt import Prompt
from ..widgets.status import worded
from .deck import Deck
from .links import LinkSheet
from .log_file import default_name, save_log
from .pipeline_keys import PipelineKeys

ASKS_EVERY: Final = 2.0
"""Seconds between two questions for what a running job has said meanwhile."""
LATE: Final = 15
"""Questions for the rest of a log after its job has ended."""


class LogScreen(PipelineKeys):
    """One job's log; what acts, acts on its pipeline."""

    TAB = "pipelines"
    HELP_KEY = "^p"  # `?` looks backwards here, as in less
    LEADING_KEYS = ("log.error", "log.fold", "log.follow", "log.search", "log.wrap", "log.times", "log.save")

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", priority=True, id="log.search", key_display="/"),
        Binding("question_mark", "search_back", "Search back", priority=True, id="log.search_back", show=False),
        Binding(
            "ampersand", "narrow", "Only lines that match", priority=True, id="log.narrow", show=False, key_display="&",
            tooltip="Show only the lines in which something stands; nothing typed shows all",
        ),
        Binding("n", "again(1)", "Next match", id="log.next", show=False),
        Binding("N", "again(-1)", "Match before", id="log.before", show=False),
        Binding("S", "save", "save", id="log.save", tooltip="Save the log as a file"),
        Binding("o", "link", "link", id="log.link", tooltip="Show the address of the job"),
        Binding("escape", "back", "back", id="log.back", key_display="Esc"),
    ]  # fmt: skip

    def __init__(self, deck: Deck, pipeline: Pipeline, job: Job) -> None:
        super().__init__(deck)
        self.pipeline = pipeline
        self.job = job
        self._head: LogHead | None = None
        self._pattern: Pattern | None = None
        self._back = False
        self._stop = Event()
        self._shown: tuple[LogHead, Job] | None = None
        self._tries = LATE
        self._was_placed = False
        self._narrowed: Pattern | None = None

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

    @property
    def view(self) -> LogView:
        """The log."""
        return self.query_one("#page", LogView)

    def on_mount(self) -> None:
        """Show what the cache has, and ask for the rest."""
        if self.is_composed:
            self.view.focus()
            self.read()
            self._ask()
            self.set_interval(ASKS_EVERY, self._ask_again)

    def on_unmount(self) -> None:
        """Nobody waits for what was looked for."""
        self._stop.set()

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
        self._say()
        self.write_frame()

    def _show(self, head: LogHead, folding: Folding, before: LogHead | None) -> None:
        view, old = self.view, self.view.folding
        lines = partial(_lines, self.deck, head.rowid)
        anew = before is None or (before.rowid, before.began) != (head.rowid, head.began)
        if old is not None and not anew:
            folding = old.grown(folding.outline, head.lines, head.first)
            if self._narrowed is not None and before is not None and before.bytes != head.bytes:
                self._narrow(self._narrowed, told=False)
        if self._was_placed and not anew:
            view.show(lines, folding)
            return
        failure, runs = folding.outline.failure, self.job.status not in SETTLED and not head.is_whole
        view.following = runs and failure is None
        # a log that comes in parts fails at its end: until all is here, nobody knows where to stand
        self._was_placed = head.is_whole or runs
        if view.following:
            folding.show(head.lines - 1, all_around=True)
        view.show(lines, folding, at=None if view.following else failure if failure is not None else folding.line(0))

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

    def cache_changed(self, *, runs: bool, commits: bool, pipelines: bool = False, logs: bool = False) -> None:
        """Show what came."""
        if pipelines:
            self._read_job()
        if (logs or pipelines) and self.is_ready:
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

    # -- what is said of it -------------------------------------------------------------------------------------

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
        if job.attempt > 1:
            left.append((f"   attempt {job.attempt}", "dim"))
        where = f"{clip(pipeline.branch, 24)} {(pipeline.commit or '')[:7]}".strip()
        return left, [(f"{where} ", "dim")] if where else []

    def recolour(self, palette: Palette) -> None:
        """Draw the same in other colours."""
        super().recolour(palette)
        self.view.recolour(palette)
        self.query_one("#said", Pages).recolour(palette)

    # -- looking for something ----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the prompt `/`, `?` and `&` are letters like any other."""
        if action in ("search", "search_back", "narrow") and self.is_ready and self.prompt.display:
            return False
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        """Any key ends a search, and whoever has moved is not moved by what comes."""
        self._stop.set()
        self._was_placed = self._was_placed or self.view.folding is not None

    def action_search(self) -> None:
        """Ask what to look for."""
        self._ask_for("search")

    def action_search_back(self) -> None:
        """Ask what to look for, backwards."""
        self._ask_for("search back")

    def _ask_for(self, purpose: str) -> None:
        self.query_one("#keys").display = False
        way = "up" if purpose == "search back" else "down"
        self.prompt.ask(purpose, "", f"regular expression to look for, {way} from here; n and N lead on and back")

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Look for it, or save it there."""
        if event.purpose in ("search", "search back"):
            self._close_prompt()
            self._back = event.purpose == "search back"
            self._look_for(event.value)
        elif event.purpose == "narrow":
            self._close_prompt()
            self._narrow_to(event.value)
        elif event.purpose == "save":
            self._close_prompt()
            self._save(event.value)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Escape in a prompt."""
        if event.purpose in ("search", "search back", "narrow", "save"):
            self._close_prompt()

    def _close_prompt(self) -> None:
        self.prompt.close()
        self.query_one("#keys").display = True
        self.focus_body()

    def _look_for(self, source: str) -> None:
        if not source and self._pattern is None:
            return
        try:
            self._pattern = compiled(source) if source else self._pattern
        except QuarterdeckError as error:
            self.say(f"▲ {error}", "warn")
            return
        self.view.look_for(self._pattern)
        self._search(-1 if self._back else 1, here=True)

    def action_again(self, by: int) -> None:
        """The next line that holds it, in the direction in which it was looked for; N: in the other."""
        if self._pattern is None:
            self.say("/ looks for something first", "dim")
        else:
            self._search(-by if self._back else by)

    def _search(self, by: int, *, here: bool = False) -> None:
        head, pattern = self._head, self._pattern
        if head is None or pattern is None or self.view.folding is None:
            return
        self._stop.set()
        self._stop = Event()
        self.view.following = False
        self.say(f"looking for {pattern.source} …", "dim")
        line = self.view.cursor + (0 if here else by)
        self.run_worker(
            partial(self._find, head, pattern, line, by < 0, self._stop),
            thread=True, group="search", exit_on_error=False,
        )  # fmt: skip

    def _find(self, head: LogHead, pattern: Pattern, line: int, back: bool, stop: Event) -> None:
        """On a thread, with a reader of its own; what is not below is looked for from the other end."""
        reader = self.deck.open_reader()
        try:
            found = find_line(reader.logs, head.rowid, pattern, line, back=back, stop=stop.is_set)
            around = found is None and not stop.is_set()
            if around:
                start = head.lines - 1 if back else head.first
                found = find_line(reader.logs, head.rowid, pattern, start, line, back=back, stop=stop.is_set)
        finally:
            reader.close()
        if not stop.is_set():
            self.app.call_from_thread(self._found, pattern, found, around, back)

    def _found(self, pattern: Pattern, line: int | None, around: bool, back: bool) -> None:
        if not self.is_ready:
            return
        if line is None:
            self.say(f"“{clip(pattern.source, 60)}” is nowhere in it", "warn")
            return
        self.view.go(line)
        self.say(f"it goes on from the {'end' if back else 'beginning'}" if around else "", "dim")

    # -- only some lines ----------------------------------------------------------------------------------------

    def action_narrow(self) -> None:
        """Ask which lines to show."""
        self.query_one("#keys").display = False
        self.prompt.ask("narrow", "", "regular expression: only lines in which it stands; nothing shows all lines")

    def _narrow_to(self, source: str) -> None:
        if not source:
            self._widen()
            return
        try:
            self._narrow(compiled(source))
        except QuarterdeckError as error:
            self.say(f"▲ {error}", "warn")

    def _widen(self) -> None:
        head, folding = self._head, self.view.folding
        if self._narrowed is not None and head is not None and folding is not None:
            self._narrowed = None
            found = folding.outline
            self._put(head, Folding(found, head.lines, head.first, found.folded()))

    def _narrow(self, pattern: Pattern, *, told: bool = True) -> None:
        if self._head is None or self.view.folding is None:
            return
        self._stop.set()
        self._stop = Event()
        if told:
            self.say(f"looking for all lines with {pattern.source} …", "dim")
        self.run_worker(
            partial(self._find_all, self._head, pattern, self._stop), thread=True, group="search", exit_on_error=False
        )

    def _find_all(self, head: LogHead, pattern: Pattern, stop: Event) -> None:
        """On a thread, with a reader of its own."""
        reader = self.deck.open_reader()
        try:
            found, is_all = all_lines(reader.logs, head.rowid, pattern, stop=stop.is_set)
        finally:
            reader.close()
        if not stop.is_set():
            self.app.call_from_thread(self._found_all, pattern, found, is_all)

    def _found_all(self, pattern: Pattern, found: array[int], is_all: bool) -> None:
        head, folding = self._head, self.view.folding
        if not self.is_ready or head is None or folding is None:
            return
        if not found:
            self.say(f"“{clip(pattern.source, 60)}” is nowhere in it", "warn")
            return
        self._narrowed = self._pattern = pattern
        self.view.look_for(pattern)
        self._put(head, Narrowed(found, folding.outline, head.lines, head.first))
        self.say("" if is_all else f"only the first {count(len(found))} lines are shown", "warn")

    def _put(self, head: LogHead, folding: Folding) -> None:
        stood = self.view.cursor
        self.view.show(partial(_lines, self.deck, head.rowid), folding, at=None if self.view.following else stood)
        self.write_frame()

    # -- keys ---------------------------------------------------------------------------------------------------

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

    def action_save(self) -> None:
        """Ask for the name of a file."""
        if self._head is None:
            self.say("there is nothing to save", "dim")
            return
        self.query_one("#keys").display = False
        self.prompt.ask("save", default_name(self.pipeline, self.job), "file to save the log in")

    def _save(self, name: str) -> None:
        if name.strip() and self._head is not None:
            self.run_worker(
                partial(save_log, self, self._head.rowid, name.strip()), thread=True, group="save", exit_on_error=False
            )


def _lines(deck: Deck, rowid: int, first: int, count: int, width: int) -> Sequence[LogLine]:
    """Of the reader that the deck has now: a new generation of the cache is another one."""
    return deck.reader.logs.lines(rowid, first, count, width=width)
