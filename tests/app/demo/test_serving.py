"""What the demo serves while somebody watches."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from quarterdeck.app import trust
from quarterdeck.app.demo.production import EXPERIMENT
from quarterdeck.app.demo.runs import open_client
from quarterdeck.app.demo.serving import Serving
from quarterdeck.app.demo.team import MINUTE
from quarterdeck.app.demo.world import read_world
from quarterdeck.app.settings import load
from quarterdeck.app.store.files import cache_file
from quarterdeck.app.store.state import State, state_file
from quarterdeck.app.sync.once import sync_now
from quarterdeck.app.triage.sight import kept_sight
from tests.app.demo.test_trainer import age_by_an_hour

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

NOW = int(time.time() * 1000)

pytestmark = pytest.mark.filterwarnings("ignore")  # MLflow warns of how it uses its own libraries


@pytest.fixture
def client(copied: Path, monkeypatch: pytest.MonkeyPatch) -> MlflowClient:
    monkeypatch.setenv("_MLFLOW_SERVER_ARTIFACT_ROOT", "")  # the client sets it: taken back after the test
    return open_client(copied, copied / "mlartifacts")


def served(client: MlflowClient, model: str = "churn-offers") -> dict[str, float]:
    """Version -> its newest precision, of the runs that go on."""
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    found = client.search_runs([experiment], f"attributes.status = 'RUNNING' AND tags.model = '{model}'")
    return {run.data.tags["version"]: run.data.metrics["precision"] for run in found}


def list_runs(client: MlflowClient) -> set[str]:
    experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
    return {run.info.run_id for run in client.search_runs([experiment])}


def test_a_champion_that_went_back_is_served_from_then_on_and_the_other_is_no_more(
    copied: Path, client: MlflowClient
) -> None:
    serving = Serving(client, read_world(copied))
    before = list_runs(client)
    serving.log(NOW)
    assert list_runs(client) == before
    assert served(client).keys() == {"3"}
    assert served(client)["3"] < 0.78
    client.set_registered_model_alias("churn-offers", "champion", "2")
    serving.log(NOW + MINUTE)
    assert served(client).keys() == {"2"}
    assert served(client)["2"] > 0.78
    client.set_registered_model_alias("churn-offers", "champion", "3")
    serving.log(NOW + 2 * MINUTE)
    assert served(client)["3"] < 0.78  # it does no better than before


def test_a_version_that_was_never_served_is_when_it_is_promoted_and_none_where_there_is_no_champion(
    copied: Path, client: MlflowClient
) -> None:
    serving = Serving(client, read_world(copied))
    client.set_registered_model_alias("churn", "champion", "5")
    client.delete_registered_model_alias("churn-realtime", "champion")
    serving.log(NOW)
    assert served(client, "churn").keys() == {"5"}
    assert served(client, "churn-realtime") == {}


def test_a_world_that_nobody_has_served_for_an_hour_is_not_called_silent_though_a_point_a_minute_came_before(
    copied: Path, client: MlflowClient
) -> None:
    serving = Serving(client, read_world(copied))
    for minute in range(12):
        serving.log(NOW + minute * MINUTE)
    age_by_an_hour(copied)
    settings = load(directory=copied)
    trust.record_trust(settings)
    sync_now(settings, cache_file(None, settings.project_key), names=("models", "production"))
    with State(state_file(settings.project_key)) as state:
        kept = kept_sight(state)
    assert kept is not None
    kinds = {signal.kind for one in kept[1].attentions for signal in one.signals}
    assert "threshold" in kinds
    assert "series stale" not in kinds
