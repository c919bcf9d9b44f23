"""How what stands on the screen is spoken of: the subject of a record. Pure."""

from __future__ import annotations

from functools import singledispatch
from typing import Protocol

from ..app.records import (
    Alert,
    Check,
    Commit,
    Dataset,
    DataVersion,
    Event,
    Job,
    ModelVersion,
    MonitorSeries,
    PastResult,
    Pipeline,
    RegisteredModel,
    Resource,
    Run,
    Stack,
    Subject,
)
from ..app.store.models import ModelRow, VersionRow


class OutlineRow(Protocol):
    """A row of a page."""

    @property
    def kind(self) -> str:
        """What it is."""

    @property
    def name(self) -> str:
        """Its name within the kind."""

    @property
    def thing(self) -> object:
        """The record behind it."""


def named(kind: str, *parts: str) -> Subject:
    """The subject of these parts: `named("model", "churn", "14")`."""
    return Subject(kind=kind, parts=parts)


@singledispatch
def subject_of(thing: object) -> Subject | None:
    """How a record is spoken of; None for what is no thing of its own."""
    return None


@subject_of.register(Run)
@subject_of.register(Pipeline)
@subject_of.register(Job)
@subject_of.register(Check)
@subject_of.register(PastResult)
def _by_id(thing: Run | Pipeline | Job | Check | PastResult) -> Subject:
    kinds: dict[type, str] = {Run: "run", Pipeline: "pipeline", Job: "job", Check: "check", PastResult: "result"}
    return named(kinds[type(thing)], thing.id)


@subject_of.register
def _series(thing: MonitorSeries) -> Subject:
    return named("series", thing.key)


@subject_of.register
def _alert(thing: Alert) -> Subject:
    return named("alert", thing.fingerprint)


@subject_of.register
def _event(thing: Event) -> Subject:
    return named("event", thing.id)


@subject_of.register
def _stack(thing: Stack) -> Subject:
    return named("resource", thing.name)


@subject_of.register
def _resource(thing: Resource) -> Subject:
    return named("resource", thing.stack, thing.address)


@subject_of.register
def _itself(thing: Subject) -> Subject:
    return thing


@subject_of.register
def _commit(thing: Commit) -> Subject:
    return named("commit", thing.sha)


@subject_of.register(Dataset)
@subject_of.register(DataVersion)
def _data(thing: Dataset | DataVersion) -> Subject | None:
    return named("dataset", thing.name, thing.digest) if thing.digest else None


@subject_of.register
def _model(thing: RegisteredModel) -> Subject:
    return named("model", thing.name)


@subject_of.register
def _version(thing: ModelVersion) -> Subject:
    return named("model", thing.model, thing.version)


@subject_of.register
def _model_row(thing: ModelRow) -> Subject:
    return _model(thing.model)


@subject_of.register
def _version_row(thing: VersionRow) -> Subject:
    return _version(thing.version)


def subject_of_row(row: OutlineRow | None) -> Subject | None:
    """How the thing of a row of a page is spoken of; a commit that the cache does not have by its sha alone."""
    if row is None:
        return None
    return named("commit", row.name) if row.kind == "commit" and row.thing is None else subject_of(row.thing)
