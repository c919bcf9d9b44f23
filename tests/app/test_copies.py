"""What is copied of runs: exact where it is for machines, harmless wherever foreign text is in it."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest

from quarterdeck.app.copies import MOST_IN_FULL, CopiedRun, Copy, file_copies, run_copies
from quarterdeck.app.records import Dataset, Extreme, Metric, Run

HOSTILE = "x`|</td> @ann *b* [l](http://e)\x1b]52;c;aGk=\x07\n| y |\u202e\ud800"
ADDRESS = "http://127.0.0.1:5000"


def a_run(**changes: Any) -> Run:
    facts: dict[str, Any] = {
        "source": "k", "id": "4f2c91ab7d", "experiment_id": "3", "name": "brave-cod", "status": "finished",
        "started_at": 1_000, "params": {"lr": "0.01"}, "tags": {"team": "growth", "mlflow.user": "bo"},
        "metrics": {"auc": Metric(value=0.1 + 0.2, step=7), "loss": Metric(value=float("nan"))},
        "datasets": (Dataset(name="orders", digest="77ab"),),
    }  # fmt: skip
    return Run(**(facts | changes))


def copied(run: Run | None = None, **changes: Any) -> CopiedRun:
    facts: dict[str, Any] = {"source": "mlflow", "address": ADDRESS, "experiment": "churn"}
    extremes = {"auc": Extreme(min=0.25, max=0.5, history="complete")}
    return CopiedRun(run=run or a_run(), **(facts | {"extremes": extremes} | changes))


def forms(*runs: CopiedRun) -> dict[str, str]:
    found: list[Copy] = run_copies(runs)
    return {copy.label: copy.text for copy in found}


def test_a_run_is_copied_in_six_forms() -> None:
    said = forms(copied())
    assert list(said) == ["id", "URI", "command", "Python", "Markdown", "JSON"]
    assert said["id"] == "4f2c91ab7d"
    assert said["URI"] == "runs:/4f2c91ab7d/"
    assert said["command"] == "quarterdeck open run/4f2c91ab7d"


def test_of_nothing_nothing_is_copied() -> None:
    assert run_copies([]) == []


def test_several_runs_are_copied_at_once() -> None:
    said = forms(copied(), copied(a_run(id="b")))
    assert said["ids"] == "4f2c91ab7d\nb"
    assert said["URIs"] == "runs:/4f2c91ab7d/\nruns:/b/"
    assert said["commands"].splitlines() == ["quarterdeck open run/4f2c91ab7d", "quarterdeck open run/b"]
    assert [one["id"] for one in json.loads(said["JSON"])] == ["4f2c91ab7d", "b"]
    assert said["Markdown"].count("### run") == 2


def test_of_very_many_runs_there_are_the_ids_and_the_python() -> None:
    many = [copied(a_run(id=f"r{n}")) for n in range(MOST_IN_FULL + 1)]
    said = forms(*many)
    assert list(said) == ["ids", "URIs", "commands", "Python"]
    assert len(said["ids"].splitlines()) == len(many)


def test_a_file_is_copied_by_its_address_and_as_python() -> None:
    uri, python = file_copies(copied(), "model/it's \x1b.bin")
    assert uri.text == "runs:/4f2c91ab7d/model/it's \x1b.bin"
    assert python.text.isascii()
    assert ast.literal_eval(python.text.split("artifact_uri=")[1].rstrip().rstrip(")")) == uri.text


def test_an_id_that_would_end_a_command_does_not() -> None:
    said = forms(copied(a_run(id="a; rm $HOME '\n")))["command"]
    assert said == "quarterdeck open run/a%3B%20rm%20%24HOME%20%27%0A"


class Mlflow:
    """Stands for the package where the copied code runs; tests/terminal runs it with the real one."""

    def __init__(self) -> None:
        self.address = ""
        self.asked: list[tuple[str, str]] = []

    def set_tracking_uri(self, address: str) -> None:
        self.address = address

    def MlflowClient(self) -> Mlflow:  # noqa: N802  MLflow's name
        return self

    def get_run(self, run_id: str) -> str:
        self.asked.append((self.address, run_id))
        return run_id


def run_code(code: str) -> tuple[Mlflow, dict[str, Any]]:
    mlflow = Mlflow()
    names: dict[str, Any] = {}
    body = code.replace("import mlflow\n", "", 1)
    ast.parse(code)
    exec(body, names | {"mlflow": mlflow}, names)
    return mlflow, names


@pytest.mark.parametrize("run_id", ["4f2c", "x'); import os #", 'a"b\\', "\u202e\n"])
def test_the_python_asks_for_exactly_this_run(run_id: str) -> None:
    code = forms(copied(a_run(id=run_id)))["Python"]
    mlflow, names = run_code(code)
    assert mlflow.asked == [(ADDRESS, run_id)]
    assert names["run"] == run_id
    assert code.isascii()


def test_the_python_for_runs_of_two_servers_asks_each() -> None:
    runs = [copied(a_run(id="a")), copied(a_run(id="b"), address="sqlite:////x.db"), copied(a_run(id="c"))]
    mlflow, names = run_code(forms(*runs)["Python"])
    assert sorted(mlflow.asked) == [(ADDRESS, "a"), (ADDRESS, "c"), ("sqlite:////x.db", "b")]
    assert len(names["runs"]) == 3


def test_markdown_has_tables_of_params_metrics_and_the_person_s_own_tags() -> None:
    text = forms(copied())["Markdown"]
    assert text.startswith("### run `brave-cod`\n")
    assert "| `lr` | `0.01` |" in text
    assert "| `auc` | 0.30000000000000004 | 7 | 0.25 | 0.5 |" in text
    assert "| `loss` | NaN | 0 |  |  |" in text
    assert "| `team` | `growth` |" in text
    assert "mlflow.user" not in text
    assert "| data | `orders@77ab` |" in text


def test_foreign_text_in_markdown_neither_breaks_out_nor_is_obeyed() -> None:
    run = a_run(name=HOSTILE, params={HOSTILE: HOSTILE}, tags={}, metrics={HOSTILE: Metric(value=1.0)})
    text = forms(copied(run, experiment=HOSTILE))["Markdown"]
    assert not set(text) & set("\x1b\x07\u202e\ud800")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows} == {3, 6}  # two columns, or five of a metric: no cell more
    assert "](" not in text


def test_json_is_that_of_the_command() -> None:
    from quarterdeck.app.copies import run_json

    said = forms(copied(a_run(name=HOSTILE)))["JSON"]
    assert said.isascii()
    assert "\x1b" not in said
    run = a_run(name=HOSTILE)
    assert json.loads(said) == run_json(run, copied().extremes, source="mlflow", experiment="churn")
    assert json.loads(said)["metrics"]["loss"]["last"] == "NaN"
