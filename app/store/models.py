"""Reading registered models: windows of versions by row id, whom aliases point at, and one metric over all versions."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from ..query import Node, Sort, model_sql, register_functions
from ..records import LoggedModel, ModelKind, ModelVersion, Record, RegisteredModel
from .model_writes import VERSION

_logged = msgspec.msgpack.Decoder(LoggedModel).decode
_tags = msgspec.json.Decoder(dict[str, str]).decode

_VISIBLE: Final = "source IN (SELECT id FROM source WHERE NOT hidden)"
_OLDEST: Final = "v.number, v.created_at, v.id"
_NEWEST: Final = "v.number DESC, v.created_at DESC, v.id DESC"
_KNOWN: Final = "m.digest != x''"
"""Not one of which only versions were met: what it is, model or prompt, is not known yet."""


class ModelRow(Record, frozen=True, kw_only=True):
    """A registered model as the cache knows it."""

    rowid: int
    model: RegisteredModel
    source_name: str
    """The label of its source."""
    versions: int
    """How many versions the cache has of it ..."""
    newest: str | None
    """... and the highest of them."""


class VersionRow(Record, frozen=True, kw_only=True):
    """A version of a registered model, with what is known around it."""

    rowid: int
    model_rowid: int
    version: ModelVersion
    aliases: tuple[str, ...] = ()
    """That point at it, in order."""
    run: int | None = None
    """Row id of the run that made it; None where the cache has no such run."""
    logged: LoggedModel | None = None
    """The logged model that it was made of, where the cache has it."""


class ModelReads:
    """Registered models of the sources in the settings. Uses the reader's connection, on the reader's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        register_functions(connection)

    # -- models -------------------------------------------------------------------------------------------------

    def models(self, kind: ModelKind = "model") -> list[ModelRow]:
        """All of this kind, by name."""
        return self._models(f"{_KNOWN} AND m.kind = ? ORDER BY m.name, m.id", kind)

    def ids(
        self, where: Node | None, sort: Sort | None = None, limit: int | None = None, kind: ModelKind = "model"
    ) -> list[int]:
        """Row ids of those of this kind that pass, by name unless `sort` says otherwise; without a value last."""
        test = model_sql.test(where)
        order, bound = "name, id", tuple[object, ...]()
        if sort is not None:
            key = model_sql.value(sort.field, largest=sort.descending)
            order = f"({key.text}) IS NULL, {key.text}{' DESC' if sort.descending else ''}, {order}"
            bound = (*key.parameters, *key.parameters)
        sql = (
            f"SELECT id FROM registered_model WHERE {_VISIBLE} AND digest != x'' AND kind = ? AND {test.text}"
            f" ORDER BY {order} LIMIT ?"
        )
        rows = self._connection.execute(sql, (kind, *test.parameters, *bound, -1 if limit is None else limit))
        return [row[0] for row in rows]

    def rows(self, rowids: Sequence[int]) -> list[ModelRow]:
        """The models with these row ids, in the order asked; those that are gone are left out."""
        found = self._models("m.id IN (SELECT value FROM json_each(?))", _ids(rowids))
        rows = {row.rowid: row for row in found}
        return [rows[rowid] for rowid in rowids if rowid in rows]

    def model(self, name: str, source: str | None = None) -> ModelRow | None:
        """The model of this name; where several sources have one, that of `source`, else the first's."""
        which = "m.name = ?" if source is None else "m.name = ? AND s.key = ?"
        found = self._models(
            f"{which} ORDER BY {_KNOWN} DESC, m.id LIMIT 1", name, *([] if source is None else [source])
        )
        return found[0] if found else None

    def _models(self, which: str, *bound: object) -> list[ModelRow]:
        sql = (
            "SELECT m.id, s.key, m.name, m.kind, m.description, m.created_at, m.updated_at, m.tags, s.name,"
            " (SELECT count(*) FROM model_version AS v WHERE v.model = m.id),"
            f" (SELECT v.native FROM model_version AS v WHERE v.model = m.id ORDER BY {_NEWEST} LIMIT 1)"
            f" FROM registered_model AS m JOIN source AS s ON s.id = m.source AND NOT s.hidden WHERE {which}"
        )
        rows = self._connection.execute(sql, bound).fetchall()
        aliases = self._aliases_of([row[0] for row in rows])
        return [_model_row(row, aliases[row[0]]) for row in rows]

    def _aliases_of(self, models: Sequence[int]) -> dict[int, dict[str, str]]:
        found: dict[int, dict[str, str]] = defaultdict(dict)
        which = "model IN (SELECT value FROM json_each(?))"
        sql = f"SELECT model, alias, version FROM model_alias WHERE {which} ORDER BY model, alias"
        for model, alias, version in self._connection.execute(sql, (_ids(models),)):
            found[model][alias] = version
        return found

    # -- versions -----------------------------------------------------------------------------------------------

    def version_ids(self, model_rowid: int, descending: bool = True) -> list[int]:
        """Row ids of a model's versions by number; those that are no numbers before all others, by age."""
        order = _NEWEST if descending else _OLDEST
        sql = f"SELECT v.id FROM model_version AS v WHERE v.model = ? ORDER BY {order}"
        return [row[0] for row in self._connection.execute(sql, (model_rowid,))]

    def versions(self, rowids: Sequence[int]) -> list[VersionRow]:
        """The versions with these row ids, in the order asked; those that are gone are left out."""
        ids = tuple(rowids)
        columns = ", ".join(f"v.{name}" for name in VERSION)
        sql = (
            f"SELECT v.id, v.model, s.key, m.name, v.native, v.copied_model, v.copied_version, v.tags, {columns}"
            " FROM model_version AS v JOIN registered_model AS m ON m.id = v.model JOIN source AS s ON s.id = m.source"
            " WHERE v.id IN (SELECT value FROM json_each(?))"
        )
        rows = {row[0]: row for row in self._connection.execute(sql, (_ids(ids),))}
        versions = {rowid: _version(row) for rowid, row in rows.items()}
        aliases = self._aliases_at(list({row[1] for row in rows.values()}))
        runs = self._runs([one.run_id for one in versions.values()])
        logged = self._logged([one.model_id for one in versions.values()])
        return [
            VersionRow(
                rowid=rowid, model_rowid=rows[rowid][1], version=one,
                aliases=tuple(aliases.get((rows[rowid][1], one.version), ())),
                run=runs.get(one.run_id or ""), logged=logged.get(one.model_id or ""),
            )
            for rowid in ids
            if (one := versions.get(rowid)) is not None
        ]  # fmt: skip

    def version(self, name: str, version: str, source: str | None = None) -> VersionRow | None:
        """One version of a model; where several sources have one of that name, that of `source`, else the first's."""
        which = "" if source is None else " AND s.key = ?"
        sql = (
            "SELECT v.id FROM registered_model AS m JOIN source AS s ON s.id = m.source AND NOT s.hidden"
            f" JOIN model_version AS v ON v.model = m.id AND v.native = ? WHERE m.name = ?{which} ORDER BY m.id LIMIT 1"
        )
        row = self._connection.execute(sql, (version, name, *([] if source is None else [source]))).fetchone()
        return next(iter(self.versions([row[0]])), None) if row else None

    def versions_of_run(self, run_id: str) -> list[VersionRow]:
        """What was registered of a run, by its native id: newest first."""
        sql = (
            "SELECT v.id FROM model_version AS v INDEXED BY model_version_run JOIN registered_model AS m"
            f" ON m.id = v.model AND +m.{_VISIBLE} WHERE v.run_id = ? ORDER BY v.created_at DESC, v.id DESC"
        )
        return self.versions([row[0] for row in self._connection.execute(sql, (run_id,))])

    def _aliases_at(self, models: Sequence[int]) -> dict[tuple[int, str], list[str]]:
        found: dict[tuple[int, str], list[str]] = defaultdict(list)
        for model, aliases in self._aliases_of(models).items():
            for alias, version in aliases.items():
                found[model, version].append(alias)
        return found

    def _runs(self, natives: Sequence[str | None]) -> dict[str, int]:
        sql = f"SELECT native, id FROM run WHERE {_VISIBLE} AND native IN (SELECT value FROM json_each(?))"
        return dict(self._connection.execute(sql, (_texts(natives),)).fetchall())

    def _logged(self, natives: Sequence[str | None]) -> dict[str, LoggedModel]:
        sql = f"SELECT native, record FROM logged_model WHERE {_VISIBLE} AND native IN (SELECT value FROM json_each(?))"
        return {native: _logged(record) for native, record in self._connection.execute(sql, (_texts(natives),))}

    # -- figures ------------------------------------------------------------------------------------------------

    def metric_of(self, model_rowid: int, name: str) -> dict[int, float]:
        """Row id of each version with this metric -> its value, NaN too: the logged model's, else its run's last."""
        of_runs = (
            "SELECT v.id, t.value FROM model_version AS v INDEXED BY model_version_figures"
            f" JOIN run AS r ON r.native = v.run_id AND r.{_VISIBLE}"
            " JOIN key AS k ON k.experiment = r.experiment AND k.kind = 'metric' AND k.name = ?"
            " JOIN metric AS t ON t.run = r.id AND t.key = k.id WHERE v.model = ?"
        )
        of_models = (
            "SELECT v.id, t.value FROM model_version AS v INDEXED BY model_version_figures"
            f" JOIN logged_model AS l ON l.native = v.model_id AND l.{_VISIBLE}"
            " JOIN logged_metric AS t ON t.logged = l.id AND t.name = ? WHERE v.model = ?"
        )
        found: dict[int, float] = {}
        for sql in (of_runs, of_models):  # the later takes the place of the earlier
            rows = self._connection.execute(sql, (name, model_rowid))
            found.update((rowid, float("nan") if value is None else value) for rowid, value in rows)
        return found


def _ids(rowids: Sequence[int]) -> str:
    return msgspec.json.encode(list(rowids)).decode()


def _texts(texts: Sequence[str | None]) -> str:
    return msgspec.json.encode([text for text in dict.fromkeys(texts) if text]).decode()


def _model_row(row: Sequence[Any], aliases: dict[str, str]) -> ModelRow:
    model = RegisteredModel(
        source=row[1], name=row[2], kind=row[3], description=row[4], created_at=row[5], updated_at=row[6],
        tags=_tags(row[7]), aliases=aliases,
    )  # fmt: skip
    return ModelRow(rowid=row[0], model=model, source_name=row[8], versions=row[9], newest=row[10])


def _version(row: Sequence[Any]) -> ModelVersion:
    return ModelVersion(
        source=row[2], model=row[3], version=row[4], tags=_tags(row[7]),
        copied_from=None if row[5] is None else (row[5], row[6]), **dict(zip(VERSION, row[8:], strict=True)),
    )  # fmt: skip
