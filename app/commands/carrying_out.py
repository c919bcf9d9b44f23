"""Promotions on the command line: bring the evidence up to date, have an act done, follow it, say what came of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from .. import deciding
from ..acting import Acting
from ..deeds import was_refused
from ..errors import QuarterdeckError, SourceError, StoreError
from ..promotion import Kind, Plan
from ..records import Millis, Promotions
from ..settings import Settings
from ..store.reading import Reader
from ..store.state import Act, State
from .boundary import say
from .options import Options
from .place import cache_of, settings_of, state_of, synced

REFUSED: Final = 4
_EXIT: Final = {"done": 0, "failed": 1, "unknown": 3}
_TICK: Final = 0.1
_GONE: Final = 5.0
"""Seconds after which a process that does not hold its act is taken for dead."""
_SAID: Final = {
    "ledger": "reading the ledger", "push": "pushing entry {}", "pushed": "entry {} is written",
    "alias": "setting the alias to v{}", "set": "the alias is set", "read back": "reading back", "evidence": "evidence",
}  # fmt: skip


class Desk(NamedTuple):
    """What these commands work with."""

    settings: Settings
    reader: Reader
    state: State
    acting: Acting
    live: Promotions | None
    """What the remote says, asked just now; None where it was not reached."""

    trouble: str = ""
    """Why the remote was not reached."""

    def plan(self, model: str, alias: str, kind: Kind, version: str | None, source: str | None = None) -> Plan:
        """The plan as it is now. Where the remote was not reached, what the cache has of it does not count."""
        entries = None
        if self.live is not None:
            entries = deciding.ask_ledger(self.settings, self.reader, self.state, model, alias)
        wanted = deciding.Wanted(model=model, alias=alias, kind=kind, version=version, source=source)
        found = deciding.decide(
            self.settings, self.reader, self.state, wanted, now(), live=self.live, entries=entries
        )  # fmt: skip
        return deciding.without_remote(found, self.trouble, now()).plan if self.trouble else found.plan

    @property
    def promotions(self) -> Promotions:
        """The same, else what the cache has."""
        return self.live if self.live is not None else self.reader.promotions()


@contextmanager
def at_desk(options: Options) -> Iterator[Desk | None]:
    """Everything opened, the evidence read anew; None when nothing was ever read. Raises UntrustedError."""
    settings = settings_of(options)
    _refresh(options, settings)
    with state_of(settings) as state:
        if _settle(options, settings, state):
            _refresh(options, settings)  # the alias may have moved
        with synced(options, settings) as reader:
            if reader is None:
                yield None
                return
            from .terminal import again

            acting = Acting(
                settings, state, lambda: again(options), read_only=options.read_only, cache=cache_of(options, settings)
            )  # fmt: skip
            yield Desk(settings, reader, state, acting, *_live(settings, reader, state))


def _live(settings: Settings, reader: Reader, state: State) -> tuple[Promotions | None, str]:
    """What the remote says, or why it was not reached."""
    try:
        return deciding.ask_remote(settings, reader, state), ""
    except SourceError as error:
        say(f"Not asked anew: {error}")
        return None, str(error)


def _refresh(options: Options, settings: Settings) -> None:
    """A pass over the sources: what cannot be read is in the plan."""
    from ..sync.once import sync_now
    from .progress import Bar, Lines

    telling = Bar() if sys.stderr.isatty() else Lines()
    try:
        with telling:
            sync_now(settings, cache_of(options, settings), report=telling.tell)
    except StoreError:
        raise
    except QuarterdeckError as error:
        say(f"Not read anew: {error}")


def _settle(options: Options, settings: Settings, state: State) -> bool:
    """What was cut off earlier is finished or taken back first; gives whether there was such a thing."""
    if options.read_only or not state.open_acts():
        return False
    from ..actions import reconcile

    found = reconcile(settings, state, cache=cache_of(options, settings))
    for late in found:
        say(f"Cut off earlier: {late.sentence}")
    return bool(found)


def now() -> Millis:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


def follow(desk: Desk, batch: str, told: Callable[[Act], None] = lambda act: None) -> tuple[int, Act]:
    """Wait for an act of one's own process; gives the exit status and the act as the journal has it then.

    Ctrl+C leaves it alone: it goes on by itself.
    """
    points: list[Any] = []
    missing_since: float | None = None
    while True:
        (act,) = desk.state.batch_of_acts(batch)
        _tell(act, points)
        told(act)
        if act.state not in ("asked", "begun"):
            break
        if desk.acting.progress(batch).is_alive:
            missing_since = None
        else:
            missing_since = missing_since or time.monotonic()
            if time.monotonic() - missing_since > _GONE:
                say(f"Nobody carries {batch} out any more. What came of it is found out by the next such command.")
                return 3, act
        time.sleep(_TICK)
    say(str((act.outcome or {}).get("sentence", "")))
    return REFUSED if was_refused(act) else _EXIT[act.state], act


def _tell(act: Act, points: list[Any]) -> None:
    """One line a step."""
    point = (act.intent.get("point"), act.intent.get("detail", ""))
    if point[0] in _SAID and point not in points:
        points.append(point)
        say(_SAID[point[0]].format(point[1]))


def outcome_json(act: Act) -> dict[str, Any]:
    """What came of it, for scripts."""
    told = act.outcome or {}
    read_back = told.get("read_back") or {}
    fields = ("model", "alias", "version", "from", "kind", "plan", "reason", "ticket", "gate")
    found = {name: act.intent[name] for name in fields if name in act.intent}
    return {
        "act": act.act, "entry": act.id, "subject": act.subject, "state": act.state, "refused": was_refused(act),
        "sentence": told.get("sentence"), **found, "ledger_entry": read_back.get("number"),
    }  # fmt: skip
