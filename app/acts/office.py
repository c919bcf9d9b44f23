"""What a promotion needs at hand when it is done: the registry, the ledger, and the plan as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, closing
from functools import cached_property
from typing import Any, Protocol, TypeVar, runtime_checkable

from ..promotion import Plan, Situation, plan_of, read_situation
from ..promotion.apply import Applied, Registry
from ..promotion.identity import open_ledger, you
from ..promotion.ledgers import GitLedger, Ledger
from ..records import Actor, Promotions, SourceSpec
from ..store.reading import Reader
from ..store.state import Act
from . import Surroundings

Answer = TypeVar("Answer")


@runtime_checkable
class Registers(Registry, Protocol):
    """A source whose aliases can be moved."""

    @property
    def spec(self) -> SourceSpec:
        """Which source it is."""

    async def close(self) -> None:
        """Let go of connections."""


class Office:
    """One act's. `registry` is the source that has the model."""

    def __init__(self, registry: Registers, around: Surroundings) -> None:
        self.registry = registry
        self.spec = registry.spec
        self.applied: Applied | None = None
        self.situation: Situation | None = None
        self.latest: Plan | None = None
        self.point = ""
        """Where the act is, in the words of `promotion/apply.py`; "" where its entry is known not to come any more."""
        self._around = around

    @cached_property
    def actor(self) -> Actor:
        """Who acts."""
        return you(self._around.settings)

    @asynccontextmanager
    async def ledger(self) -> AsyncIterator[Ledger]:
        """Opened for one use."""
        found = open_ledger(self._around.settings, self._git(), self._around.state.path, self._local_policy)
        try:
            yield found
        finally:
            await in_thread(found.close)

    def _git(self) -> str:
        with closing(self._reader()) as reader:
            return next((state.source for state in reader.source_states() if state.kind == "git"), "")

    def _local_policy(self) -> Any:
        with closing(self._reader()) as reader:
            return reader.policy_text()

    def _reader(self) -> Reader:
        return Reader(self._around.cache)

    async def plan(self, intent: Mapping[str, Any], actor: Actor | None = None) -> Plan:
        """The plan as it is now: gates by what the cache has, all else asked anew. Raises SourceError.

        `actor` is who would apply it; None: we.
        """
        async with self.ledger() as ledger:
            live = await in_thread(ledger.promotions)
            entries = await in_thread(ledger.entries, intent["model"], intent["alias"])
        aliases = await self.registry.get_aliases(intent["model"])
        with closing(self._reader()) as reader:
            found = read_situation(
                reader, intent["model"], intent["alias"], actor=actor or self.actor, kind=intent["kind"],
                version=intent["version"], source=self.spec.key, state=self._around.state, live=live, entries=entries,
                aliases=aliases,
            )  # fmt: skip
        self.situation = found
        self.latest = plan_of(found, self._around.now())
        return self.latest

    async def promotions(self) -> Promotions:
        """What is written down, as it is now. Raises SourceError."""
        async with self.ledger() as ledger:
            return await in_thread(ledger.promotions)

    def say(self, act: Act) -> Callable[[str, str], Awaitable[None]]:
        """Tells the journal where the act is, for those who watch it; the number of its entry stays there."""
        known = dict(act.intent)

        async def told(point: str, detail: str) -> None:
            self.point = point
            known.update({"point": point, "detail": detail} | ({"number": int(detail)} if point == "pushed" else {}))
            self._around.state.learn_act(act.id, known)

        return told

    def now(self) -> int:
        """UTC milliseconds."""
        return self._around.now()


def use_style(ledger: Ledger, plan: Plan) -> None:
    """Write where the policy wants it."""
    if isinstance(ledger, GitLedger) and plan.style == "tags":
        ledger.style = "tags"


async def in_thread(call: Callable[..., Answer], *args: object) -> Answer:
    """On a thread: Git blocks."""
    return await asyncio.to_thread(call, *args)
