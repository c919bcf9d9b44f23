"""MLflow's model registry, read in whichever way its address allows.

| address | read by |
| --- | --- |
| http(s)://... | its REST API (rest.py, passes.py) |
| sqlite:///... | MLflow's own tables, read-only (tables.py, store.py); changed by MLflow's own client |
| anything else (databricks, plugins, a folder) | MLflow's own client (client.py, passes.py) |

All three yield the same records.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ....records import LoggedModel, ModelVersion, RegisteredModel, SourceSpec
from ... import Source
from .. import server

if TYPE_CHECKING:
    import httpx

    from ...http import Connection, Credential, Http

__all__ = ["ModelRegistry", "open_registry"]


class ModelRegistry(Source, Protocol):
    """A registry, with what is changed there. All of it raises SourceError, or RefusedError where it is not ours to
    write; nothing of it is tried twice."""

    async def get_aliases(self, model: str) -> dict[str, str]:
        """Alias -> version, as it is there now. Raises NoModelError when the registered model is gone."""

    async def get_model(self, model: str) -> RegisteredModel | None:
        """A registered model with all its aliases as it is there now; None when it is gone."""

    async def get_version(self, model: str, version: str) -> ModelVersion | None:
        """A version as it is there now; None when it is gone."""

    async def versions_of_run(self, run_id: str) -> list[ModelVersion]:
        """The versions of all models that were made of a run."""

    async def versions_with_tag(self, key: str, value: str) -> list[ModelVersion]:
        """The versions of all models that have a tag with this value: both without quotes in them."""

    async def logged_of_run(self, experiment: str, run_id: str) -> list[LoggedModel]:
        """The models that a run of an experiment logged; none before MLflow 3."""

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        """Have the alias show this version, whatever it showed: it is never taken away in between."""

    async def set_version_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Write a tag on a version."""

    async def delete_version_tag(self, model: str, version: str, key: str) -> None:
        """Take a tag of a version away. One that is not there is no error."""

    async def set_model_tag(self, model: str, key: str, value: str) -> None:
        """Write a tag on a registered model."""

    async def delete_model_tag(self, model: str, key: str) -> None:
        """Take a tag of a registered model away. One that is not there is no error."""

    async def create_model(self, model: str) -> None:
        """Make a registered model. One that is there already is no error."""

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

    async def update_description(self, model: str, version: str | None, text: str) -> None:
        """Describe a version, or with None the registered model."""

    async def copy_version(self, model: str, version: str, to_model: str) -> ModelVersion:
        """Make a version of another registered model, which is made too where there is none, out of this one."""


def open_registry(
    spec: SourceSpec,
    address: str,
    *,
    environment: Mapping[str, str] | None = None,
    credential: Credential | None = None,
    connection: Connection | None = None,
    directory: Path | None = None,
    tracking: Http | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> ModelRegistry:
    """The source for a registry URI. Nothing is read, connected or imported yet.

    As `open_mlflow`; `tracking` is the server that has the logged models, where that is not the registry itself. It
    is closed with the source. Raises SourceError("misconfigured") for an address that is none.
    """
    environment = environment or {}
    from .passes import RegistrySource

    if address.startswith(("http://", "https://")):
        from .rest import RestRegistry

        http = server(address, environment, credential, connection, transport)
        return RegistrySource(spec, RestRegistry(http, spec.key, tracking))
    if address.startswith("sqlite:"):
        from ..tables import path_of
        from .tables import RegistryTables

        return RegistryTables(spec, path_of(address, directory), environment)
    from .client import ClientRegistry

    return RegistrySource(spec, ClientRegistry(address, spec.key, environment, directory))
