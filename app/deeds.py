"""What an act of the journal does, in words, and the way back from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from .records import Millis
from .store.state import Act

Of = Literal["tags", "pipelines", "models", "notes"]
"""What an act was done to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change that can be taken back."""

    entry: str
    source: str
    name: str
    key: str
    now: str | None
    """What my act left there; when something else is there by then, it is not taken back."""
    back: str | None
    """What was there before; None when nothing was."""
    run_id: str = ""
    intent: Mapping[str, Any] | None = None
    """Of what was written onto a registered model or a version, in place of the run: what my act was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A pipeline that runs because of my act, and can be stopped."""

    entry: str
    source: str
    pipeline: str
    name: str
    attempt: int
    """What my act made it; another one is not stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """My last act that was not taken back yet."""

    what: str
    at: Millis
    steps: tuple[Step, ...] = ()
    stops: tuple[Stop, ...] = ()
    alias: tuple[str, str, str] | None = None
    """Source, model and alias that my act moved: the way back is a plan of its own."""
    never: str = ""
    """Why there is no way back, where there is none."""


def what(act: Act) -> str:
    """What an act does, in a few words; foreign text in it is exact."""
    if of_what(act) == "pipelines":
        from .acts.pipelines import what as what_of_pipeline

        return what_of_pipeline(act)
    if of_what(act) == "models":
        return _what_of_model(act)
    if of_what(act) == "notes":
        return "notes for the team"
    key, value, again = act.intent["key"], act.intent["value"], " again" if act.intent.get("undoes") else ""
    return f"{key} taken away{again}" if value is None else f"{key}={value}{again}"


def change(act: Act) -> tuple[str, str]:
    """What was there before an act, as far as it is known, and what is there after it; foreign text is exact."""
    intent = act.intent
    there = intent.get("previous", intent.get("seen"))
    if act.act in _MAKES:
        made = ((act.outcome or {}).get("read_back") or {}).get("version")
        return "", f"{touched(act)} {_version(made)}" if made else touched(act)
    if act.act == "describe":
        return there or "absent", intent["text"] or "absent"
    if of_what(act) == "tags" or act.act in _NOTES:
        return _present(there), _present(intent["value"])
    if act.act in _MOVES:
        return _version(intent["from"]), _version(intent["version"])
    if of_what(act) in ("models", "notes"):
        return "", what(act)
    read_back = (act.outcome or {}).get("read_back")
    if not read_back:
        return _standing(there), what(act)
    if read_back.get("pipeline") in (None, intent["pipeline"]):
        return _standing(there), _standing(read_back)
    name = read_back.get("name") or read_back["pipeline"]
    return str(there["status"]) if there else "", f"{name}, {read_back['status']}"  # another one runs in its place


def _present(value: str | None) -> str:
    return "absent" if value is None else value


def _standing(pipeline: Mapping[str, Any] | None) -> str:
    return f"{pipeline.get('status', '')} (attempt {pipeline['attempt']})" if pipeline else ""


def of_what(act: Act) -> Of:
    """By what its intent names."""
    if act.act == SHARES:
        return "notes"
    return "pipelines" if "pipeline" in act.intent else "models" if "model" in act.intent else "tags"


def was_refused(act: Act) -> bool:
    """Whether it failed because policy, or somebody else, was in the way."""
    told = act.outcome or {}
    read_back = told.get("read_back")
    return bool(told.get("is_refused") or (isinstance(read_back, Mapping) and read_back.get("is_refused")))


def said(acts: Sequence[Act]) -> str:
    """What came of a single act, where its own sentence says it best."""
    if len(acts) != 1 or of_what(acts[0]) == "tags" or acts[0].state != "done":
        return ""
    return str((acts[0].outcome or {}).get("sentence", ""))


def thing(act: Act) -> str:
    """What it is done to, in a word: `run`, `pipeline`, `alias`, `version`, `model`."""
    if act.act in _NOTES:
        return "model" if act.intent["version"] is None else "version"
    by_act = {"register": "run", "copy_version": "version"}
    by_what = {"tags": "run", "pipelines": "pipeline", "models": "alias", "notes": "note"}
    return by_act.get(act.act, by_what[of_what(act)])


def touched(act: Act) -> str:
    """The run that was tagged, the pipeline that runs now, or the model whose alias moved."""
    if of_what(act) == "models":
        return str(act.intent["to" if act.act == "copy_version" else "model"])
    if of_what(act) in ("tags", "notes"):
        return str(act.intent.get("run_id", ""))
    read_back = (act.outcome or {}).get("read_back") or {}
    return str(read_back.get("pipeline") or act.intent["pipeline"])


