"""Results of checks, as the tools write them, of tables that are really there: each rule is held against the rows."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid5

from .clock import DAY, Millis, iso, stamp
from .tables import Table

_SPACE: Final = UUID("6e1f3c5e-0000-4000-8000-000000000000")
_DBT: Final = "https://schemas.getdbt.com/dbt"


class Rule(NamedTuple):
    """One thing that is demanded of a column."""

    kind: str
    """not_null, unique, in_set, between."""
    column: str
    mostly: float = 1.0
    allowed: tuple[str, ...] = ()
    """Of in_set."""
    most: float = 0.0
    """Of between."""
    severity: str = ""
    """warning, where it is not as grave as the tool takes it for by itself."""

    def bad(self, table: Table) -> list[int] | None:
        """Which rows break it; None where there is no such column."""
        values = table.column(self.column)
        if values is None:
            return None
        if self.kind == "unique":
            return [place for place, value in enumerate(values) if value in values[:place]]
        return [place for place, value in enumerate(values) if self._is_broken(value)]

    def _is_broken(self, value: str) -> bool:
        if self.kind == "not_null":
            return not value
        if self.kind == "in_set":
            return bool(value) and value not in self.allowed
        return bool(value) and not 0 < float(value) <= self.most


def keep(path: Path, text: str, at: Millis) -> None:
    """A file that was written at `at`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (at / 1000, at / 1000))


# -- Great Expectations 1.x

GX: Final = {
    "not_null": "expect_column_values_to_not_be_null", "unique": "expect_column_values_to_be_unique",
    "in_set": "expect_column_values_to_be_in_set", "between": "expect_column_values_to_be_between",
}  # fmt: skip


def great_expectations(folder: Path, dataset: str, table: Table, rules: Sequence[Rule], at: Millis) -> bool:
    """What a nightly checkpoint leaves below gx/uncommitted/validations; whether all passed."""
    found = [_expectation(dataset, rule, table) for rule in rules]
    passed = sum(one["success"] for one in found)
    when = iso(at).replace("Z", "+00:00")
    year, month, day = iso(at - DAY)[:10].split("-")
    parts = {"year": year, "month": month, "day": day}
    content = {
        "id": None, "results": found, "success": passed == len(found), "suite_name": dataset, "suite_parameters": {},
        "statistics": {
            "evaluated_expectations": len(found), "successful_expectations": passed,
            "success_percent": 100 * passed / max(1, len(found)), "unsuccessful_expectations": len(found) - passed,
        },
        "meta": {
            "great_expectations_version": "1.9.1", "run_id": {"run_name": "nightly", "run_time": when},
            "validation_id": str(uuid5(_SPACE, f"validation {dataset}")), "validation_time": when,
            "checkpoint_id": str(uuid5(_SPACE, "checkpoint")),
            "active_batch_definition": {
                "batch_identifiers": {"path": f"{dataset}.csv", **parts}, "data_asset_name": dataset,
                "data_connector_name": "fluent", "datasource_name": "exports",
            },
            "batch_markers": {"ge_load_time": stamp(at), "pandas_data_fingerprint": table.fingerprint},
            "batch_parameters": parts, "batch_spec": {"path": f"data/{dataset}.csv", "reader_method": "read_csv"},
        },
    }  # fmt: skip
    name = f"{dataset}/nightly/{stamp(at)}/exports-{dataset}.json"
    keep(folder / "gx/uncommitted/validations" / name, json.dumps(content), at)
    return bool(passed == len(found))


def _expectation(dataset: str, rule: Rule, table: Table) -> dict[str, Any]:
    bad = rule.bad(table)
    arguments: dict[str, Any] = {"batch_id": f"exports-{dataset}", "column": rule.column}
    arguments |= {"mostly": rule.mostly} if rule.mostly < 1 else {}
    arguments |= {"value_set": list(rule.allowed)} if rule.kind == "in_set" else {}
    arguments |= {"min_value": 0.0, "max_value": rule.most, "strict_min": True} if rule.kind == "between" else {}
    raised = None if bad is not None else f'Error: The column "{rule.column}" in BatchData does not exist.'
    return {
        "success": bad is not None and len(bad) <= (1 - rule.mostly) * len(table.rows) + 1e-9,
        "expectation_config": {
            "id": str(uuid5(_SPACE, f"{dataset} {rule.kind} {rule.column}")), "type": GX[rule.kind],
            "kwargs": arguments, "meta": {}, "severity": rule.severity or "critical",
        },
        "result": _counts(bad, len(table.rows)) if bad is not None else {}, "meta": {},
        "exception_info": {
            "raised_exception": raised is not None, "exception_message": raised,
            "exception_traceback": raised and f"Traceback (most recent call last):\n{raised}",
        },
    }  # fmt: skip


def _counts(bad: Sequence[int], total: int) -> dict[str, Any]:
    return {
        "element_count": total, "unexpected_count": len(bad), "unexpected_percent": 100 * len(bad) / max(1, total),
        "partial_unexpected_list": [], "partial_unexpected_counts": [], "partial_unexpected_index_list": list(bad[:20]),
    }  # fmt: skip


# -- dbt 1.9


