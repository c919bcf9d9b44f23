"""The tables of MLflow's registry, and of logged models, in a SQLite store.

What they hold was read in the models of MLflow 2.22 and 3.17 (`store/model_registry/dbmodels/models.py`). A store of a
time before the registry has none of them, which is no trouble. Blocking; one thread at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ....records import LoggedModel, Millis, ModelMetric, ModelVersion, RegisteredModel
from ..parse import metric_number
from ..table_file import TableFile, as_json
from . import parse
from .aliases import Named

Key = tuple[Millis, str, int]
"""When a version was made, its model and its number: what versions are ordered by."""

_LOGGED_STATUS: Final = {1: "PENDING", 2: "READY", 3: "FAILED"}


class RegistryStore(TableFile):
    """An open store. `workspace` is the one that is read, of those that 3.10 and later keep apart."""

    NEEDED = ("experiments",)
    READ = (
        "registered_models", "registered_model_tags", "registered_model_aliases", "model_versions",
        "model_version_tags", "logged_models", "logged_model_params", "logged_model_metrics", "metrics",
    )  # fmt: skip

    def __init__(self, path: Path, source: str, workspace: str) -> None:
        super().__init__(path, source)
        self._workspace = workspace

    def models(self) -> list[RegisteredModel]:
        """All registered models with all their aliases; prompts too."""
        return self._models("1")

    def model(self, name: str) -> RegisteredModel | None:
        """A registered model with all its aliases; None when there is none."""
        return next(iter(self._models("m.name = ?", name)), None)

    def newest(self, below: Key | None, size: int) -> tuple[list[ModelVersion], Key | None]:
        """The next versions below a key, newest first, and the key of the last; None when there are no more."""
        if below is None:
            return self._page("1", (), size)
        return self._page(f"({_MADE}, v.name, v.version) < (?, ?, ?)", below, size)

    def changed(self, since: Millis) -> tuple[list[ModelVersion], list[Named]]:
        """Versions that were made or changed since, and those that were deleted."""
        if "model_versions" not in self._columns:
            return [], []
        column = self._column("model_versions", "v.")
        when = f"{column('last_updated_time')} >= ?"
        with self._explained():
            sql = f"SELECT v.name, v.version FROM model_versions v WHERE {when} AND v.current_stage = ?"
            gone = self._connection.execute(f"{sql} AND {self._here('v')}", (since, parse.DELETED)).fetchall()
        found, _ = self._page(when, (since,), -1)
        return found, [(name, str(version)) for name, version in gone]

    def version(self, model: str, version: str) -> ModelVersion | None:
        """One version; None when there is none."""
        found, _ = self._page("v.name = ? AND CAST(v.version AS TEXT) = ?", (model, version), 1)
        return next(iter(found), None)

    def versions_of_run(self, run_id: str) -> list[ModelVersion]:
        """The versions of all models that were made of a run."""
        return self._page("v.run_id = ?", (run_id,), -1)[0]

    def versions_with_tag(self, key: str, value: str) -> list[ModelVersion]:
        """The versions of all models that have a tag with this value."""
        if "model_version_tags" not in self._columns:
            return []
        tagged = (
            "EXISTS (SELECT 1 FROM model_version_tags t WHERE t.name = v.name AND t.version = v.version"
            f" AND t.key = ? AND t.value = ? AND {self._here('t', 'model_version_tags')})"
        )
        return self._page(tagged, (key, value), -1)[0]

    def count(self) -> int:
        """How many versions there are."""
        if "model_versions" not in self._columns:
            return 0
        with self._explained():
            sql = f"SELECT count(*) FROM model_versions v WHERE {self._there()}"
            return int(self._connection.execute(sql).fetchone()[0])

    def logged(self, model_ids: Iterable[str]) -> list[LoggedModel]:
        """Those of the logged models that there are."""
        if "logged_models" not in self._columns:
            return []
        wanted = as_json(model_ids)
        return self._decoded(lambda: self._read_logged(wanted))

    def logged_of_run(self, run_id: str) -> list[LoggedModel]:
        """The models that a run logged."""
        if "logged_models" not in self._columns:
            return []
        with self._explained():
            sql = "SELECT model_id FROM logged_models WHERE source_run_id = ?"
            found = [row[0] for row in self._connection.execute(sql, (run_id,))]
        return self.logged(found)

    # -- models

    def _models(self, where: str, *bound: Any) -> list[RegisteredModel]:
        if "registered_models" not in self._columns:
            return []
        return self._decoded(lambda: self._read_models(where, bound))

    def _read_models(self, where: str, bound: Sequence[Any]) -> list[RegisteredModel]:
        column = self._column("registered_models", "m.")
        with self._explained(), self._snapshot():
            facts = self._connection.execute(
                f"SELECT m.name, {column('description')}, {column('creation_time')}, {column('last_updated_time')}"
                f" FROM registered_models m WHERE {where} AND {self._here('m')} ORDER BY m.name",
                tuple(bound),
            ).fetchall()
            tags = self._of_models("registered_model_tags", "key", where, bound)
            aliases = self._of_models("registered_model_aliases", "alias", where, bound)
        return [
            parse.make_model(
                self._source, name, description=description, created_at=made or None, updated_at=updated or None,
                tags=tags.get(name, {}), aliases=aliases.get(name, {}),
            )
            for name, description, made, updated in facts
        ]  # fmt: skip

    def _of_models(self, table: str, key: str, where: str, bound: Sequence[Any]) -> Mapping[str, dict[str, str]]:
        if table not in self._columns:
            return {}
        value = "value" if key == "key" else "version"
        sql = (
            f"SELECT m.name, m.{key}, coalesce(CAST(m.{value} AS TEXT), '') FROM {table} m"
            f" WHERE {where} AND {self._here('m', table)}"
        )
        return _grouped(self._connection.execute(sql, tuple(bound)))

    # -- versions

    def _page(self, where: str, bound: Sequence[Any], size: int) -> tuple[list[ModelVersion], Key | None]:
        if "model_versions" not in self._columns:
            return [], None
        return self._decoded(lambda: self._read_page(where, bound, size))

    def _read_page(self, where: str, bound: Sequence[Any], size: int) -> tuple[list[ModelVersion], Key | None]:
        column = self._column("model_versions", "v.")
        names = ("description", "creation_time", "last_updated_time", "user_id", "current_stage", "source", "run_id")
        with self._explained(), self._snapshot():
            rows = self._connection.execute(
                f"SELECT v.rowid, v.name, v.version, {_MADE}, {', '.join(map(column, (*names, 'status')))}"
                f" FROM model_versions v WHERE {where} AND {self._there()}"
                f" ORDER BY {_MADE} DESC, v.name DESC, v.version DESC LIMIT ?",
                (*bound, size),
            ).fetchall()
            tags = self._tags([row[0] for row in rows])
        versions = [
            parse.make_version(
                self._source, name, str(version), status=status, stage=stage, description=description,
                created_at=made or None, updated_at=updated or None, user=user, run_id=run, origin=origin,
                tags=tags.get(row, {}),
            )
            for row, name, version, _, description, made, updated, user, stage, origin, run, status in rows
        ]  # fmt: skip
        last = rows[-1] if rows and len(rows) == size else None
        return versions, None if last is None else (last[3], last[1], last[2])

    def _tags(self, rows: Sequence[int]) -> Mapping[int, dict[str, str]]:
        if "model_version_tags" not in self._columns:
            return {}
        sql = (
            "SELECT v.rowid, t.key, coalesce(CAST(t.value AS TEXT), '') FROM model_versions v"
            " JOIN model_version_tags t ON t.name = v.name AND t.version = v.version"
            f" WHERE v.rowid IN (SELECT value FROM json_each(?)) AND {self._here('t', 'model_version_tags')}"
        )
        return _grouped(self._connection.execute(sql, (as_json(rows),)))

    def _there(self) -> str:
        return f"v.current_stage IS NOT '{parse.DELETED}' AND {self._here('v')}"

    def _here(self, name: str, table: str = "registered_models") -> str:
        """That a row is of the workspace that is read."""
        if "workspace" not in self._columns.get(table, ()):
            return "1"
        quoted = self._workspace.replace("'", "''")
        return f"{name}.workspace = '{quoted}'"

    # -- logged models

    def _read_logged(self, wanted: str) -> list[LoggedModel]:
        column = self._column("logged_models", "l.")
        with self._explained(), self._snapshot():
            rows = self._connection.execute(
                "SELECT l.model_id, l.name, CAST(l.experiment_id AS TEXT), l.status,"
                f" {column('creation_timestamp_ms')}, {column('model_type')}, {column('source_run_id')}"
                " FROM logged_models l WHERE l.model_id IN (SELECT value FROM json_each(?))"
                f" AND {column('lifecycle_stage')} IS NOT 'deleted'",
                (wanted,),
            ).fetchall()
            params = self._params(wanted)
            metrics = self._metrics(wanted)
        return [
            parse.make_logged(
                self._source, model_id, name=name, kind=kind, status=_LOGGED_STATUS.get(status), run_id=run,
                experiment_id=experiment, created_at=made or None, params=params.get(model_id, {}),
                metrics=metrics.get(model_id, ()),
            )
            for model_id, name, experiment, status, made, kind, run in rows
        ]  # fmt: skip

    def _params(self, wanted: str) -> Mapping[str, dict[str, str]]:
        if "logged_model_params" not in self._columns:
            return {}
        sql = (
            "SELECT model_id, param_key, coalesce(param_value, '') FROM logged_model_params"
            " WHERE model_id IN (SELECT value FROM json_each(?))"
        )
        return _grouped(self._connection.execute(sql, (wanted,)))

    def _metrics(self, wanted: str) -> Mapping[str, list[ModelMetric]]:
        if "logged_model_metrics" not in self._columns:
            return {}
        sql = (
            f"SELECT g.model_id, g.metric_name, g.metric_value, g.metric_step, g.metric_timestamp_ms, g.run_id,"
            f" g.dataset_name, g.dataset_digest, {self._was_nan()} FROM logged_model_metrics g"
            " WHERE g.model_id IN (SELECT value FROM json_each(?)) ORDER BY g.rowid"
        )
        found: dict[str, list[ModelMetric]] = {}
        for model_id, name, value, step, at, run, dataset, digest, is_nan in self._connection.execute(sql, (wanted,)):
            made = ModelMetric(
                name=name, value=metric_number("NaN" if is_nan or value is None else value), step=step, at=at or None,
                run_id=run or None, dataset_name=dataset or None, dataset_digest=digest or None,
            )  # fmt: skip
            found.setdefault(model_id, []).append(made)
        return found

    def _was_nan(self) -> str:
        """Whether a 0 was logged as NaN, which MLflow keeps in the run's own history only."""
        if not {"is_nan", "step", "timestamp"} <= self._columns.get("metrics", frozenset()):
            return "0"
        return (
            "g.metric_value = 0 AND EXISTS (SELECT 1 FROM metrics m WHERE m.key = g.metric_name AND m.is_nan"
            " AND m.timestamp = g.metric_timestamp_ms AND m.step = g.metric_step AND m.run_uuid = g.run_id)"
        )


_MADE: Final = "coalesce(v.creation_time, 0)"


def _grouped(rows: Iterable[tuple[Any, str, str]]) -> dict[Any, dict[str, str]]:
    """Owner, key and value -> key -> value of each owner."""
    found: dict[Any, dict[str, str]] = {}
    for owner, key, value in rows:
        found.setdefault(owner, {})[key] = value
    return found
