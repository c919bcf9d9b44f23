"""Acts on registered models as a terminal asks for them: processes of their own, against a real server, taken back."""

from __future__ import annotations

import contextlib
import subprocess
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app import acting as module
from quarterdeck.app import trust
from quarterdeck.app.acting import Acting, Progress
from quarterdeck.app.actions import LATE_SECONDS, reconcile
from quarterdeck.app.deeds import change
from quarterdeck.app.errors import UsageError
from quarterdeck.app.records import ModelVersion, RegisteredModel, Run
from quarterdeck.app.registering import MOST_AT_ONCE, Registering
from quarterdeck.app.settings import Settings, load
from quarterdeck.app.sources.registry import build
from quarterdeck.app.store.state import State, state_file
from quarterdeck.app.sync.life import same_project
from tests.servers.mlflow_registry import Registry


@pytest.fixture
def project(tmp_path: Path, mlflow_server: str) -> Path:
    """A trusted project on the real server."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{mlflow_server}"\n')
    trust.record_trust(load(directory=folder))
    return folder


@pytest.fixture
def settings(project: Path) -> Settings:
    return load(directory=project)


@pytest.fixture
def state(settings: Settings) -> Iterator[State]:
    with State(state_file(settings.project_key)) as opened:
        yield opened


@pytest.fixture
def acting(settings: Settings, state: State, project: Path) -> Acting:
    """What a terminal has."""
    return Acting(settings, state, lambda: same_project(project=project), read_only=False)


@pytest.fixture
def registering(settings: Settings, acting: Acting) -> Registering:
    return Registering(settings, acting)


@pytest.fixture
def registry(mlflow_server: str) -> Iterator[Registry]:
    made = Registry(mlflow_server)
    yield made
    made.close()


@pytest.fixture
def name() -> str:
    """Of a registered model that there is not yet."""
    return f"churn {uuid.uuid4().hex[:8]}"


@pytest.fixture
def runs(settings: Settings, registry: Registry) -> list[Run]:
    """Three runs of the server, as the cache would have them; the second logged no model."""
    source = key_of(settings, "mlflow")
    experiment = registry.experiment(f"registering {uuid.uuid4().hex[:8]}")
    ids = [registry.run(experiment) for _ in range(3)]
    for run in (ids[0], ids[2]):
        registry.logged(experiment, run)
    return [
        Run(source=source, id=run, experiment_id=experiment, name=f"run {n}", status="finished")
        for n, run in enumerate(ids)
    ]


def key_of(settings: Settings, kind: str) -> str:
    (found,) = [source.spec.key for source in build(settings) if source.spec.kind == kind]
    return found


def over(acting: Acting, batch: str) -> Progress:
    """Wait for the process, and give what came of the batch."""
    module._started[-1].wait(60)
    return acting.progress(batch)


def versions(registry: Registry, name: str) -> list[ModelVersion]:
    """As a cache would have them, the first one first."""
    found = registry.ask("GET", "model-versions/search", filter=f"name = '{name}'").get("model_versions", [])
    made = [
        ModelVersion(
            source="", model=name, version=one["version"], run_id=one["run_id"],
            description=one.get("description", ""), tags={tag["key"]: tag["value"] for tag in one.get("tags", [])},
        )
        for one in found
    ]  # fmt: skip
    return sorted(made, key=lambda one: int(one.version))


def test_runs_are_registered_by_a_process_of_its_own_each_as_far_as_it_has_a_model(
    registering: Registering, acting: Acting, registry: Registry, runs: list[Run], name: str
) -> None:
    progress = over(acting, registering.register(runs, name))
    assert (progress.what, progress.of) == (f"registration as {name}", "models")
    assert (progress.total, progress.done, progress.failed) == (3, 2, 1)
    assert "run 1 logged no model" in progress.why[0][0]
    assert [one.run_id for one in versions(registry, name)] == [runs[0].id, runs[2].id]
    newest = acting.recent()[0]
    assert change(newest) == ("", f"{name} v2")


def test_a_single_one_says_itself_what_it_is_now(
    registering: Registering, acting: Acting, runs: list[Run], name: str
) -> None:
    progress = over(acting, registering.register(runs[:1], name))
    assert progress.said == f"run 0 is {name} v1 now, a registered model that there was not before."
    assert progress.name == "run 0"
    assert progress.touched[0][1] == name


def test_a_version_that_was_made_stays_and_that_is_said(
    registering: Registering, acting: Acting, registry: Registry, runs: list[Run], name: str
) -> None:
    over(acting, registering.register(runs[:1], name))
    for of in ("models", "tags", None):  # on a list of runs, of models, and in the journal
        undo = acting.last(of)
        assert undo is not None
        assert (undo.what, undo.steps) == (f"registration as {name}", ())
        assert "stays" in undo.never
    (version,) = versions(registry, name)
    made = msgspec.structs.replace(version, source=key_of(registering._settings, "registry"))
    progress = over(acting, registering.copy_version(made, f"{name} eu"))
    assert (progress.what, progress.name) == (f"copy to {name} eu", f"{name} v1")
    assert change(acting.recent()[0]) == ("", f"{name} eu v1")
    undo = acting.last("models")
    assert undo is not None
    assert "stays" in undo.never


@pytest.fixture
def noted(settings: Settings, registry: Registry, name: str) -> tuple[RegisteredModel, ModelVersion]:
    """A registered model and a version of it, as the cache would have them."""
    registry.model(name, description="Who leaves.")
    registry.version(name, tags=[{"key": "stage", "value": "silver"}])
    source = key_of(settings, "registry")
    version = ModelVersion(source=source, model=name, version="1", tags={"stage": "silver"})
    return RegisteredModel(source=source, name=name, description="Who leaves."), version


def described(registry: Registry, name: str) -> tuple[str, str]:
    """The model's description, and the version's stage."""
    model = registry.ask("GET", "registered-models/get", name=name)["registered_model"]
    (version,) = versions(registry, name)
    return model.get("description", ""), version.tags.get("stage", "absent")


def test_what_was_written_is_taken_back_step_by_step(
    registering: Registering, acting: Acting, registry: Registry, noted: Any, name: str
) -> None:
    model, version = noted
    over(acting, registering.tag([version], "stage", "gold"))
    over(acting, registering.describe(model, "Who stays."))
    assert described(registry, name) == ("Who stays.", "gold")
    assert [change(act) for act in acting.recent()] == [("Who leaves.", "Who stays."), ("silver", "gold")]
    undo = acting.last("models")
    assert undo is not None
    assert (undo.what, undo.steps[0].key, undo.steps[0].back) == ("description", "description", "Who leaves.")
    assert over(acting, acting.undo(undo)).done == 1
    assert described(registry, name) == ("Who leaves.", "gold")
    undo = acting.last("models")
    assert undo is not None
    assert (undo.what, [step.name for step in undo.steps]) == ("stage=gold", [f"{name} v1"])
    progress = over(acting, acting.undo(undo))
    assert (progress.done, progress.what) == (1, "stage=silver again")
    assert described(registry, name) == ("Who leaves.", "silver")
    assert acting.last("models") is None


def test_what_was_not_there_before_is_gone_again(
    registering: Registering, acting: Acting, registry: Registry, noted: Any, name: str
) -> None:
    model, version = noted
    over(acting, registering.tag([version], "stage", None))
    over(acting, registering.tag([model], "team", "risk"))
    for what in ("team=risk", "stage taken away"):
        undo = acting.last("models")
        assert undo is not None
        assert undo.what == what
        assert over(acting, acting.undo(undo)).done == 1
    assert described(registry, name) == ("Who leaves.", "silver")
    assert "tags" not in registry.ask("GET", "registered-models/get", name=name)["registered_model"]


def test_what_somebody_else_changed_since_is_not_taken_back(
    registering: Registering, acting: Acting, registry: Registry, noted: Any, name: str
) -> None:
    model, version = noted
    over(acting, registering.describe(model, "Who stays."))
    registry.ask("PATCH", "registered-models/update", name=name, description="Nobody knows.")
    undo = acting.last("models")
    assert undo is not None
    progress = over(acting, acting.undo(undo))
    assert (progress.failed, "somebody changed it" in progress.why[0][0]) == (1, True)
    assert described(registry, name)[0] == "Nobody knows."
    over(acting, registering.tag([version], "stage", "gold"))
    registry.ask("POST", "model-versions/set-tag", name=name, version="1", key="stage", value="platinum")
    undo = acting.last("models")
    assert undo is not None
    assert over(acting, acting.undo(undo)).failed == 1
    assert described(registry, name)[1] == "platinum"


def test_what_nobody_would_take_is_refused_before_it_is_written_down(
    registering: Registering, acting: Acting, runs: list[Run], noted: Any
) -> None:
    model, version = noted
    for mistake in (
        lambda: registering.register(runs, "a/b"),
        lambda: registering.register(runs * MOST_AT_ONCE, "churn"),
        lambda: registering.copy_version(version, ""),
        lambda: registering.tag([version], "../x", "y"),
        lambda: registering.tag([version] * (MOST_AT_ONCE + 1), "x", "y"),
        lambda: registering.describe(model, "x" * 5_001),
        lambda: registering.check_model("a:b"),
    ):
        with pytest.raises(UsageError):
            mistake()
    assert acting.recent() == []


def test_a_process_that_is_killed_at_any_moment_leaves_one_version_of_each_run_at_most(
    registering: Registering, acting: Acting, settings: Settings, state: State, registry: Registry, name: str,
    runs: list[Run],
) -> None:  # fmt: skip
    several = [runs[0], runs[2]]
    for tenths in range(0, 30, 3):
        name = f"{name}x"
        batch = registering.register(several, name)
        process = module._started[-1]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.3 + tenths / 10)
        process.kill()
        process.wait(60)
        reconcile(settings, state, time.time_ns() // 1_000_000 + round(2_000 * LATE_SECONDS))
        done = {act.intent["run_id"] for act in state.batch_of_acts(batch) if act.state == "done"}
        made = [str(one.run_id) for one in versions(registry, name)]
        assert sorted(made) == sorted(done), "each once, and the journal knows of each"
        assert state.open_acts() == []
