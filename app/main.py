"""The terminal: class Quarterdeck wires the screens to the cache, the syncer and the keys, and nothing else."""

from __future__ import annotations

import os
import sqlite3
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from . import startup  # isort: skip  first: sets what Textual reads while it is imported

from rich.console import RenderableType
from textual.app import App
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.filter import LineFilter
from textual.screen import Screen

from ..screens.acting import Following
from ..screens.changes import changed
from ..screens.deck import Deck
from ..screens.folding import Folding
from ..screens.frame import FrameScreen
from ..screens.help import key_items
from ..screens.journal import ActsScreen
from ..screens.list_screen import ListScreen
from ..screens.picker import Picker
from ..screens.places import root_of, screens_at
from ..screens.roots import Roots
from ..screens.run import RunScreen
from ..screens.runs import RunsScreen
from ..screens.sources import SourcesScreen
from ..screens.telling import Telling, list_notices, list_watched
from ..screens.words import COMMANDS, Command, parse_command
from ..widgets.bearing import Bearing
from ..widgets.painted import Painted
from ..widgets.palette import THEMES, Palette
from ..widgets.prompt import Prompt
from ..widgets.stand_ins import key_word, painted_with
from ..widgets.theme import theme
from .errors import QuarterdeckError, UsageError
from .paths import state_dir
from .records import Gap, ModelKind, Subject
from .store.reading import Content
from .syncing import Syncing

if TYPE_CHECKING:
    from .promotion import Kind
    from .settings import Settings

LOOK = 0.25
"""Seconds between two looks at PRAGMA data_version (5 microseconds each)."""

TIME_PASSES = 10.0
"""Seconds between two looks at the ages on the screen; nothing is sent unless one reached its next word."""

MISTAKES_BORNE = 20
"""Exceptions in handlers that a session lives through."""

GAPS_OF = 12 * 3_600_000
"""Milliseconds for which a stretch without a sync is told: the length of a watch."""

CARE = 4.0
"""Seconds between two looks after the syncer: a dead one is noticed within five."""


