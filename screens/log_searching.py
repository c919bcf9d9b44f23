"""Looking for something in a log: the next line that holds it, or all of them. On a thread, which any key stops."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from functools import partial
from threading import Event
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from ..app.errors import QuarterdeckError
from ..app.logs import Line, Pattern, compiled
from ..app.logs.folding import Folding, Narrowed
from ..app.store.log_search import all_lines, find_line
from ..app.store.logs import LogHead
from ..app.text import clip
from ..widgets.figures import count
from ..widgets.log_view import LogView
from ..widgets.log_window import Read
from ..widgets.prompt import Prompt
from .deck import Deck
from .pipeline_keys import PipelineKeys


class LogSearching(PipelineKeys):
    """The keys `/ ? n N &` of a screen with a log on it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", priority=True, id="log.search", key_display="/"),
        Binding("question_mark", "search_back", "Search back", priority=True, id="log.search_back", show=False),
        Binding(
            "ampersand", "narrow", "Only lines that match", priority=True, id="log.narrow", show=False, key_display="&",
            tooltip="Show only the lines in which something stands; nothing typed shows all",
        ),
        Binding("n", "again(1)", "Next match", id="log.next", show=False),
        Binding("N", "again(-1)", "Match before", id="log.before", show=False),
    ]  # fmt: skip

    def __init__(self, deck: Deck) -> None:
        super().__init__(deck)
        self._head: LogHead | None = None
        self._pattern: Pattern | None = None
        self._narrowed: Pattern | None = None
        self._back = False
        self._stop = Event()

    @property
    def view(self) -> LogView:
        """The log."""
        return self.query_one("#page", LogView)

    def on_unmount(self) -> None:
        """Nobody waits for what was looked for."""
        self._stop.set()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """In the prompt `/`, `?` and `&` are letters like any other."""
        if action in ("search", "search_back", "narrow") and self.is_ready and self.prompt.display:
            return False
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        """Any key ends a search."""
        self._stop.set()

    def action_search(self) -> None:
        """Ask what to look for."""
        self._ask_for("search")

    def action_search_back(self) -> None:
        """Ask what to look for, backwards."""
        self._ask_for("search back")

    def _ask_for(self, purpose: str) -> None:
        self.query_one("#keys").display = False
        way = "up" if purpose == "search back" else "down"
        self.prompt.ask(purpose, "", f"regular expression to look for, {way} from here; n and N lead on and back")

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Look for it."""
        if event.purpose in ("search", "search back"):
            self._close_prompt()
            self._back = event.purpose == "search back"
            self._look_for(event.value)
        elif event.purpose == "narrow":
            self._close_prompt()
            self._narrow_to(event.value)

    def on_prompt_left(self, event: Prompt.Left) -> None:
        """Escape in a prompt."""
        if event.purpose in ("search", "search back", "narrow", "save"):
            self._close_prompt()

    def _close_prompt(self) -> None:
        self.prompt.close()
        self.query_one("#keys").display = True
        self.focus_body()

    def _look_for(self, source: str) -> None:
        if not source and self._pattern is None:
            return
        try:
            self._pattern = compiled(source) if source else self._pattern
        except QuarterdeckError as error:
            self.say(f"▲ {error}", "warn")
            return
        self.view.look_for(self._pattern)
        self._search(-1 if self._back else 1, here=True)

    def action_again(self, by: int) -> None:
        """The next line that holds it, in the direction in which it was looked for; N: in the other."""
        if self._pattern is None:
            self.say("/ looks for something first", "dim")
        else:
            self._search(-by if self._back else by)

    def _search(self, by: int, *, here: bool = False) -> None:
        head, pattern = self._head, self._pattern
        if head is None or pattern is None or self.view.folding is None:
            return
        self._stop.set()
        self._stop = Event()
        self.view.following = False
        self.say(f"looking for {pattern.source} …", "dim")
        line = self.view.cursor + (0 if here else by)
        self.run_worker(
            partial(self._find, head, pattern, line, by < 0, self._stop),
            thread=True, group="search", exit_on_error=False,
        )  # fmt: skip

    def _find(self, head: LogHead, pattern: Pattern, line: int, back: bool, stop: Event) -> None:
        """On a thread, with a reader of its own; what is not below is looked for from the other end."""
        reader = self.deck.open_reader()
        try:
            found = find_line(reader.logs, head.rowid, pattern, line, back=back, stop=stop.is_set)
            around = found is None and not stop.is_set()
            if around:
                start = head.lines - 1 if back else head.first
                found = find_line(reader.logs, head.rowid, pattern, start, line, back=back, stop=stop.is_set)
        finally:
            reader.close()
        if not stop.is_set():
            self.app.call_from_thread(self._found, pattern, found, around, back)

    def _found(self, pattern: Pattern, line: int | None, around: bool, back: bool) -> None:
        if not self.is_ready:
            return
        if line is None:
            self.say(f"“{clip(pattern.source, 60)}” is nowhere in it", "warn")
            return
        self.view.go(line)
        self.say(f"it goes on from the {'end' if back else 'beginning'}" if around else "", "dim")

    # -- only some lines ----------------------------------------------------------------------------------------

    def action_narrow(self) -> None:
        """Ask which lines to show."""
        self.query_one("#keys").display = False
        self.prompt.ask("narrow", "", "regular expression: only lines in which it stands; nothing shows all lines")

    def _narrow_to(self, source: str) -> None:
        if not source:
            self._widen()
            return
        try:
            self._narrow(compiled(source))
        except QuarterdeckError as error:
            self.say(f"▲ {error}", "warn")

    def _widen(self) -> None:
        head, folding = self._head, self.view.folding
        if self._narrowed is not None and head is not None and folding is not None:
            self._narrowed = None
            found = folding.outline
            self._put(head, Folding(found, head.lines, head.first, found.folded()))

    def _narrow(self, pattern: Pattern, *, told: bool = True) -> None:
        if self._head is None or self.view.folding is None:
            return
        self._stop.set()
        self._stop = Event()
        if told:
            self.say(f"looking for all lines with {pattern.source} …", "dim")
        self.run_worker(
            partial(self._find_all, self._head, pattern, self._stop), thread=True, group="search", exit_on_error=False
        )

    def _find_all(self, head: LogHead, pattern: Pattern, stop: Event) -> None:
        """On a thread, with a reader of its own."""
        reader = self.deck.open_reader()
        try:
            found, is_all = all_lines(reader.logs, head.rowid, pattern, stop=stop.is_set)
        finally:
            reader.close()
        if not stop.is_set():
            self.app.call_from_thread(self._found_all, pattern, found, is_all)

    def _found_all(self, pattern: Pattern, found: array[int], is_all: bool) -> None:
        head, folding = self._head, self.view.folding
        if not self.is_ready or head is None or folding is None:
            return
        if not found:
            self.say(f"“{clip(pattern.source, 60)}” is nowhere in it", "warn")
            return
        self._narrowed = self._pattern = pattern
        self.view.look_for(pattern)
        self._put(head, Narrowed(found, folding.outline, head.lines, head.first))
        self.say("" if is_all else f"only the first {count(len(found))} lines are shown", "warn")

    def _put(self, head: LogHead, folding: Folding) -> None:
        stood = self.view.cursor
        self.view.show(lines_of(self.deck, head), folding, at=None if self.view.following else stood)
        self.write_frame()


def lines_of(deck: Deck, head: LogHead) -> Read:
    """Reads lines of a log, by the reader that the deck has then: a new generation of the cache is another one."""

    def read(first: int, count: int, width: int) -> Sequence[Line]:
        return deck.reader.logs.lines(head.rowid, first, count, width=width)

    return read
