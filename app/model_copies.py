"""What can be copied of models and their versions: names, URIs, commands, Python, Markdown, JSON. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from .comparison.forms import code
from .copies import Copy
from .exact import iso
from .records import AliasMove, Subject
from .store.explanations import Explanation
from .store.models import ModelRow, VersionRow
from .text import shown

MOST_IN_FULL: Final = 100
"""Versions with which a model is copied as JSON; of one that has more, `quarterdeck models --json` gives all."""

Told = tuple[AliasMove, Explanation]
"""A move, and what the ledger says of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known beside the records."""

    registry: str = ""
    """Address of the registry, without credentials ..."""
    tracking: str = ""
    """... and of the tracking server, where the files of the models are."""
    is_mlflow: bool = True
    """Whether it is MLflow's: others know neither `models:/` nor its Python."""
    commits: Mapping[int, str | None] = field(default_factory=dict)
    """By row id of the version."""
    history: Sequence[Told] = ()
    """Moves of the model's aliases, newest first."""


def model_copies(row: ModelRow, versions: Sequence[VersionRow], around: Around) -> list[Copy]:
    """The forms of one model. `versions`: all that it has, newest first; none where there are too many."""
    model = row.model
    first = next(iter(model.aliases), None)
    uri = f"models:/{model.name}@{first}" if first is not None else f"models:/{model.name}/{row.newest or 1}"
    by_alias = [Copy(f"URI of {shown(alias)}", f"models:/{model.name}@{alias}") for alias in model.aliases]
    made = [
        Copy("name", model.name),
        *(by_alias if around.is_mlflow else ()),
        Copy("command", _open(model.name)),
        *([Copy("Python", _python(uri, around))] if around.is_mlflow else ()),
        Copy("Markdown", _model_markdown(row, versions)),
    ]
    if len(versions) == row.versions:
        facts = model_json(row, (version_json(one, around.commits.get(one.rowid)) for one in versions), around.history)
        made.append(Copy("JSON", _json([facts])))
    return made


def models_copies(rows: Sequence[ModelRow]) -> list[Copy]:
    """The forms of several models at once."""
    return [
        Copy("names", _lines(row.model.name for row in rows)),
        Copy("commands", _lines(_open(row.model.name) for row in rows)),
        Copy("Markdown", _lines(_model_markdown(row, ()) for row in rows)),
    ]


def version_copies(rows: Sequence[VersionRow], around: Around) -> list[Copy]:
    """The forms of one version, or of several at once; none where there is none."""
    if not rows:
        return []
    several = "s" if len(rows) > 1 else ""
    versions = [row.version for row in rows]
    uris = [f"models:/{one.model}/{one.version}" for one in versions]
    by_alias = [f"models:/{row.version.model}@{alias}" for row in rows for alias in row.aliases]
    runs = [one.run_id for one in versions if one.run_id]
    places = [
        Copy(f"URI{several}", _lines(uris)),
        *([Copy(f"URI{'s' if len(by_alias) > 1 else ''} by alias", _lines(by_alias))] if by_alias else []),
    ]
    return [
        Copy(f"version{several}", _lines(one.version for one in versions)),
        *(places if around.is_mlflow else ()),
        *([Copy(f"id{'s' if len(runs) > 1 else ''} of the run", _lines(runs))] if runs else []),
        Copy(f"command{several}", _lines(_open(one.model, one.version) for one in versions)),
        *([Copy("Python", _lines(_python(uri, around) for uri in uris))] if around.is_mlflow else ()),
        Copy("Markdown", _lines(_version_markdown(row, around.commits.get(row.rowid)) for row in rows)),
        Copy("JSON", _json([version_json(row, around.commits.get(row.rowid)) for row in rows])),
    ]


# -- JSON -------------------------------------------------------------------------------------------------------


def model_json(row: ModelRow, versions: Iterable[dict[str, Any]], history: Iterable[Told]) -> dict[str, Any]:
    """A model as `quarterdeck models --json` gives it."""
    model = row.model
    return {
        "name": model.name,
        "subject": str(Subject(kind="model", parts=(model.name,))),
        "shown": shown(model.name),
        "source": row.source_name,
        "kind": model.kind,
        "description": model.description,
        "created_at": iso(model.created_at),
        "updated_at": iso(model.updated_at),
        "tags": dict(model.tags),
        "aliases": dict(model.aliases),
        "versions": list(versions),
        "alias_history": [_move_json(move, why) for move, why in history],
    }


