"""Registering: a run's model becomes a new version of a registered model, or a version is copied to another one.

MLflow makes one more version each time it is asked, so neither is ever asked for twice. The request itself puts the
journal's entry onto the new version as a tag, and by that it is found, also after a crash or a lost answer.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, cast

from ..errors import SourceError, UsageError
from ..records import ModelVersion, Subject, Want
from ..store.state import Act, ActState
from . import FORGOTTEN, SECONDS, Outcome, Surroundings, Tried, Verdict, brief, called
from .model_notes import check_note, check_text
from .offers import is_path, told
from .registry_desk import Desk, Registry, Sight
from .tags import check_signs

MARK: Final = "quarterdeck.act"
"""The tag of a version that quarterdeck made: the entry of the journal."""
OWN: Final = "quarterdeck."
"""What quarterdeck's own tags begin with. They say what became of one version, and are not copied to another."""

LONGEST_NAME: Final = 256
"""Characters that MLflow's tables have room for."""


class RegistrationOutcome(Outcome, frozen=True):
    """What came of it."""

    model: str
    """The registered model that gets a version."""
    version: str | None
    """The new one; None where there is none, or it is not known."""
    is_new_model: bool
    """There was no such registered model before."""
    run_id: str | None
    origin: str | None
    """What the version is made of, as the registry has it."""


def register_intent(
    source: str,
    model: str,
    tracking: str,
    run_id: str,
    *,
    path: str | None = None,
    model_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    description: str = "",
    again: bool = False,
    name: str = "",
) -> dict[str, Any]:
    """What the journal keeps of a run's model that is to be a version. `tracking` is the key of the run's source.

    `path` or `model_id` say which of the run's models. `again`: also where it is a version of that model already.
    """
    made = {
        "source": source, "model": model, "tracking": tracking, "run_id": run_id, "path": path, "model_id": model_id,
        "tags": dict(tags or {}), "description": description, "again": again,
    }  # fmt: skip
    return made | ({"name": name} if name else {})


def copy_intent(source: str, model: str, version: str, to: str, *, again: bool = False) -> dict[str, Any]:
    """What the journal keeps of a version that is to be one of another registered model too."""
    name = f"{brief(model)} {_called(version)}"
    return {"source": source, "model": model, "version": version, "to": to, "again": again, "name": name}


def registration_subject(act: str, intent: Mapping[str, Any]) -> str:
    """What the journal writes it under: what is registered."""
    if act == "register":
        return str(Subject(kind="run", parts=(intent["run_id"],)))
    return str(Subject(kind="model", parts=(intent["model"], intent["version"])))


def check_model_name(name: str) -> None:
    """Raise UsageError for a name that MLflow takes for no registered model (mlflow.utils.validation of 3.17)."""
    if not name.strip():
        raise UsageError("A registered model needs a name.")
    if len(name) > LONGEST_NAME:
        raise UsageError(f"The model's name has {len(name)} characters: MLflow takes {LONGEST_NAME} at most.")
    if "/" in name or ":" in name:
        raise UsageError(f"MLflow takes no “/” and no “:” in a model's name: “{brief(name)}”.")
    if posixpath.normpath(name) != name or name == "." or name.startswith(".."):
        raise UsageError(f"MLflow takes no model's name “{brief(name)}”: as a path it would lead elsewhere.")
    check_signs(name, "The model's name")


