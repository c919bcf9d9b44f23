"""What a run has that can be registered: the models that it logged, or a part of its artifacts.

MLflow 3 keeps logged models apart from runs, as `models:/m-ID`. Before, a model was a folder among the run's artifacts,
and a tag of the run says which.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ..records import LoggedModel, ModelVersion, Record, Run, VersionStatus
from . import brief

HISTORY: Final = "mlflow.log-model.history"
"""The tag under which clients before MLflow 3 keep which models a run logged."""

_NAMED: Final = 6
"""Models that a sentence names."""


class Offer(Record, frozen=True, kw_only=True):
    """One model of a run."""

    origin: str
    """What a version is made of: `models:/m-ID`, or where the artifacts are."""
    name: str
    """Its name, or its path among the artifacts."""
    model_id: str | None = None
    status: VersionStatus = "ready"

    def is_in(self, version: ModelVersion, run_id: str) -> bool:
        """Whether this version was made of it."""
        if self.model_id is not None:
            return version.model_id == self.model_id
        return version.origin in (self.origin, f"runs:/{run_id}/{self.name}")


class _Logged(msgspec.Struct):
    artifact_path: str = ""


_history = msgspec.json.Decoder(list[_Logged])


def offers(run: Run, logged: Iterable[LoggedModel]) -> list[Offer]:
    """All models that the run logged, the first one first."""
    ordered = sorted(logged, key=lambda one: (one.created_at or 0, one.id))
    found = [Offer(origin=f"models:/{one.id}", name=one.name, model_id=one.id, status=one.status) for one in ordered]
    names = {one.name for one in found}
    return [*found, *(of_path(run, path) for path in _paths(run) if path not in names)]


def of_path(run: Run, path: str) -> Offer:
    """A part of the run's artifacts."""
    root = run.artifact_uri or ""
    is_plain = bool(root) and "?" not in root and "#" not in root
    return Offer(origin=f"{root.rstrip('/')}/{path}" if is_plain else f"runs:/{run.id}/{path}", name=path)


def chosen(found: Sequence[Offer], path: str | None, model_id: str | None) -> list[Offer]:
    """Those that are meant: with neither, all."""
    if model_id is not None:
        return [one for one in found if one.model_id == model_id]
    return [one for one in found if path in (None, one.name)]


def told(found: Sequence[Offer]) -> str:
    """Several models, each with the word that names it alone."""
    names = [one.name for one in found]
    words = [
        f"--logged-model {one.model_id}" + (f" ({brief(one.name, 40)})" if one.name else "")
        if one.model_id is not None and (names.count(one.name) > 1 or not one.name)
        else f"--path {brief(one.name)}"
        for one in found
    ]
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more


def is_path(path: str) -> bool:
    """Whether this is a path below a run's artifacts, written the one way."""
    return bool(path) and posixpath.normpath(path) == path and not path.startswith(("/", "..")) and path != "."


def _paths(run: Run) -> list[str]:
    try:
        logged = _history.decode(run.tags.get(HISTORY, "[]"))
    except msgspec.MsgspecError:  # a server may cut it off, and anybody may write it
        return []
    return [path for path in dict.fromkeys(one.artifact_path for one in logged) if is_path(path)]
