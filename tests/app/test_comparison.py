"""Runs side by side: what differs, what is best, what has to be known; and as text that nothing can break out of."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from quarterdeck.app.comparison import (
    CompareRow,
    Comparison,
    compare,
    csv_text,
    difference,
    distance,
    json_value,
    markdown,
    tree_state,
)
from quarterdeck.app.records import Commit, CommitsBetween, Dataset, Metric, Run
from quarterdeck.app.text import shown

ODD = [
    "a | b", "`tick`", "``", "\\|", "\\", "<script>alert(1)</script>", "[x](javascript:1)", "**bold**", "@ann", "#12",
    "two\nlines", "\x1b[31mred", "=1+1", "+1", "-cmd", "@sum", "", "  ", " x ", "&amp;", "a\\`|`b", "'quoted", '"',
    "\ud800",
]  # fmt: skip


def run(index: int = 0, **facts: Any) -> Run:
    given: dict[str, Any] = {
        "source": "s", "id": f"id-{index}", "experiment_id": "1", "name": f"run-{index}", "status": "finished",
    } | facts  # fmt: skip
    return Run(**given)


def metrics(**values: float) -> dict[str, Metric]:
    return {name: Metric(value=value) for name, value in values.items()}


def rows(compared: Comparison) -> dict[tuple[str, str], CompareRow]:
    return {(row.kind, row.name): row for row in compared.rows}


# -- what differs

TEXTS = st.text(alphabet="ab1.0", max_size=4)
LABELS = st.dictionaries(st.sampled_from(["lr", "depth", "mlflow.note"]), TEXTS)
VALUES = st.one_of(st.sampled_from([0.0, -0.0, 1.0, math.nan, math.inf, -math.inf]), st.floats())
DATA = st.lists(
    st.builds(
        Dataset,
        name=st.sampled_from(["orders", "users"]),
        digest=st.sampled_from(["77ab", "9c1e"]),
        context=st.sampled_from([None, "training", "validation"]),
    ),
    max_size=3,
)
RUNS = st.lists(
    st.builds(
        run,
        user=st.sampled_from([None, "ann", "bo"]),
        status=st.sampled_from(["finished", "running"]),
        git_commit=st.sampled_from([None, "a" * 40, "b" * 40]),
        params=LABELS,
        tags=LABELS,
        metrics=st.dictionaries(st.sampled_from(["auc", "loss"]), st.builds(Metric, value=VALUES)),
        datasets=DATA.map(tuple),
    ),
    min_size=2,
    max_size=8,
)


def _alike(values: list[Any]) -> bool:
    """As a reader sees it: NaN is NaN, and 0 is -0."""
    return len({"nan" if value != value else value for value in values}) == 1


def _truth(runs: list[Run], row: CompareRow) -> list[Any]:
    """What each run has, read from the records by other means than `compare` does."""
    if row.kind == "metric":
        return [one.metrics[row.name].value if row.name in one.metrics else None for one in runs]
    if row.kind == "dataset":
        return [frozenset((d.name, d.digest) for d in one.datasets if (d.context or "") == row.name) for one in runs]
    if row.kind in ("param", "tag"):
        return [getattr(one, f"{row.kind}s").get(row.name) for one in runs]
    return [getattr(one, {"commit": "git_commit"}.get(row.name, row.name)) for one in runs]


@given(RUNS)
def test_what_is_said_to_differ_differs_and_what_is_not_does_not(runs: list[Run]) -> None:
    for row in compare(runs).rows:
        if row.name not in ("started", "took", "parent", "source", "experiment"):
            assert row.differs == (not _alike(_truth(runs, row))), row


@given(RUNS)
def test_everything_that_a_run_has_is_in_a_row(runs: list[Run]) -> None:
    found = rows(compare(runs)).keys()
    for one in runs:
        assert {("param", name) for name in one.params} <= found
        assert {("tag", name) for name in one.tags} <= found
        assert {("metric", name) for name in one.metrics} <= found
        assert {("dataset", data.context or "") for data in one.datasets} <= found


@given(RUNS, st.booleans())
def test_the_best_are_finite_and_nothing_beats_them(runs: list[Run], greater: bool) -> None:
    for row in compare(runs, better={"auc": greater}).rows:
        finite = [c.number for c in row.cells if c.number is not None and math.isfinite(c.number)]
        if row.name != "auc" or row.kind != "metric" or len(set(finite)) < 2:
            assert row.best == frozenset()
            continue
        best = max(finite) if greater else min(finite)
        assert row.best == {at for at, cell in enumerate(row.cells) if cell.number == best}


@given(RUNS)
def test_the_baselines_place_changes_no_more_than_the_differences(runs: list[Run]) -> None:
    first, last = compare(runs), compare(runs, baseline=len(runs) - 1)
    assert [row.differs for row in first.rows] == [row.differs for row in last.rows]
    assert all(difference(row, len(runs) - 1, last.baseline) is None for row in last.rows)


def test_metrics_with_a_declared_direction_stand_first() -> None:
    found = compare([run(metrics=metrics(auc=1, loss=2, zeta=3)), run(1)], better={"zeta": True})
    assert [row.name for row in found.rows if row.kind == "metric"] == ["zeta", "auc", "loss"]


def test_a_difference_needs_two_finite_numbers() -> None:
    runs = [run(metrics=metrics(a=1.0, b=math.nan)), run(1, metrics=metrics(a=1.5, b=2.0)), run(2)]
    found = rows(compare(runs))
    assert [difference(found["metric", "a"], at, 0) for at in range(3)] == [None, 0.5, None]
    assert [difference(found["metric", "b"], at, 0) for at in range(3)] == [None, None, None]


def test_params_are_numbers_where_all_of_them_parse() -> None:
    runs = [run(params={"lr": "1e-3", "n": "1_000", "mix": "2"}), run(1, params={"lr": "0.1", "n": "2", "mix": "x"})]
    found = rows(compare(runs))
    assert [found["param", name].numeric for name in ("lr", "n", "mix")] == [True, False, False]
    assert difference(found["param", "lr"], 1, 0) == pytest.approx(0.099)


def test_a_run_that_goes_on_has_taken_until_now() -> None:
    found = rows(compare([run(started_at=1_000, ended_at=61_000), run(1, started_at=1_000)], now=31_000))
    assert [cell.number for cell in found["attribute", "took"].cells] == [60_000, 30_000]


# -- sentences


def data(digest: str, context: str | None = "validation") -> tuple[Dataset, ...]:
    return (Dataset(name="orders", digest=digest, context=context),)


def test_unlike_validation_data_is_said_with_how_many_runs_have_it() -> None:
    runs = [run(datasets=data("77ab")), run(1, datasets=data("9c1e")), run(2, datasets=data("77ab"))]
    assert compare(runs).sentences == (
        "metrics are not like for like: validation data orders@77ab in 2 runs, orders@9c1e in 1",
    )


def test_unlike_training_data_is_another_matter_than_unlike_measurement() -> None:
    runs = [run(datasets=data("77ab", "training")), run(1, datasets=data("9c1e", "training")), run(2)]
    assert compare(runs).sentences == (
        "trained on unlike data: orders@77ab in 1 run, orders@9c1e in 1, none logged in 1",
    )


def test_data_without_a_context_may_be_what_metrics_were_measured_on() -> None:
    runs = [run(datasets=data("77ab", None)), run(1)]
    said = "metrics are not like for like: data without a context orders@77ab in 1 run, none logged in 1"
    assert compare(runs).sentences == (said,)


def test_alike_data_needs_no_word() -> None:
    assert compare([run(datasets=data("77ab")), run(1, datasets=data("77ab"))]).sentences == ()


def test_runs_that_go_on_may_still_become_the_best() -> None:
    assert compare([run(status="running"), run(1)]).sentences == ("1 of 2 is still running: what is best may change",)


# -- code


def commit(sha: str) -> Commit:
    return Commit(
        source="g", sha=sha, parents=(), author="Ann", email="a@b", authored_at=0, committed_at=0, subject=f"of {sha}"
    )


@pytest.mark.parametrize(
    ("between", "said"),
    [
        (CommitsBetween(base="a", head="a"), "same commit"),
        (CommitsBetween(base="a", head="b", ahead=(commit("b"),)), "+1"),
        (CommitsBetween(base="a", head="b", ahead=(commit("b"),), behind=(commit("a"), commit("c"))), "+1 −2"),
        (CommitsBetween(base="a", head="b", behind=(commit("a"),), complete=False), "−1 or more"),
    ],
)
def test_how_far_apart_two_commits_are(between: CommitsBetween, said: str) -> None:
    assert distance(between) == said


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({}, "no commit was logged"),
        ({"git_commit": "a"}, "tree state unknown"),
        ({"git_commit": "a", "tags": {"mlflow.source.git.dirty": "true"}}, "with changes that were not committed"),
        ({"git_commit": "a", "tags": {"mlflow.source.git.dirty": "False"}}, "tree clean"),
    ],
)
def test_the_state_of_the_tree_is_what_mlflow_was_told(facts: dict[str, Any], said: str) -> None:
    assert tree_state(run(**facts)) == said


# -- as text

FOREIGN = st.one_of(st.sampled_from(ODD), st.text(max_size=12))


def with_foreign(name: str, key: str, value: str) -> Comparison:
    dataset = (Dataset(name=value, digest=key, context=value),)
    return compare(
        [run(0, name=name, params={key: value}, tags={key: ""}, datasets=dataset), run(1, name=value, user=value)]
    )


def _cells(text: str) -> list[list[str]]:
    """The cells of the one table, as GitHub's dialect reads them: tags taken away, entities resolved."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    assert [token.type for token in tokens].count("table_open") == 1, text
    lines: list[list[str]] = []
    for at, token in enumerate(tokens):
        if token.type == "tr_open":
            lines.append([])
        if token.type in ("th_open", "td_open"):
            lines[-1].append(_plain(tokens[at + 1]))
    return lines


