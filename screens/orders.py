"""What is typed after a colon is done here: going to a screen, opening a thing, and what concerns all screens.

A word of `COMMANDS` in words.py is the method `_do_WORD` here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..app.errors import QuarterdeckError, UsageError
from ..app.records import ModelKind, Subject, parse_subject
from ..app.store.reading import Content
from ..app.text import fit
from ..widgets.bearing import Bearing
from ..widgets.palette import THEMES, Palette
from ..widgets.prompt import Prompt
from .deck import Deck
from .experiments import named
from .folding import Folding
from .frame import FrameScreen
from .help import key_items
from .journal import ActsScreen
from .list_screen import ListScreen
from .picker import Picker
from .places import screens_at
from .roots import Roots
from .run import RunScreen
from .run_places import row_of
from .runs import RunsScreen
from .sources import SourcesScreen
from .telling import list_notices, list_watched
from .unheard import Unheard
from .words import COMMANDS, Command, parse_command

if TYPE_CHECKING:
    from ..app.promotion import Kind
    from ..app.settings import Settings

_AROUND: Final = 3
"""Cells of the prompt's line that its hint cannot have: one on each side, and one for the cursor behind it."""


class Orders(Bearing, Unheard):
    """The commands of the application."""

    deck: Deck
    next_project: tuple[str, Settings] | None = None
    """Name and settings of the project to open when this one ends (`:project NAME`)."""
    _roots: Roots
    _content: Content | None = None

    def _frames(self) -> list[FrameScreen]:
        return [screen for screen in self.screen_stack if isinstance(screen, FrameScreen) and screen.is_ready]

    def _say(self, text: str, role: str = "text") -> None:
        if isinstance(self.screen, FrameScreen):
            self.screen.say(text, role)

    # -- going places -------------------------------------------------------------------------------------------

    def action_tab(self, name: str) -> None:
        """Go to one of the main screens."""
        self._roots.go(name)

    def open_subject(self, subject: Subject) -> None:
        """Open a thing."""
        try:
            if subject.kind == "experiment":
                self._go_to_experiment(row_of(self.deck.reader, subject))
                return
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
            hint = fit(f"go to or do: {'  '.join(COMMANDS)}", screen.size.width - _AROUND)
            words = [
                *COMMANDS,
                "run/",
                "experiment/",
                "model/",
                "alias/",
                "pipeline/",
                "job/",
                "dataset/",
                "commit/",
                "check/",
                "series/",
                "alert/",
                "resource/",
                "event/",
                "attention/",
                *screen.command_words(),
            ]
            screen.prompt.ask("command", "", hint, words, is_sure=True)

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

    def _do_watch(self, argument: str) -> None:
        self._go("watch", argument)

    def _do_runs(self, argument: str) -> None:
        self._go("runs", argument)

    def _do_checks(self, argument: str) -> None:
        self._go("checks", argument)

    def _do_pipelines(self, argument: str) -> None:
        self._go("pipelines", argument)

    def _do_models(self, argument: str) -> None:
        self._go_to_models("model", argument)

    def _do_prompts(self, argument: str) -> None:
        self._go_to_models("prompt", argument)

    def _go_to_models(self, kind: ModelKind, argument: str) -> None:
        from .models import ModelsScreen  # with what it brings, when it is wanted

        screen = self._go("models", argument)
        assert isinstance(screen, ModelsScreen)
        screen.show_kind(kind)

    def _go(self, name: str, filter_text: str) -> FrameScreen:
        screen = self._roots.go(name)
        if filter_text and isinstance(screen, ListScreen):
            # one that is new has its widgets after the next refresh
            screen.set_filter(filter_text) if screen.is_ready else self.call_after_refresh(
                screen.set_filter, filter_text
            )
        return screen

    def _do_datasets(self, argument: str) -> None:
        self._go("datasets", argument)

    def _do_events(self, argument: str) -> None:
        self._go("events", argument)

    def action_events(self, filter_text: str) -> None:
        """Go to those events for which a filter holds."""
        self._go("events", filter_text)

    def _do_infra(self, argument: str) -> None:
        self._go("infra", argument)

    def _do_serving(self, argument: str) -> None:
        self._go("serving", argument)

    def _do_lineage(self, argument: str) -> None:
        from .lineage import LineageScreen  # with what it brings, when it is wanted

        subject = parse_subject(argument) if argument else None
        screen = self._roots.go("lineage")
        assert isinstance(screen, LineageScreen)
        if subject is not None:
            screen.look_at(subject)

    def _do_sources(self, argument: str) -> None:
        self.push_screen(SourcesScreen(self.deck))

    def _do_experiment(self, argument: str) -> None:
        self._go_to_experiment(named(self.deck.reader.experiments(), argument))

    def _go_to_experiment(self, rowid: int) -> None:
        screen = self._roots.go("runs")
        assert isinstance(screen, RunsScreen)
        # one that is new has its widgets after the next refresh
        screen.show_experiment(rowid) if screen.is_ready else self.call_after_refresh(screen.show_experiment, rowid)

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
        from .compare import CompareScreen  # with what it brings, when it is wanted
        from .comparing import named_runs

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
        from ..app.settings import load

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
        from . import promotion_places as places  # with what it brings, when it is wanted

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
        from .promotion import PromotionScreen

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
        picker = Picker("keys", key_items(self.screen), self.deck.palette, tells_whole=True)
        self.push_screen(picker, lambda found: self._press(found[0]) if found else None)

    def _press(self, action: str) -> None:
        if action.startswith(":"):
            self.run_worker(self.action_command())
        else:
            self.call_later(self.screen.run_action, action)
