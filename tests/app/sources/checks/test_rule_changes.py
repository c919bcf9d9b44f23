"""What readers tell of rules is enough to say which way a rule was changed: for dbt, Soda and Evidently."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quarterdeck.app.records.check import CheckResult
from quarterdeck.app.sources.checks import dbt, evidently, soda
from quarterdeck.app.store.check_rules import Rule, change_between

from .readers import PAYLOADS, a_file, written


def of_dbt(uid: str, **config: object) -> CheckResult:
    """The result of the test whose id begins so, with another configuration or other arguments."""
    manifest: Any = json.loads((PAYLOADS / "dbt" / "test.manifest.json").read_text())
    node = next(node for key, node in manifest["nodes"].items() if key.startswith(f"test.shop.{uid}."))
    node["config"] |= {key: value for key, value in config.items() if key in node["config"]}
    node["test_metadata"]["kwargs"] |= {key: value for key, value in config.items() if key not in node["config"]}
    file = a_file(
        (PAYLOADS / "dbt" / "test.run_results.json").read_bytes(), beside={"manifest.json": written(manifest)}
    )
    kind = node["test_metadata"]["name"].replace("accepted_range", "between")
    return next(one for one in dbt.read(file)[0].results if one.name == f"{kind}({node['column_name']})")


def of_soda(definition: str, **fails: float) -> CheckResult:
    scan: Any = json.loads((PAYLOADS / "soda" / "backfill.json").read_text())
    check = scan["checks"][0] | {"definition": f"checks for orders:\n  {definition}", "diagnostics": {"fail": fails}}
    return soda.read(a_file(written(scan | {"checks": [check]})))[0].results[0]


def of_evidently(place: int, **config: object) -> CheckResult:
    report: Any = json.loads((PAYLOADS / "evidently" / "tests.json").read_text())
    report["tests"][place]["test_config"] |= config
    return evidently.read(a_file(written(report)))[0].results[place]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (of_dbt("unique_orders_order_id"), of_dbt("unique_orders_order_id", error_if=">50"), "loosened"),
        (of_dbt("unique_orders_order_id"), of_dbt("unique_orders_order_id", error_if=">= 3"), "tightened"),
        (of_dbt("unique_orders_order_id"), of_dbt("unique_orders_order_id", severity="warn"), "loosened"),
        (of_dbt("unique_orders_order_id"), of_dbt("unique_orders_order_id", where="order_id > 7"), "changed"),
        (
            of_dbt("dbt_utils_accepted_range_orders_amount__1000__0"),
            of_dbt("dbt_utils_accepted_range_orders_amount__1000__0", max_value=5000),
            "loosened",
        ),
        (
            of_soda("missing_count(x) = 0", greaterThan=0, lessThan=0),
            of_soda("missing_count(x) < 5", greaterThanOrEqual=5),
            "loosened",
        ),
        (
            of_soda("row_count between 1 and 10", greaterThan=10, lessThan=1),
            of_soda("row_count between 5 and 10", greaterThan=10, lessThan=5),
            "tightened",
        ),
        (of_soda("freshness(x) < 6h30m"), of_soda("freshness(x) < 1d"), "loosened"),
        (of_soda("min(x) > 0", lessThanOrEqual=0), of_soda("min(x) >= 0", lessThan=0), "changed"),
        (of_evidently(0), of_evidently(0, threshold=50.0), "loosened"),
        (of_evidently(6), of_evidently(6, is_critical=True), "tightened"),
        (of_evidently(4), of_evidently(4, threshold={"relative": 0.5, "absolute": None}), "loosened"),
        (
            of_evidently(11),
            of_evidently(11, type="evidently:test_v2:LessOrEqualMetricTest", threshold=50.0, expected=None),
            "loosened",
        ),
    ],
)
def test_a_change_of_a_rule_is_told_by_its_numbers(before: CheckResult, after: CheckResult, change: str) -> None:
    assert (before.dataset, before.column, before.name) == (after.dataset, after.column, after.name), "it is one check"
    assert change_between(Rule(before.definition, before.limits), Rule(after.definition, after.limits)) == change
