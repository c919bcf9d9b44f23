"""MLflow's own client, for every address that is neither HTTP nor SQLite: databricks, plugins, other databases,
a folder of runs; and for the tags that are written into a SQLite store.

Imported only when it is needed (1 s, and it logs and counts usage unless told not to), always in a thread. As it comes
it tries a dead server for 247 s: the process's own environment is told better before the import.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
import warnings
from array import array
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from ...errors import QuarterdeckError, RefusedError, SourceError
from ...records import (
    LARGEST_CONTENT,
    Artifact,
    ArtifactContent,
    ArtifactListing,
    Dataset,
    Experiment,
    Metric,
    Millis,
    Run,
    Series,
)
from ..http import without_login
from ..trouble import AnswerError, quoted
from . import parse
from .pages import Page

T = TypeVar("T")

_BOUNDS: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ALLOW_FILE_STORE": "true",  # since 3.13 a folder is refused without it
}
_EXPERIMENTS_A_PAGE: Final = 1_000
_LARGEST_FETCHED: Final = 20_000_000
"""Bytes of a file of which only the beginning is kept."""
_ALL: Final = 3
"""ViewType.ALL"""
_importing = threading.Lock()


def _client_class(address: str, environment: Mapping[str, str]) -> Any:
    """MLflow's client, imported with a bounded patience. Blocking. Raises SourceError("misconfigured")."""
    with _importing:
        for name, value in {**_BOUNDS, **_own(environment)}.items():
            os.environ.setdefault(name, value)
        try:
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise SourceError(
                f"Reading {without_login(address)} needs the package mlflow-skinny, which cannot be imported:"
                f" {quoted(str(error))}.",
                "misconfigured",
            ) from error
    return MlflowClient


def _own(environment: Mapping[str, str]) -> dict[str, str]:
    """What MLflow and its plugins look up in the process's environment."""
    return {name: value for name, value in environment.items() if name.startswith(("MLFLOW_", "DATABRICKS_"))}


def tag_in_file(path: Path, revision: str, run_id: str, key: str, value: str | None) -> None:
    """Set a tag in a SQLite store through MLflow's client, or with None take it away. Blocking.

    Raises RefusedError when the store's schema `revision` is not the one of the installed MLflow, which would
    otherwise refuse with a stack trace, or migrate.
    """
    address = f"sqlite:///{path}"
    client_class = _client_class(address, {})
    from mlflow.store.db.utils import _get_latest_schema_revision

    own = _get_latest_schema_revision()
    if revision != own:
        raise RefusedError(
            f"{path} has MLflow's schema {revision or 'of before 1.0'}, the installed MLflow writes {own}: set the tag"
            " with the MLflow that wrote the store, or through its server. Nothing was changed."
        )
    if value is None:
        _called(address, lambda: client_class(tracking_uri=address).delete_tag(run_id, key))
    else:
        _called(address, lambda: client_class(tracking_uri=address).set_tag(run_id, key, value))


def _called(address: str, work: Callable[[], T], secrets: Sequence[str] = ()) -> T:
    """Call MLflow. Its errors, and those of whatever it calls, leave as SourceError; its own warnings stay unsaid."""
    for package in ("mlflow", "sqlalchemy"):
        warnings.filterwarnings("ignore", module=package)
    try:
        return work()
    except QuarterdeckError:
        raise
    except Exception as error:  # plugins and databases raise whatever they like
        raise _explained(address, error, secrets) from error


def _explained(address: str, error: Exception, secrets: Sequence[str]) -> SourceError:
    shown = without_login(address)
    code = str(getattr(error, "error_code", ""))
    said = quoted(str(error), secrets)
    if code == "RESOURCE_DOES_NOT_EXIST":
        return AnswerError(f"{shown} has no such thing: {said}", "misconfigured", 404, code, said)
    state = {
        "PERMISSION_DENIED": "forbidden",
        "UNAUTHENTICATED": "unauthorised",
        "REQUEST_LIMIT_EXCEEDED": "limited",
        "INVALID_PARAMETER_VALUE": "not_understood",
    }.get(code, "unreachable")
    return SourceError(f"MLflow's client cannot read {shown}: {said}", state)


def _folder(address: str, directory: Path | None) -> Path | None:
    """The folder that an address names, or None when it names none."""
    parts = urlsplit(address)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return None if parts.scheme else (directory or Path.cwd()) / address


