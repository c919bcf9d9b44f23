"""What a fold is called, the filter of a group, and its table as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.folds import (
    FoldTable,
    csv_text,
    json_text,
    json_value,
    markdown,
    metric_field,
    narrowed,
    ordered,
    table,
)
from quarterdeck.app.query import Field, matches, parse
from quarterdeck.app.records import Batch, Experiment, Metric, Run, SourceSpec
from quarterdeck.app.store.cache import Cache
from quarterdeck.app.store.groups import Groups, RunGroups
from quarterdeck.app.store.labels import PARENT
from quarterdeck.app.store.reading import Reader

NOW = 1_763_780_820_000
SOURCE = SourceSpec(key="here", kind="mlflow", name="mlflow", address="")
LR, AUC, LOSS = Field("param", "lr"), Field("metric", "auc"), Field("metric", "loss")
ODD = "=1+|`\x1b[31m` @all\n"


def a_run(index: int, auc: float | None = None, **facts: Any) -> Run:
    metrics = {} if auc is None else {"auc": Metric(value=auc), "loss": Metric(value=-auc)}
    given: dict[str, Any] = {"name": f"run {index}", "experiment_id": "1", "status": "finished", "metrics": metrics}
    return Run(source="here", id=f"id-{index}", started_at=NOW - index, **(given | facts))


RUNS = [
    a_run(0, 0.8, params={"lr": "0.1"}),
    a_run(1, 0.9, params={"lr": "0.1"}, status="failed"),
    a_run(2, math.nan, params={"lr": "0.1"}),
    a_run(3, 0.7, params={"lr": ODD}),
    a_run(4, math.inf, parent_id="id-0"),
]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    cache = Cache(tmp_path / "cache.db")
    cache.declare([SOURCE])
    cache.write("here", Batch(experiments=(Experiment(source="here", id="1", name="one"),), runs=tuple(RUNS)), NOW)
    opened = Reader(tmp_path / "cache.db")
    yield opened
    opened.close()
    cache.close()


def groups_of(reader: Reader, *by: Field, metrics: tuple[Field, ...] = (AUC, LOSS)) -> Groups:
    fold = RunGroups(reader.connection, experiments=None, where=None, by=by or (LR,))
    groups = fold.groups()
    for metric in metrics:
        groups = groups.with_spreads(metric, fold.spreads(groups, metric))
    return groups


def folded(reader: Reader, *by: Field) -> FoldTable:
    groups = groups_of(reader, *by)
    return table(reader, groups, ordered(groups, ("n", True), {}), {"auc": True}, "", None)


def test_markdown_says_mean_and_spread_of_how_many_and_the_best_run(reader: Reader) -> None:
    lines = markdown(folded(reader)).splitlines()
    assert lines[0] == (
        "| `params.lr` | runs | not finished | `auc` mean ± sd | best | `loss` mean ± sd | min to max |"
    )
    assert lines[2] == (
        "| `0.1` | 3 | 1 failed | 0.85 ± 0.0707 (n 2, 1 NaN left out) | 0.9 `run 1` "
        "| -0.85 ± 0.0707 (n 2, 1 NaN left out) | -0.9 to -0.8 |"
    )
    assert any(line.startswith("| *not logged* | 1 |  | 1 infinite left out |") for line in lines)


def test_foreign_text_stays_text_in_every_form(reader: Reader) -> None:
    made = folded(reader)
    for text in (markdown(made), csv_text(made)):
        assert "\x1b" not in text
    row = next(row for row in csv.reader(io.StringIO(csv_text(made))) if "1+" in row[0])
    assert row[0].startswith("'=")
    assert any(one["by"]["params.lr"] == ODD for one in json.loads(json_text(made)))


def test_csv_and_json_carry_exact_figures(reader: Reader) -> None:
    made = folded(reader)
    head, *rows = csv.reader(io.StringIO(csv_text(made)))
    row = dict(zip(head, next(row for row in rows if row[0] == "0.1"), strict=True))
    value = next(one for one in json_value(made) if one["by"]["params.lr"] == "0.1")
    assert float(row["auc mean"]) == value["metrics"]["auc"]["mean"]
    assert row["auc best run"] == value["metrics"]["auc"]["best_run"] == "id-1"
    assert value["metrics"]["loss"]["best"] is None
    assert value["states"] == {"finished": 2, "failed": 1}


def test_a_parent_is_called_by_its_name_and_selected_by_its_id(reader: Reader) -> None:
    rows = folded(reader, PARENT).rows
    assert [(row.words, row.where) for row in rows] == [
        (("no parent",), "parent_id is null"),
        (("run 0",), "parent_id = 'id-0'"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "params.lr = '0.1'"),
        ("status:finished", "status:finished and params.lr = '0.1'"),
        ("brave cod", "brave cod and params.lr = '0.1'"),
        ("name:a or name:b", "(name:a or name:b) and params.lr = '0.1'"),
        ("started_at > -3d", "started_at > -3d and params.lr = '0.1'"),
        ("not status:failed", "(not status:failed) and params.lr = '0.1'"),
    ],
)
def test_a_group_narrows_the_filter_as_it_was_typed(text: str, expected: str) -> None:
    group = parse("params.lr = '0.1'", now=NOW)
    assert group is not None
    where = parse(text, now=NOW)
    made = narrowed(text, where, group)
    assert made == expected
    read = parse(made, now=NOW)
    assert read is not None
    for run in [*RUNS, a_run(7, name="brave cod", params={"lr": "0.1"}), a_run(8, name="a", params={"lr": "0.1"})]:
        assert matches(read, run) == ((where is None or matches(where, run)) and matches(group, run))


def test_groups_sort_by_best_in_the_declared_direction_and_by_the_end_of_a_range(reader: Reader) -> None:
    groups = groups_of(reader)

    def values(key: str, descending: bool, better: dict[str, bool]) -> list[str | None]:
        return [groups.values[number][0] for number in ordered(groups, (key, descending), better)]

    assert values("best.auc", True, {"auc": True}) == ["0.1", ODD, None]
    assert values("best.auc", False, {"auc": False}) == [ODD, "0.1", None]
    assert values("metrics.auc", True, {}) == ["0.1", ODD, None]
    assert values("failed", True, {})[0] == "0.1"
    assert values("metrics.unknown", True, {})[0] == "0.1"


def test_words_of_columns_name_a_metric_and_how_it_is_aggregated() -> None:
    assert metric_field("metrics.auc") == AUC
    assert metric_field("best.auc.max") == Field("metric", "auc", "max")
    assert metric_field("metrics.a.b") == Field("metric", "a.b")
    assert metric_field("params.lr") is None
    assert metric_field("metrics") is None
