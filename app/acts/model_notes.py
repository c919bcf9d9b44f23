"""What is written onto registered models and their versions: tags, and descriptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

from ..errors import UsageError
from ..records import ModelVersion, RegisteredModel, Subject, Want
from ..store.state import Act, ActState
from . import SECONDS, Outcome, Surroundings, Tried, Verdict, brief, called
from .registry_desk import Registry
from .tags import check_key, check_signs, said

Noted = RegisteredModel | ModelVersion

LONGEST_TAG: Final = 100_000
LONGEST_TEXT: Final = 5_000
"""Characters of a version's tag (mlflow.utils.validation); of a model's tag, and of a description: what MLflow's tables
have room for."""


class NoteOutcome(Outcome, frozen=True):
    """What came of a tag or a description."""

    model: str
    version: str | None
    """None: it is on the registered model itself."""
    key: str | None
    """Of the tag; None for the description."""
    value: str | None
    """What it was to be; None when it was to go."""
    previous: str | None
    """What was there before."""


def note_intent(
    source: str, model: str, version: str | None, key: str, value: str | None, *, undoes: str | None = None
) -> dict[str, Any]:
    """What the journal keeps of a tag to be set, or with None to be taken away. `undoes` is what this takes back.

    With `seen` added (what the person saw there), it fails when something else is there by then.
    """
    made = {"source": source, "model": model, "version": version, "key": key, "value": value}
    return made | {"name": note_name(model, version)} | ({"undoes": undoes} if undoes else {})


def text_intent(
    source: str, model: str, version: str | None, text: str, *, undoes: str | None = None
) -> dict[str, Any]:
    """The same of a description."""
    made = {"source": source, "model": model, "version": version, "text": text}
    return made | {"name": note_name(model, version)} | ({"undoes": undoes} if undoes else {})


def back_from(
    intent: Mapping[str, Any], entry: str, *, now: str | None, back: str | None
) -> tuple[str, str, Mapping[str, Any]]:
    """Act, subject and intent that take back what an act of this intent, the journal's `entry`, wrote.

    `now` is what it left there, and must be there still; `back` is what was there before.
    """
    source, model, version = (intent[part] for part in ("source", "model", "version"))
    if "text" in intent:
        made, act = text_intent(source, model, version, back or "", undoes=entry), "describe"
    else:
        made, act = note_intent(source, model, version, intent["key"], back, undoes=entry), note_act(version, back)
    return act, note_subject(made), made | {"seen": now}


def note_act(version: str | None, value: str | None) -> str:
    """The journal's word for a tag of a version, or of a model."""
    return f"{'delete' if value is None else 'set'}_{'model' if version is None else 'version'}_tag"


def note_subject(intent: Mapping[str, Any]) -> str:
    """What the journal writes it under."""
    version = intent["version"]
    return str(Subject(kind="model", parts=(intent["model"],) if version is None else (intent["model"], version)))


def note_name(model: str, version: str | None) -> str:
    """How sentences call it: `churn v14`."""
    if version is None:
        return brief(model)
    return f"{brief(model)} {f'v{version}' if version.isdecimal() else brief(version, 40)}"


def check_note(key: str, value: str, *, of_version: bool) -> None:
    """Raise UsageError when MLflow would not take this tag as it is."""
    check_key(key)
    most = LONGEST_TAG if of_version else LONGEST_TEXT
    if len(value) > most:
        raise UsageError(f"The tag's value has {len(value)} characters: MLflow takes {most} at most.")
    check_signs(key + value)


def check_text(text: str) -> None:
    """Raise UsageError when MLflow would not take this description as it is."""
    if len(text) > LONGEST_TEXT:
        raise UsageError(f"The description has {len(text)} characters: MLflow takes {LONGEST_TEXT} at most.")
    check_signs(text, "The description")


