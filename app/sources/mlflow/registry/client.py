"""The registry through MLflow's own client, for every address that is neither HTTP nor SQLite."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from ....errors import SourceError
from ....records import LoggedModel, ModelMetric, ModelVersion, RegisteredModel
from ..own_client import OwnClient
from ..parse import metric_number
from . import parse
from .api import MOST_LOGGED, Order, Page
from .client_writes import ClientWrites, as_version
from .parse import Point
from .rest import among, is_gone

T = TypeVar("T")

_EXPERIMENTS_A_PAGE: Final = 1_000
_ALL: Final = 3
"""ViewType.ALL"""
_LOGGED_STATUSES: Final = {"PENDING", "READY", "FAILED"}


class ClientRegistry(OwnClient, ClientWrites):
    """A registry through MLflow's client. Every method raises SourceError."""

    async def _do(self, work: Callable[[Any], T], doing: str = "read") -> T:
        """Have MLflow's client do it. A folder of MLflow's looks for logged models where the process's own URI leads,
        and makes a database there where there is none: it is led back to itself."""

        def at_home(client: Any) -> T:
            from mlflow.tracking._tracking_service.utils import _use_tracking_uri

            with _use_tracking_uri(self._address):
                return work(client)

        return await super()._do(at_home, doing)

    async def knows_prompts(self) -> bool:
        """The installed client does, and so does whatever it runs in this process."""
        return True

    async def models(self, size: int, token: str, *, prompts: bool) -> Page[RegisteredModel]:
        """One page of registered models by name, with all their aliases; or of prompts."""
        where = parse.PROMPTS if prompts else None
        page = await self._do(
            lambda client: client.search_registered_models(where, max_results=size, page_token=token or None)
        )
        return Page(tuple(_as_model(one, self._source) for one in page), page.token or "")

    async def versions(self, order: Order, size: int, token: str, *, prompts: bool) -> Page[ModelVersion]:
        """One page of the versions of all models, or of all prompts."""
        where = parse.PROMPTS if prompts else None
        page = await self._do(
            lambda client: client.search_model_versions(
                where, max_results=size, order_by=[order], page_token=token or None
            )
        )
        return Page(tuple(as_version(one, self._source) for one in page), page.token or "")

    async def model(self, name: str) -> RegisteredModel | None:
        """A registered model with all its aliases; None when there is none."""
        try:
            return _as_model(await self._do(lambda client: client.get_registered_model(name)), self._source)
        except SourceError as error:
            if is_gone(error):
                return None
            raise

    async def version(self, model: str, version: str) -> ModelVersion | None:
        """One version; None when there is none."""
        try:
            return as_version(await self._do(lambda client: client.get_model_version(model, version)), self._source)
        except SourceError as error:
            if is_gone(error):
                return None
            raise

    async def versions_of_run(self, run_id: str) -> list[ModelVersion]:
        """The versions of all models that were made of a run."""
        return await self._versions(among("run_id", [run_id]))

    async def versions_with_tag(self, key: str, value: str) -> list[ModelVersion]:
        """The versions of all models that have a tag with this value."""
        return await self._versions(f"tags.`{key}` = '{value}'")

    async def _versions(self, where: str) -> list[ModelVersion]:
        if not where:
            return []
        found = await self._do(lambda client: _all(client.search_model_versions, filter_string=where))
        return [as_version(one, self._source) for one in found]

    async def logged_of_run(self, experiment: str, run_id: str) -> list[LoggedModel]:
        """The models that a run logged."""
        where = among("source_run_id", [run_id])
        if not where:
            return []
        found = await self._do(
            lambda client: _all(client.search_logged_models, experiment_ids=[experiment], filter_string=where)
        )
        return [_as_logged(one, self._source) for one in found]

    async def experiments(self) -> list[str]:
        """Ids of all experiments, deleted ones too."""
        return await self._do(_all_experiments)

    async def logged(self, experiments: Sequence[str], model_ids: Sequence[str]) -> list[LoggedModel] | None:
        """Those of the logged models that are in these experiments."""
        where = among("model_id", model_ids)
        if not where:
            return []
        page = await self._do(
            lambda client: client.search_logged_models(list(experiments), where, max_results=MOST_LOGGED)
        )
        return [_as_logged(one, self._source) for one in page]

    async def nans(self, experiments: Sequence[str], run_ids: Sequence[str]) -> list[Point]:
        """Where the metrics of these runs stand at NaN now."""
        where = among("attributes.run_id", run_ids)
        if not where:
            return []
        page = await self._do(
            lambda client: client.search_runs(list(experiments), where, run_view_type=_ALL, max_results=MOST_LOGGED)
        )
        return [
            (run.info.run_id, metric.key, metric.step, metric.timestamp)
            for run in page
            for metric in run.data._metric_objs
            if metric.value != metric.value
        ]


def _all_experiments(client: Any) -> list[str]:
    found = _all(client.search_experiments, view_type=_ALL, max_results=_EXPERIMENTS_A_PAGE)
    return [one.experiment_id for one in found]


def _all(search: Callable[..., Any], **asked: Any) -> list[Any]:
    """Every page of a search."""
    found: list[Any] = []
    token: str | None = None
    while True:
        page = search(page_token=token, **asked)
        found += page
        token = page.token
        if not token:
            return found


def _as_model(entity: Any, source: str) -> RegisteredModel:
    # the entity's own `tags` leave out the one that says that it is a prompt
    tags = getattr(entity, "_tags", None)
    return parse.make_model(
        source,
        entity.name,
        description=entity.description,
        created_at=parse.millis(entity.creation_timestamp),
        updated_at=parse.millis(entity.last_updated_timestamp),
        tags=dict(entity.tags if tags is None else tags),
        aliases={alias: str(version) for alias, version in entity.aliases.items()},
    )


def _as_logged(entity: Any, source: str) -> LoggedModel:
    status = str(entity.status)
    return parse.make_logged(
        source,
        entity.model_id,
        name=entity.name,
        kind=entity.model_type,
        status=status if status in _LOGGED_STATUSES else None,
        run_id=entity.source_run_id,
        experiment_id=str(entity.experiment_id),
        created_at=parse.millis(entity.creation_timestamp),
        params=dict(entity.params or {}),
        metrics=[
            ModelMetric(
                name=metric.key, value=metric_number(metric.value), step=metric.step, at=metric.timestamp or None,
                run_id=metric.run_id or None, dataset_name=metric.dataset_name or None,
                dataset_digest=metric.dataset_digest or None,
            )
            for metric in entity.metrics or ()
        ],
    )  # fmt: skip
