"""Acts from the terminal: what is asked, how it is confirmed, and what came of it.

The screens only ask. A process of its own does it, and the journal tells how far it is: nothing here waits.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from textual.app import App
from textual.css.query import NoMatches
from textual.timer import Timer

from ..app.acting import MOST_AT_ONCE, Progress, Undo
from ..app.errors import QuarterdeckError, UsageError
from ..app.records import Run
from ..app.store.state import Act
from ..app.text import cells, clip, pad, shown
from ..widgets.figures import age
from ..widgets.line import Piece
from ..widgets.status import glyph
from .question import Question

if TYPE_CHECKING:
    from .deck import Deck
    from .frame import FrameScreen
    from .run_acts import RunActs

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

    def refusal(self) -> str:
        """Why nothing can be changed from here; "" when it can."""

    def check_tag(self, key: str, value: str) -> None:
        """Raise UsageError when the tag would not be taken as it is."""

    def tag(self, runs: Sequence[Run], key: str, value: str) -> str:
        """Have runs tagged; gives the batch. On a thread."""

    def undo(self, undo: Undo) -> str:
        """Have an act taken back; gives the batch. On a thread."""

    def last(self) -> Undo | None:
        """My last act that can be taken back."""

    def recent(self) -> list[Act]:
        """The journal, newest first."""

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


# -- tagging ----------------------------------------------------------------------------------------------------


def ask_for_tag(screen: RunActs) -> None:
    """Ask for KEY=VALUE to set on the chosen runs."""
    runs = screen.chosen_runs()
    if _acts(screen) is None:
        return
    if not runs:
        screen.say("there is no run here to tag", "dim")
    elif len(runs) > MOST_AT_ONCE:
        screen.say(f"{len(runs)} runs are marked: {MOST_AT_ONCE} are tagged at once at most", "warn")
    else:
        screen.to_tag = runs
        screen.query_one("#keys").display = False
        on = clip(runs[0].name, 40) if len(runs) == 1 else f"{len(runs)} runs"
        screen.prompt.ask("tag", "", "KEY=VALUE", _known_keys(screen.deck, runs))
        screen.say(f"a tag for {on}: KEY=VALUE, then what will happen is shown and asked", "dim")


def _acts(screen: FrameScreen) -> Acts | None:
    """The acts, or None where nothing may be changed: then the reason has been said."""
    acts = screen.deck.acts
    reason = acts.refusal() if acts is not None else "nothing can be changed from here"
    if reason:
        screen.say(f"▲ {reason}", "warn")
        return None
    return acts


def _known_keys(deck: Deck, runs: Sequence[Run]) -> list[str]:
    """Tags of these experiments, to complete what is typed."""
    wanted = {(run.source, run.experiment_id) for run in runs}
    rows = deck.reader.experiments()
    here = [row.rowid for row in rows if (row.experiment.source, row.experiment.id) in wanted]
    keys = [known.name for known in deck.reader.keys(here) if known.kind == "tag"]
    return [f"{key}=" for key in sorted(keys, key=lambda key: key.startswith("mlflow."))]


def answer_tag(screen: RunActs, text: str) -> None:
    """KEY=VALUE was typed: confirm it, or say what is wrong with it and leave the prompt open."""
    acts = screen.deck.acts
    key, equals, value = (part.strip() for part in text.partition("="))
    try:
        if not equals:
            raise UsageError("write KEY=VALUE, as in stage=gold; Esc leaves")
        assert acts is not None
        acts.check_tag(key, value)
    except UsageError as error:
        screen.say(f"▲ {error}", "warn")
        return
    leave_prompt(screen)
    runs = [run for run in screen.to_tag if run.status != "deleted" and run.tags.get(key) != value]
    if not runs:
        screen.say(f"nothing to do: {key}={value} is there already, or the run is deleted", "dim")
        return
    lines = tag_lines(screen.deck, screen.to_tag, runs, key, value)
    title = f"tag {_runs(len(runs))}"
    confirm(screen, title, lines, partial(acts.tag, runs, key, value))


def tag_lines(deck: Deck, chosen: Sequence[Run], runs: Sequence[Run], key: str, value: str) -> list[list[Piece]]:
    """What will happen, and where; `runs` are those of the chosen that will change."""
    head: list[Piece] = [(" set ", "text"), (f"{clip(key, 60)}={clip(value, 80)}", "bright")]
    head += [(f" on {_runs(len(runs))} in {_places(deck, runs)}", "text")]
    lines = [head, [], *_present(runs, key)]
    if len(chosen) > len(runs):
        left = len(chosen) - len(runs)
        lines.append([(f" {_runs(left)} left alone: {'it has' if left == 1 else 'they have'} it already, or ", "dim")])
        lines[-1] += [("is deleted" if left == 1 else "are deleted", "dim")]
    return [*lines, [], [(" the way back is u, as long as nobody else changes it", "dim")]]


def _runs(number: int) -> str:
    return "1 run" if number == 1 else f"{number} runs"


def _places(deck: Deck, runs: Sequence[Run]) -> str:
    states = {state.source: state for state in deck.states}
    found = [states.get(source) for source in dict.fromkeys(run.source for run in runs)]
    return " and ".join(f"{shown(one.name)} {shown(one.address)}" if one else "a source unknown" for one in found)


def _present(runs: Sequence[Run], key: str) -> list[list[Piece]]:
    """Each run with what it has there now; where they are many, how many have what."""
    if len(runs) <= NAMED:
        width = min(40, max(cells(shown(run.name)) for run in runs))
        rows = [(pad(shown(run.name), width), _there(key, run.tags.get(key), "now")) for run in runs]
    else:
        counted = Counter(run.tags.get(key) for run in runs).most_common()
        rows = [(f"{number:>5}", _there(key, value, "now")) for value, number in counted[: NAMED - 1]]
        if len(counted) > NAMED - 1:
            rows.append((f"{sum(n for _, n in counted[NAMED - 1 :]):>5}", "other values now"))
    return [[(f"   {name}  ", "text"), (there, "dim")] for name, there in rows]


def _there(key: str, value: str | None, when: str) -> str:
    return f"no {clip(key, 40)} {when}" if value is None else f"{clip(key, 40)}={clip(value, 60)} {when}"


# -- undo -------------------------------------------------------------------------------------------------------


def ask_for_undo(screen: FrameScreen) -> None:
    """Name my last act, and ask whether to take it back; while one is under way, as soon as it is over."""
    if (acts := _acts(screen)) is None:
        return
    if acts.under_way():
        _ask_when_over(screen, acts)
        return
    undo = acts.last()
    if undo is None:
        screen.say("there is nothing of yours to take back", "dim")
        return
    confirm(screen, "undo", undo_lines(undo, screen.deck.now()), partial(acts.undo, undo))


def _ask_when_over(screen: FrameScreen, acts: Acts) -> None:
    """The question comes at once and waits, so that a `y` typed meanwhile is neither an answer nor another key."""
    found: list[Undo] = []

    def later() -> Sequence[Sequence[Piece]] | None:
        if acts.under_way():
            return None
        found.extend([undo] if (undo := acts.last()) else [])
        return undo_lines(found[0], screen.deck.now()) if found else []

    def answered(yes: bool | None) -> None:
        if yes:
            _begin(screen, partial(acts.undo, found[0]))
        elif yes is False:
            screen.say("nothing was changed", "dim")
        elif acts.under_way():
            screen.say("the tag is still being set; u again in a moment", "dim")
        else:
            screen.say("there is nothing of yours to take back", "dim")

    waiting: list[list[Piece]] = [[(" the tag is still being set: you are asked as soon as it is", "text")]]
    screen.app.push_screen(Question("undo", waiting, screen.deck.palette, later), answered)


def undo_lines(undo: Undo, now: int) -> list[list[Piece]]:
    """Which act is taken back, and what will be there again."""
    ago = age(undo.at, now)
    when = "just now" if ago in ("now", "ahead") else f"{ago} ago"
    head: list[Piece] = [(" take back ", "text"), (clip(undo.what, 100), "bright")]
    head.append((f" on {_runs(len(undo.steps))}, your act of {when}", "text"))
    width = min(40, max(cells(shown(step.name)) for step in undo.steps))
    rows: list[list[Piece]] = [
        [(f"   {pad(shown(step.name), width)}  ", "text"), (_there(step.key, step.back, "again"), "dim")]
        for step in undo.steps[:NAMED]
    ]
    if len(undo.steps) > NAMED:
        rows.append([(f"   and {len(undo.steps) - NAMED} more", "dim")])
    return [head, [], *rows, [], [(" what somebody else has changed since stays as it is", "dim")]]


# -- the question -----------------------------------------------------------------------------------------------


def confirm(screen: FrameScreen, title: str, lines: Sequence[Sequence[Piece]], work: Callable[[], str]) -> None:
    """Ask; on `y` do the work on a thread and follow the batch that it gives."""

    def answered(yes: bool | None) -> None:
        if yes:
            _begin(screen, work)
        else:
            screen.say("nothing was changed", "dim")

    screen.app.push_screen(Question(title, lines, screen.deck.palette), answered)


def _begin(screen: FrameScreen, work: Callable[[], str]) -> None:
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


def leave_prompt(screen: FrameScreen) -> None:
    """Put the prompt away and give the keys back."""
    screen.prompt.close()
    screen.query_one("#keys").display = True
    screen.say("")
    screen.focus_body()


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
        what = clip(progress.what, 60)
        far = f"{progress.done + progress.failed} of {_runs(progress.total)}"
        if progress.is_alive or progress.late_in > 0:
            self._show([(f" {glyph('running')} ", "run"), (f"{what}: {far} ", "text")])
        else:
            self._settle()
            self._show([(" ▲ ", "warn"), (f"{what}: cut off after {far}; asking what came of the rest ", "text")])

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
        if left:
            self._show([(" ▲ ", "warn"), (f"not known yet: {shown(left)} ", "text")])

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


def outcome_pieces(progress: Progress) -> list[Piece]:
    """What came of a batch: how many, and why not where not."""
    what = clip(progress.what, 60)
    if not progress.failed:
        return [(f" {glyph('finished')} ", "good"), (f"{what}: done on {_runs(progress.done)} ", "text")]
    why, number = progress.why[0]
    more = progress.failed - number
    said = f"{_runs(progress.failed)} not (:acts): {shown(why)}" + (f" and {more} for other reasons" if more else "")
    done = f"{progress.done} done, " if progress.done else ""
    return [(f" {glyph('failed')} ", "bad"), (f"{what}: {done}{said} ", "text")]
