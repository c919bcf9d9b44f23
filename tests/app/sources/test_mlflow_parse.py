"""MLflow's answers as records: the recorded ones of a real server, and shapes that it also sends."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import msgspec
import pytest

from quarterdeck.app.errors import SourceError
from quarterdeck.app.records import Artifact, Dataset, Metric
from quarterdeck.app.sources.mlflow import parse

PAYLOADS = Path(__file__).resolve().parents[2] / "payloads" / "mlflow"


def recorded(contracts: Path, name: str) -> bytes:
    whole = json.loads((contracts / "recorded" / "mlflow" / f"mlflow-3.17.2.{name}.json").read_bytes())
    return json.dumps(whole["json"]).encode()


def own(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def test_a_recorded_run_becomes_a_record(contracts: Path) -> None:
    for body in (
        msgspec.json.encode(parse.one_run.decode(recorded(contracts, "runs_get")).run),
        msgspec.json.encode(parse.runs_page.decode(recorded(contracts, "runs_search")).runs[0]),
    ):
        run = parse.parse_run(msgspec.json.decode(body, type=parse.RunPayload), "s" * 16)
        assert (run.id, run.experiment_id, run.name) == ("22a619da3ef44dafa6f30e74f749a8d1", "1", "ridge")
        assert (run.status, run.user) == ("finished", "root")
        assert (run.started_at, run.ended_at) == (1795340146032, 1795340163690)
        assert run.params == {"alpha": "1.0", "note": "ünï"}
        assert run.metrics["rmse"] == Metric(value=0.1, step=1, at=1795340146402)
        assert run.metrics["bad"].state == "nan"
        assert run.metrics["inf"].state == "+inf"
        assert run.artifact_uri == "/builds/project/mlruns/1/22a619da3ef44dafa6f30e74f749a8d1/artifacts"


def test_recorded_tags_are_kept(contracts: Path) -> None:
    raw: dict[str, Any] = json.loads(recorded(contracts, "runs_get"))["run"]
    run = parse.parse_run(parse.one_run.decode(recorded(contracts, "runs_get")).run, "s" * 16)
    assert run.tags == {tag["key"]: tag["value"] for tag in raw["data"]["tags"]}


def test_recorded_experiments_become_records(contracts: Path) -> None:
    page = parse.experiments_page.decode(recorded(contracts, "experiments_search"))
    found = [parse.parse_experiment(one, "s" * 16) for one in page.experiments]
    assert [(one.id, one.name, one.lifecycle) for one in found] == [
        ("1", "fare-model", "active"),
        ("0", "Default", "active"),
    ]
    assert found[0].created_at == 1795340142196


def test_recorded_histories_become_points(contracts: Path) -> None:
    series = parse.parse_series("r", "k", parse.metrics_page.decode(recorded(contracts, "metric_history")).metrics)
    columns = [list(column) for column in (series.steps, series.times, series.values)]
    assert columns == [[0, 1], [1795340146394, 1795340146402], [0.12, 0.1]]
    page = parse.metrics_page.decode(recorded(contracts, "metric_history_nan"))
    (value,) = parse.parse_series("r", "k", page.metrics).values
    assert math.isnan(value)


def test_a_run_with_everything_unusual_is_still_a_run() -> None:
    run = parse.parse_run(parse.one_run.decode(own("odd_run.json")).run, "s" * 16)
    assert run.id == "0123"
    assert run.name == "named by its tag"
    assert run.user == "bo"
    assert run.status == "deleted"
    assert run.git_commit == "cafe"
    assert run.parent_id == "4567"
    assert (run.started_at, run.ended_at, run.artifact_uri) == (None, None, None)
    assert run.params == {"empty": "", "[bold]x[/]": "\x1b[31m"}
    assert {key: metric.state for key, metric in run.metrics.items()} == {
        "up": "+inf", "down": "-inf", "said up": "+inf", "said down": "-inf", "nothing": "nan", "whole": "finite",
    }  # fmt: skip
    assert run.metrics["whole"] == Metric(value=3.0, step=-2, at=None)
    assert run.datasets == (
        Dataset(
            name="orders", digest="d1", context="training", source_type="local", origin="{}", schema="[]", profile="{}"
        ),
        Dataset(name="bare", digest=""),
    )


def test_a_status_that_is_not_known_yet_is_kept_as_text() -> None:
    assert str(parse.run_status("PAUSED", "active")) == "paused"


def test_an_empty_answer_is_an_empty_page() -> None:
    assert parse.runs_page.decode(b"{}").runs == []
    assert parse.experiments_page.decode(b"{}").next_page_token == ""
    assert parse.metrics_page.decode(b'{"unknown": 1}').metrics == []


def test_points_keep_the_order_of_the_server() -> None:
    page = b'{"metrics": [{"value": 3, "step": 2, "timestamp": 1}, {"value": "NaN", "step": 1, "timestamp": 5}]}'
    assert list(parse.parse_series("r", "k", parse.metrics_page.decode(page).metrics).steps) == [2, 1]


def sampled(asked: int, **runs: list[int]) -> dict[str, str]:
    values = [
        parse.PointValue(value=1.0, timestamp=1, step=step, run_id=run_id)
        for run_id, steps in runs.items()
        for step in steps
    ]
    found = parse.parse_sampled(values, [*runs, "none"], "loss", asked)
    return {history.run_id: history.history for history in found}


def test_a_sampled_history_is_complete_only_where_that_is_certain() -> None:
    assert sampled(10, a=[0, 1, 2]) == {"a": "complete", "none": "complete"}
    assert sampled(3, a=[0, 1, 2]) == {"a": "sampled", "none": "sampled"}
    # one run's values are few, but all steps together were too many: an old server may have thinned them out
    assert sampled(4, a=[0, 1], b=[2, 3]) == {"a": "sampled", "b": "sampled", "none": "sampled"}
    # many values of one step: the steps are few, the values are not
    assert sampled(4, a=[0, 0, 0, 0], b=[1]) == {"a": "sampled", "b": "complete", "none": "complete"}


def test_a_listing_puts_folders_first() -> None:
    page = (
        b'{"files": [{"path": "b.txt", "file_size": 3}, {"path": "z", "is_dir": true}, {"path": "a", "is_dir": false}]}'
    )
    listing = parse.parse_listing(parse.files_page.decode(page).files, "s", "r", "")
    assert listing.artifacts == (
        Artifact(path="z", is_dir=True),
        Artifact(path="a", is_dir=False, size=0),
        Artifact(path="b.txt", is_dir=False, size=3),
    )


@pytest.mark.parametrize("value", ["soon", "", "0x10"])
def test_a_number_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SourceError, match="is no number"):
        parse.metric_number(value)
