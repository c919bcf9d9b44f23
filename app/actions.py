"""The one gate that every change to the outside world goes through.

Somebody asks: the intents go to the journal as `asked`, a batch of them at once. One process carries a batch out
and holds its lock while it lives: each act is checked (read-only mode, trust, what the source can do, the vendor's
limits, what was there when somebody was asked), written down as `begun`, done, verified by reading back, and its
outcome written. What a crash cut off stays in the journal, and `reconcile` asks the server what really happened.
Acts name things by their exact ids.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import msgspec

from . import trust
from .errors import QuarterdeckError, RefusedError, SourceError, StoreError, UsageError
from .records import Batch, Millis, Record, Run, SourceSpec, Subject, Want
from .store import act_lock
from .store.state import Act, ActState, State
from .text import clip

if TYPE_CHECKING:
    from .settings import Settings

LONGEST_KEY: Final = 250
LONGEST_VALUE: Final = 8_000
"""Characters; mlflow.utils.validation, MAX_ENTITY_KEY_LENGTH and MAX_TAG_VAL_LENGTH. Checked here because a
server may cut a longer value instead of refusing it (MLFLOW_TRUNCATE_LONG_VALUES)."""
_KEY: Final = re.compile(r"[/\w.\- :]+")  # the characters that mlflow.utils.validation allows in a name

ACT_SECONDS: Final = 90.0
"""An act is given up after this."""

LATE_SECONDS: Final = 30.0
"""An open act that nobody carries out is left alone for so long: its process may be about to start, and a request whose
sender died may still be under way."""


class Outcome(Record, frozen=True):
    """What came of an act. `state` is done, failed or unknown; `sentence` says it for a person."""

    entry: str
    """Its entry in the journal."""
    act: str
    subject: str
    source: str
    """Key of the source that has it."""
    state: ActState
    sentence: str
    key: str
    value: str | None
    """What the tag was to be; None when it was to go."""
    previous: str | None
    """What the tag was before; None when there was none."""
    run_id: str


@runtime_checkable
class TagsRuns(Protocol):
    """A source that can set a run's tag and read the run again."""

    @property
    def spec(self) -> SourceSpec:
        """Which source it is."""

    def want(self, want: Want) -> AsyncIterator[Batch]:
        """What somebody looks at right now; a run that is not there is left out. Raises SourceError."""

    async def set_run_tag(self, run_id: str, key: str, value: str) -> None:
        """Set the tag. Raises SourceError, or RefusedError where we do not write this store."""

    async def delete_run_tag(self, run_id: str, key: str) -> None:
        """Take the tag away. Raises SourceError, or RefusedError where we do not write this store."""

    async def close(self) -> None:
        """Let go of connections."""


def tag_intent(
    source: str, run_id: str, key: str, value: str | None, *, name: str = "", undoes: str | None = None
) -> dict[str, Any]:
    """What the journal keeps of a tag to be set, or with None to be taken away, before it is tried.

    `name` is what sentences call the run; `undoes` the entry whose change this takes back. With `seen` added (what the
    person saw there, None for nothing), the act fails when something else is there by then.
    """
    made = {"source": source, "run_id": run_id, "key": key, "value": value}
    return made | ({"name": name} if name else {}) | ({"undoes": undoes} if undoes else {})


def set_tag(settings: Settings, state: State, subject: Subject, key: str, value: str, *, read_only: bool) -> Outcome:
    """Set a tag of a run, see that it is there, and keep a record. Blocks, for ACT_SECONDS at most.

    Raises RefusedError (read-only, a deleted run), UntrustedError, UsageError (not a run, not a tag that MLflow
    takes), SourceError (not reached before anything was tried), QuarterdeckError (no such run). What goes wrong
    after the intent was written is an Outcome that is failed or unknown.
    """
    check_allowed(settings, read_only)
    check_tag(subject, key, value)
    return asyncio.run(_set_tag(settings, state, subject, key, value))


def perform(settings: Settings, state: State, batch: str, *, read_only: bool) -> list[Outcome]:
    """Carry out what was asked for as a batch, one after another; one that fails does not stop the others.

    Blocks, for ACT_SECONDS an act at most. Every refusal is an Outcome. Raises RefusedError when another process does
    it already, StoreError.
    """
    with act_lock.held(state.path, batch) as ours:
        if not ours:
            raise RefusedError(f"Another process carries out {batch} already.")
        asked = [act for act in state.batch_of_acts(batch) if act.state == "asked"]
        try:
            check_allowed(settings, read_only)
            return asyncio.run(_perform(settings, state, asked))
        except StoreError:
            raise
        except QuarterdeckError as error:
            left = [act for act in state.batch_of_acts(batch) if act.state == "asked"]
            return [_failed(state, act, str(error)) for act in left]


