"""The Evidently report that the nightly training keeps with its run: today's orders against those before.

Distances and p-values are computed, by the two tests that Evidently takes for columns like these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import md5
from typing import Any

from ..exports import Exports
from .rows import columns

PATH = "checks/drift.json"
_SIGNIFICANT = 0.05
_MISSING = 0.01
"""Share of orders without a customer that the training puts up with."""


def report(exports: Exports, number: int) -> dict[str, Any]:
    """Evidently 0.7's report, with its tests, on one export of the orders; the first is held against itself."""
    now, before = columns(exports, "orders", number), columns(exports, "orders", max(1, number - 1))
    amounts = [float(value) for value in now["amount"]], [float(value) for value in before["amount"]]
    missing = sum(not value for value in now["customer_id"])
    parts = (
        _drift("amount", "K-S p_value", kolmogorov_smirnov(*amounts)),
        _drift("returned", "chi-square p_value", chi_square(now["returned"], before["returned"])),
        _missing(missing, len(now["customer_id"])),
    )
    return {"metrics": [metric for metric, _ in parts], "tests": [test for _, test in parts]}


def kolmogorov_smirnov(one: Sequence[float], other: Sequence[float]) -> float:
    """The p-value of both samples' being of one distribution, by Kolmogorov's series (Numerical Recipes, 14.3.3)."""
    first, second = sorted(one), sorted(other)
    distance, place, there = 0.0, 0, 0
    while place < len(first) and there < len(second):
        value = min(first[place], second[there])
        while place < len(first) and first[place] == value:
            place += 1
        while there < len(second) and second[there] == value:
            there += 1
        distance = max(distance, abs(place / len(first) - there / len(second)))
    size = math.sqrt(len(first) * len(second) / (len(first) + len(second)))
    argument = (size + 0.12 + 0.11 / size) * distance
    if argument < 0.2:  # the series does not converge there, and it is 1 to eight digits
        return 1.0
    terms = (2.0 * (-1.0) ** (n - 1) * math.exp(-2.0 * (n * argument) ** 2) for n in range(1, 101))
    return min(1.0, max(0.0, math.fsum(terms)))


def chi_square(one: Sequence[str], other: Sequence[str]) -> float:
    """The p-value of both samples' having the same share of a flag: one degree of freedom."""
    hits, sizes = (one.count("1"), other.count("1")), (len(one), len(other))
    share = sum(hits) / sum(sizes)
    if not 0 < share < 1:
        return 1.0
    distance = sum(
        (hit - size * share) ** 2 / (size * share * (1 - share)) for hit, size in zip(hits, sizes, strict=True)
    )
    return math.erfc(math.sqrt(distance / 2))


def _drift(column: str, method: str, value: float) -> tuple[dict[str, Any], dict[str, Any]]:
    config = {
        "type": "evidently:metric_v2:ValueDrift", "column": column, "method": method, "threshold": _SIGNIFICANT,
    }  # fmt: skip
    metric: dict[str, Any] = {
        "id": _id(f"drift {column}"), "config": config, "value": value,
        "metric_name": f"ValueDrift(column={column},method={method},threshold={_SIGNIFICANT})",
    }  # fmt: skip
    told = f"Drift score is {value:.2f}. The drift detection method is {method}. The drift threshold is {_SIGNIFICANT}."
    test = {
        "id": "drift", "name": f"Value Drift for column {column}", "description": told,
        "metric_config": {"metric_id": metric["id"], "params": config}, "test_config": {},
        "status": "SUCCESS" if value >= _SIGNIFICANT else "FAIL",
        "bound_test": _bound("ValueDriftBoundTest", "ValueDriftTest", metric["id"], {}),
    }  # fmt: skip
    return metric, test


def _missing(count: int, total: int) -> tuple[dict[str, Any], dict[str, Any]]:
    share = count / total
    demanded = {"is_critical": True, "threshold": _MISSING}
    asked = {"type": "evidently:test_v2:LessOrEqualMetricTest", **demanded}
    config = {"type": "evidently:metric_v2:MissingValueCount", "share_tests": [asked], "column": "customer_id"}
    metric: dict[str, Any] = {
        "id": _id("missing customer_id"), "metric_name": "MissingValueCount(column=customer_id)", "config": config,
        "value": {"count": float(count), "share": share},
    }  # fmt: skip
    passed = share <= _MISSING
    name = "Share of missing values in column 'customer_id'"
    test = {
        "id": "lte", "name": f"{name}: Less or Equal {_MISSING:.3f}",
        "description": f"{name}: Actual value {share:.3f} {'<=' if passed else '>'} {_MISSING:.3f}",
        "metric_config": {"metric_id": metric["id"], "params": config},
        "test_config": {**asked, "alias": None, "label_filters": None}, "status": "SUCCESS" if passed else "FAIL",
        "bound_test": _bound("CountBoundTest", "LessOrEqualMetricTest", metric["id"], {"threshold": _MISSING}),
    }  # fmt: skip
    return metric, test


def _bound(kind: str, test: str, metric: str, more: dict[str, Any]) -> dict[str, Any]:
    inner = {"type": f"evidently:test_v2:{test}", "is_critical": True, "alias": None, "label_filters": None, **more}
    bound = {"type": f"evidently:bound_test:{kind}", "test": inner, "metric_fingerprint": metric}
    return bound | {"is_count": False} if kind == "CountBoundTest" else bound


def _id(name: str) -> str:
    return md5(name.encode(), usedforsecurity=False).hexdigest()
