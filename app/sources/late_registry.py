"""A model registry on a server, opened when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping

from ..records import LoggedModel, ModelVersion, RegisteredModel
from .late import LateSource
from .mlflow.registry import ModelRegistry


class LateRegistry(LateSource[ModelRegistry]):
    """Everything as the registry does it: raises SourceError, or RefusedError where it is not ours to write.

    That its login cannot be read is a SourceError("misconfigured"). Its clock is told by the tracking server beside it.
    """

    async def get_aliases(self, model: str) -> dict[str, str]:
        """Alias -> version, as it is there now. Raises NoModelError when the registered model is gone."""
        async with self._late.in_use() as registry:
            return await registry.get_aliases(model)

    async def get_model(self, model: str) -> RegisteredModel | None:
        """A registered model with all its aliases as it is there now; None when it is gone."""
        async with self._late.in_use() as registry:
            return await registry.get_model(model)

    async def get_version(self, model: str, version: str) -> ModelVersion | None:
        """A version as it is there now; None when it is gone."""
        async with self._late.in_use() as registry:
            return await registry.get_version(model, version)

    async def versions_of_run(self, run_id: str) -> list[ModelVersion]:
        """The versions of all models that were made of a run."""
        async with self._late.in_use() as registry:
            return await registry.versions_of_run(run_id)

    async def versions_with_tag(self, key: str, value: str) -> list[ModelVersion]:
        """The versions of all models that have a tag with this value: both without quotes in them."""
        async with self._late.in_use() as registry:
            return await registry.versions_with_tag(key, value)

    async def logged_of_run(self, experiment: str, run_id: str) -> list[LoggedModel]:
        """The models that a run of an experiment logged; none before MLflow 3."""
        async with self._late.in_use() as registry:
            return await registry.logged_of_run(experiment, run_id)

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        """Have the alias show this version, whatever it showed."""
        async with self._late.in_use() as registry:
            await registry.set_alias(model, alias, version)

    async def set_version_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Write a tag on a version."""
        async with self._late.in_use() as registry:
            await registry.set_version_tag(model, version, key, value)

    async def delete_version_tag(self, model: str, version: str, key: str) -> None:
        """Take a tag of a version away. One that is not there is no error."""
        async with self._late.in_use() as registry:
            await registry.delete_version_tag(model, version, key)

    async def set_model_tag(self, model: str, key: str, value: str) -> None:
        """Write a tag on a registered model."""
        async with self._late.in_use() as registry:
            await registry.set_model_tag(model, key, value)

    async def delete_model_tag(self, model: str, key: str) -> None:
        """Take a tag of a registered model away. One that is not there is no error."""
        async with self._late.in_use() as registry:
            await registry.delete_model_tag(model, key)

    async def create_model(self, model: str) -> None:
        """Make a registered model. One that is there already is no error."""
        async with self._late.in_use() as registry:
            await registry.create_model(model)

    async def create_version(
        self,
        model: str,
        origin: str,
        run_id: str | None = None,
        model_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        description: str = "",
    ) -> ModelVersion:
        """Make the next version of a registered model that there is. A second call makes another one."""
        async with self._late.in_use() as registry:
            return await registry.create_version(model, origin, run_id, model_id, tags, description)

    async def update_description(self, model: str, version: str | None, text: str) -> None:
        """Describe a version, or with None the registered model."""
        async with self._late.in_use() as registry:
            await registry.update_description(model, version, text)

    async def copy_version(self, model: str, version: str, to_model: str) -> ModelVersion:
        """Make a version of another registered model out of this one."""
        async with self._late.in_use() as registry:
            return await registry.copy_version(model, version, to_model)
