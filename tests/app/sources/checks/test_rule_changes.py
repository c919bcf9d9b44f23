"""What readers tell of a rule is enough to say whether it was loosened or tightened."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quarterdeck.app.records.check import CheckResult
from quarterdeck.app.sources.checks.formats import read
from quarterdeck.app.store.check_rules import Rule, change_between

from .readers import a_file


def rule(kind: str, value: Any) -> Rule:
    ((one,),) = [invocation.results for invocation in read(kind, a_file(json.dumps(value).encode()))]
    assert isinstance(one, CheckResult)
    return Rule(one.definition, one.limits)


def expectation(
    type_: str = "expect_column_values_to_be_between", severity: str | None = None, **kwargs: object
) -> Rule:
    config = {"type": type_, "kwargs": {"column": "fare", **kwargs}} | ({"severity": severity} if severity else {})
    return rule("great_expectations", {"success": True, "expectation_config": config, "result": {}})


def step(values: object, thresholds: str, type_: str = "col_vals_between") -> Rule:
    shape = {"assertion_type": type_, "column": "fare", "values": values, "thresholds": thresholds, "all_passed": True}
    return rule("pointblank", [shape])


def failure(check: str) -> Rule:
    return rule("pandera", [{"schema_context": "Column", "column": "fare", "check": check, "index": 1}])


LOW, HIGH = "Thresholds(warning=0.01, error=0.05, critical=None)", "Thresholds(warning=0.02, error=0.05, critical=None)"


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (expectation(min_value=0, max_value=100), expectation(max_value=100.0, min_value=0), None),
        (expectation(min_value=0, max_value=100), expectation(min_value=0, max_value=120), "loosened"),
        (expectation(min_value=0, max_value=100), expectation(min_value=5, max_value=100), "tightened"),
        (expectation(min_value=0, max_value=100), expectation(min_value=5, max_value=120), "changed"),
        (expectation(min_value=0), expectation(min_value=0, mostly=0.9), "loosened"),
        (expectation(min_value=0, mostly=0.9), expectation(min_value=0, mostly=0.99), "tightened"),
        (expectation(min_value=0), expectation(min_value=0, severity="critical"), None),
        (expectation(min_value=0), expectation(min_value=0, severity="warning"), "loosened"),
        (expectation(min_value=0, severity="info"), expectation(min_value=0, severity="warning"), "tightened"),
        (expectation(min_value=0), expectation(min_value=0, row_condition="a > 1"), "changed"),
        (step([0, 100], LOW), step([0.0, 100.0], LOW), None),
        (step([0, 100], LOW), step([0, 90], LOW), "tightened"),
        (step([0, 100], LOW), step([0, 100], HIGH), "loosened"),
        (step(5, LOW, "col_vals_gt"), step(4, LOW, "col_vals_gt"), "loosened"),
        (failure("in_range(0, 120)"), failure("in_range(0, 130)"), "loosened"),
        (failure("greater_than(0)"), failure("greater_than(1)"), "tightened"),
        (failure("isin(['a'])"), failure("isin(['a', 'b'])"), "changed"),
    ],
)
def test_a_change_of_a_rule_is_told(before: Rule, after: Rule, change: str | None) -> None:
    assert change_between(before, after) == change
