"""What was measured of a candidate, against bounds and against the champion."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.app.promotion.words import difference, exact, figure, figures
from quarterdeck.app.records import Dataset, ModelMetric

from .evidence import DAY, HOUR, MINUTE, MLFLOW, NOW, ORDERS, TRAINING, World, bare

AUC = "metric:val_auc"


def rule(*lines: str, name: str = "val_auc", greater: bool = True) -> str:
    """A policy of one metric."""
    direction = f"greater_is_better = {str(greater).lower()}"
    return bare('[[promotion."churn".metric]]', f'name = "{name}"', direction, *lines)


def measured(value: float, digest: str | None = "77ab", **rest: Any) -> ModelMetric:
    facts: dict[str, Any] = {
        "name": "val_auc", "value": value, "at": NOW - HOUR, "dataset_digest": digest,
        "dataset_name": "orders" if digest else None,
    }  # fmt: skip
    return ModelMetric(**(facts | rest))


# -- a bound


def test_a_metric_that_keeps_all_that_is_demanded_passes(world: World) -> None:
    gate = world.gate(AUC)
    assert (gate.state, gate.sentence) == ("pass", "val_auc 0.941 ≥ 0.8, +0.003 on v13, same data")
    assert (gate.value, gate.against) == (0.941, 0.938)
    assert gate.bound == "≥ 0.8, +0.002 on champion, same data, at most 14d old"
    assert gate.evidence == ("run/run14", "dataset/orders@77ab", "run/run13")
    assert gate.at == NOW - 9 * HOUR


def test_a_metric_of_which_less_is_better_keeps_a_ceiling(world: World) -> None:
    assert world.said("metric:p95_latency_ms") == ("pass", "p95_latency_ms 111 ≤ 120")
    world.run("14", 0.941, 120.5)
    assert world.said("metric:p95_latency_ms") == ("fail", "p95_latency_ms 120.5 > 120")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.80, ("pass", "val_auc 0.8 ≥ 0.8")),
        (0.7999999, ("fail", "val_auc 0.7999999 < 0.8")),
        (nan, ("inconclusive", "val_auc is NaN")),
        (inf, ("inconclusive", "val_auc is ∞")),
        (-inf, ("inconclusive", "val_auc is −∞")),
    ],
)
def test_a_bound_is_kept_or_not_and_what_is_no_number_tells_nothing(
    world: World, value: float, said: tuple[str, str]
) -> None:
    world.rule(rule("threshold = 0.8"))
    world.run("14", value)
    assert world.said(AUC, version="14") == said


def test_what_was_not_logged_is_missing(world: World) -> None:
    world.run("14", None)
    assert world.said(AUC) == ("missing", "val_auc: it was not logged")


def test_a_run_that_the_cache_does_not_have_leaves_its_metrics_missing(world: World) -> None:
    world.version("14", run_id="elsewhere")
    assert world.said(AUC) == ("missing", "val_auc: its run is not known here")
    world.version("14", run_id=None)
    assert world.said(AUC) == ("missing", "val_auc: it names no run")


def test_a_run_that_was_deleted_proves_nothing(world: World) -> None:
    world.run("14", 0.941, status="deleted")
    assert world.said(AUC) == ("missing", "val_auc: its run was deleted")


def test_runs_of_a_source_that_does_not_answer_prove_nothing(world: World) -> None:
    world.source(MLFLOW, "unauthorised", "mlflow.example wants a login.")
    assert world.said(AUC) == ("missing", "val_auc: mlflow: mlflow.example wants a login.")


def test_a_version_that_is_not_known_has_no_metrics(world: World) -> None:
    world.rule(rule("threshold = 0.8"))
    assert world.said(AUC, version="99") == ("missing", "val_auc: this version is not known")


# -- age


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (NOW - 14 * DAY, ("pass", "val_auc 0.941")),
        (NOW - 14 * DAY - 1, ("stale", "val_auc 0.941, 14 d old, allowed 14d")),
        (NOW + 2 * MINUTE, ("pass", "val_auc 0.941")),
        (NOW + HOUR, ("inconclusive", "val_auc 0.941, it is dated in the future")),
    ],
)
def test_a_metric_may_be_so_old(world: World, at: int, said: tuple[str, str]) -> None:
    world.rule(rule('max_age = "14d"'))
    world.run("14", 0.941, at=at, ended_at=NOW)
    assert world.said(AUC, version="14") == said


def test_without_a_time_of_its_own_a_metric_is_as_old_as_the_end_of_its_run(world: World) -> None:
    world.rule(rule('max_age = "14d"'))
    world.run("14", 0.941, ended_at=NOW - 15 * DAY)
    assert world.said(AUC, version="14") == ("stale", "val_auc 0.941, 15 d old, allowed 14d")
    world.run("14", 0.941, ended_at=None)
    assert world.said(AUC, version="14") == ("missing", "val_auc 0.941, how old it is is not known")


def test_what_is_too_bad_fails_however_old_it_is(world: World) -> None:
    world.run("14", 0.7, ended_at=NOW - 15 * DAY)
    assert world.gate(AUC).state == "fail"


def test_time_alone_makes_a_metric_stale(world: World) -> None:
    assert world.gate(AUC, NOW + 13 * DAY).state == "pass"
    assert world.gate(AUC, NOW + 14 * DAY).state == "stale"


# -- against the champion


@pytest.mark.parametrize(
    ("lines", "greater", "mine", "theirs", "said"),
    [
        ("min_absolute_change = 0.002", True, 0.94, 0.938, ("pass", "0.94, +0.002 on v13, same data")),
        ("min_absolute_change = 0.002", True, 0.9399, 0.938,
         ("fail", "0.9399, +0.0019 on v13, needs +0.002, same data")),
        ("min_absolute_change = 0", True, 0.5, 0.5, ("pass", "0.5, +0 on v13, same data")),
        ("min_absolute_change = -0.01", True, 0.93, 0.938, ("pass", "0.93, −0.008 on v13, same data")),
        ("min_absolute_change = 5", False, 99.0, 104.0, ("pass", "99, −5 on v13, same data")),
        ("min_absolute_change = 5", False, 100.0, 104.0, ("fail", "100, −4 on v13, needs −5, same data")),
        ("min_absolute_change = 5", False, 109.0, 104.0, ("fail", "109, +5 on v13, needs −5, same data")),
        ("min_relative_change = 0.01", True, 0.505, 0.5, ("pass", "0.505, +1 % on v13, same data")),
        ("min_relative_change = 0.01", True, 0.504, 0.5, ("fail", "0.504, +0.8 % on v13, needs +1 %, same data")),
        ("min_relative_change = 0.1", False, 90.0, 100.0, ("pass", "90, −10 % on v13, same data")),
        ("min_relative_change = 0.1", False, 91.0, 100.0, ("fail", "91, −9 % on v13, needs −10 %, same data")),
        ("min_relative_change = 0.1", True, -0.9, -1.0, ("pass", "−0.9, +10 % on v13, same data")),
        ("min_relative_change = 0.1", True, 1.0, 0.0,
         ("inconclusive", "1, v13 has 0, no change is relative to that, same data")),
        ("min_absolute_change = 0", True, 1.0, nan, ("inconclusive", "1, v13 has NaN")),
        ("min_absolute_change = 0", True, nan, 1.0, ("inconclusive", "is NaN")),
    ],
)  # fmt: skip
def test_a_candidate_must_be_better_by_so_much(
    world: World, lines: str, greater: bool, mine: float, theirs: float, said: tuple[str, str]
) -> None:
    world.rule(rule(lines, greater=greater))
    world.run("13", theirs)
    world.run("14", mine)
    assert world.said(AUC, version="14") == (said[0], f"val_auc {said[1]}")


def test_a_champion_without_the_metric_leaves_it_open_and_one_without_a_run_unknown(world: World) -> None:
    world.run("13", None)
    assert world.said(AUC) == ("inconclusive", "val_auc 0.941 ≥ 0.8, of v13: it was not logged")
    world.version("13", run_id="elsewhere")
    assert world.said(AUC) == ("missing", "val_auc 0.941 ≥ 0.8, of v13: its run is not known here")


def test_the_first_promotion_has_nothing_to_compare_with_and_says_so(world: World) -> None:
    world.model(challenger="14")
    assert world.said(AUC) == ("pass", "val_auc 0.941 ≥ 0.8, nothing to compare with yet")
    world.run("14", 0.7)
    assert world.gate(AUC).state == "fail"


def test_another_champion_changes_what_is_compared(world: World) -> None:
    world.run("12", 0.94)
    world.model(champion="12", challenger="14")
    assert world.said(AUC) == ("fail", "val_auc 0.941 ≥ 0.8, +0.001 on v12, needs +0.002, same data")


def test_one_metric_may_have_two_bounds(world: World) -> None:
    world.rule(bare(
        '[[promotion."churn".metric]]', 'name = "val_auc"', "greater_is_better = true", "threshold = 0.8",
        '[[promotion."churn".metric]]', 'name = "val_auc"', "greater_is_better = false", "threshold = 0.9",
    ))  # fmt: skip
    assert world.said("metric:val_auc", version="14") == ("pass", "val_auc 0.941 ≥ 0.8")
    assert world.said("metric:val_auc#2", version="14") == ("fail", "val_auc 0.941 > 0.9")


# -- the same data


def test_other_data_is_no_comparison(world: World) -> None:
    world.run("14", 0.99, datasets=(TRAINING, Dataset(name="orders", digest="51c2", context="validation")))
    assert world.said(AUC) == ("inconclusive", "val_auc 0.99 ≥ 0.8, other data than v13")


def test_a_name_alone_never_counts_as_the_same_data(world: World) -> None:
    for number in ("13", "14"):
        world.run(number, 0.9, datasets=(Dataset(name="orders", digest="", context="validation"),), ended_at=NOW)
    assert world.said(AUC) == ("inconclusive", "val_auc 0.9 ≥ 0.8, data of one is not known")


def test_the_same_digest_under_another_name_is_the_same_data(world: World) -> None:
    world.run("14", 0.941, datasets=(Dataset(name="bestellungen", digest="77ab", context="test"),))
    assert world.gate(AUC).state == "pass"


def test_data_of_training_counts_only_where_there_is_no_other(world: World) -> None:
    other = Dataset(name="orders-train", digest="0002", context="training")
    world.run("14", 0.941, datasets=(other, ORDERS))
    assert world.gate(AUC).state == "pass"
    world.run("13", 0.9, datasets=(TRAINING,))
    world.run("14", 0.941, datasets=(other,))
    assert world.gate(AUC).state == "inconclusive"
    world.run("14", 0.941, datasets=(TRAINING,))
    assert world.gate(AUC).state == "pass"


def test_one_data_more_is_other_data(world: World) -> None:
    world.run("14", 0.941, datasets=(ORDERS, Dataset(name="more", digest="9c1e", context="validation")))
    assert world.gate(AUC).state == "inconclusive"


def test_without_the_demand_other_data_is_said_and_compared(world: World) -> None:
    world.rule(rule("min_absolute_change = 0.002"))
    world.run("14", 0.941, datasets=())
    assert world.said(AUC, version="14") == ("pass", "val_auc 0.941, +0.003 on v13, data not known")
    world.run("14", 0.941, datasets=(Dataset(name="o", digest="51c2"),))
    assert world.said(AUC, version="14") == ("pass", "val_auc 0.941, +0.003 on v13, other data")


# -- logged models


def test_what_the_model_itself_carries_comes_before_its_run(world: World) -> None:
    world.logged("14", measured(0.95, run_id="eval7"))
    gate = world.gate(AUC)
    assert (gate.state, gate.sentence) == ("pass", "val_auc 0.95 ≥ 0.8, +0.012 on v13, same data")
    assert gate.evidence == ("model/churn/14", "run/eval7", "dataset/orders@77ab", "run/run13")


def test_what_the_model_does_not_carry_is_that_of_its_run(world: World) -> None:
    world.logged("14", measured(0.5, name="f1"))
    assert world.gate(AUC).value == 0.941


def test_of_one_data_the_last_measure_counts(world: World) -> None:
    world.logged("14", measured(0.99, at=NOW - HOUR, step=9), measured(0.95, at=NOW - MINUTE, step=1))
    assert world.gate(AUC).value == 0.95


def test_of_several_data_the_one_that_the_champion_was_measured_on_is_compared(world: World) -> None:
    world.logged("14", measured(0.99, "51c2"), measured(0.939, "77ab"))
    assert world.said(AUC) == ("fail", "val_auc 0.939 ≥ 0.8, +0.001 on v13, needs +0.002, same data")
    world.logged("13", measured(0.97, "51c2"), measured(0.9, "77ab"))
    assert world.said(AUC)[0] == "pass"
    world.logged("13", measured(0.995, "51c2"), measured(0.9, "77ab"))
    assert world.said(AUC)[0] == "fail"  # one of two alike comparisons is lost


def test_of_several_data_without_a_comparison_the_worst_decides(world: World) -> None:
    world.rule(rule("threshold = 0.8"))
    world.logged("14", measured(0.99, "51c2"), measured(0.79, "9c1e"))
    assert world.said(AUC, version="14") == ("fail", "val_auc 0.79 < 0.8")


def test_of_several_data_none_is_compared_with_what_was_measured_elsewhere(world: World) -> None:
    world.rule(rule("min_absolute_change = 0"))
    world.logged("14", measured(0.99, "51c2"), measured(0.98, "9c1e"))
    assert world.said(AUC, version="14") == ("inconclusive", "val_auc 0.99, other data than v13")


def test_a_measure_without_data_has_the_data_of_its_run(world: World) -> None:
    world.logged("14", measured(0.95, None))
    assert world.said(AUC) == ("pass", "val_auc 0.95 ≥ 0.8, +0.012 on v13, same data")


# -- figures


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (1.0, "1"), (-3.0, "−3"), (0.94123, "0.9412"), (111.04, "111"), (1234567.8, "1234568"),
        (0.000012345, "1.234e-05"), (1e22, "1.000e+22"), (-0.00012, "−0.00012"), (123456.0, "123456"),
    ],
)  # fmt: skip
def test_a_figure_has_four_digits_that_count(value: float, text: str) -> None:
    assert figure(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(allow_nan=False, allow_infinity=False))
def test_two_figures_that_differ_never_look_the_same(value: float, bound: float) -> None:
    shown, other = figures(value, bound)
    assert (shown == other) == (value == bound) or {value, bound} == {0.0, -0.0}


def test_a_difference_is_that_of_the_decimals_that_people_read() -> None:
    assert 0.94 - 0.938 != 0.002
    assert exact(0.94) - exact(0.938) == exact(0.002)
    assert difference(exact(0.1) - exact(0.3)) == "−0.2"
