"""Registering through the gate, on a real MLflow server: once, whatever happens to the line or to the process."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app import trust
from quarterdeck.app.actions import LATE_SECONDS, perform, reconcile, wants
from quarterdeck.app.acts import FORGOTTEN
from quarterdeck.app.acts.registrations import (
    MARK,
    RegistrationOutcome,
    Registrations,
    copy_intent,
    register_intent,
    registration_subject,
)
from quarterdeck.app.errors import QuarterdeckError, RefusedError, SourceError, UntrustedError, UsageError
from quarterdeck.app.records import Want
from quarterdeck.app.registering import copy_now, register_now
from quarterdeck.app.settings import load
from quarterdeck.app.sources.registry import build
from quarterdeck.app.store import act_lock
from quarterdeck.app.store.state import Act, State, state_file
from tests.app.acts.worlds import Models
from tests.servers.between import in_front_of
from tests.servers.mlflow_registry import Registry

CREATE = "POST model-versions/create"
HISTORY = "mlflow.log-model.history"


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Registrations, "pauses", (0.0, 0.0))


@pytest.fixture
def state(model_state: State) -> State:
    return model_state


def keys(models: Any) -> tuple[str, str]:
    """Of the tracking server, and of the registry."""
    found = {source.spec.kind: source.spec.key for source in build(models.settings)}
    return found["mlflow"], found["registry"]


def register(models: Any, state: State, run: str, **more: Any) -> RegistrationOutcome:
    """What `quarterdeck register` does."""
    model = more.pop("model", models.model)
    outcome = register_now(models.settings, state, run, model, **({"read_only": False} | more))
    assert isinstance(outcome, RegistrationOutcome)
    return outcome


def copy(models: Any, state: State, version: str, to: str, **more: Any) -> RegistrationOutcome:
    """What `quarterdeck copy-version` does."""
    outcome = copy_now(models.settings, state, models.model, version, to, **({"read_only": False} | more))
    assert isinstance(outcome, RegistrationOutcome)
    return outcome


def asked(models: Any, state: State, *runs: str, **more: Any) -> str:
    """What a terminal leaves in the journal; gives the batch."""
    tracking, registry = keys(models)
    intents = [register_intent(registry, models.model, tracking, run, name=f"run {run[:4]}", **more) for run in runs]
    written = [("register", registration_subject("register", intent), intent) for intent in intents]
    return state.ask_acts(written, now())


def later(models: Any, state: State, seconds: float = 2 * LATE_SECONDS) -> list[tuple[str, str]]:
    """State and sentence of what is found out so much later."""
    return [(one.state, one.sentence) for one in reconcile(models.settings, state, now() + round(1000 * seconds))]


def now() -> int:
    return time.time_ns() // 1_000_000


def last(state: State) -> Act:
    return state.acts()[0]


# -- a run's model becomes a version, once


def test_a_runs_model_becomes_a_version_of_a_registered_model_that_is_made_for_it(models: Any, state: State) -> None:
    run = models.run()
    (model_id,) = models.logged(run)
    made = register(models, state, run, tags={"team": "risk"}, description="The first.")
    assert (made.state, made.version, made.is_new_model) == ("done", "1", True)
    assert made.sentence.endswith(f"is {models.model} v1 now, a registered model that there was not before.")
    (version,) = models.versions()
    assert (version["source"], version["run_id"]) == (f"models:/{model_id}", run)
    assert version["description"] == "The first."
    assert models.tags(version) == {"team": "risk", MARK: made.entry}
    assert (last(state).act, last(state).subject, last(state).state) == ("register", f"run/{run}", "done")
    assert made.origin == f"models:/{model_id}"
    again = register(models, state, models.run())
    assert (again.version, again.is_new_model) == ("2", False)
    assert again.sentence.endswith(f"is {models.model} v2 now.")


def test_a_screen_shows_the_new_version_at_once(models: Any, state: State) -> None:
    made = [register(models, state, models.run()) for _ in range(2)]
    assert wants(made) == [Want(kind="model", source=keys(models)[1], model=models.model, keys=("1", "2"))]


@pytest.fixture
def artifacts(models: Any) -> tuple[str, Path]:
    """A run of a client before MLflow 3, with two models among its artifacts; and where they lie."""
    run = models.run(logs=0)
    root = Path(models.registry.ask("GET", "runs/get", run_id=run)["run"]["info"]["artifact_uri"])
    for name in ("model", "deep/scaler", "plots"):
        (root / name).mkdir(parents=True)
        (root / name / "MLmodel").write_text("flavors: {}\n")
    history = '[{"artifact_path": "model", "flavors": {}}, {"artifact_path": "model"}, {"artifact_path": "../x"}]'
    models.registry.ask("POST", "runs/set-tag", run_id=run, key=HISTORY, value=history)
    return run, root


def test_before_mlflow_3_a_runs_model_is_among_its_artifacts(
    models: Any, state: State, artifacts: tuple[str, Path], mlflow_server: str, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    run, root = artifacts
    assert register(models, state, run).version == "1"
    assert register(models, state, run, path="deep/scaler").version == "2"
    first, second = models.versions()
    assert (first["source"], second["source"]) == (f"{root}/model", f"{root}/deep/scaler")
    client = MlflowClient(tracking_uri=mlflow_server, registry_uri=mlflow_server)
    assert client.get_model_version_download_uri(models.model, "1") == f"{root}/model"
    for mistaken in ("nothing", "deep/nothing"):
        refused = register(models, state, run, path=mistaken)
        assert (refused.state, refused.is_refused) == ("failed", True)
        assert f"has no model and no artifact {mistaken}: it has --path model." in refused.sentence
    assert len(models.versions()) == 2


def test_of_several_models_the_one_that_is_meant_is_named(models: Any, state: State) -> None:
    run = models.run(logs=2)
    first, second = models.logged(run)
    refused = register(models, state, run)
    assert (refused.state, refused.is_refused) == ("failed", True)
    assert f"has 2 models, name the one that is meant: --logged-model {first}" in refused.sentence
    assert f"--logged-model {second} (model)" in refused.sentence
    assert register(models, state, run, path="model").is_refused, "both are called so"
    absent = register(models, state, run, model_id="m-absent")
    assert "has no logged model m-absent: it has --logged-model m-" in absent.sentence
    assert register(models, state, run, model_id=second).version == "1"
    (version,) = models.versions()
    assert version["source"] == f"models:/{second}"


def test_what_is_no_whole_model_of_a_living_run_is_refused(models: Any, state: State) -> None:
    deleted, empty, pending = models.run(), models.run(logs=0), models.run(logs=0)
    models.registry.ask("POST", "runs/delete", run_id=deleted)
    asking = {"experiment_id": models.experiment, "name": "half", "source_run_id": pending}
    models.registry.ask("POST", "logged-models", **asking)
    prompt = models.registry.prompt(f"{models.model} prompt")
    for run, more, why in (
        (deleted, {}, "is deleted in MLflow."),
        (empty, {}, "logged no model: --path names a part"),
        (pending, {}, ": its model half is not whole (pending)."),
        (models.run(), {"model": prompt}, f": {prompt} is a prompt, and no model."),
    ):
        refused = register(models, state, run, **more)
        assert (refused.state, refused.is_refused) == ("failed", True)
        assert why in refused.sentence, refused.sentence
        assert refused.sentence.endswith("Nothing was changed.")
    assert models.versions() == []
    assert len(models.versions(prompt)) == 0, "the one that it has is a prompt's"
    with pytest.raises(QuarterdeckError, match="There is no run absent"):
        register(models, state, "absent")


@pytest.mark.parametrize("name", ["", "  ", "a/b", "a:b", ".", "..x", "/", "x" * 257, "\udcff"], ids=repr)
def test_a_name_that_mlflow_does_not_take_is_refused_before_anything(models: Any, state: State, name: str) -> None:
    run = models.run()
    asked_before = models.door.asked
    with pytest.raises(UsageError):
        register(models, state, run, model=name)
    assert models.door.asked == asked_before
    assert state.acts() == []


@pytest.mark.parametrize("name", ["  ", "a/b", "a:b", ".", "..x"])
def test_mlflow_does_not_take_these_names_indeed(models: Any, name: str) -> None:
    with pytest.raises(AssertionError, match="INVALID_PARAMETER_VALUE"):
        models.registry.model(name)


def test_names_that_look_odd_are_taken_as_they_are(models: Any, state: State) -> None:
    for name in ("[bold]x", "a..b", "模型 \u202e", "50% of 'em \"?&#+"):
        made = register(models, state, models.run(), model=f"{models.model}{name}")
        assert made.version == "1", made.sentence


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"tags": {"quarterdeck.act": "x"}}, "quarterdeck's own"),
        ({"tags": {"../x": "y"}}, "takes no tag key"),
        ({"description": "x" * 5_001}, "has 5001 characters"),
        ({"path": "../../etc"}, "no path below"),
        ({"path": "/model"}, "no path below"),
    ],
)
def test_what_cannot_be_written_onto_a_version_is_a_mistake(
    models: Any, state: State, more: dict[str, Any], why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        register(models, state, models.run(), **more)
    assert state.acts() == []


def test_what_is_a_version_already_becomes_no_other_one_unless_that_is_meant(models: Any, state: State) -> None:
    run = models.run()
    register(models, state, run)
    again = register(models, state, run)
    assert (again.state, again.is_refused) == ("failed", True)
    assert again.sentence.endswith(f"is {models.model} v1 already. Nothing was changed.")
    assert register(models, state, run, again=True).version == "2"
    assert register(models, state, run, model=f"{models.model} too").version == "1"
    models.registry.delete(models.model, "1")
    models.registry.delete(models.model, "2")
    assert register(models, state, run).version == "3", "what was deleted is none"


def test_read_only_and_untrusted_settings_register_nothing(models: Any, state: State) -> None:
    run = models.run()
    with pytest.raises(RefusedError, match="--read-only"):
        register(models, state, run, read_only=True)
    settings = models.folder / "quarterdeck.toml"
    settings.write_text(f'{settings.read_text()}registry_uri = "http://127.0.0.1:1"\n')
    with pytest.raises(UntrustedError, match=r"127\.0\.0\.1:1"):
        register(models, state, run)
    assert state.acts() == []
    assert models.versions() == []


def test_a_server_that_is_down_from_the_start_is_not_reached(models: Any, state: State) -> None:
    run = models.run()
    models.door.hook = lambda when, what, number: 503
    with pytest.raises(SourceError):
        register(models, state, run)
    assert state.acts() == []


def test_a_batch_registers_in_its_order_and_what_fails_stops_no_other(models: Any, state: State) -> None:
    runs = [models.run(), models.run(logs=0), models.run()]
    outcomes = perform(models.settings, state, asked(models, state, *runs), read_only=False)
    assert [(one.state, getattr(one, "version", None)) for one in outcomes] == [
        ("done", "1"), ("failed", None), ("done", "2"),
    ]  # fmt: skip
    assert [version["run_id"] for version in models.versions()] == [runs[0], runs[2]]


def test_a_store_in_a_file_is_registered_in_as_well(models: Any, state: State, mlflow_folder: Path) -> None:
    settings = models.folder / "quarterdeck.toml"
    settings.write_text(f'[mlflow]\ntracking_uri = "sqlite:///{mlflow_folder / "mlflow.db"}"\n')
    trust.record_trust(load(directory=models.folder))
    run = models.run()
    made = register(models, state, run, tags={"team": "risk"})
    assert (made.state, made.version) == ("done", "1"), made.sentence
    assert copy(models, state, "1", f"{models.model} too").version == "1"
    assert register(models, state, run).is_refused
    (version,) = models.versions()
    assert (version["run_id"], models.tags(version)) == (run, {"team": "risk", MARK: made.entry})


# -- never twice


def cut(when: str) -> Any:
    """Cuts the line at the request that makes the version."""
    return lambda then, what, number: 0 if (then, what) == (when, CREATE) else None


def test_an_answer_that_is_lost_is_found_by_the_mark(models: Any, state: State) -> None:
    models.door.hook = cut("after")
    made = register(models, state, models.run())
    assert (made.state, made.version) == ("done", "1")
    assert models.door.passed.count(CREATE) == 1
    assert len(models.versions()) == 1


@pytest.mark.parametrize("status", [500, 502, 404])
def test_a_version_that_there_is_was_made_whatever_the_answer_says(models: Any, state: State, status: int) -> None:
    models.door.hook = lambda when, what, number: status if (when, what) == ("after", CREATE) else None
    made = register(models, state, models.run())
    assert (made.state, made.version) == ("done", "1"), made.sentence
    assert len(models.versions()) == 1


def test_a_request_that_may_be_under_way_is_not_known_and_nothing_more_is_begun(models: Any, state: State) -> None:
    run = models.run()
    models.door.hook = cut("before")
    lost = register(models, state, run)
    assert lost.state == "unknown"
    assert "is not known yet" in lost.sentence
    models.door.hook = lambda when, what, number: None
    refused = register(models, state, run)
    assert (refused.state, refused.is_refused) == ("failed", True)
    assert "what came of the last register is not known yet" in refused.sentence
    assert register(models, state, models.run()).version == "1", "another run's is another matter"
    ((how, sentence),) = later(models, state)
    assert (how, "cut off before it reached models" in sentence) == ("failed", True)
    assert register(models, state, run).version == "2"


def test_a_server_that_says_no_has_made_none(models: Any, state: State) -> None:
    models.door.hook = lambda when, what, number: 403 if (when, what) == ("before", CREATE) else None
    denied = register(models, state, models.run())
    assert (denied.state, denied.version) == ("failed", None)
    assert "403" in denied.sentence
    assert denied.sentence.endswith(f"The registered model {models.model} was made for it.")
    assert state.open_acts() == []
    failed = register(models, state, models.run(), model=f"{models.model} 2", path=None)
    models.door.hook = lambda when, what, number: 500 if (when, what) == ("before", CREATE) else None
    failed = register(models, state, models.run())
    assert (failed.state, state.open_acts()) == ("failed", []), "a server that answered is done with it"


def test_a_registered_model_that_cannot_be_made_gets_no_version(models: Any, state: State) -> None:
    create_model = "POST registered-models/create"
    models.door.hook = lambda when, what, number: 0 if (when, what) == ("before", create_model) else None
    failed = register(models, state, models.run())
    assert (failed.state, state.open_acts()) == ("failed", [])
    assert CREATE not in models.door.passed


def test_a_server_that_goes_away_leaves_it_open_until_it_is_back(models: Any, state: State) -> None:
    def vanish(when: str, what: str, number: int) -> int | None:
        if (when, what) == ("after", CREATE):
            models.door.hook = lambda when, what, number: 503
            return 0
        return None

    models.door.hook = vanish
    lost = register(models, state, models.run())
    assert (lost.state, [one.id for one in state.open_acts()]) == ("unknown", [lost.entry])
    assert [how for how, _ in later(models, state)] == ["unknown"]
    models.door.hook = lambda when, what, number: None
    ((how, sentence),) = later(models, state)
    assert (how, sentence.partition(" is ")[2][: len(models.model) + 3]) == ("done", f"{models.model} v1")
    assert len(models.versions()) == 1


def test_a_version_that_is_deleted_at_once_is_not_made_again(models: Any, state: State) -> None:
    def delete(when: str, what: str, number: int) -> int | None:
        if (when, what) == ("after", CREATE):
            models.registry.delete(models.model, "1")
        return None

    models.door.hook = delete
    gone = register(models, state, models.run())
    assert gone.state == "unknown"
    assert "made" in gone.sentence
    assert [how for how, _ in later(models, state, FORGOTTEN + 60)] == ["unknown"]
    assert state.open_acts() == []
    assert models.versions() == []


def test_a_copy_that_somebody_made_with_our_mark_is_not_taken_for_ours(models: Any, state: State) -> None:
    from mlflow import MlflowClient

    def copied(when: str, what: str, number: int) -> int | None:
        if (when, what) != ("after", CREATE):
            return None
        client = MlflowClient(tracking_uri=models.door.url, registry_uri=models.door.url)
        models.door.hook = lambda when, what, number: None
        client.copy_model_version(f"models:/{models.model}/1", models.model)
        client.copy_model_version(f"models:/{models.model}/1", f"{models.model} too")
        return 0

    models.door.hook = copied
    made = register(models, state, models.run())
    assert (made.state, made.version) == ("done", "1")
    assert len(models.versions()) == 2


def test_two_that_ask_for_the_same_make_one(models: Any, state: State) -> None:
    run = models.run()
    first, second = asked(models, state, run), asked(models, state, run)
    (done,) = perform(models.settings, state, first, read_only=False)
    (other,) = perform(models.settings, state, second, read_only=False)
    assert (done.state, other.state, other.is_refused) == ("done", "failed", True)
    assert "another register of it was done just now" in other.sentence
    assert len(models.versions()) == 1


@pytest.fixture
def in_a_process(models: Any) -> Iterator[Any]:
    """`quarterdeck act BATCH` in a process of its own."""
    started: list[subprocess.Popen[bytes]] = []

    def start(batch: str) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "quarterdeck.app", "--project", str(models.folder), "act", batch]
        started.append(subprocess.Popen(words, stderr=subprocess.PIPE))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def test_killed_at_any_request_there_is_one_version_or_none_and_the_journal_says_which(
    models: Any, state: State, in_a_process: Any
) -> None:
    ends: dict[tuple[str, str], tuple[str, int]] = {}
    for when in ("before", "after"):
        for what in ("GET runs/get", "POST registered-models/create", CREATE, "GET model-versions/get"):
            models.model = f"{models.model}x"
            process = in_a_process(asked(models, state, models.run()))

            def kill(then: str, asking: str, number: int, *, at: Any = (when, what), process: Any = process) -> Any:
                if (then, asking) != at:
                    return None
                process.kill()
                process.wait()
                return 0

            models.door.hook = kill
            assert process.wait(60) == -9, process.stderr.read().decode()
            models.door.hook = lambda when, what, number: None
            later(models, state)
            assert state.open_acts() == []
            ends[when, what] = last(state).state, len(models.versions())
    assert set(ends.values()) == {("failed", 0), ("done", 1)}
    assert ends["before", CREATE] == ("failed", 0)
    assert ends["after", CREATE] == ends["after", "GET model-versions/get"] == ("done", 1)


def test_what_a_living_process_carries_out_is_left_alone(models: Any, state: State) -> None:
    batch = asked(models, state, models.run())
    with act_lock.held(state.path, batch), pytest.raises(RefusedError, match="Another process"):
        perform(models.settings, state, batch, read_only=False)
    assert models.versions() == []


# -- a version is copied to another registered model


def test_a_version_is_copied_with_its_tags_description_and_run(models: Any, state: State) -> None:
    run = models.run()
    register(models, state, run, tags={"team": "risk"}, description="Good.")
    models.registry.ask(
        "POST", "model-versions/set-tag", name=models.model, version="1", key="quarterdeck.evidence", value="x"
    )
    to = f"{models.model} eu"
    made = copy(models, state, "1", to)
    assert (made.state, made.model, made.version, made.run_id) == ("done", to, "1", run)
    assert made.sentence.startswith(f"{models.model} v1 is {to} v1 now")
    (version,) = models.versions(to)
    assert (version["source"], version["run_id"]) == (f"models:/{models.model}/1", run)
    assert version["description"] == "Good."
    assert models.tags(version) == {"team": "risk", MARK: made.entry}
    assert last(state).subject == f"model/{models.model.replace(' ', '%20')}/1"
    again = copy(models, state, "1", to)
    assert again.is_refused
    assert again.sentence.endswith(f"is {to} v1 already. Nothing was changed.")
    assert copy(models, state, "1", to, again=True).version == "2"


def test_a_copy_whose_answer_is_lost_is_found_by_its_own_mark(models: Any, state: State) -> None:
    register(models, state, models.run())
    models.door.hook = cut("after")
    to = f"{models.model} eu"
    made = copy(models, state, "1", to)
    assert (made.state, made.version, len(models.versions(to))) == ("done", "1", 1)
    models.door.hook = cut("before")
    other = f"{models.model} us"
    assert copy(models, state, "1", other).state == "unknown"
    assert [how for how, _ in later(models, state)] == ["failed"]
    assert models.versions(other) == []


def test_a_copy_that_would_be_none_is_refused(models: Any, state: State) -> None:
    register(models, state, models.run())
    with pytest.raises(UsageError, match="another registered model"):
        copy(models, state, "1", models.model)
    with pytest.raises(UsageError, match="no “/”"):
        copy(models, state, "1", "a/b")
    with pytest.raises(QuarterdeckError, match="There is no version 9 of"):
        copy(models, state, "9", f"{models.model} eu")
    with pytest.raises(RefusedError):
        copy(models, state, "1", f"{models.model} eu", read_only=True)
    _, source = keys(models)
    intent = copy_intent(source, models.model, "7", f"{models.model} eu")
    batch = state.ask_acts([("copy_version", registration_subject("copy_version", intent), intent)], now())
    (outcome,) = perform(models.settings, state, batch, read_only=False)
    assert (outcome.is_refused, outcome.sentence) == (
        True, f"{models.model} v7 is not there any more. Nothing was changed.",
    )  # fmt: skip


# -- a server of MLflow 2


@pytest.mark.tools
def test_a_server_of_mlflow_2_is_registered_on_just_so(mlflow2_server: str, tmp_path: Path) -> None:
    with in_front_of(mlflow2_server) as door:
        folder = tmp_path / "project"
        folder.mkdir()
        (folder / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{door.url}"\n')
        trust.record_trust(load(directory=folder))
        models = Models(Registry(mlflow2_server), door, folder)
        run = models.run(logs=0)
        root = Path(models.registry.ask("GET", "runs/get", run_id=run)["run"]["info"]["artifact_uri"])
        (root / "model").mkdir(parents=True)
        history = '[{"artifact_path": "model"}]'
        models.registry.ask("POST", "runs/set-tag", run_id=run, key=HISTORY, value=history)
        with State(state_file(models.settings.project_key)) as state:
            door.hook = cut("after")
            made = register(models, state, run, tags={"team": "risk"})
            assert (made.state, made.version) == ("done", "1"), made.sentence
            assert register(models, state, run).is_refused
            copied = copy(models, state, "1", f"{models.model} eu")
            assert (copied.state, copied.version) == ("done", "1"), copied.sentence
        (version,) = models.versions()
        assert (version["source"], version["run_id"]) == (f"{root}/model", run)
        assert models.tags(version) == {"team": "risk", MARK: made.entry}
        models.registry.close()
