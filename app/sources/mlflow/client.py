"""Runs through MLflow's own client, for every address that is neither HTTP nor SQLite: databricks, plugins, other
databases, a folder of runs; and tags that are written into a SQLite store.
"""

from __future__ import annotations

import asyncio
import tempfile
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from ...records import (
    LARGEST_CONTENT,
    Artifact,
    ArtifactContent,
    ArtifactListing,
    Dataset,
    Experiment,
    Metric,
    Run,
    Series,
)
from . import parse
from .own_client import OwnClient, write_in_file
from .pages import Page

_EXPERIMENTS_A_PAGE: Final = 1_000
_LARGEST_FETCHED: Final = 20_000_000
"""Bytes of a file of which only the beginning is kept."""
_ALL: Final = 3
"""ViewType.ALL"""


def tag_in_file(path: Path, revision: str, run_id: str, key: str, value: str | None) -> None:
    """Set a tag in a SQLite store, or with None take it away. Blocking. Raises RefusedError, SourceError."""

    def work(client: Any) -> None:
        if value is None:
            client.delete_tag(run_id, key)
        else:
            client.set_tag(run_id, key, value)

    write_in_file(path, revision, "set the tag", work)


class ClientApi(OwnClient):
    """A tracking store through MLflow's client. Every method raises SourceError."""

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
