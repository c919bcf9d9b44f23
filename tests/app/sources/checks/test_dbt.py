"""dbt's run_results.json and sources.json, with and without the manifest: what they say, and what they do not."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.app.records import Invocation
from quarterdeck.app.sources.checks.dbt import read
from quarterdeck.app.sources.checks.reading import ResultFile, UnreadableError

from .readers import (
    JUNK,
    MEGABYTE,
    PAYLOADS,
    WRITTEN,
    a_file,
    answered,
    counted,
    encoded,
    mutations,
    refused_cheaply,
    reordered,
    rows,
    written,
)

OURS = PAYLOADS / "dbt"
BUILD, TEST, SOURCES = "build.run_results.json", "test.run_results.json", "sources.json"


def of(folder: Path, name: str, manifest: str = "") -> ResultFile:
    beside = {"manifest.json": (folder / manifest).read_bytes()} if manifest else {}
    return a_file((folder / name).read_bytes(), f"target/{name}", beside)


def ours(name: str, manifest: str = "") -> Invocation:
    (one,) = read(of(OURS, name, manifest))
    return one


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def raw(name: str) -> Any:
    return json.loads((OURS / name).read_text())


def with_result(**fields: object) -> bytes:
    """A run of `dbt test` with one result."""
    file = raw(TEST)
    file["results"] = [{"unique_id": "test.shop.not_null_orders_plan.0123456789", "status": "pass"} | fields]
    return written(file)


def only(invocation: Invocation, name: str) -> Any:
    (result,) = [one for one in invocation.results if one.name == name]
    return result


@pytest.mark.parametrize(
    ("name", "expected", "done"),
    [
        ("dbt-1.11.16.v6.run_results.build.json", {"fail": 4, "warn": 1, "pass": 2}, "2026-11-22T09:25:24.076384"),
        ("dbt-1.11.16.v6.run_results.compile-empty.json", {}, "2026-11-22T09:25:55.279689"),
        ("dbt-1.11.16.v6.run_results.run.json", {}, "2026-11-22T09:25:07.232449"),
        ("dbt-1.11.16.v6.run_results.test.json", {"fail": 4, "warn": 1, "pass": 2}, "2026-11-22T09:25:15.709"),
        ("dbt-1.7.18.v5.run_results.build.json", {"fail": 4, "warn": 1, "pass": 2}, "2026-11-22T09:27:08.006534"),
        ("dbt-1.7.18.v5.run_results.test.json", {"fail": 4, "warn": 1, "pass": 2}, "2026-11-22T09:27:02.224"),
        ("jaffle_shop.v5.run_results.json", {"pass": 20}, "2023-11-06T00:52:33.859"),
        ("openlineage.build.run_results.json", {"pass": 3}, "2021-11-09T14:20:08.025"),
        ("openlineage.duckdb.run_results.json", {}, "2024-11-27T23:49:47.252432"),
        ("dbt-1.11.16.v3.sources.json", {"fail": 1, "warn": 1}, "2026-11-22T09:25:41.028446"),
    ],
)
def test_recorded_files_have_these_results_at_this_time(
    contracts: Path, name: str, expected: dict[str, int], done: str
) -> None:
    (one,) = read(of(contracts / "results" / "dbt", name))
    assert counted(one) == expected
    assert bool(one.complaint) == (not expected)
    assert abs(one.at - millis(done)) <= 1


def test_every_recorded_file_is_in_the_table_above(contracts: Path) -> None:
    names = {path.name for path in (contracts / "results" / "dbt").glob("*.json")}
    assert len(names) == 11, "the manifest and ten files of results"


def test_a_recorded_test_run_with_its_manifest_is_told_whole(contracts: Path) -> None:
    (one,) = read(
        of(
            contracts / "results" / "dbt",
            "dbt-1.11.16.v6.run_results.test.json",
            "dbt-1.11.16.v12.manifest.reduced.json",
        )
    )
    assert (one.tool, one.version, one.suite, one.is_whole) == ("dbt", "1.11.16", "trips", True)
    assert rows(one, "name", "dataset", "column", "outcome", "severity", "observed", "failed_rows") == [
        ("accepted_values(vendor)", "trips.stg_trips", "vendor", "warn", "warn", "1 failing row", 1),
        ("no_negative_fare", "trips.stg_trips", "", "fail", "error", "2 failing rows", 2),
        ("not_null(trip_id)", "trips.stg_trips", "trip_id", "pass", "error", "0 failing rows", 0),
        ("not_null(passengers)", "trips.stg_trips", "passengers", "pass", "error", "0 failing rows", 0),
        ("not_null(vendor)", "trips.stg_trips", "vendor", "fail", "error", "1 failing row", 1),
        ("relationships(vendor)", "trips.stg_trips", "vendor", "fail", "error", "1 failing row", 1),
        ("unique(trip_id)", "trips.stg_trips", "trip_id", "fail", "error", "1 failing row", 1),
    ]


def test_a_build_says_by_its_models_what_its_tests_are_about_without_a_manifest(contracts: Path) -> None:
    (one,) = read(of(contracts / "results" / "dbt", "dbt-1.7.18.v5.run_results.build.json"))
    assert rows(one, "name", "dataset", "column") == [
        ("no_negative_fare", "", ""),
        ("accepted_values(vendor)", "trips.stg_trips", "vendor"),
        ("not_null(passengers)", "trips.stg_trips", "passengers"),
        ("not_null(trip_id)", "trips.stg_trips", "trip_id"),
        ("relationships(vendor)", "trips.stg_trips", "vendor"),
        ("not_null(vendor)", "trips.stg_trips", "vendor"),
        ("unique(trip_id)", "trips.stg_trips", "trip_id"),
    ]
    assert not one.is_whole, "nobody can say without the manifest"


def test_ages_of_sources_are_told_against_what_is_demanded(contracts: Path) -> None:
    (one,) = read(
        of(contracts / "results" / "dbt", "dbt-1.11.16.v3.sources.json", "dbt-1.11.16.v12.manifest.reduced.json")
    )
    assert (one.suite, one.is_whole) == ("trips freshness", False)
    assert rows(one, "name", "dataset", "outcome", "observed", "expected") == [
        ("freshness", "trips.raw.raw_trips", "fail", "324 d", "at most 2 h"),
        ("freshness", "trips.raw.raw_vendors", "warn", "57 h", "at most 24 h"),
    ]
    assert [(limit.name, limit.value) for limit in one.results[1].limits] == [("warn_after", 24), ("error_after", 7200)]
    assert "raw.raw_missing" in one.complaint, "dbt leaves out a source that it could not look at"


def test_a_real_run_of_tests_is_read_with_packages_and_custom_names() -> None:
    one = ours(TEST, "test.manifest.json")
    assert counted(one) == {"fail": 9, "pass": 6, "warn": 3, "error": 3}
    assert (one.environment, one.commit) == ("prod", "0123456789abcdef0123456789abcdef01234567")
    assert one.is_whole
    names = {result.name for result in one.results}
    assert {
        "not_null(customer_id)", "not_null(customer_id) customers_are_there", "not_null(Order ID)", "between(amount)",
        "unique(order_id, customer_id)", "not_null_proportion(customer_id)", "expression_is_true(amount >= #)",
        "unit_test(orders_keep_plans)", "emails_cast",
    } <= names  # fmt: skip
    source_test = next(result for result in one.results if result.dataset == "shop.raw.raw_orders")
    assert (source_test.name, source_test.column) == ("not_null(order_id)", "order_id")


def test_a_rule_is_told_with_its_numbers() -> None:
    one = ours(TEST, "test.manifest.json")
    unique = only(one, "unique(order_id)")
    assert unique.definition == 'unique(order_id) severity=error warn_if=">0" error_if=">10"'
    assert [(limit.name, limit.value, limit.strict) for limit in unique.limits] == [
        ("severity", 2, "higher"), ("warn_if", 0, "lower"), ("error_if", 10, "lower"),
    ]  # fmt: skip
    between = only(one, "between(amount)")
    assert {("min_value", 0.0, "higher"), ("max_value", 1000.0, "lower")} <= {
        (limit.name, limit.value, limit.strict) for limit in between.limits
    }
    filtered = only(one, "not_null(customer_id) customers_are_there")
    assert 'where="order_id > 1" limit=5' in filtered.definition
    assert (only(one, "no_negative_amount").expected, unique.expected) == ("no failing rows", "no failing rows")


def test_what_could_not_run_says_why_and_is_not_failed() -> None:
    nope = only(ours(TEST, "test.manifest.json"), "not_null(nope)")
    assert (nope.outcome, nope.observed, nope.failed_rows) == ("error", None, None)
    assert nope.message == 'Binder Error: Referenced column "nope" not found in FROM clause!'


def test_a_skipped_test_says_which_model_could_not_be_built() -> None:
    one = ours(BUILD, "build.manifest.json")
    skipped = {
        result.name + " " + result.dataset: result.message for result in one.results if result.outcome == "skipped"
    }
    assert skipped == {
        "not_null(x) shop.casted": "not run: casted could not be built",
        "unique(x) shop.after_broken": "not run: casted could not be built",
        "not_null(amount) shop.orders_snapshot": "not run: orders_snapshot was skipped",
    }
    assert one.complaint == "1 node could not be built: casted."


def test_a_selection_is_never_whole_and_its_variables_name_the_interval() -> None:
    one = ours("select.run_results.json", "test.manifest.json")
    assert not one.is_whole
    assert (one.interval, one.interval_at) == ("2026-11-18", millis("2026-11-18T00:00:00"))


@pytest.mark.parametrize("left_out", ["select", "exclude", "selector", "resource_types", "exclude_resource_types"])
def test_a_build_is_whole_only_where_nothing_was_left_out(left_out: str) -> None:
    file = raw(TEST)
    file["args"][left_out] = ["x"]
    beside = {"manifest.json": (OURS / "test.manifest.json").read_bytes()}
    assert not read(a_file(written(file), beside=beside))[0].is_whole


def test_a_run_without_a_test_of_the_manifest_is_not_whole() -> None:
    file = raw(TEST)
    file["results"].pop()
    beside = {"manifest.json": (OURS / "test.manifest.json").read_bytes()}
    assert not read(a_file(written(file), beside=beside))[0].is_whole


def test_tests_that_docs_only_compiled_are_no_results() -> None:
    one = ours("docs.run_results.json", "test.manifest.json")
    assert one.results == ()
    assert one.complaint == "`dbt docs generate` wrote this file over the results of tests, and tests nothing itself."


def test_success_of_a_test_counts_only_for_a_command_that_tests() -> None:
    assert counted(*read(a_file(with_result(status="success", failures=0)))) == {"pass": 1}
    file = json.loads(with_result(status="success"))
    del file["args"]
    assert counted(*read(a_file(written(file)))) == {}


def test_a_file_with_no_results_complains() -> None:
    file = raw(TEST) | {"results": []}
    (one,) = read(a_file(written(file)))
    assert (one.results, one.complaint) == ((), "`dbt test` found no test to run.")


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("pass", "pass"), ("Pass", "pass"), ("warn", "warn"), ("fail", "fail"), ("error", "error"), ("skipped", "skipped"),
     ("reused", "skipped"), ("splendid", "error"), ("", "error")],
)  # fmt: skip
def test_a_status_that_nobody_knows_is_never_green(status: str, outcome: str) -> None:
    (one,) = read(a_file(with_result(status=status)))
    assert one.results[0].outcome == outcome


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("Pass", "pass"), ("Warn", "warn"), ("Error", "fail"), ("runtime error", "error"), ("?", "error")],
)
def test_a_source_that_is_too_old_failed_and_one_that_nobody_could_look_at_did_not(status: str, outcome: str) -> None:
    file = raw(SOURCES)
    file["results"] = [
        {"unique_id": "source.shop.raw.orders", "status": status, "error": "Database Error: no ann@example.com"}
    ]
    (one,) = read(a_file(written(file)))
    assert (one.results[0].outcome, one.results[0].dataset) == (outcome, "shop.raw.orders")
    assert "example.com" not in encoded([one])


@pytest.mark.parametrize(
    ("version", "is_read"),
    [("run-results/v1", True), ("run-results/v5", True), ("run-results/v6.1", True), ("run-results/v7", False),
     ("sources/v1", True), ("sources/v4", False), ("freshness/v0", True), ("catalog/v1", False),
     ("manifest/v12", False)],
)  # fmt: skip
def test_versions_are_told_by_the_content(version: str, is_read: bool) -> None:
    file = raw(TEST)
    file["metadata"]["dbt_schema_version"] = f"https://schemas.getdbt.com/dbt/{version}.json"
    if is_read:
        assert read(a_file(written(file)))
    else:
        with pytest.raises(UnreadableError, match=version.split("/")[0]):
            read(a_file(written(file)))


def test_failures_of_dbt_0_19_stand_in_the_message() -> None:
    (one,) = read(a_file(with_result(status="fail", message=3)))
    assert (one.results[0].failed_rows, one.results[0].message) == (3, "")


def test_tests_of_dbt_0_19_have_no_hash_in_their_ids() -> None:
    file = json.loads(with_result(unique_id="test.shop.unique_orders_order_id"))
    file["results"] += [
        {"unique_id": "test.shop.orders_are_positive", "status": "pass"},
        {"unique_id": "model.shop.orders", "status": "success"},
    ]  # fmt: skip
    (one,) = read(a_file(written(file)))
    assert rows(one, "name", "dataset", "column") == [
        ("unique(order_id)", "shop.orders", "order_id"), ("orders_are_positive", "", ""),
    ]  # fmt: skip


def test_packages_are_suites_of_their_own() -> None:
    file = raw(TEST)
    file["results"][0]["unique_id"] = "test.elementary.some_check"
    first, second = read(a_file(written(file)))
    assert (first.suite, len(first.results), second.suite) == ("elementary", 1, "shop")
    assert second.id == f"{first.id}-1"


def test_alike_tests_keep_their_ordinals_when_one_of_them_was_not_run() -> None:
    manifest = raw("test.manifest.json")
    uid = "test.shop.not_null_orders_order_id."
    known = next(key for key in manifest["nodes"] if key.startswith(uid))
    manifest["nodes"][f"{uid}0000000000"] = manifest["nodes"][known]
    beside = {"manifest.json": written(manifest)}
    alone = read(a_file((OURS / TEST).read_bytes(), beside=beside))[0]
    assert [result.ordinal for result in alone.results if result.name == "not_null(order_id)"] == [1, 0]


def test_a_manifest_that_cannot_be_read_costs_no_result() -> None:
    (one,) = read(a_file((OURS / TEST).read_bytes(), beside={"manifest.json": b'{"nodes": ['}))
    assert len(one.results) == 21
    assert one.complaint.startswith("manifest.json cannot be read: ")


def test_a_file_without_times_was_checked_when_it_was_written() -> None:
    file = json.loads(with_result())
    del file["metadata"]["generated_at"]
    assert read(a_file(written(file)))[0].at == WRITTEN


@pytest.mark.parametrize("manifest", ["", "test.manifest.json"])
def test_no_value_of_the_data_is_told(manifest: str) -> None:
    text = encoded(read(of(OURS, TEST, manifest)) + read(of(OURS, BUILD, manifest)))
    assert "example.com" not in text
    assert "secret" not in text
    planted = with_result(
        status="error",
        message="Runtime Error in test x (models/schema.yml)\n  Conversion Error: 'ann@example.com' and bo@example.com",
    )
    assert "example.com" not in encoded(read(a_file(planted)))


def test_order_of_keys_and_later_fields_change_nothing() -> None:
    for name, manifest in (
        (BUILD, "build.manifest.json"),
        (TEST, "test.manifest.json"),
        (SOURCES, "test.manifest.json"),
    ):
        beside = {"manifest.json": written(reordered(raw(manifest)))}
        (other,) = read(a_file(written(reordered(raw(name))), f"target/{name}", beside))
        assert other.results == ours(name, manifest).results


FILES = [raw(name) for name in (BUILD, SOURCES)]
MANIFEST = raw("build.manifest.json")
SMALL = {**MANIFEST, "nodes": dict(list(MANIFEST["nodes"].items())[-6:])}


@given(st.sampled_from(FILES).flatmap(mutations), mutations(SMALL) | st.none())
@settings(deadline=None, max_examples=150)
def test_whatever_stands_anywhere_gives_an_invocation_or_a_sentence(file: object, manifest: object) -> None:
    answered(read, a_file(written(file), beside={} if manifest is None else {"manifest.json": written(manifest)}))


@given(st.sampled_from([BUILD, SOURCES]), st.floats(0, 1))
@settings(deadline=None, max_examples=60)
def test_a_file_that_is_cut_is_refused(name: str, share: float) -> None:
    whole = (OURS / name).read_bytes()
    with pytest.raises(UnreadableError):
        read(a_file(whole[: int(len(whole.rstrip()) * share * 0.999)]))


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=60)
def test_anything_else_is_refused(data: bytes) -> None:
    assert answered(read, a_file(data)) == ()


@pytest.mark.parametrize("make", [make for _, make in JUNK], ids=[what for what, _ in JUNK])
def test_fifty_megabytes_of_junk_are_refused_in_little_memory(make: Callable[[int], bytes]) -> None:
    junk, head = make(50 * MEGABYTE), written(raw(TEST)["metadata"])
    refused_cheaply(read, a_file(junk))
    refused_cheaply(read, a_file(b'{"metadata":' + head + b',"results":' + junk + b"}"))
    refused_cheaply(
        read, a_file(written(raw(TEST) | {"results": []}), beside={"manifest.json": b'{"nodes":' + junk + b"}"})
    )
