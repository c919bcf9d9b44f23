"""A project on a real MLflow server, reached through a door that a test can shut."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from quarterdeck.app.settings import Settings, load
from tests.servers.between import Between
from tests.servers.mlflow_registry import Registry


class Models:
    """A real registry, a project that reaches it, and what a test makes there: each under names of its own."""

    def __init__(self, registry: Registry, door: Between, folder: Path) -> None:
        self.registry = registry
        self.door = door
        self.folder = folder
        self.model = f"churn {uuid.uuid4().hex[:8]}"
        """The name of a registered model that there is not yet."""
        self.experiment = registry.experiment(f"acts {uuid.uuid4().hex[:8]}")

    @property
    def settings(self) -> Settings:
        """The project's."""
        return load(directory=self.folder)

    def run(self, *, logs: int = 1) -> str:
        """A run with so many logged models; gives its id."""
        run = self.registry.run(self.experiment)
        for _ in range(logs):
            self.registry.logged(self.experiment, run)
        return run

    def logged(self, run: str) -> list[str]:
        """Ids of the run's logged models, the first one first."""
        asked = {"experiment_ids": [self.experiment], "filter": f"source_run_id = '{run}'"}
        found = self.registry.ask("POST", "logged-models/search", **asked).get("models", [])
        ordered = sorted(found, key=lambda one: int(one["info"]["creation_timestamp_ms"]))
        return [str(one["info"]["model_id"]) for one in ordered]

    def versions(self, model: str | None = None) -> list[dict[str, Any]]:
        """All versions of the registered model, the first one first, as MLflow has them."""
        answer = self.registry.ask("GET", "model-versions/search", filter=f'name = "{model or self.model}"')
        return sorted(answer.get("model_versions", []), key=lambda one: int(one["version"]))

    def tags(self, version: dict[str, Any]) -> dict[str, str]:
        """Tags of one of these."""
        return {tag["key"]: tag["value"] for tag in version.get("tags", [])}