class Registrations:
    """Never done twice; what was done carries its mark."""

    acts = frozenset({"register", "copy_version"})
    nobody = "No source of this project has a model registry that can be written: the settings name no MLflow."
    once = acts
    pauses: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 4.0)
    patience = SECONDS / 2

    def takes(self, source: object) -> bool:
        """MLflow's registry."""
        return isinstance(source, Registry)

    def bind(self, source: Registry, around: Surroundings) -> Desk:
        """With the source that has the run."""
        return Desk(source, around)

    def check(self, act: Act) -> None:
        """Raise UsageError for what MLflow would not take as it is."""
        intent = act.intent
        check_model_name(_target(act))
        if act.act == "copy_version":
            if intent["to"] == intent["model"]:
                raise UsageError("A version is copied to another registered model: this one has it.")
            return
        if intent.get("path") is not None and not is_path(intent["path"]):
            raise UsageError(f"“{brief(intent['path'])}” is no path below the artifacts of a run.")
        for key, value in intent["tags"].items():
            if key.startswith(OWN):
                raise UsageError(f"Tags that begin with {OWN} are quarterdeck's own: “{brief(key)}”.")
            check_note(key, value, of_version=True)
        check_text(intent["description"])

    def unable(self, source: Desk, act: Act) -> str:
        """A store that is not ours to write says so itself."""
        return ""

    async def look(self, source: Desk, act: Act) -> Sight | None:
        """What is to become a version, and where. Raises SourceError."""
        if act.act == "register":
            return await source.look_at_run(act.intent)
        return await source.look_at_version(act.intent)

    def refusal(self, act: Act, thing: Sight | None) -> str:
        """What is gone, is not one model, or is a version there already."""
        why = "is not there any more" if thing is None else _why_not_there(act, thing) or _why_not(act, thing)
        return f"{called(act)}{'' if why.startswith(':') else ' '}{why}. Nothing was changed." if why else ""

    def before(self, act: Act, thing: Sight) -> Any:
        """Whether there was such a registered model, and what the version is made of."""
        return {"is_new_model": thing.target is None, "origin": _origin(act, thing)}

    def alone(self, act: Act) -> str:
        """One at a time makes a version of the same thing in the same place."""
        own = (act.intent["run_id"],) if act.act == "register" else (act.intent["model"], act.intent["version"])
        words = "\0".join((act.intent["source"], _target(act), *own)).encode("utf-8", "surrogatepass")
        return f"registration-{blake2b(words, digest_size=12).hexdigest()}"

    async def do(self, source: Desk, act: Act) -> Mapping[str, Any]:
        """Ask for the version, with the mark on it. Raises SourceError, RefusedError."""
        sight, intent = source.sight, act.intent
        assert sight is not None  # it was looked at under the same lock
        if sight.copied is not None:
            # without the logged model: servers take only the one that they have on the version itself
            tags = {key: value for key, value in sight.copied.tags.items() if not key.startswith(OWN)} | {MARK: act.id}
            made = await source.make(
                intent["to"], _origin(act, sight), sight.copied.run_id, None, tags, sight.copied.description
            )
        else:
            (offer,), tags = sight.offers, {**intent["tags"], MARK: act.id}
            made = await source.make(
                intent["model"], offer.origin, intent["run_id"], offer.model_id, tags, intent["description"]
            )
        return {"became": made.version}

    async def verdict(self, source: Desk, act: Act, tried: Tried) -> Verdict:
        """Done when there is a version with the mark, whatever the answer was. Raises SourceError."""
        model, name, nothing = brief(_target(act)), called(act), {"version": None}
        found = await _found(source, act) if source.has_asked or tried.is_late else None
        if found is not None:
            return Verdict("done", _done(act, found), _read_back(found))
        if tried.is_denied:
            return Verdict("failed", await _denied(source, act, tried), nothing)
        if became := act.intent.get("became"):
            said = f"{source.spec.name} made {model} {_called(became)} of {name}, and does not show it"
            if tried.is_late and tried.age > FORGOTTEN:
                return Verdict("unknown", f"{said} any more.", nothing)
            return Verdict("open", f"{said} yet.", nothing)
        if source.has_asked and not source.is_answered:
            why = f"{tried.trouble} Whether there is a version of {name} in {model} is not known yet."
            return Verdict("open", why.strip(), nothing)
        cut_off = f"It was cut off before it reached {source.spec.name}:" if tried.is_late else tried.trouble
        return Verdict("failed", f"{cut_off} {model} has no version of {name} by this.", nothing)

    def outcome(self, act: Act, state: ActState, sentence: str, *, is_refused: bool = False) -> RegistrationOutcome:
        """With the version."""
        found = (act.outcome or {}).get("read_back") or {}
        previous = act.intent.get("previous") or {}
        return RegistrationOutcome(
            entry=act.id, act=act.act, subject=act.subject, source=act.intent["source"], state=state,
            sentence=sentence, is_refused=is_refused, model=_target(act), version=found.get("version"),
            is_new_model=bool(previous.get("is_new_model")), run_id=found.get("run_id") or act.intent.get("run_id"),
            origin=found.get("origin") or previous.get("origin"),
        )  # fmt: skip

    def wants(self, outcomes: Sequence[Outcome]) -> list[Want]:
        """The registered models with their new versions."""
        of_models: dict[tuple[str, str], dict[str, None]] = {}
        for one in cast("Sequence[RegistrationOutcome]", outcomes):
            of_models.setdefault((one.source, one.model), {}).update({one.version: None} if one.version else {})
        return [Want(kind="model", source=key, model=model, keys=tuple(of)) for (key, model), of in of_models.items()]


