"""What acts on registered models need at hand: the registry, and the sources that have the runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from ..errors import SourceError
from ..records import LoggedModel, ModelVersion, RegisteredModel, Run, SourceSpec, Want
from ..sources.trouble import AnswerError
from . import Surroundings
from .offers import Offer, chosen, of_path, offers
from .tags import TagsRuns, read_run


@runtime_checkable
class Registry(Protocol):
    """A source whose registered models can be changed, and read again."""

    @property
    def spec(self) -> SourceSpec:
        """Which source it is."""

    async def get_model(self, model: str) -> RegisteredModel | None:
        """A registered model as it is now; None when there is none. Raises SourceError."""

    async def get_version(self, model: str, version: str) -> ModelVersion | None:
        """A version as it is now; None when there is none. Raises SourceError."""

    async def versions_of_run(self, run_id: str) -> list[ModelVersion]:
        """What was registered of a run. Raises SourceError."""

    async def versions_with_tag(self, key: str, value: str) -> list[ModelVersion]:
        """The versions that have a tag with this value. Raises SourceError."""

    async def logged_of_run(self, experiment: str, run_id: str) -> list[LoggedModel]:
        """The models that a run logged. Raises SourceError."""

    async def create_model(self, model: str) -> None:
        """Make a registered model; one that is there is no error. Raises SourceError, RefusedError."""

    async def create_version(
        self,
        model: str,
        origin: str,
        run_id: str | None = None,
        model_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        description: str = "",
    ) -> ModelVersion:
        """Make the next version. A second call makes another one. Raises SourceError, RefusedError."""

    async def set_version_tag(self, model: str, version: str, key: str, value: str) -> None:
        """Write a tag. Raises SourceError, RefusedError."""

    async def delete_version_tag(self, model: str, version: str, key: str) -> None:
        """Take a tag away. Raises SourceError, RefusedError."""

    async def set_model_tag(self, model: str, key: str, value: str) -> None:
        """Write a tag. Raises SourceError, RefusedError."""

    async def delete_model_tag(self, model: str, key: str) -> None:
        """Take a tag away. Raises SourceError, RefusedError."""

    async def update_description(self, model: str, version: str | None, text: str) -> None:
        """Describe a version, or with None the model. Raises SourceError, RefusedError."""

    async def close(self) -> None:
        """Let go of connections."""


class Sight:
    """What is to become a version, and where it is to go, as they are now."""

    def __init__(self, target: RegisteredModel | None) -> None:
        self.target = target
        """The registered model that gets a version; None: it will be made."""
        self.run: Run | None = None
        self.offers: Sequence[Offer] = ()
        """What of the run can have been meant ..."""
        self.others: Sequence[Offer] = ()
        """... and all that it has."""
        self.copied: ModelVersion | None = None
        """The version that is copied."""
        self.there: Sequence[ModelVersion] = ()
        """Versions of the registered model that were made of the same run."""


class Desk:
    """One act's."""

    def __init__(self, registry: Registry, around: Surroundings) -> None:
        self.registry = registry
        self.spec = registry.spec
        self.sight: Sight | None = None
        self.has_asked = False
        """The version was asked for: from here on there may be one."""
        self.is_answered = False
        """The server said what it did, or did not do: nothing of it is still under way."""
        self._sources = around.sources

    async def look_at_run(self, intent: Mapping[str, Any]) -> Sight | None:
        """The run, its models and where they go. None when there is no such run. Raises SourceError."""
        tracking = next((one for one in self._sources if one.spec.key == intent["tracking"]), None)
        if not isinstance(tracking, TagsRuns):
            raise SourceError("The settings name the run's source no more.", "misconfigured")
        run = await read_run(tracking, intent["run_id"])
        if run is None:
            return None
        sight = self.sight = Sight(await self.registry.get_model(intent["model"]))
        sight.run = run
        path, model_id = intent.get("path"), intent.get("model_id")
        sight.others = offers(run, await self.registry.logged_of_run(run.experiment_id, run.id))
        sight.offers = chosen(sight.others, path, model_id)
        if not sight.offers and path is not None and model_id is None and await _has(tracking, run, path):
            sight.offers = [of_path(run, path)]
        await self._look_there(run.id, intent["model"])
        return sight

    async def look_at_version(self, intent: Mapping[str, Any]) -> Sight | None:
        """The version that is copied, and where it goes. None when there is no such version. Raises SourceError."""
        copied = await self.registry.get_version(intent["model"], intent["version"])
        if copied is None:
            return None
        sight = self.sight = Sight(await self.registry.get_model(intent["to"]))
        sight.copied = copied
        if copied.run_id:
            await self._look_there(copied.run_id, intent["to"])
        return sight

    async def _look_there(self, run_id: str, model: str) -> None:
        assert self.sight is not None
        if self.sight.target is not None:
            found = await self.registry.versions_of_run(run_id)
            self.sight.there = [one for one in found if one.model == model]

    async def make(
        self, model: str, origin: str, run_id: str | None, model_id: str | None, tags: Mapping[str, str], text: str
    ) -> ModelVersion:
        """The new version; the registered model before it, where there is none. Raises SourceError, RefusedError."""
        assert self.sight is not None
        if self.sight.target is None:
            await self.registry.create_model(model)
        self.has_asked = True
        try:
            return await self.registry.create_version(model, origin, run_id, model_id, tags, text)
        except AnswerError:
            self.is_answered = True
            raise


async def _has(tracking: TagsRuns, run: Run, path: str) -> bool:
    """Whether the run has such an artifact; also where nobody can say."""
    folder = path.rpartition("/")[0]
    want = Want(kind="artifacts", source=tracking.spec.key, run_ids=(run.id,), keys=(folder,))
    try:
        listings = [listing async for batch in tracking.want(want) for listing in batch.listings]
    except SourceError:
        return True
    return not listings or any(one.path == path for listing in listings for one in listing.artifacts)
