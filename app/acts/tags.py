"""Tags of runs: set one, take one away."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final, Protocol, cast, runtime_checkable

from ..errors import SourceError, UsageError
from ..records import Batch, Run, SourceSpec, Subject, Want
from ..store.state import Act, ActState
from ..text import clip
from . import SECONDS, Outcome, Surroundings, Tried, Verdict, called

LONGEST_KEY: Final = 250
LONGEST_VALUE: Final = 8_000
"""Characters; mlflow.utils.validation, MAX_ENTITY_KEY_LENGTH and MAX_TAG_VAL_LENGTH. Checked here because a
server may cut a longer value instead of refusing it (MLFLOW_TRUNCATE_LONG_VALUES)."""
_KEY: Final = re.compile(r"[/\w.\- :]+")  # the characters that mlflow.utils.validation allows in a name

RUNS_AT_ONCE: Final = 100
"""Runs of one request to the syncer."""


class TagOutcome(Outcome, frozen=True):
    """What came of a tag."""

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


def check_tag(subject: Subject, key: str, value: str) -> None:
    """Raise UsageError when MLflow would not take this tag as it is."""
    if subject.kind != "run":
        raise UsageError(f"{subject} cannot be tagged: only run/ID, model/NAME and model/NAME/VERSION can be.")
    check_key(key)
    if len(value) > LONGEST_VALUE:
        raise UsageError(f"The tag's value has {len(value)} characters: MLflow takes {LONGEST_VALUE} at most.")
    check_signs(key + value)


def check_key(key: str) -> None:
    """Raise UsageError when MLflow would not take a tag of this key, on whatever it is."""
    if not key or len(key) > LONGEST_KEY:
        raise UsageError(f"The tag's key has {len(key)} characters: MLflow takes 1 to {LONGEST_KEY}.")
    if not _KEY.fullmatch(key) or posixpath.normpath(key) != key or key.startswith(("/", "..")) or key == ".":
        raise UsageError(
            f"MLflow takes no tag key “{key}”: letters, digits, _ - . : / and spaces, and not the form of a path"
            " that leads elsewhere."
        )


def check_signs(text: str, what: str = "The tag") -> None:
    """Raise UsageError for what no server can be sent."""
    if not text.isascii() and any("\ud800" <= sign <= "\udfff" for sign in text):
        raise UsageError(f"{what} is not valid UTF-8: MLflow cannot keep it.")


class Tags:
    """A tag that is there already, or gone already, is done: doing it twice is no harm."""

    acts = frozenset({"set_tag", "delete_tag"})
    nobody = "No source of this project can tag runs: the settings name no MLflow."
    once: frozenset[str] = frozenset()
    pauses: tuple[float, ...] = ()
    patience = SECONDS / 2

    def takes(self, source: object) -> bool:
        """Any tracking server or store."""
        return isinstance(source, TagsRuns)

    def bind(self, source: TagsRuns, around: Surroundings) -> TagsRuns:
        """The source alone."""
        return source

    def check(self, act: Act) -> None:
        """Raise UsageError when MLflow would not take this tag as it is."""
        check_tag(Subject(kind="run", parts=(act.intent["run_id"],)), act.intent["key"], act.intent["value"] or "")

    def unable(self, source: TagsRuns, act: Act) -> str:
        """A store that is not ours to write says so itself."""
        return ""

    async def look(self, source: TagsRuns, act: Act) -> Run | None:
        """The run as the vendor has it now. Raises SourceError."""
        return await read_run(source, act.intent["run_id"])

    def refusal(self, act: Act, thing: Run | None) -> str:
        """A run that is gone, or whose tag is another one than the person saw, is left alone."""
        if thing is None or thing.status == "deleted":
            why = "is not there any more" if thing is None else "is deleted in MLflow"
            return f"{called(act)} {why}. Nothing was changed."
        intent, found = act.intent, thing.tags.get(act.intent["key"])
        if "seen" in intent and intent["seen"] != found:
            told = f"{intent['key']} is {said(found)} now, not {said(intent['seen'])}: somebody changed it"
            return f"{called(act)}: {told}. Left as it is."
        return ""

    def before(self, act: Act, thing: Run) -> str | None:
        """The tag as it was."""
        return thing.tags.get(act.intent["key"])

    def alone(self, act: Act) -> str:
        """The last one wins, as for everybody else who sets it."""
        return ""

    async def do(self, source: TagsRuns, act: Act) -> Mapping[str, Any]:
        """Set it, or take it away."""
        run_id, key, value = (act.intent[part] for part in ("run_id", "key", "value"))
        if value is None:
            await source.delete_run_tag(run_id, key)
        else:
            await source.set_run_tag(run_id, key, value)
        return {}

    async def verdict(self, source: TagsRuns, act: Act, tried: Tried) -> Verdict:
        """Done when the tag is what it was to be, and nobody forbade it: then it was somebody else who set it."""
        key, value = act.intent["key"], act.intent["value"]
        run = await self.look(source, act)
        found = None if run is None else run.tags.get(key)
        was_ours = not tried.is_denied or value is None  # a tag that is gone already is refused, and that is as well
        if run is not None and found == value and was_ours:
            return Verdict("done", f"{called(act)}: {key} {'is taken away' if value is None else 'is set'}.", found)
        cut_off = f"{called(act)}: {key} was cut off before it reached the server." if tried.is_late else ""
        return Verdict(
            "failed", tried.trouble or cut_off or f"{called(act)}: {key} was set and reads otherwise now.", found
        )

    def outcome(self, act: Act, state: ActState, sentence: str, *, is_refused: bool = False) -> TagOutcome:
        """With the tag."""
        intent = act.intent
        return TagOutcome(
            entry=act.id, act=act.act, subject=act.subject, source=intent["source"], state=state, sentence=sentence,
            is_refused=is_refused, key=intent["key"], value=intent["value"], previous=intent.get("previous"),
            run_id=intent["run_id"],
        )  # fmt: skip

    def wants(self, outcomes: Sequence[Outcome]) -> list[Want]:
        """The runs."""
        wanted: list[Want] = []
        of_tags = sorted((cast(TagOutcome, one) for one in outcomes), key=lambda one: one.source)
        for source, of_it in groupby(of_tags, key=lambda one: one.source):
            runs = list(dict.fromkeys(one.run_id for one in of_it))
            parts = (tuple(runs[start : start + RUNS_AT_ONCE]) for start in range(0, len(runs), RUNS_AT_ONCE))
            wanted += [Want(kind="run", source=source, run_ids=part) for part in parts]
        return wanted


async def read_run(source: TagsRuns, run_id: str) -> Run | None:
    """The run as the vendor has it now; None when it has none of that id. Raises SourceError."""
    want = Want(kind="run", source=source.spec.key, run_ids=(run_id,))
    try:
        async with asyncio.timeout(SECONDS / 3):
            batches = [batch async for batch in source.want(want)]
    except TimeoutError as error:
        raise SourceError(f"{source.spec.name} did not answer within {SECONDS / 3:.0f} s.") from error
    return next((run for batch in batches for run in batch.runs if run.id == run_id), None)


def said(value: str | None) -> str:
    """A value in a sentence."""
    return "absent" if value is None else f"“{clip(value, 60)}”"
