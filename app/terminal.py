"""Opens the terminal: from settings to a running application, and to the next project when one is asked for."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .main import Quarterdeck  # isort: skip  first: it sets what Textual reads while it is imported

from ..screens.deck import Deck
from ..widgets.palette import Palette
from ..widgets.pasting import install as install_paste_parser
from ..widgets.status import use_ascii
from .acting import Acting
from .errors import SettingsError, UsageError
from .identities import identities
from .paths import config_dir, state_dir
from .records import Subject
from .store.files import cache_file, open_cache, unusable
from .store.reading import Reader
from .store.state import State, state_file
from .syncing import Syncing
from .triage.outlook import outlook

if TYPE_CHECKING:
    from .deciding import Deciding
    from .noting import Noting
    from .registering import Registering
    from .settings import Settings


def with_keys() -> tuple[Any, ...]:
    """Whatever has keys that a person may map otherwise. Imported when somebody does: it is most of what there is."""
    from ..screens.attention import ChangesScreen
    from ..screens.compare import CompareScreen
    from ..screens.copying import CopyMenu
    from ..screens.events import EventsScreen
    from ..screens.frame import FrameScreen
    from ..screens.handover import HandoverScreen
    from ..screens.infra import InfraScreen
    from ..screens.lineage import LineageScreen
    from ..screens.list_screen import ListScreen
    from ..screens.log import LogScreen
    from ..screens.log_searching import LogSearching
    from ..screens.model_keys import ModelKeys
    from ..screens.models import ModelsScreen
    from ..screens.page import PageScreen
    from ..screens.picker import Picker
    from ..screens.pipeline import PipelineScreen
    from ..screens.pipeline_acts import PipelineActs
    from ..screens.pipeline_keys import PipelineKeys
    from ..screens.pipelines import PipelinesScreen
    from ..screens.promotion import PromotionScreen
    from ..screens.run import RunScreen
    from ..screens.run_acts import RunActs
    from ..screens.runs import RunsScreen
    from ..screens.series import SeriesScreen
    from ..screens.serving import ServingScreen
    from ..screens.serving_links import ServingKeys
    from ..screens.stack import StackScreen
    from ..screens.version import VersionScreen
    from ..screens.watch import WatchScreen
    from ..widgets.field import Field
    from ..widgets.frozen_table import FrozenTable
    from ..widgets.log_view import LogView
    from ..widgets.pages import Pages
    from ..widgets.prompt import Prompt
    from ..widgets.record_table import RecordTable
    from ..widgets.tree import TreeOutline

    return (
        RunActs, CopyMenu, CompareScreen, FrozenTable, PipelineActs, PipelineKeys, PipelinesScreen, PipelineScreen,
        LogScreen, LogSearching, LogView, ModelKeys, ModelsScreen, VersionScreen, PromotionScreen, Field,
        Quarterdeck, FrameScreen, ListScreen, RunsScreen, RunScreen, RecordTable, Pages, Prompt, Picker,
        LineageScreen, PageScreen, TreeOutline, ServingKeys, SeriesScreen, ServingScreen,
        InfraScreen, StackScreen, EventsScreen,
        WatchScreen, ChangesScreen, HandoverScreen,
    )  # fmt: skip


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
    _check_terminal()
    _keymap(settings)  # before anything is opened
    use_ascii(not _draws_unicode())
    install_paste_parser()
    while True:
        chosen = cache or settings.personal.cache.path
        syncing = again and Syncing(settings, chosen, cache_file(chosen, settings.project_key), again)
        with State(state_file(settings.project_key)) as state:
            app = _app(settings, chosen, cache is None and chosen is not None, state, syncing, read_only, subject)
            app.deck.acts = acting = Acting(settings, state, again, read_only=read_only, cache=cache)
            app.deck.deciding = partial(_deciding, settings, acting, state.path)
            app.deck.registering = partial(_registering, settings, acting)
            app.deck.noting = partial(_noting, settings, acting, state.path, read_only)
            with _sharing(app, again is not None and not read_only):
                status = app.run() or app.return_code or 0
        if app.was_lost:
            where = state_dir() / "errors.log"
            sys.stderr.write(f"quarterdeck ended by a mistake of its own. The account is in {where}.\n")
            status = 1
        if syncing is not None:
            syncing.leave()
        if app.next_project is None:
            return status
        name, settings = app.next_project
        cache, subject, again = None, None, partial(_by_name, name)


def _by_name(name: str) -> list[str]:
    from .sync import same_project

    return same_project(name=name)


def _deciding(settings: Settings, acting: Acting, state: Path) -> Deciding:
    from .deciding import Deciding  # with what it brings, when a promotion is looked at

    return Deciding(settings, acting, state)


def _registering(settings: Settings, acting: Acting) -> Registering:
    from .registering import Registering  # with what it brings, when something is to be registered

    return Registering(settings, acting)


def _noting(settings: Settings, acting: Acting, state: Path, read_only: bool) -> Noting:
    from .noting import Noting  # with what it brings, when something is to be written

    return Noting(settings, acting, state, read_only=read_only)


def _sharing(app: Quarterdeck, is_possible: bool) -> AbstractContextManager[object]:
    """Shares what could not be shared before, while the terminal is open."""
    if not is_possible or app.deck.noting is None:
        return nullcontext()
    from .sharing import Sharing

    return Sharing(app.deck.state.path, app.deck.noting, lambda: _fetched_at(app.deck))


def _fetched_at(deck: Deck) -> int | None:
    state = deck.state_of("git")
    return None if state is None else state.as_of


def _check_terminal() -> None:
    """Raise UsageError where nobody could see a screen or press a key."""
    # Textual reads keys from stdin and paints on stderr
    if not (sys.stdin.isatty() and sys.stderr.isatty()) or os.environ.get("TERM") == "dumb":
        raise UsageError("This is no terminal to paint on. `quarterdeck runs` and `quarterdeck status` print instead.")


def _keymap(settings: Settings) -> dict[str, str]:
    """The person's keys as Textual takes them. Raises SettingsError for what is nothing, or taken."""
    from ..screens.keys import keymap

    keys = settings.personal.display.keys
    try:
        return keymap(keys, with_keys()) if keys else {}
    except UsageError as error:
        raise SettingsError(f"{config_dir() / 'config.toml'}: [display] keys {error}") from error


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
    deck = _deck(settings, path, shared, state, read_only)
    try:
        deck.states = deck.reader.source_states()
    except sqlite3.Error as error:  # a file of ours that is damaged, or of another shape
        raise unusable(path, error) from error
    app = Quarterdeck(deck, path, syncing, subject, state.gaps)
    _wire(app, syncing, chosen, settings.project_key, shared)
    app.set_keymap(_keymap(settings))
    return app


