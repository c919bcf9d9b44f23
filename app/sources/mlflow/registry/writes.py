"""What can be changed in a registry: the same over each way of reaching it. Nothing here is tried twice."""

from __future__ import annotations

from collections.abc import Mapping

from ....errors import SourceError
from ....records import ModelVersion, RegisteredModel, SourceSpec
from ...trouble import AnswerError, NoModelError
from .api import WriteApi


class RegistryWrites:
    """Every method raises SourceError, or RefusedError where this registry is not written by us."""

    def __init__(self, spec: SourceSpec, writer: WriteApi) -> None:
        self._spec = spec
        self._writer = writer

    @property
    def spec(self) -> SourceSpec:
        """Which source this is."""
        return self._spec

    async def get_model(self, model: str) -> RegisteredModel | None:
        """A registered model with all its aliases as it is there now; None when it is gone."""
        raise NotImplementedError

    async def get_version(self, model: str, version: str) -> ModelVersion | None:
        """A version as it is there now; None when it is gone."""
        raise NotImplementedError

    async def get_aliases(self, model: str) -> dict[str, str]:
        """Alias -> version, as it is there now. Raises NoModelError when the registered model is gone."""
        found = await self.get_model(model)
        if found is None:
            raise NoModelError(f"{self._spec.name} has no registered model “{model}” (any more).")
        return dict(found.aliases)

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        """Have the alias show this version, whatever it showed: it is never taken away in between."""
        await self._writer.set_alias(model, alias, version)

    async def set_version_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Write a tag on a version."""
        await self._writer.set_version_tag(model, version, key, value)

    async def delete_version_tag(self, model: str, version: str, key: str) -> None:
        """Take a tag of a version away. One that is not there is no error."""
        await self._writer.delete_version_tag(model, version, key)

    async def set_model_tag(self, model: str, key: str, value: str) -> None:
        """Write a tag on a registered model."""
        await self._writer.set_model_tag(model, key, value)

    async def delete_model_tag(self, model: str, key: str) -> None:
        """Take a tag of a registered model away. One that is not there is no error."""
        await self._writer.delete_model_tag(model, key)

    async def create_model(self, model: str) -> None:
        """Make a registered model. One that is there already is no error."""
        try:
            await self._writer.create_model(model)
        except AnswerError as error:
            if error.code != "RESOURCE_ALREADY_EXISTS":
                raise

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
        return await self._writer.create_version(model, origin, run_id, model_id, tags or {}, description)

    async def update_description(self, model: str, version: str | None, text: str) -> None:
        """Describe a version, or with None the registered model."""
        await self._writer.update_description(model, version, text)

    async def copy_version(self, model: str, version: str, to_model: str) -> ModelVersion:
        """Make a version of another registered model, which is made too where there is none, out of this one.

        As MLflow's client does: with its tags, description and run, without its aliases. A second call makes another.
        """
        found = await self.get_version(model, version)
        if found is None:
            raise SourceError(f"{self._spec.name} has no version {version} of “{model}” (any more).", "misconfigured")
        await self.create_model(to_model)
        # without the logged model: servers take only the one that they have on the version itself, and most have none
        return await self.create_version(
            to_model, f"models:/{model}/{version}", found.run_id, None, found.tags, found.description
        )