class ModelNotes:
    """What is there already, or gone already, is done: doing it twice is no harm."""

    acts = frozenset({"set_version_tag", "delete_version_tag", "set_model_tag", "delete_model_tag", "describe"})
    nobody = "No source of this project has a model registry that can be written: the settings name no MLflow."
    once: frozenset[str] = frozenset()
    pauses: tuple[float, ...] = ()
    patience = SECONDS / 2

    def takes(self, source: object) -> bool:
        """MLflow's registry."""
        return isinstance(source, Registry)

    def bind(self, source: Registry, around: Surroundings) -> Registry:
        """The source alone."""
        return source

    def check(self, act: Act) -> None:
        """Raise UsageError when MLflow would not take it as it is."""
        if act.act == "describe":
            check_text(act.intent["text"])
        else:
            check_note(act.intent["key"], act.intent["value"] or "", of_version=act.intent["version"] is not None)

    def unable(self, source: Registry, act: Act) -> str:
        """A store that is not ours to write says so itself."""
        return ""

    async def look(self, source: Registry, act: Act) -> Noted | None:
        """The version, or the registered model, as it is now. Raises SourceError."""
        model, version = act.intent["model"], act.intent["version"]
        return await (source.get_model(model) if version is None else source.get_version(model, version))

    def refusal(self, act: Act, thing: Noted | None) -> str:
        """What is gone, or reads otherwise than the person saw, is left alone."""
        if thing is None:
            return f"{called(act)} is not there any more. Nothing was changed."
        found = _present(act, thing)
        if "seen" in act.intent and act.intent["seen"] != found:
            what = act.intent.get("key", "the description")
            told = f"{brief(what)} is {said(found)} now, not {said(act.intent['seen'])}: somebody changed it"
            return f"{called(act)}: {told}. Left as it is."
        return ""

    def before(self, act: Act, thing: Noted) -> str | None:
        """What was there."""
        return _present(act, thing)

    def alone(self, act: Act) -> str:
        """The last one wins, as for everybody else who writes there."""
        return ""

    async def do(self, source: Registry, act: Act) -> Mapping[str, Any]:
        """Write it, or take it away."""
        intent = act.intent
        model, version, key = intent["model"], intent["version"], intent.get("key", "")
        match act.act:
            case "describe":
                await source.update_description(model, version, intent["text"])
            case "set_version_tag":
                await source.set_version_tag(model, version, key, intent["value"])
            case "delete_version_tag":
                await source.delete_version_tag(model, version, key)
            case "set_model_tag":
                await source.set_model_tag(model, key, intent["value"])
            case _:
                await source.delete_model_tag(model, key)
        return {}

    async def verdict(self, source: Registry, act: Act, tried: Tried) -> Verdict:
        """Done when it reads as it was to be, and nobody forbade it: then it was somebody else who wrote it."""
        thing = await self.look(source, act)
        found, wanted = None if thing is None else _present(act, thing), _wanted(act)
        what = brief(act.intent.get("key", "the description"))
        if thing is not None and found == wanted and (not tried.is_denied or wanted is None):
            did = "taken away" if wanted is None else "set"
            told = " is described" if act.act == "describe" else f": {what} is {did}"
            return Verdict("done", f"{called(act)}{told}.", found)
        cut_off = f"{called(act)}: {what} was cut off before it reached the server." if tried.is_late else ""
        otherwise = f"{called(act)}: {what} was written and reads otherwise now."
        return Verdict("failed", tried.trouble or cut_off or otherwise, found)

    def outcome(self, act: Act, state: ActState, sentence: str, *, is_refused: bool = False) -> NoteOutcome:
        """With what was written."""
        intent = act.intent
        return NoteOutcome(
            entry=act.id, act=act.act, subject=act.subject, source=intent["source"], state=state, sentence=sentence,
            is_refused=is_refused, model=intent["model"], version=intent["version"], key=intent.get("key"),
            value=_wanted(act), previous=intent.get("previous"),
        )  # fmt: skip

    def wants(self, outcomes: Sequence[Outcome]) -> list[Want]:
        """The registered models, with the versions that were written onto."""
        of_models: dict[tuple[str, str], dict[str, None]] = {}
        for one in cast("Sequence[NoteOutcome]", outcomes):
            of_models.setdefault((one.source, one.model), {}).update({one.version: None} if one.version else {})
        return [Want(kind="model", source=key, model=model, keys=tuple(of)) for (key, model), of in of_models.items()]


def _wanted(act: Act) -> str | None:
    found: str | None = act.intent["text" if act.act == "describe" else "value"]
    return found


def _present(act: Act, thing: Noted) -> str | None:
    return thing.description if act.act == "describe" else thing.tags.get(act.intent["key"])