def reconcile(settings: Settings, state: State, now: Millis | None = None) -> list[Outcome]:
    """Ask the servers about the acts that a crash cut off, and write what they say.

    Acts that somebody carries out, or that are younger than LATE_SECONDS, are left alone; those whose server cannot be
    reached are `unknown` here and stay begun in the journal.
    """
    before = (_now() if now is None else now) - round(1000 * LATE_SECONDS)
    late = [act for act in state.open_acts() if (act.begun_at or act.at) < before]
    found: list[Outcome] = []
    for batch in dict.fromkeys(act.batch for act in late):
        with act_lock.held(state.path, batch) as ours:
            if ours:  # read again: it may have been carried out, and let go, since
                open_acts = [act for act in state.batch_of_acts(batch) if act.state in ("asked", "begun")]
                found += [_failed(state, act, _NEVER) for act in open_acts if act.state == "asked"]
                begun = [act for act in open_acts if act.state == "begun"]
                found += asyncio.run(_reconcile(settings, state, begun)) if begun else []
    return found


_NEVER: Final = "It was asked for and never begun. Nothing was changed."


def check_allowed(settings: Settings, read_only: bool) -> None:
    """Raise RefusedError in read-only mode, UntrustedError when the project's MLflow is not trusted yet."""
    if read_only:
        raise RefusedError("Refused: quarterdeck was started with --read-only, nothing was changed.")
    trust.check_trusted(settings, "mlflow")


def check_tag(subject: Subject, key: str, value: str) -> None:
    """Raise UsageError when MLflow would not take this tag as it is."""
    if subject.kind != "run":
        raise UsageError(f"{subject} cannot be tagged: only runs can be, as run/ID.")
    if not key or len(key) > LONGEST_KEY:
        raise UsageError(f"The tag's key has {len(key)} characters: MLflow takes 1 to {LONGEST_KEY}.")
    if not _KEY.fullmatch(key) or posixpath.normpath(key) != key or key.startswith(("/", "..")) or key == ".":
        raise UsageError(
            f"MLflow takes no tag key “{key}”: letters, digits, _ - . : / and spaces, and not the form of a path"
            " that leads elsewhere."
        )
    if len(value) > LONGEST_VALUE:
        raise UsageError(f"The tag's value has {len(value)} characters: MLflow takes {LONGEST_VALUE} at most.")
    if not (key + value).isascii() and any("\ud800" <= sign <= "\udfff" for sign in key + value):
        raise UsageError("The tag is not valid UTF-8: MLflow cannot keep it.")


async def _set_tag(settings: Settings, state: State, subject: Subject, key: str, value: str) -> Outcome:
    (run_id,) = subject.parts
    async with _taggers(settings) as sources:
        source, run = await _find(sources, run_id)
        if run.status == "deleted":
            raise RefusedError(f"Refused: {subject} is deleted in MLflow, nothing was changed. Restore it first.")
        intent = tag_intent(source.spec.key, run_id, key, value)
        batch = state.ask_acts([("set_tag", str(subject), intent)], _now())
        with act_lock.held(state.path, batch):
            (act,) = state.batch_of_acts(batch)
            return await _change(source, state, act, run)


async def _perform(settings: Settings, state: State, acts: Iterable[Act]) -> list[Outcome]:
    async with _taggers(settings) as sources:
        by_key = {source.spec.key: source for source in sources}
        found: list[Outcome] = []
        away: dict[str, str] = {}
        for act in acts:
            source = by_key.get(act.intent["source"])
            if source is None:
                found.append(_failed(state, act, "The settings name its source no more. Nothing was changed."))
            elif source.spec.key in away:  # each further one would wait for the time-outs again
                found.append(_failed(state, act, away[source.spec.key]))
            else:
                found.append(await _checked(source, state, act, away))
        return found


async def _checked(source: TagsRuns, state: State, act: Act, away: dict[str, str]) -> Outcome:
    """Look at the run, and change it if that is what somebody was asked about."""
    intent = act.intent
    try:
        check_tag(Subject(kind="run", parts=(intent["run_id"],)), intent["key"], intent["value"] or "")
        run = await _read(source, intent["run_id"])
    except SourceError as error:
        away[source.spec.key] = f"Not tried: {error}"
        return _failed(state, act, f"Not tried: {error}")
    except UsageError as error:
        return _failed(state, act, str(error))
    if run is None or run.status == "deleted":
        why = "is not there any more" if run is None else "is deleted in MLflow"
        return _failed(state, act, f"{_called(act)} {why}. Nothing was changed.")
    found = run.tags.get(intent["key"])
    if "seen" in intent and intent["seen"] != found:
        told = f"{intent['key']} is {_said(found)} now, not {_said(intent['seen'])}: somebody changed it"
        return _failed(state, act, f"{_called(act)}: {told}. Left as it is.")
    return await _change(source, state, act, run)


async def _change(source: TagsRuns, state: State, act: Act, run: Run) -> Outcome:
    intent = dict(act.intent) | {"previous": run.tags.get(act.intent["key"])}
    if not state.begin_act(act.id, intent, _now()):
        return _with(_outcome(act), "failed", f"{_called(act)}: it was settled by another process meanwhile.")
    begun = msgspec.structs.replace(act, intent=intent)
    return await _conclude(source, state, begun, await _try(source, begun))


