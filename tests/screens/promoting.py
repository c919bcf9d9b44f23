"""Promotions on the screen: a real cache of evidence, a real journal, and the app over both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from quarterdeck.app import trust
from quarterdeck.app.acting import Acting
from quarterdeck.app.deciding import Deciding, Decision, Wanted
from quarterdeck.app.main import Quarterdeck
from quarterdeck.app.promotion import plan_of
from quarterdeck.app.records import Actor, Want
from quarterdeck.app.settings import load
from quarterdeck.app.store import act_lock
from quarterdeck.app.store.reading import Reader
from quarterdeck.app.store.state import Act, State
from quarterdeck.screens.deck import Deck
from quarterdeck.screens.promotion import PromotionScreen
from quarterdeck.widgets.palette import Palette
from tests.app.promotion.evidence import BO, NOW, POLICY, World


class Waiting(Acting):
    """Writes into the journal what was asked for; the process that would do it is the test."""

    def _start(self, batch: str) -> None:
        """Nobody does it yet."""


class As(Deciding):
    """Decides as somebody whose key nobody has to make first."""

    me: Actor = BO

    def decide(self, reader: Reader, wanted: Wanted, now: int) -> Decision:
        made = super().decide(reader, wanted, now)
        situation = replace(made.situation, actor=self.me)
        return Decision(situation=situation, plan=plan_of(situation, now), git=made.git)


class Stage:
    """What a test writes, and the apps that show it."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder, self.stack = folder, stack
        self.world = World(folder / "cache.db")
        stack.callback(self.world.close)
        self.state = stack.enter_context(State(folder / "state.db"))
        self.wants: list[Want] = []
        self.passes: list[str] = []
        self.now = NOW
        (folder / "quarterdeck.toml").write_text(POLICY)
        self.settings = load(directory=folder)
        trust.record_trust(self.settings)
        self.me = BO

    def app(self, theme: str = "dark", *, read_only: bool = False, **changes: Any) -> Quarterdeck:
        """The real app on this cache."""
        acting = Waiting(self.settings, self.state, list, read_only=read_only, cache=self.world.reader.path)
        deciding = As(self.settings, acting, self.state.path)
        deciding.me = self.me
        facts: dict[str, Any] = {
            "project": "churn", "environment": "prod", "reader": self.stack.enter_context(closing(self.reader())),
            "open_reader": self.reader, "tables": self.state, "state": self.state, "palette": Palette(theme),
            "now": lambda: self.now, "ask": self.wants.append, "sync_now": lambda: self.passes.append("pass"),
            "acts": acting, "deciding": lambda: deciding, "read_only": read_only, "better": {"val_auc": True},
        }  # fmt: skip
        return Quarterdeck(Deck(**(facts | changes)), self.world.reader.path)

    def reader(self) -> Reader:
        """A reader of the cache."""
        return Reader(self.world.reader.path)

    # -- the process that does what was asked for

    def asked(self) -> Act:
        """What was asked for last."""
        return self.state.acts(1)[0]

    @contextmanager
    def carrying_out(self) -> Iterator[Callable[..., None]]:
        """A process is at it: gives what tells the journal where it is."""
        act = self.asked()
        with act_lock.held(self.state.path, act.batch), State(self.state.path) as journal:
            known = dict(act.intent)
            journal.begin_act(act.id, known, NOW)

            def reached(point: str, detail: str = "") -> None:
                known.update(
                    {"point": point, "detail": detail} | ({"number": int(detail)} if point == "pushed" else {})
                )
                journal.learn_act(act.id, known)

            yield reached

    def ended(self, state: str, sentence: str, **read_back: Any) -> None:
        """The process wrote what came of it."""
        with State(self.state.path) as journal:
            told = {"sentence": sentence, "read_back": read_back, "is_refused": read_back.pop("is_refused", False)}
            journal.finish_act(self.asked().id, state, told)  # type: ignore[arg-type]  # a word of the vocabulary


def page(app: Quarterdeck, **wanted: Any) -> PromotionScreen:
    """The page of a plan on this app."""
    facts: dict[str, Any] = {"model": "churn", "alias": "champion"}
    return PromotionScreen(app.deck, Wanted(**(facts | wanted)))
