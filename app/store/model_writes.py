"""Writing registered models, their versions, and models as runs logged them. What did not change costs no rewrite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any, Final, NamedTuple

import msgspec

from ..query import as_number
from ..records import Batch, LoggedModel, Millis, ModelMetric, ModelVersion, RegisteredModel
from .pipeline_writes import storable
from .writable import digest, encode, writable

_AT_ONCE: Final = 500
"""Names that are looked up by one statement."""

VERSION: Final = (
    "status", "raw_status", "stage", "description", "created_at", "updated_at", "user", "run_id", "origin", "model_id",
)  # fmt: skip
"""Fields of a version that are columns under the same name."""
_SET: Final = (*VERSION, "number", "copied_model", "copied_version", "tags", "digest", "seen_at")

_NOBODY: Final = b""
"""The digest of a model of which only versions were met."""


class ModelsWritten(NamedTuple):
    """What a batch changed: of versions how many, of anything whether."""

    new: int = 0
    gone: int = 0
    changed: bool = False


class ModelWriter:
    """Writes inside the caller's transaction. Remembers nothing between two of them."""

    def write(self, cursor: sqlite3.Cursor, source: int, batch: Batch, now: Millis) -> ModelsWritten:
        """All that a batch says of models: first those that there are, then what is gone."""
        changed = self._models(cursor, source, batch.models)
        gone = self._others_gone(cursor, source, batch.models) if batch.models_complete else (0, 0)
        new, rewritten = self._versions(cursor, source, batch.versions, now)
        logged = self._logged(cursor, source, batch.logged_models)
        left = _remove_named(cursor, source, batch.versions_gone)
        left += _remove_unseen(cursor, source, batch.versions_gone_unless_seen_since)
        news = changed or any(gone) or new or rewritten or logged or left
        return ModelsWritten(new, gone[1] + left, bool(news))

    @staticmethod
    def _models(cursor: sqlite3.Cursor, source: int, models: Sequence[RegisteredModel]) -> bool:
        if not models:
            return False
        known = dict(cursor.execute("SELECT name, digest FROM registered_model WHERE source = ?", (source,)).fetchall())
        latest = {model.name: (model, digest(model)) for model in map(writable, models)}
        changed = [pair for name, pair in latest.items() if known.get(name) != pair[1]]
        for model, mark in changed:
            _write_model(cursor, source, model, mark)
        return bool(changed)

    @staticmethod
    def _others_gone(cursor: sqlite3.Cursor, source: int, models: Iterable[RegisteredModel]) -> tuple[int, int]:
        """These are all: how many models, and how many versions, are gone with that."""
        names = {storable(model.name) for model in models}
        rows = cursor.execute("SELECT id, name FROM registered_model WHERE source = ?", (source,)).fetchall()
        gone = [(number,) for number, name in rows if name not in names]
        cursor.executemany("DELETE FROM model_version WHERE model = ?", gone)
        versions = max(0, cursor.rowcount)
        cursor.executemany("DELETE FROM model_alias WHERE model = ?", gone)
        cursor.executemany("DELETE FROM registered_model WHERE id = ?", gone)
        return len(gone), versions

    def _versions(
        self, cursor: sqlite3.Cursor, source: int, versions: Sequence[ModelVersion], now: Millis
    ) -> tuple[int, int]:
        latest = {(one.model, one.version): one for one in map(writable, versions)}
        models = _model_ids(cursor, source, list(dict.fromkeys(name for name, _ in latest)))
        known = _known_versions(cursor, [(models[name], version) for name, version in latest])
        seen: list[tuple[Millis, int]] = []
        new: list[tuple[Any, ...]] = []
        changed: list[tuple[Any, ...]] = []
        for version in latest.values():
            key, mark = (models[version.model], version.version), digest(version)
            before = known.get(key)
            if before is None:
                new.append((*key, *_columns(version, mark, now)))
            elif before[1] != mark:
                changed.append((*_columns(version, mark, now), before[0]))
            else:
                seen.append((now, before[0]))
        cursor.executemany("UPDATE model_version SET seen_at = ? WHERE id = ?", seen)
        cursor.executemany(
            f"UPDATE model_version SET {', '.join(f'{name} = ?' for name in _SET)} WHERE id = ?", changed
        )
        marks = ", ".join("?" * (len(_SET) + 2))
        cursor.executemany(f"INSERT INTO model_version (model, native, {', '.join(_SET)}) VALUES ({marks})", new)
        return len(new), len(changed)

    @staticmethod
    def _logged(cursor: sqlite3.Cursor, source: int, models: Iterable[LoggedModel]) -> bool:
        changed = False
        for model in map(writable, models):
            record = encode(model)
            sql = "SELECT id, record FROM logged_model WHERE source = ? AND native = ?"
            before = cursor.execute(sql, (source, model.id)).fetchone()
            if before is None or before[1] != record:
                _write_logged(cursor, source, model, record, before and before[0])
                changed = True
        return changed


