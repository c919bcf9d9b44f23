"""Acts from the terminal: what is asked, how it is confirmed, and what came of it.

The screens only ask. A process of its own does it, and the journal tells how far it is: nothing here waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

from textual.app import App
from textual.css.query import NoMatches
from textual.timer import Timer

from ..app.acting import Progress
from ..app.deeds import Of, Undo
from ..app.errors import QuarterdeckError
from ..app.records import Job, Pipeline, Run
from ..app.store.state import Act
from ..app.text import cells, clip, pad, shown
from ..widgets.figures import age
from ..widgets.line import Piece
from ..widgets.status import glyph
from .question import Question

if TYPE_CHECKING:
    from .deck import Deck
    from .frame import FrameScreen

LOOK = 0.2
"""Seconds between two looks at the journal while an act is under way (microseconds each); none at other times."""

STAYS = 15.0
FAILURE_STAYS = 120.0
"""Seconds for which an outcome stays on the lower rule."""

TRY_AGAIN = 60.0
"""Seconds between two questions to a server that could not say what came of an act."""

NAMED = 8
"""Runs that a question names one by one."""


class Acts(Protocol):
    """How screens ask for changes to the outside world (see app/acting.py)."""

    def refusal(self, of: Of = "tags") -> str:
        """Why nothing can be changed from here; "" when it can."""

    def check_tag(self, key: str, value: str) -> None:
        """Raise UsageError when the tag would not be taken as it is."""

    def tag(self, runs: Sequence[Run], key: str, value: str) -> str:
        """Have runs tagged; gives the batch. On a thread."""

    def able(self, kind: str) -> frozenset[str]:
        """What pipelines of this kind of source can be made to do: rerun, rerun_failed, cancel, approve, play."""

    def rerun(self, pipelines: Sequence[Pipeline], *, failed_only: bool) -> str:
        """Have pipelines run again; gives the batch. On a thread."""

    def cancel(self, pipelines: Sequence[Pipeline]) -> str:
        """Have pipelines stopped; gives the batch. On a thread."""

    def approve(self, pipeline: Pipeline, approvals: Sequence[str]) -> str:
        """Let deployments, as ids of approvals, go on; gives the batch. On a thread."""

    def play(self, pipeline: Pipeline, job: Job) -> str:
        """Start a job that waits for a hand; gives the batch. On a thread."""

    def undo(self, undo: Undo) -> str:
        """Have an act taken back; gives the batch. On a thread."""

    def last(self, of: Of | None = None) -> Undo | None:
        """My last act, on such things, that was not taken back."""

    def recent(self) -> list[Act]:
        """The journal, newest first."""

    def entries(self, batch: str) -> list[Act]:
        """What was asked for at once, as the journal has it now."""

    def under_way(self) -> list[str]:
        """Batches without an outcome."""

    def untold(self) -> list[str]:
        """Batches whose outcome no terminal has told."""

    def mark_told(self, batch: str) -> None:
        """The outcome of a batch was told."""

    def stamp(self, batch: str) -> tuple[int, bool]:
        """Changes when there is news of a batch."""

    def progress(self, batch: str) -> Progress:
        """How far a batch is."""

    def settle(self) -> str:
        """Ask the servers about what was cut off; gives why it is not known yet. On a thread."""


def acts_of(screen: FrameScreen, of: Of = "tags") -> Acts | None:
    """The acts, or None where nothing may be changed: then the reason has been said."""
    acts = screen.deck.acts
    reason = acts.refusal(of) if acts is not None else "nothing can be changed from here"
    if reason:
        screen.say(f"▲ {reason}", "warn")
        return None
    return acts


def runs_said(number: int, thing: str = "run") -> str:
    """So many runs, pipelines, versions, or aliases."""
    many = f"{thing}es" if thing.endswith("s") else f"{thing}s"
    return f"1 {thing}" if number == 1 else f"{number} {many}"


def there(key: str, value: str | None, when: str) -> str:
    """What a run has under a key: `stage=gold now`."""
    return f"no {clip(key, 40)} {when}" if value is None else f"{clip(key, 40)}={clip(value, 60)} {when}"


# -- undo -------------------------------------------------------------------------------------------------------


def ask_for_undo(screen: FrameScreen, of: Of | None = None) -> None:
    """Name my last act, and ask whether to take it back; while one is under way, as soon as it is over.

    `of` looks among those on runs, on pipelines, or on models, alone. The way back of a promotion is a plan.
    """
    if (acts := acts_of(screen, of or "pipelines")) is None:
        return
    if acts.under_way():
        _ask_when_over(screen, acts, of)
        return
    undo = acts.last(of)
    if undo is None or undo.never or undo.alias is not None:
        _lead_back(screen, undo, of)
        return
    confirm(screen, "undo", undo_lines(undo, screen.deck.now()), partial(acts.undo, undo))


def _lead_back(screen: FrameScreen, undo: Undo | None, of: Of | None) -> None:
    """Open the plan that is the way back, or say why there is none."""
    if undo is None and of is not None:
        screen.say("nothing of yours to take back here: u in :acts takes back what else you did", "dim")
    elif undo is None:
        screen.say("nothing of yours to take back: a lets go of what you took on", "dim")
    elif undo.alias is None:
        screen.say(f"your last act was the {undo.what}: {undo.never}", "dim")
    else:
        from .promotion_places import open_promotion  # with what it brings, when it is wanted

        source, model, alias = undo.alias
        open_promotion(screen, model, alias, kind="rollback", source=source)


def _ask_when_over(screen: FrameScreen, acts: Acts, of: Of | None) -> None:
    """The question comes at once and waits, so that a `y` typed meanwhile is neither an answer nor another key."""
    found: list[Undo] = []
    still = "the tag is still being set" if of == "tags" else "your last act is still under way"

    def later() -> Sequence[Sequence[Piece]] | None:
        if acts.under_way():
            return None
        undo = acts.last(of)
        found.extend([undo] if undo is not None and not undo.never and undo.alias is None else [])
        return undo_lines(found[0], screen.deck.now()) if found else []

    def answered(yes: bool | None) -> None:
        if yes:
            begin(screen, partial(acts.undo, found[0]))
        elif yes is False:
            screen.say("nothing was changed", "dim")
        elif acts.under_way():
            screen.say(f"{still}; u again in a moment", "dim")
        else:
            _lead_back(screen, acts.last(of), of)

    waiting: list[list[Piece]] = [[(f" {still}: you are asked as soon as it is over", "text")]]
    if of == "tags":
        waiting = [[(f" {still}: you are asked as soon as it is", "text")]]
    screen.app.push_screen(Question("undo", waiting, screen.deck.palette, later), answered)


def undo_lines(undo: Undo, now: int) -> list[list[Piece]]:
    """Which act is taken back, and what will be there again."""
    ago = age(undo.at, now)
    when = "just now" if ago in ("now", "ahead") else f"{ago} ago"
    names = [shown(name) for name in (*(one.name for one in undo.steps), *(one.name for one in undo.stops))]
    head: list[Piece] = [(" take back ", "text"), (clip(undo.what, 100), "bright")]
    head.append((f" on {runs_said(len(names), _thing(undo))}, your act of {when}", "text"))
    width = min(40, max(cells(name) for name in names))
    after = [there(step.key, step.back, "again") for step in undo.steps] or ["is cancelled"] * len(names)
    rows: list[list[Piece]] = [
        [(f"   {pad(name, width)}  ", "text"), (then, "dim")]
        for name, then in list(zip(names, after, strict=True))[:NAMED]
    ]
    if len(names) > NAMED:
        rows.append([(f"   and {len(names) - NAMED} more", "dim")])
    left = "what it has done by then stays" if undo.stops else "what somebody else has changed since stays as it is"
    return [head, [], *rows, [], [(f" {left}", "dim")]]


def _thing(undo: Undo) -> str:
    if undo.stops:
        return "pipeline"
    intent = undo.steps[0].intent
    return "run" if intent is None else "model" if intent["version"] is None else "version"


# -- the question -----------------------------------------------------------------------------------------------


def confirm(screen: FrameScreen, title: str, lines: Sequence[Sequence[Piece]], work: Callable[[], str]) -> None:
    """Ask; on `y` do the work on a thread and follow the batch that it gives."""

    def answered(yes: bool | None) -> None:
        if yes:
            begin(screen, work)
        else:
            screen.say("nothing was changed", "dim")

    screen.app.push_screen(Question(title, lines, screen.deck.palette), answered)


def begin(screen: FrameScreen, work: Callable[[], str]) -> None:
    """Do the work on a thread, and follow the batch that it gives."""
    screen.run_worker(partial(_do, screen, work), thread=True, group="act", exit_on_error=False)


def _do(screen: FrameScreen, work: Callable[[], str]) -> None:
    app: App[Any] = screen.app
    try:
        batch = work()
    except QuarterdeckError as error:
        app.call_from_thread(screen.say, f"▲ nothing was changed: {error}", "bad")
        return
    following = screen.deck.following
    if following is not None:
        app.call_from_thread(following.follow, batch)


# -- following --------------------------------------------------------------------------------------------------


class Following:
    """One line with how far the acts are, on whichever screen is in front; then what came of them."""

    def __init__(self, app: App[Any], deck: Deck, screens: Callable[[], Sequence[FrameScreen]]) -> None:
        self._app = app
        self._deck = deck
        self._screens = screens
        self._batches: dict[str, tuple[int, bool]] = {}
        self._look_timer: Timer | None = None
        self._clear_timer: Timer | None = None
        self._settling = False
        self._settle_from = 0.0
        self._left = ""

    @property
    def _acts(self) -> Acts:
        assert self._deck.acts is not None
        return self._deck.acts

    def resume(self) -> None:
        """Tell what came of acts while no terminal was there, and go on with those that are open."""
        for batch in dict.fromkeys([*self._acts.untold(), *self._acts.under_way()]):
            self.follow(batch)

    def follow(self, batch: str) -> None:
        """Tell how far this batch is until it is over."""
        self._batches[batch] = (-1, False)
        if self._look_timer is None:
            self._look_timer = self._app.set_interval(LOOK, self._look)
        self._look()

    def _look(self) -> None:
        for batch, before in list(self._batches.items()):
            stamp = self._acts.stamp(batch)
            if stamp == before and stamp[1]:
                continue
            progress = self._acts.progress(batch)
            self._batches[batch] = stamp
            if progress.is_over:
                self._over(progress)
            else:
                self._tell(progress)
        if not self._batches and self._look_timer is not None:
            self._look_timer.stop()
            self._look_timer = None

    def _tell(self, progress: Progress) -> None:
        told = f"{what_and_whose(progress)}: {how_far(progress)}"
        if progress.is_alive or progress.late_in > 0:
            self._left = ""
            self._show([(f" {glyph('running')} ", "run"), (f"{told} ", "text")])
            return
        self._settle()
        left = f": {shown(self._left)}" if self._left else ""
        if progress.of == "tags":
            said = f"{clip(progress.what, 60)}: cut off after {how_far(progress)}; asking what came of the rest{left}"
        else:
            said = f"not known yet{left}" if left else f"{told}; asking what came of it"
        self._show([(" ▲ ", "warn"), (f"{said} ", "text")])

    def _settle(self) -> None:
        if not self._settling and time.monotonic() >= self._settle_from:
            self._settling = True
            self._settle_from = time.monotonic() + TRY_AGAIN
            self._app.run_worker(self._settle_now, thread=True, group="settle", exit_on_error=False)

    def _settle_now(self) -> None:
        """On a thread: over the network."""
        try:
            left = self._acts.settle()
        except QuarterdeckError as error:
            left = str(error)
        self._app.call_from_thread(self._settled, left)

    def _settled(self, left: str) -> None:
        self._settling = False
        self._left = left

    def _over(self, progress: Progress) -> None:
        del self._batches[progress.batch]
        self._show(outcome_pieces(progress))
        self._acts.mark_told(progress.batch)
        if self._clear_timer is not None:
            self._clear_timer.stop()
        self._clear_timer = self._app.set_timer(FAILURE_STAYS if progress.failed else STAYS, self._clear)

    def _clear(self) -> None:
        if not self._batches:
            self._show([])

    def _show(self, pieces: Sequence[Piece]) -> None:
        self._deck.acting = tuple(pieces)
        with suppress(NoMatches):  # the program ends, and its widgets go one by one
            for screen in self._screens():
                screen.write_frame()


def what_and_whose(progress: Progress) -> str:
    """What is done; to which pipeline or alias, where it is one."""
    what = clip(progress.what, 60)
    return f"{clip(progress.name, 40)}: {what}" if progress.name and progress.of != "tags" else what


_POINTS: Final = {
    "ledger": "looking at the ledger", "push": "writing entry {} of the ledger", "pushed": "entry {} is written",
    "alias": "setting the alias", "set": "the alias is set", "read back": "reading it back",
    "evidence": "writing its evidence", "end": "done",
}  # fmt: skip


def how_far(progress: Progress) -> str:
    """`3 of 5 runs`; of a promotion where it is."""
    if _counted(progress) != "alias":
        return f"{progress.done + progress.failed} of {runs_said(progress.total, _counted(progress))}"
    return _POINTS.get(progress.point, "under way").format(clip(progress.detail, 20))


_COUNTED: Final[dict[Of, str]] = {"tags": "run", "pipelines": "pipeline", "models": "alias", "notes": "note"}


def _counted(progress: Progress) -> str:
    return progress.thing or _COUNTED[progress.of]


def outcome_pieces(progress: Progress) -> list[Piece]:
    """What came of a batch: how many, and why not where not."""
    what, of = clip(progress.what, 60), progress.of
    if not progress.failed:
        told = f"{what}: done on {runs_said(progress.done, _counted(progress))}"
        return [(f" {glyph('finished')} ", "good"), (f"{shown(progress.said) if progress.said else told} ", "text")]
    why, number = progress.why[0]
    if of != "tags" and progress.total == 1:
        whose = what_and_whose(progress) if of == "models" else what
        said = shown(why) if of == "models" and progress.name and progress.name in why else f"{whose}: {shown(why)}"
        return [(f" {glyph('failed')} ", "bad"), (f"{said} ", "text")]
    more = progress.failed - number
    said = f"{runs_said(progress.failed, _counted(progress))} not (:acts): {shown(why)}"
    said += f" and {more} for other reasons" if more else ""
    done = f"{progress.done} done, " if progress.done else ""
    return [(f" {glyph('failed')} ", "bad"), (f"{what}: {done}{said} ", "text")]
