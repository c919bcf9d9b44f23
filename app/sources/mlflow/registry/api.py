"""What the passes ask of a registry, however it is reached: REST or MLflow's own client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Generic, Literal, NamedTuple, Protocol, TypeVar

from ....records import LoggedModel, Millis, ModelVersion, RegisteredModel
from .parse import Point

R = TypeVar("R", RegisteredModel, ModelVersion)

MOST_LOGGED: Final = 100
"""Logged models of one request: 0.16 s, 0.7 MB with 20 metrics each; 200 take 0.5 s."""

Order = Literal["creation_timestamp DESC", "last_updated_timestamp DESC"]


class Page(NamedTuple, Generic[R]):
    """One page of a search."""

    records: tuple[R, ...]
    token: str
    """For the next page; "" when this is the last."""


class LoggedApi(Protocol):
    """A tracking server, as far as logged models go. Every method raises SourceError."""

    async def experiments(self) -> list[str]:
        """Ids of all experiments. One request for each 5,000."""

    async def logged(self, experiments: Sequence[str], model_ids: Sequence[str]) -> list[LoggedModel] | None:
        """Those of at most MOST_LOGGED logged models that are in these experiments; None before MLflow 3."""

    async def logged_of_run(self, experiment: str, run_id: str) -> list[LoggedModel]:
        """The models that a run logged; none before MLflow 3."""

    async def nans(self, experiments: Sequence[str], run_ids: Sequence[str]) -> list[Point]:
        """Where the metrics of at most MOST_LOGGED runs stand at NaN now."""


class WriteApi(Protocol):
    """What is changed in a registry. Every method raises SourceError or RefusedError, and is not tried again."""

    async def set_alias(self, model: str, alias: str, version: str) -> None:
        """Have the alias show this version, whatever it showed."""

    async def set_version_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Write a tag."""

    async def delete_version_tag(self, model: str, version: str, key: str) -> None:
        """Take a tag away."""

    async def set_model_tag(self, model: str, key: str, value: str) -> None:
        """Write a tag."""

    async def delete_model_tag(self, model: str, key: str) -> None:
        """Take a tag away."""

    async def create_model(self, model: str) -> None:
        """Make a registered model. An AnswerError with code RESOURCE_ALREADY_EXISTS when there is one."""

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

    async def update_description(self, model: str, version: str | None, text: str) -> None:
        """Describe a version, or with None the model."""


class RegistryApi(LoggedApi, WriteApi, Protocol):
    """A registry. Every method raises SourceError."""

    def server_now(self) -> Millis:
        """The server's clock as far as it is known."""

    async def knows_prompts(self) -> bool:
        """Whether searches leave prompts out unless they are asked for. One request, once."""

    async def models(self, size: int, token: str, *, prompts: bool) -> Page[RegisteredModel]:
        """One page of registered models by name, with all their aliases; or of prompts."""

    async def versions(self, order: Order, size: int, token: str, *, prompts: bool) -> Page[ModelVersion]:
        """One page of the versions of all models, or of all prompts."""

    async def model(self, name: str) -> RegisteredModel | None:
        """A registered model with all its aliases; None when there is none."""

    async def version(self, model: str, version: str) -> ModelVersion | None:
        """One version; None when there is none."""

    async def versions_of_run(self, run_id: str) -> list[ModelVersion]:
        """The versions of all models that were made of a run."""

    async def versions_with_tag(self, key: str, value: str) -> list[ModelVersion]:
        """The versions of all models that have a tag with this value: both without quotes in them."""

    async def close(self) -> None:
        """Let go of connections."""