def _secrets(address: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    named = [value for name, value in environment.items() if name.endswith(("_TOKEN", "_PASSWORD", "_SECRET"))]
    return tuple(secret for secret in (*named, urlsplit(address).password or "") if len(secret) > 3)


class ClientApi:
    """A tracking store through MLflow's client. Every method raises SourceError."""

    def __init__(self, address: str, source: str, environment: Mapping[str, str], directory: Path | None) -> None:
        folder = _folder(address, directory)
        self._folder = folder
        self._address = folder.absolute().as_uri() if folder else address
        self._source = source
        self._environment = environment
        self._secrets = _secrets(address, environment)
        self._client: Any = None
        self._turn = asyncio.Lock()

    async def _do(self, work: Callable[[Any], T]) -> T:
        """Call the client in a thread, one call at a time."""
        async with self._turn:
            return await asyncio.to_thread(_called, self._address, lambda: work(self._opened()), self._secrets)

    def _opened(self) -> Any:
        if self._client is None:
            if self._folder is not None and not self._folder.is_dir():
                raise SourceError(
                    f"{self._folder} does not exist: MLflow's folder of runs is expected there.", "misconfigured"
                )
            self._client = _client_class(self._address, self._environment)(tracking_uri=self._address)
        return self._client

    def server_now(self) -> Millis:
        """Our own clock: the client does not say what the server's shows."""
        return int(time.time() * 1000)

    async def experiments(self) -> list[Experiment]:
        """All experiments, deleted ones too."""
        return [_experiment(entity, self._source) for entity in await self._do(_all_experiments)]

    async def search(self, experiments: Sequence[str], where: str, order: str, size: int, token: str = "") -> Page:
        """One page of runs, deleted ones too."""
        page = await self._do(
            lambda client: client.search_runs(
                list(experiments),
                where,
                run_view_type=_ALL,
                max_results=size,
                order_by=[order],
                page_token=token or None,
            )
        )
        return Page(page, page.token or "", self._parse)

    def _parse(self, entities: Sequence[Any]) -> tuple[Run, ...]:
        return tuple(_run(entity, self._source) for entity in entities)

    async def run(self, run_id: str) -> Run:
        """One run. Raises AnswerError with status 404 when there is none."""
        return _run(await self._do(lambda client: client.get_run(run_id)), self._source)

    async def history(self, run_id: str, key: str) -> Series:
        """Every point of a metric."""
        metrics = await self._do(lambda client: client.get_metric_history(run_id, key))
        steps, times = array("q", [m.step for m in metrics]), array("q", [m.timestamp or 0 for m in metrics])
        return Series(run_id, key, steps, times, parse.metric_numbers([m.value for m in metrics]))

    async def sampled(self, run_ids: Sequence[str], key: str, points: int) -> list[Series] | None:
        """The client cannot sample."""
        return None

    async def since(self, run_ids: Sequence[str], key: str, step: int) -> list[Series] | None:
        """The client gives whole histories only."""
        return None

    async def listing(self, run_id: str, folder: str) -> ArtifactListing:
        """One folder of a run's artifacts."""
        files = await self._do(lambda client: client.list_artifacts(run_id, folder or None))
        found = [Artifact(path=f.path, is_dir=f.is_dir, size=None if f.is_dir else f.file_size or 0) for f in files]
        found.sort(key=lambda one: (not one.is_dir, one.path))
        return ArtifactListing(source=self._source, run_id=run_id, folder=folder, artifacts=tuple(found))

    async def content(self, run_id: str, path: str) -> ArtifactContent:
        """The beginning of one file. The client fetches whole files only, so a large one is not fetched at all."""
        made = ArtifactContent(source=self._source, run_id=run_id, path=path)
        listing = await self.listing(run_id, path.rpartition("/")[0])
        size = next((one.size for one in listing.artifacts if one.path == path and not one.is_dir), None)
        if size is None or size > _LARGEST_FETCHED:
            why = "is not there" if size is None else f"has {size:,} bytes, and this store gives whole files only"
            return msgspec.structs.replace(made, size=size, sentence=f"The file {why}.")
        with tempfile.TemporaryDirectory(prefix="quarterdeck-") as folder:
            found = await self._do(lambda client: client.download_artifacts(run_id, path, folder))
            data = await asyncio.to_thread(Path(found).read_bytes)
        return msgspec.structs.replace(
            made, data=data[:LARGEST_CONTENT], size=len(data), truncated=len(data) > LARGEST_CONTENT
        )

    async def set_tag(self, run_id: str, key: str, value: str) -> None:
        """Write a tag."""
        await self._do(lambda client: client.set_tag(run_id, key, value))

    async def delete_tag(self, run_id: str, key: str) -> None:
        """Take a tag away."""
        await self._do(lambda client: client.delete_tag(run_id, key))

    async def close(self) -> None:
        """The client holds nothing that needs closing."""


def _all_experiments(client: Any) -> list[Any]:
    found: list[Any] = []
    token: str | None = None
    while True:
        page = client.search_experiments(view_type=_ALL, max_results=_EXPERIMENTS_A_PAGE, page_token=token)
        found += page
        token = page.token
        if not token:
            return found


def _experiment(entity: Any, source: str) -> Experiment:
    return Experiment(
        source=source,
        id=entity.experiment_id,
        name=entity.name,
        lifecycle="deleted" if entity.lifecycle_stage == "deleted" else "active",
        created_at=entity.creation_time or None,
        updated_at=entity.last_update_time or None,
    )


def _run(entity: Any, source: str) -> Run:
    info, data = entity.info, entity.data
    inputs = entity.inputs.dataset_inputs if entity.inputs else ()
    # the entity's own `data.metrics` has values only; the list behind it has steps and times as well
    metrics = {
        m.key: Metric(value=parse.metric_number(m.value), step=m.step, at=m.timestamp) for m in data._metric_objs
    }
    return parse.make_run(
        source,
        info.run_id,
        info.experiment_id,
        name=info.run_name,
        status=info.status,
        lifecycle=info.lifecycle_stage,
        started_at=info.start_time,
        ended_at=info.end_time,
        user=info.user_id,
        artifact_uri=info.artifact_uri,
        params=dict(data.params),
        tags=dict(data.tags),
        metrics=metrics,
        datasets=tuple(map(_dataset, inputs)),
    )


def _dataset(used: Any) -> Dataset:
    facts = used.dataset
    context = next((tag.value for tag in used.tags if tag.key == parse.DATASET_CONTEXT), None)
    return Dataset(
        name=facts.name,
        digest=facts.digest,
        context=context,
        source_type=facts.source_type,
        origin=facts.source,
        schema=facts.schema,
        profile=facts.profile,
    )
