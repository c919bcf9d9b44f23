"""The main screens, one at the bottom of the stack: made when first wanted, kept as they were left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from textual.app import App
from textual.screen import Screen

from ..app.store.reading import Content
from .changes import changed
from .deck import Deck
from .frame import ROOT, FrameScreen
from .runs import RunsScreen


class Left(NamedTuple):
    """Where somebody was when another main screen was wanted."""

    name: str
    pages: tuple[FrameScreen, ...]
    """What was open above the main screen, the uppermost last."""
    content: Content | None
    """What was there of the cache then."""


class Roots:
    """Which main screens there are, what each of them has seen of the cache, and in which order one came by them."""

    def __init__(self, app: App[int], deck: Deck, content: Callable[[], Content | None]) -> None:
        self._app = app
        self._deck = deck
        self._content = content
        self._made: dict[str, FrameScreen] = {}
        self._seen: dict[str, Content | None] = {}
        self._left: list[Left] = []
        """Where one came from, the last of all last; each main screen once at most, and never the one in sight."""
        self._first: Screen[Any] | None = None
        self.here = ""
        """The tab whose screen is at the bottom of the stack."""
        deck.roots = self

    @property
    def screens(self) -> list[FrameScreen]:
        """Those that were made and can be drawn."""
        made = [*self._made.values(), *(page for left in self._left for page in left.pages)]
        return [screen for screen in made if screen.is_ready]

    def begin(self, name: str) -> None:
        """Show the first one."""
        self.here = name
        self._app.push_screen(self._screen(name))

    def has_begun(self) -> None:
        """What is in sight is what was wanted first: from there, `q` ends."""
        self._first = self._app.screen

    def go(self, name: str) -> FrameScreen:
        """Change to a main screen, which is told what it missed, and keep the pages that stood above the one before."""
        pages = self._take_down()
        if name == self.here:
            _remove(self._app, pages)
            return self._screen(name)
        self._left.append(Left(self.here, pages, self._content()))
        for at in [at for at, left in enumerate(self._left) if left.name == name]:
            self._forget(at)
        return self._change(name)

    # -- where one came from ------------------------------------------------------------------------------------

    @property
    def leads_back(self) -> bool:
        """Whether there is a main screen that one came from."""
        return bool(self._left)

    def is_first(self, screen: Screen[Any]) -> bool:
        """Whether this was what was wanted first."""
        return screen is self._first

    def back(self) -> bool:
        """Go to where one came from, with the pages that were open there. Gives whether there was such a place."""
        if not self._left:
            return False
        left = self._left.pop()
        _remove(self._app, self._take_down())
        self._change(left.name)
        news = changed(left.content, self._content())
        for page in left.pages:
            self._app.uninstall_screen(page)
            self._app.push_screen(page)
            page.cache_changed(news)
        return True

    def _take_down(self) -> tuple[FrameScreen, ...]:
        """Take what stands above the main screen off the stack, and keep it: a question among it is not answered."""
        stack = self._app.screen_stack
        pages = tuple(screen for screen in stack[ROOT:] if isinstance(screen, FrameScreen))
        for page in pages:
            self._app.install_screen(page, f"page-{id(page)}")  # one that is installed stays when it is left
        for _ in stack[ROOT:]:
            self._app.pop_screen()
        return pages

    def _forget(self, at: int) -> None:
        """One is again where one was: what came after is no way back."""
        for left in self._left[at:]:
            _remove(self._app, left.pages)
        del self._left[at:]

    def _change(self, name: str) -> FrameScreen:
        screen = self._screen(name)
        content = self._content()
        self._seen[self.here], self.here = content, name
        self._app.switch_screen(screen)
        if screen.is_ready:
            screen.cache_changed(changed(self._seen.get(name), content))
        return screen

    def forget(self) -> None:
        """Another cache is read from now on: what is not in sight would show rows of the one that was closed."""
        for left in self._left:
            _remove(self._app, left.pages)
        self._left = [left._replace(pages=()) for left in self._left]
        gone = [name for name in self._made if name != self.here]
        _remove(self._app, tuple(self._made.pop(name) for name in gone))

    def _screen(self, name: str) -> FrameScreen:
        if name not in self._made:
            self._made[name] = _make(name, self._deck)
            self._app.install_screen(self._made[name], f"root-{name}")  # one that is installed stays when it is left
        return self._made[name]


def _remove(app: App[int], screens: tuple[FrameScreen, ...]) -> None:
    for screen in screens:
        app.uninstall_screen(screen)
        screen.remove()


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
