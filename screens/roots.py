"""The main screens, one at the bottom of the stack: made when first wanted, kept as they were left."""

from __future__ import annotations

from textual.app import App

from ..app.store.reading import Content
from .changes import changed
from .deck import Deck
from .frame import ROOT, FrameScreen
from .runs import RunsScreen


class Roots:
    """Which main screens there are, and what each of them has seen of the cache."""

    def __init__(self, app: App[int], deck: Deck) -> None:
        self._app = app
        self._deck = deck
        self._made: dict[str, FrameScreen] = {}
        self._seen: dict[str, Content | None] = {}
        self.here = ""
        """The tab whose screen is at the bottom of the stack."""

    @property
    def screens(self) -> list[FrameScreen]:
        """Those that were made and can be drawn."""
        return [screen for screen in self._made.values() if screen.is_ready]

    def begin(self, name: str) -> None:
        """Show the first one."""
        self.here = name
        self._app.push_screen(self._screen(name))

    def go(self, name: str, content: Content | None) -> FrameScreen:
        """Leave what stands above, and change to a main screen, which is told what it missed."""
        while len(self._app.screen_stack) > ROOT:
            self._app.pop_screen()
        screen = self._screen(name)
        if name != self.here:
            self._seen[self.here], self.here = content, name
            self._app.switch_screen(screen)
            if screen.is_ready:
                screen.cache_changed(changed(self._seen.get(name), content))
        return screen

    def forget(self) -> None:
        """Another cache is read from now on: what is not in sight would show rows of the one that was closed."""
        for name in [name for name in self._made if name != self.here]:
            screen = self._made.pop(name)
            self._app.uninstall_screen(screen)
            screen.remove()

    def _screen(self, name: str) -> FrameScreen:
        if name not in self._made:
            self._made[name] = _make(name, self._deck)
            self._app.install_screen(self._made[name], f"root-{name}")  # one that is installed stays when it is left
        return self._made[name]


def _make(name: str, deck: Deck) -> FrameScreen:
    if name == "watch":
        from .watch import WatchScreen  # with what it brings, when it is wanted

        return WatchScreen(deck)
    if name == "pipelines":
        from .pipelines import PipelinesScreen  # with what it brings, when it is wanted

        return PipelinesScreen(deck)
    if name == "lineage":
        from .lineage import LineageScreen

        return LineageScreen(deck)
    if name == "datasets":
        from .datasets import DatasetsScreen

        return DatasetsScreen(deck)
    if name == "checks":
        from .checks import ChecksScreen

        return ChecksScreen(deck)
    if name == "events":
        from .events import EventsScreen

        return EventsScreen(deck)
    if name == "infra":
        from .infra import InfraScreen

        return InfraScreen(deck)
    if name == "serving":
        from .serving import ServingScreen

        return ServingScreen(deck)
    if name == "models":
        from .models import ModelsScreen

        return ModelsScreen(deck)
    return RunsScreen(deck)