def _plain(token: Token) -> str:
    """What is read; fails where foreign text became more than text."""
    for child in token.children or []:
        assert child.type in ("text", "code_inline", "strong_open", "strong_close", "text_special") or (
            child.type == "html_inline" and child.content in ("<code>", "</code>")
        ), (child.type, token.content)
    return "".join(c.content for c in token.children or [] if c.type != "html_inline")


@given(FOREIGN, FOREIGN, FOREIGN)
def test_a_markdown_table_keeps_its_cells_and_its_texts_whatever_they_are(name: str, key: str, value: str) -> None:
    compared = with_foreign(name, key, value)
    lines = _cells(markdown(compared, everything=True))
    assert {len(line) for line in lines} == {3}
    titles = [line[0] for line in lines]
    assert lines[titles.index("params") + 1] == [_said(key), _said(value), ""]
    assert lines[titles.index("data", titles.index("params") + 2) + 1] == [
        _said(value) if value else "no context",
        _said(f"{value}@{key}"),
        "",
    ]


def _said(text: str) -> str:
    said = shown(text)
    return said if said.strip() else f"({len(said)} spaces)" if said else "(empty)"


@given(FOREIGN, FOREIGN, FOREIGN)
def test_csv_reads_back_as_it_was_written_and_holds_no_formula(name: str, key: str, value: str) -> None:
    text = csv_text(with_foreign(name, key, value), everything=True)
    lines = list(csv.reader(io.StringIO(text, newline="")))
    assert {len(line) for line in lines} == {6}
    assert not set(text) & {chr(code) for code in (*range(32), 127) if code != 10}
    for cell in (cell for line in lines for cell in line):
        assert not cell.startswith(("=", "@")), cell
        if cell.startswith(("+", "-")):
            float(cell)
    param = next(line for line in lines if line[0] == "param")
    assert param[1].removeprefix("'") == shown(key).removeprefix("'")


