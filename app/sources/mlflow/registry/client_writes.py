"""What is changed in a registry through MLflow's own client."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from ....records import ModelVersion
from ..own_client import write_in_file
from . import parse

T = TypeVar("T")


class ClientWrites:
    """Every method raises SourceError or RefusedError, and is not tried again."""

    _address: str
    _source: str

    async def _do(self, work: Callable[[Any], T], doing: str = "read") -> T:
        """Have MLflow's client do it."""
        raise NotImplementedError

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        """Have the alias show this version, whatever it showed."""
        await self._do(lambda client: client.set_registered_model_alias(model, alias, version), "write to")

    async def set_version_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Write a tag."""
        await self._do(lambda client: client.set_model_version_tag(model, version, key, value), "write to")

    async def delete_version_tag(self, model: str, version: str, key: str) -> None:
        """Take a tag away."""
        await self._do(lambda client: client.delete_model_version_tag(model, version, key), "write to")

    async def set_model_tag(self, model: str, key: str, value: str) -> None:
        """Write a tag."""
        await self._do(lambda client: client.set_registered_model_tag(model, key, value), "write to")

    async def delete_model_tag(self, model: str, key: str) -> None:
        """Take a tag away."""
        await self._do(lambda client: client.delete_registered_model_tag(model, key), "write to")

    async def create_model(self, model: str) -> None:
        """Make a registered model. An AnswerError with code RESOURCE_ALREADY_EXISTS when there is one."""
        await self._do(lambda client: client.create_registered_model(model), "write to")

    async def create_version(
        self,
        model: str,
        origin: str,
        run_id: str | None,
        model_id: str | None,
        tags: Mapping[str, str],
        description: str,
    ) -> ModelVersion:
        """Make the next version of a model that there is."""

        def work(client: Any) -> Any:
            from mlflow.tracking._tracking_service.utils import _use_tracking_uri

            with _use_tracking_uri(self._address):  # where the store itself looks for the logged model
                return client.create_model_version(
                    model, origin, run_id, tags=dict(tags), description=description or None, model_id=model_id,
                    await_creation_for=0,
                )  # fmt: skip

        return as_version(await self._do(work, "write to"), self._source)

    async def update_description(self, model: str, version: str | None, text: str) -> None:
        """Describe a version, or with None the model."""
        if version is None:
            await self._do(lambda client: client.update_registered_model(model, text), "write to")
        else:
            await self._do(lambda client: client.update_model_version(model, version, text), "write to")


class FileWrites(ClientWrites):
    """The same in a SQLite file: RefusedError where its schema is not the one of the installed MLflow."""

    def __init__(self, path: Path, source: str, revision: Callable[[], Awaitable[str]]) -> None:
        self._path = path
        self._address = f"sqlite:///{path}"
        self._source = source
        self._revision = revision

    async def _do(self, work: Callable[[Any], T], doing: str = "read") -> T:
        revision = await self._revision()
        return await asyncio.to_thread(write_in_file, self._path, revision, "change its registry", work)


def as_version(entity: Any, source: str) -> ModelVersion:
    """A version of MLflow's client."""
    return parse.make_version(
        source,
        entity.name,
        str(entity.version),
        status=entity.status,
        stage=entity.current_stage,
        description=entity.description,
        created_at=parse.millis(entity.creation_timestamp),
        updated_at=parse.millis(entity.last_updated_timestamp),
        user=entity.user_id,
        run_id=entity.run_id,
        origin=entity.source,
        tags=dict(entity.tags),
        model_id=getattr(entity, "model_id", None),
    )
