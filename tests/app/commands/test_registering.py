"""`quarterdeck register`, `copy-version`, `describe`, and `tag` of models, in a process of their own."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.acts.registrations import MARK
from quarterdeck.app.settings import load
from quarterdeck.app.store.state import State, state_file
from tests.servers.between import Between, in_front_of
from tests.servers.mlflow_registry import Registry

Call = Callable[..., Any]


@pytest.fixture
def door(mlflow_server: str) -> Iterator[Between]:
    with in_front_of(mlflow_server) as made:
        yield made


@pytest.fixture
def registry(mlflow_server: str, door: Between, project: Path, call: Call) -> Iterator[Registry]:
    """The real registry, and the project set up to reach it."""
    (project / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "{door.url}"\n')
    call("trust", "--yes")
    made = Registry(mlflow_server)
    yield made
    made.close()


@pytest.fixture
def run(registry: Registry) -> str:
    """A run with a model."""
    experiment = registry.experiment(f"commands {uuid.uuid4().hex[:8]}")
    made = registry.run(experiment)
    registry.logged(experiment, made)
    return made


@pytest.fixture
def name() -> str:
    return f"churn [b]{uuid.uuid4().hex[:8]}"


def versions(registry: Registry, name: str) -> list[Any]:
    found = registry.ask("GET", "model-versions/search", filter=f"name = '{name}'").get("model_versions", [])
    return sorted(found, key=lambda one: int(one["version"]))


def test_a_run_is_registered_and_the_outcome_told(process: Call, registry: Registry, run: str, name: str) -> None:
    said = process("register", run, name, "--tag", "team=risk", "--tag", "k=a=b", "--description", "名", "--json")
    assert said.status == 0, said.err
    assert said.err.endswith(f" is {name} v1 now, a registered model that there was not before.\n")
    made = said.json
    assert (made["state"], made["model"], made["version"], made["run_id"]) == ("done", name, "1", run)
    assert (made["act"], made["subject"], made["is_new_model"]) == ("register", f"run/{run}", True)
    assert made["origin"].startswith("models:/m-")
    (version,) = versions(registry, name)
    assert {tag["key"]: tag["value"] for tag in version["tags"]} == {"team": "risk", "k": "a=b", MARK: made["entry"]}
    assert version["description"] == "名"


def test_what_is_a_version_already_is_refused_with_4_unless_it_is_to_be_one_again(
    process: Call, registry: Registry, run: str, name: str
) -> None:
    assert process("register", f"run/{run}", name).status == 0
    again = process("register", run, name)
    assert again.status == 4
    assert f"is {name} v1 already. Nothing was changed." in again.err
    assert process("register", run, name, "--again").status == 0
    copied = process("copy-version", name, "v2", f"{name} eu", "--json")
    assert (copied.status, copied.json["model"], copied.json["version"]) == (0, f"{name} eu", "1")
    assert process("copy-version", name, "2", f"{name} eu").status == 4
    assert len(versions(registry, name)) == 2


def test_what_is_refused_or_mistaken_makes_nothing(process: Call, registry: Registry, run: str, name: str) -> None:
    assert process("--read-only", "register", run, name).status == 4
    assert process("register", run, "a/b").status == 2
    assert process("register", run, name, "--tag", "x").status == 2
    assert process("register", run, name, "--path", "a", "--logged-model", "b").status == 2
    assert process("register", "absent", name).status == 1
    nothing = process("register", run, name, "--path", "nothing")
    assert (nothing.status, "--path model" in nothing.err) == (4, True)
    assert process("--read-only", "copy-version", name, "1", "x").status == 4
    assert process("copy-version", name, "1", f"{name} eu").status == 1
    assert process("copy-version", name, "1", name).status == 1, "there is no such version in the first place"
    assert process("describe", "run/x", "text").status == 2
    assert versions(registry, name) == []


def test_a_model_and_a_version_are_tagged_and_described(process: Call, registry: Registry, run: str, name: str) -> None:
    process("register", run, name)
    model, version = f"model/{name}", f"model/{name}/1"
    said = process("tag", version, "stage=gold", "--json")
    assert (said.status, said.err) == (0, f"{name} v1: stage is set.\n")
    assert (said.json["version"], said.json["key"], said.json["value"]) == ("1", "stage", "gold")
    assert process("tag", model, "team=risk").status == 0
    assert process("tag", version, "stage", "--delete").err == f"{name} v1: stage is taken away.\n"
    said = process("describe", model, "Who leaves.", "--json")
    assert (said.status, said.err) == (0, f"{name} is described.\n")
    assert (said.json["key"], said.json["value"], said.json["previous"]) == (None, "Who leaves.", "")
    assert process("describe", version, "").status == 0
    found = registry.ask("GET", "registered-models/get", name=name)["registered_model"]
    assert (found["description"], found["tags"]) == ("Who leaves.", [{"key": "team", "value": "risk"}])
    assert [tag["key"] for tag in versions(registry, name)[0]["tags"]] == [MARK]
    assert process("tag", f"{model}/9", "a=b").status == 1
    assert process("tag", "dataset/a@b", "a=b").status == 2
    assert process("--read-only", "describe", model, "x").status == 4


def test_a_server_that_is_away_ends_with_3(process: Call, project: Path, call: Call, run: str, name: str) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (project / "quarterdeck.toml").write_text(f'[mlflow]\ntracking_uri = "http://127.0.0.1:{port}"\n')
    call("trust", "--yes")
    for words in (("register", run, name), ("copy-version", name, "1", "x"), ("describe", f"model/{name}", "x")):
        said = process(*words)
        assert said.status == 3, said.err
        assert "Traceback" not in said.err


def test_what_is_not_known_ends_with_3_and_the_next_such_command_finds_it_out(
    process: Call, registry: Registry, door: Between, project: Path, run: str, name: str
) -> None:
    def vanish(when: str, what: str, number: int) -> int | None:
        if (when, what) == ("after", "POST model-versions/create"):
            door.hook = lambda when, what, number: 0
            return 0
        return None

    door.hook = vanish
    lost = process("register", run, name)
    assert (lost.status, "could not be read back" in lost.err) == (3, True)
    door.hook = lambda when, what, number: None
    assert process("register", run, name).status == 4, "nothing more is begun while it is not known"
    with State(state_file(load(directory=project).project_key)) as state:
        (act,) = state.open_acts()
        state._write("UPDATE journal SET begun_at = 1 WHERE id = ?", (act.id,))  # as if it were long ago
    found = process("register", run, name)
    assert found.err.startswith("Cut off earlier: ")
    assert f"is {name} v1 now" in found.err
    assert (found.status, f"is {name} v1 already" in found.err) == (4, True)
    assert len(versions(registry, name)) == 1