@given(FOREIGN, FOREIGN, FOREIGN)
def test_json_is_exact(name: str, key: str, value: str) -> None:
    found = json.loads(json.dumps(json_value(with_foreign(name, key, value), everything=True), allow_nan=False))
    assert [one["name"] for one in found["runs"]] == [name, value]
    (param,) = [row for row in found["rows"] if row["kind"] == "param"]
    assert (param["name"], param["values"]) == (key, [value, None])


def test_figures_that_are_no_numbers_are_words_in_every_form() -> None:
    compared = compare([run(metrics=metrics(a=math.nan)), run(1, metrics=metrics(a=-math.inf))])
    assert "| `a` | NaN | -Infinity |" in markdown(compared)
    assert "metric,a,yes,,NaN,-Infinity\n" in csv_text(compared)
    (row,) = [row for row in json_value(compared)["rows"] if row["kind"] == "metric"]
    assert row["values"] == ["NaN", "-Infinity"]


def test_markdown_marks_baseline_best_and_differences() -> None:
    runs = [run(metrics=metrics(auc=0.93), params={"lr": "0.1"}), run(1, metrics=metrics(auc=0.9412))]
    assert markdown(compare(runs, better={"auc": True})).splitlines() == [
        "Comparison of 2 runs, by what differs:",
        "",
        "|  | `run-0` (baseline) | `run-1` |",
        "| --- | --- | --- |",
        "| run id | `id-0` | `id-1` |",
        "| **params** |  |  |",
        "| `lr` | `0.1` |  |",
        "| **metrics** |  |  |",
        "| `auc` ↑ | 0.93 | **0.9412** (+0.0112) |",
    ]