def _target(act: Act) -> str:
    """The registered model that gets a version."""
    return str(act.intent["model" if act.act == "register" else "to"])


def _called(version: str) -> str:
    return f"v{version}" if version.isdecimal() else brief(version, 40)


def _origin(act: Act, sight: Sight) -> str:
    if sight.copied is not None:
        return f"models:/{sight.copied.model}/{sight.copied.version}"
    return sight.offers[0].origin if len(sight.offers) == 1 else ""


def _why_not_there(act: Act, sight: Sight) -> str:
    """Why the registered model gets no version."""
    if sight.target is not None and sight.target.kind != "model":
        return f": {brief(_target(act))} is a prompt, and no model"
    return ""


def _why_not(act: Act, sight: Sight) -> str:
    """Why this becomes no version: it is not one model, it is not whole, or it is one there already."""
    if sight.copied is not None:
        origin = _origin(act, sight)
        there = [one for one in sight.there if one.origin == origin]
    else:
        if sight.run is not None and sight.run.status == "deleted":
            return "is deleted in MLflow"
        if why := _not_one(act, sight):
            return why
        (offer,) = sight.offers
        if offer.status not in ("ready", "unknown"):
            return f": its model {brief(offer.name)} is not whole ({offer.status})"
        there = [one for one in sight.there if offer.is_in(one, act.intent["run_id"])]
    if there and not act.intent.get("again"):
        oldest = min(there, key=_number)
        return f"is {brief(_target(act))} {_called(oldest.version)} already"
    return ""


def _not_one(act: Act, sight: Sight) -> str:
    path, model_id = act.intent.get("path"), act.intent.get("model_id")
    if len(sight.offers) == 1:
        return ""
    if sight.offers:
        return f"has {len(sight.offers)} models, name the one that is meant: {told(sight.offers)}"
    has = f"it has {told(sight.others)}" if sight.others else "it logged no model"
    if model_id is not None:
        return f"has no logged model {brief(model_id)}: {has}"
    if path is not None:
        return f"has no model and no artifact {brief(path)}: {has}"
    return "logged no model: --path names a part of its artifacts that is one"


async def _denied(source: Desk, act: Act, tried: Tried) -> str:
    """With what there is nevertheless: an empty registered model."""
    if not (source.has_asked and (act.intent.get("previous") or {}).get("is_new_model")):
        return tried.trouble
    try:
        model = await source.registry.get_model(_target(act))
    except SourceError:
        return tried.trouble
    return f"{tried.trouble} The registered model {brief(_target(act))} was made for it." if model else tried.trouble


async def _found(source: Desk, act: Act) -> ModelVersion | None:
    """The version that this act made. Somebody may have copied it since, with its tags: the first one is ours."""
    model, became = _target(act), act.intent.get("became")
    if became:
        return await source.registry.get_version(model, became)
    marked = [one for one in await source.registry.versions_with_tag(MARK, act.id) if one.model == model]
    return min(marked, key=_number, default=None)


def _number(version: ModelVersion) -> tuple[int, int]:
    return (int(version.version) if version.version.isdecimal() else 0, version.created_at or 0)


def _done(act: Act, found: ModelVersion) -> str:
    state = "" if found.status == "ready" else f" ({found.raw_status or found.status})"
    new = ", a registered model that there was not before" if act.intent["previous"].get("is_new_model") else ""
    return f"{called(act)} is {brief(found.model)} {_called(found.version)} now{state}{new}."


def _read_back(found: ModelVersion) -> dict[str, Any]:
    return {"version": found.version, "status": found.status, "run_id": found.run_id, "origin": found.origin}