_NEVER: Final = {
    "cancel": "what was cancelled stays so: R runs it again",
    "approve_plan": "an approval that was given holds until the plan changes or it expires",
    "ask_approval": "what others were asked stays: a plan that is not applied does nothing",
    "waive": "a waiver ends by itself, and holds for this version alone",
    "approve": "an approval that was given cannot be taken back: X cancels the pipeline",
    "register": "a version that was made stays, others may use it by now: MLflow's own page deletes it",
    "copy_version": "a copy that was made stays, others may use it by now: MLflow's own page deletes it",
}

_MOVES: Final = frozenset({"promote", "rollback"})
"""Acts that move an alias."""

SHARES: Final = "share_notes"
"""The act that shares notes with the team."""
NOTE_TAG: Final = "quarterdeck.note."
"""How the keys of tags begin that hold a note: what was said is not taken back, somebody says something else."""

_MAKES: Final = frozenset({"register", "copy_version"})
"""Acts that make a version."""

_NOTES: Final = frozenset({"set_version_tag", "delete_version_tag", "set_model_tag", "delete_model_tag", "describe"})
"""Acts that write onto a registered model or a version."""


def is_of(act: Act, of: Of) -> bool:
    """Whether it was done to such things. Registering is done to a run as well as to a model."""
    return of_what(act) == of or (of == "tags" and act.act == "register")


def is_note(act: Act) -> bool:
    """Whether it tells others what somebody wrote."""
    return of_what(act) == "notes" or str(act.intent.get("key", "")).startswith(NOTE_TAG)


def is_change(act: Act) -> bool:
    """Whether something is otherwise since, that somebody may want back as it was."""
    if is_note(act):
        return False
    if of_what(act) != "tags" and act.act not in _NOTES:
        return True
    return bool(act.intent["text" if act.act == "describe" else "value"] != act.intent["previous"])


def back_from(acts: Sequence[Act]) -> Undo:
    """The way back from acts of one batch, the newest first."""
    first, oldest_first = acts[0], list(reversed(acts))
    if of_what(first) == "tags" or first.act in _NOTES:
        return Undo(what=what(first), at=first.at, steps=tuple(map(_step, oldest_first)))
    if first.act in _MOVES:
        return Undo(
            what=what(first), at=first.at, alias=(first.intent["source"], first.intent["model"], first.intent["alias"])
        )
    if first.act in _NEVER:
        return Undo(what=what(first), at=first.at, never=_NEVER[first.act])
    return Undo(what=what(first), at=first.at, stops=tuple(map(_stop, oldest_first)))


def _stop(act: Act) -> Stop:
    read_back = (act.outcome or {}).get("read_back") or {}
    return Stop(
        entry=act.id, source=act.intent["source"], pipeline=touched(act), name=act.intent["name"],
        attempt=read_back.get("attempt", 1),
    )  # fmt: skip


def _step(act: Act) -> Step:
    intent = act.intent
    if act.act in _NOTES:
        is_text = act.act == "describe"
        return Step(
            entry=act.id, source=intent["source"], name=intent.get("name") or act.subject, intent=intent,
            key="description" if is_text else intent["key"], now=intent["text" if is_text else "value"],
            back=intent["previous"] or None if is_text else intent["previous"],
        )  # fmt: skip
    return Step(
        entry=act.id, source=intent["source"], run_id=intent["run_id"], name=intent.get("name") or act.subject,
        key=intent["key"], now=intent["value"], back=intent["previous"],
    )  # fmt: skip


_WORDS: Final = {
    "waive": "waiver of {gate}", "ask_approval": "request to approve plan {short}",
    "approve_plan": "approval of plan {short}",
    "register": "registration as {model}", "copy_version": "copy to {to}",
    "describe": "description", "set_model_tag": "{key}={value}", "delete_model_tag": "{key} taken away",
    "set_version_tag": "{key}={value}", "delete_version_tag": "{key} taken away",
}  # fmt: skip


def _what_of_model(act: Act) -> str:
    if act.act in _MOVES:
        return f"{_version(act.intent['from'])} → {_version(act.intent['version'])}"
    again = " again" if act.intent.get("undoes") else ""
    return f"{_WORDS[act.act].format(**act.intent)}{again}"


def _version(version: str | None) -> str:
    if version is None:
        return "absent"
    return f"v{version}" if version.isdecimal() else version
