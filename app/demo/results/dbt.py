"""What the warehouse's nightly `dbt build` leaves: run_results.json with the manifest, and the sources' freshness.

The warehouse holds the same exports as tables. Its rules are its own, and nobody loosened those. Since the shop is a
new one, its orders have no column `channel` any more: that test cannot run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from ...records import Millis
from ..exports import Exports
from ..history import State, guests_since
from ..team import DAY, MINUTE
from ..world import World
from .rows import Columns, columns, identifier, interval, iso

FOLDER = "warehouse/target"
_SCHEMAS = "https://schemas.getdbt.com/dbt"
_VERSION = "1.9.4"
_PACE = 140
"""Milliseconds from one test to the next."""
_FRESH = {"warn_after": {"count": 4, "period": "day"}, "error_after": {"count": 9, "period": "day"}, "filter": None}


class Test(NamedTuple):
    """A test of the warehouse, as schema.yml has it."""

    kind: str
    table: str
    column: str
    suffix: str
    """What dbt adds to the name: the values or the table that it speaks of ..."""
    digest: str
    """... and the hash of its arguments."""
    arguments: Mapping[str, Any] = MappingProxyType({})

    @property
    def name(self) -> str:
        """not_null_stg_orders_customer_id."""
        return f"{self.kind}_stg_{self.table}_{self.column}{self.suffix}"

    @property
    def id(self) -> str:
        """dbt's unique_id."""
        return f"test.shop.{self.name}.{self.digest}"


_PLANS = ["basic", "plus", "family"]
TESTS = (
    Test("unique", "orders", "order_id", "", "e3b841c71a"),
    Test("not_null", "orders", "order_id", "", "81cfe2fe64"),
    Test("not_null", "orders", "customer_id", "", "af79d5e4b5"),
    Test("accepted_values", "orders", "channel", "__web__app__phone", "d6b1c6b3b2",
         {"values": ["web", "app", "phone"]}),
    Test("unique", "customers", "customer_id", "", "c7614daada"),
    Test("accepted_values", "customers", "plan", "__basic__plus__family", "50a2c0c5e1", {"values": _PLANS}),
    Test("not_null", "customers", "region", "", "4a7b0f9d1e"),
    Test("unique", "payments", "payment_id", "", "9b1d3c5f7a"),
    Test("not_null", "payments", "customer_id", "", "2fd19c2b0a"),
)  # fmt: skip


def build(world: World, at: Millis) -> Iterator[tuple[str, dict[str, Any]]]:
    """Paths and contents of the files of one night."""
    state = world.states[world.at(at)][1]
    place = f"{FOLDER}/{interval(at)}"
    tests = [test for test in TESTS if test.table in state.exports]
    yield f"{place}/run_results.json", _run_results(world, state, tests, at)
    yield f"{place}/manifest.json", _manifest(world, tests, at)
    yield f"{place}/sources.json", _sources(world, state, at + 2 * MINUTE)


def _metadata(world: World, schema: str, at: Millis) -> dict[str, Any]:
    return {
        "dbt_schema_version": f"{_SCHEMAS}/{schema}.json", "dbt_version": _VERSION, "generated_at": iso(at),
        "invocation_id": identifier(world.seed, f"dbt {schema} {at}"), "env": {},
    }  # fmt: skip


def _run_results(world: World, state: State, tests: list[Test], at: Millis) -> dict[str, Any]:
    results = [_result(world.exports, state, test, at + number * _PACE) for number, test in enumerate(tests)]
    elapsed = len(tests) * _PACE / 1000
    arguments = {"which": "build", "target": "prod", "select": [], "exclude": [], "invocation_command": "dbt build"}
    metadata = _metadata(world, "run-results/v6", at + len(tests) * _PACE)
    return {"metadata": metadata, "results": results, "elapsed_time": elapsed, "args": arguments}


