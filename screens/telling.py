"""Tells what becomes of watched runs: on the notice line, with the bell, and with the desktop's notification."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from textual.app import App

from ..app.bell import ringing
from ..app.errors import StoreError
from ..app.records import Run
from ..app.text import clip
from ..app.watching import Notice, Seen
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


def _say(app: App[Any], text: str, role: str = "warn") -> None:
    if isinstance(app.screen, FrameScreen):
        app.screen.say(text, role)


def mark_watches(screen: FrameScreen, run: Run, *, marked: bool) -> None:
    """A run was marked, or its mark taken away: watch it, or no more. One that has ended is only marked."""
    watched, name = screen.deck.watched, clip(run.name or run.id, 40)
    try:
        if marked and watched.watch(screen.deck, [run]):
            screen.say(f"{clip(name, 20)} is watched: end, NaN, stall, beaten baseline are told", "run")
        elif not marked and run.id in watched:
            leave(screen.app, screen.deck, [run])
    except StoreError as error:
        screen.say(f"▲ {error}", "warn")


def list_notices(app: App[Any], deck: Deck, open_run: Callable[[str], None]) -> None:
    """`:notices`: what was told in this session, newest first; Enter opens the run."""
    told = deck.watched.told
    if not told:
        _say(app, "nothing was told yet: Space on a running run watches it")
        return
    items = [Item(*_told(notice, deck), (at, notice.run_id)) for at, notice in enumerate(told)][::-1]

    def take(found: list[tuple[int, str]] | None) -> None:
        if found:
            open_run(found[0][1])

    app.push_screen(Picker("notices", items, deck.palette), take)


def _told(notice: Notice, deck: Deck) -> tuple[str, str]:
    return signed(notice)[0], told_at(notice, deck.now(), deck.zone)


def list_watched(app: App[Any], deck: Deck) -> None:
    """`:watched`: which runs are watched; one that loses its tick is watched no more."""
    reader, seen = deck.reader, deck.watched.seen
    runs = reader.runs(reader.rowids(list(seen)), names=())
    if not runs:
        _say(app, "no run is watched: Space on a running run does it")
        return
    items = [Item(run.name or run.id, _how(run, seen[run.id]), run.id) for run in runs]

    def take(found: list[str] | None) -> None:
        if found is not None:
            leave(app, deck, [run for run in runs if run.id not in found])

    app.push_screen(Picker("watched runs", items, deck.palette, several=True, ticked=[run.id for run in runs]), take)


def _how(run: Run, seen: Seen) -> str:
    quiet = f"  nothing for {span(seen.quiet)}" if seen.stalled else ""
    return f"{run.status}  {seen.experiment}{quiet}"


def leave(app: App[Any], deck: Deck, runs: Sequence[Run]) -> None:
    """Watch these runs no more, and say so."""
    try:
        for run in runs:
            deck.watched.leave(run.id)
    except StoreError as error:
        _say(app, f"▲ {error}")
        return
    for screen in frames(app) if runs else ():
        screen.news()
    if runs:
        more = f" and {len(runs) - 1} more" if len(runs) > 1 else ""
        verb = "are" if more else "is"
        _say(app, f"{clip(runs[0].name or runs[0].id, 40)}{more} {verb} watched no more", "dim")
