"""One act carried out: looked at while nobody else acts on the same thing, begun in the journal, done once, read back.

What came of it is written down as its outcome. Whether anybody may act at all is the gate's, `actions.py`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from ..errors import RefusedError, SourceError, UsageError
from ..records import Millis
from ..store import act_lock
from ..store.state import Act, State
from . import SECONDS, Kind, Outcome, Tried, Verdict, called
from .kinds import kind_of

_NEVER_SENT: Final = frozenset({"misconfigured", "untrusted", "forbidden", "tls"})
"""States of a source that failed before anything left us."""


async def carry_out(source: Any, state: State, act: Act, settled: frozenset[str] | None = None) -> Outcome:
    """Look at the thing while nobody else acts on it, and change it if nothing speaks against that by then.

    Raises SourceError before it is changed.
    """
    kind = kind_of(act.act)
    with _alone(kind, state, act, settled) as why:
        if why:
            return refused(state, act, why)
        thing = await kind.look(source, act)
        if why := kind.refusal(act, thing):
            return refused(state, act, why)
        return await _change(kind, source, state, act, thing)


@contextmanager
def _alone(kind: Kind[Any, Any], state: State, act: Act, settled: frozenset[str] | None) -> Iterator[str]:
    """Nobody else acts on the same thing while the block runs; gives why somebody does, "" when it is ours.

    An act of somebody else's that was done since `settled`, or since this was asked for, is not seen in every thing:
    the build that Jenkins started anew looks as before.
    """
    name = kind.alone(act)
    if not name:
        yield ""
        return
    with act_lock.held(state.path, name) as ours:
        others = [one for one in state.open_acts() if one.state == "begun" and one.id != act.id]
        same = [one for one in others if {one.act, act.act} <= kind.once and kind.alone(one) == name]
        ended = [one for one in state.acts() if one.state == "done" and _is_news(one, act, settled)]
        if not ours:
            yield f"{called(act)}: another act on it is under way. Nothing was changed."
        elif same:
            last = same[0].act.partition("_")[0]
            yield f"{called(act)}: what came of the last {last} is not known yet. Nothing was changed."
        elif any(one.act == act.act and kind.alone(one) == name for one in ended):
            yield f"{called(act)}: another {act.act} of it was done just now. Nothing was changed."
        else:
            yield ""


def _is_news(other: Act, act: Act, settled: frozenset[str] | None) -> bool:
    """Whether who asked for `act` cannot have seen what came of the other one."""
    return (other.begun_at or 0) > act.at if settled is None else other.id not in settled


async def _change(kind: Kind[Any, Any], source: Any, state: State, act: Act, thing: Any) -> Outcome:
    """Do it once, and see what came of it. From here on nothing is raised but StoreError."""
    intent = dict(act.intent) | {"previous": kind.before(act, thing)}
    begun = msgspec.structs.replace(act, intent=intent, begun_at=_now())
    if not state.begin_act(act.id, intent, begun.begun_at or 0):
        return kind.outcome(act, "failed", f"{called(act)}: it was settled by another process meanwhile.")
    tried, learnt = await _try(kind, source, begun)
    if not tried.trouble:
        begun = msgspec.structs.replace(begun, intent=intent | {"accepted": True} | learnt)
        state.learn_act(act.id, begun.intent)
    until = time.monotonic() + SECONDS / 2
    for pause in (*kind.pauses, None):
        outcome, is_open = await conclude(kind, source, state, begun, tried)
        if not is_open or pause is None or time.monotonic() > until:
            break
        await asyncio.sleep(pause)
    return outcome


async def _try(kind: Kind[Any, Any], source: Any, act: Act) -> tuple[Tried, dict[str, Any]]:
    """Do it; gives what went wrong, and what the answer told. A time-out says nothing about whether it was done."""
    from ..sources.trouble import AnswerError

    try:
        async with asyncio.timeout(kind.patience):
            return Tried(), dict(await kind.do(source, act))
    except (RefusedError, UsageError) as error:
        return Tried(str(error), is_denied=True), {}
    except AnswerError as error:
        return Tried(str(error), is_denied=400 <= error.status < 500 and error.status != 408), {}
    except SourceError as error:
        return Tried(str(error), is_denied=error.state in _NEVER_SENT), {}
    except TimeoutError:
        return Tried(f"{source.spec.name} did not answer within {kind.patience:.0f} s."), {}


async def conclude(kind: Kind[Any, Any], source: Any, state: State, act: Act, tried: Tried) -> tuple[Outcome, bool]:
    """Read back, write the outcome if there is one, and give it; with it, whether to look again."""
    try:
        verdict: Verdict = await kind.verdict(source, act, tried)
    except SourceError as error:
        if tried.is_denied:  # left open, it would be taken for done later where somebody else has done it by then
            return failed(state, act, tried.trouble), False
        why = tried.trouble or str(error)
        return kind.outcome(act, "unknown", f"{why} What came of {called(act)} could not be read back."), True
    told = {"read_back": verdict.read_back, "sentence": verdict.sentence}
    done = msgspec.structs.replace(act, outcome=told)
    if verdict.state == "open":
        return kind.outcome(done, "unknown", verdict.sentence), True
    state.finish_act(act.id, verdict.state, told)
    return kind.outcome(done, verdict.state, verdict.sentence), False


def refused(state: State, act: Act, sentence: str) -> Outcome:
    """It was not tried, and will not be: why is its outcome."""
    return failed(state, act, sentence, is_refused=True)


def failed(state: State, act: Act, sentence: str, *, is_refused: bool = False) -> Outcome:
    """Nothing was changed by it: write why as its outcome, and give that."""
    state.finish_act(act.id, "failed", {"sentence": sentence} | ({"is_refused": True} if is_refused else {}))
    return kind_of(act.act).outcome(act, "failed", sentence, is_refused=is_refused)


def _now() -> Millis:
    return time.time_ns() // 1_000_000