def _write_model(cursor: sqlite3.Cursor, source: int, model: RegisteredModel, mark: bytes) -> None:
    cursor.execute(
        "INSERT INTO registered_model (source, name, kind, description, created_at, updated_at, tags, digest)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (source, name) DO UPDATE SET kind = excluded.kind,"
        " description = excluded.description, created_at = excluded.created_at, updated_at = excluded.updated_at,"
        " tags = excluded.tags, digest = excluded.digest",
        (
            source, model.name, model.kind, model.description, model.created_at, model.updated_at, _json(model.tags),
            mark,
        ),
    )  # fmt: skip
    own = (source, model.name)
    number = cursor.execute("SELECT id FROM registered_model WHERE source = ? AND name = ?", own).fetchone()[0]
    cursor.execute("DELETE FROM model_alias WHERE model = ?", (number,))
    aliases = [(number, alias, version) for alias, version in model.aliases.items()]
    cursor.executemany("INSERT INTO model_alias VALUES (?, ?, ?)", aliases)


def _model_ids(cursor: sqlite3.Cursor, source: int, names: Sequence[str]) -> dict[str, int]:
    """Row ids of these models. One that is not known yet is made room for: a version may be met before its model."""
    cursor.executemany(
        "INSERT OR IGNORE INTO registered_model (source, name, kind, description, tags, digest)"
        " VALUES (?, ?, 'model', '', '{}', ?)",
        [(source, name, _NOBODY) for name in names],
    )
    found: dict[str, int] = {}
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        sql = f"SELECT name, id FROM registered_model WHERE source = ? AND name IN ({', '.join('?' * len(some))})"
        found.update(cursor.execute(sql, (source, *some)).fetchall())
    return found


def _known_versions(
    cursor: sqlite3.Cursor, keys: Sequence[tuple[int, str]]
) -> dict[tuple[int, str], tuple[int, bytes]]:
    known: dict[tuple[int, str], tuple[int, bytes]] = {}
    for start in range(0, len(keys), _AT_ONCE):
        some = keys[start : start + _AT_ONCE]
        sql = (
            "SELECT v.model, v.native, v.id, v.digest FROM model_version AS v"
            f" WHERE (v.model, v.native) IN (VALUES {', '.join(['(?, ?)'] * len(some))})"
        )
        rows = cursor.execute(sql, [value for key in some for value in key])
        known.update({(model, native): (number, mark) for model, native, number, mark in rows})
    return known


def _columns(version: ModelVersion, mark: bytes, now: Millis) -> tuple[Any, ...]:
    copied = version.copied_from or (None, None)
    plain = (getattr(version, name) for name in VERSION)
    return (*plain, as_number(version.version), *copied, _json(version.tags), mark, now)


def _json(tags: Any) -> str:
    return msgspec.json.encode(tags).decode()


def _write_logged(cursor: sqlite3.Cursor, source: int, model: LoggedModel, record: bytes, number: int | None) -> None:
    row = (model.run_id, record)
    if number is None:
        cursor.execute(
            "INSERT INTO logged_model (source, native, run_id, record) VALUES (?, ?, ?, ?)", (source, model.id, *row)
        )
        number = cursor.lastrowid
    else:
        cursor.execute("UPDATE logged_model SET run_id = ?, record = ? WHERE id = ?", (*row, number))
        cursor.execute("DELETE FROM logged_metric WHERE logged = ?", (number,))
    latest = {metric.name: metric for metric in sorted(model.metrics, key=_when)}
    cursor.executemany(
        "INSERT INTO logged_metric VALUES (?, ?, ?)",
        [(number, name, None if isnan(metric.value) else metric.value) for name, metric in latest.items()],
    )


def _when(metric: ModelMetric) -> tuple[int, Millis]:
    return metric.step, metric.at or 0


def _remove_named(cursor: sqlite3.Cursor, source: int, gone: Iterable[tuple[str, str]]) -> int:
    """The registry has these no more. Gives how many of them there were."""
    cursor.executemany(
        "DELETE FROM model_version WHERE native = ?"
        " AND model = (SELECT id FROM registered_model WHERE source = ? AND name = ?)",
        [(storable(version), source, storable(name)) for name, version in gone],
    )
    return max(0, cursor.rowcount) if gone else 0


def _remove_unseen(cursor: sqlite3.Cursor, source: int, since: Millis | None) -> int:
    """After a whole sweep that began at `since`: versions that it did not meet are deleted."""
    if since is None:
        return 0
    cursor.execute(
        "DELETE FROM model_version WHERE seen_at < ? AND model IN (SELECT id FROM registered_model WHERE source = ?)",
        (since, source),
    )
    return cursor.rowcount
