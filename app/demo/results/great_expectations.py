"""Validation results as Great Expectations 1.x keeps them under gx/uncommitted/validations."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import md5
from typing import Any

from ...records import Millis
from ..history import State
from ..team import MINUTE
from ..tree import render, templates
from ..world import World
from .rows import Columns, columns, identifier, interval, iso

FOLDER = "gx/uncommitted/validations"
_LOADED = 41
"""Milliseconds from the beginning to the batch's being loaded."""
_WORTH = {"fresh": "warning"}


def suites(state: State) -> Iterable[str]:
    """The datasets that have rules at a commit, and are tracked there."""
    return [dataset for dataset in _rules(state) if dataset in state.exports]


def _rules(state: State) -> dict[str, dict[str, Any]]:
    return tomllib.loads(render(templates()["checks/rules.toml"], state))


def validation(world: World, state: State, dataset: str, night: Millis) -> tuple[str, dict[str, Any]]:
    """Path and content of the result of validating the export that a commit tracks."""
    at = night + MINUTE // 20 * (1 + sorted(state.exports).index(dataset))
    table = columns(world.exports, dataset, state.exports[dataset])
    found = [
        _result(world, dataset, *rule, table) for name, told in _rules(state)[dataset].items()
        for rule in _expectations(name, told)
    ]  # fmt: skip
    passed = sum(result["success"] for result in found)
    statistics = {
        "evaluated_expectations": len(found), "successful_expectations": passed,
        "success_percent": 100 * passed / len(found), "unsuccessful_expectations": len(found) - passed,
    }  # fmt: skip
    content = {
        "id": None, "meta": _meta(world, dataset, state.exports[dataset], at, night), "results": found,
        "statistics": statistics, "success": passed == len(found), "suite_name": dataset, "suite_parameters": {},
    }  # fmt: skip
    stamp = datetime.fromtimestamp(at / 1000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return f"{FOLDER}/{dataset}/nightly/{stamp}/exports-{dataset}.json", content


def _meta(world: World, dataset: str, number: int, at: Millis, night: Millis) -> dict[str, Any]:
    year, month, day = interval(night).split("-")
    parts = {"year": year, "month": month, "day": day}
    loaded = datetime.fromtimestamp((at + _LOADED) / 1000, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    fingerprint = md5(b"rows of " + world.exports.text(dataset, number), usedforsecurity=False).hexdigest()
    return {
        "active_batch_definition": {
            "batch_identifiers": {"path": f"{dataset}.csv", **parts}, "data_asset_name": dataset,
            "data_connector_name": "fluent", "datasource_name": "exports",
        },
        "batch_markers": {"ge_load_time": loaded, "pandas_data_fingerprint": fingerprint},
        "batch_parameters": parts, "batch_spec": {"path": f"data/{dataset}.csv", "reader_method": "read_csv"},
        "checkpoint_id": identifier(world.seed, "checkpoint"), "great_expectations_version": "1.9.1",
        "run_id": {"run_name": "nightly", "run_time": iso(at).replace("Z", "+00:00")},
        "validation_id": identifier(world.seed, f"validation of {dataset}"),
        "validation_time": iso(at).replace("Z", "+00:00"),
    }  # fmt: skip


def _expectations(name: str, rule: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Kind of rule, expectation type and arguments of one rule of checks/rules.toml."""
    kind, _, column = name.partition("-")
    mostly = {"mostly": 1.0 - rule["share"]} if rule.get("share") else {}
    match kind:
        case "not_null":
            yield kind, "expect_column_values_to_not_be_null", {"column": column, **mostly}
        case "unique":
            yield kind, "expect_column_values_to_be_unique", {"column": column}
        case "accepted":
            yield kind, "expect_column_values_to_be_in_set", {"column": column, "value_set": rule["values"]}
        case "positive":
            yield (
                kind,
                "expect_column_values_to_be_between",
                {"column": column, "min_value": 0.0, "strict_min": True, **mostly},
            )


def _result(
    world: World, dataset: str, kind: str, expectation: str, arguments: dict[str, Any], table: Columns
) -> dict[str, Any]:
    values = table[arguments["column"]]
    bad = _unexpected(kind, values, arguments)
    wanted = arguments.get("mostly", 1.0)
    return {
        "exception_info": {"exception_message": None, "exception_traceback": None, "raised_exception": False},
        "expectation_config": {
            "id": identifier(world.seed, f"{dataset} {expectation} {arguments['column']}"),
            "kwargs": {"batch_id": f"exports-{dataset}", **arguments}, "meta": {},
            "severity": _WORTH.get(kind, "critical"), "type": expectation,
        },
        "meta": {}, "result": _counts(kind, values, bad), "success": len(bad) <= (1.0 - wanted) * len(values) + 1e-9,
    }  # fmt: skip


def _unexpected(kind: str, values: list[str], arguments: dict[str, Any]) -> list[int]:
    match kind:
        case "not_null":
            return [place for place, value in enumerate(values) if not value]
        case "unique":
            twice = {value for value in values if values.count(value) > 1} if len(set(values)) < len(values) else set()
            return [place for place, value in enumerate(values) if value in twice]
        case "accepted":
            return [place for place, value in enumerate(values) if value not in arguments["value_set"]]
    return [place for place, value in enumerate(values) if value and float(value) <= 0.0]


def _counts(kind: str, values: list[str], bad: list[int]) -> dict[str, Any]:
    """As in the format SUMMARY: nulls are no element of a rule that is not about them."""
    missing = 0 if kind == "not_null" else sum(not value for value in values)
    share = 100.0 * len(bad) / len(values)
    shown = [values[place] or None for place in bad[:20]]
    counts: dict[str, Any] = {
        "element_count": len(values), "unexpected_count": len(bad), "unexpected_percent": share,
        "partial_unexpected_list": shown, "partial_unexpected_index_list": bad[:20],
        "partial_unexpected_counts": [{"value": value, "count": shown.count(value)} for value in dict.fromkeys(shown)],
    }  # fmt: skip
    if kind == "not_null":
        return counts
    return counts | {
        "missing_count": missing, "missing_percent": 100.0 * missing / len(values),
        "unexpected_percent_total": share, "unexpected_percent_nonmissing": share,
    }  # fmt: skip
