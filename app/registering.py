"""The terminal's and the command line's side of acts on registered models: register, copy, tag, describe.

What a terminal asks for is done by a process of its own (`acting.py`), what a command asks for at once (`actions.py`).
Both go through the one gate, and refuse what MLflow would not take before anything is written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from .acting import Acting
from .actions import Found, act_now, check_allowed
from .acts import Outcome, brief
from .acts.finding import registry_of, run_of
from .acts.model_notes import Noted, check_note, check_text, note_act, note_intent, note_subject, text_intent
from .acts.registrations import check_model_name, copy_intent, register_intent, registration_subject
from .acts.registry_desk import Registry
from .errors import QuarterdeckError, UsageError
from .records import ModelVersion, Run, Subject

if TYPE_CHECKING:
    from .settings import Settings
    from .sources import Source
    from .store.state import State

MOST_AT_ONCE: Final = 100
"""Runs, or versions, of one batch: some six requests each."""


class Registering:
    """What a terminal asks for. Each gives the batch, and raises UsageError and StoreError. On any thread."""

    def __init__(self, settings: Settings, acting: Acting) -> None:
        self._settings = settings
        self._acting = acting

    def check_model(self, name: str) -> None:
        """Raise UsageError for a name that MLflow takes for no registered model."""
        check_model_name(name)

    def register(self, runs: Sequence[Run], model: str) -> str:
        """Have the model of each run become a version of a registered model, in their order."""
        check_model_name(model)
        if len(runs) > MOST_AT_ONCE:
            raise UsageError(f"{len(runs)} runs are more than are registered at once ({MOST_AT_ONCE}).")
        source = _registry_key(self._settings)
        intents = [register_intent(source, model, run.source, run.id, name=run.name or run.id) for run in runs]
        return self._acting.ask([("register", registration_subject("register", one), one) for one in intents])

    def copy_version(self, version: ModelVersion, to: str) -> str:
        """Have a version become one of another registered model too."""
        check_model_name(to)
        intent = copy_intent(version.source, version.model, version.version, to)
        return self._acting.ask([("copy_version", registration_subject("copy_version", intent), intent)])

    def tag(self, things: Sequence[Noted], key: str, value: str | None) -> str:
        """Have versions, or registered models, tagged, or with None untagged.

        What each has there now, by its record, must still be there then.
        """
        if len(things) > MOST_AT_ONCE:
            raise UsageError(f"{len(things)} versions are more than are tagged at once ({MOST_AT_ONCE}).")
        asked = []
        for thing in things:
            model, version = _named(thing)
            check_note(key, value or "", of_version=version is not None)
            intent = note_intent(thing.source, model, version, key, value) | {"seen": thing.tags.get(key)}
            asked.append((note_act(version, value), note_subject(intent), intent))
        return self._acting.ask(asked)

    def describe(self, thing: Noted, text: str) -> str:
        """Have a version, or a registered model, described. What it says now must still be there then."""
        check_text(text)
        intent = text_intent(thing.source, *_named(thing), text) | {"seen": thing.description}
        return self._acting.ask([("describe", note_subject(intent), intent)])


def _registry_key(settings: Settings) -> str:
    from .sources.registry import build  # brings the HTTP client

    found = [source.spec.key for source in build(settings) if isinstance(source, Registry)]
    if not found:
        raise UsageError("The settings name no MLflow whose model registry can be written.")
    return found[0]


def _named(thing: Noted) -> tuple[str, str | None]:
    return (thing.model, thing.version) if isinstance(thing, ModelVersion) else (thing.name, None)


# -- for commands -----------------------------------------------------------------------------------------------


def register_now(
    settings: Settings,
    state: State,
    run_id: str,
    model: str,
    *,
    read_only: bool,
    path: str | None = None,
    model_id: str | None = None,
    tags: Mapping[str, str] | None = None,
    description: str = "",
    again: bool = False,
) -> Outcome:
    """Have a run's model become a version of a registered model, and see that it is one. Blocks.

    Raises what `actions.set_tag` does.
    """
    check_allowed(settings, read_only, "mlflow")
    check_model_name(model)

    async def find(sources: Sequence[Source]) -> Found:
        registry = await registry_of(settings, sources)
        tracking, run = await run_of(settings, sources, run_id)
        intent = register_intent(
            registry.spec.key, model, tracking.spec.key, run.id, path=path, model_id=model_id, tags=tags,
            description=description, again=again, name=run.name or run.id,
        )  # fmt: skip
        return Found(registry, "register", registration_subject("register", intent), intent)

    return act_now(settings, state, find, section="mlflow", read_only=read_only)


def copy_now(
    settings: Settings, state: State, model: str, version: str, to: str, *, read_only: bool, again: bool = False
) -> Outcome:
    """Have a version become one of another registered model too, and see that it is one. Blocks; raises the same."""
    check_allowed(settings, read_only, "mlflow")
    check_model_name(to)

    async def find(sources: Sequence[Source]) -> Found:
        registry = await registry_of(settings, sources)
        await _there(registry, model, version)
        intent = copy_intent(registry.spec.key, model, version, to, again=again)
        return Found(registry, "copy_version", registration_subject("copy_version", intent), intent)

    return act_now(settings, state, find, section="mlflow", read_only=read_only)


def tag_now(
    settings: Settings, state: State, subject: Subject, key: str, value: str | None, *, read_only: bool
) -> Outcome:
    """Set a tag of `model/N` or `model/N/V`, or with None take it away, and read it back. Blocks; raises the same."""
    model, version = _parts(subject)
    check_note(key, value or "", of_version=version is not None)
    return _note_now(
        settings, state, subject, note_act(version, value),
        lambda source: note_intent(source, model, version, key, value), read_only=read_only,
    )  # fmt: skip


def describe_now(settings: Settings, state: State, subject: Subject, text: str, *, read_only: bool) -> Outcome:
    """Describe `model/N` or `model/N/V`, and read it back. Blocks; raises the same."""
    model, version = _parts(subject)
    check_text(text)
    return _note_now(
        settings, state, subject, "describe", lambda source: text_intent(source, model, version, text),
        read_only=read_only,
    )  # fmt: skip


def _note_now(
    settings: Settings,
    state: State,
    subject: Subject,
    act: str,
    intent_at: Callable[[str], Mapping[str, Any]],
    *,
    read_only: bool,
) -> Outcome:
    async def find(sources: Sequence[Source]) -> Found:
        registry = await registry_of(settings, sources)
        await _there(registry, *_parts(subject))
        return Found(registry, act, str(subject), intent_at(registry.spec.key))

    return act_now(settings, state, find, section="mlflow", read_only=read_only)


async def _there(registry: Registry, model: str, version: str | None) -> None:
    """Raise QuarterdeckError where there is no such thing. Raises SourceError."""
    found = await (registry.get_model(model) if version is None else registry.get_version(model, version))
    if found is None:
        what = "registered model" if version is None else f"version {brief(version, 40)} of"
        raise QuarterdeckError(f"There is no {what} “{brief(model)}” in {registry.spec.name}.")


def _parts(subject: Subject) -> tuple[str, str | None]:
    if subject.kind != "model":
        raise UsageError(f"{subject} is no registered model and no version of one: write model/NAME or model/NAME/N.")
    return subject.parts[0], subject.parts[1] if len(subject.parts) > 1 else None
