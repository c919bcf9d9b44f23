"""What the passes ask of a tracking server, however it is reached: REST or MLflow's own client."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ...records import ArtifactContent, ArtifactListing, Experiment, Millis, Run, Series
from .marks import TimeColumn


class Page:
    """One page of a search, not yet turned into records: the next one can be asked for first."""

    def __init__(
        self,
        entities: Sequence[Any],
        token: str,
        to_runs: Callable[[Sequence[Any]], tuple[Run, ...]],
        *,
        took: float = 0.0,
        size: int = 0,
    ) -> None:
        self._entities = entities
        """Payloads or MLflow's entities: both have `info.start_time` and `info.end_time`."""
        self.token = token
        self._to_runs = to_runs
        self.took = took
        """Seconds."""
        self.size = size
        """Bytes, 0 where unknown."""

    def __len__(self) -> int:
        return len(self._entities)

    def times(self, by: TimeColumn) -> list[int]:
        """The times that the search was ordered by. A run without one sorts as 0."""
        return [getattr(entity.info, by) or 0 for entity in self._entities]

    def runs(self, first: int | None = None) -> tuple[Run, ...]:
        """The `first` runs as records; None for all."""
        return self._to_runs(self._entities[:first])


class Api(Protocol):
    """A tracking server. Every method raises SourceError."""

    def server_now(self) -> Millis:
        """The server's clock as far as it is known."""

    async def experiments(self) -> list[Experiment]:
        """All experiments, deleted ones too."""

    async def search(self, experiments: Sequence[str], where: str, order: str, size: int, token: str = "") -> Page:
        """One page of runs, deleted ones too."""

    async def run(self, run_id: str) -> Run:
        """One run."""

    async def history(self, run_id: str, key: str) -> Series:
        """Every point of a metric."""

    async def sampled(self, run_ids: Sequence[str], key: str, points: int) -> list[Series] | None:
        """One metric of many runs, thinned out by the server; None when it cannot."""

    async def since(self, run_ids: Sequence[str], key: str, step: int) -> list[Series] | None:
        """The points of a metric from a step on, each series said to be complete where that is certain; None when
        the server cannot tell."""

    async def listing(self, run_id: str, folder: str) -> ArtifactListing:
        """One folder of a run's artifacts."""

    async def content(self, run_id: str, path: str) -> ArtifactContent:
        """The beginning of one artifact file; what is refused is a sentence in it."""

    async def set_tag(self, run_id: str, key: str, value: str) -> None:
        """Write a tag."""

    async def delete_tag(self, run_id: str, key: str) -> None:
        """Take a tag away."""

    async def close(self) -> None:
        """Let go of connections."""
