"""Tells what becomes of watched runs: on the notice line, with the bell, and with the desktop's notification."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from textual.app import App

from ..app.bell import ringing
from ..app.errors import StoreError
from ..app.records import Run
from ..app.text import clip
from ..app.watching import Notice
from ..widgets.figures import span
from .deck import Deck
from .frame import FrameScreen
from .notices import foremost, sentence, signed, told_at
from .picker import Item, Picker

SOON = 0.5
"""Seconds from a change of the cache to the look: the batches of a first sync are one change."""

ASKS = 10.0
"""Seconds between two questions about watched runs that run: the passes of the syncer are 30 apart."""


class Telling:
    """Looks at the watched runs when the cache has changed. Costs nothing while none is watched."""

    def __init__(self, app: App[Any], deck: Deck) -> None:
        self._app = app
        self._deck = deck
        self._waits = False

    def begin(self) -> None:
        """Look at what happened since the last session, and from now on ask after what runs."""
        self.changed()
        self._app.set_interval(ASKS, self._ask)

    def changed(self) -> None:
        """The cache has changed: look soon."""
        if self._deck.watched.seen and not self._waits:
            self._waits = True
            self._app.set_timer(SOON, self._look)

    def _look(self) -> None:
        self._waits = False
        try:
            notices = self._deck.watched.look(self._deck)
        except StoreError as error:
            _say(self._app, f"▲ {error}")
            return
        if notices:
            self._ring(notices)
            for screen in frames(self._app):
                screen.news()

    def _ring(self, notices: list[Notice]) -> None:
        """One bell and one notification, however many notices there are."""
        more = f" (+{len(notices) - 1} more)" if len(notices) > 1 else ""
        sequence = ringing(sentence(foremost(notices)) + more, self._deck.notify, os.environ)
        driver = self._app._driver  # App.bell writes there too; it offers nothing for the rest
        if sequence and driver is not None and not self._app.is_headless:
            driver.write(sequence)

    def _ask(self) -> None:
        for want in self._deck.watched.wants(self._deck):
            self._deck.ask(want)


def frames(app: App[Any]) -> Iterable[FrameScreen]:
    """The screens that are open, those below the top one too."""
    return [screen for screen in app.screen_stack if isinstance(screen, FrameScreen) and screen.is_ready]


def _say(app: App[Any], text: str) -> None:
    if isinstance(app.screen, FrameScreen):
        app.screen.say(text, "warn")


def mark_watches(screen: FrameScreen, run: Run, *, marked: bool) -> None:
    """A run was marked, or its mark taken away: watch it, or no more. One that has ended is only marked."""
    watched, name = screen.deck.watched, clip(run.name or run.id, 40)
    try:
        if marked and watched.watch(screen.deck, [run]):
            screen.say(f"{name} is watched: you hear when it ends, turns NaN, stalls or beats the baseline", "run")
        elif not marked and watched.leave(run.id):
            screen.say(f"{name} is watched no more", "dim")
    except StoreError as error:
        screen.say(f"▲ {error}", "warn")


def list_notices(app: App[Any], deck: Deck, open_run: Callable[[str], None]) -> None:
    """`:notices`: what was told in this session, newest first; Enter opens the run."""
    told = deck.watched.told
    items = [Item(*_told(notice, deck), (at, notice.run_id)) for at, notice in enumerate(told)][::-1]
    _offer(app, deck, "notices", items, open_run, "nothing was told yet: Space on a running run watches it")


def _told(notice: Notice, deck: Deck) -> tuple[str, str]:
    return signed(notice)[0], told_at(notice, deck.now(), deck.zone)


def list_watched(app: App[Any], deck: Deck, open_run: Callable[[str], None]) -> None:
    """`:watched`: which runs are watched; Enter opens one."""
    reader = deck.reader
    items = []
    for at, run in enumerate(reader.runs(reader.rowids(list(deck.watched.seen)), names=())):
        seen = deck.watched.seen[run.id]
        quiet = f"  nothing for {span(seen.quiet)}" if seen.stalled else ""
        items.append(Item(run.name or run.id, f"{run.status}  {seen.experiment}{quiet}", (at, run.id)))
    _offer(app, deck, "watched runs", items, open_run, "no run is watched: Space on a running run does it")


def _offer(
    app: App[Any],
    deck: Deck,
    title: str,
    items: list[Item[tuple[int, str]]],
    open_run: Callable[[str], None],
    otherwise: str,
) -> None:
    if not items:
        _say(app, otherwise)
        return
    picker = Picker(title, items, deck.palette)
    app.push_screen(picker, partial(_open, open_run))


def _open(open_run: Callable[[str], None], found: list[tuple[int, str]] | None) -> None:
    if found:
        open_run(found[0][1])