def _deck(settings: Settings, path: Path, shared: bool, state: State, read_only: bool) -> Deck:
    zone = settings.zone
    return Deck(
        project=settings.name,
        environment=settings.project.environment,
        reader=Reader(path, shared=shared),
        open_reader=lambda: Reader(path, shared=shared),
        tables=state,
        state=state,
        palette=Palette("plain" if os.environ.get("NO_COLOR") else settings.personal.display.theme),
        now=lambda: time.time_ns() // 1_000_000,
        ask=lambda want: None,
        sync_now=lambda: None,
        zone=zone,
        zone_name=settings.personal.display.zone or time.strftime("%Z"),
        read_only=read_only,
        better={name: bool(metric.greater_is_better) for name, metric in settings.metrics.items()},
        identities=identities(settings),
        outlook=outlook(settings),
        local_only=settings.checkout is not None and not settings.repository,
        found=settings.found,
        opens_on=settings.personal.display.opens,
        notify=settings.personal.display.notify,
    )


def _wire(app: Quarterdeck, syncing: Syncing | None, chosen: Path | None, key: str, shared: bool) -> None:
    """Asking blocks for up to half a second when a syncer is stopped, so it is done on a thread."""
    app.deck.open_reader = lambda: Reader(cache_file(chosen, key), shared=shared)
    if syncing is not None:
        app.deck.ask = lambda want: _on_thread(app, lambda: syncing.ask(want))
        app.deck.sync_now = lambda: _on_thread(app, syncing.sync_now)


def _on_thread(app: Quarterdeck, work: Callable[[], object]) -> None:
    app.run_worker(work, thread=True, group="ask", exit_on_error=False)
