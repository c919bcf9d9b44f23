"""`quarterdeck runs --fold`: groups as a table and as JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.app.records import Metric, Run

Call = Callable[..., Any]
MakeRun = Callable[..., Run]
Fill = Callable[..., None]


@pytest.fixture
def sweep(fill: Fill, make_run: MakeRun, project: Path) -> None:
    """Two rates, of which the second is better, and a run that logged none."""
    with (project / "quarterdeck.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n[metrics]\nauc = { greater_is_better = true }\n")
    figures = {"0.1": (0.7, 0.8), "0.01": (0.9, 0.92, math.nan)}
    runs = [
        make_run(number, name=f"run {number}", params={"lr": rate}, metrics={"auc": Metric(value=value)})
        for number, (rate, value) in enumerate((rate, value) for rate, values in figures.items() for value in values)
    ]
    fill(*runs, make_run(9, params={}, metrics={}))


@pytest.mark.usefixtures("sweep")
def test_groups_come_with_the_best_first(call: Call) -> None:
    said = call("runs", "--fold", "lr")
    lines = [line.split() for line in said.out.splitlines()]
    assert lines[0][:3] == ["params.lr", "n", "failed"]
    assert [line[0] for line in lines[1:]] == ["0.01", "0.1", "not"]
    assert "2, 1 NaN left out" in said.out
    assert "run 3" in said.out


@pytest.mark.usefixtures("sweep")
def test_json_says_how_many_and_what_selects_them(call: Call) -> None:
    first, *_rest = call("runs", "--fold", "params.lr", "--json").json
    assert first["by"] == {"params.lr": "0.01"}
    assert first["count"] == 3
    assert first["metrics"]["auc"]["count"] == 2
    assert first["metrics"]["auc"]["nan"] == 1
    assert first["metrics"]["auc"]["mean"] == pytest.approx(0.91)
    assert first["metrics"]["auc"]["sd"] == pytest.approx(math.sqrt(0.0002))
    chosen = call("runs", "--filter", first["filter"], "--json").json
    assert len(chosen) == first["count"]


@pytest.mark.usefixtures("sweep")
def test_filter_sort_and_limit_go_with_a_fold(call: Call) -> None:
    made = call("runs", "--fold", "lr", "--filter", "metrics.auc < 0.91", "--sort", "lr", "--limit", "1", "--json").json
    assert [(one["by"]["params.lr"], one["count"]) for one in made] == [("0.01", 1)]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--fold", "auc"), "--fold takes params, tags and parent"),
        (("--fold", ","), "--fold takes params, tags and parent"),
        (("--fold", "lr", "--sort", "name"), "Groups do not sort by"),
    ],
)
@pytest.mark.usefixtures("sweep")
def test_what_makes_no_groups_is_refused_in_a_sentence(call: Call, words: tuple[str, ...], sentence: str) -> None:
    said = call("runs", *words)
    assert said.status == 2
    assert sentence in said.err


@pytest.mark.usefixtures("sweep")
def test_no_run_is_a_word_on_stderr(call: Call) -> None:
    said = call("runs", "--fold", "lr", "--filter", "zeppelin")
    assert (said.status, said.out) == (0, "")
    assert "No run is like that." in said.err