async def _try(source: TagsRuns, act: Act) -> str:
    """Do it and give what went wrong, "" when nothing did. A time-out says nothing about whether it was done."""
    run_id, key, value = (act.intent[part] for part in ("run_id", "key", "value"))
    try:
        async with asyncio.timeout(ACT_SECONDS / 2):
            if value is None:
                await source.delete_run_tag(run_id, key)
            else:
                await source.set_run_tag(run_id, key, value)
    except (SourceError, RefusedError) as error:
        return str(error)
    except TimeoutError:
        return f"{source.spec.name} did not answer within {ACT_SECONDS / 2:.0f} s."
    return ""


async def _conclude(source: TagsRuns, state: State, act: Act, trouble: str) -> Outcome:
    """Read back, write the outcome and give it. Left as begun when the server cannot be asked."""
    key, value = act.intent["key"], act.intent["value"]
    outcome = _outcome(act)
    try:
        run = await _read(source, act.intent["run_id"])
    except SourceError as error:
        why = trouble or str(error)
        return _with(outcome, "unknown", f"{why} What came of {key} of {_called(act)} could not be read back.")
    found = None if run is None else run.tags.get(key)
    if run is not None and found == value:
        done = "is set" if value is not None else "is taken away"
        outcome = _with(outcome, "done", f"{_called(act)}: {key} {done}.")
    else:
        outcome = _with(outcome, "failed", trouble or f"{_called(act)}: {key} was set and reads otherwise now.")
    state.finish_act(act.id, outcome.state, {"read_back": found, "sentence": outcome.sentence})
    return outcome


async def _reconcile(settings: Settings, state: State, acts: Sequence[Act]) -> list[Outcome]:
    async with _taggers(settings) as sources:
        by_key = {source.spec.key: source for source in sources}
        known = [act for act in acts if act.intent["source"] in by_key]
        return [await _conclude(by_key[act.intent["source"]], state, act, _cut_off(act)) for act in known]


def _cut_off(act: Act) -> str:
    return f"{_called(act)}: {act.intent['key']} was cut off before it reached the server."


def _failed(state: State, act: Act, sentence: str) -> Outcome:
    outcome = _with(_outcome(act), "failed", sentence)
    state.finish_act(act.id, "failed", {"sentence": sentence})
    return outcome


def _outcome(act: Act) -> Outcome:
    intent = act.intent
    return Outcome(
        entry=act.id, act=act.act, subject=act.subject, source=intent["source"], state="unknown", sentence="",
        key=intent["key"], value=intent["value"], previous=intent.get("previous"), run_id=intent["run_id"],
    )  # fmt: skip


def _called(act: Act) -> str:
    return str(act.intent.get("name") or act.subject)


def _said(value: str | None) -> str:
    return "absent" if value is None else f"“{clip(value, 60)}”"


async def _find(sources: Sequence[TagsRuns], run_id: str) -> tuple[TagsRuns, Run]:
    """The one source that has the run, and the run."""
    if not sources:
        raise QuarterdeckError("No source of this project can tag runs: the settings name no MLflow.")
    asked = [(source, await _read(source, run_id)) for source in sources]
    found = [(source, run) for source, run in asked if run is not None]
    if not found:
        names = ", ".join(source.spec.name for source in sources)
        raise QuarterdeckError(f"There is no run {run_id} in {names}. Runs are named by their whole id.")
    if len(found) > 1:
        names = " and ".join(source.spec.name for source, _ in found)
        raise RefusedError(f"Refused: {names} both have a run {run_id}.")
    return found[0]


async def _read(source: TagsRuns, run_id: str) -> Run | None:
    """The run as the vendor has it now; None when it has none of that id. Raises SourceError."""
    want = Want(kind="run", source=source.spec.key, run_ids=(run_id,))
    try:
        async with asyncio.timeout(ACT_SECONDS / 3):
            batches = [batch async for batch in source.want(want)]
    except TimeoutError as error:
        raise SourceError(f"{source.spec.name} did not answer within {ACT_SECONDS / 3:.0f} s.") from error
    return next((run for batch in batches for run in batch.runs if run.id == run_id), None)


@asynccontextmanager
async def _taggers(settings: Settings) -> AsyncIterator[list[TagsRuns]]:
    """The sources that can tag runs; all are closed at the end."""
    from .sources.refused import RefusedSource
    from .sources.registry import build  # brings the HTTP client: 150 ms that reading the journal need not pay

    sources = build(settings)
    try:
        for source in sources:
            if isinstance(source, RefusedSource) and source.spec.kind == "mlflow":
                await anext(source.poll({}))  # raises why it is refused
        yield [source for source in sources if isinstance(source, TagsRuns)]
    finally:
        for source in sources:
            await source.close()


def _with(outcome: Outcome, state: ActState, sentence: str) -> Outcome:
    return msgspec.structs.replace(outcome, state=state, sentence=sentence)


def _now() -> Millis:
    return time.time_ns() // 1_000_000
