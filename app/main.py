"""The terminal: class Quarterdeck wires the screens to the cache, the syncer and the keys, and nothing else."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from . import startup  # isort: skip  first: sets what Textual reads while it is imported

from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.theme import Theme

from ..screens.deck import Deck
from ..screens.frame import FrameScreen
from ..screens.help import key_items
from ..screens.list_screen import ListScreen
from ..screens.picker import Picker
from ..screens.run import RunScreen
from ..screens.runs import RunsScreen
from ..screens.sources import SourcesScreen
from ..screens.words import COMMANDS, Command, parse_command
from ..widgets.palette import THEMES, Palette
from ..widgets.prompt import Prompt
from ..widgets.status import use_ascii
from .errors import QuarterdeckError, UsageError
from .records import Gap, Subject
from .store.files import cache_file, open_cache
from .store.reading import Reader
from .store.state import State, state_file
from .syncing import Syncing

if TYPE_CHECKING:
    from .settings import Settings

LOOK = 0.25
"""Seconds between two looks at PRAGMA data_version (5 microseconds each)."""

TIME_PASSES = 10.0
"""Seconds between two looks at the ages on the screen; nothing is sent unless one reached its next word."""

GAPS_OF = 12 * 3_600_000
"""Milliseconds for which a stretch without a sync is told: the length of a watch."""

CARE = 4.0
"""Seconds between two looks after the syncer: a dead one is noticed within five."""


class Quarterdeck(App[int]):
    """The application."""

    CSS_PATH = "main.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "quarterdeck"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("2", "tab('runs')", "Runs", id="tab.runs", show=False),
        Binding("ctrl+c,ctrl+q", "quit", "Quit", id="quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", id="suspend", show=False),
    ]

    def __init__(
        self,
        deck: Deck,
        cache: Path,
        syncing: Syncing | None = None,
        subject: Subject | None = None,
        read_gaps: Callable[[int], list[Gap]] = lambda since: [],
    ) -> None:
        super().__init__(ansi_color=deck.palette.name == "ansi")
        self.deck = deck
        self._cache = cache
        self._syncing = syncing
        self._subject = subject
        self._read_gaps = read_gaps
        self.next_project: tuple[str, Settings] | None = None
        """Name and settings of the project to open when this one ends (`:project NAME`)."""
        self._version = -1
        self._content = (-1, -1)
        for name in THEMES:
            self.register_theme(_theme(name))
        self.theme = f"quarterdeck-{deck.palette.name}"

    def on_mount(self) -> None:
        """Paint the first screen, then begin to look at the cache and after the syncer."""
        self._read_states()
        self._version, self._content = self.deck.reader.data_version(), self.deck.reader.content()
        self.push_screen(RunsScreen(self.deck))
        if self._subject is not None:
            self.open_subject(self._subject)
        self.call_after_refresh(startup.is_over)
        self.set_interval(LOOK, self._look)
        self.set_interval(TIME_PASSES, self._time_passes)
        if self._syncing is not None:
            self.set_timer(0.05, self._care)
            self.set_interval(CARE, self._care)

    # -- the cache and the syncer -------------------------------------------------------------------------------

    def _look(self) -> None:
        """Tell the screen when the syncer wrote something."""
        reader = self.deck.reader
        try:
            version = reader.data_version()
            if version == self._version:
                return
            self._version = version
            self._read_states()
            content, before = reader.content(), self._content
        except sqlite3.Error as error:
            self._say(f"▲ the cache could not be read: {error}", "warn")
            return
        self._content = content
        for screen in self._frames():
            screen.cache_changed(runs=content[0] != before[0], commits=content[1] != before[1])

    def _read_states(self) -> None:
        self.deck.states = self.deck.reader.source_states()
        self.deck.gaps = self._read_gaps(self.deck.now() - GAPS_OF)

    def _frames(self) -> list[FrameScreen]:
        return [screen for screen in self.screen_stack if isinstance(screen, FrameScreen)]

    def _time_passes(self) -> None:
        for screen in self._frames()[-1:]:
            screen.time_passed()

    def _care(self) -> None:
        assert self._syncing is not None
        self.run_worker(self._syncing.care, thread=True, group="care", exclusive=True, exit_on_error=False)
        newest = self._syncing.newest_cache()
        if newest != self._cache and newest.exists():
            self._change_cache(newest)

    def _change_cache(self, path: Path) -> None:
        """The syncer began a new generation: read that one from now on."""
        old, self._cache = self.deck.reader, path
        self.deck.reader = self.deck.open_reader()
        old.close()
        self._version, self._content = -1, (-1, -1)
        self._look()

    def _say(self, text: str, role: str = "text") -> None:
        if isinstance(self.screen, FrameScreen):
            self.screen.say(text, role)

    # -- going places -------------------------------------------------------------------------------------------

    def _to_root(self) -> None:
        # the screen at the bottom of the stack is Textual's own, the one above it is ours
        while len(self.screen_stack) > 2:
            self.pop_screen()

    def action_tab(self, name: str) -> None:
        """Go to one of the main screens."""
        self._to_root()

    def open_subject(self, subject: Subject) -> None:
        """Open a thing."""
        if subject.kind == "run":
            self.push_screen(RunScreen(self.deck, subject.parts[0]))
        else:
            self._say(f"a {subject.kind} has no screen here yet; a run has: run/ID", "warn")

    async def action_command(self) -> None:
        """Ask for a command."""
        screen = self.screen
        if isinstance(screen, FrameScreen):
            screen.query_one("#keys").display = False
            hint = "go to or do: " + "  ".join(COMMANDS)
            screen.prompt.ask("command", "", hint, [*COMMANDS, "run/"])

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Carry a command out."""
        if event.purpose == "command":
            self._leave_prompt()
            try:
                self._carry_out(parse_command(event.value)) if event.value.strip() else None
            except QuarterdeckError as error:
                self._say(f"▲ {error}", "warn")

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Escape in a command."""
        if event.purpose == "command":
            self._leave_prompt()

    def _leave_prompt(self) -> None:
        screen = self.screen
        if isinstance(screen, FrameScreen):
            screen.prompt.close()
            screen.query_one("#keys").display = True
            screen.focus_body()

    def _carry_out(self, command: Command) -> None:
        if command.subject is not None:
            self.open_subject(command.subject)
            return
        doing = getattr(self, f"_do_{command.word}")
        doing(command.argument)

    def _list(self) -> ListScreen[object]:
        if not isinstance(self.screen, ListScreen):
            raise UsageError("this screen is no list: go to one first, as with :runs")
        return self.screen

    def _do_runs(self, argument: str) -> None:
        self._to_root()
        if argument:
            self._do_filter(argument)

    def _do_sources(self, argument: str) -> None:
        self.push_screen(SourcesScreen(self.deck))

    def _do_experiment(self, argument: str) -> None:
        self._to_root()
        screen = self.screen
        assert isinstance(screen, RunsScreen)
        screen.show_named(argument)

    def _do_sort(self, argument: str) -> None:
        key, _, direction = argument.partition(":")
        if self._list().column(key) is None:
            raise UsageError(f"there is no column {key} to sort by; s lists them")
        self._list().sort_by(key, {"desc": True, "asc": False}.get(direction))

    def _do_filter(self, argument: str) -> None:
        self._list().set_filter(argument)

    def _do_view(self, argument: str) -> None:
        first, _, name = argument.partition(" ")
        if first == "save" and name:
            self._list().save_view(name.strip())
        elif argument and first != "save":
            self._list().show_view(argument)
        else:
            raise UsageError("say which: `:view save NAME` keeps the present one, `:view NAME` shows it")

    def _do_project(self, argument: str) -> None:
        from .settings import load

        self.next_project = argument, load(project=argument)
        self.exit(0)

    def _do_theme(self, argument: str) -> None:
        if argument not in THEMES:
            raise UsageError(f"there is no theme {argument}; there are {', '.join(THEMES)}")
        self.deck.palette = Palette(argument)
        self.theme = f"quarterdeck-{argument}"
        for screen in self._frames():
            screen.recolour(self.deck.palette)

    def _do_refresh(self, argument: str) -> None:
        if isinstance(self.screen, FrameScreen):
            self.screen.action_sync_now()

    def _do_help(self, argument: str) -> None:
        self.action_help()

    def _do_quit(self, argument: str) -> None:
        self.exit(0)

    def action_help(self) -> None:
        """All keys, searchable; Enter does what the key does."""
        picker = Picker("keys", key_items(self.screen), self.deck.palette)
        self.push_screen(picker, lambda found: self._press(found[0]) if found else None)

    def _press(self, action: str) -> None:
        if action.startswith(":"):
            self.run_worker(self.action_command())
        else:
            self.call_later(self.screen.run_action, action)

    async def action_quit(self) -> None:
        """End. The syncer lingers for a minute, in case it is only a new window."""
        self.exit(0)


def _theme(name: str) -> Theme:
    shades = THEMES[name]
    ansi = shades.background == "default"
    return Theme(
        name=f"quarterdeck-{name}",
        primary="ansi_blue" if ansi else shades.accent,
        foreground="ansi_default" if ansi else shades.text,
        background="ansi_default" if ansi else shades.background,
        surface="ansi_default" if ansi else shades.background,
        panel="ansi_default" if ansi else shades.background,
        success="ansi_green" if ansi else shades.good,
        warning="ansi_yellow" if ansi else shades.warn,
        error="ansi_red" if ansi else shades.bad,
        dark=shades.dark,
    )


def open_terminal(
    settings: Settings,
    *,
    cache: Path | None = None,
    read_only: bool = False,
    subject: Subject | None = None,
    again: Callable[[], Sequence[str]] | None = None,
) -> int:
    """Open the terminal on a project, and on the next that is asked for; gives the exit status.

    `again` gives the options by which another process is led to the same project (the syncer that is started
    when none is alive); None starts none.
    """
    use_ascii(not _draws_unicode())
    while True:
        chosen = cache or settings.personal.cache.path
        syncing = again and Syncing(settings, chosen, cache_file(chosen, settings.project_key), again)
        with State(state_file(settings.project_key)) as state:
            app = _app(settings, chosen, cache is None and chosen is not None, state, syncing, read_only, subject)
            status = app.run() or app.return_code or 0
        if syncing is not None:
            syncing.leave()
        if app.next_project is None:
            return status
        name, settings = app.next_project
        cache, subject, again = None, None, partial(_by_name, name)


def _by_name(name: str) -> list[str]:
    from .sync import same_project

    return same_project(name=name)


def _draws_unicode() -> bool:
    """What the locale says; a terminal that says nothing is taken for a modern one."""
    said = next((os.environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if os.environ.get(name)), "utf-8")
    return "utf" in said.lower()


def _app(
    settings: Settings,
    chosen: Path | None,
    shared: bool,
    state: State,
    syncing: Syncing | None,
    read_only: bool,
    subject: Subject | None,
) -> Quarterdeck:
    path = cache_file(chosen, settings.project_key)
    if not path.exists():
        open_cache(path).close()
    app = Quarterdeck(_deck(settings, path, shared, state, read_only), path, syncing, subject, state.gaps)
    _wire(app, syncing, chosen, settings.project_key, shared)
    app.set_keymap(settings.personal.display.keys)
    return app


def _deck(settings: Settings, path: Path, shared: bool, state: State, read_only: bool) -> Deck:
    theme = settings.personal.display.theme or "dark"
    zone = settings.zone
    return Deck(
        project=settings.name,
        environment=settings.project.environment,
        reader=Reader(path, shared=shared),
        open_reader=lambda: Reader(path, shared=shared),
        tables=state,
        palette=Palette(theme if theme in THEMES else "dark"),
        now=lambda: time.time_ns() // 1_000_000,
        ask=lambda want: None,
        sync_now=lambda: None,
        zone=zone,
        zone_name=settings.personal.display.zone or time.strftime("%Z"),
        read_only=read_only,
        better={name: bool(metric.greater_is_better) for name, metric in settings.metrics.items()},
        local_only=settings.checkout is not None and not settings.repository,
        found=settings.found,
    )


def _wire(app: Quarterdeck, syncing: Syncing | None, chosen: Path | None, key: str, shared: bool) -> None:
    """Asking blocks for up to half a second when a syncer is stopped, so it is done on a thread."""
    app.deck.open_reader = lambda: Reader(cache_file(chosen, key), shared=shared)
    if syncing is not None:
        app.deck.ask = lambda want: _on_thread(app, lambda: syncing.ask(want))
        app.deck.sync_now = lambda: _on_thread(app, syncing.sync_now)


def _on_thread(app: Quarterdeck, work: Callable[[], object]) -> None:
    app.run_worker(work, thread=True, group="ask", exit_on_error=False)


__all__ = ["Quarterdeck", "Screen", "open_terminal"]