class Quarterdeck(Bearing, App[int]):
    """The application."""

    CSS_PATH = "main.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "quarterdeck"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("2", "tab('runs')", "Runs", id="tab.runs", show=False),
        Binding("3", "tab('models')", "Models", id="tab.models", show=False),
        Binding("5", "tab('pipelines')", "Pipelines", id="tab.pipelines", show=False),
        Binding("ctrl+c,ctrl+q", "quit", "Quit", id="quit", show=False, priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", id="suspend", show=False),
        Binding("ctrl+l", "repaint", "Paint the screen anew", id="repaint", show=False, priority=True),
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
        self._roots = Roots(self, deck)
        self._telling = Telling(self, deck)
        self._painted = Painted()
        self._mistakes = 0
        self._version = -1
        self._content: Content | None = None
        for name in THEMES:
            self.register_theme(theme(name))
        self.theme = f"quarterdeck-{deck.palette.name}"

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Send what the terminal does not show yet."""
        if renderable is not None and self._running and not self._batch_count and not self.is_headless:
            renderable = self._painted.differing(renderable, self.size, self.console)
        super()._display(screen, renderable)

    def action_repaint(self) -> None:
        """Something else wrote over the screen: send all of it again."""
        self._painted.forget()
        self.screen.refresh()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """What Textual does to each line, and what this terminal needs."""
        return [*super().get_line_filters(), *painted_with()]

    def get_key_display(self, binding: Binding) -> str:
        """A key as help and key line name it."""
        return key_word(super().get_key_display(binding))

    def on_mount(self) -> None:
        """Paint the first screen, then begin to look at the cache and after the syncer."""
        # before as well as after: whichever paints first finds a terminal of which nothing is known
        self.app_suspend_signal.subscribe(self, lambda _: self._painted.forget())
        self.app_resume_signal.subscribe(self, lambda _: self._painted.forget())
        self._read_states()
        self._version, self._content = self.deck.reader.data_version(), self.deck.reader.content()
        self._roots.begin(root_of(self._subject, self.deck.opens_on))
        if self._subject is not None:
            self.open_subject(self._subject)
        self.call_after_refresh(startup.is_over)
        if self.deck.acts is not None:
            self.deck.following = Following(self, self.deck, self._frames)
            self.call_after_refresh(self.deck.following.resume)
        self.set_interval(LOOK, self._look)
        self._telling.begin()
        self.set_interval(TIME_PASSES, self._time_passes)
        if self._syncing is not None:
            self.set_timer(0.05, self._care)
            self.set_interval(CARE, self._care)

    def _handle_exception(self, error: Exception) -> None:
        """A mistake of ours in a handler is a sentence on the screen and an account in the log, not an exit.

        Textual would end with a traceback. A mistake that comes again and again (in drawing, say) still does that.
        """
        self._mistakes += 1
        if self.is_headless or self._mistakes > MISTAKES_BORNE:
            super()._handle_exception(error)
            return
        where = state_dir() / "errors.log"
        opened = os.open(where, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(opened, "a", encoding="utf-8", errors="backslashreplace") as log:
            log.write("".join(traceback.format_exception(error)))
        self._say(f"▲ a mistake of quarterdeck's own, {type(error).__name__}; the account is in {where}", "bad")

    async def _dispatch_action(self, namespace: DOMNode, action_name: str, params: Any) -> bool:
        """Do what a key means; a mistake in it is told like any other, and the program goes on."""
        try:
            return await super()._dispatch_action(namespace, action_name, params)
        except Exception as error:
            if self.is_headless:
                raise
            self._handle_exception(error)
            return True

    @property
    def was_lost(self) -> bool:
        """It ended by a mistake and not because somebody wanted it to."""
        return self._mistakes > 0 and not self._exit

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
        news = changed(before, content)
        for screen in self._frames():
            screen.cache_changed(news)
        self._telling.changed()

    def _read_states(self) -> None:
        self.deck.states = self.deck.reader.source_states()
        self.deck.gaps = self._read_gaps(self.deck.now() - GAPS_OF)

    def _frames(self) -> list[FrameScreen]:
        return [screen for screen in self.screen_stack if isinstance(screen, FrameScreen) and screen.is_ready]

    def _time_passes(self) -> None:
        startup.tidy()
        for screen in self._frames()[-1:]:
            with suppress(NoMatches):  # the program ends, and its widgets go one by one
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
        self._version, self._content = -1, None
        self._roots.forget()
        self._look()

    def _say(self, text: str, role: str = "text") -> None:
        if isinstance(self.screen, FrameScreen):
            self.screen.say(text, role)

    # -- going places -------------------------------------------------------------------------------------------

    def action_tab(self, name: str) -> None:
        """Go to one of the main screens."""
        self._roots.go(name, self._content)

    def open_subject(self, subject: Subject) -> None:
        """Open a thing."""
        try:
            screens = screens_at(self.deck, subject)
        except QuarterdeckError as error:
            self._say(f"▲ {error}", "warn")
            return
        for screen in screens:
            self.push_screen(screen)

    async def action_command(self) -> None:
        """Ask for a command."""
        screen = self.screen
        if isinstance(screen, FrameScreen):
            screen.query_one("#keys").display = False
            hint = "go to or do: " + "  ".join(COMMANDS)
            words = [*COMMANDS, "run/", "model/", "alias/", "pipeline/", "job/", *screen.command_words()]
            screen.prompt.ask("command", "", hint, words)

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
        self._go("runs", argument)

    def _do_pipelines(self, argument: str) -> None:
        self._go("pipelines", argument)

    def _do_models(self, argument: str) -> None:
        self._go_to_models("model", argument)

    def _do_prompts(self, argument: str) -> None:
        self._go_to_models("prompt", argument)

    def _go_to_models(self, kind: ModelKind, argument: str) -> None:
        from ..screens.models import ModelsScreen  # with what it brings, when it is wanted

        screen = self._go("models", argument)
        assert isinstance(screen, ModelsScreen)
        screen.show_kind(kind)

    def _go(self, name: str, filter_text: str) -> FrameScreen:
        screen = self._roots.go(name, self._content)
        if filter_text and isinstance(screen, ListScreen):
            # one that is new has its widgets after the next refresh
            screen.set_filter(filter_text) if screen.is_ready else self.call_after_refresh(
                screen.set_filter, filter_text
            )
        return screen

    def _do_sources(self, argument: str) -> None:
        self.push_screen(SourcesScreen(self.deck))

    def _do_experiment(self, argument: str) -> None:
        screen = self._roots.go("runs", self._content)
        assert isinstance(screen, RunsScreen)
        screen.show_named(argument)

    def _do_sort(self, argument: str) -> None:
        key, _, direction = argument.partition(":")
        named = {word.partition(".")[2]: word for word, _ in reversed(self._list().all_keys()) if "." in word}
        key = key if self._list().column(key) else named.get(key, key)
        if self._list().column(key) is None:
            raise UsageError(f"there is no column {key} to sort by; s lists them")
        self._list().sort_by(key, {"desc": True, "asc": False}.get(direction))

    def _do_filter(self, argument: str) -> None:
        self._list().set_filter(argument)

    def _folding(self) -> Folding:
        if not isinstance(self.screen, Folding):
            raise UsageError("this screen is no list of runs: go to one first, as with :runs")
        return self.screen

    def _do_fold(self, argument: str) -> None:
        words = argument.replace(",", " ").split()
        self._folding().fold_by(words) if words else self._folding().action_fold()

    def _do_scatter(self, argument: str) -> None:
        words = argument.replace(",", " ").split()
        self._folding().scatter_of(words) if words else self._folding().action_scatter()

    def _do_compare(self, argument: str) -> None:
        from ..screens.compare import CompareScreen  # with what it brings, when it is wanted
        from ..screens.comparing import named_runs

        self.push_screen(CompareScreen(self.deck, named_runs(self.deck.reader, argument.split())))

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
        for screen in {*self._frames(), *self._roots.screens}:
            screen.recolour(self.deck.palette)

    def _do_promote(self, argument: str) -> None:
        self._plan(argument, "promotion")

    def _do_rollback(self, argument: str) -> None:
        self._plan(argument, "rollback")

    def _plan(self, argument: str, kind: Kind) -> None:
        from ..screens import promotion_places as places  # with what it brings, when it is wanted

        if not isinstance(self.screen, FrameScreen):
            return
        row, alias, version = places.named(argument, self.deck, kind)
        if alias is not None:
            name, source = row.model.name, row.model.source
            places.open_promotion(self.screen, name, alias, version=version, kind=kind, source=source)
        elif kind == "rollback":
            places.roll_back(self.screen, row, to=version)
        else:
            places.promote(self.screen, row, version)

    def _do_waive(self, argument: str) -> None:
        from ..screens.promotion import PromotionScreen

        if not isinstance(self.screen, PromotionScreen):
            raise UsageError("gates are waived on the page of a plan: :promote MODEL leads there")
        self.screen.waive(argument.strip())

    def _do_acts(self, argument: str) -> None:
        self.push_screen(ActsScreen(self.deck))

    def _do_watched(self, argument: str) -> None:
        list_watched(self, self.deck)

    def _do_notices(self, argument: str) -> None:
        list_notices(self, self.deck, self._open_run)

    def _open_run(self, run_id: str) -> None:
        self.push_screen(RunScreen(self.deck, run_id))

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
