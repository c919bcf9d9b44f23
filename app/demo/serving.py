"""What is served while somebody watches: whatever the champions are, with a point a minute of how each of them does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ..records import Millis
from .plans import plans
from .production import EXPERIMENT, SERVED, Service, begin_run, points_at, services
from .registry import shelve
from .team import MINUTE
from .world import World

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

_USUAL_P95 = 60.0


class Serving:
    """The versions that are served, each with the run to which its figures go."""

    def __init__(self, client: MlflowClient, world: World) -> None:
        self._client = client
        for (
            model
        ) in SERVED:  # MLflow opens its registry now: later it would make the folder of a world anew that is gone
            client.get_registered_model(model)
        planned = plans(world)
        self._draw = world.draw("production as it goes on")
        self._logged_at: Millis = 0
        self._known = {(one.model, one.version): one for one in services(world, planned, shelve(world, planned))}
        self._runs = {run.data.tags["model"]: run for run in _running(client)}
        """Model -> the run that goes on."""

    def log(self, now: Millis) -> None:
        """Log what is due. Raises MlflowException where the store would not take it just now."""
        if now - self._logged_at < MINUTE:
            return
        self._logged_at = now
        for model in SERVED:
            self._follow(model, now)
            if (run := self._runs.get(model)) is not None:
                self._log(run, self._service(model, run.data.tags["version"], now), now)

    def _log(self, run: Run, service: Service, now: Millis) -> None:
        from mlflow.entities import Metric

        points = points_at(service, now, self._draw)
        self._client.log_batch(
            run.info.run_id, [Metric(key, point.value, point.at, point.step) for key, point in points]
        )  # fmt: skip

    def _follow(self, model: str, now: Millis) -> None:
        """Serve what the alias shows: the run of what it showed before ends, and another one begins."""
        shown = self._client.get_registered_model(model).aliases.get("champion")
        version = "" if shown is None else str(shown)  # a number out of MLflow's own store
        run = self._runs.get(model)
        if run is not None and run.data.tags["version"] != version:
            self._client.set_terminated(run.info.run_id, "FINISHED", now)
            del self._runs[model]
        if version and model not in self._runs:
            experiment = self._client.get_experiment_by_name(EXPERIMENT).experiment_id
            service = msgspec.structs.replace(self._service(model, version, now), began=now)
            self._runs[model] = self._client.get_run(begin_run(self._client, experiment, service))

    def _service(self, model: str, version: str, now: Millis) -> Service:
        """How a version does: as before where it was served before, else as its training measured it."""
        if (model, version) not in self._known:
            run = self._client.get_model_version(model, version).run_id
            measured = self._client.get_run(run).data.metrics if run else {}
            p95 = measured.get("p95_latency_ms", _USUAL_P95)
            self._known[model, version] = Service(model=model, version=version, began=now, ended=None, p95=p95)
        return self._known[model, version]


def _running(client: MlflowClient) -> Sequence[Run]:
    found = client.get_experiment_by_name(EXPERIMENT)
    return [] if found is None else client.search_runs([found.experiment_id], "attributes.status = 'RUNNING'")
