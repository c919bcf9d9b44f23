"""What every screen about one run shares: its facts, its curves, what is asked for while it runs."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding
from textual.geometry import Size

from ..app.records import Run, Series, Want
from ..widgets.freshness import freshness
from ..widgets.line import Piece
from .changes import Changed
from .deck import Deck
from .run_acts import RunActs
from .run_columns import is_open
from .run_facts import RunFacts, facts_of

NEWS = 5.0
"""Seconds between two questions for news of a run that runs, while somebody looks at it."""

TALL = 30
"""Rows from which on there is one for nothing but calm."""

HISTORIES_AT_ONCE = 40
"""Metrics of which smallest and largest are asked for at once."""


class RunView(RunActs):
    """A screen about the run with this native id. A subclass draws `facts` when `draw` is called."""

    def __init__(self, deck: Deck, run_id: str) -> None:
        super().__init__(deck)
        self.run_id = run_id
        self.facts: RunFacts | None = None
        self._series: dict[str, Series | None] = {}
        self._asked: set[tuple[str, str]] = set()
        self._is_stale = False

    @property
    def room(self) -> Size:
        """The terminal's size. A screen has it before its own, so that what it paints first stands where it stays."""
        return self.app.size

    def draw(self) -> None:
        """Show the facts as they are now; what is there already is not sent again."""
        raise NotImplementedError  # abstract: ABCMeta and Textual's metaclass do not go together

    def curves_in_sight(self) -> Sequence[str]:
        """The metrics whose curves are looked at: of these news is asked for while the run runs."""
        return ()

    def on_mount(self) -> None:
        """Begin to ask for news."""
        if self.is_composed:
            self.set_interval(NEWS, self._ask_for_news)

    def read(self) -> None:
        """Read the run from the cache again and show it."""
        self._is_stale = False
        self._series.clear()
        self.facts = facts_of(self.deck.reader, self.run_id, self.deck.better)
        self.draw()

    def series(self, name: str) -> Series | None:
        """The history of a metric; None where nobody has read it yet."""
        if self.facts is not None and name not in self._series:
            self._series[name] = self.deck.reader.series(self.facts.rowid, name)
        return self._series.get(name)

    def chosen_runs(self) -> list[Run]:
        """The run that it is about."""
        return [self.facts.run] if self.facts else []

    def shown_keys(self) -> list[tuple[str, str]]:
        """The keys of this screen first, those that every screen has after them, the way back last."""
        own = [binding.description for binding in type(self).BINDINGS if isinstance(binding, Binding)]
        places = {said: place for place, said in enumerate(own)}
        return sorted(super().shown_keys(), key=lambda key: (key[1] == "back", places.get(key[1], len(own))))

    # -- what is asked for --------------------------------------------------------------------------------------

    def want_histories(self, names: Sequence[str]) -> None:
        """Ask, once, for the whole history of those of these metrics that nobody has read."""
        self.want_once("history", [name for name in names if not _is_whole(self.series(name))])

    def want_extremes(self, names: Sequence[str]) -> None:
        """Ask, once, for smallest and largest of those of these metrics of which they are not known."""
        if (facts := self.facts) is not None:
            unknown = [name for name in names if is_open(facts.run, facts.extremes.get(name))]
            self.want_once("extremes", unknown[:HISTORIES_AT_ONCE])

    def want_once(self, kind: str, keys: Sequence[str]) -> None:
        """Ask for what was not asked for since this screen was opened, since `r`, or since the run ended."""
        asked = f"{kind} {self.facts.run.status}" if self.facts else kind
        new = [key for key in keys if (asked, key) not in self._asked]
        if new:
            self._asked.update((asked, key) for key in new)
            self._want(kind, tuple(new))

    def _want(self, kind: str, keys: tuple[str, ...] = ()) -> None:
        if self.facts is not None:
            run = self.facts.run
            self.deck.ask(Want(kind=kind, source=run.source, run_ids=(run.id,), keys=keys))  # type: ignore[arg-type]  # one of Want's kinds, as each caller writes it

    def _ask_for_news(self) -> None:
        """Ask how it goes on: while it runs, its source answers and this screen is the one on top."""
        facts = self.facts
        if facts is None or not facts.is_live or not self.is_current:
            return
        if facts.state is not None and facts.state.state == "ok":
            self._want("run")
            if names := tuple(self.curves_in_sight()):
                self._want("history", names)

    def action_sync_now(self) -> None:
        """Ask for a pass now, and again for what never came."""
        self._asked.clear()
        super().action_sync_now()
        self.draw()

    # -- news ---------------------------------------------------------------------------------------------------

    def cache_changed(self, changed: Changed) -> None:
        """Show what is new of this run; under another screen, when that one is gone."""
        self._is_stale = self._is_stale or changed.runs or changed.commits or changed.pipelines or changed.models
        if self._is_stale and self.is_current:
            self.read()
        super().cache_changed(changed)

    def on_screen_resume(self) -> None:
        """The screen on top is gone: what came in the meantime is shown."""
        if self._is_stale and self.is_ready:
            self.read()

    def fresh(self) -> list[Piece]:
        """How fresh the run's source is, for the right end of the subject line."""
        state = self.facts.state if self.facts else None
        return [*freshness(state, self.deck.now()), (" ", "text")] if state else []


def _is_whole(series: Series | None) -> bool:
    return series is not None and series.history == "complete" and not series.is_behind
