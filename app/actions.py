"""The one gate that every change to the outside world goes through.

An act is checked (read-only mode, trust, what the source can do, the vendor's limits), written to the journal as
an intent, done, verified by reading back, and its outcome written. What a crash cut off stays in the journal as
begun, and `reconcile` asks the server what really happened. Acts name things by their exact ids.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import msgspec

from . import trust
from .errors import QuarterdeckError, RefusedError, SourceError, UsageError
from .records import Batch, Millis, Record, Run, SourceSpec, Subject, Want
from .store.state import Act, ActState, State

if TYPE_CHECKING:
    from .settings import Settings

LONGEST_KEY: Final = 250
LONGEST_VALUE: Final = 8_000
"""Characters; mlflow.utils.validation, MAX_ENTITY_KEY_LENGTH and MAX_TAG_VAL_LENGTH. Checked here because a
server may cut a longer value instead of refusing it (MLFLOW_TRUNCATE_LONG_VALUES)."""
_KEY: Final = re.compile(r"[/\w.\- :]+")  # the characters that mlflow.utils.validation allows in a name

ACT_SECONDS: Final = 90.0
"""An act is given up after this; one that is still begun when it is older was cut off."""


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
    value: str
    previous: str | None
    """What the tag was before; None when there was none."""


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

    async def close(self) -> None:
        """Let go of connections."""


def set_tag(settings: Settings, state: State, subject: Subject, key: str, value: str, *, read_only: bool) -> Outcome:
    """Set a tag of a run, see that it is there, and keep a record. Blocks, for ACT_SECONDS at most.

    Raises RefusedError (read-only, a deleted run), UntrustedError, UsageError (not a run, not a tag that MLflow
    takes), SourceError (not reached before anything was tried), QuarterdeckError (no such run). What goes wrong
    after the intent was written is an Outcome that is failed or unknown.
    """
    check_allowed(settings, read_only)
    check_tag(subject, key, value)
    return asyncio.run(_set_tag(settings, state, subject, key, value))


def reconcile(settings: Settings, state: State, now: Millis | None = None) -> list[Outcome]:
    """Ask the servers about the acts that a crash cut off, and write what they say.

    Acts that are young enough to be under way elsewhere are left alone; those whose server cannot be reached are
    `unknown` here and stay begun in the journal.
    """
    before = (_now() if now is None else now) - round(1000 * ACT_SECONDS)
    cut_off = [act for act in state.begun_acts() if act.at < before]
    return asyncio.run(_reconcile(settings, state, cut_off)) if cut_off else []


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
        intent = {
            "source": source.spec.key, "run_id": run_id, "key": key, "value": value,
            "previous": run.tags.get(key),
        }  # fmt: skip
        entry = state.begin_act("set_tag", str(subject), intent, _now())
        trouble = await _try(source, run_id, key, value)
        return await _conclude(source, state, entry, intent, str(subject), trouble)


async def _try(source: TagsRuns, run_id: str, key: str, value: str) -> str:
    """Do it and give what went wrong, "" when nothing did. A time-out says nothing about whether it was done."""
    try:
        async with asyncio.timeout(ACT_SECONDS / 2):
            await source.set_run_tag(run_id, key, value)
    except (SourceError, RefusedError) as error:
        return str(error)
    except TimeoutError:
        return f"{source.spec.name} did not answer within {ACT_SECONDS / 2:.0f} s."
    return ""


async def _conclude(
    source: TagsRuns, state: State, entry: str, intent: dict[str, Any], subject: str, trouble: str
) -> Outcome:
    """Read back, write the outcome and give it. Left as begun when the server cannot be asked."""
    key, value = intent["key"], intent["value"]
    outcome = Outcome(
        entry=entry, act="set_tag", subject=subject, source=source.spec.key, state="unknown", sentence="",
        key=key, value=value, previous=intent["previous"],
    )  # fmt: skip
    try:
        run = await _read(source, intent["run_id"])
    except SourceError as error:
        return _with(outcome, "unknown", f"{trouble or error} Whether {subject} has the tag could not be read back.")
    found = None if run is None else run.tags.get(key)
    if found == value:
        outcome = _with(outcome, "done", f"{subject}: {key} is set.")
    else:
        outcome = _with(outcome, "failed", trouble or f"{subject}: {key} was set and reads otherwise now.")
    state.finish_act(entry, outcome.state, {"read_back": found, "sentence": outcome.sentence})
    return outcome


async def _reconcile(settings: Settings, state: State, acts: Sequence[Act]) -> list[Outcome]:
    async with _taggers(settings) as sources:
        by_key = {source.spec.key: source for source in sources}
        known = [act for act in acts if act.intent["source"] in by_key]
        cut = "It was cut off before it reached the server."
        return [
            await _conclude(by_key[act.intent["source"]], state, act.id, dict(act.intent), act.subject, cut)
            for act in known
        ]


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
