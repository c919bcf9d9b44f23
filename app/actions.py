"""The one gate that every change to the outside world goes through.

Somebody asks: the intents go to the journal as `asked`, a batch of them at once. One process carries a batch out
and holds its lock while it lives: each act is checked (read-only mode, trust, what the source can do, what was there
when somebody was asked), written down as `begun`, done once, verified by reading back, and its outcome written. What a
crash cut off stays in the journal, and `reconcile` asks the server what really happened. Acts name things by their
exact ids. How one act is carried out stands in `acts/execution.py`, what is particular to one kind in the other
modules of `acts/`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from . import trust
from .acts import SECONDS, Outcome, Surroundings, Tried, called
from .acts.execution import carry_out, conclude, failed, refused
from .acts.finding import check_readable, find_pipeline, opened, run_of
from .acts.kinds import KINDS, kind_of
from .acts.promotions import PromotionActs
from .acts.sight import intent as pipeline_intent
from .acts.sight import subject as pipeline_subject
from .acts.tags import TagOutcome, check_tag, tag_intent
from .errors import QuarterdeckError, RefusedError, SourceError, StoreError, UsageError
from .records import Job, Millis, Pipeline, Subject, Want
from .store import act_lock
from .store.files import cache_file
from .store.state import Act, State

if TYPE_CHECKING:
    from .settings import Settings
    from .sources import Source

ACT_SECONDS: Final = SECONDS
"""An act is given up after this."""

LATE_SECONDS: Final = 30.0
"""An open act that nobody carries out is left alone for so long: its process may be about to start, and a request whose
sender died may still be under way."""


class Found(NamedTuple):
    """What is to be done now."""

    source: Any
    """Which can do it."""
    act: str
    subject: str
    intent: Mapping[str, Any]
    thing: Any = None
    """What it is done to, as somebody has just seen it: what speaks against it is not even written down."""


Find = Callable[["Sequence[Source]"], Awaitable[Found]]
"""Finds it among the open sources. Raises what speaks against it."""

_NEVER: Final = "It was asked for and never begun. Nothing was changed."


def set_tag(
    settings: Settings, state: State, subject: Subject, key: str, value: str | None, *, read_only: bool
) -> TagOutcome:
    """Set a tag of a run, or with None take it away, read it back, and keep a record. Blocks, for ACT_SECONDS at most.

    Raises RefusedError (read-only, a deleted run), UntrustedError, UsageError (not a run, not a tag that MLflow
    takes), SourceError (not reached before anything was tried), QuarterdeckError (no such run). What goes wrong
    after the intent was written is an Outcome that is failed or unknown.
    """
    check_allowed(settings, read_only, "mlflow")
    check_tag(subject, key, value or "")
    (run_id,) = subject.parts

    async def find(sources: Sequence[Source]) -> Found:
        source, run = await run_of(settings, sources, run_id)
        if run.status == "deleted":
            raise RefusedError(f"Refused: {subject} is deleted in MLflow, nothing was changed. Restore it first.")
        act = "delete_tag" if value is None else "set_tag"
        return Found(source, act, str(subject), tag_intent(source.spec.key, run_id, key, value))

    outcome = act_now(settings, state, find, section="mlflow", read_only=read_only)
    assert isinstance(outcome, TagOutcome)
    return outcome


def act_on_pipeline(
    settings: Settings,
    state: State,
    act: str,
    source: str | None,
    native: str,
    choose: Callable[[Pipeline], tuple[Job | None, Sequence[str]]],
    *,
    read_only: bool,
) -> Outcome:
    """Do something to the pipeline as it is now, read back, and keep a record. Blocks, for ACT_SECONDS at most.

    `act` is one of acts.pipelines, `source` the key of the one that has it (None: whichever has it), `choose` names
    the job or the approvals that are meant. Raises as `set_tag` does; what `choose` raises goes through.
    """

    async def find(sources: Sequence[Source]) -> Found:
        having, pipeline = await find_pipeline(settings, sources, source, native)
        job, approvals = choose(pipeline)
        intent = pipeline_intent(pipeline, saw=False, job=job, approvals=approvals)
        return Found(having, act, pipeline_subject(act, intent), intent, pipeline)

    return act_now(settings, state, find, read_only=read_only)


def act_now(settings: Settings, state: State, find: Find, *, read_only: bool, section: str | None = None) -> Outcome:
    """Do one thing, read back, and keep a record. Blocks, for ACT_SECONDS at most.

    `section` of the settings has to be trusted. Raises as `set_tag` does; what `find` raises goes through.
    """
    check_allowed(settings, read_only, section)
    return asyncio.run(_act_now(_around(settings, state, None), find))


def perform(
    settings: Settings, state: State, batch: str, *, read_only: bool, cache: Path | None = None
) -> list[Outcome]:
    """Carry out what was asked for as a batch, one after another; one that fails does not stop the others.

    `cache` is the cache's file, None for the usual one. Blocks, for minutes at most. Every refusal is an Outcome.
    Raises RefusedError when another process does it already, StoreError.
    """
    with act_lock.held(state.path, batch) as ours:
        if not ours:
            raise RefusedError(f"Another process carries out {batch} already.")
        asked = [act for act in state.batch_of_acts(batch) if act.state == "asked"]
        try:
            check_allowed(settings, read_only)
            return asyncio.run(_perform(_around(settings, state, cache), asked))
        except StoreError:
            raise
        except QuarterdeckError as error:
            left = [act for act in state.batch_of_acts(batch) if act.state == "asked"]
            return [refused(state, act, str(error)) for act in left]


def reconcile(
    settings: Settings, state: State, now: Millis | None = None, *, cache: Path | None = None, read_only: bool = False
) -> list[Outcome]:
    """Ask the servers about the acts that a crash cut off, and write what they say.

    A promotion that stands half-way is finished, or taken back where it is long ago; in read-only mode it is left.

    Acts that somebody carries out, or that are younger than LATE_SECONDS, are left alone; those of which the server
    cannot say anything yet are `unknown` here and stay begun in the journal.
    """
    now = _now() if now is None else now
    before = now - round(1000 * LATE_SECONDS)
    late = [act for act in state.open_acts() if (act.begun_at or act.at) < before]
    found: list[Outcome] = []
    for batch in dict.fromkeys(act.batch for act in late):
        with act_lock.held(state.path, batch) as ours:
            if ours:  # read again: it may have been carried out, and let go, since
                open_acts = [act for act in state.batch_of_acts(batch) if act.state in ("asked", "begun")]
                found += [refused(state, act, _NEVER) for act in open_acts if act.state == "asked"]
                begun = [act for act in open_acts if act.state == "begun"]
                if read_only:
                    found += [_left(act) for act in begun if act.act in PromotionActs.acts]
                    begun = [act for act in begun if act.act not in PromotionActs.acts]
                found += asyncio.run(_reconcile(_around(settings, state, cache), begun, now)) if begun else []
    return found


def _left(act: Act) -> Outcome:
    sentence = f"{called(act)} was cut off. Whoever works without --read-only finishes it, or takes it back."
    return kind_of(act.act).outcome(act, "unknown", sentence)


def check_allowed(settings: Settings, read_only: bool, section: str | None = None) -> None:
    """Raise RefusedError in read-only mode, UntrustedError when a section of the settings is not trusted yet.

    Of which section a source is, its source says itself when an act is carried out.
    """
    if read_only:
        raise RefusedError("Refused: quarterdeck was started with --read-only, nothing was changed.")
    if section is not None:
        trust.check_trusted(settings, section)


def wants(outcomes: Sequence[Outcome]) -> list[Want]:
    """What to ask the syncer for after these, so that the screens show them at once."""
    return [want for kind in KINDS for want in kind.wants([one for one in outcomes if one.act in kind.acts])]


# -- on the command line ----------------------------------------------------------------------------------------


async def _act_now(around: Surroundings, find: Find) -> Outcome:
    """Acts that had their outcome before the thing was looked at are known to whoever asked."""
    state, settled = around.state, frozenset(act.id for act in around.state.acts() if act.outcome is not None)
    async with opened(around.settings) as sources:
        source, act, subject, intent, thing = await find(sources)
        kind = kind_of(act)
        made = Act(
            id="", at=0, batch="", begun_at=None, act=act, subject=subject, intent=intent, outcome=None, state="asked"
        )  # fmt: skip
        kind.check(made)
        does = kind.bind(source, around._replace(sources=sources))
        if why := kind.unable(does, made) or ("" if thing is None else kind.refusal(made, thing)):
            raise RefusedError(f"Refused: {why}")
        batch = state.ask_acts([(act, subject, intent)], _now())
        with act_lock.held(state.path, batch):
            (asked,) = state.batch_of_acts(batch)
            try:
                return await carry_out(does, state, asked, settled)
            except SourceError as error:
                return failed(state, asked, f"Not tried: {error}")


# -- a batch ----------------------------------------------------------------------------------------------------


def _around(settings: Settings, state: State, cache: Path | None) -> Surroundings:
    return Surroundings(settings, state, cache or cache_file(settings.personal.cache.path, settings.project_key))


async def _perform(around: Surroundings, acts: Iterable[Act]) -> list[Outcome]:
    async with opened(around.settings) as sources:
        around = around._replace(sources=sources)
        by_key = {source.spec.key: source for source in sources}
        away: dict[str, str] = {}
        return [await _one_of_many(around, by_key.get(act.intent["source"]), act, away) for act in acts]


async def _one_of_many(around: Surroundings, source: Source | None, act: Act, away: dict[str, str]) -> Outcome:
    state = around.state
    if source is None:
        return refused(state, act, "The settings name its source no more. Nothing was changed.")
    if source.spec.key in away:  # each further one would wait for the time-outs again
        return failed(state, act, away[source.spec.key])
    try:
        await check_readable(around.settings, source)
        return await _checked(around, source, act)
    except SourceError as error:
        away[source.spec.key] = f"Not tried: {error}"
        return failed(state, act, away[source.spec.key])
    except UsageError as error:
        return refused(state, act, str(error))


async def _checked(around: Surroundings, source: Source, act: Act) -> Outcome:
    """Look at the thing, and change it if that is what somebody was asked about. Raises SourceError before it is."""
    kind = kind_of(act.act)
    if not kind.takes(source):
        return refused(around.state, act, f"{source.spec.name} ({source.spec.kind}) can do no such thing.")
    kind.check(act)
    does = kind.bind(source, around)
    if why := kind.unable(does, act):
        return refused(around.state, act, why)
    return await carry_out(does, around.state, act)


async def _reconcile(around: Surroundings, acts: Sequence[Act], now: Millis) -> list[Outcome]:
    async with opened(around.settings) as sources:
        around = around._replace(sources=sources)
        by_key = {source.spec.key: source for source in sources}
        found: list[Outcome] = []
        for act in acts:
            source, kind = by_key.get(act.intent["source"]), kind_of(act.act)
            if source is not None and kind.takes(source):
                tried = Tried(is_late=True, age=(now - (act.begun_at or act.at)) / 1000)
                does = kind.bind(source, around)
                found.append((await conclude(kind, does, around.state, act, tried))[0])
        return found


def _now() -> Millis:
    return time.time_ns() // 1_000_000