class Freshness(NamedTuple):
    """How old a source's newest row may be."""

    source: str
    loaded_at: Millis
    warn_days: int = 1
    error_days: int = 3


def dbt(
    folder: Path, table_name: str, table: Table, rules: Sequence[Rule], at: Millis, fresh: Sequence[Freshness] = ()
) -> bool:
    """What a nightly `dbt build` leaves in a folder of its own below warehouse/target; whether all tests passed."""
    tests = [(rule, _unique_id(rule, table_name)) for rule in rules]
    results = [_test_result(rule, name, table, at) for rule, name in tests]
    place = folder / "warehouse/target" / iso(at)[:16].replace(":", "")
    run_results = {
        "metadata": _metadata("run-results/v6", at), "results": results, "elapsed_time": 3.2,
        "args": {"which": "build", "target": "prod", "invocation_command": "dbt build"},
    }  # fmt: skip
    manifest = {
        "metadata": _metadata("manifest/v12", at) | {"project_name": "shop", "adapter_type": "duckdb"},
        "nodes": _nodes(table_name, tests), "sources": {},
    }  # fmt: skip
    keep(place / "manifest.json", json.dumps(manifest), at)
    if fresh:
        told = {
            "metadata": _metadata("sources/v3", at),
            "elapsed_time": 0.4,
            "results": [_freshness(one, at) for one in fresh],
        }
        keep(place / "sources.json", json.dumps(told), at)
    keep(place / "run_results.json", json.dumps(run_results), at)
    return all(bool(one["status"] == "pass") for one in results)


def _unique_id(rule: Rule, table_name: str) -> str:
    kind = {"in_set": "accepted_values"}.get(rule.kind, rule.kind)
    name = f"{kind}_stg_{table_name}_{rule.column}{''.join(f'__{value}' for value in rule.allowed)}"
    return f"test.shop.{name}.{uuid5(_SPACE, name).hex[:10]}"


def _metadata(schema: str, at: Millis) -> dict[str, Any]:
    return {
        "dbt_schema_version": f"{_DBT}/{schema}.json", "dbt_version": "1.9.4", "generated_at": iso(at),
        "invocation_id": str(uuid5(_SPACE, f"dbt {at}")), "env": {},
    }  # fmt: skip


def _test_result(rule: Rule, name: str, table: Table, at: Millis) -> dict[str, Any]:
    bad = rule.bad(table)
    broken = "warn" if rule.severity else "fail"
    status = "error" if bad is None else broken if bad else "pass"
    message = None if status == "pass" else f"Got {len(bad or ())} results, configured to fail if != 0"
    if bad is None:
        message = f'Runtime Error in test {name}\n  Binder Error: Referenced column "{rule.column}" not found!'
    timing = [{"name": "execute", "started_at": iso(at), "completed_at": iso(at + 90)}]
    return {
        "status": status, "timing": timing if bad is not None else [], "thread_id": "Thread-1 (worker)",
        "execution_time": 0.09, "adapter_response": {}, "message": message,
        "failures": None if bad is None else len(bad), "unique_id": name, "compiled": True, "compiled_code": "",
        "relation_name": None, "batch_results": None,
    }  # fmt: skip


def _nodes(table_name: str, tests: Sequence[tuple[Rule, str]]) -> dict[str, Any]:
    model = f"model.shop.stg_{table_name}"
    nodes: dict[str, Any] = {
        model: {
            "unique_id": model, "resource_type": "model", "name": f"stg_{table_name}", "database": "shop",
            "schema": "main", "alias": f"stg_{table_name}", "package_name": "shop",
        }
    }  # fmt: skip
    for rule, name in tests:
        kind = {"in_set": "accepted_values"}.get(rule.kind, rule.kind)
        arguments = {"values": list(rule.allowed)} if rule.allowed else {}
        nodes[name] = {
            "unique_id": name, "resource_type": "test", "name": name.split(".")[2], "package_name": "shop",
            "column_name": rule.column, "attached_node": model, "file_key_name": f"models.stg_{table_name}",
            "config": {"severity": "WARN" if rule.severity else "ERROR", "enabled": True, "fail_calc": "count(*)"},
            "test_metadata": {"name": kind, "kwargs": {"column_name": rule.column, **arguments}, "namespace": None},
            "depends_on": {"macros": [f"macro.dbt.test_{kind}"], "nodes": [model]},
        }  # fmt: skip
    return nodes


def _freshness(one: Freshness, at: Millis) -> dict[str, Any]:
    age = at - one.loaded_at
    status = "error" if age > one.error_days * DAY else "warn" if age > one.warn_days * DAY else "pass"
    criteria = {
        "warn_after": {"count": one.warn_days, "period": "day"},
        "error_after": {"count": one.error_days, "period": "day"}, "filter": None,
    }  # fmt: skip
    return {
        "unique_id": f"source.shop.raw.{one.source}", "max_loaded_at": iso(one.loaded_at).replace("Z", "+00:00"),
        "snapshotted_at": iso(at).replace("Z", "+00:00"), "max_loaded_at_time_ago_in_s": age / 1000, "status": status,
        "criteria": criteria, "adapter_response": {}, "timing": [], "thread_id": "Thread-1 (worker)",
        "execution_time": 0.04,
    }  # fmt: skip