def version_json(row: VersionRow, commit: str | None) -> dict[str, Any]:
    """A version as `quarterdeck models --json` gives it. `commit`: that of its run."""
    version = row.version
    copied = version.copied_from
    return {
        "version": version.version,
        "subject": str(Subject(kind="model", parts=(version.model, version.version))),
        "status": version.status,
        "raw_status": version.raw_status,
        "stage": version.stage,
        "aliases": list(row.aliases),
        "description": version.description,
        "created_at": iso(version.created_at),
        "updated_at": iso(version.updated_at),
        "user": version.user,
        "run_id": version.run_id,
        "git_commit": commit,
        "origin": version.origin,
        "model_id": version.model_id,
        "copied_from": None if copied is None else {"model": copied[0], "version": copied[1]},
        "tags": dict(version.tags),
    }


def _move_json(move: AliasMove, why: Explanation) -> dict[str, Any]:
    entry = why.entry
    return {
        "alias": move.alias,
        "version": move.version,
        "previous": move.previous,
        "reason": move.reason,
        "at": iso(move.at),
        "not_before": iso(move.not_before),
        "by": None if entry is None else entry.by.name,
        "strength": None if entry is None else entry.by.strength,
        "explained": why.is_explained,
        "verdict": why.verdict,
        "entry": None if entry is None else entry.number,
    }


def _json(made: Sequence[dict[str, Any]]) -> str:
    """An object for one, an array for several, in ASCII."""
    return json.dumps(made if len(made) > 1 else made[0], allow_nan=False, indent=2) + "\n"


# -- commands and Python ----------------------------------------------------------------------------------------


def _open(*parts: str) -> str:
    # a subject is percent-encoded: nothing in it is special to a shell, whatever a registry calls a model
    return f"quarterdeck open {shlex.quote(str(Subject(kind='model', parts=parts)))}"


def _python(uri: str, around: Around) -> str:
    places = [f"mlflow.set_tracking_uri({around.tracking!a})"] if around.tracking else []
    if around.registry and around.registry != around.tracking:
        places.append(f"mlflow.set_registry_uri({around.registry!a})")
    return _lines(["import mlflow", "", *places, f"model = mlflow.pyfunc.load_model({uri!a})"]) + "\n"


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(texts)


# -- Markdown ---------------------------------------------------------------------------------------------------


def _model_markdown(row: ModelRow, versions: Sequence[VersionRow]) -> str:
    model = row.model
    facts = {
        "aliases": ", ".join(f"{alias}: {version}" for alias, version in model.aliases.items()),
        "newest": row.newest, "versions": str(row.versions), "created": iso(model.created_at),
        "description": model.description, "source": row.source_name,
    }  # fmt: skip
    lines = [f"### model {code(model.name)}", "", *_table("", "model", facts)]
    if versions:
        lines += ["", _row(("version", "aliases", "status", "registered", "by")), _row(["---"] * 5)]
        lines += [_row(cells) for cells in map(_version_cells, versions)]
    return _lines(lines) + "\n"


def _version_cells(row: VersionRow) -> tuple[str, ...]:
    one = row.version
    aliases, user = ", ".join(row.aliases), one.user or ""
    return (
        code(one.version), code(aliases) if aliases else "", one.status, iso(one.created_at) or "",
        code(user) if user else "",
    )  # fmt: skip


def _version_markdown(row: VersionRow, commit: str | None) -> str:
    one = row.version
    facts = {
        "aliases": ", ".join(row.aliases), "status": one.status, "stage": one.stage, "registered": iso(one.created_at),
        "by": one.user, "run": one.run_id, "commit": commit, "from": one.origin, "logged model": one.model_id,
        "copied from": "/".join(one.copied_from) if one.copied_from else "", "description": one.description,
    }  # fmt: skip
    lines = [f"### model {code(one.model)} version {code(one.version)}", "", *_table("", "version", facts)]
    if one.tags:
        lines += ["", *_table("tag", "value", dict(sorted(one.tags.items())))]
    return _lines(lines) + "\n"


def _table(head: str, other: str, facts: Mapping[str, str | None]) -> Iterator[str]:
    yield _row((head, other))
    yield _row(("---", "---"))
    yield from (_row((name if not head else code(name), code(value))) for name, value in facts.items() if value)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