def _result(exports: Exports, state: State, test: Test, at: Millis) -> dict[str, Any]:
    bad = _failures(exports, state, test)
    timing = [
        {"name": "compile", "started_at": iso(at), "completed_at": iso(at + 20)},
        {"name": "execute", "started_at": iso(at + 20), "completed_at": iso(at + 90)},
    ]
    return {
        "status": "error" if bad is None else "fail" if bad else "pass",
        "timing": timing if bad is not None else [], "thread_id": "Thread-1 (worker)", "execution_time": 0.09,
        "adapter_response": {"_message": "OK"} if bad is not None else {}, "message": _message(test, bad),
        "failures": bad, "unique_id": test.id, "compiled": True, "compiled_code": "", "relation_name": None,
        "batch_results": None,
    }  # fmt: skip


def _message(test: Test, bad: int | None) -> str | None:
    if bad is None:
        missing = f'Binder Error: Referenced column "{test.column}" not found in FROM clause!'
        return f"Runtime Error in test {test.name} (models/schema.yml)\n  {missing}"
    return f"Got {bad} result{'s' if bad != 1 else ''}, configured to fail if != 0" if bad else None


def _failures(exports: Exports, state: State, test: Test) -> int | None:
    """How many rows it finds; None when the column is not there."""
    tables: dict[str, Columns] = {name: columns(exports, name, number) for name, number in state.exports.items()}
    if test.column == "channel":
        return 0 if state.exports["orders"] < guests_since() else None
    values = tables[test.table][test.column]
    match test.kind:
        case "not_null":
            return sum(not value for value in values)
        case "unique":
            return len(values) - len(set(values))
    return sum(value not in test.arguments["values"] for value in values)


def _manifest(world: World, tests: list[Test], at: Millis) -> dict[str, Any]:
    """What of the manifest says which test is on which table."""
    nodes: dict[str, Any] = {}
    for test in tests:
        model = f"model.shop.stg_{test.table}"
        nodes[model] = {"unique_id": model, "name": f"stg_{test.table}", "resource_type": "model", "schema": "shop"}
        nodes[test.id] = {
            "unique_id": test.id, "name": test.name, "resource_type": "test", "column_name": test.column,
            "attached_node": model, "original_file_path": "models/schema.yml", "config": {
                "severity": "ERROR", "warn_if": "!= 0", "error_if": "!= 0", "where": None, "limit": None,
            },
            "test_metadata": {
                "name": test.kind, "kwargs": {"column_name": test.column, **test.arguments}, "namespace": None,
            },
            "depends_on": {"macros": [f"macro.dbt.test_{test.kind}"], "nodes": [model]},
        }  # fmt: skip
    metadata = _metadata(world, "manifest/v12", at) | {"project_name": "shop", "adapter_type": "duckdb"}
    return {"metadata": metadata, "nodes": nodes, "sources": {}}


def _sources(world: World, state: State, at: Millis) -> dict[str, Any]:
    """How old the newest row of each table is."""
    tracked = [(name, state.exports[name]) for name in ("orders", "payments") if name in state.exports]
    results = [_freshness(world.exports, name, number, at) for name, number in tracked]
    return {"metadata": _metadata(world, "sources/v3", at), "results": results, "elapsed_time": 0.4}


def _freshness(exports: Exports, name: str, number: int, at: Millis) -> dict[str, Any]:
    newest = max(columns(exports, name, number)["ordered_at" if name == "orders" else "paid_at"])
    loaded = round(datetime.fromisoformat(f"{newest}T22:00:00+00:00").timestamp() * 1000)
    age = at - loaded
    status = "error" if age > 9 * DAY else "warn" if age > 4 * DAY else "pass"
    return {
        "unique_id": f"source.shop.raw.{name}", "max_loaded_at": datetime.fromtimestamp(loaded / 1000, UTC).isoformat(),
        "snapshotted_at": iso(at).replace("Z", "+00:00"), "max_loaded_at_time_ago_in_s": age / 1000, "status": status,
        "criteria": _FRESH, "adapter_response": {"_message": "OK"}, "timing": [], "thread_id": "Thread-1 (worker)",
        "execution_time": 0.04,
    }  # fmt: skip
