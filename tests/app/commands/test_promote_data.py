"""Promoting by what was checked of the candidate's data: real result files, a real server, a real remote."""

from __future__ import annotations

import itertools
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.app.commands.promoting import Person, Team

_names = (f"fed {number}" for number in itertools.count())

DEMANDED = """
[promotion."*".required_checks]
data = ["orders.*"]
max_age = "24h"
[promotion."*".approvals]
count = 1
from = ["team:ml-leads"]
signers = "signers"
[project]
environment = "{environment}"
[[datasets]]
name = "orders"
is = [{same}]
[[checks]]
kind = "great_expectations"
paths = ["gx/*.json"]
environment = "prod"
"""
SAME = '"mlflow:orders", "gx:orders_asset"'


class Fed(Team):
    """The team whose candidate, version 2, was trained on orders."""

    def __init__(self, folder: Path, rest: Any, *, same: str = SAME, environment: str = "prod") -> None:
        super().__init__(folder, rest, next(_names), DEMANDED.format(same=same, environment=environment))
        self.wish = ("promote", f"{self.model}@champion", "--version", "2")

    def register(self, model: str) -> None:
        super().register(model)
        run = self.rest.get("model-versions/get", name=model, version="2")["model_version"]["run_id"]
        data = {"name": "orders", "digest": "77ab", "source_type": "local", "source": "{}"}
        tags = [{"key": "mlflow.data.context", "value": "training"}]
        self.rest.post("runs/log-inputs", run_id=run, datasets=[{"dataset": data, "tags": tags}])


def validated(person: Person, success: bool, asset: str = "orders_asset") -> None:
    """Great Expectations ran in somebody's clone and left its result there."""
    at = datetime.now(tz=UTC).isoformat()
    result = {
        "success": success,
        "expectation_config": {
            "type": "expect_column_values_to_not_be_null", "kwargs": {"column": "customer_id"}, "meta": {},
        },
        "result": {"element_count": 1000, "unexpected_count": 0 if success else 31},
        "meta": {}, "exception_info": {"raised_exception": False},
    }  # fmt: skip
    whole = {
        "success": success, "results": [result], "suite_name": "nightly", "suite_parameters": {},
        "statistics": {"evaluated_expectations": 1, "successful_expectations": int(success)},
        "meta": {
            "great_expectations_version": "1.24.1", "active_batch_definition": {"data_asset_name": asset},
            "run_id": {"run_name": None, "run_time": at}, "validation_time": at,
        },
    }  # fmt: skip
    folder = person.clone / "gx"
    folder.mkdir(exist_ok=True)
    (folder / f"{time.time_ns()}.json").write_text(json.dumps(whole))


def data_gate(person: Person, wish: tuple[str, ...]) -> dict[str, Any]:
    """How the gate of `orders.*` stands, as the command tells it."""
    said = person.call(*wish, "--plan", "--json")
    assert said.status == 0, said.err
    (gate,) = [gate for gate in said.json["gates"] if gate["id"] == "data:orders.*"]
    return dict(gate)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_a_declared_check_lets_it_pass_and_one_that_turns_voids_what_was_approved(
    folder: Path, mlflow_rest: Any
) -> None:  # fmt: skip
    team = Fed(folder, mlflow_rest)
    ann, bo = team.people
    assert data_gate(ann, team.wish)["state"] == "missing"
    for person in team.people:
        validated(person, True)
    gate = data_gate(ann, team.wish)
    assert (gate["state"], gate["sentence"]) == ("pass", "orders.*: 1 pass")
    assert gate["evidence"][0].startswith("check/")
    plan = ann.call(*team.wish, "--ask", "--json").json["plan"]
    assert bo.call("approve", plan[:8]).status == 0

    validated(ann, False)
    refused = ann.call(*team.wish, "--yes")
    assert refused.status == 4
    states = {gate["id"]: gate["state"] for gate in refused.json["gates"]}
    assert (states["data:orders.*"], states["approval"]) == ("fail", "missing")
    assert team.champion == "1"

    validated(ann, True)
    done = ann.call(*team.wish, "--yes", "--json")
    assert done.status == 0, done.err + done.out
    assert team.champion == "2"


def test_what_is_declared_in_the_working_tree_alone_lets_nothing_pass(folder: Path, mlflow_rest: Any) -> None:
    team = Fed(folder, mlflow_rest, same='"mlflow:orders"')
    ann = team.people[0]
    settings = ann.clone / "quarterdeck.toml"
    settings.write_text(settings.read_text().replace('is = ["mlflow:orders"]', f"is = [{SAME}]"))
    assert ann.call("trust", "--yes").status == 0
    validated(ann, True)
    assert data_gate(ann, team.wish)["state"] == "missing"
    validated(ann, True, asset="orders")  # the same name, and nothing that proves it
    gate = data_gate(ann, team.wish)
    assert gate["state"] == "missing"
    assert "declare it in [[datasets]]" in gate["sentence"]
    assert ann.call(*team.wish, "--yes").status == 4
    assert team.champion == "1"


def test_another_environments_run_is_not_productions(folder: Path, mlflow_rest: Any) -> None:
    team = Fed(folder, mlflow_rest, environment="live")
    validated(team.people[0], True)
    gate = data_gate(team.people[0], team.wish)
    assert (gate["state"], gate["sentence"]) == ("missing", "orders.*: checked in prod only; the policy's is live")
