"""A real MLflow server's registry, as a test fills it and as a cache would keep it."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import httpx

from quarterdeck.app.records import Batch, LoggedModel, ModelVersion, RegisteredModel

API = "/api/2.0/mlflow/"
PROMPT = {"key": "mlflow.prompt.is_prompt", "value": "true"}


class Registry:
    """Fills a registry, a request each, in MLflow's own words."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def ask(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Any call of the API."""
        sent = {"params": body} if method == "GET" else {"json": body}
        answer = self._client.request(method, API + path, **sent)  # type: ignore[arg-type]  # one of the two
        assert answer.is_success, answer.text
        read: dict[str, Any] = answer.json()
        return read

    def model(self, name: str, *, tags: Sequence[Mapping[str, str]] = (), description: str = "") -> str:
        """A registered model; gives its name."""
        self.ask("POST", "registered-models/create", name=name, tags=list(tags), description=description)
        return name

    def version(self, name: str, origin: str = "s3://bucket/model", **more: Any) -> str:
        """A version of it; gives its number."""
        made = self.ask("POST", "model-versions/create", name=name, source=origin, **more)
        return str(made["model_version"]["version"])

    def alias(self, name: str, alias: str, version: str) -> None:
        """Have an alias show a version."""
        self.ask("POST", "registered-models/alias", name=name, alias=alias, version=version)

    def unalias(self, name: str, alias: str) -> None:
        """Take an alias away."""
        self.ask("DELETE", "registered-models/alias", name=name, alias=alias)

    def delete(self, name: str, version: str | None = None) -> None:
        """Delete a version, or the whole registered model."""
        if version is None:
            self.ask("DELETE", "registered-models/delete", name=name)
        else:
            self.ask("DELETE", "model-versions/delete", name=name, version=version)

    def prompt(self, name: str) -> str:
        """A prompt with one version, which MLflow keeps among the registered models."""
        self.model(name, tags=[PROMPT])
        self.version(name, "prompt-template", tags=[PROMPT, {"key": "mlflow.prompt.text", "value": "Hi"}])
        return name

    def experiment(self, name: str) -> str:
        """A new experiment; gives its id."""
        return str(self.ask("POST", "experiments/create", name=name)["experiment_id"])

    def run(self, experiment: str) -> str:
        """A run; gives its id."""
        made = self.ask("POST", "runs/create", experiment_id=experiment, start_time=int(time.time() * 1000))
        return str(made["run"]["info"]["run_id"])

    def logged(self, experiment: str, run: str, params: Mapping[str, str] | None = None) -> str:
        """A model as a run logs it; gives its id."""
        pairs = [{"key": key, "value": value} for key, value in (params or {}).items()]
        asked = {"experiment_id": experiment, "name": "model", "model_type": "xgb", "source_run_id": run}
        made = self.ask("POST", "logged-models", **asked, params=pairs)
        model_id = str(made["model"]["info"]["model_id"])
        self.ask("PATCH", f"logged-models/{model_id}", model_id=model_id, status=2)
        return model_id

    def measure(self, run: str, model_id: str, key: str, value: float | str, **more: Any) -> None:
        """A metric of a logged model; `more` is step, timestamp, dataset_name and dataset_digest."""
        asked = {"timestamp": 1_790_000_000_000, "step": 0} | more
        self.ask("POST", "runs/log-metric", run_id=run, model_id=model_id, key=key, value=value, **asked)

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()


class Wire(httpx.AsyncHTTPTransport):
    """The real way to a server, which notes what is asked and may answer in its stead."""

    def __init__(self, instead: Callable[[httpx.Request], httpx.Response | None] = lambda request: None) -> None:
        super().__init__()
        self.asked: list[tuple[str, dict[str, str]]] = []
        """Path below the API, and query."""
        self._instead = instead

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for path, _ in self.asked]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.path.removeprefix(API), dict(request.url.params)))
        return self._instead(request) or await super().handle_async_request(request)


class Kept:
    """What batches brought, as a cache would keep it."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.models: dict[str, RegisteredModel] = {}
        self.versions: dict[tuple[str, str], ModelVersion] = {}
        self.logged: dict[str, LoggedModel] = {}
        self.cursor: Mapping[str, Any] = {}

    async def take(self, batches: AsyncIterator[Batch]) -> Kept:
        """Keep all of them; `batches` are those of this time."""
        self.batches = []
        async for batch in batches:
            self.add(batch)
        return self

    def add(self, batch: Batch) -> None:
        """Keep one. (Whether a sweep met a version is left to the cache's own tests.)"""
        self.batches.append(batch)
        if batch.models_complete:
            self.models = {}
        self.models.update({model.name: model for model in batch.models})
        self.versions.update({(one.model, one.version): one for one in batch.versions})
        for gone in batch.versions_gone:
            self.versions.pop(gone, None)
        self.logged.update({model.id: model for model in batch.logged_models})
        if batch.cursor is not None:
            self.cursor = json.loads(json.dumps(batch.cursor))

    @property
    def gone(self) -> list[tuple[str, str]]:
        """What this time's batches said is gone."""
        return [named for batch in self.batches for named in batch.versions_gone]

    @property
    def handed(self) -> list[tuple[str, str]]:
        """Versions that this time's batches handed over."""
        return [(one.model, one.version) for batch in self.batches for one in batch.versions]
