"""The terminal: class Quarterdeck wires the screens to the cache, the syncer and the keys, and nothing else."""

from __future__ import annotations

import os
import sqlite3
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from . import startup  # isort: skip  first: sets what Textual reads while it is imported

from rich.console import RenderableType
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.dom import DOMNode
from textual.filter import LineFilter
from textual.screen import Screen

from ..screens.acting import Following
from ..screens.areas import areas_of
from ..screens.changes import changed
from ..screens.deck import Deck
from ..screens.orders import Orders
from ..screens.places import root_of
from ..screens.roots import Roots
from ..screens.telling import Telling
from ..widgets.painted import Painted
from ..widgets.palette import THEMES
from ..widgets.stand_ins import key_word, painted_with
from ..widgets.theme import theme
from .paths import state_dir
from .records import Gap, Subject
from .syncing import Syncing

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


class Quarterdeck(Orders):
    """The application."""

    CSS_PATH = "main.tcss"
    ENABLE_COMMAND_PALETTE = False
    TITLE = "quarterdeck"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "tab('watch')", "Watch", id="tab.watch", show=False),
        Binding("2", "tab('runs')", "Runs", id="tab.runs", show=False),
        Binding("3", "tab('models')", "Models", id="tab.models", show=False),
        Binding("4", "tab('checks')", "Checks", id="tab.checks", show=False),
        Binding("5", "tab('pipelines')", "Pipelines", id="tab.pipelines", show=False),
        Binding("6", "tab('lineage')", "Lineage", id="tab.lineage", show=False),
        Binding("7", "tab('serving')", "Serving", id="tab.serving", show=False),
        Binding("8", "tab('infra')", "Infra", id="tab.infra", show=False),
        Binding("9", "tab('events')", "Events", id="tab.events", show=False),
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
        super().__init__(ansi_color=deck.palette.shades.background == "default")
        self.deck = deck
        self._cache = cache
        self._syncing = syncing
        self._subject = subject
        self._read_gaps = read_gaps
        self._roots = Roots(self, deck, lambda: self._content)
        self._telling = Telling(self, deck)
        self._painted = Painted()
        self._mistakes = 0
        self._version = -1
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
        self._roots.has_begun()
        self.call_after_refresh(startup.is_over)
        self.call_after_refresh(self._mark_areas)
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

    def _mark_areas(self) -> None:
        """Read which tabs have something that needs attention, as it was seen last."""
        seen = self.deck.state.sight()
        areas = areas_of(seen[1]) if seen is not None else {}
        if areas != self.deck.areas:
            self.deck.areas = areas
            for screen in self._frames()[-1:]:
                screen.write_frame()

    def _time_passes(self) -> None:
        startup.tidy()
        self._mark_areas()
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

    async def action_quit(self) -> None:
        """End. The syncer lingers for a minute, in case it is only a new window."""
        self.exit(0)
