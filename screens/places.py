"""Where a thing that is spoken of is shown: run/ID, model/NAME, pipeline/ID ..."""

from __future__ import annotations

from ..app.errors import UsageError
from ..app.records import Subject
from ..app.records.subject import article
from .deck import Deck
from .frame import FrameScreen

ROOTS = {
    "run": "runs",
    "experiment": "runs",
    "model": "models",
    "alias": "models",
    "pipeline": "pipelines",
    "job": "pipelines",
    "commit": "lineage",
    "dataset": "datasets",
    "check": "checks",
    "result": "checks",
    "series": "serving",
    "alert": "serving",
    "resource": "infra",
    "event": "events",
    "attention": "watch",
    "source": "watch",
    "project": "watch",
}
"""The main screen below each kind that has one."""

FORMS = (
    "run/ID",
    "experiment/ID",
    "model/NAME",
    "model/NAME/VERSION",
    "alias/NAME@ALIAS",
    "pipeline/ID",
    "job/ID",
    "commit/SHA",
    "dataset/NAME@DIGEST",
    "check/ID",
    "result/ID",
    "series/KEY",
    "alert/FINGERPRINT",
    "resource/STACK",
    "resource/STACK/ADDRESS",
    "event/ID",
    "attention/ID",
    "source/KEY",
)
"""What can be opened, as it is written."""


def root_of(subject: Subject | None, otherwise: str) -> str:
    """The main screen below a thing."""
    return ROOTS.get(subject.kind, otherwise) if subject is not None else otherwise


def screens_at(deck: Deck, subject: Subject) -> list[FrameScreen]:
    """The screens for a thing, the uppermost last. Raises UsageError for what has none, or is not in the cache."""
    # each with what it brings, when it is wanted
    match ROOTS.get(subject.kind):
        case "runs":
            from .run_places import screens_at as runs_at

            return runs_at(deck, subject)
        case "models":
            from .model_places import screens_at as models_at

            return models_at(deck, subject)
        case "pipelines":
            from .pipeline_places import screens_at as pipelines_at

            return pipelines_at(deck, subject)
        case "checks":
            from .check_places import screens_at as checks_at

            return checks_at(deck, subject)
        case "serving":
            from .serving_places import screens_at as serving_at

            return serving_at(deck, subject)
        case "events":
            from .event_places import screens_at as events_at

            return events_at(deck, subject)
        case "watch":
            from .watch_places import screens_at as watch_at

            return watch_at(deck, subject)
        case "infra":
            from .infra_places import screens_at as infra_at

            return infra_at(deck, subject)
        case "lineage" | "datasets":
            from .data_places import screens_at as data_at

            return data_at(deck, subject)
        case _:
            raise UsageError(f"{article(subject.kind)} has no screen here yet; these have: {', '.join(FORMS)}")
